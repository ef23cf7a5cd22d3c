//! Starts a private, throw-away PostgreSQL server, for demos and tests, as root too.
//!
//! A [`Server`] has a fresh data directory, a free port on the loopback interface and a superuser
//! with a random password. It is gone, with every file and process, when the value is dropped, and
//! also when the program that owns it is killed: a small supervising shell holds a pipe to the
//! program and cleans up when the pipe closes.
//!
//! ```no_run
//! # fn main() -> Result<(), phlo_postgres::Error> {
//! let server = phlo_postgres::Server::start()?;
//! server.create_database("films")?;
//! server.execute("films", "create table film (id int primary key, title text)")?;
//! println!("{}", server.uri("films"));
//! # Ok(())
//! # }
//! ```
//!
//! The functions block; call them from asynchronous code with something like
//! `tokio::task::spawn_blocking`. Only Unix-like systems are supported.

mod account;
mod builder;
#[cfg(feature = "download")]
mod download;
mod error;
mod installation;
mod psql;
mod random;
mod server;
mod supervisor;

pub use crate::{
    builder::Builder,
    error::{Error, Result},
    installation::{Installation, OLDEST_VERSION},
    server::Server,
};
