//! phlo's engine: a request in PostgREST's grammar, or a typed query, becomes one SQL statement
//! that runs under the caller's database role.

// Generated code names this crate, also where it is part of it.
extern crate self as phlo_core;

#[cfg(any(feature = "sqlx", feature = "pipeline"))]
pub mod db;
pub mod dsl;
pub mod engine;
pub mod error;
pub mod exec;
pub mod parse;
pub mod plan;
pub mod request;
pub mod schema;
pub mod sql;

pub use crate::error::{Code, DatabaseError, Error, Result};
