//! Ranges of Rust as ranges and multiranges of the database.

use std::{
    borrow::Cow,
    ops::{Bound, RangeBounds},
};

use crate::dsl::{
    types::{Multirange, Range},
    value::{Operand, Scalar},
};

impl Range {
    /// The range between two bounds. Of which type its elements are is for the column to say.
    ///
    /// ```
    /// use phlo_core::dsl::Range;
    ///
    /// assert_eq!(Range::of(1..5).as_str(), "[1,5)");
    /// assert_eq!(Range::of(..="x,y".to_owned()).as_str(), "(,\"x,y\"]");
    /// ```
    pub fn of<S: Scalar>(bounds: impl RangeBounds<S>) -> Self {
        let (opening, from) = match bounds.start_bound() {
            Bound::Included(from) => ('[', quoted(from)),
            Bound::Excluded(from) => ('(', quoted(from)),
            Bound::Unbounded => ('(', String::new()),
        };
        let (to, closing) = match bounds.end_bound() {
            Bound::Included(to) => (quoted(to), ']'),
            Bound::Excluded(to) => (quoted(to), ')'),
            Bound::Unbounded => (String::new(), ')'),
        };
        Self(format!("{opening}{from},{to}{closing}"))
    }
}

impl FromIterator<Range> for Multirange {
    fn from_iter<I: IntoIterator<Item = Range>>(ranges: I) -> Self {
        let ranges: Vec<_> = ranges.into_iter().map(|range| range.0).collect();
        Self(format!("{{{}}}", ranges.join(",")))
    }
}

/// A bound as PostgreSQL reads it, in quotes where it has to be.
fn quoted<S: Scalar>(bound: &S) -> String {
    let text: Cow<'_, str> = bound.to_text();
    let is_plain =
        |char: char| char.is_alphanumeric() || matches!(char, '-' | '+' | '.' | ':' | '_');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

macro_rules! operands {
    ($($range:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<S: Scalar> Operand<Range> for std::ops::$range<S> {
            fn into_operand(self) -> String {
                Range::of(self).0
            }
        }

        #[diagnostic::do_not_recommend]
        impl<S: Scalar> Operand<Multirange> for std::ops::$range<S> {
            fn into_operand(self) -> String {
                Multirange::from_iter([Range::of(self)]).0
            }
        }

        impl<S: Scalar> From<std::ops::$range<S>> for Range {
            fn from(range: std::ops::$range<S>) -> Self {
                Self::of(range)
            }
        }
    )*};
}

operands!(Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_database() {
        assert_eq!(Range::of(1..=5).as_str(), "[1,5]");
        assert_eq!(Range::of(2.5..).as_str(), "[2.5,)");
        assert_eq!(Range::of(..7).as_str(), "(,7)");
        let several = Multirange::from_iter([Range::of(1..3), Range::of(5..)]);
        assert_eq!(several.as_str(), "{[1,3),[5,)}");
        let text = |text: &str| text.to_owned();
        assert_eq!(Range::of(text("")..text("a\"\\)")).as_str(), "[\"\",\"a\\\"\\\\)\")");
    }
}
