//! The configuration: read from a file, the environment and the database, checked, and kept as a
//! value.
//!
//! Settings have PostgREST's names and meanings, so that an existing deployment keeps its own. The
//! database wins over the environment, and that over the file. Nothing is read twice: who wants the
//! configuration is handed a [`Config`].

mod build;
mod database;
mod dump;
mod environment;
mod error;
mod example;
mod file;
mod jwk;
mod keys;
mod legacy_path;
mod model;
mod role_path;
mod secret;
mod source;
mod syntax;
mod uri;
mod values;

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::config::{file::Settings, source::Source};

pub use self::{
    database::{DatabaseSettings, RoleSettings, read as read_database},
    dump::dump,
    environment::Environment,
    error::{ConfigError, Place, Warning},
    example::example,
    jwk::{Algorithm, Key as JwtKey, Material},
    keys::{KEYS, Key, find as find_key},
    legacy_path::LegacyPath,
    model::{Config, SchemaSleep},
    role_path::RolePath,
    secret::JwtSecret,
    values::{
        DbUri, FunctionName, Host, LogFormat, LogLevel, OpenApiMode, SocketMode, TraceHeader,
        TxEnd, Verbosity,
    },
};

/// Where a configuration comes from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// A file of settings.
    pub file: Option<&'a Path>,
    /// The environment.
    pub environment: &'a Environment,
    /// What [`read_database`] found; nothing before the first connection, and with
    /// `db-config = false`.
    pub database: &'a DatabaseSettings,
    /// The configuration of the running server, on reload: what is fixed is taken from it.
    pub running: Option<&'a Config>,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What was odd, to be logged.
    pub warnings: Vec<Warning>,
    /// On reload, the settings whose new value waits for a restart.
    pub waiting: Vec<&'static str>,
}

/// Reads a configuration.
///
/// ```
/// use phlo_http::config::{DatabaseSettings, Environment, Sources, load};
///
/// let environment = Environment::new([("PGRST_DB_SCHEMAS", "api, admin"), ("PGRST_DB_POOL", "4")]);
/// let database = DatabaseSettings::default();
/// let sources =
///     Sources { file: None, environment: &environment, database: &database, running: None };
/// let config = load(&sources)?.config;
/// assert_eq!(config.db_schemas, ["api", "admin"]);
/// assert_eq!(config.db_pool, 4);
/// # Ok::<(), phlo_http::config::ConfigError>(())
/// ```
///
/// # Errors
///
/// A file that cannot be read; a value that is not allowed.
pub fn load(sources: &Sources<'_>) -> Result<Loaded, ConfigError> {
    let settings = match sources.file {
        Some(path) => file::read(path, sources.environment)?,
        None => Settings::new(),
    };
    let mut source = Source::new(&settings, sources.environment, &sources.database.settings);
    let config = build::build(&mut source, sources)?;
    let warnings = source.warnings;
    let (config, waiting) = match sources.running {
        Some(running) => config.keeping_fixed(running),
        None => (config, Vec::new()),
    };
    Ok(Loaded { config, warnings, waiting })
}
