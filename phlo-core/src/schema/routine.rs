//! Functions that can be called, with their parameters and what they return.

use serde::{Deserialize, Serialize};

use crate::schema::{Ident, QualifiedName};

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routine {
    /// Schema and name; several overloads may share it.
    pub name: QualifiedName,
    /// Its comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its input parameters in order.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Returns,
    /// What it promises about its effects.
    pub volatility: Volatility,
    /// The isolation level that its `default_transaction_isolation` setting asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Its settings (`SET name = value`) that are to hold for the whole transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<(String, String)>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; empty if it has none.
    pub name: Ident,
    /// Its type.
    pub type_name: QualifiedName,
    /// Its type as PostgreSQL prints it.
    pub type_label: String,
    /// Whether it has no default.
    pub required: bool,
    /// Whether it takes all further arguments as an array.
    pub variadic: bool,
}

/// What a function returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returns {
    /// Whether it returns a set.
    pub is_set: bool,
    /// A value or a row.
    pub kind: ReturnKind,
    /// The columns of the row, unless it is one of an exposed table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ReturnedColumn>,
}

/// A column of the rows that a function returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedColumn {
    /// Its name.
    pub name: Ident,
    /// Its type; a domain is kept.
    pub type_name: QualifiedName,
    /// The type below all domains.
    pub base_type: QualifiedName,
    /// Its type as PostgreSQL prints it.
    pub type_label: String,
}

/// Whether a function's result is a value or a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "type", rename_all = "snake_case")]
pub enum ReturnKind {
    /// A value of that type.
    Scalar(QualifiedName),
    /// A row: of a table, of a composite type, or (`pg_catalog.record`) of its OUT parameters.
    Composite(QualifiedName),
}

/// What a function promises about its effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// No effects, and the same result for the same arguments for ever.
    Immutable,
    /// No effects, and the same result within a statement.
    Stable,
    /// Anything.
    Volatile,
}

/// An isolation level of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// The transaction sees what was committed before it.
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

impl Isolation {
    /// Reads a value of `default_transaction_isolation`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "serializable" => Some(Self::Serializable),
            "repeatable read" => Some(Self::RepeatableRead),
            "read committed" | "read uncommitted" => Some(Self::ReadCommitted),
            _ => None,
        }
    }
}

impl Routine {
    /// Whether it returns one value.
    pub fn returns_scalar(&self) -> bool {
        !self.returns.is_set && matches!(self.returns.kind, ReturnKind::Scalar(_))
    }

    /// Whether it returns a set of values.
    pub fn returns_set_of_scalar(&self) -> bool {
        self.returns.is_set && matches!(self.returns.kind, ReturnKind::Scalar(_))
    }

    /// Whether it returns one row.
    pub fn returns_single_composite(&self) -> bool {
        !self.returns.is_set && matches!(self.returns.kind, ReturnKind::Composite(_))
    }

    /// Whether it returns nothing.
    pub fn returns_void(&self) -> bool {
        !self.returns.is_set
            && matches!(&self.returns.kind, ReturnKind::Scalar(name) if name.is_catalog("void"))
    }

    /// The name of the table or composite type whose rows it returns.
    pub fn returned_relation(&self) -> Option<&QualifiedName> {
        match &self.returns.kind {
            ReturnKind::Composite(name) => Some(name),
            ReturnKind::Scalar(_) => None,
        }
    }

    /// Whether its last parameter is variadic.
    pub fn is_variadic(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.variadic)
    }
}
