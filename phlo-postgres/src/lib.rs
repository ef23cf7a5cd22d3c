//! Starts a private, throw-away PostgreSQL server, for demos and tests.
