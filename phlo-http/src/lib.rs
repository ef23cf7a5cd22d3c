//! A REST API on a PostgreSQL schema, as a `hyper` service and as a server.

pub mod auth;
pub mod config;
pub mod openapi;
