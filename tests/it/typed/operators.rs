//! Operators, orders and places in JSON that PostgreSQL takes of each type.

use phlo_core::{
    db::{Backend, Database},
    dsl::{self, Multirange, PlainJson, Range, Search, count_rows, select},
};
use serde_json::json;

use super::api::{
    directors::{self, Directors},
    films::{self, Films},
    screenings::{self, Screenings},
    types::Rating,
};

pub(super) async fn all<B: Backend>(db: &Database<B>) {
    any_and_all(db).await;
    ranges_and_arrays(db).await;
    inside_json(db).await;
    related_orders(db).await;
    related_rows(db).await;
    searches(db).await;
}

async fn any_and_all<B: Backend>(db: &Database<B>) {
    let none: [&str; 0] = [];
    for (filter, expected) in [
        (films::TITLE.eq_any(["Alien", "Aliens", "x\"y,{}"]), vec![1, 3]),
        (films::TITLE.eq_all(["Alien", "Alien"]), vec![1]),
        (films::TITLE.like_any(["Alien", "Blade%"]), vec![1, 2]),
        (films::TITLE.like_all(["A*", "%s"]), vec![3]),
        (films::TITLE.ilike_any(["alien", "%{%", "it's \\\\ \"%"]), vec![1, 4]),
        (films::TITLE.ilike_all(["a%", "%N"]), vec![1]),
        (films::TITLE.matches_any(["^B", "s$"]), vec![2, 3]),
        (films::TITLE.matches_all(["^A", "s$"]), vec![3]),
        (films::TITLE.imatches_any(["^b", "S$"]), vec![2, 3]),
        (films::TITLE.imatches_all(["^a", "[(){},\"]"]), vec![]),
        (films::YEAR.gt_any([1979, 1985]), vec![2, 3]),
        (films::YEAR.gt_all([1979, 1985]), vec![3]),
        (films::YEAR.gte_any([1982, 1986]), vec![2, 3]),
        (films::YEAR.gte_all([1982, 1979]), vec![2, 3]),
        (films::YEAR.lt_any([1980, 1970]), vec![1]),
        (films::YEAR.lt_all([1990, 1983]), vec![1, 2]),
        (films::YEAR.lte_any([1979, 1982]), vec![1, 2]),
        (!films::YEAR.lte_all([1979, 1982]), vec![2, 3]),
        (films::RATING.eq_any([Rating::Adults]), vec![1]),
        (films::RATING.gt_any([Rating::All]), vec![1, 4]),
        (films::TITLE.like_any(none), vec![]),
        (films::TITLE.like_all(none), vec![1, 2, 3, 4]),
    ] {
        let name = format!("{filter:?}");
        let query = select(Films).columns(films::ID).filter(filter).order(films::ID.asc());
        assert_eq!(db.all(query).await.unwrap(), expected, "{name}");
    }
}

async fn ranges_and_arrays<B: Backend>(db: &Database<B>) {
    let day = |text: &str| dsl::Date::new(text);
    for (filter, expected) in [
        (screenings::DURING.left_of("[2024-06-08,2024-06-09)"), vec![1]),
        (screenings::DURING.right_of(Range::new("[2024-06-01,2024-06-08)")), vec![2, 3]),
        (screenings::DURING.not_right_of("[2024-06-01,2024-06-15)"), vec![1, 2]),
        (screenings::DURING.not_left_of("[2024-06-08,2024-06-09)"), vec![2, 3]),
        (screenings::DURING.adjacent_to("[2024-06-15,2024-06-16)"), vec![2]),
        (screenings::DURING.overlaps("[2024-06-07,2024-06-09)"), vec![1, 2]),
        (screenings::DURING.contains("[2024-06-02,2024-06-03)"), vec![1]),
        (screenings::DURING.overlaps(day("2024-06-07")..=day("2024-06-08")), vec![1, 2]),
        (screenings::DURING.right_of(..day("2024-06-08")), vec![2, 3]),
        (screenings::DURING.contained_in(day("2024-06-08")..), vec![2, 3]),
        (screenings::DURING.eq(day("2024-07-01")..day("2024-07-08")), vec![3]),
        (screenings::DURING.eq_any([Range::of(..day("2024-07-08"))]), vec![]),
        (screenings::PAUSES.contains(day("2024-06-05")..=day("2024-06-05")), vec![1]),
        (screenings::PAUSES.left_of("{[2024-06-07,)}"), vec![1]),
        (screenings::PAUSES.eq(Multirange::from_iter([])), vec![2]),
        (screenings::PRICES.contains(vec![8]), vec![1]),
        (screenings::PRICES.overlaps(vec![8, 12]), vec![1, 2]),
        (screenings::PRICES.eq(vec![8, 10]), vec![1]),
        (screenings::PRICES.is_in([vec![12], vec![]]), vec![2, 3]),
        (screenings::PRICES.is_in(Vec::<Vec<i32>>::new()), vec![]),
        (!screenings::PRICES.eq_all(Vec::<Vec<i32>>::new()), vec![]),
        (screenings::PRICES.gt_all([vec![8], vec![8, 9]]), vec![1, 2]),
        (screenings::PRICES.at(0).gte(10), vec![2]),
        (screenings::PRICES.text_at(-1).eq("10"), vec![1]),
        (screenings::OPEN.is_true() & screenings::OPEN.gt(false), vec![1, 3]),
    ] {
        let name = format!("{filter:?}");
        let query =
            select(Screenings).columns(screenings::ID).filter(filter).order(screenings::ID.asc());
        assert_eq!(db.all(query).await.unwrap(), expected, "{name}");
    }
    let query = select(Screenings).columns((screenings::PRICES.max(), screenings::ID.min()));
    assert_eq!(db.one(query).await.unwrap(), (Some(vec![12]), Some(1)));
}

