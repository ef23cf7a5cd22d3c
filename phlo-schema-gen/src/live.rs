//! The schema of a database, read as it is now. The only part that connects to anything.

use phlo_core::{
    exec::introspect::{Options, introspect},
    schema::{Ident, Schema},
};
use sqlx::{Connection, PgConnection};

use crate::error::{Error, Result};

/// Reads the schema of the database that a URL leads to; `public` alone, if no schema is named.
///
/// # Errors
///
/// The database can't be reached, or has no such schema.
pub fn read(url: &str, schemas: &[String]) -> Result<Schema> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failure)?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.map_err(failure)?;
        let mut options = Options::default();
        if !schemas.is_empty() {
            options.schemas = schemas.iter().map(|name| Ident::new(name)).collect();
        }
        let schema = introspect(&mut connection, &options).await.map_err(failure)?;
        connection.close().await.map_err(failure)?;
        Ok(schema)
    })
}

fn failure(error: impl std::fmt::Display) -> Error {
    Error::Database { message: error.to_string() }
}
