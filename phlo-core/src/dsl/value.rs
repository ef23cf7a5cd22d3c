//! Values: how Rust types stand for types of the database, and back.
//!
//! Takes what the database sent, in its binary format or within JSON, and gives values; takes
//! values and gives text that the database reads. Knows no column and no connection.

use std::{borrow::Cow, fmt};

/// Why what the database sent can't be the wanted value: what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(Cow<'static, str>);

impl Unreadable {
    /// With a description of what was wrong.
    pub fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

/// A Rust type that stands for a type of the database, null aside.
///
/// Two functions are enough for a type that is read from text and written as text, which every type
/// of PostgreSQL can be. Set [`CAST`](Self::CAST) to `Some("text")` then, unless the type's binary
/// format is its text, as it is for text and enums.
///
/// ```
/// use std::borrow::Cow;
/// use phlo_core::dsl::{Scalar, Unreadable};
///
/// /// An address of a network card: PostgreSQL's `macaddr`.
/// #[derive(Debug, PartialEq)]
/// struct CardAddress(String);
///
/// impl Scalar for CardAddress {
///     const CAST: Option<&'static str> = Some("text");
///
///     fn from_text(text: &str) -> Result<Self, Unreadable> {
///         Ok(Self(text.to_owned()))
///     }
///
///     fn to_text(&self) -> Cow<'_, str> {
///         Cow::Borrowed(&self.0)
///     }
/// }
///
/// assert_eq!(CardAddress::from_binary(b"08:00:2b:01:02:03").unwrap().0, "08:00:2b:01:02:03");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of the database",
    label = "this can't be the value of a column",
    note = "implement `phlo_core::dsl::Scalar` for a type of your own"
)]
pub trait Scalar: Sized {
    /// What the database must cast values to so that [`from_binary`](Self::from_binary) can read
    /// them; none for types that it reads as they are.
    const CAST: Option<&'static str> = None;

    /// What an array of them must be cast to.
    const ARRAY_CAST: Option<&'static str> = match Self::CAST {
        Some(_) => Some("_text"),
        None => None,
    };

    /// Whether it is an array. PostgreSQL has no arrays of arrays to compare one with.
    const IS_ARRAY: bool = false;

    /// Reads a value from PostgreSQL's text format.
    ///
    /// # Errors
    ///
    /// The text is no such value.
    fn from_text(text: &str) -> Result<Self, Unreadable>;

    /// The value as text that PostgreSQL reads.
    fn to_text(&self) -> Cow<'_, str>;

    /// Reads a value from PostgreSQL's binary format.
    ///
    /// # Errors
    ///
    /// The bytes are no such value.
    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::from_text(utf8(bytes)?)
    }

    /// Reads a value from JSON, as PostgreSQL writes it there.
    ///
    /// # Errors
    ///
    /// The JSON is no such value.
    fn from_json(json: &str) -> Result<Self, Unreadable> {
        Self::from_text(&unquoted(json)?)
    }

    /// Writes the value as JSON that PostgreSQL reads as one of the type: what `to_json` makes of it.
    ///
    /// That is a string of the text unless the type says otherwise.
    fn write_json(&self, to: &mut String) {
        push_json_text(to, &self.to_text());
    }
}

/// A value of a column: of a type of the database, or null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no type of a column",
    label = "this can't be the value of a column",
    note = "a column's value is a type of the database, or an `Option` of one"
)]
pub trait Value: Sized {
    /// The type of values that aren't null.
    type Scalar: Scalar;

    /// Reads what the database sent.
    ///
    /// # Errors
    ///
    /// It is no such value, or null where that isn't expected.
    fn read(cell: Cell<'_>) -> Result<Self, Unreadable>;

    /// The value, if it isn't null.
    fn as_scalar(&self) -> Option<&Self::Scalar>;
}

impl<S: Scalar> Value for S {
    type Scalar = S;

    fn read(cell: Cell<'_>) -> Result<Self, Unreadable> {
        match cell {
            Cell::Null => Err(Unreadable::new("it is null")),
            Cell::Binary(bytes) => S::from_binary(bytes),
            Cell::Json(json) => S::from_json(json),
        }
    }

    fn as_scalar(&self) -> Option<&S> {
        Some(self)
    }
}

impl<S: Scalar> Value for Option<S> {
    type Scalar = S;

