//! Why nothing could be generated: always with the file, table or column, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// What a fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why nothing could be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The snapshot is missing.
    #[error(
        "there is no snapshot {}: make it with `phlo-schema-gen pull --database-url <url>`",
        path.display()
    )]
    NoSnapshot {
        /// Where it should be.
        path: PathBuf,
    },
    /// The snapshot is not one.
    #[error(
        "{} is no snapshot of a schema: {message}; make it again with `phlo-schema-gen pull`",
        path.display()
    )]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// An option names something that isn't there.
    #[error("{option} names {what} `{name}`, which is not in the snapshot{hint}")]
    UnknownName {
        /// The option.
        option: &'static str,
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest that there is.
        hint: String,
    },
    /// An option has a value that it can't have.
    #[error("{option} is {value:?}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A variable that cargo sets for build scripts is missing.
    #[error(
        "{name} is not set: `Generator::build` is for build scripts; call `generate` elsewhere"
    )]
    NotABuildScript {
        /// The variable.
        name: &'static str,
    },
    /// The database could not be read.
    #[error("the schema could not be read from the database: {message}")]
    Database {
        /// Why.
        message: String,
    },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
