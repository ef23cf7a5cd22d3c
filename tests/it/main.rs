//! Tests that need a real PostgreSQL, in one binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod lakehouse_sql;
mod typed;
