//! phlo's engine: a request in PostgREST's grammar, or a typed query, becomes one SQL statement
//! that runs under the caller's database role.

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
