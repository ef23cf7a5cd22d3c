//! A unit of work as a value: what is sent to the database, and what decides about its end.

use std::{future::Future, sync::Arc};

use bytes::Bytes;

use crate::{
    encode::RowWriter,
    error::Result,
    exec::Opened,
    plan::{Access, Guard, Parameters},
    schema::Isolation,
    sql::Statement,
};

/// A unit of work, complete before its first byte is sent.
///
/// The statements run in the order of the fields, in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The role that it runs as. Prepared statements are never shared between roles: PostgreSQL
    /// checks the permission for a function that it inlines when it plans, not when it executes.
    pub role: String,
    /// Whether it may write.
    pub access: Access,
    /// Its isolation level; the server's default if not given.
    pub isolation: Option<Isolation>,
    /// Sets the role and everything else that holds for the transaction.
    pub settings: Statement,
    /// Runs before the main statement, under the role.
    pub pre_request: Option<Statement>,
    /// The statement whose rows are the answer. It is shared, since it may have been made for more
    /// than this one, and may hold a large body.
    pub main: Arc<Statement>,
    /// Writes the rows of the main statement as they come; without it they are kept as rows.
    pub writer: Option<RowWriter>,
    /// Runs after the main statement: the planner's guess for a count.
    pub after: Option<Statement>,
    /// How it ends if nothing fails.
    pub end: End,
    /// A condition on the main statement's rows without which nothing is kept.
    pub guard: Option<Guard>,
}

/// How a transaction ends if nothing fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its effects are kept.
    Commit,
    /// Its effects are undone, after checking deferred constraints.
    Rollback,
}

/// Checks a guard on the rows of a main statement. Their number is its second column, or how many
/// there are, as the guard says.
///
/// # Errors
///
/// The guard's, if the transaction must not be kept.
pub fn check_guard(guard: Guard, rows: &[Row]) -> Result<()> {
    let told = || {
        let text = rows.first()?.get(1)?.as_deref()?;
        std::str::from_utf8(text).ok()?.parse().ok()
    };
    guard.check(match guard {
        Guard::Rows(_) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
        Guard::Singular | Guard::MaxAffected(_) | Guard::PutKey => told().unwrap_or(0),
    })
}

/// The values of a row, in the format that the statement asked for; none for null.
pub type Row = Vec<Option<Bytes>>;

/// The rows of the statements that have an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The last row of the statement before the main one, if it gave any. Where the rows of the main
    /// one are elements, its first row instead. Its second and third column are what functions have
    /// set as `response.headers` and `response.status` by then.
    pub before: Option<Row>,
    /// Those of the main statement, unless they were written.
    pub main: Vec<Row>,
    /// What was written of them.
    pub written: Written,
    /// How many rows the main statement has changed, as the server counts them; of a read, given.
    pub changed: u64,
    /// Those of the statement after it.
    pub after: Vec<Row>,
}

/// What a writer has made of the rows of a main statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many rows there were.
    pub rows: u64,
    /// The bytes.
    pub body: Bytes,
}

/// Runs units of work.
///
/// Implementations answer only when the database has confirmed the end of the transaction:
/// deferred constraints fail there. They hand a connection on only when it is clean, also when the
/// returned future is dropped half-way.
pub trait Executor: Send + Sync {
    /// What type the parameters of its statements have: what requests must be planned with.
    fn parameters(&self) -> Parameters {
        Parameters::Untyped
    }

    /// Runs one unit of work, or undoes it.
    ///
    /// # Errors
    ///
    /// The database's own error; a guard that was not met; a lost connection; no connection in time.
    fn run(&self, transaction: &Transaction) -> impl Future<Output = Result<Results>> + Send;

    /// Runs one unit of work; gives what its writer writes in pieces if that becomes longer than so
    /// many bytes. An executor that can't, gives the whole however long it is.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run); what goes wrong after the first piece, the stream says.
    fn open(
        &self,
        transaction: &Transaction,
        most: usize,
    ) -> impl Future<Output = Result<Opened>> + Send {
        let _ = most;
        async { self.run(transaction).await.map(Opened::Whole) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Code, plan::RowCount};

    #[test]
    fn guards_read_the_second_column() {
        let rows = vec![vec![None, Some(Bytes::from_static(b"2"))]];
        let kind = |guard, rows: &[Row]| check_guard(guard, rows).map_err(|error| error.kind());
        assert_eq!(kind(Guard::Singular, &rows), Err(Code::Singular));
        assert_eq!(kind(Guard::MaxAffected(2), &rows), Ok(()));
        assert_eq!(kind(Guard::MaxAffected(1), &rows), Err(Code::MaxAffected));
        assert_eq!(kind(Guard::PutKey, &[]), Err(Code::PutKey));
    }

    #[test]
    fn guards_of_rows_count_them() {
        let rows = vec![vec![None], vec![None]];
        let kind = |count, rows: &[Row]| {
            check_guard(Guard::Rows(count), rows).map_err(|error| error.kind())
        };
        assert_eq!(kind(RowCount::One, &rows), Err(Code::Singular));
        assert_eq!(kind(RowCount::One, &rows[..1]), Ok(()));
        assert_eq!(kind(RowCount::One, &[]), Err(Code::Singular));
        assert_eq!(kind(RowCount::AtMostOne, &rows), Err(Code::Singular));
        assert_eq!(kind(RowCount::AtMostOne, &[]), Ok(()));
        assert_eq!(kind(RowCount::AtMost(1), &rows), Err(Code::MaxAffected));
        assert_eq!(kind(RowCount::AtMost(2), &rows), Ok(()));
    }
}
