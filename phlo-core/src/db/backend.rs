//! What a database needs of what it runs on.

use std::{future::Future, sync::Arc};

use crate::{
    dsl::Cells,
    error::Result,
    exec::{End, Results, Transaction},
    plan::{Access, Guard, Parameters},
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

    /// Rows as they are tell no guard how many they are.
    pub(crate) fn forget_guard(&mut self) {
        match self {
            Self::Plain { guard, .. } => *guard = None,
            Self::As(transaction) => {
                transaction.guard = None;
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
