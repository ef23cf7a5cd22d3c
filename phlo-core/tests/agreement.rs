//! The two front doors agree: a typed query, written as a URL and read again, is the same SQL.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

/// What is generated for the films, as the generator's own tests have it.
#[allow(dead_code, unreachable_pub, reason = "not all of it is used")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/films.rs"]
mod api;

use api::{functions, search_films};
use bytes::Bytes;
use phlo_core::{
    dsl::{
        Casts, Filter, Json, Multirange, Query as _, Search, count_rows,
        sample::{
            Rating,
            directors::{self, Directors},
            films::{self, Films},
            screenings::{self, Screenings},
        },
        select, select_from,
    },
    parse::{self, Asked, Input, Options},
    plan::{self, Limits, Parameters},
    request::{Action, Payload, Request},
    schema::{Ident, Schema},
    sql,
};
use proptest::prelude::*;

fn schema() -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../phlo-schema-gen/tests/fixtures/films.json");
    Schema::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const TEXT: &str = "[a-zA-Z0-9 .,:()*%\"'\\\\{}$+&=?/é-]{0,8}";

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(TEXT, 0..4)
}

/// Any condition on films, to a depth.
fn condition() -> impl Strategy<Value = Filter<Films>> {
    let text = TEXT;
    let leaf = prop_oneof![
        any::<i64>().prop_map(|id| films::ID.eq(id)),
        any::<i32>().prop_map(|year| films::YEAR.gte(year)),
        text.prop_map(|title| films::TITLE.ne(title.as_str())),
        text.prop_map(|title| films::TITLE.ilike(title)),
        text.prop_map(|title| films::TITLE.matches(title)),
        text.prop_map(|words| films::TITLE.search(words)),
        text.prop_map(|words| films::TITLE.search(Search::words(words))),
        text.prop_map(|words| films::TITLE.search_in("english", Search::phrase(words))),
        text.prop_map(|words| films::TITLE.search(Search::tsquery(words).in_language("simple"))),
        prop::collection::vec(text, 0..4)
            .prop_map(|titles| films::TITLE.is_in(titles.iter().map(String::as_str))),
        text.prop_map(|label| films::RATING.is_distinct_from(Rating::Unknown(label))),
        texts().prop_map(|titles| films::TITLE.eq_any(titles)),
        texts().prop_map(|titles| films::TITLE.like_any(titles)),
        texts().prop_map(|titles| films::TITLE.ilike_all(titles)),
        texts().prop_map(|titles| films::TITLE.matches_any(titles)),
        texts().prop_map(|titles| films::TITLE.imatches_all(titles)),
        prop::collection::vec(any::<i32>(), 0..3).prop_map(|years| films::YEAR.gt_all(years)),
        prop::collection::vec(any::<i32>(), 0..3).prop_map(|years| films::YEAR.gte_any(years)),
        prop::collection::vec(any::<i32>(), 0..3).prop_map(|years| films::YEAR.lt_any(&years)),
        prop::collection::vec(any::<i32>(), 0..3).prop_map(|years| films::YEAR.lte_all(years)),
        Just(films::RATING.is_null()),
        Just(films::YEAR.is_not_null()),
    ];
    tree(leaf)
}

/// Any condition on screenings, to a depth: ranges, arrays and JSON.
fn condition_on_screenings() -> impl Strategy<Value = Filter<Screenings>> {
    let ranges = || TEXT.prop_map(phlo_core::dsl::Range::new);
    let prices = || prop::collection::vec(any::<i32>(), 0..3);
    let leaf = prop_oneof![
        ranges().prop_map(|it| screenings::DURING.left_of(it)),
        ranges().prop_map(|it| screenings::DURING.right_of(it)),
        ranges().prop_map(|it| screenings::DURING.not_left_of(it)),
        ranges().prop_map(|it| screenings::DURING.not_right_of(it)),
        ranges().prop_map(|it| screenings::DURING.adjacent_to(it)),
        ranges().prop_map(|it| screenings::DURING.overlaps(it)),
        (ranges(), ranges()).prop_map(|(one, other)| {
            screenings::PAUSES.not_right_of(Multirange::from_iter([one, other]))
        }),
        (any::<i32>(), any::<i32>()).prop_map(|(from, to)| screenings::PAUSES.overlaps(from..to)),
        prices().prop_map(|it| screenings::PRICES.contains(it)),
        prices().prop_map(|it| screenings::PRICES.eq(it)),
        prop::collection::vec(prices(), 0..3).prop_map(|it| screenings::PRICES.is_in(it)),
        prop::collection::vec(prices(), 0..3).prop_map(|it| screenings::PRICES.lt_all(it)),
        any::<i32>().prop_map(|place| screenings::PRICES.at(place).eq(7)),
        (TEXT, any::<i32>(), TEXT).prop_map(|(name, place, text)| {
            screenings::TERMS.at(name.as_str()).at(place).text_at(name).eq(text.as_str())
        }),
        (TEXT, texts()).prop_map(|(name, list)| screenings::TERMS.text_at(name).like_any(list)),
        (TEXT, texts()).prop_map(|(name, list)| screenings::TERMS.text_at(name).is_in(list)),
        TEXT.prop_map(|name| screenings::TERMS.at(name).is_null()),
        Just(screenings::OPEN.is_true()),
    ];
    tree(leaf)
}

