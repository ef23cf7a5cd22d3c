//! Typed resources from a schema: tables, columns, relations, enums and functions of a PostgreSQL
//! database as Rust, generated when a crate is built.
//!
//! A build reads a snapshot that is checked in, `phlo-schema.json`: it needs no database and no
//! network, and gives the same bytes every time. The command `phlo-schema-gen` makes the snapshot,
//! and tells whether it is still true.
//!
//! ```sh
//! phlo-schema-gen pull --database-url postgres://localhost/films --schemas api
//! ```
//!
//! In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! phlo-core = { version = "0.1", features = ["sqlx"] }
//!
//! [build-dependencies]
//! phlo-schema-gen = "0.1"
//! ```
//!
//! In `build.rs`:
//!
//! ```no_run
//! # #[allow(clippy::needless_doctest_main, reason = "it is the whole file")]
//! fn main() {
//!     phlo_schema_gen::Generator::new().build();
//! }
//! ```
//!
//! And in the crate, `phlo_core::include_schema!(pub mod api);`. What is in the module is described
//! at [`phlo_core::dsl`].
//!
//! # JSON
//!
//! [`Generator::serde`] derives `Serialize` and `Deserialize` such that rows are what the HTTP API
//! sends, and new rows and changes what it takes; [`Generator::utoipa`] describes them for OpenAPI
//! documents.
//!
//! # Live
//!
//! With the feature `live`, and if the variable `PHLO_DATABASE_URL` is set while building, the
//! schema is read from that database instead. The snapshot is left alone: only the command writes
//! it.

mod emit;
mod error;
mod functions;
mod generator;
#[cfg(feature = "live")]
pub mod live;
mod model;
mod names;
mod options;
mod relations;
mod types;
mod write;

pub use self::{
    error::{Error, Result},
    generator::Generator,
    options::Visibility,
};
