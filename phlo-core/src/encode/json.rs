//! Rows as JSON objects, in the layouts that responses have.
//!
//! Takes the names and kinds of the columns once and the values row by row. Gives what `json_agg`,
//! `row_to_json` and `json_strip_nulls` would have printed.

use std::sync::Arc;

use bytes::{BufMut as _, BytesMut};

use crate::{
    encode::{
        kind::{Kind, Scalar},
        scan::put_json_string,
        value::{put_json, unexpected},
    },
    error::Result,
};

/// How the objects of several rows stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One array, as `coalesce(json_agg(row), '[]')` prints it.
    Array,
    /// The first row alone, as `coalesce(json_agg(row)->0, 'null')` prints it; others are dropped.
    Single,
    /// JSON Lines: each object ends with a line feed and has none inside.
    Lines,
}

impl Layout {
    /// What stands before an element.
    #[inline]
    pub(super) fn before(self, is_first: bool, nulls: Nulls) -> &'static [u8] {
        match (self, is_first) {
            (Self::Array, true) => b"[",
            (Self::Array, false) if nulls == Nulls::Kept => b", \n ",
            // `json_strip_nulls` writes no white space.
            (Self::Array, false) => b",",
            (Self::Single | Self::Lines, _) => b"",
        }
    }

    /// What stands after the last element, or in the place of any.
    pub(super) fn after(self, is_empty: bool) -> &'static [u8] {
        match (self, is_empty) {
            (Self::Array, false) => b"]",
            (Self::Array, true) => b"[]",
            (Self::Single, true) => b"null",
            (Self::Single, false) | (Self::Lines, _) => b"",
        }
    }
}

/// What happens to fields that are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// They are written.
    Kept,
    /// They are left out, as with `json_strip_nulls`. Columns whose kind
    /// [may hold objects](Kind::may_hold_objects) must come as `json_strip_nulls(to_json(..))`.
    Stripped,
}

/// Writes rows as JSON.
///
/// Nothing is kept of a row but that it was there, so what was appended can be sent at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRows {
    columns: Arc<[Column]>,
    layout: Layout,
    nulls: Nulls,
    is_first: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    /// `,"name":`
    prefix: Box<[u8]>,
    kind: Kind,
}

impl JsonRows {
    /// Prepares for rows with these columns.
    pub fn new<'a>(
        columns: impl IntoIterator<Item = (&'a str, Kind)>,
        layout: Layout,
        nulls: Nulls,
    ) -> Self {
        let columns = columns.into_iter().map(|(name, kind)| Column::new(name, kind)).collect();
        Self { columns, layout, nulls, is_first: true }
    }

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
        let start = out.len();
        if self.layout == Layout::Single && !self.is_first {
            return Ok(());
        }
        out.put_slice(self.layout.before(self.is_first, self.nulls));
        let object = out.len();
        let written = match self.nulls {
            Nulls::Kept => self.put_fields(values.into_iter(), out),
            Nulls::Stripped => self.put_fields_but_nulls(values.into_iter(), out),
        };
        if let Err(error) = written {
            out.truncate(start);
            return Err(error);
        }
        // The comma of the first field makes room for the brace.
        match out.get_mut(object) {
            Some(comma) => *comma = b'{',
            None => out.put_u8(b'{'),
        }
        out.put_u8(b'}');
        if self.layout == Layout::Lines {
            out.put_u8(b'\n');
        }
        self.is_first = false;
        Ok(())
    }

    /// Appends what comes after the last row.
    pub fn finish(self, out: &mut BytesMut) {
        out.put_slice(self.layout.after(self.is_first));
    }

    fn put_fields<'a>(
        &self,
        mut values: impl Iterator<Item = Option<&'a [u8]>>,
        out: &mut BytesMut,
    ) -> Result<()> {
        for column in self.columns.iter() {
            let value = values.next().ok_or_else(wrong_length)?;
            out.put_slice(&column.prefix);
            match value {
                Some(text) => self.put_value(column.kind, text, out)?,
                None => out.put_slice(b"null"),
            }
        }
        end(values)
    }

    fn put_fields_but_nulls<'a>(
        &self,
        mut values: impl Iterator<Item = Option<&'a [u8]>>,
        out: &mut BytesMut,
    ) -> Result<()> {
        for column in self.columns.iter() {
            let value = values.next().ok_or_else(wrong_length)?;
            let Some(text) = value.filter(|text| column.kind != Kind::JSON || text != b"null")
            else {
                continue;
            };
            out.put_slice(&column.prefix);
            self.put_value(column.kind, text, out)?;
        }
        end(values)
    }

    #[inline]
    fn put_value(&self, kind: Kind, text: &[u8], out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        put_json(kind, text, out)?;
        if self.layout == Layout::Lines
            && matches!(kind, Kind::Scalar(Scalar::Json) | Kind::Array(Scalar::Json))
        {
            make_one_line(out.get_mut(start..).unwrap_or_default());
        }
        Ok(())
    }
}

