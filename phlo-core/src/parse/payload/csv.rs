//! CSV bodies: a line of column names, then a line for each row.
//!
//! Takes text, gives the JSON that says the same. Every value stays text, except `NULL`.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use csv::{ReaderBuilder, StringRecord};

use crate::{
    error::{Code, Error, Result},
    parse::{Limits, payload::refuse},
    request::{JsonOrigin, Payload},
    schema::Ident,
};

/// An array with an object for each line.
///
/// DIFFERS: PostgREST drops what a line has beyond the header, and accepts lines that are all short
/// in the same way. Both are refused here like any other line that doesn't fit.
pub(super) fn parse_csv(text: &str, limits: &Limits) -> Result<Payload> {
    let invalid = |error: csv::Error| {
        refuse("Empty or invalid csv").with_details(format!("{error}.")).with_source(error)
    };
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(invalid)?.clone();
    if header.is_empty() {
        return Err(refuse("Empty or invalid csv"));
    }
    let columns = columns(&header)?;
    // Every line repeats the names of all columns, so that the JSON can be far longer.
    let longest = text.len().saturating_mul(limits.csv_growth).saturating_add(1 << 16);
    let mut json = Vec::with_capacity(text.len() * 2);
    json.push(b'[');
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(invalid)? {
        if record.len() != header.len() {
            return Err(refuse("All lines must have same number of fields"));
        }
        if json.len() > 1 {
            json.push(b',');
        }
        write_row(&mut json, &columns, &record)?;
        if json.len() > longest {
            return Err(too_long(limits));
        }
    }
    json.push(b']');
    let keys = if json.len() > 2 {
        columns.into_values().map(|column| column.name).collect()
    } else {
        BTreeSet::new()
    };
    Ok(Payload::Json { raw: Bytes::from(json), keys, origin: JsonOrigin::Csv })
}

struct Column {
    name: Ident,
    /// The name as JSON, with its colon.
    key: Vec<u8>,
}

/// The columns by their place in a line. Of two with the same name the last one counts.
fn columns(header: &StringRecord) -> Result<BTreeMap<usize, Column>> {
    let places: BTreeMap<&str, usize> =
        header.iter().enumerate().map(|(place, name)| (name, place)).collect();
    let mut columns = BTreeMap::new();
    for (name, place) in places {
        let mut key = Vec::with_capacity(name.len() + 3);
        write_text(&mut key, name)?;
        key.push(b':');
        columns.insert(place, Column { name: Ident::new(name), key });
    }
    Ok(columns)
}

fn write_row(
    json: &mut Vec<u8>,
    columns: &BTreeMap<usize, Column>,
    record: &StringRecord,
) -> Result<()> {
    let mut before = b'{';
    for (place, column) in columns {
        json.push(before);
        before = b',';
        json.extend_from_slice(&column.key);
        match record.get(*place) {
            None | Some("NULL") => json.extend_from_slice(b"null"),
            Some(value) => write_text(json, value)?,
        }
    }
    json.push(b'}');
    Ok(())
}

fn write_text(json: &mut Vec<u8>, text: &str) -> Result<()> {
    serde_json::to_writer(json, text).map_err(|error| {
        Error::new(Code::Internal, "Text could not be written as JSON").with_source(error)
    })
}

fn too_long(limits: &Limits) -> Error {
    Error::new(Code::TooLarge, "The CSV would be too long as JSON").with_details(format!(
        "It may grow by a factor of {}; shorter or fewer column names help.",
        limits.csv_growth
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse_csv(text, &Limits::default()) {
            Ok(Payload::Json { raw, keys, .. }) => {
                format!("{} {keys:?}", String::from_utf8_lossy(&raw))
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{}: {error}", error.code()),
        }
    }

    #[test]
    fn lines_become_objects() {
        for (text, expected) in [
            ("a,b\nfoo,bar", r#"[{"a":"foo","b":"bar"}] {"a", "b"}"#),
            ("a,b\r\n1,\r\n,NULL\r\n", r#"[{"a":"1","b":""},{"a":"","b":null}] {"a", "b"}"#),
            ("a\n\"x,\"\"y\"\"\nz\"\n", r#"[{"a":"x,\"y\"\nz"}] {"a"}"#),
            ("a\n\n1\n\n", r#"[{"a":"1"}] {"a"}"#),
            ("\"a b\",é\n1,ü", r#"[{"a b":"1","é":"ü"}] {"a b", "é"}"#),
            ("a,b,a\n1,2,3", r#"[{"b":"2","a":"3"}] {"a", "b"}"#),
            ("a,b", "[] {}"),
            ("a\n 1 ", r#"[{"a":" 1 "}] {"a"}"#),
            ("", "PGRST102: Empty or invalid csv"),
            ("\n\n", "PGRST102: Empty or invalid csv"),
            ("a,b\nfoo,bar\nbaz", "PGRST102: All lines must have same number of fields"),
            ("a,b\nfoo", "PGRST102: All lines must have same number of fields"),
            ("a,b\nfoo,bar,baz", "PGRST102: All lines must have same number of fields"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_names_and_many_lines_have_an_end() {
        let long = format!("{}\n{}", "x".repeat(10_000), "1\n".repeat(10_000));
        assert_eq!(read(&long), "PGRST129: The CSV would be too long as JSON");
    }
}
