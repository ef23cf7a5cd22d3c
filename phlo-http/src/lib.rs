//! A REST API on a PostgreSQL schema, as a `hyper` service and as a server.

pub mod config;
pub mod cors;
pub mod error;
pub mod openapi;
pub mod respond;
pub mod server;
