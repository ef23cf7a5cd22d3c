//! What the meaning of a request depends on, as one key: for those who keep what they made of it.

use crate::{
    parse::{Input, accept::media_type, payload},
    request::MediaType,
};

/// The headers that a request without a body is read from.
const OF_READS: [&str; 4] = ["accept", "accept-profile", "prefer", "range"];
/// The headers that any other request is read from.
const OF_CHANGES: [&str; 4] = ["accept", "content-profile", "content-type", "prefer"];

/// Longer bodies have no key. It takes reading them, and they take so long in the database that
/// there would be nothing to win.
const LONGEST_BODY: usize = 8 * 1024;

/// The headers that a request of a method is read from.
pub(super) fn headers(method: &str) -> &'static [&'static str] {
    if ["POST", "PUT", "PATCH", "DELETE"].contains(&method) { &OF_CHANGES } else { &OF_READS }
}

impl Input<'_> {
    /// A key that two requests share only if they mean the same, under the same options, but for
    /// the values in a body of JSON: those are objects with the same keys. None where that can't be
    /// said, as of other bodies, of long ones and of those that can't be read.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use phlo_core::parse::Input;
    ///
    /// let body = Bytes::new();
    /// let film = Input { method: "GET", path: "/films", query: "id=eq.1", headers: &[], body: &body };
    /// let agent = Input { headers: &[("user-agent", "curl")], ..film };
    /// let counted = Input { headers: &[("prefer", "count=exact")], ..film };
    /// assert_eq!(film.key(), agent.key());
    /// assert_ne!(film.key(), counted.key());
    ///
    /// let (tango, alien) = (Bytes::from(r#"{"title": "Tango"}"#), Bytes::from(r#"{"title": "Alien"}"#));
    /// let new = Input { method: "POST", query: "", body: &tango, ..film };
    /// assert_eq!(new.key(), Input { body: &alien, ..new }.key());
    /// assert_eq!(Input { body: &Bytes::from("title"), ..new }.key(), None);
    /// ```
    pub fn key(&self) -> Option<Vec<u8>> {
        let mut key = Vec::with_capacity(64 + self.path.len() + self.query.len());
        for part in [self.method, self.path, self.query] {
            put(&mut key, part);
        }
        let known = headers(self.method);
        for (name, value) in self.headers {
            if known.contains(name) {
                put(&mut key, name);
                put(&mut key, value);
            }
        }
        match self.method {
            "GET" | "HEAD" | "DELETE" => Some(key),
            "POST" | "PUT" | "PATCH" => {
                put_shape(&mut key, self)?;
                Some(key)
            }
            _ => None,
        }
    }
}

/// Appends what of a body something may depend on. None if that is all of it.
fn put_shape(key: &mut Vec<u8>, input: &Input<'_>) -> Option<()> {
    let is_json = input.header("content-type").is_none_or(|it| media_type(it) == MediaType::Json);
    if !is_json || input.body.len() > LONGEST_BODY {
        return None;
    }
    // Of objects without keys their number counts.
    let keys = payload::json_keys(input.body).filter(|keys| !keys.is_empty())?;
    // Whether it is an object or an array of them.
    key.extend(input.body.trim_ascii_start().first());
    for name in keys {
        put(key, &name);
    }
    Some(())
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

    fn key(method: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Option<Vec<u8>> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Input { method, path: "/a", query, headers, body: &body }.key()
    }

    fn assert_all_differ(mut keys: Vec<Option<Vec<u8>>>) {
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn whatever_is_read_makes_a_difference() {
        for (method, names, body) in
            [("GET", OF_READS, ""), ("DELETE", OF_CHANGES, ""), ("POST", OF_CHANGES, "{\"a\":1}")]
        {
            let key = |query, headers: &[(&str, &str)]| key(method, query, headers, body);
            let mut keys =
                vec![key("", &[]), key("x", &[]), key("", &[("prefer", "a"), ("prefer", "b")])];
            keys.push(key("", &[("prefer", "b"), ("prefer", "a")]));
            keys.extend(names.map(|name| key("", &[(name, "application/json")])));
            keys.extend(names.map(|name| key("", &[(name, "application/json;x=y")])));
            assert_all_differ(keys);
        }
    }

    #[test]
    fn of_bodies_the_shape_makes_a_difference() {
        let of = |body| key("POST", "", &[], body);
        assert_all_differ(vec![
            of(r#"{"a":1}"#),
            of(r#"[{"a":1}]"#),
            of(r#"{"b":1}"#),
            of(r#"{"a":1,"b":1}"#),
            of(r#"{"ab":1}"#),
        ]);
        for (left, right) in [
            (r#"{"a":1,"b":[]}"#, r#" {"b":null,"a":"x"}"#),
            (r#"[{"a":1},{"a":2}]"#, r#"[{"a":{"b":1}}]"#),
        ] {
            assert!(of(left).is_some());
            assert_eq!(of(left), of(right));
        }
    }

    #[test]
    fn what_cannot_be_told_has_no_key() {
        for (headers, body) in [
            (&[][..], ""),
            (&[], "{}"),
            (&[], "[]"),
            (&[], "[{}]"),
            (&[], "1"),
            (&[], "{\"a\":1"),
            (&[], r#"[{"a":1},{"b":1}]"#),
            (&[("content-type", "text/csv")], "{\"a\":1}"),
            (&[("content-type", "application/x-ndjson")], "{\"a\":1}"),
            (&[("content-type", "application/x-www-form-urlencoded")], "{\"a\":1}"),
        ] {
            assert_eq!(key("POST", "", headers, body), None, "{headers:?} {body}");
        }
        assert_eq!(key("OPTIONS", "", &[], ""), None);
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST_BODY));
        assert_eq!(key("POST", "", &[], &long), None);
    }
}
