//! Runs a query on the catalogue and hands its rows over, one at a time.
//!
//! Parameters are lists of text, results are text or JSON as text: nothing depends on the object
//! identifiers of types, and no prepared statement stays behind. Knows no query by name.

use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use sqlx::{
    FromRow, PgConnection,
    postgres::{PgDatabaseError, PgRow, PgSeverity},
};

use crate::error::{Code, DatabaseError, Error, Result, Severity};

/// Calls `take` with each row, as a tuple of text columns.
pub(super) async fn rows<R>(
    connection: &mut PgConnection,
    sql: &'static str,
    parameters: &[&[String]],
    mut take: impl FnMut(R) -> Result<()> + Send,
) -> Result<()>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut query = sqlx::query_as(sql).persistent(false);
    for list in parameters {
        query = query.bind(*list);
    }
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(failure)? {
        take(row)?;
    }
    Ok(())
}

/// Calls `take` with the value of each row's only column, read from JSON.
pub(super) async fn objects<T: DeserializeOwned>(
    connection: &mut PgConnection,
    sql: &'static str,
    parameters: &[&[String]],
    mut take: impl FnMut(T) + Send,
) -> Result<()> {
    rows(connection, sql, parameters, |(json,): (String,)| {
        take(object(&json)?);
        Ok(())
    })
    .await
}

/// Reads a value from JSON that the server made.
pub(super) fn object<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| {
        Error::new(Code::Internal, "The catalogue gave something unexpected")
            .with_details(error.to_string())
            .with_source(error)
    })
}

/// The driver's error as one of this crate.
pub(crate) fn failure(error: sqlx::Error) -> Error {
    let reported = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .map(reported);
    if let Some(reported) = reported {
        return Error::database(reported);
    }
    let busy = matches!(error, sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed);
    let (code, message) = if matches!(error, sqlx::Error::PoolTimedOut) {
        (Code::PoolTimeout, "Timed out acquiring connection from connection pool.")
    } else if busy {
        (Code::Internal, "The connection is already in a transaction")
    } else {
        (Code::ConnectionLost, "The connection to the database was lost")
    };
    Error::new(code, message).with_details(error.to_string()).with_source(error)
}

fn reported(error: &PgDatabaseError) -> DatabaseError {
    let mut report = DatabaseError::new(error.code(), error.message());
    report.severity = match error.severity() {
        PgSeverity::Fatal => Severity::Fatal,
        PgSeverity::Panic => Severity::Panic,
        PgSeverity::Error
        | PgSeverity::Warning
        | PgSeverity::Notice
        | PgSeverity::Debug
        | PgSeverity::Info
        | PgSeverity::Log => Severity::Error,
    };
    report.detail = error.detail().map(str::to_owned);
    report.hint = error.hint().map(str::to_owned);
    report.constraint = error.constraint().map(str::to_owned);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_told_apart() {
        let error = failure(sqlx::Error::Io(std::io::Error::other("reset")));
        assert!(error.is_connection());
        assert!(error.details().unwrap().as_str().unwrap().contains("reset"));
        assert_eq!(failure(sqlx::Error::BeginFailed).kind(), Code::Internal);
    }

    #[test]
    fn unexpected_json_says_what_was_wrong() {
        let error = object::<u32>("\"x\"").unwrap_err();
        assert_eq!(error.kind(), Code::Internal);
        assert!(error.details().unwrap().as_str().unwrap().contains("invalid type"));
    }
}
