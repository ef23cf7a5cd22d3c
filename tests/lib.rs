//! Shared helpers of the tests that need a real PostgreSQL.
