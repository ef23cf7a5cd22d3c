//! A REST API on a PostgreSQL schema, as a `hyper` service and as a server.

pub mod admin;
pub mod auth;
pub mod body;
pub mod cli;
pub mod config;
pub mod cors;
pub mod demo;
pub mod error;
pub mod extension;
pub mod extract;
pub mod handle;
mod insert;
mod listener;
mod login;
mod notes;
pub mod observe;
pub mod openapi;
mod ready;
pub mod respond;
pub mod run;
pub mod server;
pub mod service;
pub mod state;
pub mod timing;
pub mod upload;

/// The version of PostgREST whose behaviour this server has.
pub const POSTGREST_VERSION: &str = "16.2";

/// What the command prints as its version.
pub const VERSION_TEXT: &str =
    concat!("phlo-http ", env!("CARGO_PKG_VERSION"), " (PostgREST 16.2)");

/// What the server calls itself in its responses.
pub const SERVER_NAME: &str = concat!("phlo/", env!("CARGO_PKG_VERSION"));

/// The project's front page, whose example is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
