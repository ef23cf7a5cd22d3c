//! phlo's engine: a request in PostgREST's grammar, or a typed query, becomes one SQL statement that
//! runs under the caller's database role.
//!
//! The stages are pure functions from value to value, but for the one that talks to the database:
//!
//! ```text
//! parse: text -> Request    plan: (Schema, Request) -> Plan    sql: Plan -> Statement
//! exec: Transaction -> Results, then Outcome                   engine: all of it
//! ```
//!
//! Without features there is no I/O and no async runtime. To have the SQL of a request is enough
//! for some:
//!
//! ```
//! use phlo_core::{parse, plan, schema::Schema, sql};
//!
//! # let snapshot = r#"{"format":1,"schema":{"server_version":150000,"relationships":[],
//! # "routines":[],"tables":[{"name":{"schema":"api","name":"films"},"kind":"table",
//! # "insertable":true,"updatable":true,"deletable":true,"primary_key":["id"],"columns":{}}]}}"#;
//! let schema = Schema::from_json(snapshot)?;
//! let request = parse::get("api", "/films", "year=gte.1980&order=title&limit=10")?;
//! let plan = plan::plan(&schema, &request, &plan::Limits::default())?;
//! let statement = sql::render(&plan);
//! assert!(statement.sql.contains(r#"WHERE "films"."year" >= $1"#));
//! assert_eq!(statement.params, [sql::Param::Text("1980".to_owned())]);
//! # Ok::<(), phlo_core::Error>(())
//! ```
//!
//! # Where to begin
//!
//! - To ask in Rust: [`dsl`] says what is wanted, in types that `phlo-schema-gen` generates, and `db`
//!   runs it. The project's guide, `docs/guide.md`, goes there in ten minutes.
//! - To answer text, in process: [`engine::answer`] is the whole street; its parts are [`parse`],
//!   [`plan`](mod@plan), [`sql`] and [`exec`]. With HTTP around it: `phlo-http`.
//! - To know what there is: [`schema`], from a snapshot or by `exec::introspect`.
//!
//! What a stage gives to the next is public down to its fields, since programs may look at it, and
//! may change a [`request::Request`] before it is planned. A [`plan::Plan`] is made by
//! [`plan::plan`] alone.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `sqlx` | `db` over pools, connections and transactions of `sqlx`; `exec::introspect`, which reads a schema |
//! | `pipeline` | `exec::pipeline`: a pool that needs one network round trip a transaction; `db` over it |
//! | `chrono`, `jiff`, `time` | their dates and times as values of columns |
//! | `rust_decimal`, `uuid` | their types as values of columns |
//!
//! None is on unless it is asked for. Without any, the crate builds for `wasm32-unknown-unknown` too.

// Generated code names this crate, also where it is part of it.
extern crate self as phlo_core;

#[cfg(any(feature = "sqlx", feature = "pipeline"))]
pub mod db;
pub mod dsl;
pub mod encode;
pub mod engine;
pub mod error;
pub mod exec;
pub mod parse;
pub mod plan;
pub mod request;
pub mod schema;
pub mod sql;

pub use crate::error::{Code, DatabaseError, Error, Result};
