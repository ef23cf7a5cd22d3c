//! Functions: the rows that they return, and parameters without a name.

use phlo_core::{
    Code,
    db::{Backend, Database},
    dsl::{Bytes, Other, count_rows, select_from},
};
use serde_json::json;

use super::api::{credit, directors, films, functions, search_films, types::Rating, years};

pub(super) async fn all<B: Backend>(db: &Database<B>) {
    rows_of_tables(db).await;
    rows_of_their_own(db).await;
    parameters_without_a_name(db).await;
}

async fn rows_of_tables<B: Backend>(db: &Database<B>) {
    let since = |since| select_from(&functions::FilmsSince { since });
    let rows = db.all(since(1980).order(films::YEAR.desc())).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].title.as_str(), rows[0].rating.clone()), ("Aliens", Some(Rating::All)));

    let query = since(1970)
        .columns((films::TITLE, films::DIRECTOR.columns(directors::NAME)))
        .filter(films::ID.lt(3) | films::TITLE.like_any(["x%"]))
        .order(directors::NAME.asc().of(films::DIRECTOR))
        .order(films::ID.desc())
        .limit(1);
    let found = db.all(query).await.unwrap();
    assert_eq!(found, [("Blade Runner".to_owned(), Some("Scott".to_owned()))]);
    assert_eq!(db.count(since(1980)).await.unwrap(), 2);
    assert_eq!(db.estimate(since(1980)).await.unwrap(), 2);

    let query =
        since(1970).columns((films::DIRECTOR_ID, count_rows())).order(films::DIRECTOR_ID.asc());
    assert_eq!(db.all(query).await.unwrap(), [(Some(1), 2), (Some(2), 1)]);

    let newest = db.one(select_from(&functions::NewestFilm)).await.unwrap();
    assert_eq!((newest.id, newest.year), (3, Some(1986)));
    let newest = select_from(&functions::NewestFilm).columns(films::YEAR);
    assert_eq!(db.one(newest).await.unwrap(), Some(1986));
}

async fn rows_of_their_own<B: Backend>(db: &Database<B>) {
    let search = |words: &str| {
        let words = words.to_owned();
        select_from(&functions::SearchFilms { words, limit: None })
    };
    let rows = db.all(search("alien")).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].id, Some(1));
    assert_eq!(rows[0].title.as_deref(), Some("Alien"));
    assert_eq!(rows[0].rating, Some(Rating::Adults));
    assert_eq!(rows[0].added_on.as_ref().unwrap().as_str(), "2024-01-02");
    assert_eq!(**rows[0].notes.as_ref().unwrap(), json!({"words": "alien"}));

    // Filters of columns that are no text, an order, and a part of the row.
    let query = search("")
        .columns((search_films::TITLE, search_films::NOTES.text_at("words")))
        .filter(search_films::ID.gte(2) & search_films::ID.is_in([2, 3, 9]))
        .filter(search_films::RATING.eq(Rating::All))
        .filter(search_films::ADDED_ON.gt("2024-01-01"))
        .filter(search_films::NOTES.text_at("words").eq(""))
        .order(search_films::ADDED_ON.desc())
        .limit(1);
    let found = db.all(query).await.unwrap();
    assert_eq!(found, [(Some("Aliens".to_owned()), Some(String::new()))]);
    let two = select_from(&functions::SearchFilms { words: String::new(), limit: Some(2) });
    assert_eq!(db.all(two.columns(search_films::ID)).await.unwrap(), [Some(1), Some(2)]);

    let span = db.one(select_from(&functions::Years)).await.unwrap();
    assert_eq!(span, years::Row { first: Some(1979), last: Some(1986) });

    let credits =
        select_from(&functions::Credits).filter(credit::FILMS.gt(0)).order(credit::FILMS.desc());
    let rows = db.all(credits).await.unwrap();
    let row = |name: &str, films| credit::Row { name: Some(name.to_owned()), films: Some(films) };
    assert_eq!(rows, [row("Scott", 2), row("Cameron", 1)]);
    let of_scott = select_from(&functions::CreditOf { director: 1 });
    assert_eq!(db.one(of_scott).await.unwrap(), row("Scott", 2));
}

async fn parameters_without_a_name<B: Backend>(db: &Database<B>) {
    let members = functions::CountMembers(json!({"words": 1, "limit": [2]}));
    assert_eq!(db.call(members).await.unwrap(), Some(2));
    let keys = functions::KeysOf(json!({"b": 1, "a\"": 2}));
    assert_eq!(db.call(keys).await.unwrap().0, [Some("b".to_owned()), Some("a\"".to_owned())]);
    assert_eq!(db.call(functions::Shout("it's \"".to_owned())).await.unwrap().unwrap(), "IT'S \"");
    let root = functions::RootOf(Other::new("<films><film/></films>"));
    assert_eq!(db.call(root).await.unwrap().as_deref(), Some("films"));
    let bytes = functions::Reversed(Bytes(vec![0, 1, 255]));
    assert_eq!(db.call(bytes).await.unwrap(), Some(Bytes(vec![255, 1, 0])));
    let error = db.call(functions::RootOf(Other::new("<"))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Code::Database, "2200N"));
}
