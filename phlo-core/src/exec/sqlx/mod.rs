//! Execution over `sqlx`: in the caller's own pool, connection or open transaction.
//!
//! Takes units of work and statements, gives rows; builds no SQL but the ends of transactions.
//!
//! `sqlx` declares a type for every parameter and sends all of them in the binary format, so that
//! text can't be left for the context to interpret. A request must therefore be planned with
//! [`Parameters::Text`]: each value is then bound as `text` and cast to the type that it is compared
//! to. Casting in the statement keeps one prepared statement for all values, and has PostgreSQL read
//! each value as it would read a literal.
//!
//! Statements are prepared once and kept for each role: a comment with the role's name tells those
//! of one role from those of another. PostgreSQL checks the permission for a function that it
//! inlines when it plans, not when it executes, so that a shared statement would share permissions.

mod rows;
mod unit;
mod within;

use sqlx::{Connection, PgConnection, PgPool};

use crate::{
    error::Result,
    exec::transaction::{End, Executor, Results, Transaction, check_guard},
    plan::{Access, Parameters},
    schema::Isolation,
};

pub use self::unit::OpenUnit;
pub(crate) use self::{
    rows::{PgCells, all, each, stream},
    within::{enter, leave},
};
pub(crate) use crate::exec::introspect::failure;

/// Runs each unit of work in a transaction on a connection of the pool.
///
/// It takes four trips over the network: the beginning, the settings, the statement and the end.
/// [`pipeline::Pool`](crate::exec::pipeline) takes one.
impl Executor for PgPool {
    fn parameters(&self) -> Parameters {
        Parameters::Text
    }

    async fn run(&self, transaction: &Transaction) -> Result<Results> {
        let begin = beginning(transaction.access, transaction.isolation);
        let mut open = self.begin_with(begin).await.map_err(failure)?;
        let results = run_in(&mut open, transaction).await?;
        finish(open, transaction.end).await?;
        Ok(results)
    }
}

/// Runs a unit of work on a connection: in a transaction of its own, or, if the connection is in
/// one already, within that; then its end is left to whoever began it, and the role and the other
/// settings are those from before afterwards.
///
/// If the returned future is dropped half-way, an open transaction keeps the role until its end.
///
/// # Errors
///
/// The database's own error; a guard that was not met; a lost connection.
pub async fn run_on(connection: &mut PgConnection, transaction: &Transaction) -> Result<Results> {
    if !connection.is_in_transaction() {
        let begin = beginning(transaction.access, transaction.isolation);
        let mut open = connection.begin_with(begin).await.map_err(failure)?;
        let results = run_in(&mut open, transaction).await?;
        finish(open, transaction.end).await?;
        return Ok(results);
    }
    if transaction.guard.is_none() {
        return run_within(connection, transaction).await;
    }
    // What must not be kept is undone, and nothing else of the transaction.
    let mut part = connection.begin().await.map_err(failure)?;
    let results = run_within(&mut part, transaction).await?;
    part.commit().await.map_err(failure)?;
    Ok(results)
}

async fn run_within(connection: &mut PgConnection, transaction: &Transaction) -> Result<Results> {
    let before = enter(connection, transaction).await?;
    let results = statements(connection, transaction).await?;
    leave(connection, before).await?;
    Ok(results)
}

async fn run_in(connection: &mut PgConnection, transaction: &Transaction) -> Result<Results> {
    set(connection, transaction).await?;
    statements(connection, transaction).await
}

/// Sets the role and everything else that holds for a transaction.
pub(crate) async fn set(connection: &mut PgConnection, transaction: &Transaction) -> Result<()> {
    all(connection, &transaction.settings, "").await?;
    before(connection, transaction).await
}

/// Runs what comes before the main statement, once everything is set.
async fn before(connection: &mut PgConnection, transaction: &Transaction) -> Result<()> {
    if let Some(statement) = &transaction.pre_request {
        all(connection, statement, &transaction.role).await?;
    }
    Ok(())
}

async fn statements(connection: &mut PgConnection, transaction: &Transaction) -> Result<Results> {
    let main = all(connection, &transaction.main, &transaction.role).await?;
    let after = match &transaction.after {
        Some(statement) => all(connection, statement, &transaction.role).await?,
        None => Vec::new(),
    };
    if let Some(guard) = transaction.guard {
        check_guard(guard, &main)?;
    }
    Ok(Results { main, after, ..Results::default() })
}

pub(crate) async fn finish(
    mut open: sqlx::Transaction<'_, sqlx::Postgres>,
    end: End,
) -> Result<()> {
    match end {
        End::Commit => open.commit().await.map_err(failure),
        End::Rollback => {
            let check = sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE");
            check.execute(&mut *open).await.map_err(failure)?;
            open.rollback().await.map_err(failure)
        }
    }
}

pub(crate) const fn beginning(access: Access, isolation: Option<Isolation>) -> &'static str {
    match (access, isolation) {
        (Access::ReadOnly, None) => "BEGIN READ ONLY",
        (Access::ReadWrite, None) => "BEGIN READ WRITE",
        (Access::ReadOnly, Some(Isolation::ReadCommitted)) => {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        }
        (Access::ReadWrite, Some(Isolation::ReadCommitted)) => {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        }
        (Access::ReadOnly, Some(Isolation::RepeatableRead)) => {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        }
        (Access::ReadWrite, Some(Isolation::RepeatableRead)) => {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
        }
        (Access::ReadOnly, Some(Isolation::Serializable)) => {
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        }
        (Access::ReadWrite, Some(Isolation::Serializable)) => {
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
        }
    }
}
