//! An array's text, `{{1,2},{NULL,4}}`, as nested JSON arrays.
//!
//! Takes what PostgreSQL's `array_out` writes with the comma as delimiter. Refuses text that isn't
//! closed; the values inside are for `value`.

use bytes::{BufMut as _, BytesMut};

use crate::{
    encode::{
        kind::Scalar,
        value::{put_scalar, unexpected},
    },
    error::Result,
};

/// Appends an array as JSON.
///
/// # Errors
///
/// The text isn't an array of such values. Something may have been appended then.
pub(super) fn put_json_array(element: Scalar, text: &[u8], out: &mut BytesMut) -> Result<()> {
    put_elements(element, without_bounds(text), out).unwrap_or_else(|| Err(unexpected("an array")))
}

/// Bounds other than one stand in front: `[0:1][2:3]={{..}}`. JSON has no place for them.
fn without_bounds(text: &[u8]) -> &[u8] {
    if text.first() == Some(&b'[')
        && let Some(equals) = text.iter().position(|byte| *byte == b'=')
    {
        return text.get(equals + 1..).unwrap_or_default();
    }
    text
}

/// Braces become brackets, commas stay, and the rest are elements; so no stack is needed, and the
/// text's depth can't exhaust one. `None` if the text ends before its last brace or goes on after.
fn put_elements(element: Scalar, text: &[u8], out: &mut BytesMut) -> Option<Result<()>> {
    let mut depth = 0_usize;
    let mut scratch = Vec::new();
    let mut rest = text;
    loop {
        let (first, after) = rest.split_first()?;
        match first {
            b'{' => {
                depth += 1;
                out.put_u8(b'[');
                rest = after;
            }
            b'}' => {
                depth = depth.checked_sub(1)?;
                out.put_u8(b']');
                if depth == 0 {
                    return after.is_empty().then_some(Ok(()));
                }
                rest = after;
            }
            b',' => {
                out.put_u8(b',');
                rest = after;
            }
            _ if depth == 0 => return None,
            b'"' => {
                let (value, after) = quoted(after, &mut scratch)?;
                if let Err(error) = put_scalar(element, value, out) {
                    return Some(Err(error));
                }
                rest = after;
            }
            _ => {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
                let (value, after) = rest.split_at_checked(end)?;
                if value == b"NULL" {
                    out.put_slice(b"null");
                } else if let Err(error) = put_scalar(element, value, out) {
                    return Some(Err(error));
                }
                rest = after;
            }
        }
    }
}

/// The value up to its closing quote, without its backslashes, and what follows the quote.
fn quoted<'v, 'text: 'v>(
    text: &'text [u8],
    scratch: &'v mut Vec<u8>,
) -> Option<(&'v [u8], &'text [u8])> {
    let special = |text: &[u8]| text.iter().position(|byte| matches!(byte, b'"' | b'\\'));
    let end = special(text)?;
    let (clean, rest) = text.split_at_checked(end)?;
    if let Some(after) = rest.strip_prefix(b"\"") {
        return Some((clean, after));
    }
    scratch.clear();
    scratch.extend_from_slice(clean);
    let mut rest = rest;
    loop {
        match rest {
            [b'"', after @ ..] => return Some((scratch, after)),
            [b'\\', escaped, after @ ..] => {
                scratch.push(*escaped);
                let (clean, after) = after.split_at_checked(special(after)?)?;
                scratch.extend_from_slice(clean);
                rest = after;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(element: Scalar, text: &str) -> Option<String> {
        let mut out = BytesMut::new();
        put_json_array(element, text.as_bytes(), &mut out).ok()?;
        Some(String::from_utf8(out.to_vec()).unwrap())
    }

    #[test]
    fn arrays_nest() {
        for (element, text, expected) in [
            (Scalar::Number, "{}", "[]"),
            (Scalar::Number, "{1,-2,NULL,NaN}", r#"[1,-2,null,"NaN"]"#),
            (Scalar::Number, "{{1,2},{3,NULL}}", "[[1,2],[3,null]]"),
            (Scalar::Number, "[-1:0][2:2]={{1},{2}}", "[[1],[2]]"),
            (Scalar::Bool, "{t,f}", "[true,false]"),
            (
                Scalar::TimestampTz,
                r#"{"2024-01-02 03:04:05+00",infinity}"#,
                r#"["2024-01-02T03:04:05+00:00","infinity"]"#,
            ),
            (
                Scalar::Json,
                r#"{"{\"a\": [1, null]}",1,NULL,"null"}"#,
                r#"[{"a": [1, null]},1,null,null]"#,
            ),
        ] {
            assert_eq!(json(element, text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn quotes_and_backslashes_are_undone() {
        for (text, expected) in [
            (r#"{"",a,"NULL",nULLs,"a b"}"#, r#"["","a","NULL","nULLs","a b"]"#),
            (r#"{"\\","\"","a\\b\"c","{,}"}"#, r#"["\\","\"","a\\b\"c","{,}"]"#),
            (r#"["#, ""),
            ("{\"\t\",\u{1}}", r#"["\t","\u0001"]"#),
            (r#"{[0:1]=}"#, r#"["[0:1]="]"#),
        ] {
            let found = json(Scalar::Text, text);
            assert_eq!(found.as_deref().unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn broken_text_is_refused() {
        for text in [
            "", "{", "}", "1", "{1", "{1}}", "{1}x", "{\"a}", "{\"a\\", "{\"a\\\"", "[1:2]",
            "[1:2]=",
        ] {
            assert_eq!(json(Scalar::Text, text), None, "{text}");
        }
        assert_eq!(json(Scalar::Bool, "{t,x}"), None);
    }
}
