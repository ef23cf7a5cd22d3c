//! JSON values that the database has made, one a row, in the layouts that responses have.
//!
//! Takes the values as text. Gives what `json_agg` or `json_strip_nulls` would have printed around
//! them.

use bytes::{BufMut as _, BytesMut};

use crate::encode::json::{Layout, Nulls, make_one_line};

/// Joins JSON values.
///
/// ```
/// use bytes::BytesMut;
/// use phlo_core::encode::{Elements, Layout, Nulls};
///
/// let mut elements = Elements::new(Layout::Array, Nulls::Kept);
/// let mut out = BytesMut::new();
/// elements.push(Some(b"{\"id\":1}"), &mut out);
/// elements.push(None, &mut out);
/// elements.finish(&mut out);
/// assert_eq!(out, "[{\"id\":1}, \n null]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elements {
    layout: Layout,
    nulls: Nulls,
    is_first: bool,
}

impl Elements {
    /// Prepares for values from which keys with null values were left out, or not.
    pub fn new(layout: Layout, nulls: Nulls) -> Self {
        Self { layout, nulls, is_first: true }
    }

    /// Appends a value.
    pub fn push(&mut self, value: Option<&[u8]>, out: &mut BytesMut) {
        out.put_slice(self.layout.before(self.is_first, self.nulls));
        if self.layout == Layout::Single && !self.is_first {
            return;
        }
        self.is_first = false;
        let value = value.unwrap_or(b"null");
        if self.layout == Layout::Lines {
            let start = out.len();
            out.put_slice(value);
            make_one_line(out.get_mut(start..).unwrap_or_default());
            out.put_u8(b'\n');
        } else {
            out.put_slice(value);
        }
    }

    /// Appends what comes after the last value.
    pub fn finish(self, out: &mut BytesMut) {
        out.put_slice(self.layout.after(self.is_first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(layout: Layout, nulls: Nulls, values: &[Option<&str>]) -> String {
        let mut elements = Elements::new(layout, nulls);
        let mut out = BytesMut::new();
        for value in values {
            elements.push(value.map(str::as_bytes), &mut out);
        }
        elements.finish(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn values_stand_as_in_the_layouts_of_rows() {
        let values = [Some("{\"a\":\n1}"), None, Some("2")];
        assert_eq!(joined(Layout::Array, Nulls::Kept, &values), "[{\"a\":\n1}, \n null, \n 2]");
        assert_eq!(joined(Layout::Array, Nulls::Stripped, &values), "[{\"a\":\n1},null,2]");
        assert_eq!(joined(Layout::Lines, Nulls::Kept, &values), "{\"a\": 1}\nnull\n2\n");
        assert_eq!(joined(Layout::Single, Nulls::Kept, &values), "{\"a\":\n1}");
    }

    #[test]
    fn no_values_are_what_no_rows_are() {
        assert_eq!(joined(Layout::Array, Nulls::Kept, &[]), "[]");
        assert_eq!(joined(Layout::Lines, Nulls::Kept, &[]), "");
        assert_eq!(joined(Layout::Single, Nulls::Kept, &[]), "null");
    }
}
