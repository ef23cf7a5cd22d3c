//! JSON bodies: which keys their objects have, and whether all have the same.
//!
//! Reads the body once and keeps no value of it. Nesting costs no stack.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    error::Result,
    parse::payload::{refuse, utf8},
    request::{JsonOrigin, Payload},
    schema::Ident,
};

/// An object, or an array of objects with the same keys.
///
/// PostgREST: any other value counts as an empty array.
pub(super) fn parse_json(body: &Bytes) -> Result<Payload> {
    let invalid = || refuse("Empty or invalid json");
    let text = utf8(body)?;
    let mut keys = Keys::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let shape = Body(&mut keys).deserialize(&mut deserializer).map_err(|_| invalid())?;
    deserializer.end().map_err(|_| invalid())?;
    let raw = match shape {
        Shape::Objects => body.clone(),
        Shape::Nothing => Bytes::from_static(b"[]"),
        Shape::Mixed => return Err(refuse("All object keys must match")),
    };
    let keys = keys.places.into_keys().collect();
    Ok(Payload::Json { raw, keys, origin: JsonOrigin::Json })
}

/// What a body turned out to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// An object, or several with the same keys.
    Objects,
    /// An empty array or a scalar.
    Nothing,
    /// Objects with different keys, or something else among them.
    Mixed,
}

/// The keys of the first object, and which of them the current object has.
#[derive(Default)]
pub(super) struct Keys {
    /// In the order of the first object.
    order: Vec<Ident>,
    /// Where each of them stands in that order.
    places: BTreeMap<Ident, usize>,
    /// The last object in which each was seen.
    seen: Vec<usize>,
    /// Which object is being read, from 1.
    object: usize,
    /// How many different keys it has so far.
    count: usize,
    /// Where its next key would stand if its order were that of the first.
    next: usize,
    /// Whether an object had other keys than the first.
    differ: bool,
}

impl Keys {
    /// Whether an object had other keys than the first.
    pub(super) fn differ(&self) -> bool {
        self.differ
    }

    /// Whether no object was read but one.
    pub(super) fn is_first(&self) -> bool {
        self.object == 1
    }

    /// The keys of the first object.
    pub(super) fn names(&self) -> BTreeSet<Ident> {
        self.places.keys().cloned().collect()
    }

    fn begin_object(&mut self) {
        self.object += 1;
        (self.count, self.next) = (0, 0);
    }

    fn add(&mut self, key: &str) {
        let key = match key.bytes().position(|byte| byte == 0) {
            None => key,
            // A name ends at its first zero byte.
            Some(end) => key.get(..end).unwrap_or_default(),
        };
        let guess = self.order.get(self.next).filter(|known| known.as_str() == key);
        let place = match guess {
            Some(_) => self.next,
            None => match self.places.get(key) {
                Some(place) => *place,
                None if self.object == 1 => self.add_new(key),
                None => {
                    self.differ = true;
                    return;
                }
            },
        };
        self.next = place + 1;
        if let Some(seen) = self.seen.get_mut(place)
            && *seen != self.object
        {
            *seen = self.object;
            self.count += 1;
        }
    }

    fn add_new(&mut self, key: &str) -> usize {
        let (key, place) = (Ident::new(key), self.order.len());
        self.order.push(key.clone());
        self.places.insert(key, place);
        self.seen.push(0);
        place
    }

    fn end_object(&mut self) {
        self.differ |= self.count != self.order.len();
    }
}

/// The body as a whole.
struct Body<'k>(&'k mut Keys);

/// An item of an array; says whether it is an object.
pub(super) struct Item<'k>(pub(super) &'k mut Keys);

/// A key of an object.
struct Key<'k>(&'k mut Keys);

fn read_object<'de, A: MapAccess<'de>>(keys: &mut Keys, mut map: A) -> Result<(), A::Error> {
    keys.begin_object();
    while map.next_key_seed(Key(keys))?.is_some() {
        map.next_value::<IgnoredAny>()?;
    }
    keys.end_object();
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        self.0.add(key);
        Ok(())
    }
}

