//! The types of the standard library that stand for types of the database, and JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::dsl::value::{Cell, Scalar, Unreadable, Value, unquoted};

/// A value of `json` or `jsonb`.
pub use serde_json::Value as Json;

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Scalar for $number {
            fn from_text(text: &str) -> Result<Self, Unreadable> {
                // PostgreSQL writes the infinities and `NaN` in a way that Rust reads.
                text.parse().map_err(|_| Unreadable::new(concat!("it is no ", stringify!($number))))
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }

            fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
                Ok(Self::from_be_bytes(sized(bytes)?))
            }

            fn write_json(&self, to: &mut String) {
                let text = self.to_string();
                // JSON has no words for what isn't finite.
                match text.as_str() {
                    "NaN" => to.push_str("\"NaN\""),
                    "inf" => to.push_str("\"Infinity\""),
                    "-inf" => to.push_str("\"-Infinity\""),
                    finite => to.push_str(finite),
                }
            }
        }
    )*};
}

numbers!(i16, i32, i64, f32, f64);

impl Scalar for bool {
    fn from_text(text: &str) -> Result<Self, Unreadable> {
        match text {
            "t" | "true" => Ok(true),
            "f" | "false" => Ok(false),
            _ => Err(Unreadable::new("it is no bool")),
        }
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "true" } else { "false" })
    }

    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        let [byte] = sized(bytes)?;
        Ok(byte != 0)
    }

    fn write_json(&self, to: &mut String) {
        to.push_str(&self.to_text());
    }
}

impl Scalar for String {
    fn from_text(text: &str) -> Result<Self, Unreadable> {
        Ok(text.to_owned())
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }

    fn from_json(json: &str) -> Result<Self, Unreadable> {
        unquoted(json).map(Cow::into_owned)
    }
}

/// A function's result of no value.
impl Scalar for () {
    fn from_text(_: &str) -> Result<Self, Unreadable> {
        Ok(())
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
}

impl Scalar for Json {
    fn from_text(text: &str) -> Result<Self, Unreadable> {
        serde_json::from_str(text).map_err(|error| Unreadable::new(error.to_string()))
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }

    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        // The binary format of `jsonb` is a version, which no JSON begins with, and the text.
        let bytes = bytes.strip_prefix(&[1]).unwrap_or(bytes);
        serde_json::from_slice(bytes).map_err(|error| Unreadable::new(error.to_string()))
    }

    fn from_json(json: &str) -> Result<Self, Unreadable> {
        Self::from_text(json)
    }

    fn write_json(&self, to: &mut String) {
        to.push_str(&self.to_string());
    }
}

/// An array of the database. Elements may be null if their type is an `Option`; an array of several
/// dimensions is read as all its elements in a row.
impl<V: Value> Scalar for Vec<V> {
    const CAST: Option<&'static str> = V::Scalar::ARRAY_CAST;
    const ARRAY_CAST: Option<&'static str> = Self::CAST;
    const IS_ARRAY: bool = true;

    fn from_text(_: &str) -> Result<Self, Unreadable> {
        Err(Unreadable::new("arrays are not read from text"))
    }

    fn to_text(&self) -> Cow<'_, str> {
        let elements = self.iter().map(|element| match element.as_scalar() {
            None => "NULL".to_owned(),
            Some(element) => {
                let text = element.to_text();
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
        });
        Cow::Owned(format!("{{{}}}", elements.collect::<Vec<_>>().join(",")))
    }

    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut bytes = bytes;
        let dimensions = take_i32(&mut bytes)?;
        // Whether there are nulls, and the type of elements.
        let (_, _) = (take_i32(&mut bytes)?, take_i32(&mut bytes)?);
        for _ in 0..dimensions {
            let (_, _) = (take_i32(&mut bytes)?, take_i32(&mut bytes)?);
        }
        let mut elements = Self::new();
        while !bytes.is_empty() {
            let cell = match usize::try_from(take_i32(&mut bytes)?) {
                // A negative length means null.
                Err(_) => Cell::Null,
                Ok(length) => {
                    let (element, rest) = bytes.split_at_checked(length).ok_or_else(cut_short)?;
                    bytes = rest;
                    Cell::Binary(element)
                }
            };
            elements.push(V::read(cell)?);
        }
        Ok(elements)
    }

    fn from_json(json: &str) -> Result<Self, Unreadable> {
        let elements: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|error| Unreadable::new(error.to_string()))?;
        elements.iter().map(|element| V::read(cell_of(element))).collect()
    }

    fn write_json(&self, to: &mut String) {
        to.push('[');
        for (index, element) in self.iter().enumerate() {
            if index > 0 {
                to.push(',');
            }
            match element.as_scalar() {
                None => to.push_str("null"),
                Some(element) => element.write_json(to),
            }
        }
        to.push(']');
    }
}

