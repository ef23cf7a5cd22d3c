//! A plan as SQL: total, with every value bound. Looks nothing up and can't fail.

/// Makes the transaction read-only, as one of the expressions of its settings.
///
/// An executor adds it to a transaction that may not write if the settings don't have it; to the
/// server it is cheaper among them than as a statement of its own. The function's schema is named,
/// as it should be in all settings: they run before anything is known about the search path.
pub const READ_ONLY_SETTING: &str = "pg_catalog.set_config('transaction_read_only', 'on', true)";

/// A statement with its parameters, ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The SQL; placeholders are exactly `$1..$n`, each used once.
    pub sql: String,
    /// The values of the placeholders, in order.
    pub params: Vec<Param>,
}

impl Statement {
    /// A constant statement without parameters.
    pub fn constant(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), params: Vec::new() }
    }
}

/// A value bound to a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// SQL null.
    Null,
    /// Text of no declared type: PostgreSQL reads it as whatever the context wants.
    Text(String),
    /// A `bytea`, in the binary format.
    Binary(Vec<u8>),
}
