//! Reads the schema of a database and writes it as a snapshot to the standard output, with a
//! summary and the time it took on the standard error.
//!
//! ```text
//! cargo run --example introspect --features sqlx -- postgres://localhost/shop api > shop.json
//! ```
//!
//! Each schema named is exposed; one with a plus before its name is in the search path only.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]

use std::{error::Error, time::Instant};

use phlo_core::{
    exec::introspect::{Options, introspect},
    schema::Ident,
};
use sqlx::{Connection, PgConnection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let uri = arguments.next().ok_or("say the URI of a database, then the schemas to read")?;
    let mut options = Options::default();
    let (path, schemas): (Vec<_>, Vec<_>) = arguments.partition(|name| name.starts_with('+'));
    if !schemas.is_empty() {
        options.schemas = schemas.into_iter().map(Ident::from).collect();
    }
    if !path.is_empty() {
        options.extra_search_path =
            path.iter().map(|name| Ident::new(name.trim_start_matches('+'))).collect();
    }

    let mut connection = PgConnection::connect(&uri).await?;
    let start = Instant::now();
    let schema = introspect(&mut connection, &options).await?;
    let took = start.elapsed();
    let ways: usize =
        schema.relationship_sources().map(|source| schema.relationships(source).len()).sum();
    eprintln!(
        "{} tables, {ways} relationships, {} functions in {took:.2?}",
        schema.tables().count(),
        schema.all_routines().count(),
    );
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM"))
            .for_each(|line| eprintln!("{line}"));
    }
    print!("{}", schema.to_json());
    Ok(())
}
