//! How fast rows become JSON and CSV: many wide rows, and the few narrow ones of a dashboard.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use phlo_core::{
    encode::{Chunks, CsvRows, JsonRows, Kind, Layout, Nulls, RowWriter},
    schema::QualifiedName,
};

/// Columns with the names of their types, and rows of text.
struct Table {
    name: &'static str,
    columns: Vec<(&'static str, Kind)>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl Table {
    fn new(
        name: &'static str,
        columns: &[(&'static str, &str)],
        rows: impl Iterator<Item = Vec<Option<String>>>,
    ) -> Self {
        let columns = columns.iter().map(|(column, type_name)| {
            let kind = Kind::of(&QualifiedName::new("pg_catalog", *type_name));
            (*column, kind.unwrap_or(Kind::TEXT))
        });
        let bytes = |row: Vec<Option<String>>| row.into_iter().map(|it| it.map(String::into_bytes));
        Self {
            name,
            columns: columns.collect(),
            rows: rows.map(|row| bytes(row).collect()).collect(),
        }
    }

    fn json(&self, nulls: Nulls) -> RowWriter {
        RowWriter::Json(JsonRows::new(self.columns.iter().copied(), Layout::Array, nulls))
    }

    fn csv(&self) -> RowWriter {
        RowWriter::Csv(CsvRows::new(self.columns.iter().map(|(name, _)| *name)))
    }

    fn write(&self, mut writer: RowWriter, out: &mut BytesMut) {
        for row in &self.rows {
            let written = writer.push(row.iter().map(Option::as_deref), out);
            assert!(written.is_ok(), "the rows of this file are valid");
        }
        writer.finish(out);
    }

    fn write_chunks(&self, writer: RowWriter) -> usize {
        let mut chunks = Chunks::new(writer, Chunks::SIZE);
        let mut sent = 0;
        for row in &self.rows {
            let piece = chunks.push(row.iter().map(Option::as_deref)).unwrap_or_default();
            sent += piece.map_or(0, |piece| piece.len());
        }
        sent + chunks.finish().map_or(0, |piece| piece.len())
    }
}

/// Log events: numbers, short and long text, an array and JSON.
fn events() -> Table {
    let columns = [
        ("id", "int8"),
        ("occurred_at", "timestamptz"),
        ("source", "text"),
        ("level", "text"),
        ("host", "text"),
        ("duration_ms", "numeric"),
        ("status_code", "int4"),
        ("user_ref", "int4"),
        ("message", "text"),
        ("tags", "_text"),
        ("payload", "jsonb"),
    ];
    let rows = (0..10_000_u64).map(|i| {
        let hash = format!("{:032x}", u128::from(i).wrapping_mul(u128::MAX / 997));
        vec![
            Some(i.to_string()),
            Some(format!("2025-01-{:02} {:02}:{:02}:37+00", 1 + i % 28, i % 24, i % 60)),
            Some("worker".to_owned()),
            Some("warn".to_owned()),
            Some(format!("host-{}", i % 40)),
            Some(format!("{}.{:03}", i % 5000, i % 1000)),
            (i % 17 != 0).then(|| (200 + (i % 5) * 100).to_string()),
            Some((i % 9973).to_string()),
            Some(format!(
                "Request {hash} said \"hello\", then left; na\u{ef}ve caf\u{e9} \u{2116} {i}"
            )),
            Some(format!("{{t{},\"tag {}\"}}", i % 7, i % 13)),
            Some(format!(
                "{{\"ip\": \"10.{}.0.{}\", \"ok\": true, \"ids\": [{i}, {}, {}], \
                 \"path\": \"/v1/items/{i}\", \"timing\": {{\"db\": {}, \"render\": {}.5}}}}",
                i % 256,
                i % 200,
                i + 1,
                i + 2,
                i % 90,
                i % 70,
            )),
        ]
    });
    Table::new("events", &columns, rows)
}

/// One row a day for two years: numbers, and little else.
fn daily() -> Table {
    let columns = [
        ("reading_date", "date"),
        ("reading_count", "int4"),
        ("avg_glucose_mg_dl", "numeric"),
        ("min_glucose_mg_dl", "numeric"),
        ("max_glucose_mg_dl", "numeric"),
        ("time_in_range_pct", "numeric"),
        ("time_below_range_pct", "numeric"),
        ("time_above_range_pct", "numeric"),
        ("estimated_a1c_pct", "numeric"),
        ("day_name", "text"),
        ("week_of_year", "int4"),
        ("month", "int4"),
        ("year", "int4"),
    ];
    let rows = (0..730_u64).map(|i| {
        let number = |low: u64| Some(format!("{}.{}", low + i % 60, i % 10));
        vec![
            Some(format!("2024-{:02}-{:02}", 1 + i / 28 % 12, 1 + i % 28)),
            Some((288 - i % 20).to_string()),
            number(110),
            number(60),
            number(190),
            number(30),
            number(1),
            number(10),
            number(5),
            Some("Wednesday".to_owned()),
            Some((1 + i / 7 % 52).to_string()),
            Some((1 + i / 28 % 12).to_string()),
            Some("2024".to_owned()),
        ]
    });
    Table::new("daily", &columns, rows)
}

fn encode(criterion: &mut Criterion) {
    for table in [events(), daily()] {
        let mut group = criterion.benchmark_group(table.name);
        let mut out = BytesMut::new();
        for (format, writer) in [
            ("json", table.json(Nulls::Kept)),
            ("json, nulls stripped", table.json(Nulls::Stripped)),
            ("csv", table.csv()),
        ] {
            out.clear();
            table.write(writer.clone(), &mut out);
            group.throughput(Throughput::Bytes(out.len() as u64));
            group.bench_function(format, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    table.write(writer.clone(), black_box(&mut out));
                });
            });
        }
        let json = table.json(Nulls::Kept);
        out.clear();
        table.write(json.clone(), &mut out);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function("json in chunks", |bencher| {
            bencher.iter(|| black_box(table.write_chunks(json.clone())));
        });
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
