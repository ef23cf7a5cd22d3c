//! Values as JSON for `serde`: what the HTTP API sends, and what it takes.
//!
//! Takes and gives values of columns, and JSON by way of any `serde` format; knows no column and no
//! connection. `phlo-schema-gen` names it in what it derives. For a struct of your own:
//!
//! ```
//! use phlo_core::dsl::{Decimal, Timestamptz};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Reading {
//!     // The types of this crate are written and read by themselves,
//!     price: Decimal,
//!     at: Timestamptz,
//!     // and a number that may be no number needs to be told how: `serde` would say null.
//!     #[serde(with = "phlo_core::dsl::as_json")]
//!     ratio: f64,
//! }
//!
//! let reading = Reading {
//!     price: "1.50".into(),
//!     at: "2024-01-02 03:04:05+00".into(),
//!     ratio: f64::INFINITY,
//! };
//! let json = r#"{"price":1.50,"at":"2024-01-02T03:04:05+00:00","ratio":"Infinity"}"#;
//! assert_eq!(serde_json::to_string(&reading)?, json);
//! assert_eq!(serde_json::from_str::<Reading>(json)?.price, reading.price);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use bytes::BytesMut;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::{
    dsl::{
        scalars::Json,
        value::{Cell, Scalar, Value, push_json_text},
    },
    encode,
};

/// Writes a value as `to_json` would: for `#[serde(with = "phlo_core::dsl::as_json")]`.
///
/// # Errors
///
/// The format refuses it.
pub fn serialize<V: Value, S: Serializer>(value: &V, to: S) -> Result<S::Ok, S::Error> {
    let mut json = String::new();
    match value.as_scalar() {
        Some(scalar) => scalar.write_json(&mut json),
        None => json.push_str("null"),
    }
    if !to.is_human_readable() {
        return to.serialize_str(&json);
    }
    let parsed: Json = serde_json::from_str(&json).map_err(serde::ser::Error::custom)?;
    if serde_json::to_string(&parsed).is_ok_and(|same| same == json) {
        return parsed.serialize(to);
    }
    // What a number of `serde` can't hold, such as the zero of 1.50, goes as it stands.
    RawValue::from_string(json).map_err(serde::ser::Error::custom)?.serialize(to)
}

/// Reads a value from what `to_json` writes: for `#[serde(with = "phlo_core::dsl::as_json")]`.
///
/// # Errors
///
/// There is something else.
pub fn deserialize<'de, V: Value, D: Deserializer<'de>>(from: D) -> Result<V, D::Error> {
    let json = text_of(from)?;
    let cell = if json == "null" { Cell::Null } else { Cell::Json(&json) };
    V::read(cell).map_err(de::Error::custom)
}

/// Reads what is there: for members that may be left out, with `default` and
/// `deserialize_with = "phlo_core::dsl::as_json::present"`.
///
/// A null is then one that was given, and an error where there is none.
///
/// # Errors
///
/// There is something else.
pub fn present<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<V>, D::Error> {
    V::deserialize(from).map(Some)
}

/// The same for members that may be left out: for `#[serde(with = "phlo_core::dsl::as_json::given")]`
/// beside `default` and `skip_serializing_if = "Option::is_none"`.
pub mod given {
    use serde::{Deserializer, Serializer};

    use crate::dsl::value::Value;

    /// Writes a value as `to_json` would.
    ///
    /// # Errors
    ///
    /// The format refuses it.
    pub fn serialize<V: Value, S: Serializer>(value: &Option<V>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    /// Reads a value that is there.
    ///
    /// # Errors
    ///
    /// There is something else.
    pub fn deserialize<'de, V: Value, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<V>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

/// Reads a type that is kept as text: a string, or a number as it is written.
pub(crate) fn read_text<'de, S: Scalar, D: Deserializer<'de>>(from: D) -> Result<S, D::Error> {
    let json = text_of(from)?;
    if !json.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit()) {
        return Err(de::Error::custom("a string or a number is expected"));
    }
    S::from_json(&json).map_err(de::Error::custom)
}

/// Writes text of the database as `to_json` would; text that is not the database's, as a string.
pub(crate) fn write_text(kind: encode::Scalar, text: &str, to: &mut String) {
    let mut written = BytesMut::new();
    let known = encode::put_scalar(kind, text.as_bytes(), &mut written).is_ok();
    match serde_json::from_slice::<&RawValue>(&written) {
        Ok(json) if known => to.push_str(json.get()),
        _ => push_json_text(to, text),
    }
}

/// The name by which `serde_json` knows that the text of a value is wanted, with all its digits.
/// Should it ever be another, numbers are read as any format reads them.
const RAW: &str = "$serde_json::private::RawValue";

/// What is there, as the text of JSON.
fn text_of<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    if !from.is_human_readable() {
        return String::deserialize(from);
    }
    from.deserialize_newtype_struct(RAW, Text)
}

