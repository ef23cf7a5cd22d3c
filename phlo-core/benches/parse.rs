//! What it takes from the text of a URL to a request: no schema, no database.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use phlo_core::{
    parse::{self, Input, Options},
    schema::Ident,
};

const QUERIES: [(&str, &str); 4] = [
    ("one row", "id=eq.417"),
    ("typical", "select=id,title,year&year=gte.1980&title=ilike.a*&order=title.asc&limit=20"),
    (
        "embeds",
        "select=id,name,films(id,title,actors(id,name,awards(year)))&films.order=year.desc\
         &films.limit=3&films.actors.awards.year=gt.2000&films=not.is.null",
    ),
    (
        "logic",
        "or=(and(year.gte.1980,year.lt.1990),not.and(title.ilike.a*,id.in.(1,2,3,5,8,13)),\
         rating.eq.\"all, really\")&title=fts(english).sea%20|%20river&tags=cs.{a,b}",
    ),
];

fn parse(criterion: &mut Criterion) {
    let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
    let mut group = criterion.benchmark_group("parse");
    for (name, query) in QUERIES {
        let body = Bytes::new();
        group.throughput(Throughput::Bytes(query.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let input = Input {
                    method: "GET",
                    path: "/films",
                    query: black_box(query),
                    headers: &[("accept", "application/json"), ("prefer", "count=exact")],
                    body: &body,
                };
                parse::request(&input, &options).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
