//! How values and rows are shown in other forms: domain representations and media type handlers.

use serde::{Deserialize, Serialize};

use crate::schema::QualifiedName;

/// A cast between a domain and `json` or `text`, made by a function of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Representation {
    /// What is given.
    pub source: QualifiedName,
    /// What comes out.
    pub target: QualifiedName,
    /// The function that converts.
    pub function: QualifiedName,
}

/// What a media type handler applies to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum HandlerTarget {
    /// Rows of any table.
    AnyElement,
    /// Rows of this table, or the result of this function.
    Relation(QualifiedName),
}

/// An aggregate or function of the user that turns rows into a body of some media type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaHandler {
    /// What it applies to.
    pub target: HandlerTarget,
    /// The media type that it is asked for by; `*/*` for any.
    pub media_type: String,
    /// The media type that it makes.
    pub resolved_media_type: String,
    /// The aggregate; none if the result of the function is the body as it stands.
    pub function: Option<QualifiedName>,
}
