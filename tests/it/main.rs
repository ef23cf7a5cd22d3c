//! Tests that need a real PostgreSQL, in one binary.

mod pipeline;
