//! What a database needs of what it runs on.

use std::{future::Future, sync::Arc};

use crate::{
    dsl::Cells,
    error::Result,
    exec::{End, Results, Transaction},
    plan::{Access, Guard, Parameters, RowCount},
    sql::Statement,
};

/// What is to be run.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each query, on the stack")]
pub enum Work {
    /// A statement as the role that logged in.
    Plain {
        /// The statement.
        main: Arc<Statement>,
        /// Whether it may write.
        access: Access,
        /// A condition on its rows without which nothing is kept.
        guard: Option<Guard>,
    },
    /// A unit of work of a caller.
    As(Transaction),
}

impl Work {
    /// The main statement.
    pub fn main(&self) -> &Statement {
        match self {
            Self::Plain { main, .. } => main,
            Self::As(transaction) => &transaction.main,
        }
    }

    /// A unit of work of the role that logged in.
    #[cfg(any(feature = "pipeline", feature = "sqlx"))]
    pub(crate) fn transaction(
        main: Arc<Statement>,
        access: Access,
        guard: Option<Guard>,
    ) -> Transaction {
        Transaction {
            role: String::new(),
            access,
            isolation: None,
            // What an earlier caller has left behind must not hold for this one.
            settings: Statement::constant("SELECT set_config('role', 'none', true)"),
            pre_request: None,
            main,
            writer: None,
            after: None,
            end: End::Commit,
            guard,
        }
    }

    /// The work as a unit of its own, whoever it is of.
    #[cfg(any(feature = "pipeline", feature = "sqlx"))]
    pub(crate) fn into_transaction(self) -> Transaction {
        match self {
            Self::As(transaction) => transaction,
            Self::Plain { main, access, guard } => Self::transaction(main, access, guard),
        }
    }

    /// The role that it runs as; empty for the one that logged in.
    pub fn role(&self) -> &str {
        match self {
            Self::Plain { .. } => "",
            Self::As(transaction) => &transaction.role,
        }
    }

    /// A condition on its rows without which nothing is kept.
    pub fn guard(&self) -> Option<Guard> {
        match self {
            Self::Plain { guard, .. } => *guard,
            Self::As(transaction) => transaction.guard,
        }
    }

    /// Has the main statement give rows as they are, of which there may be so many.
    pub(crate) fn give_rows(&mut self, count: Option<RowCount>) {
        let wanted = count.map(Guard::Rows);
        match self {
            Self::Plain { guard, .. } => *guard = wanted,
            Self::As(transaction) => {
                transaction.guard = wanted;
                transaction.after = None;
            }
        }
    }
}

/// What a [`Database`](crate::db::Database) runs on.
pub trait Backend: Send + Sync {
    /// What type the parameters of its statements have.
    fn parameters(&self) -> Parameters;

    /// Runs work whose main statement gives an envelope.
    fn run(&self, work: &Work) -> impl Future<Output = Result<Results>> + Send;

    /// Runs work whose main statement gives rows, and reads each.
    fn rows<R: Send>(
        &self,
        work: &Work,
        read: impl FnMut(&dyn Cells) -> Result<R> + Send,
    ) -> impl Future<Output = Result<Vec<R>>> + Send;
}
