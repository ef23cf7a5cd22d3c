//! Statements as queries of `sqlx`, and their rows as cells.

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres, Row as _, ValueRef as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use crate::{
    dsl::{Cell, Cells},
    error::{Code, Error, Result},
    exec::{introspect::failure, transaction::Row},
    sql::{Param, Statement},
};

/// The statement as a query; prepared ones are kept for each role.
fn query<'q>(statement: &Statement, role: &str) -> Query<'q, Postgres, PgArguments> {
    let sql = if role.is_empty() {
        statement.sql.to_string()
    } else {
        let mut sql = String::with_capacity(statement.sql.len() + 2 * role.len() + 6);
        sql.push_str("/*");
        for byte in role.bytes() {
            // OK because writing to a string can't fail.
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push_str("*/ ");
        sql.push_str(&statement.sql);
        sql
    };
    // OK because only constants, quoted identifiers and quoted literals are in a statement's text.
    let query = sqlx::query(AssertSqlSafe(sql));
    statement.params.iter().fold(query, |query, param| match param {
        Param::Null => query.bind(None::<String>),
        Param::Text(text) => query.bind(text.clone()),
        Param::Number(number) => query.bind(*number),
        Param::Binary(bytes) => query.bind(bytes.clone()),
        Param::Body(body) => query.bind(String::from_utf8_lossy(body).into_owned()),
    })
}

/// The rows of a statement, as they come.
pub(crate) fn stream<'e, E>(
    executor: E,
    statement: &Statement,
    role: &str,
) -> impl Stream<Item = Result<PgRow>> + Send + 'e
where
    E: sqlx::Executor<'e, Database = Postgres> + 'e,
{
    query(statement, role).fetch(executor).map_err(failure)
}

/// Calls `take` with each row of a statement.
pub(crate) async fn each<'e, E>(
    executor: E,
    statement: &Statement,
    role: &str,
    mut take: impl FnMut(&PgCells<'_>) -> Result<()> + Send,
) -> Result<()>
where
    E: sqlx::Executor<'e, Database = Postgres> + 'e,
{
    let mut rows = std::pin::pin!(stream(executor, statement, role));
    while let Some(row) = rows.try_next().await? {
        take(&PgCells(&row))?;
    }
    Ok(())
}

/// All rows of a statement, column by column.
pub(crate) async fn all(
    connection: &mut PgConnection,
    statement: &Statement,
    role: &str,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    each(connection, statement, role, |cells| {
        let row = (0..cells.0.len()).map(|at| {
            Ok(match cells.cell(at)? {
                Cell::Binary(bytes) => Some(Bytes::copy_from_slice(bytes)),
                Cell::Null | Cell::Json(_) => None,
            })
        });
        rows.push(row.collect::<Result<_>>()?);
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// A row of `sqlx`.
pub(crate) struct PgCells<'a>(pub(crate) &'a PgRow);

impl Cells for PgCells<'_> {
    fn cell(&self, at: usize) -> Result<Cell<'_>> {
        let value = self.0.try_get_raw(at).map_err(failure)?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        value.as_bytes().map(Cell::Binary).map_err(|error| {
            Error::new(Code::Internal, "A value could not be read").with_source(error)
        })
    }
}
