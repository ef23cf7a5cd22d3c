//! Remembers verified tokens, so that a signature is checked once and not for every request.
//!
//! Bounded in the number of tokens and in the length of each. Decides nothing: who asks checks the
//! time again.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter, sync::Cache};

/// Longer tokens are verified each time: so the cache's size in memory has a bound. Its unit is
/// bytes; a token this long takes about four times as much, with its claims.
const LONGEST: usize = 8 * 1024;

/// How often the cache was asked, in vain or not, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Look-ups.
    pub requests: u64,
    /// Look-ups that found the token.
    pub hits: u64,
    /// Tokens that made room for others.
    pub evictions: u64,
}

/// The counts as they are counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    hits: AtomicU64,
    evictions: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> CacheCounts {
        CacheCounts {
            requests: self.requests.load(Ordering::Relaxed),
            hits: self.hits.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }
}

#[derive(Clone)]
struct CountEvictions(Arc<Counters>);

impl<K, V> Lifecycle<K, V> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, _: V) {
        self.0.evictions.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tokens, and what is known of them.
pub(super) struct TokenCache<V> {
    tokens: Cache<Box<[u8]>, V, UnitWeighter, DefaultHashBuilder, CountEvictions>,
    counters: Arc<Counters>,
}

impl<V: Clone> TokenCache<V> {
    /// A cache of so many tokens; none if it would be empty.
    pub(super) fn new(capacity: usize, counters: &Arc<Counters>) -> Option<Self> {
        if capacity == 0 {
            return None;
        }
        let tokens = Cache::with(
            capacity,
            u64::try_from(capacity).unwrap_or(u64::MAX),
            UnitWeighter,
            DefaultHashBuilder::default(),
            CountEvictions(Arc::clone(counters)),
        );
        Some(Self { tokens, counters: Arc::clone(counters) })
    }

    /// What is known of a token.
    pub(super) fn get(&self, token: &[u8]) -> Option<V> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        let found = self.tokens.get(token);
        if found.is_some() {
            self.counters.hits.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// Remembers a token.
    pub(super) fn insert(&self, token: &[u8], value: V) {
        if token.len() <= LONGEST {
            self.tokens.insert(token.into(), value);
        }
    }
}

impl<V> fmt::Debug for TokenCache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tokens are secrets.
        f.debug_struct("TokenCache").field("counters", &self.counters).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_and_counted() {
        let counters = Arc::default();
        let cache = TokenCache::new(10, &counters).unwrap();
        assert_eq!(cache.get(b"a"), None);
        cache.insert(b"a", 1);
        assert_eq!(cache.get(b"a"), Some(1));
        assert_eq!(counters.read(), CacheCounts { requests: 2, hits: 1, evictions: 0 });
        assert!(TokenCache::<u8>::new(0, &counters).is_none());
    }

    #[test]
    fn the_number_of_tokens_is_bounded() {
        for capacity in [1, 7, 1000] {
            let counters = Arc::default();
            let cache = TokenCache::new(capacity, &counters).unwrap();
            for token in 0..10_000_u32 {
                cache.insert(&token.to_le_bytes(), token);
            }
            let kept = cache.tokens.len();
            // Each shard rounds its share up.
            assert!(kept <= capacity + cache.tokens.num_shards(), "{kept} of {capacity}");
            assert_eq!(counters.read().evictions, 10_000 - kept as u64);
        }
    }

    #[test]
    fn long_tokens_are_not_kept() {
        let cache = TokenCache::new(10, &Arc::default()).unwrap();
        let token = vec![b'a'; LONGEST + 1];
        cache.insert(&token, 1);
        assert_eq!(cache.get(&token), None);
        cache.insert(&token[1..], 2);
        assert_eq!(cache.get(&token[1..]), Some(2));
    }
}
