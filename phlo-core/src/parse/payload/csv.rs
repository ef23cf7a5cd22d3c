//! CSV bodies: a line of column names, then a line for each row.
//!
//! Takes bytes as they come, gives the JSON that says the same. Every value stays text, except
//! `NULL`. Lines may be cut anywhere between two pieces: in quotes, in a character.

use std::collections::BTreeMap;

use csv_core::{ReadRecordResult, Reader};

use crate::{
    error::{Code, Error, Result},
    parse::{
        Limits,
        payload::{batch::Batch, not_utf8, refuse},
    },
    schema::Ident,
};

/// Reads lines into batches.
///
/// DIFFERS: PostgREST drops what a line has beyond the header, and accepts lines that are all short
/// in the same way. Both are refused here like any other line that doesn't fit.
pub(super) struct CsvReader {
    reader: Reader,
    /// The fields of the line that is being read, one after the other.
    text: Vec<u8>,
    /// How much of it is in use.
    length: usize,
    /// Where each field ends.
    ends: Vec<usize>,
    /// How many of them are in use.
    fields: usize,
    header: Option<Header>,
    /// How many times longer than the CSV its JSON may be.
    growth: usize,
}

struct Header {
    /// The columns by their place in a line.
    columns: BTreeMap<usize, Column>,
    /// How many fields a line has.
    fields: usize,
}

struct Column {
    name: Ident,
    /// The name as JSON, with its colon.
    key: Vec<u8>,
}

impl CsvReader {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            reader: Reader::new(),
            text: vec![0; 1024],
            length: 0,
            ends: vec![0; 32],
            fields: 0,
            header: None,
            growth: limits.csv_growth,
        }
    }

    /// Reads on until a row was added to the batch, and says how much it has read; all of it if that
    /// holds no whole line. Without any bytes it takes what was read as complete.
    pub(super) fn read(&mut self, bytes: &[u8], batch: &mut Batch) -> Result<usize> {
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            if rest.is_empty() && read > 0 {
                return Ok(read);
            }
            let text = self.text.get_mut(self.length..).unwrap_or_default();
            let ends = self.ends.get_mut(self.fields..).unwrap_or_default();
            let (result, taken, written, ended) = self.reader.read_record(rest, text, ends);
            read += taken;
            self.length += written;
            self.fields += ended;
            batch.note_read(taken);
            match result {
                ReadRecordResult::InputEmpty if bytes.is_empty() => {}
                ReadRecordResult::InputEmpty => return Ok(read),
                ReadRecordResult::OutputFull => {
                    batch.check_row(self.length)?;
                    self.text.resize(self.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    batch.check_row(self.fields)?;
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::Record => {
                    let is_row = self.header.is_some();
                    self.take_line(batch)?;
                    (self.length, self.fields) = (0, 0);
                    if is_row {
                        return Ok(read);
                    }
                }
                ReadRecordResult::End => {
                    return match self.header {
                        Some(_) => Ok(read),
                        None => Err(refuse("Empty or invalid csv")),
                    };
                }
            }
        }
    }

    fn take_line(&mut self, batch: &mut Batch) -> Result<()> {
        let text = self.text.get(..self.length).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|error| not_utf8(&error))?;
        let ends = self.ends.get(..self.fields).unwrap_or_default();
        let fields = Fields { text, ends };
        let Some(header) = &self.header else {
            let header = read_header(fields)?;
            batch.set_keys(header.columns.values().map(|column| column.name.clone()).collect());
            self.header = Some(header);
            return Ok(());
        };
        if ends.len() != header.fields {
            return Err(refuse("All lines must have same number of fields"));
        }
        write_row(batch.begin_row(), &header.columns, fields)?;
        if batch.is_beyond(self.growth) {
            return Err(too_long(self.growth));
        }
        Ok(())
    }
}

/// The fields of a line.
#[derive(Clone, Copy)]
struct Fields<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    fn get(self, place: usize) -> Result<&'a str> {
        let end_of = |place: usize| self.ends.get(place).copied();
        let start = place.checked_sub(1).and_then(end_of).unwrap_or(0);
        let end = end_of(place).unwrap_or(start);
        // The halves of a character may stand at both sides of a comma.
        self.text.get(start..end).ok_or_else(|| refuse("The body is not valid UTF-8"))
    }
}

/// Of two columns with the same name the last one counts.
fn read_header(fields: Fields<'_>) -> Result<Header> {
    let mut places = BTreeMap::new();
    for place in 0..fields.ends.len() {
        places.insert(fields.get(place)?, place);
    }
    let mut columns = BTreeMap::new();
    for (name, place) in places {
        let mut key = Vec::with_capacity(name.len() + 3);
        write_text(&mut key, name)?;
        key.push(b':');
        columns.insert(place, Column { name: Ident::new(name), key });
    }
    Ok(Header { columns, fields: fields.ends.len() })
}

fn write_row(
    json: &mut Vec<u8>,
    columns: &BTreeMap<usize, Column>,
    fields: Fields<'_>,
) -> Result<()> {
    let mut before = b'{';
    for (place, column) in columns {
        json.push(before);
        before = b',';
        json.extend_from_slice(&column.key);
        match fields.get(*place)? {
            "NULL" => json.extend_from_slice(b"null"),
            value => write_text(json, value)?,
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

fn too_long(growth: usize) -> Error {
    Error::new(Code::TooLarge, "The CSV would be too long as JSON").with_details(format!(
        "It may grow by a factor of {growth}; shorter or fewer column names help."
    ))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        parse::payload::rows::{RowFormat, read_whole},
        request::Payload,
    };

    fn read(text: &str) -> String {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        match read_whole(&bytes, RowFormat::Csv, None, &Limits::default()) {
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
