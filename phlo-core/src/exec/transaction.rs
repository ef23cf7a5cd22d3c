//! A unit of work as a value: what is sent to the database, and what decides about its end.

use std::future::Future;

use bytes::Bytes;

use crate::{
    error::{Code, Error, Result},
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
    /// The statement whose rows are the answer.
    pub main: Statement,
    /// Runs after the main statement: the planner's guess for a count.
    pub after: Option<Statement>,
    /// How it ends if nothing fails.
    pub end: End,
    /// A condition on the main statement's rows without which nothing is kept.
    pub guard: Option<Guard>,
}

/// Whether a transaction may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may not.
    ReadOnly,
    /// It may.
    ReadWrite,
}

/// How a transaction ends if nothing fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its effects are kept.
    Commit,
    /// Its effects are undone, after checking deferred constraints.
    Rollback,
}

/// A condition on the number of rows of the main statement, which its second column tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Exactly one row, since one object was asked for.
    Singular,
    /// At most so many rows.
    MaxAffected(u64),
    /// Exactly one row, or else the body's key was another than that of the URL.
    PutKey,
}

impl Guard {
    /// The error if a result with so many rows must not be kept.
    pub fn check(self, rows: u64) -> Result<()> {
        match self {
            Self::Singular if rows != 1 => {
                Err(Error::new(Code::Singular, "Cannot coerce the result to a single JSON object")
                    .with_details(format!("The result contains {rows} rows")))
            }
            Self::MaxAffected(most) if rows > most => Err(Error::new(
                Code::MaxAffected,
                "Query result exceeds max-affected preference constraint",
            )
            .with_details(format!("The query affects {rows} rows"))),
            Self::PutKey if rows != 1 => Err(Error::new(
                Code::PutKey,
                "Payload values do not match URL in primary key column(s)",
            )),
            Self::Singular | Self::MaxAffected(_) | Self::PutKey => Ok(()),
        }
    }

    /// Like [`check`](Self::check), on the rows themselves.
    pub fn check_rows(self, rows: &[Row]) -> Result<()> {
        let count = rows
            .first()
            .and_then(|row| row.get(1)?.as_deref())
            .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok())
            .unwrap_or(0);
        self.check(count)
    }
}

/// The values of a row, in PostgreSQL's text format; none for null.
pub type Row = Vec<Option<Bytes>>;

/// The rows of the statements that have an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Those of the main statement.
    pub main: Vec<Row>,
    /// Those of the statement after it.
    pub after: Vec<Row>,
}

/// Runs units of work.
///
/// Implementations answer only when the database has confirmed the end of the transaction:
/// deferred constraints fail there. They hand a connection on only when it is clean, also when the
/// returned future is dropped half-way.
pub trait Executor: Send + Sync {
    /// Runs one unit of work, or undoes it.
    ///
    /// # Errors
    ///
    /// The database's own error; a guard that was not met; a lost connection; no connection in time.
    fn run(&self, transaction: &Transaction) -> impl Future<Output = Result<Results>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_read_the_second_column() {
        let rows = vec![vec![None, Some(Bytes::from_static(b"2"))]];
        assert_eq!(Guard::Singular.check_rows(&rows).unwrap_err().kind(), Code::Singular);
        assert!(Guard::MaxAffected(2).check_rows(&rows).is_ok());
        assert_eq!(Guard::MaxAffected(1).check_rows(&rows).unwrap_err().kind(), Code::MaxAffected);
        assert_eq!(Guard::PutKey.check_rows(&[]).unwrap_err().kind(), Code::PutKey);
    }
}
