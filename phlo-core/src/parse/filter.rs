//! Filters: an operator and what it compares with.
//!
//! Takes the value of a parameter, or a member of a logic tree; gives a comparison. Values stay
//! text: only the database knows what they mean.

use crate::{
    parse::{
        cursor::{Cursor, Step, Stop},
        name::{is_identifier, parse_delimiter, parse_identifier, parse_quoted},
        trouble::Expected,
    },
    request::{
        Comparison, FtsOperator, IsValue, Operation, QuantifiedOperator, Quantifier, SimpleOperator,
    },
};

/// Where a filter stands; decides where its value ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The value of a parameter: all of it.
    Parameter,
    /// A member of a logic tree: up to a comma or a closing parenthesis.
    Member,
}

/// An operator as it is written.
#[derive(Clone, Copy)]
enum Operator {
    In,
    Is,
    IsDistinct,
    FullText(FtsOperator),
    Simple(SimpleOperator),
    Quantified(QuantifiedOperator),
}

/// The operators, in the order in which errors tell of them.
const OPERATORS: [(&str, Operator); 25] = [
    ("in", Operator::In),
    ("is", Operator::Is),
    ("isdistinct", Operator::IsDistinct),
    ("fts", Operator::FullText(FtsOperator::Fts)),
    ("plfts", Operator::FullText(FtsOperator::Plain)),
    ("phfts", Operator::FullText(FtsOperator::Phrase)),
    ("wfts", Operator::FullText(FtsOperator::WebSearch)),
    ("neq", Operator::Simple(SimpleOperator::NotEqual)),
    ("cs", Operator::Simple(SimpleOperator::Contains)),
    ("cd", Operator::Simple(SimpleOperator::ContainedIn)),
    ("ov", Operator::Simple(SimpleOperator::Overlaps)),
    ("sl", Operator::Simple(SimpleOperator::StrictlyLeft)),
    ("sr", Operator::Simple(SimpleOperator::StrictlyRight)),
    ("nxr", Operator::Simple(SimpleOperator::NotRightOf)),
    ("nxl", Operator::Simple(SimpleOperator::NotLeftOf)),
    ("adj", Operator::Simple(SimpleOperator::Adjacent)),
    ("eq", Operator::Quantified(QuantifiedOperator::Equal)),
    ("gte", Operator::Quantified(QuantifiedOperator::GreaterThanEqual)),
    ("gt", Operator::Quantified(QuantifiedOperator::GreaterThan)),
    ("lte", Operator::Quantified(QuantifiedOperator::LessThanEqual)),
    ("lt", Operator::Quantified(QuantifiedOperator::LessThan)),
    ("like", Operator::Quantified(QuantifiedOperator::Like)),
    ("ilike", Operator::Quantified(QuantifiedOperator::ILike)),
    ("match", Operator::Quantified(QuantifiedOperator::Match)),
    ("imatch", Operator::Quantified(QuantifiedOperator::IMatch)),
];

const IS_VALUES: [(&str, IsValue); 5] = [
    ("null", IsValue::Null),
    ("not_null", IsValue::NotNull),
    ("true", IsValue::True),
    ("false", IsValue::False),
    ("unknown", IsValue::Unknown),
];

/// `eq.1`, `not.in.(1,2)`, `like(any).{a*,b*}`, `fts(english).cat`.
pub(super) fn parse_comparison(cursor: &mut Cursor<'_>, place: Place) -> Step<Comparison> {
    let negated = cursor.optional(|cursor| {
        cursor.attempt(|cursor| {
            cursor.text("not")?;
            parse_delimiter(cursor)
        })
    })?;
    let operation =
        cursor.named("operator (eq, gt, ...)", |cursor| parse_operation(cursor, place))?;
    Ok(Comparison { negated: negated.is_some(), operation })
}

fn parse_operation(cursor: &mut Cursor<'_>, place: Place) -> Step<Operation> {
    let rest = cursor.rest();
    let length = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let (word, after) = rest.split_at_checked(length).unwrap_or_default();
    let Some((_, operator)) = OPERATORS.iter().find(|(name, _)| *name == word) else {
        return Err(explain(cursor));
    };
    let Some((modifier, length)) = modifier(*operator, after) else { return Err(explain(cursor)) };
    cursor.skip(word.len() + length);
    Ok(match (*operator, modifier) {
        (Operator::In, _) => Operation::In(parse_values(cursor)?),
        (Operator::Is, _) => Operation::Is(parse_is_value(cursor)?),
        (Operator::IsDistinct, _) => Operation::IsDistinctFrom(parse_value(cursor, place)?),
        (Operator::Simple(operator), _) => Operation::Simple(operator, parse_value(cursor, place)?),
        (Operator::FullText(operator), modifier) => {
            let language = modifier.map(|text| text.trim().to_owned());
            Operation::FullText(operator, language, parse_value(cursor, place)?)
        }
        (Operator::Quantified(operator), modifier) => {
            let quantifier = modifier.map(|text| match text {
                "any" => Quantifier::Any,
                _ => Quantifier::All,
            });
            Operation::Quantified(operator, quantifier, parse_value(cursor, place)?)
        }
    })
}

