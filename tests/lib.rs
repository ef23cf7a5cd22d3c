//! Shared helpers of the tests that need a real PostgreSQL.
//!
//! One server for each test run, started when it is first needed; a database of its own for each
//! test, copied from a template; the service on it, asked without a socket or with one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever goes wrong here fails the test"
)]

mod support;

pub use support::{
    answer::Answer,
    ask::Ask,
    cluster::{LAKEHOUSE_PASSWORD, cluster, load_lakehouse},
    database::Database,
    proxy::Proxy,
    service::{SECRET, Service, sign},
    socket::{Served, Socket},
};
