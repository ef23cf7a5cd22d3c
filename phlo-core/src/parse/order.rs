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
