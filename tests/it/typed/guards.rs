//! Changes of more rows than allowed, or of several where one is meant: nothing is kept.

use futures_util::TryStreamExt as _;
use phlo_core::{
    Code,
    db::{Backend, Database},
    dsl::{delete, select, select_from, update},
};
use serde_json::json;
use sqlx::PgPool;

use super::api::{
    directors,
    films::{self, Films},
    functions, screenings,
};

fn of_year_one() -> films::Update {
    films::Update { year: Some(Some(1)), ..Default::default() }
}

pub(super) async fn all<B: Backend>(db: &Database<B>) {
    let years = async || {
        let query = select(Films).columns(films::YEAR).order(films::ID.asc());
        db.all(query).await.unwrap()
    };
    let before = years().await;
    let aliens = || update(of_year_one()).filter(films::TITLE.like("Alien%"));

    let error = db.execute(aliens().max_affected(1)).await.unwrap_err();
    assert_eq!(error.kind(), Code::MaxAffected);
    let error = db.all(aliens().max_affected(1).returning(films::ID)).await.unwrap_err();
    assert_eq!(error.kind(), Code::MaxAffected);
    let error = db.one(aliens().returning_rows()).await.unwrap_err();
    assert_eq!(error.message(), "The query gives several rows");
    let error = db.optional(aliens().returning(films::TITLE)).await.unwrap_err();
    assert_eq!(error.kind(), Code::Singular);
    let error = db.execute_one(aliens()).await.unwrap_err();
    assert_eq!(error.message(), "The change is not one of exactly one row");
    let error = db.execute_one(delete(Films).filter(films::ID.eq(-1))).await.unwrap_err();
    assert_eq!(error.kind(), Code::Singular);
    let all = update(of_year_one()).every_row().max_affected(2);
    assert_eq!(db.execute(all).await.unwrap_err().kind(), Code::MaxAffected);
    assert_eq!(years().await, before);

    // As many as allowed are changed, and changed back.
    assert_eq!(db.execute(aliens().max_affected(2)).await.unwrap(), 2);
    assert_eq!(years().await[..3], [Some(1), Some(1982), Some(1)]);
    for (id, year) in [(1, 1979), (3, 1986)] {
        let back = || films::Update { year: Some(Some(year)), ..Default::default() };
        db.execute_one(update(back()).filter(films::ID.eq(id))).await.unwrap();
        let back = update(back()).filter(films::ID.eq(id)).max_affected(1);
        assert_eq!(db.one(back.returning(films::YEAR)).await.unwrap(), Some(year));
    }
    let none = update(of_year_one()).filter(films::ID.eq(-1)).returning(films::ID);
    assert_eq!(db.optional(none).await.unwrap(), None);
    assert_eq!(years().await, before);

    // What relations lead to from changed rows, and what is in their JSON.
    let back = films::Update { year: Some(Some(1979)), ..Default::default() };
    let changed = update(back).filter(films::ID.eq(1)).returning((
        films::TITLE,
        films::DIRECTOR.columns((directors::NAME, directors::NOTES.text_at("born"))),
        films::SCREENINGS.columns(screenings::PRICES.at(0)).order(screenings::ID.asc()),
    ));
    let scott = ("Scott".to_owned(), Some("1937".to_owned()));
    let expected = ("Alien".to_owned(), Some(scott), vec![Some(json!(8))]);
    assert_eq!(db.one(changed).await.unwrap(), expected);

    // A function that adds rows is a change, too.
    let titles = || vec!["Ran".to_owned(), "Ikiru".to_owned()];
    let adds = select_from(&functions::AddFilms { titles: titles() });
    let error = db.one(adds.columns(films::ID)).await.unwrap_err();
    assert_eq!(error.kind(), Code::Singular);
    assert_eq!(years().await, before);
}

pub(super) async fn streams(db: &Database<PgPool>) {
    let aliens = || update(of_year_one()).filter(films::TITLE.like("Alien%")).max_affected(1);
    let rows = db.stream(aliens().returning(films::ID));
    let result: Result<Vec<i64>, _> = rows.try_collect().await;
    assert_eq!(result.unwrap_err().kind(), Code::MaxAffected);
    let changed = select(Films).filter(films::YEAR.eq(1));
    assert_eq!(db.count(changed).await.unwrap(), 0);
}
