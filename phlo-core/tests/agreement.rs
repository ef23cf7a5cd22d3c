//! The two front doors agree: a typed query, written as a URL and read again, is the same SQL.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use phlo_core::{
    dsl::{
        Casts, Filter, Query as _, count_rows,
        sample::{
            Rating,
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
use proptest::prelude::*;

fn schema() -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../phlo-schema-gen/tests/fixtures/films.json");
    Schema::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Any condition on films, to a depth.
fn condition() -> impl Strategy<Value = Filter<Films>> {
    let text = "[a-zA-Z0-9 .,:()*%\"'\\\\{}$+&=?/é-]{0,8}";
    let leaf = prop_oneof![
        any::<i64>().prop_map(|id| films::ID.eq(id)),
        any::<i32>().prop_map(|year| films::YEAR.gte(year)),
        text.prop_map(|title| films::TITLE.ne(title.as_str())),
        text.prop_map(|title| films::TITLE.ilike(title)),
        text.prop_map(|title| films::TITLE.matches(title)),
        text.prop_map(|words| films::TITLE.search(words)),
        prop::collection::vec(text, 0..4)
            .prop_map(|titles| films::TITLE.is_in(titles.iter().map(String::as_str))),
        text.prop_map(|label| films::RATING.is_distinct_from(Rating::Unknown(label))),
        Just(films::RATING.is_null()),
        Just(films::YEAR.is_not_null()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a & b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            inner.prop_map(|it| !it),
        ]
    })
}

/// The requests of some typed queries under a condition.
fn requests(condition: &Filter<Films>, limit: u64, casts: Casts) -> Vec<Request> {
    let by = || condition.clone();
    vec![
        select(Films).filter(by()).prepare(casts).0,
        select(Films)
            .columns((films::TITLE, films::DIRECTOR, films::RATING))
            .filter(by())
            .order(films::YEAR.desc().nulls_last())
            .order(films::ID.asc())
            .limit(limit)
            .prepare(casts)
            .0,
        select(Directors)
            .columns((
                directors::NAME,
                directors::FILMS.filter(by()).order(films::ID.desc()).limit(limit),
                directors::FILMS.columns((films::ADDED_AT, count_rows())).filter(by()),
                directors::NOTES.text_at("a b"),
            ))
            .having(directors::FILMS.filter(by()))
            .offset(limit)
            .prepare(casts)
            .0,
        select(Films)
            .columns((films::RATING, films::YEAR.avg(), films::YEAR.max(), films::ID.count()))
            .filter(by())
            .prepare(casts)
            .0,
        select(Films)
            .after((films::YEAR.desc(), films::ID.asc()), Some((1979, 7)))
            .filter(by())
            .prepare(casts)
            .0,
    ]
}

proptest! {
    #[test]
    fn typed_queries_and_urls_are_the_same_sql(condition in condition(), limit in 1..100_u64) {
        let schema = schema();
        let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
        let limits = |parameters| Limits { aggregates: true, parameters, ..Limits::default() };
        for casts in [Casts::Yes, Casts::No] {
            for request in requests(&condition, limit, casts) {
                let phlo_core::request::Action::Read { table, .. } = &request.action else {
                    unreachable!()
                };
                let query = request.query.to_query_string();
                let path = format!("/{table}");
                let input = Input {
                    method: "GET",
                    path: &path,
                    query: &query,
                    headers: &[],
                    body: &Bytes::new(),
                };
                let parsed = parse::request(&input, &options).unwrap();
                let Asked::Request(parsed) = parsed.asked else { unreachable!() };
                for parameters in [Parameters::Untyped, Parameters::Text] {
                    let render = |request: &Request| {
                        let plan = plan::plan(&schema, request, &limits(parameters)).unwrap();
                        (sql::render(&plan), sql::render_rows(&plan))
                    };
                    prop_assert_eq!(render(&request), render(&parsed), "{}", query);
                }
            }
        }
    }
}