/// What stands between an operator and its value, and how long it is with the dot at its end.
fn modifier(operator: Operator, after: &str) -> Option<(Option<&str>, usize)> {
    if after.starts_with('.') {
        return Some((None, 1));
    }
    let (modifier, _) = after.strip_prefix('(')?.split_once(").")?;
    let fits = match operator {
        Operator::Quantified(_) => matches!(modifier, "any" | "all"),
        Operator::FullText(_) => !modifier.is_empty() && modifier.chars().all(is_identifier),
        Operator::In | Operator::Is | Operator::IsDistinct | Operator::Simple(_) => false,
    };
    fits.then_some((Some(modifier), modifier.len() + 3))
}

/// Goes through the operators one by one to find out how far the text follows one of them.
#[cold]
fn explain(cursor: &mut Cursor<'_>) -> Stop {
    for (word, operator) in OPERATORS {
        let step = cursor.attempt(|cursor| {
            cursor.text(word)?;
            match operator {
                Operator::Quantified(_) => {
                    cursor.optional(|cursor| cursor.attempt(parse_quantifier))?;
                }
                Operator::FullText(_) => {
                    cursor.optional(|cursor| cursor.attempt(parse_language))?;
                }
                Operator::In | Operator::Is | Operator::IsDistinct | Operator::Simple(_) => {}
            }
            parse_delimiter(cursor)?;
            cursor.refuse::<()>()
        });
        if let Err(stop @ (Stop::TooDeep | Stop::TooLong)) = step {
            return stop;
        }
    }
    Stop::Mismatch
}

fn parse_quantifier(cursor: &mut Cursor<'_>) -> Step<()> {
    cursor.text("(")?;
    if cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text("any")))?.is_none() {
        cursor.text("all")?;
    }
    cursor.text(")")
}

fn parse_language(cursor: &mut Cursor<'_>) -> Step<()> {
    cursor.text("(")?;
    parse_identifier(cursor)?;
    cursor.text(")")
}

fn parse_is_value(cursor: &mut Cursor<'_>) -> Step<IsValue> {
    cursor.named("isVal: (null, not_null, true, false, unknown)", |cursor| {
        for (word, value) in IS_VALUES {
            if cursor
                .optional(|cursor| cursor.attempt(|cursor| parse_any_case(cursor, word)))?
                .is_some()
            {
                return Ok(value);
            }
        }
        cursor.refuse()
    })
}

/// A word in capitals or not.
fn parse_any_case(cursor: &mut Cursor<'_>, word: &'static str) -> Step<()> {
    for letter in word.chars() {
        match cursor.peek() {
            Some(char) if char.to_ascii_lowercase() == letter => cursor.skip(char.len_utf8()),
            _ => return cursor.mismatch(Some(Expected::Text(word))),
        }
    }
    Ok(())
}

/// `(a,"b,c",d)`; nothing between the parentheses is no value at all.
///
/// DIFFERS: PostgREST takes `("")` for that as well, so that no list holds the empty text alone.
fn parse_values(cursor: &mut Cursor<'_>) -> Step<Vec<String>> {
    cursor.spaced(|cursor| cursor.text("("))?;
    let values = if cursor.peek() == Some(')') {
        Vec::new()
    } else {
        cursor.list(|cursor| cursor.text(","), parse_list_value)?
    };
    cursor.spaced(|cursor| cursor.text(")"))?;
    Ok(values)
}

fn parse_list_value(cursor: &mut Cursor<'_>) -> Step<String> {
    match cursor.optional(|cursor| cursor.attempt(parse_quoted_value))? {
        Some(value) => Ok(value),
        None => Ok(parse_plain_value(cursor)),
    }
}

fn parse_value(cursor: &mut Cursor<'_>, place: Place) -> Step<String> {
    match place {
        Place::Parameter => Ok(cursor.take_while(|_| true).to_owned()),
        Place::Member => {
            if let Some(value) = cursor.optional(|cursor| cursor.attempt(parse_quoted_value))? {
                return Ok(value);
            }
            if let Some(value) = cursor.optional(|cursor| cursor.attempt(parse_array))? {
                return Ok(value);
            }
            Ok(parse_plain_value(cursor))
        }
    }
}

/// Quotes make a value only if nothing follows them.
fn parse_quoted_value(cursor: &mut Cursor<'_>) -> Step<String> {
    let value = parse_quoted(cursor)?;
    cursor.boundary(&[',', ')'])?;
    Ok(value.into_owned())
}

