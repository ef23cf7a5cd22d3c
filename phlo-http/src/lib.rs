//! A REST API on a PostgreSQL schema, as a `hyper` service.

pub mod auth;
pub mod config;
