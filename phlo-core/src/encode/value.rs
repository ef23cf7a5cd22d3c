//! One value as JSON, as `to_json` writes it.
//!
//! Takes a value's text and its kind. Refuses text that isn't of the kind, so that a surprise
//! becomes an error and never wrong JSON.

use bytes::{BufMut as _, BytesMut};

use crate::{
    encode::{
        array,
        kind::{Kind, Scalar},
        scan::put_json_string,
    },
    error::{Code, Error, Result},
};

/// Appends a value as JSON.
///
/// # Errors
///
/// The text isn't of that kind. Something may have been appended then.
#[inline]
pub(super) fn put_json(kind: Kind, text: &[u8], out: &mut BytesMut) -> Result<()> {
    match kind {
        Kind::Scalar(scalar) => put_scalar(scalar, text, out),
        Kind::Array(element) => array::put_json_array(element, text, out),
    }
}

/// Appends a value that is no array.
///
/// # Errors
///
/// The text isn't of that kind. Something may have been appended then.
#[inline]
pub(crate) fn put_scalar(scalar: Scalar, text: &[u8], out: &mut BytesMut) -> Result<()> {
    match scalar {
        Scalar::Text => put_json_string(text, out),
        Scalar::Number => put_number(text, out),
        Scalar::Json => out.put_slice(text),
        Scalar::Bool => match text {
            b"t" => out.put_slice(b"true"),
            b"f" => out.put_slice(b"false"),
            _ => return Err(unexpected("a boolean")),
        },
        Scalar::Date => put_date(text, out)?,
        Scalar::Timestamp => put_timestamp(text, out)?,
        Scalar::TimestampTz => put_timestamptz(text, out)?,
    }
    Ok(())
}

/// That the server has sent something else than the kind of the column allows.
#[cold]
pub(super) fn unexpected(what: &str) -> Error {
    Error::new(Code::Internal, format!("The database sent something else than {what}"))
}

#[cold]
fn not_iso(what: &str) -> Error {
    unexpected(what).with_hint("DateStyle must be ISO where dates are written as JSON.")
}

/// Finite numbers end with a digit; `NaN`, `Infinity` and `-Infinity` become strings.
#[inline]
fn put_number(text: &[u8], out: &mut BytesMut) {
    if text.last().is_some_and(u8::is_ascii_digit) {
        out.put_slice(text);
    } else {
        put_json_string(text, out);
    }
}

fn put_date(text: &[u8], out: &mut BytesMut) -> Result<()> {
    let date = text.strip_suffix(b" BC").unwrap_or(text);
    if !is_iso_date(date) && !is_infinity(text) {
        return Err(not_iso("an ISO date"));
    }
    put_quoted(&[text], out);
    Ok(())
}

fn put_timestamp(text: &[u8], out: &mut BytesMut) -> Result<()> {
    let Some((date, time)) = split_iso(text) else {
        return put_infinity(text, "an ISO timestamp", out);
    };
    put_quoted(&[date, b"T", time], out);
    Ok(())
}

fn put_timestamptz(text: &[u8], out: &mut BytesMut) -> Result<()> {
    let Some((date, time)) = split_iso(text) else {
        return put_infinity(text, "an ISO timestamp", out);
    };
    let (time, era) = match time.strip_suffix(b" BC") {
        Some(time) => (time, &b" BC"[..]),
        None => (time, &b""[..]),
    };
    let sign = time.iter().rposition(|byte| matches!(byte, b'+' | b'-'));
    let Some(offset) = sign.and_then(|at| time.get(at..)) else {
        return Err(not_iso("a timestamp with an offset"));
    };
    // The text leaves minutes of zero away, JSON doesn't.
    let minutes = if offset.contains(&b':') { &b""[..] } else { b":00" };
    put_quoted(&[date, b"T", time, minutes, era], out);
    Ok(())
}

fn put_infinity(text: &[u8], what: &str, out: &mut BytesMut) -> Result<()> {
    if !is_infinity(text) {
        return Err(not_iso(what));
    }
    put_quoted(&[text], out);
    Ok(())
}

