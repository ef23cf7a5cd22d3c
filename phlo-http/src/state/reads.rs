//! Remembers what was made of a read, so that one that comes again is neither parsed nor planned
//! nor written anew.
//!
//! Bounded in bytes. Takes keys from the parser; knows nothing of who asks. What is kept belongs to
//! one schema and one configuration: it is not found under another schema, and a new configuration
//! starts with nothing.

use std::{
    fmt,
    hash::BuildHasher,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use phlo_core::{engine::Prepared, schema::Schema};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};

/// Bytes of all that is kept, at most.
const CAPACITY: u64 = 4 << 20;

/// Reads that are kept, about: a hint for the first allocation.
const EXPECTED: usize = 256;

/// Longer keys are not kept: who sends them hardly sends them twice.
const LONGEST: usize = 2048;

/// Reads that were seen once are noted in so many places.
const SEEN: usize = 1024;

/// A request, ready to be run for whoever asks.
#[derive(Debug)]
pub struct PreparedRequest {
    /// The request, its plan and its statement.
    pub prepared: Prepared,
    /// The query string in the form that the response names.
    pub canonical_query: String,
    /// Whether the response names the schema.
    pub schema_negotiated: bool,
    /// The schema that it was planned for. As long as this is held no other has its address.
    schema: Weak<Schema>,
}

impl PreparedRequest {
    /// A read that was planned for a schema.
    pub fn new(
        prepared: Prepared,
        canonical_query: String,
        schema_negotiated: bool,
        schema: &Arc<Schema>,
    ) -> Self {
        Self { prepared, canonical_query, schema_negotiated, schema: Arc::downgrade(schema) }
    }
}

/// The reads that have come more than once.
pub struct Reads {
    kept: Cache<Box<[u8]>, Arc<PreparedRequest>, Size>,
    /// The hash of the read that was noted last in each place: what comes once is not kept.
    seen: Box<[AtomicU64]>,
    hasher: DefaultHashBuilder,
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            kept: Cache::with_weighter(EXPECTED, CAPACITY, Size),
            seen: std::iter::repeat_with(AtomicU64::default).take(SEEN).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Reads {
    /// What was made of a read for this very schema.
    pub fn find(&self, key: &[u8], schema: &Arc<Schema>) -> Option<Arc<PreparedRequest>> {
        let read = self.kept.get(key)?;
        std::ptr::eq(read.schema.as_ptr(), Arc::as_ptr(schema)).then_some(read)
    }

    /// Keeps what was made of a read, if that has come before.
    pub fn keep(&self, key: &[u8], read: &Arc<PreparedRequest>) {
        if key.len() <= LONGEST && self.was_seen(key) {
            self.kept.insert(key.into(), Arc::clone(read));
        }
    }

    fn was_seen(&self, key: &[u8]) -> bool {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash).unwrap_or(0) % SEEN;
        self.seen.get(place).is_some_and(|seen| seen.swap(hash, Ordering::Relaxed) == hash)
    }
}

impl fmt::Debug for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Size;

impl Weighter<Box<[u8]>, Arc<PreparedRequest>> for Size {
    /// A plan has about ten times the size of its statement.
    fn weight(&self, key: &Box<[u8]>, read: &Arc<PreparedRequest>) -> u64 {
        let text = key.len() + 10 * read.prepared.statement().sql.len();
        u64::try_from(text).unwrap_or(u64::MAX).saturating_add(1024)
    }
}

#[cfg(test)]
mod tests {
    use phlo_core::{
        parse,
        plan::{self, Limits},
        schema::Contents,
    };

    use super::*;

    const TABLE: &str = r#"{"server_version":150000,"relationships":[],"routines":[],"tables":[{"name":{"schema":"api","name":"films"},"kind":"table",
        "insertable":true,"updatable":true,"deletable":true,"primary_key":["id"],"columns":{}}]}"#;

    fn schema() -> Arc<Schema> {
        let contents: Contents = serde_json::from_str(TABLE).unwrap();
        Arc::new(Schema::new(contents))
    }

    fn read(schema: &Arc<Schema>) -> Arc<PreparedRequest> {
        let request = parse::get("api", "/films", "").unwrap();
        let plan = plan::plan(schema, &request, &Limits::default()).unwrap();
        Arc::new(PreparedRequest::new(Prepared::new(request, plan), String::new(), false, schema))
    }

    #[test]
    fn what_comes_twice_is_kept() {
        let (reads, schema) = (Reads::default(), schema());
        let read = read(&schema);
        reads.keep(b"a", &read);
        assert!(reads.find(b"a", &schema).is_none());
        reads.keep(b"a", &read);
        assert!(reads.find(b"a", &schema).is_some());
        assert!(reads.find(b"b", &schema).is_none());
    }

    #[test]
    fn another_schema_finds_nothing() {
        let (reads, old) = (Reads::default(), schema());
        let read = read(&old);
        reads.keep(b"a", &read);
        reads.keep(b"a", &read);
        let new = schema();
        assert!(reads.find(b"a", &new).is_none());
        drop(old);
        // The address of the old one can't be given to another while the read is kept.
        assert!((0..100).all(|_| reads.find(b"a", &schema()).is_none()));
    }

    #[test]
    fn memory_is_bounded() {
        let (reads, schema) = (Reads::default(), schema());
        let read = read(&schema);
        for n in 0..20_000_u32 {
            for _ in 0..2 {
                reads.keep(&n.to_le_bytes(), &read);
            }
        }
        assert!(reads.kept.weight() <= CAPACITY);
        assert!(reads.kept.len() > 100);
        reads.keep(&[0; LONGEST + 1], &read);
        reads.keep(&[0; LONGEST + 1], &read);
        assert!(reads.find(&[0; LONGEST + 1], &schema).is_none());
    }
}
