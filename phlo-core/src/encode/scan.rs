//! Copies text with some bytes replaced, eight bytes at a time where none are.
//!
//! Takes bytes and gives them as the inside of a JSON string or of a quoted CSV value. Knows
//! nothing of types.

use bytes::{BufMut as _, BytesMut};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Appends text as a JSON string, as PostgreSQL's `escape_json` does: it leaves `/` and the delete
/// character alone.
pub(super) fn put_json_string(text: &[u8], out: &mut BytesMut) {
    out.put_u8(b'"');
    let mut rest = text;
    while let Some((clean, dirty, after)) = split(rest, json_dirt, is_json_dirt) {
        out.put_slice(clean);
        put_json_escape(dirty, out);
        rest = after;
    }
    out.put_slice(rest);
    out.put_u8(b'"');
}

/// Appends text in quotes with its quotes and backslashes doubled, as a record's text has it.
pub(super) fn put_record_string(text: &[u8], out: &mut BytesMut) {
    out.put_u8(b'"');
    let mut rest = text;
    while let Some((clean, dirty, after)) = split(rest, record_dirt, is_record_dirt) {
        out.put_slice(clean);
        out.put_slice(&[dirty, dirty]);
        rest = after;
    }
    out.put_slice(rest);
    out.put_u8(b'"');
}

/// The text before the first dirty byte, that byte, and the text after it.
#[inline]
fn split(
    text: &[u8],
    dirt_of_word: impl Fn(u64) -> u64,
    is_dirty: impl Fn(u8) -> bool,
) -> Option<(&[u8], u8, &[u8])> {
    let (words, rest) = text.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let dirt = dirt_of_word(u64::from_le_bytes(*word));
        if dirt != 0 {
            return split_at(text, at + first_byte(dirt));
        }
        at += 8;
    }
    let position = rest.iter().position(|byte| is_dirty(*byte))?;
    split_at(text, at + position)
}

#[inline]
fn split_at(text: &[u8], at: usize) -> Option<(&[u8], u8, &[u8])> {
    let (clean, rest) = text.split_at_checked(at)?;
    let (dirty, after) = rest.split_first()?;
    Some((clean, *dirty, after))
}

/// Which byte of a word has the lowest mark. Marks above the lowest may be false: the subtractions
/// below borrow upwards, never downwards.
#[inline]
fn first_byte(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[inline]
fn json_dirt(word: u64) -> u64 {
    control(word) | equal(word, b'"') | equal(word, b'\\')
}

#[inline]
fn is_json_dirt(byte: u8) -> bool {
    byte < 0x20 || is_record_dirt(byte)
}

#[inline]
fn record_dirt(word: u64) -> u64 {
    equal(word, b'"') | equal(word, b'\\')
}

#[inline]
fn is_record_dirt(byte: u8) -> bool {
    byte == b'"' || byte == b'\\'
}

/// Marks the bytes below 0x20.
#[inline]
fn control(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

/// Marks the bytes that are equal to the given one.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & HIGHS
}

fn put_json_escape(byte: u8, out: &mut BytesMut) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let low = byte & 0x0f;
            let digit = if low < 10 { b'0' + low } else { b'a' + low - 10 };
            out.put_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
            return;
        }
    };
    out.put_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        put_json_string(text, &mut out);
        out
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            let mut escaped = BytesMut::new();
            if is_json_dirt(byte) {
                put_json_escape(byte, &mut escaped);
            } else {
                escaped.put_u8(byte);
            }
            for before in 0..20 {
                for after in 0..10 {
                    // The neighbours are the ones that a borrow would betray.
                    let text = [
                        &b"!#[]\x20\xff\x80\x7f!#[]\x20\xa2\xdc!!##  "[..before],
                        &[byte],
                        &b"#!]["[..after.min(4)],
                    ];
                    let expected = [b"\"", text[0], &escaped[..], text[2], b"\""].concat();
                    assert_eq!(json(&text.concat()), expected, "{byte} after {before}");
                }
            }
        }
    }

    #[test]
    fn escapes_are_those_of_postgresql() {
        assert_eq!(
            json(b"\x01\x08\t\n\x0b\x0c\r\x1f\"\\/\x7f \xc3\xa9"),
            &br#""\u0001\b\t\n\u000b\f\r\u001f\"\\/"#.iter().chain(b"\x7f \xc3\xa9\"").copied().collect::<Vec<_>>()[..]
        );
    }

    #[test]
    fn records_double_quotes_and_backslashes() {
        let mut out = BytesMut::new();
        put_record_string(b"a\"\\\n long enough for words \"\"", &mut out);
        assert_eq!(out, &b"\"a\"\"\\\\\n long enough for words \"\"\"\"\""[..]);
    }
}