struct Text;

impl<'de> de::Visitor<'de> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the database")
    }

    /// `serde_json`: the text is the only member.
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let member: Option<(String, String)> = map.next_entry()?;
        match member {
            Some((name, text)) if name == RAW => Ok(text),
            _ => Err(de::Error::custom("a value of the database is expected")),
        }
    }

    /// Any other format, and what `serde` has read ahead.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        Json::deserialize(from).map(|json| json.to_string())
    }
}

macro_rules! by_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                serialize(self, to)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                read_text(from)
            }
        }
    )*};
}

by_text!(
    crate::dsl::Bytes,
    crate::dsl::Date,
    crate::dsl::Decimal,
    crate::dsl::Interval,
    crate::dsl::Money,
    crate::dsl::Multirange,
    crate::dsl::Other,
    crate::dsl::Range,
    crate::dsl::TimeOfDay,
    crate::dsl::Timestamp,
    crate::dsl::Timestamptz,
    crate::dsl::Tsvector,
    crate::dsl::Uuid
);

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::dsl::{Bytes, Decimal, Timestamp, Timestamptz, Uuid};

    fn check<V: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(value: &V, json: &str) {
        assert_eq!(serde_json::to_string(value).unwrap(), json);
        assert_eq!(&serde_json::from_str::<V>(json).unwrap(), value);
        let parsed: Json = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(value).unwrap(), parsed);
    }

    #[test]
    fn values_are_what_to_json_makes_of_them() {
        check(&Decimal::new("12345678901234567890.1234567890"), "12345678901234567890.1234567890");
        check(&Decimal::new("NaN"), "\"NaN\"");
        check(&vec![Some(Decimal::new("1.50")), None], "[1.50,null]");
        check(&Uuid::new("a-b"), "\"a-b\"");
        check(&Bytes(vec![0, 255]), r#""\\x00ff""#);
        check(&Timestamptz::new("tomorrow"), "\"tomorrow\"");
        let moment = Timestamptz::new("2024-01-02 03:04:05.5+00");
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2024-01-02T03:04:05.5+00:00\"");
        let moment = Timestamp::new("0044-03-15 00:00:00 BC");
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"0044-03-15T00:00:00 BC\"");
    }

    /// What the database would never send is a string, whatever the type.
    #[test]
    fn text_of_no_form_stays_text() {
        for text in ["+5", "007", "1,2", "", "1\n2", "\"x\""] {
            let json = serde_json::to_string(&Decimal::new(text)).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn only_strings_and_numbers_become_text() {
        assert_eq!(serde_json::from_str::<Decimal>(" 7 ").unwrap(), Decimal::new("7"));
        for wrong in ["true", "null", "[1]", "{}", r#"{"$serde_json::private::RawValue":"1"}"#] {
            assert!(serde_json::from_str::<Decimal>(wrong).is_err(), "{wrong}");
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Members {
        #[serde(with = "super")]
        ratio: Option<f64>,
        #[serde(with = "super::given", default, skip_serializing_if = "Option::is_none")]
        ratios: Option<Option<Vec<f32>>>,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "super::present"
        )]
        year: Option<Option<i32>>,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "super::present"
        )]
        id: Option<i64>,
    }

    #[test]
    fn members_may_be_left_out() {
        let empty = Members { ratio: None, ratios: None, year: None, id: None };
        check(&empty, r#"{"ratio":null}"#);
        check(&Members { ratios: Some(None), ..empty }, r#"{"ratio":null,"ratios":null}"#);
        let full = Members {
            ratio: Some(f64::NEG_INFINITY),
            ratios: Some(Some(vec![1.5, f32::INFINITY])),
            year: Some(None),
            id: Some(7),
        };
        let json = r#"{"ratio":"-Infinity","ratios":[1.5,"Infinity"],"year":null,"id":7}"#;
        check(&full, json);
        assert!(serde_json::from_str::<Members>(r#"{"ratio":1,"id":null}"#).is_err());
    }

    /// `flatten` has `serde` read ahead, whereby numbers lose what their text had.
    #[test]
    fn values_are_read_within_other_structs() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Outer {
            page: u32,
            #[serde(flatten)]
            inner: Inner,
        }
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Inner {
            price: Option<Decimal>,
            at: Timestamptz,
        }
        let inner = Inner { price: Some("1.5".into()), at: "now".into() };
        check(&Outer { page: 1, inner }, r#"{"page":1,"price":1.5,"at":"now"}"#);
    }
}
