//! What the meaning of a read depends on, as one key: for those who keep what they made of it.

use crate::parse::Input;

/// The headers that a request without a body is read from.
pub(super) const HEADERS: [&str; 4] = ["accept", "accept-profile", "prefer", "range"];

/// Whether requests of a method have no body.
pub(super) fn is_read(method: &str) -> bool {
    ["GET", "HEAD"].contains(&method)
}

impl Input<'_> {
    /// A key that two reads share only if they mean the same, under the same options. None for
    /// other methods than `GET` and `HEAD`: those have a body.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use phlo_core::parse::Input;
    ///
    /// let body = Bytes::new();
    /// let film = Input { method: "GET", path: "/films", query: "id=eq.1", headers: &[], body: &body };
    /// let agent = Input { headers: &[("user-agent", "curl")], ..film };
    /// let counted = Input { headers: &[("prefer", "count=exact")], ..film };
    /// assert_eq!(film.read_key(), agent.read_key());
    /// assert_ne!(film.read_key(), counted.read_key());
    /// assert_eq!(Input { method: "POST", ..film }.read_key(), None);
    /// ```
    pub fn read_key(&self) -> Option<Vec<u8>> {
        if !is_read(self.method) {
            return None;
        }
        let mut key = Vec::with_capacity(16 + self.path.len() + self.query.len());
        for part in [self.method, self.path, self.query] {
            put(&mut key, part);
        }
        for (name, value) in self.headers {
            if HEADERS.contains(name) {
                put(&mut key, name);
                put(&mut key, value);
            }
        }
        Some(key)
    }
}

/// Appends a part with its length, so that no two lists of parts give the same bytes.
fn put(key: &mut Vec<u8>, part: &str) {
    key.extend_from_slice(&part.len().to_le_bytes());
    key.extend_from_slice(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn key(query: &str, headers: &[(&str, &str)]) -> Option<Vec<u8>> {
        let body = Bytes::new();
        Input { method: "GET", path: "/a", query, headers, body: &body }.read_key()
    }

    #[test]
    fn whatever_is_read_makes_a_difference() {
        let mut keys =
            vec![key("", &[]), key("x", &[]), key("", &[("prefer", "a"), ("prefer", "b")])];
        keys.push(key("", &[("prefer", "b"), ("prefer", "a")]));
        keys.extend(HEADERS.map(|name| key("", &[(name, "v")])));
        keys.extend(HEADERS.map(|name| key("", &[(name, "")])));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
