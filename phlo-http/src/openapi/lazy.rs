//! JSON objects whose entries are made while they are written.
//!
//! A document of ten thousand tables is some fifty megabytes of text, but as a value in memory ten
//! or twenty times that. Written entry by entry, it never is a value as a whole.

use serde::{Serialize, Serializer};

/// An object made of the entries that a function gives.
pub(super) struct Entries<F>(pub(super) F);

impl<F, I, K, V> Serialize for Entries<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item = (K, V)>,
    K: Serialize,
    V: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map((self.0)())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_an_object() {
        let entries = Entries(|| [("a", 1), ("b", 2)]);
        assert_eq!(serde_json::to_string(&entries).unwrap(), r#"{"a":1,"b":2}"#);
        let nothing = Entries(Vec::<(&str, u8)>::new);
        assert_eq!(serde_json::to_string(&nothing).unwrap(), "{}");
    }
}
