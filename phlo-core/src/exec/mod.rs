//! Runs statements: the only part of the engine that does I/O.
//!
//! A [`Transaction`] says everything about a unit of work before the first byte is sent, so that an
//! [`Executor`] can send all of it at once.

mod transaction;

#[cfg(feature = "sqlx")]
pub mod introspect;
#[cfg(feature = "pipeline")]
pub mod pipeline;

pub use self::transaction::{Access, End, Executor, Guard, Results, Row, Transaction};
