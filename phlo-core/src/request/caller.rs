//! Who asks, and what the database is told about it.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Who asks: the role that the request runs as, and what its functions and policies can read.
#[derive(Clone, Debug, PartialEq)]
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
    /// The headers by lower-case name, without cookies, as a JSON object: `request.headers`.
    pub headers: String,
    /// The cookies as a JSON object: `request.cookies`.
    pub cookies: String,
}

impl Caller {
    /// A caller of that role with no claims, outside any HTTP request.
    ///
    /// ```
    /// use phlo_core::request::Caller;
    ///
    /// let caller = Caller::new("analyst");
    /// assert_eq!(caller.headers, "{}");
    /// ```
    pub fn new(role: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            claims: Map::new(),
            claims_json: None,
            method: String::new(),
            path: String::new(),
            headers: "{}".to_owned(),
            cookies: "{}".to_owned(),
        }
    }

    /// The same caller with these claims.
    #[must_use]
    pub fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self.claims_json = None;
        self
    }
}