/// Any condition on the notes on directors, which are a `jsonb`.
fn condition_on_directors() -> impl Strategy<Value = Filter<Directors>> {
    let json = || {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            TEXT.prop_map(Json::from),
        ];
        leaf.prop_recursive(2, 6, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Json::from)
        })
    };
    let leaf = prop_oneof![
        json().prop_map(|it| directors::NOTES.eq(it)),
        json().prop_map(|it| directors::NOTES.contains(it)),
        (TEXT, json()).prop_map(|(name, it)| directors::NOTES.at(name).gte(it)),
        (TEXT, json(), json())
            .prop_map(|(name, it, other)| directors::NOTES.at(0).at(name).is_in([it, other])),
        (TEXT, any::<i32>()).prop_map(|(name, it)| directors::NOTES.at(name).lt_all([it])),
        (TEXT, TEXT).prop_map(|(name, it)| directors::NOTES.at(name).at(-1).text_at(it).is_null()),
    ];
    tree(leaf)
}

fn tree<T: 'static>(
    leaf: impl Strategy<Value = Filter<T>> + 'static,
) -> impl Strategy<Value = Filter<T>> {
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
            .lacking(directors::FILMS.filter(by()).having(films::DIRECTOR))
            .having(directors::FILMS.lacking(films::DIRECTOR).filter(by()))
            .prepare(casts)
            .0,
        select(Directors)
            .columns((
                directors::FILMS.filter(by()).offset(limit).limit(1).lacking(films::DIRECTOR),
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

/// The requests of some typed queries of what functions return.
fn calls(key: &str, casts: Casts) -> Vec<Request> {
    let search = || {
        select_from(&functions::SearchFilms { words: key.to_owned(), limit: Some(3) })
            .filter(search_films::ID.gt(1) | !search_films::ADDED_ON.lte("2024-01-01"))
            .order(search_films::NOTES.text_at(key).desc())
    };
    vec![
        search().prepare(casts).0,
        search()
            .columns((search_films::NOTES.at(key).text_at(0), search_films::RATING))
            .limit(2)
            .prepare(casts)
            .0,
        select_from(&functions::FilmsSince { since: 1980 })
            .columns((api::films::ID, api::films::DIRECTOR))
            .order(api::directors::NAME.asc().of(api::films::DIRECTOR))
            .filter(api::films::TITLE.like_any([key]))
            .prepare(casts)
            .0,
    ]
}

/// The requests of some typed queries that look into JSON, and are ordered by related rows.
fn further_requests(
    of_screenings: &Filter<Screenings>,
    of_directors: &Filter<Directors>,
    key: &str,
    casts: Casts,
) -> Vec<Request> {
    vec![
        select(Screenings)
            .filter(of_screenings.clone())
            .order(films::YEAR.desc().nulls_first().of(screenings::FILM))
            .order(screenings::TERMS.text_at(key).asc())
            .order(films::TITLE.asc().of(screenings::FILM))
            .prepare(casts)
            .0,
        select(Screenings)
            .columns((
                screenings::TERMS.at(key).text_at(-1),
                screenings::TERMS.at(key),
                screenings::PRICES.text_at(0),
                screenings::FILM.columns(films::DIRECTOR),
            ))
            .filter(of_screenings.clone())
            .order(films::YEAR.asc().of(screenings::FILM))
            .prepare(casts)
            .0,
        select(Directors)
            .columns((
                directors::FILMS.order(directors::NOTES.at(key).desc().of(films::DIRECTOR)),
                directors::NOTES.at(key).at(key),
            ))
            .filter(of_directors.clone())
            .order(directors::NOTES.at(1).at(key).desc())
            .prepare(casts)
            .0,
        select(Directors)
            .columns((directors::NOTES.text_at(key), directors::NOTES.text_at(key).max()))
            .filter(of_directors.clone())
            .prepare(casts)
            .0,
    ]
}

proptest! {
    #[test]
    fn typed_queries_and_urls_are_the_same_sql(
        condition in condition(),
        of_screenings in condition_on_screenings(),
        of_directors in condition_on_directors(),
        key in TEXT,
        limit in 1..100_u64,
    ) {
        let schema = schema();
        let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
        let limits = |parameters| Limits { aggregates: true, parameters, ..Limits::default() };
        for casts in [Casts::Yes, Casts::No] {
            let mut all = requests(&condition, limit, casts);
            all.extend(further_requests(&of_screenings, &of_directors, &key, casts));
            all.extend(calls(&key, casts));
            for request in all {
                let query = request.query.to_query_string();
                let (method, path) = match &request.action {
                    Action::Read { table, .. } => ("GET", format!("/{table}")),
                    Action::Call { function, .. } => ("POST", format!("/rpc/{function}")),
                    Action::Mutate { .. } => unreachable!(),
                };
                let body = match &request.payload {
                    Some(Payload::Json { raw, .. }) => raw.clone(),
                    Some(_) => unreachable!(),
                    None => Bytes::new(),
                };
                let input = Input { method, path: &path, query: &query, headers: &[], body: &body };
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
