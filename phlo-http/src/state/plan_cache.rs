//! Remembers what was planned for a request, so that one that comes again, be it with other values
//! in its body, is neither parsed nor planned nor written anew.
//!
//! Bounded in bytes. Takes keys from the parser; knows nothing of who asks. What is kept belongs to
//! one schema and one configuration: it is not found under another schema, and a new configuration
//! starts with nothing. Bodies are not kept.

use std::{
    fmt,
    hash::BuildHasher,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use phlo_core::{engine::Prepared, schema::Schema};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};

/// Bytes of all that is kept, at most.
const CAPACITY: u64 = 4 << 20;

/// Plans that are kept, about: a hint for the first allocation.
const EXPECTED: usize = 256;

/// Longer keys are not kept: who sends them hardly sends them twice.
const LONGEST: usize = 2048;

/// Requests that were seen once are noted in so many places.
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
    /// A request that was planned for a schema.
    pub fn new(
        prepared: Prepared,
        canonical_query: String,
        schema_negotiated: bool,
        schema: &Arc<Schema>,
    ) -> Self {
        Self { prepared, canonical_query, schema_negotiated, schema: Arc::downgrade(schema) }
    }

    /// What was kept, with the body of the request that it is now for. None if that has to be
    /// planned anew for its values.
    fn with_body(kept: Arc<Self>, body: &Bytes) -> Option<Arc<Self>> {
        if !kept.prepared.takes_body() {
            return Some(kept);
        }
        kept.prepared.with_body(body).map(|prepared| Arc::new(kept.with(prepared)))
    }

    fn with(&self, prepared: Prepared) -> Self {
        let Self { canonical_query, schema_negotiated, schema, .. } = self;
        Self {
            prepared,
            canonical_query: canonical_query.clone(),
            schema_negotiated: *schema_negotiated,
            schema: Weak::clone(schema),
        }
    }

    /// What can be kept of it: all but its body.
    fn without_body(&self) -> Option<Self> {
        self.prepared.without_body().map(|prepared| self.with(prepared))
    }
}

/// The plans of requests that have come more than once.
pub struct PlanCache {
    kept: Cache<Box<[u8]>, Arc<PreparedRequest>, Size>,
    /// The hash of the request that was noted last in each place: what comes once is not kept.
    seen: Box<[AtomicU64]>,
    hasher: DefaultHashBuilder,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self {
            kept: Cache::with_weighter(EXPECTED, CAPACITY, Size),
            seen: std::iter::repeat_with(AtomicU64::default).take(SEEN).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl PlanCache {
    /// What was planned for a request, for this very schema; with the body that comes now.
    pub fn find(
        &self,
        key: &[u8],
        schema: &Arc<Schema>,
        body: &Bytes,
    ) -> Option<Arc<PreparedRequest>> {
        let found = self.kept.get(key)?;
        let is_valid = std::ptr::eq(found.schema.as_ptr(), Arc::as_ptr(schema));
        if is_valid { PreparedRequest::with_body(found, body) } else { None }
    }

    /// Keeps what was planned for a request, if that has come before.
    pub fn keep(&self, key: &[u8], request: &PreparedRequest) {
        if key.len() <= LONGEST
            && self.was_seen(key)
            && let Some(request) = request.without_body()
        {
            self.kept.insert(key.into(), Arc::new(request));
        }
    }

    fn was_seen(&self, key: &[u8]) -> bool {
        let hash = self.hasher.hash_one(key);
        let place = usize::try_from(hash).unwrap_or(0) % SEEN;
        self.seen.get(place).is_some_and(|seen| seen.swap(hash, Ordering::Relaxed) == hash)
    }
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanCache").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Size;

impl Weighter<Box<[u8]>, Arc<PreparedRequest>> for Size {
    /// A plan has about ten times the size of its statement.
    fn weight(&self, key: &Box<[u8]>, request: &Arc<PreparedRequest>) -> u64 {
        let text = key.len() + 10 * request.prepared.statement().sql.len();
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

    static NO_BODY: Bytes = Bytes::new();

    const TABLE: &str = r#"{"server_version":150000,"relationships":[],"routines":[],"tables":[{"name":{"schema":"api","name":"films"},"kind":"table",
        "insertable":true,"updatable":true,"deletable":true,"primary_key":["id"],"columns":{}}]}"#;

    fn schema() -> Arc<Schema> {
        let contents: Contents = serde_json::from_str(TABLE).unwrap();
        Arc::new(Schema::new(contents))
    }

    fn request(schema: &Arc<Schema>) -> PreparedRequest {
        let request = parse::get("api", "/films", "").unwrap();
        let plan = plan::plan(schema, &request, &Limits::default()).unwrap();
        PreparedRequest::new(Prepared::new(request, plan), String::new(), false, schema)
    }

    #[test]
    fn what_comes_twice_is_kept() {
        let (plans, schema) = (PlanCache::default(), schema());
        let request = request(&schema);
        plans.keep(b"a", &request);
        assert!(plans.find(b"a", &schema, &NO_BODY).is_none());
        plans.keep(b"a", &request);
        assert!(plans.find(b"a", &schema, &NO_BODY).is_some());
        assert!(plans.find(b"b", &schema, &NO_BODY).is_none());
    }

    #[test]
    fn another_schema_finds_nothing() {
        let (plans, old) = (PlanCache::default(), schema());
        let request = request(&old);
        plans.keep(b"a", &request);
        plans.keep(b"a", &request);
        let new = schema();
        assert!(plans.find(b"a", &new, &NO_BODY).is_none());
        drop(old);
        // The address of the old one can't be given to another while the request is kept.
        assert!((0..100).all(|_| plans.find(b"a", &schema(), &NO_BODY).is_none()));
    }

    #[test]
    fn memory_is_bounded() {
        let (plans, schema) = (PlanCache::default(), schema());
        let request = request(&schema);
        for n in 0..20_000_u32 {
            for _ in 0..2 {
                plans.keep(&n.to_le_bytes(), &request);
            }
        }
        assert!(plans.kept.weight() <= CAPACITY);
        assert!(plans.kept.len() > 100);
        plans.keep(&[0; LONGEST + 1], &request);
        plans.keep(&[0; LONGEST + 1], &request);
        assert!(plans.find(&[0; LONGEST + 1], &schema, &NO_BODY).is_none());
    }
}
