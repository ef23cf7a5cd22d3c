//! A plan as SQL: total, with every value bound. Looks nothing up and can't fail.

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
