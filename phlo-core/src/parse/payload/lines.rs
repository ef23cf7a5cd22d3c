//! Bodies of JSON lines: an object in each line, all with the same keys.
//!
//! Takes bytes as they come, gives a JSON array. Line breaks can't be part of JSON but between its
//! tokens, so that every one of them ends a row, whatever stands around it.

use serde::de::DeserializeSeed;

use crate::{
    error::{Error, Result},
    parse::payload::{
        batch::Batch,
        json::{Item, Keys},
        not_utf8, refuse,
    },
};

/// Reads lines into batches.
pub(super) struct LineReader {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// How many lines have ended.
    lines: u64,
    keys: Keys,
    /// Whether all objects must have the keys of the first. They need not where the request says
    /// which are taken.
    check_keys: bool,
}

impl LineReader {
    pub(super) fn new(check_keys: bool) -> Self {
        Self { begun: Vec::new(), lines: 0, keys: Keys::default(), check_keys }
    }

    /// Reads on until a row was added to the batch, and says how much it has read; all of it if that
    /// holds no whole line. Without any bytes it takes what was read as complete.
    pub(super) fn read(&mut self, bytes: &[u8], batch: &mut Batch) -> Result<usize> {
        if bytes.is_empty() {
            let last = std::mem::take(&mut self.begun);
            self.take_line(&last, batch)?;
            return Ok(0);
        }
        let mut read = 0;
        loop {
            let rest = bytes.get(read..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.begun.extend_from_slice(rest);
                batch.note_read(rest.len());
                batch.check_row(self.begun.len())?;
                return Ok(bytes.len());
            };
            let line = rest.get(..end).unwrap_or_default();
            read += end + 1;
            batch.note_read(end + 1);
            let is_row = if self.begun.is_empty() {
                self.take_line(line, batch)?
            } else {
                let mut whole = std::mem::take(&mut self.begun);
                whole.extend_from_slice(line);
                let is_row = self.take_line(&whole, batch)?;
                // Its room is used again.
                whole.clear();
                self.begun = whole;
                is_row
            };
            if is_row {
                return Ok(read);
            }
        }
    }

    /// Whether the line holds a row. Blank ones hold nothing.
    fn take_line(&mut self, line: &[u8], batch: &mut Batch) -> Result<bool> {
        self.lines += 1;
        batch.check_row(line.len())?;
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(false);
        }
        let text = std::str::from_utf8(line).map_err(|error| not_utf8(&error))?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let is_object = Item(&mut self.keys)
            .deserialize(&mut deserializer)
            .and_then(|is_object| deserializer.end().map(|()| is_object))
            .map_err(|error| self.refuse_line("is not JSON").with_source(error))?;
        if !is_object {
            return Err(self.refuse_line("holds something else than an object"));
        }
        if self.check_keys && self.keys.differ() {
            return Err(refuse("All object keys must match").with_details(format!(
                "Line {} has other keys than the first object.",
                self.lines
            )));
        }
        if self.check_keys && self.keys.is_first() {
            batch.set_keys(self.keys.names());
        }
        batch.begin_row().extend_from_slice(line);
        Ok(true)
    }

    fn refuse_line(&self, what: &str) -> Error {
        refuse("Empty or invalid json").with_details(format!("Line {} {what}.", self.lines))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;

    use crate::{
        parse::{
            Limits,
            payload::rows::{RowFormat, read_whole},
        },
        request::Payload,
        schema::Ident,
    };

    fn read_with(text: &'static str, columns: Option<&BTreeSet<Ident>>) -> String {
        let bytes = Bytes::from_static(text.as_bytes());
        match read_whole(&bytes, RowFormat::JsonLines, columns, &Limits::default()) {
            Ok(Payload::Json { raw, keys, .. }) => {
                format!("{} {keys:?}", String::from_utf8_lossy(&raw))
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => {
                format!(
                    "{}: {error} ({})",
                    error.code(),
                    error.details().and_then(|it| it.as_str()).unwrap_or_default()
                )
            }
        }
    }

    #[test]
    fn lines_become_an_array() {
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", r#"[{"a":1},{"a":2}] {"a"}"#),
            ("{\"a\":1}\r\n\r\n \t\n{\"a\":2}", r#"[{"a":1},{"a":2}] {"a"}"#),
            (" {\"a\": [1, \"\\n\"]} \n", r#"[{"a": [1, "\n"]}] {"a"}"#),
            ("{\"a\":1,\"b\":2}\n{\"b\":3,\"a\":4}", r#"[{"a":1,"b":2},{"b":3,"a":4}] {"a", "b"}"#),
            ("{\"é\":\"ü\"}", r#"[{"é":"ü"}] {"é"}"#),
            ("{}\n{}", "[{},{}] {}"),
            ("", "[] {}"),
            ("\n\n", "[] {}"),
        ] {
            assert_eq!(read_with(text, None), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_say_which_line() {
        let invalid = |details| format!("PGRST102: Empty or invalid json ({details})");
        for (text, expected) in [
            ("{\"a\":1}\n{\"a\":", invalid("Line 2 is not JSON.")),
            ("\n\n{\"a\":1} {\"a\":2}", invalid("Line 3 is not JSON.")),
            ("{\"a\":1},{\"a\":2}", invalid("Line 1 is not JSON.")),
            ("{\"a\":1}\n[{\"a\":2}]", invalid("Line 2 holds something else than an object.")),
            ("1", invalid("Line 1 holds something else than an object.")),
            (
                "{\"a\":1}\n{\"a\":1}\n{\"b\":1}",
                "PGRST102: All object keys must match (Line 3 has other keys than the first \
                 object.)"
                    .to_owned(),
            ),
        ] {
            assert_eq!(read_with(text, None), expected, "{text:?}");
        }
    }

    #[test]
    fn columns_say_which_keys_are_taken() {
        let columns = BTreeSet::from([Ident::new("a")]);
        let read = |text| read_with(text, Some(&columns));
        assert_eq!(read("{\"a\":1}\n{\"b\":1}"), r#"[{"a":1},{"b":1}] {"a"}"#);
        assert_eq!(read("{\"a\":1}\nx"), "PGRST102: Empty or invalid json (Line 2 is not JSON.)");
    }
}
