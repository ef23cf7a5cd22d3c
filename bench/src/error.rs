//! Why a run ends early.

use std::{io, path::PathBuf};

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no PostgreSQL, it doesn't start, or it refuses the data.
    #[error(transparent)]
    Postgres(#[from] phlo_postgres::Error),
    /// There is no server to be measured.
    #[error("{0} is missing; `cargo xtask bench` builds it, or name another with --server")]
    NoServer(PathBuf),
    /// The server has ended, or doesn't answer.
    #[error("the server isn't ready: {0}")]
    NotReady(String),
    /// An answer isn't what SQL gives for the same.
    #[error("{scenario}: the answer is wrong: {why}")]
    Wrong {
        /// Whose answer.
        scenario: &'static str,
        /// What was expected.
        why: String,
    },
    /// pgbench was found, but fails.
    #[error("{scenario}: pgbench failed: {why}")]
    Pgbench {
        /// Whose SQL.
        scenario: &'static str,
        /// What it says.
        why: String,
    },
    /// The system has refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// The usual.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Names what was tried when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
