//! What holds for any bytes: nothing panics, and what is written can be read again.

use bytes::BytesMut;
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use serde_json::Value;

use crate::encode::{CsvRows, JsonRows, Kind, Layout, Nulls, Scalar};

const SCALARS: [Scalar; 7] = [
    Scalar::Bool,
    Scalar::Number,
    Scalar::Json,
    Scalar::Text,
    Scalar::Date,
    Scalar::Timestamp,
    Scalar::TimestampTz,
];

fn single(name: &str, kind: Kind, text: &[u8]) -> crate::error::Result<BytesMut> {
    let mut out = BytesMut::new();
    JsonRows::new([(name, kind)], Layout::Single, Nulls::Kept).push([Some(text)], &mut out)?;
    Ok(out)
}

/// An array's text with all its values in quotes.
fn literal(values: &[Option<String>]) -> String {
    let quoted = values.iter().map(|value| match value {
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        None => "NULL".to_owned(),
    });
    format!("{{{}}}", quoted.collect::<Vec<_>>().join(","))
}

proptest! {
    #[test]
    fn text_comes_back_from_json(name in any::<String>(), text in any::<String>()) {
        let json = single(&name, Kind::TEXT, text.as_bytes()).unwrap();
        let value: Value = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(value, serde_json::json!({ name: text }));
    }

    #[test]
    fn arrays_come_back_from_json(values in prop::collection::vec(any::<Option<String>>(), 0..9)) {
        let text = literal(&values);
        let json = single("v", Kind::Array(Scalar::Text), text.as_bytes()).unwrap();
        let value: Value = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(value, serde_json::json!({ "v": values }));
    }

    #[test]
    fn any_bytes_are_written_or_refused(text in "[{}\\[\\]\"\\\\, =:\\-+0-9TBCNUL\u{0}-\u{ff}]{0,12}") {
        for scalar in SCALARS {
            for kind in [Kind::Scalar(scalar), Kind::Array(scalar)] {
                let Ok(json) = single("v", kind, text.as_bytes()) else { continue };
                // What claims to be a number or JSON is trusted to be so.
                if !matches!(scalar, Scalar::Number | Scalar::Json) && matches!(kind, Kind::Scalar(_)) {
                    serde_json::from_slice::<Value>(&json).unwrap();
                }
            }
        }
    }

    #[test]
    fn text_comes_back_from_csv(values in prop::collection::vec("[^\u{0}]*", 2)) {
        let mut out = BytesMut::new();
        let row = values.iter().map(|text| Some(text.as_bytes()));
        CsvRows::new(["a", "b"]).push(row, &mut out).unwrap();
        let text = String::from_utf8(out.to_vec()).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let record = reader.records().nth(1).unwrap().unwrap();
        // Unlike CSV proper, records double their backslashes; those are always in quotes.
        let read: Vec<_> = record.iter().map(|field| field.replace("\\\\", "\\")).collect();
        prop_assert_eq!(read, values);
    }
}