/// Puts JSON that may span lines on one: there, line feeds are white space, since strings can't hold
/// them.
pub(super) fn make_one_line(json: &mut [u8]) {
    for byte in json {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

impl Column {
    fn new(name: &str, kind: Kind) -> Self {
        let mut prefix = BytesMut::from(&b","[..]);
        put_json_string(name.as_bytes(), &mut prefix);
        prefix.put_u8(b':');
        Self { prefix: prefix.to_vec().into_boxed_slice(), kind }
    }
}

#[inline]
fn end<'a>(mut values: impl Iterator<Item = Option<&'a [u8]>>) -> Result<()> {
    if values.next().is_some() { Err(wrong_length()) } else { Ok(()) }
}

#[cold]
pub(super) fn wrong_length() -> crate::error::Error {
    unexpected("a value for each column")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [(&str, Kind); 3] =
        [("id", Kind::Scalar(Scalar::Number)), ("a\"\n", Kind::TEXT), ("j", Kind::JSON)];

    type Values<'a> = [Option<&'a str>; 3];

    const ROWS: [Values<'_>; 3] = [
        [Some("1"), None, Some("{\"x\":\n\r1}")],
        [None, Some("two"), Some("null")],
        [None, None, None],
    ];

    fn json(layout: Layout, nulls: Nulls, rows: &[Values<'_>]) -> String {
        let mut writer = JsonRows::new(COLUMNS, layout, nulls);
        let mut out = BytesMut::new();
        for row in rows {
            writer.push(row.map(|it| it.map(str::as_bytes)), &mut out).unwrap();
        }
        writer.finish(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn arrays_are_spaced_as_by_json_agg() {
        assert_eq!(
            json(Layout::Array, Nulls::Kept, &ROWS),
            "[{\"id\":1,\"a\\\"\\n\":null,\"j\":{\"x\":\n\r1}}, \n \
             {\"id\":null,\"a\\\"\\n\":\"two\",\"j\":null}, \n \
             {\"id\":null,\"a\\\"\\n\":null,\"j\":null}]"
        );
        assert_eq!(json(Layout::Array, Nulls::Kept, &[]), "[]");
    }

    #[test]
    fn stripped_arrays_have_no_white_space() {
        assert_eq!(
            json(Layout::Array, Nulls::Stripped, &ROWS),
            "[{\"id\":1,\"j\":{\"x\":\n\r1}},{\"a\\\"\\n\":\"two\"},{}]"
        );
        assert_eq!(json(Layout::Array, Nulls::Stripped, &[]), "[]");
    }

    #[test]
    fn one_object_is_the_first() {
        let [_, second, third] = ROWS;
        let expected = "{\"id\":null,\"a\\\"\\n\":\"two\",\"j\":null}";
        assert_eq!(json(Layout::Single, Nulls::Kept, &[second, third]), expected);
        assert_eq!(json(Layout::Single, Nulls::Kept, &[]), "null");
    }

    #[test]
    fn lines_have_no_line_feeds_inside() {
        assert_eq!(
            json(Layout::Lines, Nulls::Stripped, &ROWS),
            "{\"id\":1,\"j\":{\"x\":  1}}\n{\"a\\\"\\n\":\"two\"}\n{}\n"
        );
        assert_eq!(json(Layout::Lines, Nulls::Kept, &[]), "");
    }

    #[test]
    fn rows_without_columns_are_empty_objects() {
        let mut writer = JsonRows::new([], Layout::Array, Nulls::Kept);
        let mut out = BytesMut::new();
        writer.push([], &mut out).unwrap();
        writer.push([], &mut out).unwrap();
        writer.finish(&mut out);
        assert_eq!(out, "[{}, \n {}]");
    }

    #[test]
    fn a_refused_row_leaves_nothing() {
        let mut writer =
            JsonRows::new([("a", Kind::Scalar(Scalar::Bool))], Layout::Array, Nulls::Kept);
        let mut out = BytesMut::new();
        writer.push([], &mut out).unwrap_err();
        writer.push([None, None], &mut out).unwrap_err();
        writer.push([Some(&b"maybe"[..])], &mut out).unwrap_err();
        assert!(out.is_empty());
        writer.push([Some(&b"t"[..])], &mut out).unwrap();
        writer.finish(&mut out);
        assert_eq!(out, "[{\"a\":true}]");
    }
}
