//! Rows in pieces that can be sent while more rows come.
//!
//! Takes rows one by one and gives a piece whenever enough has gathered, so that a response of any
//! length needs the memory of one piece and one row.

use bytes::{Bytes, BytesMut};

use crate::{
    encode::{CsvRows, Elements, JsonRows},
    error::Result,
};

/// Writes rows in the format of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowWriter {
    /// As JSON.
    Json(JsonRows),
    /// As CSV.
    Csv(CsvRows),
    /// As the JSON that each row's first value is.
    Elements(Elements),
}

impl RowWriter {
    /// Appends a row: the text of each column's value, or none for null.
    ///
    /// # Errors
    ///
    /// The row has not as many values as there are columns, or a value isn't of its kind. Nothing
    /// is appended then.
    pub fn push<'a>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'a [u8]>>,
        out: &mut BytesMut,
    ) -> Result<()> {
        match self {
            Self::Json(rows) => rows.push(values, out),
            Self::Csv(rows) => rows.push(values, out),
            Self::Elements(elements) => {
                elements.push(values.into_iter().next().flatten(), out);
                Ok(())
            }
        }
    }

    /// Appends what comes after the last row.
    pub fn finish(self, out: &mut BytesMut) {
        match self {
            Self::Json(rows) => rows.finish(out),
            Self::Csv(rows) => rows.finish(out),
            Self::Elements(elements) => elements.finish(out),
        }
    }
}

/// Writes rows in pieces.
///
/// ```
/// use phlo_core::encode::{Chunks, CsvRows, RowWriter};
///
/// let mut chunks = Chunks::new(RowWriter::Csv(CsvRows::new(["id"])), 8);
/// let mut sent = Vec::new();
/// for id in ["1", "2", "3", "4"] {
///     sent.extend(chunks.push([Some(id.as_bytes())])?);
/// }
/// sent.extend(chunks.finish());
/// assert_eq!(sent, ["id\n1\n2\n3", "\n4"]);
/// # Ok::<(), phlo_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Chunks {
    writer: RowWriter,
    gathered: BytesMut,
    size: usize,
    longest_row: usize,
}

impl Chunks {
    /// A good size of pieces, in bytes: the most that fits a TLS record.
    pub const SIZE: usize = 16 * 1024;

    /// Gives pieces of that many bytes or a little more; only a row that is longer makes a longer
    /// piece.
    pub fn new(writer: RowWriter, size: usize) -> Self {
        Self { writer, gathered: BytesMut::new(), size, longest_row: 0 }
    }

    /// Adds a row. Gives a piece if enough has gathered.
    ///
    /// # Errors
    ///
    /// The row has not as many values as there are columns, or a value isn't of its kind.
    pub fn push<'a>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'a [u8]>>,
    ) -> Result<Option<Bytes>> {
        let before = self.gathered.len();
        if before == 0 {
            // With room for the row that crosses the line, a piece is seldom moved in memory.
            self.gathered.reserve(self.size.saturating_add(self.longest_row));
        }
        self.writer.push(values, &mut self.gathered)?;
        self.longest_row = self.longest_row.max(self.gathered.len() - before);
        Ok((self.gathered.len() >= self.size).then(|| self.gathered.split().freeze()))
    }

    /// Gives the last piece, if there is anything left to send.
    pub fn finish(mut self) -> Option<Bytes> {
        self.writer.finish(&mut self.gathered);
        (!self.gathered.is_empty()).then(|| self.gathered.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{Kind, Layout, Nulls};

    fn json() -> RowWriter {
        RowWriter::Json(JsonRows::new([("text", Kind::TEXT)], Layout::Array, Nulls::Kept))
    }

    #[test]
    fn pieces_are_what_a_whole_would_be() {
        let texts: Vec<_> = (0..500).map(|length| "é\n".repeat(length % 97)).collect();
        let (mut whole, mut writer) = (BytesMut::new(), json());
        let (mut pieces, mut chunks) = (Vec::new(), Chunks::new(json(), 1000));
        for text in &texts {
            writer.push([Some(text.as_bytes())], &mut whole).unwrap();
            pieces.extend(chunks.push([Some(text.as_bytes())]).unwrap());
        }
        writer.finish(&mut whole);
        pieces.extend(chunks.finish());
        assert!(pieces.len() > 30);
        assert!(pieces.iter().rev().skip(1).all(|piece| (1000..1500).contains(&piece.len())));
        assert_eq!(pieces.concat(), whole);
    }

    #[test]
    fn no_rows_are_one_piece_or_none() {
        assert_eq!(Chunks::new(json(), 10).finish().as_deref(), Some(&b"[]"[..]));
        let lines = JsonRows::new([], Layout::Lines, Nulls::Kept);
        assert_eq!(Chunks::new(RowWriter::Json(lines), 10).finish(), None);
    }
}