/// A member or element of JSON as a cell.
pub(crate) fn cell_of(json: &RawValue) -> Cell<'_> {
    match json.get() {
        "null" => Cell::Null,
        text => Cell::Json(text),
    }
}

/// Bytes: a `bytea`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Scalar for Bytes {
    fn from_text(text: &str) -> Result<Self, Unreadable> {
        let wrong = || Unreadable::new("it is no bytea in hexadecimal digits");
        let digits = text.strip_prefix("\\x").ok_or_else(wrong)?.as_bytes();
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
        let pairs = digits.chunks(2).map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        });
        pairs.collect::<Option<_>>().map(Self).ok_or_else(wrong)
    }

    fn to_text(&self) -> Cow<'_, str> {
        let digits = self.0.iter().map(|byte| format!("{byte:02x}"));
        Cow::Owned(std::iter::once("\\x".to_owned()).chain(digits).collect())
    }

    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        Ok(Self(bytes.to_vec()))
    }
}

/// Exactly so many bytes.
pub(crate) fn sized<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Unreadable> {
    <[u8; N]>::try_from(bytes).map_err(|_| {
        Unreadable::new(format!("it has {} bytes where {N} are expected", bytes.len()))
    })
}

fn take_i32(bytes: &mut &[u8]) -> Result<i32, Unreadable> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_short)?;
    *bytes = rest;
    Ok(i32::from_be_bytes(*number))
}

fn cut_short() -> Unreadable {
    Unreadable::new("an array is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &impl Scalar) -> String {
        let mut text = String::new();
        value.write_json(&mut text);
        text
    }

    #[test]
    fn numbers_that_are_not_finite_become_strings() {
        assert_eq!(json(&1.5_f64), "1.5");
        assert_eq!(json(&f64::NAN), "\"NaN\"");
        assert_eq!(json(&f64::NEG_INFINITY), "\"-Infinity\"");
        assert_eq!(f64::from_json("\"-Infinity\""), Ok(f64::NEG_INFINITY));
    }

    #[test]
    fn arrays_are_read_from_both_formats() {
        let mut bytes = Vec::new();
        for number in [1, 1, 23, 3, 1, 4, 7, -1, 4, 9] {
            bytes.extend(i32::to_be_bytes(number));
        }
        assert_eq!(Vec::<Option<i32>>::from_binary(&bytes), Ok(vec![Some(7), None, Some(9)]));
        assert_eq!(Vec::<i32>::from_binary(&bytes), Err(Unreadable::new("it is null")));
        assert_eq!(Vec::<i32>::from_binary(&bytes[..30]), Err(cut_short()));
        assert_eq!(Vec::<Option<i32>>::from_json("[7, null]"), Ok(vec![Some(7), None]));
        let empty: Vec<u8> = [0, 0, 23].into_iter().flat_map(i32::to_be_bytes).collect();
        assert_eq!(Vec::<i32>::from_binary(&empty), Ok(vec![]));
    }

    #[test]
    fn array_elements_are_quoted() {
        let array = vec![Some("a\"b\\".to_owned()), None];
        assert_eq!(array.to_text(), r#"{"a\"b\\",NULL}"#);
        assert_eq!(json(&array), r#"["a\"b\\",null]"#);
    }

    #[test]
    fn bytes_are_hexadecimal_in_text() {
        let bytes = Bytes(vec![0, 255, 16]);
        assert_eq!(bytes.to_text(), "\\x00ff10");
        assert_eq!(Bytes::from_json(r#""\\x00ff10""#), Ok(bytes));
        for wrong in ["00ff", "\\x0", "\\x0g"] {
            assert!(Bytes::from_text(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn jsonb_has_a_version() {
        assert_eq!(Json::from_binary(b"\x01[1]"), Json::from_binary(b"[1]"));
        assert!(Json::from_binary(b"\x02[1]").is_err());
    }
}
