//! The table of what was measured, in Markdown.
//!
//! Numbers in, text out. Measures nothing.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

const MEBIBYTE: f64 = 1_048_576.0;

/// What was measured, and where. Its `Display` is a page of Markdown.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) machine: String,
    pub(crate) postgres: String,
    pub(crate) method: String,
    /// Resident memory of the server before its first request, in bytes.
    pub(crate) idle: Option<u64>,
    /// How many processors others kept busy meanwhile.
    pub(crate) others: Option<f64>,
    pub(crate) limit: LimitKnown,
    pub(crate) rows: Vec<Row>,
}

/// Whether there is something to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitKnown {
    Yes,
    /// pgbench isn't installed.
    No,
}

/// A scenario, and each of its rounds.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Round>,
}

/// One round of one scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Within which half of the requests were answered.
    pub(crate) median: Option<Duration>,
    /// Within which all but one in a hundred were.
    pub(crate) slow: Option<Duration>,
    /// CPU time a request of the server.
    pub(crate) api: Option<Duration>,
    /// CPU time a request of PostgreSQL.
    pub(crate) postgres: Option<Duration>,
    /// The most resident memory of the server, in bytes.
    pub(crate) highest: Option<u64>,
    /// Transactions a second of pgbench, and PostgreSQL's CPU time for each.
    pub(crate) limit: Option<(f64, Option<Duration>)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}.\nPostgreSQL {}; {}.", self.machine, self.postgres, self.method)?;
        if let Some(idle) = self.idle {
            writeln!(f, "The idle server has {} resident.", mebibytes(idle))?;
        }
        if let Some(others) = self.others {
            writeln!(f, "Other processes kept {others:.1} processors busy meanwhile.")?;
        }
        if self.limit == LimitKnown::No {
            writeln!(f, "pgbench isn't installed beside PostgreSQL, so there are no shares.")?;
        }
        let lines: Vec<_> = std::iter::once(HEADER.map(str::to_owned))
            .chain(self.rows.iter().map(Row::cells))
            .collect();
        write!(f, "\n{}", aligned(&lines))
    }
}

const HEADER: [&str; 10] = [
    "Scenario",
    "Requests/s",
    "pgbench/s",
    "Share",
    "50 %",
    "99 %",
    "CPU: phlo",
    "PostgreSQL",
    "with pgbench",
    "Memory",
];

impl Row {
    fn cells(&self) -> [String; HEADER.len()] {
        let limits: Vec<_> = self.rounds.iter().filter_map(|round| round.limit).collect();
        // Each round is compared with its own neighbour, so that noise falls on both.
        let shares = self.rounds.iter().filter_map(|it| Some(it.rate / it.limit?.0 * 100.0));
        let time = |of: fn(&Round) -> Option<Duration>| -> Vec<_> {
            self.rounds.iter().filter_map(of).collect()
        };
        let highest = self.rounds.iter().filter_map(|round| round.highest).max();
        [
            self.name.to_owned(),
            rate(self.rounds.iter().map(|round| round.rate).collect()),
            rate(limits.iter().map(|(rate, _)| *rate).collect()),
            share(shares.collect()),
            milliseconds(&time(|round| round.median)),
            milliseconds(&time(|round| round.slow)),
            microseconds(&time(|round| round.api)),
            microseconds(&time(|round| round.postgres)),
            microseconds(&limits.iter().filter_map(|(_, cpu)| *cpu).collect::<Vec<_>>()),
            highest.map_or_else(none, mebibytes),
        ]
    }
}

fn none() -> String {
    "-".to_owned()
}

fn rate(values: Vec<f64>) -> String {
    median(values)
        .map_or_else(none, |it| if it < 100.0 { format!("{it:.1}") } else { thousands(it) })
}

/// The median, and the lowest and the highest of several rounds.
fn share(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.first().copied(), values.last().copied()) else {
        return none();
    };
    let rounds = values.len();
    let middle = median(values).map_or_else(none, |it| format!("{it:.0} %"));
    if rounds == 1 { middle } else { format!("{middle} ({low:.0}-{high:.0})") }
}

fn milliseconds(values: &[Duration]) -> String {
    median(seconds(values)).map_or_else(none, |it| format!("{:.1} ms", it * 1e3))
}

fn microseconds(values: &[Duration]) -> String {
    median(seconds(values)).map_or_else(none, |it| format!("{} µs", thousands(it * 1e6)))
}

#[expect(clippy::cast_precision_loss, reason = "what is lost isn't shown")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / MEBIBYTE)
}

fn seconds(values: &[Duration]) -> Vec<f64> {
    values.iter().map(Duration::as_secs_f64).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(f64::midpoint(*values.get(low)?, *values.get(high)?))
}

/// A whole number, with a comma after each three digits.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table whose columns are as wide as their widest cell; names stand left, numbers right.
fn aligned<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
        if number == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                text.push_str(&if column == 0 {
                    format!("|{dashes}-|")
                } else {
                    format!("{dashes}:|")
                });
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rate: f64, limit: Option<f64>) -> Round {
        let cpu = Duration::from_micros(1500);
        Round {
            rate,
            median: Some(Duration::from_micros(1240)),
            api: Some(cpu),
            highest: Some(12 << 20),
            limit: limit.map(|limit| (limit, Some(cpu))),
            ..Round::default()
        }
    }

    #[test]
    fn medians_and_shares_are_told() {
        let rounds = vec![
            round(9_000.0, Some(20_000.0)),
            round(10_000.0, Some(12_500.0)),
            round(12_000.0, Some(20_000.0)),
        ];
        let cells = Row { name: "one_row", rounds }.cells();
        assert_eq!(cells[..5], ["one_row", "10,000", "20,000", "60 % (45-80)", "1.2 ms"]);
        assert_eq!(cells[5..], ["-", "1,500 µs", "-", "1,500 µs", "12 MiB"]);
    }

    #[test]
    fn without_pgbench_there_are_no_shares() {
        let report = Report {
            machine: "2 processors".to_owned(),
            postgres: "15.1".to_owned(),
            method: "1 connection".to_owned(),
            idle: None,
            others: None,
            limit: LimitKnown::No,
            rows: vec![Row { name: "one_row", rounds: vec![round(27.25, None)] }],
        };
        let text = report.to_string();
        assert!(text.contains("no shares"), "{text}");
        assert!(text.contains("| one_row  |       27.2 |         - |     - |"), "{text}");
        let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(table.len(), 3);
        assert!(table.iter().all(|line| line.chars().count() == table[0].chars().count()));
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([999.4, 1000.0, 1_234_567.0].map(thousands), ["999", "1,000", "1,234,567"]);
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