#[inline]
fn put_quoted(parts: &[&[u8]], out: &mut BytesMut) {
    out.put_u8(b'"');
    for part in parts {
        out.put_slice(part);
    }
    out.put_u8(b'"');
}

fn is_infinity(text: &[u8]) -> bool {
    matches!(text, b"infinity" | b"-infinity")
}

/// The date and the time of `2024-01-02 03:04:05..`.
#[inline]
fn split_iso(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    let (date, time) = (text.get(..space)?, text.get(space + 1..)?);
    is_iso_date(date).then_some((date, time))
}

/// Whether it is year, month and day: the year has four digits or more, so that `01-02-2024` of
/// another style isn't taken for one.
#[inline]
fn is_iso_date(text: &[u8]) -> bool {
    let Some((year, [b'-', m1, m2, b'-', d1, d2])) = text.split_last_chunk::<6>() else {
        return false;
    };
    year.len() >= 4 && year.iter().chain([m1, m2, d1, d2]).all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scalar: Scalar, text: &str, expected: Option<&str>) {
        let mut out = BytesMut::new();
        let result = put_scalar(scalar, text.as_bytes(), &mut out);
        assert_eq!(result.is_ok(), expected.is_some(), "{text}");
        if let Some(expected) = expected {
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn numbers_are_bare_if_they_are_finite() {
        for text in ["0", "-1", "1.50", "1e+20", "-1e-07"] {
            check(Scalar::Number, text, Some(text));
        }
        check(Scalar::Number, "NaN", Some("\"NaN\""));
        check(Scalar::Number, "-Infinity", Some("\"-Infinity\""));
        check(Scalar::Number, "", Some("\"\""));
    }

    #[test]
    fn booleans_are_spelled_out() {
        check(Scalar::Bool, "t", Some("true"));
        check(Scalar::Bool, "f", Some("false"));
        check(Scalar::Bool, "true", None);
    }

    #[test]
    fn dates_must_be_iso() {
        check(Scalar::Date, "2024-01-02", Some("\"2024-01-02\""));
        check(Scalar::Date, "0044-03-15 BC", Some("\"0044-03-15 BC\""));
        check(Scalar::Date, "5874897-12-31", Some("\"5874897-12-31\""));
        check(Scalar::Date, "infinity", Some("\"infinity\""));
        for text in ["01-02-2024", "01/02/2024", "02.01.2024", "", "\"2024-01-02", "24-01-02"] {
            check(Scalar::Date, text, None);
        }
    }

    #[test]
    fn timestamps_get_a_t() {
        check(Scalar::Timestamp, "2024-01-02 03:04:05.6", Some("\"2024-01-02T03:04:05.6\""));
        check(Scalar::Timestamp, "0044-03-15 11:12:13 BC", Some("\"0044-03-15T11:12:13 BC\""));
        check(Scalar::Timestamp, "-infinity", Some("\"-infinity\""));
        check(Scalar::Timestamp, "Tue Jan 02 03:04:05 2024", None);
        check(Scalar::Timestamp, "01/02/2024 03:04:05", None);
        check(Scalar::Timestamp, "01-02-2024 03:04:05", None);
        check(Scalar::Timestamp, "", None);
    }

    #[test]
    fn offsets_get_minutes() {
        for (text, expected) in [
            ("2024-01-02 03:04:05+00", "\"2024-01-02T03:04:05+00:00\""),
            ("2024-01-02 03:04:05.678-08", "\"2024-01-02T03:04:05.678-08:00\""),
            ("2024-01-02 03:04:05+05:45", "\"2024-01-02T03:04:05+05:45\""),
            ("1900-01-01 00:00:00-03:30:52", "\"1900-01-01T00:00:00-03:30:52\""),
            ("0044-03-15 11:12:13+00 BC", "\"0044-03-15T11:12:13+00:00 BC\""),
            ("infinity", "\"infinity\""),
        ] {
            check(Scalar::TimestampTz, text, Some(expected));
        }
        check(Scalar::TimestampTz, "2024-01-02 03:04:05", None);
        check(Scalar::TimestampTz, "Tue Jan 02 03:04:05 2024 UTC", None);
    }
}
