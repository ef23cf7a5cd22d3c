//! A unit of work within a transaction that is open already: its settings are made for it alone.

use sqlx::PgConnection;

use crate::{
    error::Result,
    exec::{introspect::failure, transaction::Transaction},
    sql::{READ_ONLY_SETTING, Statement},
};

/// What was set before.
pub(crate) struct Before(Vec<String>);

/// The settings that [`leave`] puts back, in the order of the statements below: all that a caller
/// is told by, and the search path.
const SAVE: &str = "SELECT ARRAY[\
    current_setting('role'), \
    current_setting('search_path'), \
    coalesce(current_setting('request.jwt.claims', true), ''), \
    coalesce(current_setting('request.method', true), ''), \
    coalesce(current_setting('request.path', true), ''), \
    coalesce(current_setting('request.headers', true), ''), \
    coalesce(current_setting('request.cookies', true), '')]";

const RESTORE: &str = "SELECT \
    set_config('role', $1[1], true), \
    set_config('search_path', $1[2], true), \
    set_config('request.jwt.claims', $1[3], true), \
    set_config('request.method', $1[4], true), \
    set_config('request.path', $1[5], true), \
    set_config('request.headers', $1[6], true), \
    set_config('request.cookies', $1[7], true)";

/// Makes the settings of a unit of work, and remembers those from before.
pub(crate) async fn enter(
    connection: &mut PgConnection,
    transaction: &Transaction,
) -> Result<Before> {
    let saved: Vec<String> =
        sqlx::query_scalar(SAVE).fetch_one(&mut *connection).await.map_err(failure)?;
    super::all(connection, &writable(&transaction.settings), "").await?;
    super::before(connection, transaction).await?;
    Ok(Before(saved))
}

/// The settings without the one that a transaction never recovers from: whatever comes after a read
/// could not write any more.
fn writable(settings: &Statement) -> Statement {
    let sql = settings.sql.replacen(READ_ONLY_SETTING, "'on'", 1);
    Statement { sql: sql.into(), ..settings.clone() }
}

/// Puts the settings from before back. After an error there is nothing to do: the transaction has
/// failed, and what it is rolled back to has its own settings.
pub(crate) async fn leave(connection: &mut PgConnection, before: Before) -> Result<()> {
    sqlx::query(RESTORE).bind(before.0).execute(connection).await.map_err(failure)?;
    Ok(())
}
