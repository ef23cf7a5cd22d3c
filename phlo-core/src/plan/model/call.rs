//! Calls as they are to be written.

use bytes::Bytes;

use crate::{
    plan::JsonRows,
    schema::{Ident, QualifiedName},
};

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPlan {
    /// The function.
    pub function: QualifiedName,
    /// What it is given.
    pub arguments: ArgumentsPlan,
    /// Whether it returns a value, or a set of values, rather than rows.
    pub scalar: bool,
    /// Whether it returns at most one row.
    pub single: bool,
    /// Whether it returns nothing.
    pub void: bool,
    /// The columns of its result that are needed; `*` or nothing for all.
    pub returning: Vec<Ident>,
}

/// What a function is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentsPlan {
    /// The whole body, as its only parameter.
    Whole {
        /// The body.
        body: Bytes,
        /// The type of the parameter.
        type_name: QualifiedName,
    },
    /// Arguments by name.
    Named(Vec<NamedArgument>),
    /// Arguments by name, read from a JSON object.
    Json {
        /// The object.
        rows: JsonRows,
        /// The parameter that is variadic, if it is given.
        variadic: Option<Ident>,
    },
}

/// An argument by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedArgument {
    /// The parameter.
    pub name: Ident,
    /// Its type.
    pub type_name: QualifiedName,
    /// What it is given.
    pub value: ArgumentValue,
}

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// One value.
    Single(String),
    /// All values of a variadic parameter.
    Variadic(Vec<String>),
}
