//! What is counted, under the names that PostgREST gives.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use phlo_core::exec::pipeline::PoolStatus;

use crate::{auth::CacheCounts, state::Requests};

/// Counters of the process.
#[derive(Debug, Default)]
pub struct Metrics {
    schema_loads: AtomicU64,
    schema_failures: AtomicU64,
    /// How long the last load took, in microseconds.
    schema_query_time: AtomicU64,
    requests: Requests,
}

impl Metrics {
    /// Counts a schema that was read, and how long it took.
    pub fn schema_loaded(&self, took: Duration) {
        self.schema_loads.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.schema_query_time.store(micros, Ordering::Relaxed);
    }

    /// Counts a schema that could not be read.
    pub fn schema_failed(&self) {
        self.schema_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// What is counted of requests.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Everything, in the text format of Prometheus.
    pub(super) fn text(&self, pool: &PoolStatus, cache: &CacheCounts) -> String {
        let mut text = String::with_capacity(2048);
        let mut family = |name: &str, kind: &str, help: &str, samples: &[(&str, String)]| {
            // Writing to a string can't fail.
            writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
            for (labels, value) in samples {
                writeln!(text, "{name}{labels} {value}").ok();
            }
        };
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let seconds = Duration::from_micros(load(&self.schema_query_time)).as_secs_f64();
        family(
            "pgrst_schema_cache_query_time_seconds",
            "gauge",
            "The query time in seconds of the last schema cache load",
            &[("", decimal(seconds))],
        );
        family(
            "pgrst_schema_cache_loads_total",
            "counter",
            "The total number of times the schema cache was loaded",
            &[
                ("{status=\"SUCCESS\"}", whole(load(&self.schema_loads))),
                ("{status=\"FAIL\"}", whole(load(&self.schema_failures))),
            ],
        );
        let mut simple = |name: &str, kind: &str, help: &str, value: u64| {
            family(name, kind, help, &[("", whole(value))]);
        };
        simple(
            "pgrst_db_pool_timeouts_total",
            "counter",
            "The total number of pool connection timeouts",
            pool.timeouts,
        );
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        simple(
            "pgrst_db_pool_available",
            "gauge",
            "Available connections in the pool",
            count(pool.idle),
        );
        simple(
            "pgrst_db_pool_waiting",
            "gauge",
            "Requests waiting to acquire a pool connection",
            count(pool.waiting),
        );
        simple("pgrst_db_pool_max", "gauge", "Max pool connections", count(pool.max));
        simple(
            "pgrst_jwt_cache_requests_total",
            "counter",
            "The total number of JWT cache lookups",
            cache.requests,
        );
        simple(
            "pgrst_jwt_cache_hits_total",
            "counter",
            "The total number of JWT cache hits",
            cache.hits,
        );
        simple(
            "pgrst_jwt_cache_evictions_total",
            "counter",
            "The total number of JWT cache evictions",
            cache.evictions,
        );
        self.requests.write(&mut text);
        text
    }
}

/// A number as Prometheus clients write it, which is with a decimal point.
pub(super) fn decimal(value: f64) -> String {
    format!("{value:?}")
}

pub(super) fn whole(value: u64) -> String {
    format!("{value}.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_carry_help_type_and_value() {
        let metrics = Metrics::default();
        metrics.schema_loaded(Duration::from_millis(1500));
        metrics.schema_failed();
        let status = PoolStatus { max: 10, idle: 3, ..PoolStatus::default() };
        let text = metrics.text(&status, &CacheCounts::default());
        for line in [
            "# TYPE pgrst_db_pool_available gauge",
            "pgrst_db_pool_available 3.0",
            "pgrst_schema_cache_query_time_seconds 1.5",
            "pgrst_schema_cache_loads_total{status=\"FAIL\"} 1.0",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} is missing in\n{text}");
        }
    }
}
