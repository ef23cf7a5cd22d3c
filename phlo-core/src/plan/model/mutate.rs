//! Changes as they are to be written, and the rows that they take from a body.

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::{
    plan::Condition,
    request::Resolution,
    schema::{CatalogSql, Ident, QualifiedName},
};

/// A change to a table.
#[derive(Clone, Debug, PartialEq)]
pub struct MutationPlan {
    /// The table.
    pub table: QualifiedName,
    /// Which change.
    pub kind: MutationKind,
    /// What is returned of changed rows; `*` for all, nothing if only their number counts.
    pub returning: Vec<Ident>,
}

/// Which change.
#[derive(Clone, Debug, PartialEq)]
pub enum MutationKind {
    /// New rows.
    Insert {
        /// The rows.
        rows: JsonRows,
        /// What happens where a row exists.
        conflict: Option<Conflict>,
        /// What must hold for a row to be written: the key of a PUT.
        conditions: Vec<Condition>,
        /// The primary key, if the place of the new row is asked for.
        location: Option<Vec<Ident>>,
    },
    /// New values.
    Update {
        /// The values: one row.
        values: JsonRows,
        /// Which rows change.
        conditions: Vec<Condition>,
    },
    /// No more of some rows.
    Delete {
        /// Which.
        conditions: Vec<Condition>,
    },
}

/// What happens where a row exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What happens.
    pub resolution: Resolution,
    /// The unique columns; never empty.
    pub columns: Vec<Ident>,
}

/// Rows that PostgreSQL reads from a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRows {
    /// The JSON.
    pub body: Bytes,
    /// Whether it is an object or an array of them.
    pub shape: JsonShape,
    /// What is taken from each object.
    pub columns: Vec<JsonColumn>,
    /// Whether missing keys take the column's default.
    pub defaults: bool,
}

impl JsonRows {
    /// How many rows a body of objects without any key stands for.
    pub fn count_empty(&self) -> u32 {
        match self.shape {
            JsonShape::Object => 1,
            JsonShape::Array => serde_json::from_slice::<Vec<IgnoredAny>>(&self.body)
                .map_or(0, |elements| u32::try_from(elements.len()).unwrap_or(u32::MAX)),
        }
    }
}

/// Whether a body is one object or an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonShape {
    /// One object.
    Object,
    /// An array of objects.
    Array,
}

impl JsonShape {
    /// Told by the first byte that isn't white space; PostgreSQL does the rest.
    pub fn of(body: &[u8]) -> Self {
        match body.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            Some(b'{') => Self::Object,
            _ => Self::Array,
        }
    }
}

/// A key of a JSON object that becomes a column or an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonColumn {
    /// The key, and the column.
    pub name: Ident,
    /// The type that it is read as.
    pub type_name: QualifiedName,
    /// Whether PostgreSQL takes what JSON has for the type from its text, as from a quoted literal:
    /// no element or field of it is looked at.
    pub from_text: bool,
    /// The function that then makes the column's value of it.
    pub transform: Option<QualifiedName>,
    /// The column's default.
    pub default: Option<CatalogSql>,
}