/// The methods of a visitor that take scalars, all with the same result.
macro_rules! scalars {
    ($value:ident = $result:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<$value, E> {
            Ok($result)
        }

        fn visit_i64<E>(self, _: i64) -> Result<$value, E> {
            Ok($result)
        }

        fn visit_u64<E>(self, _: u64) -> Result<$value, E> {
            Ok($result)
        }

        fn visit_f64<E>(self, _: f64) -> Result<$value, E> {
            Ok($result)
        }

        fn visit_str<E>(self, _: &str) -> Result<$value, E> {
            Ok($result)
        }

        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok($result)
        }
    };
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape, A::Error> {
        read_object(self.0, map).map(|()| Shape::Objects)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::Nothing;
        // An array that can't be used is read to its end all the same: it may not be JSON at all,
        // which is the first thing to say.
        while let Some(is_object) = items.next_element_seed(Item(self.0))? {
            if !is_object || self.0.differ {
                shape = Shape::Mixed;
            } else if shape == Shape::Nothing {
                shape = Shape::Objects;
            }
        }
        Ok(shape)
    }

    scalars!(Shape = Shape::Nothing);
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        read_object(self.0, map).map(|()| true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    scalars!(bool = false);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse_json(&Bytes::copy_from_slice(text.as_bytes())) {
            Ok(Payload::Json { raw, keys, .. }) => {
                format!("{} {keys:?}", String::from_utf8_lossy(&raw))
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn objects_forward_as_they_came() {
        for (text, expected) in [
            (r#"{"b":1,"a":[{"c":2}]}"#, r#"{"b":1,"a":[{"c":2}]} {"a", "b"}"#),
            (r#" [ {"a":1} , {"a":2} ] "#, r#" [ {"a":1} , {"a":2} ]  {"a"}"#),
            (r#"[{"a":1,"b":2},{"b":3,"a":4}]"#, r#"[{"a":1,"b":2},{"b":3,"a":4}] {"a", "b"}"#),
            (r#"[{"a":1,"a":2},{"a":3}]"#, r#"[{"a":1,"a":2},{"a":3}] {"a"}"#),
            (
                r#"[{"a":1,"b":1},{"b":2,"b":3,"a":4}]"#,
                r#"[{"a":1,"b":1},{"b":2,"b":3,"a":4}] {"a", "b"}"#,
            ),
            (r#"[{"a":1},{"a":1}]"#, r#"[{"a":1},{"a":1}] {"a"}"#),
            (r#"{"a":1e999,"b":"😀"}"#, r#"{"a":1e999,"b":"😀"} {"a", "b"}"#),
            ("[{},{}]", "[{},{}] {}"),
            ("{}", "{} {}"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_an_empty_array() {
        for text in ["[]", "1", "-1", "1.5", "true", "null", r#""x""#, r#""\u00e9""#] {
            assert_eq!(read(text), "[] {}", "{text}");
        }
    }

    #[test]
    fn keys_must_match() {
        for text in [
            r#"[{"a":1},{"b":1}]"#,
            r#"[{"a":1},{"a":1,"b":1}]"#,
            r#"[{"a":1,"b":1},{"a":1}]"#,
            r#"[{"a":1,"b":1},{"a":1,"a":1}]"#,
            r#"[{"a":1},123,"x"]"#,
            r#"[1,{"a":1}]"#,
            r#"[[{"a":1}]]"#,
            "[null]",
        ] {
            assert_eq!(read(text), "All object keys must match", "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_said_first() {
        for text in [
            "",
            " ",
            "}{ x = 2",
            "{",
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            r#"{"a"}"#,
            r#"{"a":01}"#,
            "{a:1}",
            "[1,{]",
            r#"[{"a":1},1,}"#,
            r#"{"a":1} x"#,
            r#"{"a":"\x"}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(read(text), "Empty or invalid json", "{text}");
        }
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(read(&deep), format!("{deep} {{\"a\"}}"));
        assert_eq!(read(&"[".repeat(200_000)), "Empty or invalid json");
    }
}
