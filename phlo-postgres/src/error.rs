//! What can go wrong between wanting a server and having one, and what to do about it.

use std::{io, path::PathBuf};

/// What a fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no server, or why it did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No installation of PostgreSQL was found.
    #[error(
        "no PostgreSQL {oldest} or newer was found{}; install one (Debian and Ubuntu: \
         `apt install postgresql`, Fedora: `dnf install postgresql-server`, macOS: \
         `brew install postgresql`), or give the directory that holds `postgres` and `initdb`",
        found.as_ref().map(|it| format!(" (only {it})")).unwrap_or_default()
    )]
    NotInstalled {
        /// The oldest major version that would have done.
        oldest: u32,
        /// What was found, if it was too old.
        found: Option<String>,
    },
    /// The given directory holds no usable installation.
    #[error(
        "{path} holds no PostgreSQL {oldest} or newer: `postgres` and `initdb` must be there and \
         must run ({reason})"
    )]
    BadInstallation {
        /// The directory.
        path: PathBuf,
        /// The oldest major version that would have done.
        oldest: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// PostgreSQL could not be downloaded.
    #[error(
        "no PostgreSQL was found, and none could be downloaded ({reason}); install one (Debian \
         and Ubuntu: `apt install postgresql`, Fedora: `dnf install postgresql-server`, macOS: \
         `brew install postgresql`), or give the directory that holds `postgres` and `initdb`"
    )]
    Download {
        /// What the download said, cause by cause.
        reason: String,
    },
    /// PostgreSQL refuses to run as root, and there is no one else to run it as.
    #[error(
        "PostgreSQL refuses to run as root, and the system has no user {tried}; run as an \
         ordinary user, or create one (`useradd --system postgres`)"
    )]
    NoAccount {
        /// The users that were looked for.
        tried: String,
    },
    /// A user other than the current one was asked for, which only root can do.
    #[error("only root can run the server as another user ({name}); leave the user out")]
    NotRoot {
        /// The user.
        name: String,
    },
    /// A name, password or setting that can't be passed on.
    #[error("{what} may not hold line breaks or NUL characters, and names may not be empty")]
    BadText {
        /// What it was meant to be.
        what: &'static str,
    },
    /// There is no directory for the server's files.
    #[error(
        "no directory for the server's files could be made in {parent} by the user that it runs \
         as ({reason}); set TMPDIR to a directory that everyone may write to"
    )]
    Directory {
        /// Where it was to be made.
        parent: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// `initdb` failed.
    #[error("initdb failed; the end of its output:\n{log}")]
    Initdb {
        /// The end of its output.
        log: String,
    },
    /// The server ended before it accepted connections.
    #[error(
        "the server ended while it was starting; check its settings; the end of its log:\n{log}"
    )]
    Start {
        /// The end of its log.
        log: String,
    },
    /// The server did not accept connections in time.
    #[error("the server accepted no connections within {seconds} s; the end of its log:\n{log}")]
    Timeout {
        /// How long it was waited for.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// The server or its files are still there.
    #[error("the server did not stop; end the processes that use {path}, and remove it")]
    Stop {
        /// The directory of the server.
        path: PathBuf,
    },
    /// There is no `psql`.
    #[error("there is no `psql` in {bin} or on the PATH; install PostgreSQL's client programs")]
    NoPsql {
        /// The directory of the server's binaries.
        bin: PathBuf,
    },
    /// A script failed.
    #[error("the script failed in database \"{database}\":\n{message}")]
    Script {
        /// The database that it ran in.
        database: String,
        /// What `psql` said.
        message: String,
    },
    /// A program could not be run, or a file not be read.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: says what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
