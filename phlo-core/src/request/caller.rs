//! Who asks, and what the database is told about it.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Who asks: the role that the request runs as, and what its functions and policies can read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caller {
    /// The database role.
    pub role: String,
    /// The claims of the token; `role` is filled in when they are handed on.
    pub claims: Map<String, Value>,
    /// The claims as JSON with the role filled in, where they were already written once.
    pub claims_json: Option<Arc<str>>,
    /// The method, as `request.method`.
    pub method: String,
    /// The path, as `request.path`.
    pub path: String,
    /// The headers by lower-case name, without cookies, as `request.headers`.
    pub headers: Vec<(String, String)>,
    /// The cookies, as `request.cookies`.
    pub cookies: Vec<(String, String)>,
}

impl Caller {
    /// A caller of that role with no claims, outside any HTTP request.
    pub fn new(role: impl Into<String>) -> Self {
        Self { role: role.into(), ..Self::default() }
    }
}
