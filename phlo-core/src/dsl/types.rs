//! Types of the database that the standard library has none for, kept as PostgreSQL writes them,
//! and what can be done with values of each type.

use std::{borrow::Cow, fmt};

use crate::{
    dsl::{
        as_json::write_text,
        scalars::{Bytes, Json},
        value::{Newtype, Operand, Scalar, Unreadable, Value},
    },
    encode::Scalar as Kind,
};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $kind:ident,)*) => {$(
        $(#[$doc])*
        ///
        /// Kept as the text that PostgreSQL writes, and compared by the database alone.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub String);

        impl $name {
            /// Takes text in a form that PostgreSQL reads.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        #[diagnostic::do_not_recommend]
        impl Operand<$name> for &str {
            fn into_operand(self) -> String {
                self.to_owned()
            }
        }

        impl Scalar for $name {
            const CAST: Option<&'static str> = Some("text");

            fn from_text(text: &str) -> Result<Self, Unreadable> {
                Ok(Self::new(text))
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }

            fn write_json(&self, to: &mut String) {
                write_text(Kind::$kind, &self.0, to);
            }
        }
    )*};
}

texts! {
    /// An exact number: a `numeric`.
    Decimal: Number,
    /// An amount of money in the database's currency: a `money`.
    Money: Text,
    /// A day: a `date`.
    Date: Text,
    /// A time of day: a `time` or `timetz`.
    TimeOfDay: Text,
    /// A date and time without a time zone: a `timestamp`.
    Timestamp: Timestamp,
    /// A moment: a `timestamptz`.
    Timestamptz: TimestampTz,
    /// A length of time: an `interval`.
    Interval: Text,
    /// A `uuid`.
    Uuid: Text,
    /// A range of any type, such as `[2024-01-01,2024-02-01)`.
    Range: Text,
    /// A multirange of any type, such as `{[2024-01-01,2024-02-01),[2024-03-01,)}`.
    Multirange: Text,
    /// A document for full-text search: a `tsvector`.
    Tsvector: Text,
    /// A value of any other type, as it is when cast to `text`: an `inet` has its mask, also where
    /// PostgreSQL's JSON leaves it away, and a composite is in parentheses.
    Other: Text,
}

/// Values that PostgreSQL can compare: all but those of `json`.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` can't be compared",
    label = "PostgreSQL has no `=` and no order for `json`",
    note = "compare a text in it, as in `COLUMN.text_at(\"name\").eq(\"x\")`, or make it a `jsonb`"
)]
pub trait Comparable: Value {}

#[diagnostic::do_not_recommend]
impl<S: Scalar> Comparable for S {}
#[diagnostic::do_not_recommend]
impl<S: Scalar> Comparable for Option<S> {}

/// Types whose values have an order.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` have no order",
    label = "`gt`, `gte`, `lt`, `lte` and their kin need a type that has one",
    note = "numbers, text, dates, enums and the like have an order"
)]
pub trait Ordered {}

/// Types that have a largest and a smallest of many values.
#[diagnostic::on_unimplemented(
    message = "there is no largest of many values of type `{Self}`",
    label = "`min` and `max` need a type that PostgreSQL has them for",
    note = "numbers, text, dates, enums and arrays of such have a largest and a smallest"
)]
pub trait Extreme: Scalar {}

/// Types whose values are text.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` are no text",
    label = "`like`, `matches` and their kin need a column of text"
)]
pub trait Textual {}

/// Types whose values contain others: arrays, ranges and JSON.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` contain nothing",
    label = "`contains` and `contained_in` need an array, a range or JSON"
)]
pub trait Container {}

/// Types whose values may have parts in common: arrays and ranges.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` can't overlap",
    label = "`overlaps` needs an array or a range"
)]
pub trait Overlapping {}

/// Types whose values have a beginning and an end: ranges and multiranges.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` have no beginning and no end",
    label = "`left_of`, `right_of`, `adjacent_to` and their kin need a range"
)]
pub trait Spanning {}

/// Types that can be searched for words.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` can't be searched for words",
    label = "`search` needs text, JSON or a `tsvector`"
)]
pub trait Searchable {}

/// Types whose values can be added up.
#[diagnostic::on_unimplemented(
    message = "values of type `{Self}` can't be added up",
    label = "`sum` and `avg` need numbers or intervals"
)]
pub trait Summable: Scalar {
    /// The type of a sum.
    type Sum: Scalar;
    /// The type of a mean.
    type Mean: Scalar;
}

macro_rules! abilities {
    ($($ability:ident: $($type:ty),*;)*) => {$($(
        // What else has it would make a long message longer.
        #[diagnostic::do_not_recommend]
        impl $ability for $type {}
    )*)*};
}

abilities! {
    Ordered: bool, i16, i32, i64, f32, f64, String, Bytes, Decimal, Money, Date, TimeOfDay,
        Timestamp, Timestamptz, Interval, Uuid, Range, Multirange, Json, Other;
    Extreme: i16, i32, i64, f32, f64, String, Decimal, Money, Date, TimeOfDay, Timestamp,
        Timestamptz, Interval, Other;
    Textual: String;
    Container: Json, Range, Multirange;
    Overlapping: Range, Multirange;
    Spanning: Range, Multirange;
    Searchable: String, Json, Tsvector;
}

#[diagnostic::do_not_recommend]
impl<V> Ordered for Vec<V> {}
#[diagnostic::do_not_recommend]
impl<V: Value> Extreme for Vec<V> {}
#[diagnostic::do_not_recommend]
impl<V> Container for Vec<V> {}
#[diagnostic::do_not_recommend]
impl<V> Overlapping for Vec<V> {}

#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Ordered>> Ordered for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Extreme>> Extreme for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Textual>> Textual for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Container>> Container for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Overlapping>> Overlapping for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Spanning>> Spanning for N {}
#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Searchable>> Searchable for N {}

macro_rules! sums {
    ($($type:ty => $sum:ty, $mean:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Summable for $type {
            type Sum = $sum;
            type Mean = $mean;
        }
    )*};
}

// What PostgreSQL gives: it widens what could overflow.
sums! {
    i16 => i64, Decimal;
    i32 => i64, Decimal;
    i64 => Decimal, Decimal;
    f32 => f32, f64;
    f64 => f64, f64;
    Decimal => Decimal, Decimal;
    Interval => Interval, Interval;
}

#[diagnostic::do_not_recommend]
impl<N: Newtype<Inner: Summable>> Summable for N {
    type Sum = <N::Inner as Summable>::Sum;
    type Mean = <N::Inner as Summable>::Mean;
}
