//! Conditions on rows.

use crate::request::Field;

/// A condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What is compared.
    pub field: Field,
    /// With what, how.
    pub comparison: Comparison,
}

/// A comparison, possibly negated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether it must not hold.
    pub negated: bool,
    /// What must hold.
    pub operation: Operation,
}

/// What must hold for a field. Values are text; PostgreSQL reads them as the field's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `field <op> value`.
    Simple(SimpleOperator, String),
    /// `field <op> value`, or `field <op> any|all(array)`.
    Quantified(QuantifiedOperator, Option<Quantifier>, String),
    /// `field = any(values)`.
    In(Vec<String>),
    /// `field is <value>`.
    Is(IsValue),
    /// `field is distinct from value`.
    IsDistinctFrom(String),
    /// `field @@ query`, with the text search configuration if one is named.
    FullText(FtsOperator, Option<String>, String),
}

/// An operator without quantifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimpleOperator {
    /// `<>`
    NotEqual,
    /// `@>`
    Contains,
    /// `<@`
    ContainedIn,
    /// `&&`
    Overlaps,
    /// `<<`
    StrictlyLeft,
    /// `>>`
    StrictlyRight,
    /// `&<`
    NotRightOf,
    /// `&>`
    NotLeftOf,
    /// `-|-`
    Adjacent,
}

/// An operator that may take a quantifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantifiedOperator {
    /// `=`
    Equal,
    /// `>=`
    GreaterThanEqual,
    /// `>`
    GreaterThan,
    /// `<=`
    LessThanEqual,
    /// `<`
    LessThan,
    /// `like`, with `*` for `%`
    Like,
    /// `ilike`, with `*` for `%`
    ILike,
    /// `~`
    Match,
    /// `~*`
    IMatch,
}

/// Whether one element or all must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// What `is` can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsValue {
    /// `null`
    Null,
    /// `not null`
    NotNull,
    /// `true`
    True,
    /// `false`
    False,
    /// `unknown`
    Unknown,
}

/// How a full-text query is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FtsOperator {
    /// `to_tsquery`
    Fts,
    /// `plainto_tsquery`
    Plain,
    /// `phraseto_tsquery`
    Phrase,
    /// `websearch_to_tsquery`
    WebSearch,
}

/// A tree of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogicTree {
    /// Several conditions, joined.
    Group {
        /// Whether the group must not hold.
        negated: bool,
        /// What joins them.
        operator: LogicOperator,
        /// At least one condition.
        members: Vec<Self>,
    },
    /// One condition.
    Filter(Filter),
}

/// What joins conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogicOperator {
    /// All must hold.
    And,
    /// One must hold.
    Or,
}
