//! Parameters: a query string or a form, taken apart and decoded.
//!
//! Takes encoded text, gives keys and values. Knows nothing of what they mean.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::{Code, Error, Result};

/// A key, and a value if there is an equals sign.
pub(super) type Parameter<'a> = (Cow<'a, str>, Option<Cow<'a, str>>);

/// What text is, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The part of the URL after the question mark.
    QueryString,
    /// A body of `application/x-www-form-urlencoded`.
    Form,
}

impl Source {
    fn code(self) -> Code {
        match self {
            Self::QueryString => Code::Grammar,
            Self::Form => Code::Body,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::QueryString => "query string",
            Self::Form => "form",
        }
    }
}

/// Takes `a=1&b=2` apart and decodes it; `;` separates like `&`, and `+` is a space.
///
/// Fails where the bytes that percent signs stand for are not UTF-8, and beyond `most` parameters.
pub(super) fn parse_parameters(
    text: &str,
    source: Source,
    most: usize,
) -> Result<Vec<Parameter<'_>>> {
    let mut parameters = Vec::new();
    for part in parts(text) {
        if parameters.len() >= most {
            return Err(Error::new(
                Code::TooLarge,
                format!("The {} has too many parameters", source.name()),
            )
            .with_details(format!("It may have {most} parameters.")));
        }
        let (key, value) = halves(part);
        let value = value.map(|value| decode(value, source)).transpose()?;
        parameters.push((decode(key, source)?, value));
    }
    Ok(parameters)
}

/// The query string with its parameters sorted by key, values of one key joined by commas, and
/// everything encoded that is not a letter, a digit or one of `-_.~`.
///
/// What goes into `Content-Location`.
///
/// ```
/// assert_eq!(phlo_core::parse::canonical_query("b=eq.1&a=in.(1)&d"), "a=in.%281%29&b=eq.1&d=");
/// ```
pub fn canonical_query(text: &str) -> String {
    let decoded = parts(text).map(|part| {
        let (key, value) = halves(part);
        (decode_bytes(key), decode_bytes(value.unwrap_or_default()))
    });
    let mut parameters: Vec<_> = decoded.collect();
    parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut query = String::with_capacity(text.len() + text.len() / 2);
    let mut before: Option<&[u8]> = None;
    for (key, value) in &parameters {
        if before == Some(key) {
            query.push(',');
        } else {
            if before.is_some() {
                query.push('&');
            }
            encode(&mut query, key);
            query.push('=');
            before = Some(key);
        }
        encode(&mut query, value);
    }
    query
}

fn encode(query: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            query.push(char::from(byte));
        } else {
            query.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
}

/// The parameters as they are written; nothing follows a separator at the end.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('?').unwrap_or(text);
    let text = text.strip_suffix(['&', ';']).unwrap_or(text);
    let parts = if text.is_empty() { None } else { Some(text.split(['&', ';'])) };
    parts.into_iter().flatten()
}

fn halves(part: &str) -> (&str, Option<&str>) {
    match part.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (part, None),
    }
}

fn decode(text: &str, source: Source) -> Result<Cow<'_, str>> {
    match decode_bytes(text) {
        Cow::Borrowed(_) => Ok(Cow::Borrowed(text)),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|error| {
            Error::new(source.code(), format!("The {} is not valid UTF-8", source.name()))
                .with_details(format!("In \"{text}\": {}.", error.utf8_error()))
        }),
    }
}

/// Undoes percent encoding; a percent sign without two hexadecimal digits stands for itself.
fn decode_bytes(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        Cow::Owned(percent_decode_str(&spaced).collect())
    } else {
        percent_decode_str(text).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match parse_parameters(text, Source::QueryString, 5) {
            Ok(parameters) => parameters
                .iter()
                .map(|(key, value)| match value {
                    Some(value) => format!("[{key}={value}]"),
                    None => format!("[{key}]"),
                })
                .collect(),
            Err(error) => format!("{}: {error}", error.code()),
        }
    }

    #[test]
    fn parameters() {
        for (text, expected) in [
            ("", ""),
            ("?", ""),
            ("&", ""),
            ("a=1&b=2;c=3", "[a=1][b=2][c=3]"),
            ("?a=1&", "[a=1]"),
            ("a&b=&=c", "[a][b=][=c]"),
            ("a=1&&b=2", "[a=1][][b=2]"),
            ("a=b=c", "[a=b=c]"),
            ("a+b=c%20d%2B", "[a b=c d+]"),
            ("a=%zz%4", "[a=%zz%4]"),
            ("caf%C3%A9=é", "[café=é]"),
            ("a=%00", "[a=\0]"),
            ("a=%FF", "PGRST100: The query string is not valid UTF-8"),
            ("%C3=1", "PGRST100: The query string is not valid UTF-8"),
            ("a&b&c&d&e&f", "PGRST129: The query string has too many parameters"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn canonical_queries() {
        for (text, expected) in [
            ("", ""),
            ("a=1&c=3&b=2&d", "a=1&b=2&c=3&d="),
            ("b=eq.1&a=eq.1", "a=eq.1&b=eq.1"),
            ("b=2&a=1&b=1", "a=1&b=2,1"),
            ("select=*,c(*)", "select=%2A%2Cc%28%2A%29"),
            ("a=caf%c3%a9+x~", "a=caf%C3%A9%20x~"),
            ("a=%ff", "a=%FF"),
        ] {
            assert_eq!(canonical_query(text), expected, "{text}");
        }
    }
}
