//! Typed queries in a program that serves nothing: reads, changes, roles, transactions, streams, and
//! a request in the grammar of URLs.
//!
//! It starts a PostgreSQL of its own, so that `cargo run -p phlo-example-embed` is all there is to do.

use std::error::Error;

use api::{
    directors::{self, Directors},
    films::{self, Films},
    functions::{AverageYear, FilmsOfDecade},
    types::Rating,
};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use phlo_core::{
    db::Database,
    dsl::{count_rows, delete, insert, select, select_from, update},
    parse::{self, Asked, Input, Options},
    record,
};
use sqlx::PgPool;

phlo_core::include_schema!(
    /// What `phlo-schema-gen` has made of `phlo-schema.json`.
    mod api
);

record! {
    /// What a list of films shows.
    struct Listed: Films {
        title: String = films::TITLE,
        year: Option<i32> = films::YEAR,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for line in run().await? {
        println(&line);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn println(line: &str) {
    println!("{line}");
}

/// Does one of everything, and says what came of it.
async fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let server = phlo_postgres::Server::start()?;
    let pool = PgPool::connect(&server.uri("postgres")).await?;
    sqlx::raw_sql(include_str!("../films.sql")).execute(&pool).await?;
    let db = Database::new(pool.clone(), api::schema()?);
    let mut told = Vec::new();

    // Rows as structs, columns as tuples, records of one's own.
    let alien = db.one(select(Films).filter(films::TITLE.eq("Alien"))).await?;
    told.push(format!("{} ({:?}) is for {}", alien.title, alien.year, alien.rating.label()));
    let listed =
        select(Films).columns(phlo_core::dsl::fields_of::<Listed>()).order(films::ID.desc());
    for film in db.all(listed.limit(1)).await? {
        told.push(format!("the latest is {}, of {}", film.title, film.year.unwrap_or_default()));
    }

    // Rows of other tables within each row.
    let with_films = select(Directors)
        .columns((directors::NAME, directors::FILMS.columns(films::TITLE).order(films::YEAR.asc())))
        .order(directors::NAME.asc());
    for (director, titles) in db.all(with_films).await? {
        told.push(format!("{director} made {}", titles.join(" and ")));
    }

    // Aggregates.
    let per_rating = select(Films)
        .columns((films::RATING, count_rows(), films::YEAR.min()))
        .order(films::RATING.asc());
    for (rating, films, first) in db.all(per_rating).await? {
        told.push(format!("{films} for {}, since {}", rating.label(), first.unwrap_or_default()));
    }

    // Functions.
    let eighties = select_from(&FilmsOfDecade { decade: 1980 }).columns(films::TITLE);
    told.push(format!(
        "the eighties: {}",
        db.all(eighties.order(films::TITLE.asc())).await?.join(", ")
    ));
    let average = db.call(AverageYear).await?;
    told.push(format!("on average of {:.4}", average.map(|it| it.0).unwrap_or_default()));

    // As somebody else: policies of the database decide what there is.
    let viewer = db.as_role("viewer");
    told.push(format!(
        "a viewer sees {} of {}",
        viewer.count(select(Films)).await?,
        db.count(select(Films)).await?
    ));

    // Several changes in one transaction, which is undone here.
    let mut transaction = pool.begin().await?;
    let within = db.on(&mut transaction);
    let new = films::Insert { year: Some(1992), ..films::Insert::new("Alien 3") };
    let id = within.one(insert(new).returning(films::ID)).await?;
    let changes = films::Update { rating: Some(Rating::Adults), ..Default::default() };
    within.execute(update(changes).filter(films::ID.eq(id))).await?;
    let gone = within.execute(delete(Films).filter(films::RATING.eq(Rating::Adults))).await?;
    told.push(format!("{gone} films for adults would go"));
    drop(within);
    transaction.rollback().await?;

    // One row at a time.
    let mut rows = std::pin::pin!(db.stream(select(Films)));
    let mut letters = 0;
    while let Some(film) = rows.try_next().await? {
        letters += film.title.len();
    }
    told.push(format!("all titles have {letters} letters"));

    // A request as it comes in a URL.
    let input = Input {
        method: "GET",
        path: "/films",
        query: "select=title,director:directors(name)&year=lt.1980",
        headers: &[],
        body: &Bytes::new(),
    };
    let options = Options { schemas: vec!["api".into()], ..Options::default() };
    if let Asked::Request(request) = parse::request(&input, &options)?.asked {
        let body = db.answer(&request).await?.outcome.body;
        told.push(String::from_utf8(body.into())?);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn everything_is_as_told() {
        let expected = [
            "Alien (Some(1979)) is for adults",
            "the latest is Aliens, of 1986",
            "Cameron made Aliens",
            "Scott made Alien and Blade Runner",
            "1 for all, since 1982",
            "2 for adults, since 1979",
            "the eighties: Aliens, Blade Runner",
            "on average of 1982",
            "a viewer sees 1 of 3",
            "3 films for adults would go",
            "all titles have 23 letters",
            r#"[{"title":"Alien","director":{"name":"Scott"}}]"#,
        ];
        assert_eq!(super::run().await.unwrap(), expected);
    }
}