async fn inside_json<B: Backend>(db: &Database<B>) {
    let guests = screenings::TERMS.at("guests");
    for (filter, expected) in [
        (guests.clone().text_at(0).eq("Weaver"), vec![1]),
        (guests.clone().text_at(-1).ilike_any(["h%", "x"]), vec![1]),
        (guests.clone().at(0).is_null(), vec![2, 3]),
        (screenings::TERMS.text_at("fee").is_in(["2", "3"]), vec![2]),
        (screenings::TERMS.text_at("fee").gt("1.7"), vec![2]),
        (screenings::TERMS.is_null(), vec![3]),
    ] {
        let name = format!("{filter:?}");
        let query =
            select(Screenings).columns(screenings::ID).filter(filter).order(screenings::ID.asc());
        assert_eq!(db.all(query).await.unwrap(), expected, "{name}");
    }
    let born = directors::NOTES.at("born");
    for (filter, expected) in [
        (directors::NOTES.eq(json!({"of": ["South Shields"], "born": 1937})), 1),
        (born.clone().eq(1937), 1),
        (born.clone().gt(1900) & born.clone().lt(2000.5), 1),
        (born.clone().lt_all([1940, 1950]), 1),
        (born.clone().is_in([json!(1937), json!("1937")]), 1),
        (born.clone().contains(1937), 1),
        (directors::NOTES.at("of").at(0).eq("South Shields"), 1),
        (directors::NOTES.at("of").contains(json!(["North"])), 0),
        (directors::NOTES.at("of").text_at(0).search("shields"), 1),
        (born.clone().is_null(), 2),
    ] {
        let name = format!("{filter:?}");
        let query = select(Directors).filter(filter);
        assert_eq!(db.count(query).await.unwrap(), expected, "{name}");
    }

    let query = select(Screenings)
        .columns((
            guests.clone().at(0),
            guests.text_at(1),
            screenings::TERMS.at("fee"),
            screenings::FILM.columns(films::DIRECTOR.columns(directors::NOTES.at("of").at(0))),
            screenings::TERMS,
        ))
        .order(screenings::TERMS.text_at("fee").asc())
        .limit(1);
    let found = db.one(query).await.unwrap();
    assert_eq!(found.0, Some(PlainJson(json!("Weaver"))));
    assert_eq!(found.1.as_deref(), Some("Holm"));
    assert_eq!(found.2, Some(PlainJson(json!(1.5))));
    assert_eq!(found.3, Some(Some(Some(json!("South Shields")))));
    assert_eq!(found.4.unwrap()["guests"], json!(["Weaver", "Holm"]));

    let query = select(Directors)
        .columns(directors::NAME)
        .order(directors::NOTES.at("born").desc().nulls_last())
        .order(directors::NAME.asc());
    assert_eq!(db.all(query).await.unwrap(), ["Scott", "Cameron", "Kurosawa"]);
    let query = select(Directors)
        .columns((directors::NOTES.text_at("born"), count_rows()))
        .order(directors::NOTES.text_at("born").asc());
    assert_eq!(db.all(query).await.unwrap(), [(Some("1937".to_owned()), 1), (None, 2)]);
}

