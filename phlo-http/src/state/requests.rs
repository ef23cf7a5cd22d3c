//! Requests as numbers: how many of each method and status, and how long they took. Knows no
//! request besides these three facts; counting takes no lock.

use std::{
    array,
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use http::{Method, StatusCode};

use crate::state::metrics::{decimal, whole};

/// The methods that are told apart; the last stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
/// What statuses begin with, from 1 to 5.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Statuses are counted from 100 to 599.
const STATUSES: usize = 500;
/// The upper ends of the ranges that durations are counted in.
const BUCKETS: [(&str, Duration); 11] = [
    ("0.005", Duration::from_millis(5)),
    ("0.01", Duration::from_millis(10)),
    ("0.025", Duration::from_millis(25)),
    ("0.05", Duration::from_millis(50)),
    ("0.1", Duration::from_millis(100)),
    ("0.25", Duration::from_millis(250)),
    ("0.5", Duration::from_millis(500)),
    ("1.0", Duration::from_secs(1)),
    ("2.5", Duration::from_millis(2500)),
    ("5.0", Duration::from_secs(5)),
    ("10.0", Duration::from_secs(10)),
];

/// Counts of requests.
#[derive(Debug)]
pub struct Requests {
    /// By method, then by status.
    totals: Box<[[AtomicU64; STATUSES]; METHODS.len()]>,
    /// By method, then by class.
    durations: Box<[[Histogram; CLASSES.len()]; METHODS.len()]>,
}

#[derive(Debug, Default)]
struct Histogram {
    /// Each counts what belongs to no smaller range; the last counts what belongs to none.
    ranges: [AtomicU64; BUCKETS.len() + 1],
    microseconds: AtomicU64,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            totals: Box::new(array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0)))),
            durations: Box::default(),
        }
    }
}

impl Requests {
    /// Counts a request that was answered.
    pub fn count(&self, method: &Method, status: StatusCode, took: Duration) {
        let own = METHODS.iter().position(|name| *name == method.as_str());
        let method = own.unwrap_or(METHODS.len() - 1);
        let status = usize::from(status.as_u16()).saturating_sub(100);
        if let Some(total) = self.totals.get(method).and_then(|totals| totals.get(status)) {
            total.fetch_add(1, Ordering::Relaxed);
        }
        let histogram = self.durations.get(method).and_then(|classes| classes.get(status / 100));
        if let Some(histogram) = histogram {
            histogram.add(took);
        }
    }

    /// Adds the families to a text in the format of Prometheus. What never happened is left out.
    pub(super) fn write(&self, text: &mut String) {
        // Writing to a string can't fail.
        text.push_str(
            "# HELP http_requests_total The total number of requests that were answered\n\
             # TYPE http_requests_total counter\n",
        );
        for (method, totals) in METHODS.iter().zip(self.totals.iter()) {
            for (status, total) in (100..).zip(totals) {
                let total = total.load(Ordering::Relaxed);
                if total > 0 {
                    let labels = format!("method=\"{method}\",status=\"{status}\"");
                    writeln!(text, "http_requests_total{{{labels}}} {}", whole(total)).ok();
                }
            }
        }
        text.push_str(
            "# HELP http_request_duration_seconds How long requests took to be answered\n\
             # TYPE http_request_duration_seconds histogram\n",
        );
        for (method, classes) in METHODS.iter().zip(self.durations.iter()) {
            for (class, histogram) in CLASSES.iter().zip(classes) {
                histogram.write(text, &format!("method=\"{method}\",status=\"{class}\""));
            }
        }
    }
}

impl Histogram {
    fn add(&self, took: Duration) {
        let range = BUCKETS.iter().position(|(_, end)| took <= *end).unwrap_or(BUCKETS.len());
        if let Some(count) = self.ranges.get(range) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, labels: &str) {
        const NAME: &str = "http_request_duration_seconds";
        let counts: Vec<_> =
            self.ranges.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        if count == 0 {
            return;
        }
        let ends = BUCKETS.iter().map(|(end, _)| *end).chain(["+Inf"]);
        let mut so_far = 0;
        for (end, own) in ends.zip(counts) {
            so_far += own;
            writeln!(text, "{NAME}_bucket{{{labels},le=\"{end}\"}} {}", whole(so_far)).ok();
        }
        let sum = Duration::from_micros(self.microseconds.load(Ordering::Relaxed));
        writeln!(text, "{NAME}_sum{{{labels}}} {}", decimal(sum.as_secs_f64())).ok();
        writeln!(text, "{NAME}_count{{{labels}}} {}", whole(count)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(requests: &Requests) -> String {
        let mut text = String::new();
        requests.write(&mut text);
        text
    }

    #[test]
    fn requests_are_counted_by_method_and_status() {
        let requests = Requests::default();
        let took = Duration::from_millis(30);
        requests.count(&Method::GET, StatusCode::OK, took);
        requests.count(&Method::GET, StatusCode::OK, took);
        requests.count(&Method::TRACE, StatusCode::METHOD_NOT_ALLOWED, took);
        requests.count(&Method::GET, StatusCode::from_u16(999).unwrap(), took);
        let text = text(&requests);
        let totals: Vec<_> =
            text.lines().filter(|line| line.starts_with("http_requests_total")).collect();
        assert_eq!(
            totals,
            [
                "http_requests_total{method=\"GET\",status=\"200\"} 2.0",
                "http_requests_total{method=\"other\",status=\"405\"} 1.0",
            ]
        );
    }

    #[test]
    fn ranges_hold_all_that_is_shorter() {
        let requests = Requests::default();
        for milliseconds in [1, 5, 30, 20_000] {
            let took = Duration::from_millis(milliseconds);
            requests.count(&Method::POST, StatusCode::CREATED, took);
        }
        let text = text(&requests);
        for (end, count) in [("0.005", 2), ("0.025", 2), ("0.05", 3), ("10.0", 3), ("+Inf", 4)] {
            let line = format!(
                "http_request_duration_seconds_bucket{{method=\"POST\",status=\"2xx\",\
                 le=\"{end}\"}} {count}.0\n"
            );
            assert!(text.contains(&line), "{line} is missing in\n{text}");
        }
        assert!(text.contains("_sum{method=\"POST\",status=\"2xx\"} 20.036\n"), "{text}");
        assert!(text.contains("_count{method=\"POST\",status=\"2xx\"} 4.0\n"), "{text}");
        assert!(!text.contains("4xx"), "{text}");
    }
}