    fn read(cell: Cell<'_>) -> Result<Self, Unreadable> {
        match cell {
            Cell::Null => Ok(None),
            Cell::Binary(bytes) => S::from_binary(bytes).map(Some),
            Cell::Json(json) => S::from_json(json).map(Some),
        }
    }

    fn as_scalar(&self) -> Option<&S> {
        self.as_ref()
    }
}

/// What the database sent for one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Null.
    Null,
    /// A value in the binary format.
    Binary(&'a [u8]),
    /// A value within JSON, that isn't null.
    Json(&'a str),
}

/// A type around another one that says what its values are for: a domain.
///
/// Values are read, written and compared as the inner type is.
pub trait Newtype: Sized {
    /// What is inside.
    type Inner: Scalar;

    /// Puts a value inside.
    fn wrap(inner: Self::Inner) -> Self;

    /// What is inside.
    fn inner(&self) -> &Self::Inner;
}

#[diagnostic::do_not_recommend]
impl<N: Newtype> Scalar for N {
    const CAST: Option<&'static str> = N::Inner::CAST;
    const ARRAY_CAST: Option<&'static str> = N::Inner::ARRAY_CAST;
    const IS_ARRAY: bool = N::Inner::IS_ARRAY;

    fn from_text(text: &str) -> Result<Self, Unreadable> {
        N::Inner::from_text(text).map(N::wrap)
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.inner().to_text()
    }

    fn from_binary(bytes: &[u8]) -> Result<Self, Unreadable> {
        N::Inner::from_binary(bytes).map(N::wrap)
    }

    fn from_json(json: &str) -> Result<Self, Unreadable> {
        N::Inner::from_json(json).map(N::wrap)
    }

    fn write_json(&self, to: &mut String) {
        self.inner().write_json(to);
    }
}

/// Something that a column's values can be compared to.
#[diagnostic::on_unimplemented(
    message = "a column of type `{S}` can't be compared to `{Self}`",
    label = "this should be a `{S}`",
    note = "the types of columns are those of the database; see the column's definition"
)]
pub trait Operand<S: Scalar> {
    /// The value as text that PostgreSQL reads.
    fn into_operand(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<S: Scalar> Operand<S> for S {
    fn into_operand(self) -> String {
        self.to_text().into_owned()
    }
}

#[diagnostic::do_not_recommend]
impl<S: Scalar> Operand<S> for &S {
    fn into_operand(self) -> String {
        self.to_text().into_owned()
    }
}

#[diagnostic::do_not_recommend]
impl Operand<String> for &str {
    fn into_operand(self) -> String {
        self.to_owned()
    }
}

/// Bytes as text.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable::new("it is not UTF-8"))
}

/// The content of a JSON string; the text itself of anything else.
pub(crate) fn unquoted(json: &str) -> Result<Cow<'_, str>, Unreadable> {
    if !json.starts_with('"') {
        return Ok(Cow::Borrowed(json));
    }
    serde_json::from_str::<String>(json)
        .map(Cow::Owned)
        .map_err(|error| Unreadable::new(error.to_string()))
}

/// Writes a JSON string.
pub(crate) fn push_json_text(to: &mut String, text: &str) {
    // OK because a string is always written.
    to.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_read_where_it_is_expected() {
        assert_eq!(Option::<i64>::read(Cell::Null), Ok(None));
        assert_eq!(Option::<i64>::read(Cell::Json("7")), Ok(Some(7)));
        assert_eq!(i64::read(Cell::Null), Err(Unreadable::new("it is null")));
        assert_eq!(i64::read(Cell::Binary(&7_i64.to_be_bytes())), Ok(7));
    }

    #[test]
    fn newtypes_are_what_is_inside() {
        #[derive(Debug, PartialEq)]
        struct Year(i32);
        impl Newtype for Year {
            type Inner = i32;
            fn wrap(inner: i32) -> Self {
                Self(inner)
            }
            fn inner(&self) -> &i32 {
                &self.0
            }
        }
        assert_eq!(Year::read(Cell::Binary(&1979_i32.to_be_bytes())), Ok(Year(1979)));
        assert_eq!(Year(1979).into_operand(), "1979");
        let mut json = String::new();
        Year(1979).write_json(&mut json);
        assert_eq!(json, "1979");
    }
}
