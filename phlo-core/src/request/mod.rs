//! What was asked: the one meeting point of the URL grammar and the typed DSL.
//!
//! Plain values. They know no SQL and no schema: names may not exist, combinations may make no
//! sense. Whatever can be refused is refused by `plan`.

mod caller;
mod filter;
mod media;
mod order;
mod page;
mod payload;
mod prefer;
mod print;
mod select;

use std::collections::BTreeSet;

use crate::schema::Ident;

pub use self::{
    caller::Caller,
    filter::{
        Comparison, Filter, FtsOperator, IsValue, LogicOperator, LogicTree, Operation,
        QuantifiedOperator, Quantifier, SimpleOperator,
    },
    media::{MediaType, PlanFormat, PlanOption},
    order::{Direction, NullsOrder, OrderTerm},
    page::Range,
    payload::{JsonOrigin, Payload, RawKind},
    prefer::{Count, Handling, Missing, Preferences, Representation, Resolution, TransactionEnd},
    select::{Aggregate, EmbedSelect, Field, FieldSelect, JoinKind, JsonKey, JsonStep, SelectItem},
};

/// A request: an action on a resource of a schema, and how its answer is to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The schema that holds the resource.
    pub schema: Ident,
    /// What is to be done, on what.
    pub action: Action,
    /// What the query string says.
    pub query: Query,
    /// What the body says; none for reads.
    pub payload: Option<Payload>,
    /// What the `Prefer` header says.
    pub preferences: Preferences,
    /// Acceptable media types, the best first; never empty.
    pub accept: Vec<MediaType>,
}

/// What is to be done, on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Rows of a table or view.
    Read {
        /// The table.
        table: Ident,
        /// Whether a body is wanted.
        output: Output,
    },
    /// A change to a table or view.
    Mutate {
        /// The table.
        table: Ident,
        /// Which change.
        mutation: Mutation,
    },
    /// A function call.
    Call {
        /// The function.
        function: Ident,
        /// How it is called.
        invocation: Invocation,
    },
}

/// Whether a body is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// All of it.
    Full,
    /// Only what goes into headers.
    HeadersOnly,
}

/// A change to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// New rows; existing ones too where a resolution is preferred.
    Insert,
    /// The one row of a primary key: inserted or replaced.
    Upsert,
    /// New values in the rows that match.
    Update,
    /// No more of the rows that match.
    Delete,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// With arguments of the query string, in a read-only transaction.
    Read(Output),
    /// With arguments of the body.
    Write,
}

/// The names of embeds from the root to where something applies; empty for the root.
pub type EmbedPath = Vec<Ident>;

/// What the query string says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// What to return; empty means every column.
    pub select: Vec<SelectItem>,
    /// Conditions, all of which must hold, in the order of the request.
    pub filters: Vec<(EmbedPath, Filter)>,
    /// Trees of conditions, all of which must hold.
    pub logic: Vec<(EmbedPath, LogicTree)>,
    /// The order of rows at each level.
    pub order: Vec<(EmbedPath, Vec<OrderTerm>)>,
    /// Which rows at each level; the root's is already cut to the `Range` header.
    pub ranges: Vec<(EmbedPath, Range)>,
    /// The columns or arguments to take from the body; the rest of it is ignored.
    pub columns: Option<BTreeSet<Ident>>,
    /// The unique columns on which an insert may meet existing rows.
    pub on_conflict: Option<Vec<Ident>>,
    /// Arguments of a function, in order; names may repeat.
    pub arguments: Vec<(Ident, String)>,
}

impl Query {
    /// The range of the root.
    pub fn root_range(&self) -> Range {
        self.ranges
            .iter()
            .find(|(path, _)| path.is_empty())
            .map_or_else(Range::default, |(_, range)| *range)
    }
}
