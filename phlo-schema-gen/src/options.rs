//! What can be chosen about the generated code.

use std::collections::BTreeMap;

/// What can be chosen about the generated code; see the methods of
/// [`Generator`](crate::Generator).
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The schemas; all of the snapshot if empty.
    pub(crate) schemas: Vec<String>,
    /// Tables and functions to take, as patterns; all if empty.
    pub(crate) include: Vec<String>,
    /// Tables and functions to leave out, as patterns.
    pub(crate) exclude: Vec<String>,
    /// Names of Rust for tables, columns and functions.
    pub(crate) renames: BTreeMap<String, String>,
    /// Types of Rust for types and columns.
    pub(crate) types: BTreeMap<String, String>,
    /// Columns of views that are never null.
    pub(crate) not_null: Vec<String>,
    /// More traits to derive for the structs.
    pub(crate) derives: Vec<String>,
    /// Whether structs and enums are written and read by `serde`.
    pub(crate) serde: bool,
    /// Whether structs describe themselves to `utoipa`.
    pub(crate) utoipa: bool,
    /// Who sees the items.
    pub(crate) visibility: Visibility,
}

/// Who sees the generated items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody who sees the module: `pub`.
    #[default]
    Public,
    /// This crate: `pub(crate)`.
    Crate,
}

impl Visibility {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "pub",
            Self::Crate => "pub(crate)",
        }
    }
}

/// Whether a name fits a pattern, in which `*` stands for any text.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("api.films", "api.films", true),
            ("api.films", "api.films2", false),
            ("api.*", "api.films", true),
            ("*", "", true),
            ("*.film*s", "api.filmless", true),
            ("*.film*s", "api.filmy", false),
            ("a*a", "a", false),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
