//! `order`: what rows are sorted by.

use crate::{
    parse::{
        cursor::{Cursor, Step},
        name::{parse_delimiter, parse_field, parse_name},
    },
    request::{Direction, NullsOrder, OrderTerm},
    schema::Ident,
};

/// `a.desc.nullslast,rel(b)`.
pub(super) fn parse_order(cursor: &mut Cursor<'_>) -> Step<Vec<OrderTerm>> {
    cursor.list(
        |cursor| cursor.text(","),
        |cursor| {
            cursor.spaced(|cursor| {
                match cursor.optional(|cursor| cursor.attempt(parse_related_term))? {
                    Some(term) => Ok(term),
                    None => parse_term(cursor),
                }
            })
        },
    )
}

fn parse_related_term(cursor: &mut Cursor<'_>) -> Step<OrderTerm> {
    let relation = parse_name(cursor)?;
    cursor.text("(")?;
    let field = parse_field(cursor)?;
    cursor.text(")")?;
    let (direction, nulls) = parse_manner(cursor)?;
    Ok(OrderTerm { relation: Some(Ident::new(&relation)), field, direction, nulls })
}

fn parse_term(cursor: &mut Cursor<'_>) -> Step<OrderTerm> {
    let field = parse_field(cursor)?;
    let (direction, nulls) = parse_manner(cursor)?;
    Ok(OrderTerm { relation: None, field, direction, nulls })
}

fn parse_manner(cursor: &mut Cursor<'_>) -> Step<(Option<Direction>, Option<NullsOrder>)> {
    let direction =
        parse_word(cursor, &[("asc", Direction::Ascending), ("desc", Direction::Descending)])?;
    let nulls =
        parse_word(cursor, &[("nullsfirst", NullsOrder::First), ("nullslast", NullsOrder::Last)])?;
    if !cursor.is_next(",") {
        cursor.end()?;
    }
    Ok((direction, nulls))
}

/// A dot and one of some words, or nothing.
fn parse_word<T: Copy>(cursor: &mut Cursor<'_>, words: &[(&'static str, T)]) -> Step<Option<T>> {
    for (word, meaning) in words {
        let found = cursor.optional(|cursor| {
            cursor.attempt(|cursor| {
                parse_delimiter(cursor)?;
                cursor.text(word)
            })
        })?;
        if found.is_some() {
            return Ok(Some(*meaning));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::parse::query::tests::check_values;

    #[test]
    fn terms() {
        check_values(
            "order",
            &[
                ("a", "a"),
                ("a.asc,b.desc", "a.asc,b.desc"),
                ("a.nullsfirst,b.nullslast", "a.nullsfirst,b.nullslast"),
                ("a.desc.nullsfirst", "a.desc.nullsfirst"),
                (" a , b.asc", "a,b.asc"),
                ("a->b->>c.desc,a->0.desc", "a->b->>c.desc,a->0.desc"),
                ("a->!@#$%^%26*_b.asc.nullslast", "a->\"!@#$%^&*_b\".asc.nullslast"),
                ("r(a).desc,b,r(a->b)", "r(a).desc,b,r(a->b)"),
                ("r( a ).desc", "r(a).desc"),
                ("\"a.b\".desc", "\"a.b\".desc"),
                ("asc,desc.desc", "asc,desc.desc"),
            ],
        );
    }

    #[test]
    fn errors() {
        let direction = r#""asc", "desc", "nullsfirst" or "nullslast""#;
        check_values(
            "order",
            &[
                ("", "1: unexpected end of input expecting field name (* or [a..z0..9_$])"),
                (
                    "clients(name,id)",
                    r#"8: unexpected '(' expecting letter, digit, "-", "->>", "->", delimiter (.), "," or end of input"#,
                ),
                ("id.ac", &format!("4: unexpected \"c\" expecting {direction}")),
                ("id.nulsfist", &format!("4: unexpected \"n\" expecting {direction}")),
                ("id.smth34", &format!("4: unexpected \"s\" expecting {direction}")),
                ("id.descc", r#"8: unexpected 'c' expecting delimiter (.), "," or end of input"#),
                ("id.nullslasttt", r#"13: unexpected 't' expecting "," or end of input"#),
                ("id.asc.nlsfst", r#"8: unexpected "l" expecting "nullsfirst" or "nullslast""#),
                ("id.asc.nullslasttt", r#"17: unexpected 't' expecting "," or end of input"#),
                ("id.asc.smth34", r#"8: unexpected "s" expecting "nullsfirst" or "nullslast""#),
                ("a.asc ,b", r#"6: unexpected ' ' expecting delimiter (.), "," or end of input"#),
                ("a,", "3: unexpected end of input expecting field name (* or [a..z0..9_$])"),
            ],
        );
    }
}
