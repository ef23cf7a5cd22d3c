//! Names of Rust from names of the database: in Rust's cases, never a keyword, never twice.

use std::collections::BTreeSet;

/// Words that can't be names unless they are raw.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that can't be names at all.
const RESERVED: &[&str] = &["self", "super", "crate", "Self", "_"];

/// A module, field or function: `snake_case`.
pub(crate) fn snake(name: &str) -> String {
    let name = words(name).join("_");
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { safe(name) }
}

/// A type or variant: `UpperCamelCase`.
pub(crate) fn camel(name: &str) -> String {
    let capitalized = |word: &String| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let words = words(name);
    let name: String = words.iter().map(capitalized).collect();
    if name.is_empty() { "Unnamed".to_owned() } else { safe(name) }
}

/// A constant: `SCREAMING_SNAKE_CASE`.
pub(crate) fn screaming(name: &str) -> String {
    let words = words(name);
    if words.is_empty() { "UNNAMED".to_owned() } else { safe(words.join("_").to_uppercase()) }
}

fn safe(name: String) -> String {
    if name.is_empty() {
        "unnamed".to_owned()
    } else if name.starts_with(char::is_numeric) {
        format!("_{name}")
    } else if RESERVED.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

/// The words of a name in lower case: what is between other characters than letters and digits, and
/// what begins with a capital letter after a small one.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for letter in name.chars() {
        // Letters that have no place in a name of Rust are few, and dropped like punctuation.
        let fits = letter.is_ascii_alphanumeric() || (!letter.is_ascii() && letter.is_alphabetic());
        if !fits || (letter.is_uppercase() && after_small) {
            words.push(String::new());
        }
        if fits && let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        after_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The names of a scope, each given once.
#[derive(Debug, Default)]
pub(crate) struct Scope(BTreeSet<String>);

impl Scope {
    /// A scope in which some names are taken.
    pub(crate) fn with(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// The name, or if it is taken the name with the next number.
    pub(crate) fn claim(&mut self, name: String) -> String {
        self.numbered(name, "_")
    }

    /// The same for the name of a type or variant, in which there are no underscores.
    pub(crate) fn claim_type(&mut self, name: String) -> String {
        self.numbered(name, "")
    }

    fn numbered(&mut self, name: String, between: &str) -> String {
        if self.0.insert(name.clone()) {
            return name;
        }
        let plain = name.strip_prefix("r#").unwrap_or(&name);
        let mut number = 2_u32;
        loop {
            let numbered = format!("{plain}{between}{number}");
            if self.0.insert(numbered.clone()) {
                return numbered;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_customs_of_rust() {
        for (name, as_snake, as_camel, as_constant) in [
            ("order_items", "order_items", "OrderItems", "ORDER_ITEMS"),
            ("OrderItems", "order_items", "OrderItems", "ORDER_ITEMS"),
            ("type", "r#type", "Type", "TYPE"),
            ("self", "self_", "Self_", "SELF"),
            ("2fast", "_2fast", "_2fast", "_2FAST"),
            ("the \"number\"", "the_number", "TheNumber", "THE_NUMBER"),
            ("größe", "größe", "Größe", "GRÖSSE"),
            ("HTTPStatus", "httpstatus", "Httpstatus", "HTTPSTATUS"),
            ("_private", "private", "Private", "PRIVATE"),
            ("--", "unnamed", "Unnamed", "UNNAMED"),
            ("人", "人", "人", "人"),
        ] {
            assert_eq!(snake(name), as_snake);
            assert_eq!(camel(name), as_camel);
            assert_eq!(screaming(name), as_constant);
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut scope = Scope::with(&["Row"]);
        assert_eq!(scope.claim_type("Row".into()), "Row2");
        assert_eq!(scope.claim("r#type".into()), "r#type");
        assert_eq!(scope.claim("r#type".into()), "type_2");
        assert_eq!(scope.claim("type_2".into()), "type_2_2");
    }
}