async fn related_orders<B: Backend>(db: &Database<B>) {
    let by_director = || {
        select(Films)
            .order(directors::NAME.asc().nulls_last().of(films::DIRECTOR))
            .order(films::YEAR.desc())
    };
    let titles = db.all(by_director().columns(films::TITLE)).await.unwrap();
    assert_eq!(titles[..3], ["Aliens", "Blade Runner", "Alien"]);
    assert_eq!(db.count(by_director()).await.unwrap(), 4);
    // Beside the relation itself, with a condition of its own.
    let query = by_director()
        .columns((
            films::ID,
            films::DIRECTOR.columns(directors::NAME).filter(directors::NAME.eq("Scott")),
        ))
        .limit(2);
    let scott = Some("Scott".to_owned());
    assert_eq!(db.all(query).await.unwrap(), [(3, None), (2, scott)]);
    // By JSON in another row, and within an embed.
    let query = select(Films)
        .columns(films::ID)
        .order(directors::NOTES.at("born").asc().of(films::DIRECTOR))
        .order(films::ID.desc())
        .limit(2);
    assert_eq!(db.all(query).await.unwrap(), [2, 1]);
    let query = select(Directors)
        .columns(
            directors::FILMS
                .columns(
                    films::SCREENINGS
                        .columns(screenings::ID)
                        .order(films::YEAR.desc().of(screenings::FILM)),
                )
                .order(directors::NAME.desc().of(films::DIRECTOR))
                .order(films::ID.desc()),
        )
        .order(directors::ID.asc())
        .limit(1);
    assert_eq!(db.one(query).await.unwrap(), [[2], [1]]);
}

async fn related_rows<B: Backend>(db: &Database<B>) {
    let names = async |query: dsl::Select<Directors, Directors>| {
        let query = query.columns(directors::NAME).order(directors::ID.asc());
        // A query can be kept: what is counted is what is read.
        let names = db.all(&query).await.unwrap();
        assert_eq!(db.count(&query).await.unwrap(), names.len() as u64);
        names
    };
    let classics = || directors::FILMS.filter(films::YEAR.lt(1985));
    assert_eq!(names(select(Directors).having(classics())).await, ["Scott"]);
    assert_eq!(names(select(Directors).lacking(classics())).await, ["Cameron", "Kurosawa"]);
    assert_eq!(names(select(Directors).lacking(directors::FILMS)).await, ["Kurosawa"]);
    let open = || films::SCREENINGS.filter(screenings::OPEN.is_true());
    let query = select(Directors).having(directors::FILMS.lacking(open()));
    assert_eq!(names(query).await, ["Scott"]);
    let query = select(Directors).lacking(directors::FILMS.having(open()));
    assert_eq!(names(query).await, ["Kurosawa"]);
    let query = select(Directors).having(classics()).lacking(directors::FILMS.having(open()));
    assert_eq!(names(query).await, [""; 0]);

    let second = directors::FILMS.columns(films::ID).order(films::ID.desc()).offset(1).limit(1);
    let query = select(Directors).columns(second).filter(directors::ID.eq(1));
    assert_eq!(db.one(query).await.unwrap(), [1]);
    let query =
        select(Directors).columns(directors::FILMS.having(open())).order(directors::ID.asc());
    let found = db.all(query).await.unwrap();
    let ids = |films: &Vec<films::Row>| films.iter().map(|film| film.id).collect::<Vec<_>>();
    assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [vec![1], vec![3], vec![]]);
}

/// Searches, each in its own way.
async fn searches<B: Backend>(db: &Database<B>) {
    for (search, expected) in [
        (Search::typed("blade -alien"), vec![2]),
        (Search::words("runners BLADE").in_language("english"), vec![2]),
        (Search::phrase("runner blade"), vec![]),
        (Search::phrase("blade runner").in_language("simple"), vec![2]),
        (Search::tsquery("alien | (blade & !x)"), vec![1, 2, 3]),
        (Search::tsquery("ali:*").in_language("simple"), vec![1, 3]),
    ] {
        let query = select(Films)
            .columns(films::ID)
            .filter(films::TITLE.search(search.clone()))
            .order(films::ID.asc());
        assert_eq!(db.all(query).await.unwrap(), expected, "{search:?}");
    }
}
