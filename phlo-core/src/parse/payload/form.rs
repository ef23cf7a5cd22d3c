//! Form bodies: the fields of one row, or the arguments of a function.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;

use crate::{
    error::{Code, Error, Result},
    parse::{
        Limits,
        params::{Source, parse_parameters},
    },
    request::{JsonOrigin, Payload},
    schema::Ident,
};

/// One object; of two fields with the same name the last one counts.
pub(super) fn parse_row(text: &str, limits: &Limits) -> Result<Payload> {
    let fields: BTreeMap<_, _> = fields(text, limits)?.collect();
    let json = serde_json::to_vec(&fields).map_err(|error| {
        Error::new(Code::Internal, "A form could not be written as JSON").with_source(error)
    })?;
    let keys = fields.keys().map(|key| Ident::new(key)).collect();
    Ok(Payload::Json { raw: Bytes::from(json), keys, origin: JsonOrigin::Form })
}

/// The fields as they come; names may repeat.
pub(super) fn parse_arguments(text: &str, limits: &Limits) -> Result<Payload> {
    let fields = fields(text, limits)?;
    Ok(Payload::Form(fields.map(|(key, value)| (Ident::new(&key), value.into_owned())).collect()))
}

/// A field without an equals sign is an empty text.
fn fields<'a>(
    text: &'a str,
    limits: &Limits,
) -> Result<impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a>> {
    let parameters = parse_parameters(text, Source::Form, limits.form_fields)?;
    Ok(parameters.into_iter().map(|(key, value)| (key, value.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> String {
        match parse_row(text, &Limits { form_fields: 3, ..Limits::default() }) {
            Ok(Payload::Json { raw, keys, .. }) => {
                format!("{} {keys:?}", String::from_utf8_lossy(&raw))
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => format!("{}: {error}", error.code()),
        }
    }

    fn arguments(text: &str) -> String {
        match parse_arguments(text, &Limits::default()) {
            Ok(Payload::Form(fields)) => format!("{fields:?}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn rows() {
        for (text, expected) in [
            ("a=1&b=x+y", r#"{"a":"1","b":"x y"} {"a", "b"}"#),
            ("a=1&a=2", r#"{"a":"2"} {"a"}"#),
            ("a=%22%00&b", r#"{"a":"\"\u0000","b":""} {"a", "b"}"#),
            ("", "{} {}"),
            ("a=%ff", "PGRST102: The form is not valid UTF-8"),
            ("a&b&c&d", "PGRST129: The form has too many parameters"),
        ] {
            assert_eq!(row(text), expected, "{text}");
        }
    }

    #[test]
    fn arguments_may_repeat() {
        assert_eq!(arguments("v=1&v=2&w"), r#"[("v", "1"), ("v", "2"), ("w", "")]"#);
        assert_eq!(arguments(""), "[]");
    }
}
