//! A REST API on a PostgreSQL schema, as a `hyper` service and as a server: PostgREST's URLs, headers,
//! statuses and errors.
//!
//! # As a server
//!
//! The command `phlo-http` reads PostgREST's configuration; [`run`](mod@run) is what it does.
//!
//! # As a function
//!
//! [`Api`](service::Api) takes a request and gives a response. Nothing listens anywhere:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use phlo_http::{
//!     config::{Config, DbUri},
//!     service::Api,
//!     state::State,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::default();
//! config.db_uri = DbUri::new("postgres://authenticator:secret@localhost/films");
//! config.db_schemas = vec!["api".into()];
//! config.db_anon_role = Some("viewer".into());
//! let state = Arc::new(State::new(config, None)?);
//! // Or `set_schema`, with the snapshot that was compiled in.
//! state.load().await?;
//! let api = Api::new(state);
//!
//! let request = http::Request::get("/films?select=title&year=gte.1980");
//! let response = api.answer(request.body(Full::new(Bytes::new()))?).await;
//! assert_eq!(response.status(), 200);
//! let body = response.into_body().collect().await?.to_bytes();
//! # Ok(()) }
//! ```
//!
//! # Within another application
//!
//! [`Api`](service::Api) is a service of `hyper` and of `tower`, so that routers such as axum's take
//! it as it is. [`State::with_base_path`](state::State::with_base_path) says where it is mounted,
//! an [`Identity`](auth::Identity) among a request's extensions says who asks, and
//! [`Extensions`](extension::Extensions) adds functions of Rust and hooks.

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
mod unstoppable;
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
