//! The notation for the role's place in a token before JSONPath: `.a."b-c"[0][?(@ == "x")]`.
//!
//! Text in, a path out, and the value at its end in a token's claims. Deprecated, but still read.

use std::fmt;

use serde_json::{Map, Value};

/// A path in the older notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `.name` or `."name"`.
    Key(String),
    /// `[0]`.
    Index(usize),
    /// `[?(@ == "text")]`, which can only come last.
    First(Comparison, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equals,
    Differs,
    StartsWith,
    EndsWith,
    Contains,
}

impl Comparison {
    /// In the order in which they have to be tried: `==^` begins with `==`.
    const ALL: [(&'static str, Self); 5] = [
        ("==^", Self::EndsWith),
        ("==", Self::Equals),
        ("!=", Self::Differs),
        ("^==", Self::StartsWith),
        ("*==", Self::Contains),
    ];

    fn holds(self, text: &str, pattern: &str) -> bool {
        match self {
            Self::Equals => text == pattern,
            Self::Differs => text != pattern,
            Self::StartsWith => text.starts_with(pattern),
            Self::EndsWith => text.ends_with(pattern),
            Self::Contains => text.contains(pattern),
        }
    }
}

impl LegacyPath {
    /// Reads a path, or says what was expected.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = if let Some(key) = rest.strip_prefix('.') {
                key_step(key)?
            } else if let Some(filter) = rest.strip_prefix("[?(") {
                let (step, after) = filter_step(filter)?;
                if !after.is_empty() {
                    return Err(format!("nothing may follow the filter, found `{after}`"));
                }
                (step, after)
            } else if let Some(index) = rest.strip_prefix('[') {
                index_step(index)?
            } else {
                return Err(format!("expected `.` or `[`, found `{rest}`"));
            };
            steps.push(step);
            rest = after;
        }
        if steps.is_empty() {
            return Err("expected `$`, `.` or `[`".to_owned());
        }
        Ok(Self(steps))
    }

    /// The value at the end of the path.
    pub(super) fn find<'v>(&self, claims: &'v Map<String, Value>) -> Option<&'v Value> {
        let mut steps = self.0.iter();
        let Some(Step::Key(first)) = steps.next() else { return None };
        let mut found = claims.get(first)?;
        for step in steps {
            found = match (step, found) {
                (Step::Key(key), Value::Object(object)) => object.get(key)?,
                (Step::Index(index), Value::Array(list)) => list.get(*index)?,
                (Step::First(comparison, pattern), Value::Array(list)) => list.iter().find(
                    |value| matches!(value, Value::String(text) if comparison.holds(text, pattern)),
                )?,
                _ => return None,
            };
        }
        Some(found)
    }
}

fn key_step(rest: &str) -> Result<(Step, &str), String> {
    if rest.starts_with('"') {
        let (text, rest) = quoted(rest)?;
        return Ok((Step::Key(text), rest));
    }
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '@'))
        .unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((key, rest)) if !key.is_empty() => Ok((Step::Key(key.to_owned()), rest)),
        _ => Err(format!("expected a name after `.`, found `{rest}`")),
    }
}

fn index_step(rest: &str) -> Result<(Step, &str), String> {
    let (digits, after) =
        rest.split_once(']').ok_or_else(|| format!("expected `]` in `[{rest}`"))?;
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(format!("expected a number or `?(` after `[`, found `{rest}`"));
    }
    let index = digits.parse().map_err(|_| format!("the number {digits} is too large"))?;
    Ok((Step::Index(index), after))
}

fn filter_step(rest: &str) -> Result<(Step, &str), String> {
    let rest = rest.strip_prefix('@').ok_or_else(|| format!("expected `@`, found `{rest}`"))?;
    let rest = rest.trim_start();
    let (comparison, rest) = Comparison::ALL
        .iter()
        .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?)))
        .ok_or_else(|| format!("expected ==, !=, ^==, ==^ or *==, found `{rest}`"))?;
    let (pattern, rest) = quoted(rest.trim_start())?;
    let rest = rest.strip_prefix(")]").ok_or_else(|| format!("expected `)]`, found `{rest}`"))?;
    Ok((Step::First(comparison, pattern), rest))
}

