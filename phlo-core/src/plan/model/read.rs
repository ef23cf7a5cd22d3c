//! Queries as they are to be written: tables, embeds, conditions, orders.

use crate::{
    request::{
        Aggregate, Direction, FtsOperator, IsValue, JoinKind, JsonStep, LogicOperator, NullsOrder,
        Output, QuantifiedOperator, Quantifier, Range, SimpleOperator,
    },
    schema::{Ident, QualifiedName},
};

/// A query on one table, with its embeds.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadNode {
    /// Where its rows come from.
    pub from: Source,
    /// The name of that within the statement.
    pub alias: Ident,
    /// What is selected, besides embeds. Empty: every column, unless there are embeds.
    pub select: Vec<SelectPlan>,
    /// The embeds, in order.
    pub embeds: Vec<EmbedPlan>,
    /// How rows are tied to those of the query around it.
    pub joins: Vec<JoinCondition>,
    /// The junction table of a many-to-many relationship, with its alias.
    pub junction: Option<(QualifiedName, Ident)>,
    /// What must hold, all of it.
    pub conditions: Vec<Condition>,
    /// The order of rows.
    pub order: Vec<OrderPlan>,
    /// Which rows.
    pub range: Range,
    /// Whether rows are grouped by what isn't aggregated.
    pub grouped: bool,
    /// Whether a body is wanted.
    pub output: Output,
}

/// Where the rows of a query come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A table.
    Table(QualifiedName),
    /// The changed rows, or the result of the function.
    Result,
    /// A computed relationship: a function of the row around it.
    Function {
        /// The function.
        function: QualifiedName,
        /// The table whose row it takes.
        row_type: QualifiedName,
        /// The name of that row within the statement.
        row: Ident,
    },
}

/// Two columns that must be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinCondition {
    /// Alias and column of one.
    pub left: (Ident, Ident),
    /// Alias and column of the other.
    pub right: (Ident, Ident),
}

/// A field within the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPlan {
    /// The column, or `*`.
    pub name: Ident,
    /// The steps into its value.
    pub path: Vec<JsonStep>,
    /// Whether the column must become JSON before a step can be taken.
    pub to_jsonb: bool,
}

/// A selected column or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectPlan {
    /// The field; every column if its name is `*`.
    pub field: FieldPlan,
    /// Whether the whole row is meant, as a value.
    pub whole_row: bool,
    /// The function that shows the value in another form.
    pub transform: Option<QualifiedName>,
    /// A cast of the value.
    pub cast: Option<QualifiedName>,
    /// An aggregate over it.
    pub aggregate: Option<Aggregate>,
    /// A cast of the aggregate.
    pub aggregate_cast: Option<QualifiedName>,
    /// Its name in the answer, where it isn't the column's.
    pub alias: Option<Ident>,
    /// Whether the database turns it into JSON: it is of a type that phlo can't write itself.
    pub as_json: bool,
}

/// An embed: a query within a query.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedPlan {
    /// The query.
    pub node: ReadNode,
    /// The name of its result within the statement.
    pub alias: Ident,
    /// Whether rows without it stay.
    pub join: JoinKind,
    /// How its rows appear in the row around it.
    pub shape: EmbedShape,
    /// Where it is read.
    pub place: EmbedPlace,
}

/// Where an embed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedPlace {
    /// Joined to the row around it, and so read before rows are grouped, ordered and limited.
    Join,
    /// Among the columns of the row around it, and so read only for rows that are left after that.
    Column,
}

/// How the rows of an embed appear in the row around it.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbedShape {
    /// As an object, or null.
    Object(EmbedName),
    /// As an array of objects.
    Array(EmbedName),
    /// As columns of the row around it.
    SpreadOne(Vec<SpreadColumn>),
    /// As columns of the row around it, each an array.
    SpreadMany {
        /// The columns.
        columns: Vec<SpreadColumn>,
        /// What is selected only to order by.
        order_columns: Vec<(Option<Ident>, SelectPlan)>,
        /// The order within the arrays.
        order: Vec<OrderPlan>,
    },
}

/// The name of an embed in the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedName {
    /// Shown under that name.
    Shown(Ident),
    /// Not shown: it is there for its effect on the rows.
    Hidden,
}

/// A column of a spread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpreadColumn {
    /// Its name in the embed.
    pub name: Ident,
    /// An aggregate over it.
    pub aggregate: Option<Aggregate>,
    /// A cast of the aggregate.
    pub aggregate_cast: Option<QualifiedName>,
    /// Its name in the answer, where it is another.
    pub alias: Option<Ident>,
}

/// What must hold for a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Several conditions, joined.
    Group {
        /// Whether the group must not hold.
        negated: bool,
        /// What joins them.
        operator: LogicOperator,
        /// The conditions.
        members: Vec<Self>,
    },
    /// A comparison.
    Filter(FilterPlan),
    /// Whether an embed has rows.
    Embed {
        /// The alias of the embed.
        alias: Ident,
        /// Whether it must have.
        present: bool,
    },
}

/// A comparison of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterPlan {
    /// The field.
    pub field: FieldPlan,
    /// The text search configuration under which a field that isn't a `tsvector` becomes one.
    pub text_search: Option<Option<String>>,
    /// The function that reads a value from text.
    pub transform: Option<QualifiedName>,
    /// What tells the database the type of the value.
    pub typing: Typing,
    /// Whether it must not hold.
    pub negated: bool,
    /// What is compared.
    pub operation: OperationPlan,
}

/// What tells the database the type of a value of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typing {
    /// The context: the parameter has no type of its own.
    Context,
    /// A cast from text to that type.
    Cast(QualifiedName),
}

/// What is compared, with the request's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationPlan {
    /// `field <op> value`.
    Simple(SimpleOperator, String),
    /// `field <op> [any|all] value`.
    Quantified(QuantifiedOperator, Option<Quantifier>, String),
    /// `field = any(values)`.
    In(Vec<String>),
    /// `field is <value>`.
    Is(IsValue),
    /// `field is distinct from value`.
    IsDistinctFrom(String),
    /// `field @@ query`.
    FullText(FtsOperator, Option<String>, String),
}

/// A key to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPlan {
    /// The alias of the embed that holds the field; none for the query's own.
    pub embed: Option<Ident>,
    /// The field.
    pub field: FieldPlan,
    /// Which way.
    pub direction: Option<Direction>,
    /// Where nulls go.
    pub nulls: Option<NullsOrder>,
}