/// `{a,b}`: an array as PostgreSQL writes it, of one level.
fn parse_array(cursor: &mut Cursor<'_>) -> Step<String> {
    let text = cursor.rest();
    cursor.text("{")?;
    let length = cursor.take_while(|char| !matches!(char, '{' | '}')).len();
    cursor.text("}")?;
    Ok(text.get(..length + 2).unwrap_or_default().to_owned())
}

fn parse_plain_value(cursor: &mut Cursor<'_>) -> String {
    cursor.take_while(|char| !matches!(char, ',' | ')')).to_owned()
}

#[cfg(test)]
mod tests {
    use crate::parse::query::tests::check_values;

    #[test]
    fn operators() {
        for operator in [
            "eq.1",
            "neq.1",
            "gt.1",
            "gte.1",
            "lt.1",
            "lte.1",
            "like.*a*",
            "ilike.*a*",
            "match.^a",
            "imatch.^a",
            "in.(1,2)",
            "is.null",
            "isdistinct.1",
            "fts.a",
            "plfts.a",
            "phfts.a",
            "wfts.a",
            "cs.{1}",
            "cd.{1}",
            "ov.{1}",
            "sl.[1,2]",
            "sr.[1,2]",
            "nxr.[1,2]",
            "nxl.[1,2]",
            "adj.[1,2]",
        ] {
            check_values(
                "a",
                &[(operator, operator), (&format!("not.{operator}"), &format!("not.{operator}"))],
            );
        }
    }

    #[test]
    fn modifiers() {
        for operator in ["eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"] {
            let (any, all) =
                (format!("{operator}(any).{{1}}"), format!("not.{operator}(all).{{1}}"));
            check_values("a", &[(&any, &any), (&all, &all)]);
        }
        check_values(
            "a",
            &[
                ("fts(english).a", "fts(english).a"),
                ("not.wfts( my config ).a b", "not.wfts(my config).a b"),
                ("plfts(a).b).c", "plfts(a).b).c"),
            ],
        );
    }

    #[test]
    fn values() {
        check_values(
            "a",
            &[
                ("eq.", "eq."),
                ("eq.a,b(c).\"d\\", "eq.a,b(c).\"d\\"),
                ("eq.not.eq.1", "eq.not.eq.1"),
                ("eq.%00", "eq.\0"),
                ("is.NULL", "is.null"),
                ("is.Not_Null", "is.not_null"),
                ("is.true", "is.true"),
                ("is.fAlse", "is.false"),
                ("is.unknown", "is.unknown"),
                ("in.()", "in.()"),
                ("in.( )", "in.()"),
                ("in.(\"\")", "in.(\"\")"),
                ("in.(,)", "in.(\"\",\"\")"),
                ("in.(a b,\"c,d\",\"e\\\"f\\\\\")", "in.(a b,\"c,d\",e\"f\\)"),
                ("in.(\"a\"b,c\"d\")", "in.(\"\\\"a\\\"b\",c\"d\")"),
                ("in. ( a , b )", "in.(a ,\" b \")"),
                ("in.(1,2)ignored", "in.(1,2)"),
                ("is.nullable", "is.null"),
            ],
        );
    }

    #[test]
    fn errors() {
        check_values(
            "a",
            &[
                ("0", r#"1: unexpected "0" expecting "not" or operator (eq, gt, ...)"#),
                ("val", r#"1: unexpected "v" expecting "not" or operator (eq, gt, ...)"#),
                ("noop.0", r#"1: unexpected "o" expecting "not" or operator (eq, gt, ...)"#),
                ("", r#"1: unexpected end of input expecting "not" or operator (eq, gt, ...)"#),
                ("eq", "3: unexpected end of input expecting operator (eq, gt, ...)"),
                ("EQ.1", r#"1: unexpected "E" expecting "not" or operator (eq, gt, ...)"#),
                ("fts().value", r#"5: unexpected ")" expecting operator (eq, gt, ...)"#),
                ("eq().value", r#"4: unexpected ")" expecting operator (eq, gt, ...)"#),
                ("eq(some).value", r#"4: unexpected "s" expecting operator (eq, gt, ...)"#),
                ("is().value", r#"3: unexpected "(" expecting operator (eq, gt, ...)"#),
                ("in().value", r#"3: unexpected "(" expecting operator (eq, gt, ...)"#),
                ("neq(any).1", r#"4: unexpected "(" expecting operator (eq, gt, ...)"#),
                ("not.x", r#"5: unexpected "x" expecting operator (eq, gt, ...)"#),
                ("in.1,2", r#"4: unexpected "1" expecting "(""#),
                ("in.(1,2", r#"8: unexpected end of input expecting "," or ")""#),
                (
                    "is.nil",
                    "5: unexpected \"i\" expecting isVal: (null, not_null, true, false, unknown)",
                ),
                (
                    "is.",
                    "4: unexpected end of input expecting isVal: (null, not_null, true, false, unknown)",
                ),
            ],
        );
    }
}
