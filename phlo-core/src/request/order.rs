//! The order of rows.

use crate::{request::Field, schema::Ident};

/// A key to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderTerm {
    /// The to-one embed that holds the field; none for the row itself.
    pub relation: Option<Ident>,
    /// What to order by.
    pub field: Field,
    /// Which way; ascending if not given.
    pub direction: Option<Direction>,
    /// Where nulls go; PostgreSQL's default if not given.
    pub nulls: Option<NullsOrder>,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// Where nulls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullsOrder {
    /// Before all values.
    First,
    /// After all values.
    Last,
}
