//! Reads PostgreSQL's error reports. Takes the body of the message, gives the fields that are kept.

use std::collections::BTreeMap;

use crate::error::{DatabaseError, Severity};

/// Reads the body of an error message. What is missing or no text is left empty.
pub(super) fn parse(body: &[u8]) -> DatabaseError {
    let mut fields: BTreeMap<u8, String> = body
        .split(|byte| *byte == 0)
        .filter_map(|field| field.split_first())
        .map(|(kind, text)| (*kind, String::from_utf8_lossy(text).into_owned()))
        .collect();

    // `V` is `S` without the translation.
    let severity = fields.remove(&b'V').or_else(|| fields.remove(&b'S'));
    let mut error = DatabaseError::new(
        fields.remove(&b'C').unwrap_or_default(),
        fields.remove(&b'M').unwrap_or_default(),
    );
    error.severity = match severity.as_deref() {
        Some("FATAL") => Severity::Fatal,
        Some("PANIC") => Severity::Panic,
        _ => Severity::Error,
    };
    error.detail = fields.remove(&b'D');
    error.hint = fields.remove(&b'H');
    error.constraint = fields.remove(&b'n');
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart_by_their_letters() {
        let body =
            b"SFEHLER\0VERROR\0C23505\0Mduplicate key\0Dthe detail\0Hthe hint\0nfilm_pkey\0\0";
        let mut expected = DatabaseError::new("23505", "duplicate key");
        expected.detail = Some("the detail".to_owned());
        expected.hint = Some("the hint".to_owned());
        expected.constraint = Some("film_pkey".to_owned());
        assert_eq!(parse(body), expected);
    }

    #[test]
    fn the_end_of_a_session_is_seen() {
        assert_eq!(parse(b"SFATAL\0C57P01\0Mm\0\0").severity, Severity::Fatal);
        assert_eq!(parse(b"SPANIK\0VPANIC\0C57P02\0Mm\0\0").severity, Severity::Panic);
        assert_eq!(parse(b"\0"), DatabaseError::default());
    }
}
