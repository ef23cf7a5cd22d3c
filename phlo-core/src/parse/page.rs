//! Ranges: `limit` and `offset` at each level, and the `Range` header.
//!
//! Takes the texts of numbers, gives offsets and limits, or says that no row can be meant.

use crate::{
    error::{Code, Error, Result},
    request::{EmbedPath, Range},
};

/// What a query string says about one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The level.
    pub(super) path: EmbedPath,
    limit: Option<i64>,
    offset: Option<i64>,
}

impl Page {
    /// Nothing said yet.
    pub(super) fn new(path: EmbedPath) -> Self {
        Self { path, limit: None, offset: None }
    }

    /// Takes the value of a `limit`; one that is no number changes nothing.
    pub(super) fn set_limit(&mut self, text: &str) {
        self.limit = parse_number(text).or(self.limit);
    }

    /// Takes the value of an `offset`; one that is no number changes nothing.
    pub(super) fn set_offset(&mut self, text: &str) {
        self.offset = parse_number(text).or(self.offset);
    }

    fn span(&self) -> Span {
        let first = i128::from(self.offset.unwrap_or(0));
        Span { first, last: self.limit.map(|limit| first + i128::from(limit) - 1) }
    }

    /// The range of this level.
    ///
    /// DIFFERS: where PostgREST lets the database refuse a negative limit of an embed, the error is
    /// that of a negative limit of the root.
    pub(super) fn range(&self) -> Result<Range> {
        self.range_within(Span::ALL)
    }

    /// The part of the range of this level that the `Range` header leaves.
    pub(super) fn range_within(&self, header: Span) -> Result<Range> {
        // No rows are no error, whatever else is asked for. DIFFERS: PostgREST says of `limit=0` with
        // an offset, and of an offset with a limit that is no number, that the limit is negative.
        if self.limit == Some(0) {
            return Ok(Range { offset: 0, limit: Some(0) });
        }
        let span = header.intersect(self.span()).intersect(Span::ALL);
        span.range().ok_or_else(|| {
            let details = if header.range().is_none() {
                "The lower boundary must be lower than or equal to the upper boundary in the \
                 Range header."
            } else {
                "Limit should be greater than or equal to zero."
            };
            Error::new(Code::Range, "Requested range not satisfiable").with_details(details)
        })
    }
}

/// Rows by number, the first and the last one included. Empty if the last is before the first.
///
/// Ends are sums of 64-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: i128,
    last: Option<i128>,
}

impl Span {
    /// Every row.
    pub(super) const ALL: Self = Self { first: 0, last: None };

    fn intersect(self, other: Self) -> Self {
        let last = match (self.last, other.last) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { first: self.first.max(other.first), last }
    }

    /// The same as an offset and a limit; none if it is empty.
    fn range(self) -> Option<Range> {
        let offset = u64::try_from(self.first).ok()?;
        let limit = match self.last {
            None => None,
            Some(last) if last < self.first => return None,
            // PostgreSQL counts rows in 64 bits with a sign.
            Some(last) => {
                let limit = (last - self.first + 1).min(i128::from(i64::MAX));
                Some(u64::try_from(limit).ok()?)
            }
        };
        Some(Range { offset, limit })
    }
}

/// The value of a `Range` header: `0-9`, `10-`. Anything else means every row.
///
/// The span may be empty, as in `1-0`; that is for the whole of the request to refuse.
pub(super) fn parse_span(text: &str) -> Span {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-') {
        Some((first, last)) if !first.is_empty() && is_digits(first) && is_digits(last) => Span {
            first: parse_number(first).unwrap_or(0).into(),
            last: parse_number(last).map(i128::from),
        },
        _ => Span::ALL,
    }
}

/// The rows that the value of a `Range` header asks for: `0-9`, `10-`. Anything else means every
/// row.
///
/// Fails with `PGRST103` where the last row comes before the first.
///
/// ```
/// use phlo_core::{parse, request::Range};
///
/// assert_eq!(parse::range_header("10-14").unwrap(), Range { offset: 10, limit: Some(5) });
/// assert!(parse::range_header("1-0").is_err());
/// ```
pub fn range_header(text: &str) -> Result<Range> {
    Page::new(Vec::new()).range_within(parse_span(text))
}

/// A whole number, perhaps negative, between blanks. Beyond 64 bits it is the largest or smallest.
fn parse_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let largest = if digits.len() == text.len() { i64::MAX } else { -i64::MAX };
    Some(text.parse().unwrap_or(largest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The range of a GET, as `offset+limit`.
    fn read(limit: &str, offset: &str, header: &str) -> String {
        let mut page = Page::new(Vec::new());
        page.set_limit(limit);
        page.set_offset(offset);
        match page.range_within(parse_span(header)) {
            Ok(Range { offset, limit: Some(limit) }) => format!("{offset}+{limit}"),
            Ok(Range { offset, limit: None }) => format!("{offset}+"),
            Err(error) => {
                assert_eq!(error.message(), "Requested range not satisfiable");
                error.details().and_then(|it| it.as_str()).unwrap_or_default().to_owned()
            }
        }
    }

    #[test]
    fn ranges() {
        const NEGATIVE: &str = "Limit should be greater than or equal to zero.";
        const CROSSED: &str = "The lower boundary must be lower than or equal to the upper \
                               boundary in the Range header.";
        for (limit, offset, header, expected) in [
            ("", "", "", "0+"),
            ("5", "", "", "0+5"),
            ("", "5", "", "5+"),
            ("5", "10", "", "10+5"),
            (" 5 ", "1 ", "", "1+5"),
            ("0", "", "", "0+0"),
            ("0", "7", "1-0", "0+0"),
            ("x", "7", "", "7+"),
            ("1.5", "0x7", "", "0+"),
            ("-1", "", "", NEGATIVE),
            ("-1", "9", "", NEGATIVE),
            ("", "-5", "", "0+"),
            ("10", "-5", "", "0+5"),
            ("99999999999999999999", "1", "", "1+9223372036854775807"),
            ("", "99999999999999999999", "", "9223372036854775807+"),
            ("-99999999999999999999", "", "", NEGATIVE),
            ("", "", "0-9", "0+10"),
            ("", "", "10-", "10+"),
            ("", "", "0-0", "0+1"),
            ("", "", "0-99999999999999999999", "0+9223372036854775807"),
            ("", "", "1-0", CROSSED),
            ("", "", "items=0-9", "0+"),
            ("", "", "0-9, 20-29", "0+"),
            ("", "", "-5", "0+"),
            ("5", "", "3-100", "3+2"),
            ("100", "2", "0-4", "2+3"),
            ("", "10", "0-4", NEGATIVE),
            ("1", "1", "1-0", CROSSED),
        ] {
            assert_eq!(read(limit, offset, header), expected, "{limit:?} {offset:?} {header:?}");
        }
    }
}
