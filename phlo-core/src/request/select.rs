//! What to return: columns, aggregates and embeds.

use crate::schema::Ident;

/// A column, or a place inside a column's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The column; `*` for all of them.
    pub name: Ident,
    /// The steps into its value.
    pub path: Vec<JsonStep>,
}

impl Field {
    /// A column as a whole.
    pub fn column(name: impl Into<Ident>) -> Self {
        Self { name: name.into(), path: Vec::new() }
    }

    /// Whether it is `*`.
    pub fn is_star(&self) -> bool {
        self.name == "*" && self.path.is_empty()
    }
}

/// A step into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// `->`: the value as JSON.
    Arrow(JsonKey),
    /// `->>`: the value as text.
    DoubleArrow(JsonKey),
}

impl JsonStep {
    /// What it steps to.
    pub fn key(&self) -> &JsonKey {
        match self {
            Self::Arrow(key) | Self::DoubleArrow(key) => key,
        }
    }
}

/// What a step goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonKey {
    /// A member of an object.
    Name(String),
    /// An element of an array; its digits with an optional minus, kept as text.
    Index(String),
}

/// An item of `select`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectItem {
    /// A column or an aggregate.
    Field(FieldSelect),
    /// Rows of another table.
    Embed(EmbedSelect),
}

/// A column or an aggregate of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSelect {
    /// The column; `*` for all of them, or under `count` for whole rows.
    pub field: Field,
    /// A cast of the column.
    pub cast: Option<String>,
    /// An aggregate over the column.
    pub aggregate: Option<Aggregate>,
    /// A cast of the aggregate.
    pub aggregate_cast: Option<String>,
    /// The name in the answer.
    pub alias: Option<Ident>,
}

impl FieldSelect {
    /// A field with nothing done to it.
    pub fn new(field: Field) -> Self {
        Self { field, cast: None, aggregate: None, aggregate_cast: None, alias: None }
    }
}

/// An aggregate function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// How many.
    Count,
}

/// Rows of another table within each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedSelect {
    /// The table, or what else leads to it: a constraint, a column, a computed relationship.
    pub relation: Ident,
    /// The name in the answer; none for a spread.
    pub alias: Option<Ident>,
    /// Which of several ways is meant.
    pub hint: Option<Ident>,
    /// Whether rows without it stay.
    pub join: Option<JoinKind>,
    /// Whether its columns are lifted into the row around it.
    pub spread: bool,
    /// What to return of it; empty means nothing.
    pub select: Vec<SelectItem>,
}

/// Whether rows without an embed stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// They go.
    Inner,
    /// They stay.
    Left,
}
