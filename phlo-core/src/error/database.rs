//! What the database said when it refused, field by field.

/// How bad the server found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed; the session goes on.
    #[default]
    Error,
    /// The session is over.
    Fatal,
    /// The server is going down.
    Panic,
}

/// An error report of PostgreSQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseError {
    /// Whether the session survived it.
    pub severity: Severity,
    /// The five characters of the SQLSTATE.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// The secondary message.
    pub detail: Option<String>,
    /// The server's suggestion.
    pub hint: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
}

impl DatabaseError {
    /// A report with a code and a message.
    pub fn new(sqlstate: impl Into<String>, message: impl Into<String>) -> Self {
        Self { sqlstate: sqlstate.into(), message: message.into(), ..Self::default() }
    }
}
