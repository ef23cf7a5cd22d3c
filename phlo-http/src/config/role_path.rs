//! Where a token says its role: a JSONPath (RFC 9535), or a path in the older notation.
//!
//! Text in, and the role in a token's claims out. Does not know what a role may be.

use std::fmt;

use serde_json::{Map, Value};
use serde_json_path::JsonPath;

use crate::config::{error::ConfigError, legacy_path::LegacyPath};

/// The place of the role in the claims of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct RolePath {
    text: String,
    notation: Notation,
}

#[derive(Clone, Debug, PartialEq)]
enum Notation {
    /// One claim of this name, `$.name`: nearly every path there is.
    Claim(String),
    /// Any JSONPath.
    Json(Box<JsonPath>),
    /// The older notation.
    Legacy(LegacyPath),
}

impl RolePath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// The text is a path in neither of the notations.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let refused = |why: String| {
            ConfigError::new(format!(
                "failed to parse role-claim-key value ({text}): {why}. Allowed: a JSONPath, such \
                 as $.role"
            ))
        };
        let notation = if text.starts_with('$') {
            let path = JsonPath::parse(text).map_err(|error| refused(error.to_string()))?;
            match text.strip_prefix("$.") {
                Some(name) if is_plain(name) => Notation::Claim(name.to_owned()),
                _ => Notation::Json(Box::new(path)),
            }
        } else {
            Notation::Legacy(LegacyPath::parse(text).map_err(refused)?)
        };
        Ok(Self { text: text.to_owned(), notation })
    }

    /// Whether the path is in the older notation, which is deprecated.
    pub fn is_legacy(&self) -> bool {
        matches!(self.notation, Notation::Legacy(_))
    }

    /// The role: the first value at the path, and if that is no text, its JSON.
    pub fn find(&self, claims: &Map<String, Value>) -> Option<String> {
        let role = |value: &Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        match &self.notation {
            Notation::Claim(name) => claims.get(name).map(role),
            Notation::Legacy(path) => path.find(claims).map(role),
            Notation::Json(path) => {
                let claims = Value::Object(claims.clone());
                path.query(&claims).first().map(role)
            }
        }
    }
}

fn is_plain(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Default for RolePath {
    fn default() -> Self {
        let name = "role".to_owned();
        Self { text: format!("$.{name}"), notation: Notation::Claim(name) }
    }
}

impl fmt::Display for RolePath {
    /// A JSONPath as it was written; the older notation canonically.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.notation {
            Notation::Legacy(path) => path.fmt(f),
            Notation::Claim(_) | Notation::Json(_) => f.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_found() {
        for (path, claims, expected) in [
            ("$.role", json!({"role": "a"}), Some("a")),
            ("$.role", json!({}), None),
            ("$.role", json!({"role": null}), Some("null")),
            ("$.role", json!({"role": 5}), Some("5")),
            ("$.role", json!({"role": {"b": 1}}), Some("{\"b\":1}")),
            ("$.a.b", json!({"a": {"b": "x"}}), Some("x")),
            ("$.a[1]", json!({"a": ["x", "y"]}), Some("y")),
            ("$.a[-1]", json!({"a": ["x", "y"]}), Some("y")),
            ("$.a[3]", json!({"a": ["x", "y"]}), None),
            ("$[\"https://x/y\"][0].value", json!({"https://x/y": [{"value": "z"}]}), Some("z")),
            ("$.a.r[?(@ == \"y\")]", json!({"a": {"r": ["x", "y"]}}), Some("y")),
            ("$.a.r[?(@ != \"x\")]", json!({"a": {"r": ["x", "y"]}}), Some("y")),
            ("$.r[?search(@, \"^te\")]", json!({"r": ["x", "test"]}), Some("test")),
            ("$..role", json!({"a": {"role": "deep"}}), Some("deep")),
            (".a.b", json!({"a": {"b": "x"}}), Some("x")),
        ] {
            let Value::Object(claims) = claims else { unreachable!() };
            let found = RolePath::parse(path).unwrap().find(&claims);
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn paths_print_what_they_read() {
        for (text, printed, legacy) in
            [("$.role", "$.role", false), ("$.a['b']", "$.a['b']", false), (".a", ".\"a\"", true)]
        {
            let path = RolePath::parse(text).unwrap();
            assert_eq!((path.to_string().as_str(), path.is_legacy()), (printed, legacy));
        }
        assert_eq!(RolePath::parse("$.role").unwrap(), RolePath::default());
    }

    #[test]
    fn bad_paths_are_refused() {
        for text in ["$.my_role;;domain", "@@.role.other", "$", "$[", "1234", ""] {
            let refused = RolePath::parse(text).is_err();
            // `$` is the whole token, which is odd but a path.
            assert_eq!(refused, text != "$", "{text}");
        }
    }
}
