//! Cuts the bytes from the server into messages. Takes what was read from the socket, gives
//! messages as ranges of one shared buffer, so that values need no copy; knows no message's meaning.

use std::{io, ops::Range};

use bytes::{Buf, Bytes, BytesMut};

/// Room that a read gets at least. PostgreSQL sends 8 KiB at a time.
const ROOM: usize = 8 * 1024;

/// Room that a read gets while a long answer comes in.
const ROOM_FOR_LONG: usize = 64 * 1024;

/// A buffer that has grown beyond this is given back when the answer is complete.
const KEEP: usize = 64 * 1024;

/// Messages that may be long: rows and their description, reports, notifications, and copied data.
const MAY_BE_LONG: &[u8] = b"DTENAVd";

/// A message of another kind that is longer than this is a sign that the two sides have lost each
/// other, as in libpq.
const LONGEST_OTHER: usize = 30_000;

/// The tag and the length of a message.
const HEADER: usize = 5;

/// The bytes from the server that were not looked at yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// What was read; ends with a part of a message, or nothing.
    buffer: BytesMut,
    /// Messages that are complete.
    chunk: Bytes,
    /// Where in `chunk` the next message starts.
    at: usize,
    /// The last read filled all the room that it had.
    long: bool,
    /// The buffer has grown beyond what is kept.
    grown: bool,
}

/// A message from the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) tag: u8,
    /// Where its body is in the inbox.
    body: Range<usize>,
}

impl Inbox {
    /// Room to read into.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        let missing = match header(&self.buffer) {
            Ok(Some((_, length))) => length.saturating_sub(self.buffer.len()),
            _ => 0,
        };
        let least = if self.long { ROOM_FOR_LONG } else { ROOM };
        // A message's length is the server's word: believe it a part at a time.
        let room = missing.clamp(least, self.buffer.len().max(1 << 20));
        self.grown |= room > KEEP;
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// Notes that something was read into the room.
    pub(super) fn note_read(&mut self) {
        self.long = self.buffer.len() == self.buffer.capacity();
    }

    /// The next message, if all of it is here.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        if self.at >= self.chunk.len() {
            self.take_complete()?;
        }
        let Some(rest) = self.chunk.get(self.at..) else { return Ok(None) };
        let Some((tag, length)) = header(rest)? else { return Ok(None) };
        let body = self.at + HEADER..self.at + length;
        self.at = body.end;
        Ok(Some(Frame { tag, body }))
    }

    /// Moves the messages that are complete into `chunk`.
    fn take_complete(&mut self) -> io::Result<()> {
        let mut end = 0;
        while let Some((_, length)) = header(self.buffer.get(end..).unwrap_or_default())? {
            if self.buffer.len() - end < length {
                break;
            }
            end += length;
        }
        self.at = 0;
        self.chunk = if end == 0 { Bytes::new() } else { self.buffer.split_to(end).freeze() };
        Ok(())
    }

    /// The body of the last message.
    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        self.chunk.get(frame.body.clone()).unwrap_or_default()
    }

    /// The values of a row: slices of what was read.
    pub(super) fn row(&self, frame: &Frame) -> io::Result<Vec<Option<Bytes>>> {
        let mut rest = self.body(frame);
        let mut at = frame.body.start + 2;
        let count = rest.try_get_u16().map_err(io::Error::other)?;
        let mut row = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let length = rest.try_get_i32().map_err(io::Error::other)?;
            at += 4;
            // Minus one stands for null.
            let Ok(length) = usize::try_from(length) else {
                row.push(None);
                continue;
            };
            if rest.len() < length {
                return Err(too_short());
            }
            rest.advance(length);
            row.push(Some(self.chunk.slice(at..at + length)));
            at += length;
        }
        Ok(row)
    }

    /// The values of a row, borrowed.
    pub(super) fn values(&self, frame: &Frame) -> io::Result<Values<'_>> {
        let mut rest = self.body(frame);
        let left = rest.try_get_u16().map_err(io::Error::other)?;
        let values = Values { rest, left };
        if values.is_complete() { Ok(values) } else { Err(too_short()) }
    }

    /// Gives memory back after a long answer.
    pub(super) fn settle(&mut self) {
        self.chunk = Bytes::new();
        self.at = 0;
        self.long = false;
        if self.grown && self.buffer.is_empty() {
            self.buffer = BytesMut::new();
            self.grown = false;
        }
    }
}

