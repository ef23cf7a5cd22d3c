//! Rows as CSV, the way PostgREST makes it: from the text of records.
//!
//! Takes the names of the columns once and the values row by row, in their text format whatever
//! their type is. Gives a header line and what `row::text` would have printed within its
//! parentheses; line feeds stand between the lines, none after the last.

use bytes::{BufMut as _, BytesMut};

use crate::{
    encode::{json::wrong_length, scan::put_record_string},
    error::Result,
};

/// Writes rows as CSV.
///
/// ```
/// use bytes::BytesMut;
/// use phlo_core::encode::CsvRows;
///
/// let mut rows = CsvRows::new(["id", "title"]);
/// let mut out = BytesMut::new();
/// rows.push([Some(&b"1"[..]), Some(b"Alien")], &mut out)?;
/// rows.push([Some(&b"2"[..]), Some(b"the \"end\"")], &mut out)?;
/// rows.push([Some(&b"3"[..]), None], &mut out)?;
/// rows.finish(&mut out);
/// assert_eq!(out, "id,title\n1,Alien\n2,\"the \"\"end\"\"\"\n3,");
/// # Ok::<(), phlo_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvRows {
    header: Box<[u8]>,
    columns: usize,
    is_first: bool,
}

impl CsvRows {
    /// Prepares for rows with these columns. Their names become the header line as they stand.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let header = names.join(",").into_bytes().into_boxed_slice();
        Self { header, columns: names.len(), is_first: true }
    }

    /// Appends a row: the text of each column's value, or none for null.
    ///
    /// # Errors
    ///
    /// The row has not as many values as there are columns. Nothing is appended then.
    pub fn push<'a>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'a [u8]>>,
        out: &mut BytesMut,
    ) -> Result<()> {
        let start = out.len();
        if self.is_first {
            out.put_slice(&self.header);
        }
        let mut count = 0_usize;
        for value in values {
            out.put_u8(if count == 0 { b'\n' } else { b',' });
            count += 1;
            if let Some(text) = value {
                put_value(text, out);
            }
        }
        if count != self.columns {
            out.truncate(start);
            return Err(wrong_length());
        }
        if count == 0 {
            out.put_u8(b'\n');
        }
        self.is_first = false;
        Ok(())
    }

    /// Appends what comes after the last row. Without any row the header is missing too: PostgREST
    /// takes the names from the first row.
    pub fn finish(self, out: &mut BytesMut) {
        if self.is_first {
            out.put_u8(b'\n');
        }
    }
}

#[inline]
fn put_value(text: &[u8], out: &mut BytesMut) {
    if text.is_empty() || text.iter().any(|byte| needs_quotes(*byte)) {
        put_record_string(text, out);
    } else {
        out.put_slice(text);
    }
}

/// What `record_out` puts in quotes. Its white space is that of C, vertical tab included.
#[inline]
fn needs_quotes(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'(' | b')' | b',' | b' ' | 0x09..=0x0d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(names: &[&str], rows: &[&[Option<&str>]]) -> String {
        let mut writer = CsvRows::new(names.iter().copied());
        let mut out = BytesMut::new();
        for row in rows {
            writer.push(row.iter().map(|it| it.map(str::as_bytes)), &mut out).unwrap();
        }
        writer.finish(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn nulls_are_nothing_and_empty_text_is_quoted() {
        assert_eq!(csv(&["a", "b"], &[&[None, Some("")], &[None, None]]), "a,b\n,\"\"\n,");
    }

    #[test]
    fn only_what_a_record_quotes_is_quoted() {
        for text in ["a(", ")", ",", " ", "\t", "\u{b}", "\u{c}", "\n", "\r"] {
            assert_eq!(csv(&["a"], &[&[Some(text)]]), format!("a\n\"{text}\""));
        }
        for text in ["a'b;{}[]", "\u{1}\u{7f}", "\u{a0}\u{2028}é"] {
            assert_eq!(csv(&["a"], &[&[Some(text)]]), format!("a\n{text}"));
        }
        assert_eq!(csv(&["a"], &[&[Some(r#"\""#)]]), "a\n\"\\\\\"\"\"");
    }

    #[test]
    fn names_stand_as_they_are() {
        assert_eq!(csv(&["a,b", "\"c\n"], &[&[None, None]]), "a,b,\"c\n\n,");
    }

    #[test]
    fn no_rows_have_no_header() {
        assert_eq!(csv(&["a", "b"], &[]), "\n");
        assert_eq!(csv(&[], &[]), "\n");
        assert_eq!(csv(&[], &[&[], &[]]), "\n\n");
    }

    #[test]
    fn rows_of_another_length_are_refused() {
        let mut writer = CsvRows::new(["a", "b"]);
        let mut out = BytesMut::new();
        writer.push([None], &mut out).unwrap_err();
        writer.push([None; 3], &mut out).unwrap_err();
        assert!(out.is_empty());
        writer.push([None; 2], &mut out).unwrap();
        assert_eq!(out, "a,b\n,");
    }
}
