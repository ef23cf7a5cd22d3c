//! Tests that need a real PostgreSQL, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::string_slice,
    reason = "a test may panic, and says what it means"
)]

mod access;
mod admin;
mod conformance;
mod documents;
mod embedding;
mod encode;
mod errors;
mod filtering;
mod formats;
mod functions;
mod golden_sql;
mod introspect;
mod kept;
mod lakehouse_sql;
mod lifecycle;
mod load;
mod login;
mod numbers;
mod pipeline;
mod plain;
mod reading;
mod scale;
mod streaming;
mod trips;
mod typed;
mod typed_json;
mod uploads;
mod writing;
