//! Bodies that hold a row in each line, and can be cut between them.
//!
//! Takes the bytes of a body as they come, gives payloads of bounded length: each a JSON array of
//! some rows. What a row means is not its business.

use std::collections::BTreeSet;

use bytes::{Buf, Bytes};

use crate::{
    error::Result,
    parse::{
        Limits,
        payload::{
            batch::{Batch, BatchLimits},
            csv::CsvReader,
            lines::LineReader,
        },
    },
    request::{JsonOrigin, MediaType, Payload},
    schema::Ident,
};

/// How a body holds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A line of column names, then a line of values for each row.
    Csv,
    /// An object in each line.
    JsonLines,
}

impl RowFormat {
    /// The format of bodies of a media type, if they hold rows line by line.
    pub fn of(media_type: &MediaType) -> Option<Self> {
        match media_type {
            MediaType::Csv => Some(Self::Csv),
            MediaType::JsonLines { .. } => Some(Self::JsonLines),
            MediaType::Json
            | MediaType::GeoJson
            | MediaType::Text
            | MediaType::Xml
            | MediaType::OpenApi
            | MediaType::Form
            | MediaType::OctetStream
            | MediaType::Any
            | MediaType::ArrayStripped
            | MediaType::Object { .. }
            | MediaType::Plan { .. }
            | MediaType::Other(_) => None,
        }
    }
}

/// Reads rows from a body that comes in pieces.
///
/// ```
/// use bytes::Bytes;
/// use phlo_core::{parse::{BatchLimits, Limits, RowFormat, RowReader}, request::Payload};
///
/// let limits = BatchLimits { batch: 10, row: 1000 };
/// let mut reader = RowReader::new(RowFormat::Csv, None, &Limits::default(), limits);
/// let mut piece = Bytes::from_static(b"id\n1\n2\n");
/// let mut batches = 0;
/// while reader.read(&mut piece)?.is_some() {
///     batches += 1;
/// }
/// assert_eq!(batches, 2);
/// assert!(reader.finish()?.is_none());
/// # Ok::<(), phlo_core::Error>(())
/// ```
pub struct RowReader {
    lines: Lines,
    batch: Batch,
    /// Whether a batch was given: an empty body is one as well.
    given: bool,
}

enum Lines {
    Csv(Box<CsvReader>),
    Json(LineReader),
}

impl RowReader {
    /// A reader of bodies of that format. `columns` are those that the request says, if it says
    /// which keys of objects it takes.
    pub fn new(
        format: RowFormat,
        columns: Option<&BTreeSet<Ident>>,
        limits: &Limits,
        batch: BatchLimits,
    ) -> Self {
        let (lines, origin) = match format {
            RowFormat::Csv => (Lines::Csv(Box::new(CsvReader::new(limits))), JsonOrigin::Csv),
            RowFormat::JsonLines => {
                (Lines::Json(LineReader::new(columns.is_none())), JsonOrigin::Lines)
            }
        };
        let mut batch = Batch::new(origin, batch);
        if let (RowFormat::JsonLines, Some(columns)) = (format, columns) {
            batch.set_keys(columns.clone());
        }
        Self { lines, batch, given: false }
    }

    /// Takes from a piece of the body until a batch is full, and gives that; none if the whole piece
    /// was taken and more is needed.
    ///
    /// # Errors
    ///
    /// `PGRST102` if a line can't be a row, `PGRST129` if it is longer than allowed.
    pub fn read(&mut self, piece: &mut Bytes) -> Result<Option<Payload>> {
        while !piece.is_empty() {
            let read = self.read_row(piece)?;
            piece.advance(read);
            if self.batch.is_full() {
                self.given = true;
                return Ok(Some(self.batch.take()));
            }
        }
        Ok(None)
    }

    /// The last batch, after all of the body was read: none if there is nothing left. A body without
    /// any rows is one batch without any.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub fn finish(&mut self) -> Result<Option<Payload>> {
        self.read_row(&[])?;
        if self.batch.is_empty() && self.given {
            return Ok(None);
        }
        self.given = true;
        Ok(Some(self.batch.take()))
    }

    fn read_row(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.lines {
            Lines::Csv(reader) => reader.read(bytes, &mut self.batch),
            Lines::Json(reader) => reader.read(bytes, &mut self.batch),
        }
    }
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("given", &self.given).finish_non_exhaustive()
    }
}

