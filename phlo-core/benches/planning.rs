//! What it takes from a typed query, or a URL, to SQL: no database involved.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use phlo_core::{
    dsl::{
        Casts, Query,
        sample::{
            directors::{self, Directors},
            films::{self, Films},
        },
        select,
    },
    parse::{self, Asked, Input, Options},
    plan::{self, Limits, Parameters},
    request::Request,
    schema::{Ident, Schema},
    sql,
};

fn planning(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../phlo-schema-gen/tests/fixtures/films.json");
    let schema = Schema::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let limits = Limits { parameters: Parameters::Text, ..Limits::default() };
    let typical = || {
        select(Films)
            .filter(films::YEAR.gte(1980) & films::TITLE.ilike("a%"))
            .order(films::TITLE.asc())
            .limit(20)
    };
    let embedded = || {
        select(Directors).columns((
            Directors,
            directors::FILMS
                .columns((Films, films::DIRECTOR.columns(directors::NAME)))
                .filter(films::YEAR.gte(1980))
                .limit(3),
        ))
    };
    let render =
        |request: &Request| sql::render_rows(&plan::plan(&schema, request, &limits).unwrap());
    let requests = [
        ("typical", typical().prepare(Casts::Yes).0),
        ("embedded", embedded().prepare(Casts::Yes).0),
    ];
    for (name, request) in &requests {
        criterion.bench_function(&format!("plan and render, {name}"), |bencher| {
            bencher.iter(|| render(black_box(request)));
        });
    }
    criterion.bench_function("typed query to SQL, typical", |bencher| {
        bencher.iter(|| render(&black_box(typical()).prepare(Casts::Yes).0));
    });
    let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
    let query = typical().to_query_string();
    criterion.bench_function("URL to SQL, typical", |bencher| {
        bencher.iter(|| {
            let input = Input {
                method: "GET",
                path: "/films",
                query: black_box(&query),
                headers: &[],
                body: &Bytes::new(),
            };
            let Asked::Request(request) = parse::request(&input, &options).unwrap().asked else {
                unreachable!()
            };
            render(&request)
        });
    });
}

criterion_group!(benches, planning);
criterion_main!(benches);
