//! Tests that need a real PostgreSQL, in one binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod encode;
mod introspect;
mod lakehouse_sql;
mod pipeline;
mod typed;
