//! Rows on their way from a body to a statement: a JSON array that grows to a bound.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::{
    error::{Code, Error, Result},
    request::{JsonOrigin, Payload},
    schema::Ident,
};

/// What a body may be longer as JSON whatever its own length is.
const FREE: usize = 1 << 16;

/// How much of a body is held at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// The length of a batch's JSON in bytes from which on no row is added to it.
    pub batch: usize,
    /// The longest row in bytes.
    pub row: usize,
}

impl BatchLimits {
    /// No limits, for bodies that are held whole anyway.
    pub(super) const WHOLE: Self = Self { batch: usize::MAX, row: usize::MAX };
}

/// The rows that were read and not given away yet.
pub(super) struct Batch {
    json: Vec<u8>,
    keys: BTreeSet<Ident>,
    origin: JsonOrigin,
    limits: BatchLimits,
    /// The bytes that were read, and those of the JSON that was made of them and given away.
    read: usize,
    written: usize,
}

impl Batch {
    pub(super) fn new(origin: JsonOrigin, limits: BatchLimits) -> Self {
        Self { json: Vec::new(), keys: BTreeSet::new(), origin, limits, read: 0, written: 0 }
    }

    /// The keys that every row has from now on.
    pub(super) fn set_keys(&mut self, keys: BTreeSet<Ident>) {
        self.keys = keys;
    }

    pub(super) fn note_read(&mut self, bytes: usize) {
        self.read += bytes;
    }

    /// Where the next row is to be written.
    pub(super) fn begin_row(&mut self) -> &mut Vec<u8> {
        self.json.push(if self.json.is_empty() { b'[' } else { b',' });
        &mut self.json
    }

    pub(super) fn is_full(&self) -> bool {
        self.json.len() >= self.limits.batch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// Whether all JSON is so many times longer than what it was made of, and more than a little.
    pub(super) fn is_beyond(&self, factor: usize) -> bool {
        let longest = self.read.saturating_mul(factor).saturating_add(FREE);
        self.written + self.json.len() > longest
    }

    /// Refuses a row that is longer than may be held.
    pub(super) fn check_row(&self, length: usize) -> Result<()> {
        let most = self.limits.row;
        if length <= most {
            return Ok(());
        }
        Err(Error::new(Code::TooLarge, "A row of the body is too large")
            .with_details(format!("A row may have at most {most} bytes.")))
    }

    /// The rows so far as an array. The next ones begin another.
    pub(super) fn take(&mut self) -> Payload {
        let mut json = std::mem::take(&mut self.json);
        let keys = if json.is_empty() { BTreeSet::new() } else { self.keys.clone() };
        if json.is_empty() {
            json.push(b'[');
        }
        json.push(b']');
        self.written += json.len();
        Payload::Json { raw: Bytes::from(json), keys, origin: self.origin }
    }
}
