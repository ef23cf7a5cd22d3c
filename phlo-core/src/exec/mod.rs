//! Runs statements: the only part of the engine that does I/O.
//!
//! A [`Transaction`] says everything about a unit of work before the first byte is sent, so that an
//! [`Executor`] can send all of it at once.

mod decode;
mod opened;
mod stepwise;
mod transaction;

#[cfg(feature = "sqlx")]
pub mod introspect;
#[cfg(feature = "pipeline")]
pub mod pipeline;
#[cfg(feature = "sqlx")]
pub mod sqlx;

#[cfg(any(feature = "sqlx", feature = "pipeline"))]
pub(crate) use self::decode::estimate;
pub use self::decode::{Head, Outcome, decode};
pub use self::opened::{BodyStream, Opened};
pub use self::stepwise::{Stepwise, Unit};
pub use self::transaction::{End, Executor, Results, Row, Transaction, Written, check_guard};