/// Reads a body that is there.
pub(super) fn read_whole(
    body: &Bytes,
    format: RowFormat,
    columns: Option<&BTreeSet<Ident>>,
    limits: &Limits,
) -> Result<Payload> {
    let mut reader = RowReader::new(format, columns, limits, BatchLimits::WHOLE);
    reader.read(&mut body.clone())?;
    // Without a bound there is one batch, and that is the last one.
    Ok(reader.finish()?.unwrap_or_else(|| reader.batch.take()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const CSV: &str = "a,\"b\"\"c\"\r\n1,\"x\ny, \"\"z\"\"\"\n\nü,NULL\n😀,\"\r\n\"";
    const LINES: &str = "{\"a\":1,\"é\":\"ü\"}\r\n\n{\"é\":\"😀\\n\",\"a\":2}\n {\"a\":3,\"é\":{}}";

    fn json(payload: Payload) -> String {
        let Payload::Json { raw, .. } = payload else { panic!("{payload:?}") };
        String::from_utf8(raw.into()).unwrap()
    }

    /// The arrays that a body becomes when it comes in pieces of that length.
    fn batches(text: &str, format: RowFormat, batch: usize, piece: usize) -> Result<Vec<String>> {
        let limits = BatchLimits { batch, row: 1000 };
        let mut reader = RowReader::new(format, None, &Limits::default(), limits);
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(payload) = reader.read(&mut piece)? {
                found.push(json(payload));
            }
        }
        found.extend(reader.finish()?.map(json));
        Ok(found)
    }

    #[test]
    fn the_pieces_of_a_body_make_no_difference() {
        for (text, format) in [(CSV, RowFormat::Csv), (LINES, RowFormat::JsonLines)] {
            let whole = read_whole(&Bytes::from(text), format, None, &Limits::default()).unwrap();
            let whole = json(whole);
            for piece in 1..=text.len() {
                assert_eq!(batches(text, format, 10_000, piece).unwrap(), [&*whole], "{piece}");
                let rows = batches(text, format, 1, piece).unwrap();
                assert_eq!(rows.len(), 3, "{piece}");
                let joined: Vec<_> =
                    rows.iter().map(|row| row.trim_matches(['[', ']']).to_owned()).collect();
                assert_eq!(format!("[{}]", joined.join(",")), whole, "{piece}");
            }
        }
    }

    #[test]
    fn a_body_without_rows_is_one_batch() {
        assert_eq!(batches("a,b\n", RowFormat::Csv, 1, 1).unwrap(), ["[]"]);
        assert_eq!(batches("\n\n", RowFormat::JsonLines, 1, 1).unwrap(), ["[]"]);
    }

    #[test]
    fn rows_have_a_longest() {
        let limits = BatchLimits { batch: 100, row: 2000 };
        for (head, format) in [("a\n", RowFormat::Csv), ("{\"a\":\"", RowFormat::JsonLines)] {
            let mut reader = RowReader::new(format, None, &Limits::default(), limits);
            let mut refused = reader.read(&mut Bytes::from(head));
            for _ in 0..100 {
                if refused.is_ok() {
                    refused = reader.read(&mut Bytes::from_static(&[b'x'; 100]));
                }
            }
            assert_eq!(refused.unwrap_err().code(), "PGRST129", "{format:?}");
        }
    }

    #[test]
    fn characters_are_whole_within_a_field() {
        for bytes in [&b"a,b\n\xc3,\xa9\n"[..], b"a\n\xff\n", b"\xc3,\xa9\n"] {
            let mut reader = RowReader::new(
                RowFormat::Csv,
                None,
                &Limits::default(),
                BatchLimits { batch: 100, row: 100 },
            );
            let refused = reader.read(&mut Bytes::from_static(bytes)).unwrap_err();
            assert_eq!(refused.to_string(), "The body is not valid UTF-8");
        }
    }

    /// The rows of a body that comes in pieces, or nothing if it is refused.
    fn outcome(text: &str, format: RowFormat, piece: usize) -> Option<Vec<Value>> {
        let batches = batches(text, format, 20, piece).ok()?;
        let rows = batches.iter().map(|json| serde_json::from_str::<Vec<Value>>(json).unwrap());
        Some(rows.flatten().collect())
    }

    /// The rows as another reader finds them.
    fn by_csv(text: &str) -> Option<Vec<Value>> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let header = reader.headers().ok()?.clone();
        let rows = reader.records().map(|record| {
            let record = record.ok()?;
            let pairs =
                header.iter().zip(&record).map(|(key, value)| (key.to_owned(), value.into()));
            Some(Value::Object(pairs.collect()))
        });
        rows.collect::<Option<Vec<_>>>().filter(|_| !header.is_empty())
    }

    proptest::proptest! {
        #[test]
        fn csv_is_read_as_by_others(text in "[ab,\"\n\r é]{0,40}", piece in 1_usize..41) {
            proptest::prop_assert_eq!(outcome(&text, RowFormat::Csv, piece), by_csv(&text));
        }

        #[test]
        fn lines_may_be_cut_anywhere(text in "(\\{\"a\":\"[é ]?\"\\}|[\n\r {}x])*", piece in 1_usize..41) {
            let whole = outcome(&text, RowFormat::JsonLines, text.len().max(1));
            proptest::prop_assert_eq!(outcome(&text, RowFormat::JsonLines, piece), whole);
        }
    }
}
