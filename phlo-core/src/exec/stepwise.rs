//! Units of work whose statements aren't all there when they begin.

use std::future::Future;

use crate::{
    error::Result,
    exec::transaction::{End, Executor, Row, Transaction},
    sql::Statement,
};

/// Executors that can keep a unit of work open, and run statements in it as they come.
///
/// A unit has a connection for itself from its beginning to its end, so that whoever gives the
/// statements must give them soon.
pub trait Stepwise: Executor {
    /// A unit of work that has begun.
    type Unit: Unit;

    /// Begins a unit of work: makes its settings and runs its main statement, whose rows it gives.
    ///
    /// What else the transaction says, of a statement after the main one, a guard and the end, is
    /// for the caller to do.
    ///
    /// # Errors
    ///
    /// The database's own error; a lost connection; no connection in time. Nothing is left then.
    fn start(
        &self,
        transaction: &Transaction,
    ) -> impl Future<Output = Result<(Self::Unit, Vec<Row>)>> + Send;
}

/// A unit of work that has begun. When it is dropped before its end, it is undone; so it is after
/// any error.
pub trait Unit: Send {
    /// Runs a statement, as the role of the unit, and gives its rows.
    ///
    /// A statement with the same text as an earlier one is not prepared again.
    ///
    /// # Errors
    ///
    /// The database's own error; a lost connection.
    fn run(&mut self, statement: &Statement) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// Ends the unit, and is ready when the database has confirmed it.
    ///
    /// # Errors
    ///
    /// The database's own error, such as that of a deferred constraint; a lost connection.
    fn end(self, end: End) -> impl Future<Output = Result<()>> + Send;
}

/// The error of a unit of work that has failed and is not given up.
#[cfg(any(feature = "pipeline", feature = "sqlx"))]
pub(super) fn went_on() -> crate::error::Error {
    crate::error::Error::new(
        crate::error::Code::Internal,
        "A unit of work went on after it had failed.",
    )
}
