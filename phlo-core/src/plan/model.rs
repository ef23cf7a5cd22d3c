//! The plan: a request with every name resolved, ready to be written as SQL without looking back.
//!
//! Values in it are the request's; names in it are the schema's, or aliases of the answer.

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::{
    plan::{Access, Guard},
    request::{
        Aggregate, Direction, FtsOperator, IsValue, JoinKind, JsonStep, LogicOperator, MediaType,
        NullsOrder, Output, PlanFormat, PlanOption, Preferences, QuantifiedOperator, Quantifier,
        Range, Resolution, SimpleOperator,
    },
    schema::{CatalogSql, Ident, Isolation, QualifiedName},
};

/// Everything that is to be done for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is read, changed or called.
    pub action: ActionPlan,
    /// How rows become a body.
    pub body: BodyPlan,
    /// The media type of that body.
    pub media: MediaType,
    /// How all rows are counted.
    pub count: CountPlan,
    /// Whether it may write.
    pub access: Access,
    /// The isolation level that a function asks for.
    pub isolation: Option<Isolation>,
    /// Settings that a function asks to hold for the whole transaction.
    pub settings: Vec<(String, String)>,
    /// Without what nothing is kept.
    pub guard: Option<Guard>,
    /// Shows the database's plan instead of running for the rows.
    pub explain: Option<Explain>,
    /// The preferences that were honoured.
    pub applied: Preferences,
    /// Embeds that were named by their table although they have an alias.
    pub legacy_targets: Vec<LegacyTarget>,
}

/// What is read, changed or called.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionPlan {
    /// Rows of a table.
    Read(ReadNode),
    /// A change, and what is read of the changed rows.
    Mutate(MutationPlan, ReadNode),
    /// A call, and what is read of its result.
    Call(CallPlan, ReadNode),
}

impl ActionPlan {
    /// What is read in the end.
    pub fn read(&self) -> &ReadNode {
        match self {
            Self::Read(node) | Self::Mutate(_, node) | Self::Call(_, node) => node,
        }
    }
}

/// Shows the database's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explain {
    /// How it is written.
    pub format: PlanFormat,
    /// What else it shows.
    pub options: Vec<PlanOption>,
}

/// An embed that was named by its table although it has an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyTarget {
    /// The name that was used.
    pub relation: Ident,
    /// The name that should have been.
    pub alias: Ident,
}

/// How rows become a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// They don't.
    Nothing,
    /// A JSON array of rows, or of values; one value or row for functions that return one.
    Json {
        /// What an element is.
        element: Element,
        /// Whether there is just one.
        single: bool,
        /// Whether keys with null values are left out.
        nulls_stripped: bool,
    },
    /// CSV with a header line.
    Csv,
    /// A `FeatureCollection`.
    GeoJson,
    /// The value of a scalar function as it stands.
    Value,
    /// What the user's aggregate or function makes.
    Custom {
        /// The aggregate.
        function: QualifiedName,
        /// What it is applied to.
        argument: CustomArgument,
    },
}

/// What an element of a JSON body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A row, as an object.
    Row,
    /// The value of a scalar function.
    Scalar,
}

/// What a user's aggregate is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomArgument {
    /// The value of a scalar function.
    Scalar,
    /// The row as it is.
    Row,
    /// The row as one of this table.
    RowOf(QualifiedName),
}

/// How all rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountPlan {
    /// They are not.
    No,
    /// There is no limit: the page is all there is.
    Page,
    /// By a query of its own, up to so many.
    Query {
        /// Stop counting there.
        limit: Option<u64>,
        /// Ask the planner as well: `count=estimated` beyond the largest page.
        estimate: bool,
    },
    /// By the planner's guess alone.
    Planned,
}

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
    /// Whether it must not hold.
    pub negated: bool,
    /// What is compared.
    pub operation: OperationPlan,
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

/// A change to a table.
#[derive(Clone, Debug, PartialEq)]
pub struct MutationPlan {
    /// The table.
    pub table: QualifiedName,
    /// Which change.
    pub kind: MutationKind,
    /// What is returned of changed rows; `*` for all, nothing if only their number counts.
    pub returning: Vec<Ident>,
}

/// Which change.
#[derive(Clone, Debug, PartialEq)]
pub enum MutationKind {
    /// New rows.
    Insert {
        /// The rows.
        rows: JsonRows,
        /// What happens where a row exists.
        conflict: Option<Conflict>,
        /// What must hold for a row to be written: the key of a PUT.
        conditions: Vec<Condition>,
        /// The primary key, if the place of the new row is asked for.
        location: Option<Vec<Ident>>,
    },
    /// New values.
    Update {
        /// The values: one row.
        values: JsonRows,
        /// Which rows change.
        conditions: Vec<Condition>,
    },
    /// No more of some rows.
    Delete {
        /// Which.
        conditions: Vec<Condition>,
    },
}

/// What happens where a row exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What happens.
    pub resolution: Resolution,
    /// The unique columns; never empty.
    pub columns: Vec<Ident>,
}

/// Rows that PostgreSQL reads from a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRows {
    /// The JSON.
    pub body: Bytes,
    /// Whether it is an object or an array of them.
    pub shape: JsonShape,
    /// What is taken from each object.
    pub columns: Vec<JsonColumn>,
    /// Whether missing keys take the column's default.
    pub defaults: bool,
}

impl JsonRows {
    /// How many rows a body of objects without any key stands for.
    pub fn count_empty(&self) -> u32 {
        match self.shape {
            JsonShape::Object => 1,
            JsonShape::Array => serde_json::from_slice::<Vec<IgnoredAny>>(&self.body)
                .map_or(0, |elements| u32::try_from(elements.len()).unwrap_or(u32::MAX)),
        }
    }
}

/// Whether a body is one object or an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonShape {
    /// One object.
    Object,
    /// An array of objects.
    Array,
}

impl JsonShape {
    /// Told by the first byte that isn't white space; PostgreSQL does the rest.
    pub fn of(body: &[u8]) -> Self {
        match body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            Some(b'{') => Self::Object,
            _ => Self::Array,
        }
    }
}

/// A key of a JSON object that becomes a column or an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonColumn {
    /// The key, and the column.
    pub name: Ident,
    /// The type that it is read as.
    pub type_name: QualifiedName,
    /// The function that then makes the column's value of it.
    pub transform: Option<QualifiedName>,
    /// The column's default.
    pub default: Option<CatalogSql>,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPlan {
    /// The function.
    pub function: QualifiedName,
    /// What it is given.
    pub arguments: ArgumentsPlan,
    /// Whether it returns a value, or a set of values, rather than rows.
    pub scalar: bool,
    /// Whether it returns at most one row.
    pub single: bool,
    /// Whether it returns nothing.
    pub void: bool,
    /// The columns of its result that are needed; `*` or nothing for all.
    pub returning: Vec<Ident>,
}

/// What a function is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentsPlan {
    /// The whole body, as its only parameter.
    Whole {
        /// The body.
        body: Bytes,
        /// The type of the parameter.
        type_name: QualifiedName,
    },
    /// Arguments by name.
    Named(Vec<NamedArgument>),
    /// Arguments by name, read from a JSON object.
    Json {
        /// The object.
        rows: JsonRows,
        /// The parameter that is variadic, if it is given.
        variadic: Option<Ident>,
    },
}

/// An argument by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedArgument {
    /// The parameter.
    pub name: Ident,
    /// Its type.
    pub type_name: QualifiedName,
    /// What it is given.
    pub value: ArgumentValue,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// One value.
    Single(String),
    /// All values of a variadic parameter.
    Variadic(Vec<String>),
}
