//! `and` and `or`: trees of filters.

use crate::{
    parse::{
        cursor::{Cursor, Step},
        filter::{Place, parse_comparison},
        name::{parse_delimiter, parse_field, parse_path},
    },
    request::{EmbedPath, Filter, LogicOperator, LogicTree},
};

/// Which group a parameter opens, and where.
#[derive(Debug)]
pub(super) struct LogicKey {
    /// The embed that it filters.
    pub(super) path: EmbedPath,
    /// Whether the group must not hold.
    pub(super) negated: bool,
    /// What joins its members.
    pub(super) operator: LogicOperator,
}

impl LogicKey {
    /// The length of `not.and` or what else the group would begin with as a member of another.
    pub(super) fn prefix(&self) -> usize {
        let word = match self.operator {
            LogicOperator::And => "and".len(),
            LogicOperator::Or => "or".len(),
        };
        if self.negated { word + "not.".len() } else { word }
    }
}

/// The key of a parameter that ends in `and` or `or`: `rel.not.or`.
pub(super) fn parse_logic_key(cursor: &mut Cursor<'_>) -> Step<LogicKey> {
    let (mut path, last) = parse_path(cursor)?;
    cursor.end()?;
    let names = path.len();
    path.retain(|name| *name != "not");
    let operator = if last == "and" { LogicOperator::And } else { LogicOperator::Or };
    Ok(LogicKey { negated: path.len() < names, path, operator })
}

/// The value of such a parameter: `(a.eq.1,not.or(b.is.null,c.gt.2))`.
pub(super) fn parse_logic(cursor: &mut Cursor<'_>) -> Step<Vec<LogicTree>> {
    parse_members(cursor)
}

fn parse_members(cursor: &mut Cursor<'_>) -> Step<Vec<LogicTree>> {
    cursor.spaced(|cursor| cursor.text("("))?;
    let members = cursor.nested(|cursor| {
        cursor.list(|cursor| cursor.spaced(|cursor| cursor.text(",")), parse_member)
    })?;
    cursor.spaced(|cursor| cursor.text(")"))?;
    Ok(members)
}

fn parse_member(cursor: &mut Cursor<'_>) -> Step<LogicTree> {
    if let Some(filter) = cursor.optional(|cursor| cursor.attempt(parse_filter))? {
        return Ok(LogicTree::Filter(filter));
    }
    let negated = parse_not(cursor)?;
    let operator = parse_operator(cursor)?;
    Ok(LogicTree::Group { negated, operator, members: parse_members(cursor)? })
}

fn parse_filter(cursor: &mut Cursor<'_>) -> Step<Filter> {
    let field = parse_field(cursor)?;
    parse_delimiter(cursor)?;
    Ok(Filter { field, comparison: parse_comparison(cursor, Place::Member)? })
}

fn parse_not(cursor: &mut Cursor<'_>) -> Step<bool> {
    cursor.named("negation operator (not)", |cursor| {
        let not = cursor.optional(|cursor| {
            cursor.attempt(|cursor| {
                cursor.text("not")?;
                parse_delimiter(cursor)
            })
        })?;
        Ok(not.is_some())
    })
}

fn parse_operator(cursor: &mut Cursor<'_>) -> Step<LogicOperator> {
    cursor.named("logic operator (and, or)", |cursor| {
        if cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text("and")))?.is_some() {
            return Ok(LogicOperator::And);
        }
        cursor.text("or").map(|()| LogicOperator::Or)
    })
}