/// Text between quotes; there is no way to write a quote in it.
fn quoted(rest: &str) -> Result<(String, &str), String> {
    rest.strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
        .map(|(text, rest)| (text.to_owned(), rest))
        .ok_or_else(|| format!("expected text in quotes, found `{rest}`"))
}

impl fmt::Display for LegacyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Key(key) => write!(f, ".\"{key}\"")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::First(comparison, pattern) => {
                    let sign = Comparison::ALL
                        .iter()
                        .find_map(|(sign, other)| (other == comparison).then_some(*sign))
                        .unwrap_or_default();
                    write!(f, "[?(@ {sign} \"{pattern}\")]")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_print_canonically() {
        for (text, printed) in [
            (".a_role", ".\"a_role\""),
            (".a.$b@", ".\"a\".\"$b@\""),
            (".\"https://x/y\"[0].value", ".\"https://x/y\"[0].\"value\""),
            (".\"\"", ".\"\""),
            ("[1]", "[1]"),
            (".r[?(@ == \"x y\")]", ".\"r\"[?(@ == \"x y\")]"),
            (".r[?(@!=\"x\")]", ".\"r\"[?(@ != \"x\")]"),
            (".r[?(@ ^== \"x\")]", ".\"r\"[?(@ ^== \"x\")]"),
            (".r[?(@ ==^ \"x\")]", ".\"r\"[?(@ ==^ \"x\")]"),
            (".r[?(@ *== \"x\")]", ".\"r\"[?(@ *== \"x\")]"),
        ] {
            let path = LegacyPath::parse(text).unwrap();
            assert_eq!(path.to_string(), printed, "{text}");
            assert_eq!(LegacyPath::parse(printed).unwrap(), path, "{text}");
        }
    }

    #[test]
    fn errors() {
        for (text, expected) in [
            ("", "expected `$`, `.` or `[`"),
            ("role.other", "expected `.` or `[`, found `role.other`"),
            (".role##", "expected `.` or `[`, found `##`"),
            (".my_role;;domain", "expected `.` or `[`, found `;;domain`"),
            (".#$$%&$%/", "expected a name after `.`, found `#$$%&$%/`"),
            ("1234", "expected `.` or `[`, found `1234`"),
            (".role[?(@ =)]", "expected ==, !=, ^==, ==^ or *==, found `=)]`"),
            (".role[?(x)]", "expected `@`, found `x)]`"),
            (".role[?(@ == x)]", "expected text in quotes, found `x)]`"),
            (".role[?(@ == \"x\"]", "expected `)]`, found `]`"),
            (".role[?(@ == \"x\")].y", "nothing may follow the filter, found `.y`"),
            (".role[0", "expected `]` in `[0`"),
            (".role[]", "expected a number or `?(` after `[`, found `]`"),
            (".role[-1]", "expected a number or `?(` after `[`, found `-1]`"),
            (".role[99999999999999999999]", "the number 99999999999999999999 is too large"),
            (".\"role", "expected text in quotes, found `\"role`"),
        ] {
            assert_eq!(LegacyPath::parse(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn values_are_found() {
        let claims = json!({
            "role": "top",
            "object": {"roles": ["other", "author_test", 5, {"key": "value"}]},
            "https://x/y": [{"value": "deep"}],
        });
        let Value::Object(claims) = claims else { unreachable!() };
        for (text, expected) in [
            (".role", Some(json!("top"))),
            (".none", None),
            (".role.deeper", None),
            (".object.roles[1]", Some(json!("author_test"))),
            (".object.roles[9]", None),
            (".object[0]", None),
            (".\"https://x/y\"[0].value", Some(json!("deep"))),
            (".object.roles[?(@ == \"author_test\")]", Some(json!("author_test"))),
            (".object.roles[?(@ != \"other\")]", Some(json!("author_test"))),
            (".object.roles[?(@ ^== \"author\")]", Some(json!("author_test"))),
            (".object.roles[?(@ ==^ \"_test\")]", Some(json!("author_test"))),
            (".object.roles[?(@ *== \"hor_te\")]", Some(json!("author_test"))),
            (".object.roles[?(@ == \"value\")]", None),
            (".role[?(@ == \"top\")]", None),
            ("[0]", None),
        ] {
            let path = LegacyPath::parse(text).unwrap();
            assert_eq!(path.find(&claims), expected.as_ref(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[.a\"\\[\\]?(@=!^* )0]*") {
            let _ = LegacyPath::parse(&text);
        }
    }
}
