//! The one error type of the engine: what was wrong, where, and what to do about it.
//!
//! Errors are lowest in the import order: they hold codes and plain text, never a schema or a
//! request. Hints are computed where the failure is found and stored here as text.

mod code;
mod database;

use std::{error, fmt};

use serde_json::Value;

pub use self::{
    code::Code,
    database::{DatabaseError, Severity},
};

/// What a fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request could not be answered.
///
/// `Display` prints the message alone; the details, the hint and the source are asked for by name.
///
/// ```
/// use phlo_core::{Code, Error};
///
/// let error = Error::new(Code::UnknownTable, "Could not find the table 'api.fims'")
///     .with_hint("Perhaps you meant the table 'api.films'");
/// assert_eq!(error.code(), "PGRST205");
/// assert_eq!(error.to_string(), "Could not find the table 'api.fims'");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: String,
    details: Option<Value>,
    hint: Option<String>,
    database: Option<DatabaseError>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// An error of phlo's own, with a code from the table.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            details: None,
            hint: None,
            database: None,
            source: None,
        }))
    }

    /// An error that the database reported.
    pub fn database(error: DatabaseError) -> Self {
        Self(Box::new(Inner {
            code: Code::Database,
            message: error.message.clone(),
            details: error.detail.clone().map(Value::String),
            hint: error.hint.clone(),
            database: Some(error),
            source: None,
        }))
    }

    /// Adds what was found: text, or a list of candidates.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Value>) -> Self {
        self.0.details = Some(details.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a hint if there is one.
    #[must_use]
    pub fn with_optional_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The code that clients see: `PGRSTnnn`, or the database's SQLSTATE.
    pub fn code(&self) -> &str {
        self.0.database.as_ref().map_or_else(|| self.0.code.as_str(), |error| &error.sqlstate)
    }

    /// Which kind of error this is, to match on.
    pub fn kind(&self) -> Code {
        self.0.code
    }

    /// One sentence on what was wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What was found: text, or a list of candidates.
    pub fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The database's own report, if that is where the error comes from.
    pub fn as_database(&self) -> Option<&DatabaseError> {
        self.0.database.as_ref()
    }

    /// Whether the connection was lost or could not be made, so that trying again may help.
    pub fn is_connection(&self) -> bool {
        match &self.0.database {
            Some(error) => error.sqlstate.starts_with("08") || error.sqlstate == "57P01",
            None => matches!(self.0.code, Code::Connection | Code::ConnectionLost),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .field("hint", &self.0.hint)
            .field("source", &self.0.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_errors_keep_their_sqlstate() {
        let error = Error::database(DatabaseError {
            sqlstate: "23505".to_owned(),
            message: "duplicate key".to_owned(),
            detail: Some("Key (id)=(1) already exists.".to_owned()),
            ..DatabaseError::default()
        });
        assert_eq!(error.code(), "23505");
        assert_eq!(
            error.details(),
            Some(&Value::String("Key (id)=(1) already exists.".to_owned()))
        );
        assert!(!error.is_connection());
    }

    #[test]
    fn display_prints_its_own_level_only() {
        let error = Error::new(Code::Connection, "Database connection error.")
            .with_source(std::io::Error::other("refused"));
        assert_eq!(error.to_string(), "Database connection error.");
        assert!(error::Error::source(&error).is_some());
        assert!(error.is_connection());
    }
}
