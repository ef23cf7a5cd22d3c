//! Bodies: what a change writes, or what a function is called with.
//!
//! Takes bytes and their media type, gives a payload. Looks no further into JSON than its keys.

mod batch;
mod csv;
mod form;
mod json;
mod lines;
mod rows;

use std::collections::BTreeSet;

use bytes::Bytes;

pub use self::{
    batch::BatchLimits,
    rows::{RowFormat, RowReader},
};
use crate::{
    error::{Code, Error, Result},
    parse::Limits,
    request::{JsonOrigin, MediaType, Payload, RawKind},
    schema::Ident,
};

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Rows of a table.
    Rows,
    /// Arguments of a function.
    Arguments,
}

/// Reads a body. With `columns`, JSON is not looked into at all.
pub(super) fn parse_payload(
    body: &Bytes,
    media_type: &MediaType,
    purpose: Purpose,
    columns: Option<&BTreeSet<Ident>>,
    limits: &Limits,
) -> Result<Payload> {
    let raw = |kind| Ok(Payload::Raw { raw: body.clone(), kind });
    match (media_type, purpose) {
        (MediaType::Json, _) => match columns {
            Some(columns) => {
                utf8(body)?;
                Ok(Payload::Json {
                    raw: body.clone(),
                    keys: columns.clone(),
                    origin: JsonOrigin::Json,
                })
            }
            None if body.is_empty() && purpose == Purpose::Arguments => Ok(Payload::Json {
                raw: Bytes::from_static(b"{}"),
                keys: BTreeSet::new(),
                origin: JsonOrigin::Json,
            }),
            None => json::parse_json(body),
        },
        (MediaType::Csv, _) => {
            utf8(body)?;
            rows::read_whole(body, RowFormat::Csv, columns, limits)
        }
        (MediaType::JsonLines { .. }, _) => {
            rows::read_whole(body, RowFormat::JsonLines, columns, limits)
        }
        (MediaType::Form, Purpose::Rows) => form::parse_row(utf8(body)?, limits),
        (MediaType::Form, Purpose::Arguments) => form::parse_arguments(utf8(body)?, limits),
        (MediaType::Text, Purpose::Arguments) => raw(RawKind::Text),
        (MediaType::Xml, Purpose::Arguments) => raw(RawKind::Xml),
        (MediaType::OctetStream, Purpose::Arguments) => raw(RawKind::Bytes),
        (other, _) => Err(refuse(format!("Content-Type not acceptable: {other}"))),
    }
}

/// The keys of a JSON body that could be read; none of those that are no objects.
pub(super) fn json_keys(body: &Bytes) -> Option<BTreeSet<Ident>> {
    match json::parse_json(body) {
        Ok(Payload::Json { keys, .. }) => Some(keys),
        Ok(Payload::Form(_) | Payload::Raw { .. }) | Err(_) => None,
    }
}

fn utf8(body: &Bytes) -> Result<&str> {
    std::str::from_utf8(body).map_err(|error| not_utf8(&error))
}

fn not_utf8(error: &std::str::Utf8Error) -> Error {
    refuse("The body is not valid UTF-8").with_details(format!("{error}."))
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Code::Body, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a body, in one line.
    fn read(body: &[u8], media_type: &MediaType, purpose: Purpose) -> String {
        let body = Bytes::copy_from_slice(body);
        show(parse_payload(&body, media_type, purpose, None, &Limits::default()))
    }

    fn show(result: Result<Payload>) -> String {
        match result {
            Ok(Payload::Json { raw, keys, .. }) => {
                format!("{} {keys:?}", String::from_utf8_lossy(&raw))
            }
            Ok(Payload::Form(fields)) => format!("{fields:?}"),
            Ok(Payload::Raw { raw, kind }) => format!("{kind:?} {raw:?}"),
            Err(error) => format!("{}: {error}", error.code()),
        }
    }

    #[test]
    fn the_media_type_decides() {
        use MediaType::{Csv, Form, GeoJson, Json, OctetStream, Text, Xml};
        use Purpose::{Arguments, Rows};
        for (media_type, purpose, expected) in [
            (Json, Rows, "PGRST102: Empty or invalid json"),
            (Json, Arguments, "PGRST102: Empty or invalid json"),
            (Csv, Rows, "[] {}"),
            (Form, Rows, r#"{"a":"b"} {"a"}"#),
            (Form, Arguments, r#"[("a", "b")]"#),
            (Text, Arguments, r#"Text b"a=b""#),
            (Xml, Arguments, r#"Xml b"a=b""#),
            (OctetStream, Arguments, r#"Bytes b"a=b""#),
            (Text, Rows, "PGRST102: Content-Type not acceptable: text/plain"),
            (OctetStream, Rows, "PGRST102: Content-Type not acceptable: application/octet-stream"),
            (GeoJson, Arguments, "PGRST102: Content-Type not acceptable: application/geo+json"),
            (
                MediaType::Other("image/png".to_owned()),
                Rows,
                "PGRST102: Content-Type not acceptable: image/png",
            ),
        ] {
            assert_eq!(read(b"a=b", &media_type, purpose), expected, "{media_type}");
        }
    }

    #[test]
    fn no_body_is_no_arguments() {
        assert_eq!(read(b"", &MediaType::Json, Purpose::Arguments), "{} {}");
        assert_eq!(read(b"", &MediaType::Json, Purpose::Rows), "PGRST102: Empty or invalid json");
    }

    #[test]
    fn columns_forward_json_unread() {
        let columns = BTreeSet::from([Ident::new("id")]);
        for (body, media_type, expected) in [
            (&b"anything"[..], MediaType::Json, r#"anything {"id"}"#),
            (b"\xff", MediaType::Json, "PGRST102: The body is not valid UTF-8"),
            (b"a\n1", MediaType::Csv, r#"[{"a":"1"}] {"a"}"#),
        ] {
            let body = Bytes::from_static(body);
            let payload = parse_payload(
                &body,
                &media_type,
                Purpose::Rows,
                Some(&columns),
                &Limits::default(),
            );
            assert_eq!(show(payload), expected);
        }
    }

    #[test]
    fn text_must_be_utf8_and_bytes_need_not() {
        for media_type in [MediaType::Json, MediaType::Csv, MediaType::Form] {
            let read = read(b"a=\"\xff\"", &media_type, Purpose::Rows);
            assert_eq!(read, "PGRST102: The body is not valid UTF-8");
        }
        assert_eq!(read(b"\xff", &MediaType::Text, Purpose::Arguments), r#"Text b"\xff""#);
    }
}