/// The tag of a message and the length of all of it.
fn header(bytes: &[u8]) -> io::Result<Option<(u8, usize)>> {
    let Some(mut bytes) = bytes.get(..HEADER) else { return Ok(None) };
    let tag = bytes.get_u8();
    match usize::try_from(bytes.get_i32()) {
        Ok(length) if length >= 4 && (length <= LONGEST_OTHER || MAY_BE_LONG.contains(&tag)) => {
            Ok(Some((tag, length + 1)))
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a message of impossible length")),
    }
}

fn too_short() -> io::Error {
    io::Error::other("a row that ends too early")
}

/// The values of a row, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    rest: &'a [u8],
    left: u16,
}

impl Values<'_> {
    /// Whether all values are there. A row is looked at once before it is written, so that writing
    /// can't find its end too early.
    fn is_complete(&self) -> bool {
        let mut values = self.clone();
        while values.left > 0 {
            if values.next().is_none() {
                return false;
            }
        }
        values.rest.is_empty()
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let length = self.rest.try_get_i32().ok()?;
        // Minus one stands for null.
        let Ok(length) = usize::try_from(length) else { return Some(None) };
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(inbox: &mut Inbox) -> Vec<(u8, Vec<u8>)> {
        let mut found = Vec::new();
        while let Some(frame) = inbox.next().unwrap() {
            found.push((frame.tag, inbox.body(&frame).to_vec()));
        }
        found
    }

    #[test]
    fn messages_come_out_whole_however_they_come_in() {
        let bytes = b"2\0\0\0\x04D\0\0\0\x07abcZ\0\0\0\x05I";
        let expected = [(b'2', vec![]), (b'D', b"abc".to_vec()), (b'Z', b"I".to_vec())];
        for cut in 0..=bytes.len() {
            let mut inbox = Inbox::default();
            let (head, tail) = bytes.split_at(cut);
            inbox.room().extend_from_slice(head);
            let mut found = tags(&mut inbox);
            inbox.room().extend_from_slice(tail);
            found.extend(tags(&mut inbox));
            assert_eq!(found, expected, "cut at {cut}");
        }
    }

    #[test]
    fn rows_are_slices() {
        let mut inbox = Inbox::default();
        inbox.room().extend_from_slice(b"D\0\0\0\x14\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0");
        let frame = inbox.next().unwrap().unwrap();
        let row = inbox.row(&frame).unwrap();
        let expected = [Some(Bytes::from_static(b"ab")), None, Some(Bytes::new())];
        assert_eq!(row, expected);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(0_u8..8, 0..200)) {
            let mut inbox = Inbox::default();
            inbox.room().extend_from_slice(&bytes);
            let mut seen = 0;
            while let Ok(Some(frame)) = inbox.next() {
                seen += HEADER + inbox.body(&frame).len();
                let _ = inbox.row(&frame);
            }
            proptest::prop_assert!(seen <= bytes.len());
            proptest::prop_assert!(inbox.room().capacity() <= (1 << 20) + bytes.len());
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let mut inbox = Inbox::default();
        inbox.room().extend_from_slice(b"D\0\0\0\x03\0\0");
        assert!(inbox.next().is_err());

        let mut inbox = Inbox::default();
        inbox.room().extend_from_slice(b"HTTP/1.1 400 Bad Request");
        assert!(inbox.next().is_err());

        let mut inbox = Inbox::default();
        inbox.room().extend_from_slice(b"D\0\0\0\x0c\0\x01\0\0\0\x09ab");
        let frame = inbox.next().unwrap().unwrap();
        assert!(inbox.row(&frame).is_err());
    }

    #[test]
    fn long_answers_leave_no_large_buffer() {
        let mut inbox = Inbox::default();
        let mut message = vec![b'D'];
        message.extend((4 + 300_000_i32).to_be_bytes());
        message.extend(vec![b'x'; 300_000]);
        for part in message.chunks(100_000) {
            inbox.room().extend_from_slice(part);
        }
        assert_eq!(tags(&mut inbox).len(), 1);
        assert!(inbox.grown);
        inbox.settle();
        assert_eq!(inbox.buffer.capacity(), 0);
    }
}
