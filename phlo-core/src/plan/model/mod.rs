//! The plan: a request with every name resolved, ready to be written as SQL without looking back.
//!
//! Values in it are the request's; names in it are the schema's, or aliases of the answer.

mod call;
mod mutate;
mod read;

use bytes::Bytes;

use crate::{
    encode::RowWriter,
    plan::{Access, Guard},
    request::{MediaType, PlanFormat, PlanOption, Preferences},
    schema::{Ident, Isolation, QualifiedName},
};

pub use self::{
    call::{ArgumentValue, ArgumentsPlan, CallPlan, NamedArgument},
    mutate::{Conflict, JsonColumn, JsonRows, JsonShape, MutationKind, MutationPlan},
    read::{
        Condition, EmbedName, EmbedPlace, EmbedPlan, EmbedShape, FieldPlan, FilterPlan,
        JoinCondition, OperationPlan, OrderPlan, ReadNode, SelectPlan, Source, SpreadColumn,
        Typing,
    },
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
    /// How phlo writes the body itself, from plain rows; none where the database makes it.
    pub rows: Option<RowsPlan>,
    /// How a change is sent where nothing but the number of its rows is asked of it: without
    /// anything around it. What it sets for the response is read after it.
    pub bare: Option<BareChange>,
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

/// A read or call whose rows come one by one, and a writer that makes the body of them.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsPlan {
    /// How they come.
    pub form: RowsForm,
    /// Writes the body.
    pub writer: RowWriter,
    /// Whether code that it runs may have set something for the response.
    pub sets_response: bool,
}

/// A change that is sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BareChange {
    /// With what it takes of the body, which PostgreSQL reads.
    OfBody,
    /// As a new row of these values, in the order of its columns; none for null.
    OfValues(Vec<Option<String>>),
}

/// How rows come whose body phlo writes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one")]
pub enum RowsForm {
    /// As they are, each value as text: what is read, every column by name.
    Columns(ReadNode),
    /// Each as a JSON value that the database makes.
    Elements {
        /// What an element is.
        element: Element,
        /// Whether keys with null values are left out.
        nulls_stripped: bool,
    },
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

    /// What is taken of a body of JSON.
    pub fn json(&self) -> Option<&JsonRows> {
        match self {
            Self::Mutate(MutationPlan { kind, .. }, _) => match kind {
                MutationKind::Insert { rows, .. } | MutationKind::Update { values: rows, .. } => {
                    Some(rows)
                }
                MutationKind::Delete { .. } => None,
            },
            Self::Call(CallPlan { arguments: ArgumentsPlan::Json { rows, .. }, .. }, _) => {
                Some(rows)
            }
            Self::Call(..) | Self::Read(_) => None,
        }
    }

    /// Takes that body out.
    pub(crate) fn remove_body(&mut self) {
        let body = match self {
            Self::Mutate(MutationPlan { kind, .. }, _) => match kind {
                MutationKind::Insert { rows, .. } | MutationKind::Update { values: rows, .. } => {
                    &mut rows.body
                }
                MutationKind::Delete { .. } => return,
            },
            Self::Call(CallPlan { arguments: ArgumentsPlan::Json { rows, .. }, .. }, _) => {
                &mut rows.body
            }
            Self::Call(..) | Self::Read(_) => return,
        };
        *body = Bytes::new();
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
    /// JSON Lines: each row, or value, as JSON on a line of its own.
    JsonLines {
        /// What an element is.
        element: Element,
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
