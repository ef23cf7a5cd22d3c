//! Typed queries on a real database: on the pool of `sqlx`, within a transaction, and on phlo's own
//! pool, as several roles.

mod functions;
mod guards;
mod operators;

/// What is generated for the films, as the generator's own tests have it.
#[allow(dead_code, unreachable_pub, reason = "not all of it is used")]
#[rustfmt::skip]
#[path = "../../phlo-schema-gen/tests/golden/films.rs"]
mod api;

use std::time::Duration;

use futures_util::StreamExt as _;
use phlo_core::{
    Code,
    db::{Backend, Database},
    dsl::{
        self, delete, insert, insert_all,
        sample::{
            Rating,
            directors::{self, Directors},
            films::{self, Films},
        },
        select, update,
    },
    exec::{
        Stepwise,
        introspect::{Options, introspect},
        pipeline::{self, Pool, PoolOptions},
    },
    schema::Schema,
};
use phlo_postgres::Server;
use serde_json::json;
use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgPoolOptions};

const FILMS: &str = include_str!("../fixtures/films.sql");

/// A server with the films, and what is known about them.
struct Catalogue {
    _server: Server,
    uri: String,
    schema: Schema,
}

impl Catalogue {
    async fn start() -> Self {
        let server = Server::builder().start().unwrap();
        let uri = server.uri("postgres");
        let mut connection = PgConnection::connect(&uri).await.unwrap();
        sqlx::raw_sql(FILMS).execute(&mut connection).await.unwrap();
        let options = Options { schemas: vec!["api".into()], ..Options::default() };
        let schema = introspect(&mut connection, &options).await.unwrap();
        Self { _server: server, uri, schema }
    }

    async fn sqlx(&self) -> Database<PgPool> {
        Database::new(PgPool::connect(&self.uri).await.unwrap(), self.schema.clone())
    }

    fn pipelined(&self) -> Database<Pool> {
        let config = pipeline::Config::parse(&self.uri, &|_| None).unwrap();
        Database::new(Pool::new(config, PoolOptions::default()).unwrap(), self.schema.clone())
    }
}

/// Everything on every executor, in one server: a server takes a second to start.
#[tokio::test(flavor = "multi_thread")]
async fn typed_queries() {
    let films = Catalogue::start().await;
    let sqlx = films.sqlx().await;
    reads(&sqlx).await;
    reads(&sqlx.as_role("viewer")).await;
    reads(&films.pipelined()).await;
    reads(&films.pipelined().as_role("viewer")).await;
    let mut connection = PgConnection::connect(&films.uri).await.unwrap();
    reads(&sqlx.on(&mut connection)).await;
    reads(&sqlx.as_role("viewer").on(&mut connection)).await;
    let mut transaction = connection.begin().await.unwrap();
    reads(&sqlx.as_role("viewer").on(&mut transaction)).await;
    transaction.rollback().await.unwrap();

    policies(&sqlx).await;
    policies(&films.pipelined()).await;
    writes(&sqlx).await;
    writes(&films.pipelined()).await;
    writes(&sqlx.on(&mut connection)).await;
    added_streams(&sqlx).await;
    added_streams(&sqlx.as_role("postgres")).await;
    added_streams(&films.pipelined()).await;
    added_streams(&films.pipelined().as_role("postgres")).await;
    transactions(&sqlx, &mut connection).await;
    streams(&sqlx).await;
    streams_of_its_own(&films.pipelined()).await;
    permissions_are_not_cached(&films.uri, &films.schema).await;
    operators(&sqlx).await;
    operators::all(&sqlx).await;
    operators::all(&sqlx.as_role("viewer")).await;
    operators::all(&films.pipelined()).await;
    functions::all(&sqlx).await;
    functions::all(&sqlx.as_role("viewer")).await;
    functions::all(&films.pipelined()).await;
    functions::all(&films.pipelined().as_role("viewer")).await;
    guards::all(&sqlx).await;
    guards::all(&sqlx.as_role("editor")).await;
    guards::all(&films.pipelined()).await;
    guards::all(&films.pipelined().as_role("editor")).await;
    guards::all(&sqlx.on(&mut connection)).await;
    guards::all(&sqlx.as_role("editor").on(&mut connection)).await;
    let mut transaction = connection.begin().await.unwrap();
    guards::all(&sqlx.on(&mut transaction)).await;
    guards::all(&sqlx.as_role("editor").on(&mut transaction)).await;
    guards::all(&sqlx.on(&mut transaction)).await;
    transaction.rollback().await.unwrap();
    guards::streams(&sqlx).await;
    guards::streams(&sqlx.as_role("editor")).await;
}

async fn reads<B: Backend>(db: &Database<B>) {
    let rows = db.all(select(Films).order(films::ID.asc())).await.unwrap();
    assert_eq!(rows.len(), 4);
    let alien = &rows[0];
    assert_eq!((alien.id, alien.title.as_str(), alien.year), (1, "Alien", Some(1979)));
    assert_eq!(alien.rating, Some(Rating::Adults));
    assert!(alien.added_at.as_str().starts_with("2024-01-02 "), "{}", alien.added_at);
    // A label that was added to the type later.
    assert_eq!(rows[3].rating, Some(Rating::Unknown("teens".to_owned())));
    assert_eq!(rows[3].year, None);

    let query = select(Films)
        .columns((films::TITLE, films::DIRECTOR.columns(directors::NAME), films::ID))
        .filter(films::YEAR.gte(1979) & !films::TITLE.ilike("%runner"))
        .order(films::TITLE.desc());
    let found = db.all(query).await.unwrap();
    let names: Vec<_> =
        found.iter().map(|(title, name, id)| (title.as_str(), name.as_deref(), *id)).collect();
    assert_eq!(names, [("Aliens", Some("Cameron"), 3), ("Alien", Some("Scott"), 1)]);

    // Embeds within embeds, with rows of their own, whole and in part.
    let query = select(Directors)
        .columns((
            Directors,
            directors::FILMS
                .columns((films::YEAR, films::DIRECTOR, films::ADDED_AT))
                .filter(films::YEAR.is_not_null())
                .order(films::YEAR.desc())
                .limit(1),
        ))
        .order(directors::ID.asc());
    let found = db.all(query).await.unwrap();
    let (scott, latest) = &found[0];
    assert_eq!(scott.notes, Some(json!({"born": 1937, "of": ["South Shields"]})));
    assert_eq!(latest.len(), 1);
    let (year, director, added) = &latest[0];
    assert_eq!((year, director.as_ref()), (&Some(1982), Some(scott)));
    assert!(added.as_str().starts_with("2024-01-03 "), "{added}");
    assert_eq!(found[2].1, []);

    // A relation that must be there.
    let required = select(Films).columns(films::DIRECTOR.required());
    assert_eq!(db.all(required).await.unwrap().len(), 3);
    let having = select(Films).having(films::DIRECTOR.filter(directors::NAME.eq("Scott")));
    assert_eq!(db.count(&having).await.unwrap(), 2);
    assert_eq!(db.all(&having).await.unwrap().len(), 2);
    // Without statistics it is a guess, and more than none.
    assert!(db.estimate(select(Films).filter(films::YEAR.gt(1)).limit(1)).await.unwrap() > 0);

    // Aggregates.
    let query = select(Films)
        .columns((films::DIRECTOR_ID, dsl::count_rows(), films::YEAR.sum(), films::YEAR.avg()))
        .order(films::DIRECTOR_ID.asc().nulls_last());
    let found = db.all(query).await.unwrap();
    assert_eq!(found[0].1, 2);
    assert_eq!(found[0].2, Some(3961));
    assert!(found[0].3.as_ref().unwrap().as_str().starts_with("1980.5"));
    assert_eq!((found[2].0, found[2].1, found[2].2), (None, 1, None));

    // One, none, several.
    let one = |title: &str| select(Films).columns(films::ID).filter(films::TITLE.eq(title));
    assert_eq!(db.one(one("Aliens")).await.unwrap(), 3);
    assert_eq!(db.optional(one("Alien 4")).await.unwrap(), None);
    assert_eq!(db.one(one("Alien 4")).await.unwrap_err().kind(), Code::Singular);
    let error = db.one(select(Films)).await.unwrap_err();
    assert_eq!(error.message(), "The query gives several rows");

    // The next page.
    let page = |last: Option<(i32, i64)>| {
        select(Films)
            .columns((films::YEAR, films::ID))
            .filter(films::YEAR.is_not_null())
            .after((films::YEAR.desc(), films::ID.asc()), last)
            .limit(2)
    };
    let first = db.all(page(None)).await.unwrap();
    assert_eq!(first, [(Some(1986), 3), (Some(1982), 2)]);
    assert_eq!(db.all(page(Some((1982, 2)))).await.unwrap(), [(Some(1979), 1)]);

    // JSON as the database writes it.
    let json = db.json(select(Directors).columns(directors::NAME).limit(1)).await.unwrap();
    assert_eq!(json, r#"[{"name":"Scott"}]"#);

    // A record of one's own.
    phlo_core::record! {
        struct Title: Films {
            name: String = films::TITLE,
            year: Option<i32> = films::YEAR,
        }
    }
    let query = select(Films).columns(dsl::fields_of::<Title>()).filter(films::ID.eq(2));
    let expected = Title { name: "Blade Runner".to_owned(), year: Some(1982) };
    assert_eq!(db.one(query).await.unwrap(), expected);

    // A record with records, and more of what can be selected.
    phlo_core::record! {
        struct Portrait: Directors {
            films: Vec<Title> = directors::FILMS
                .columns(dsl::fields_of::<Title>())
                .order(films::YEAR.desc()),
            born: Option<String> = directors::NOTES.text_at("born"),
            whole: directors::Row = Directors,
        }
    }
    phlo_core::record! {
        struct Credited: Films {
            director: Option<Portrait> = films::DIRECTOR.columns(dsl::fields_of::<Portrait>()),
            title: String = films::TITLE,
        }
    }
    let query = select(Films).columns(dsl::fields_of::<Credited>()).filter(films::ID.is_in([1, 4]));
    let found = db.all(query.order(films::ID.asc())).await.unwrap();
    let portrait = found[0].director.as_ref().unwrap();
    assert_eq!(portrait.films[0], expected);
    assert_eq!(portrait.born.as_deref(), Some("1937"));
    assert_eq!((portrait.whole.name.as_str(), portrait.films.len()), ("Scott", 2));
    assert_eq!((found[0].title.as_str(), found[1].director.is_none()), ("Alien", true));

    // Counts for each of something, as a record.
    phlo_core::record! {
        struct Yearly: Films {
            director: Option<i64> = films::DIRECTOR_ID,
            films: i64 = dsl::count_rows(),
            first: Option<i32> = films::YEAR.min(),
        }
    }
    let query = select(Films).columns(dsl::fields_of::<Yearly>()).order(films::DIRECTOR_ID.asc());
    let scott = Yearly { director: Some(1), films: 2, first: Some(1979) };
    assert_eq!(db.all(query).await.unwrap()[0], scott);
}

/// Rows are those that the caller's policies allow.
async fn policies<B: Backend + Clone>(db: &Database<B>) {
    let claims = json!({"director": 2}).as_object().cloned().unwrap();
    let agent = db.as_role("agent").claims(claims);
    let titles = agent.all(select(Films).columns(films::TITLE)).await.unwrap();
    assert_eq!(titles, ["Aliens"]);
    assert_eq!(agent.count(select(Films)).await.unwrap(), 1);
    let error = agent.execute(delete(Films).every_row()).await.unwrap_err();
    assert_eq!(error.code(), "42501");
    // The next user of the connection is who he was before.
    assert_eq!(db.count(select(Films)).await.unwrap(), 4);
}

async fn writes<B: Backend>(db: &Database<B>) {
    let id = db.one(insert(films::Insert::new("Heat")).returning(films::ID)).await.unwrap();
    let rows = [
        films::Insert { year: Some(1995), ..films::Insert::new("Se7en") },
        films::Insert { added_at: Some("2020-02-02 00:00+00".into()), ..films::Insert::new("X") },
    ];
    assert_eq!(db.execute(insert_all(rows)).await.unwrap(), 2);
    let added = |title: &str| select(Films).filter(films::TITLE.eq(title));
    assert!(!db.one(added("Se7en")).await.unwrap().added_at.as_str().starts_with("2020"));
    assert!(db.one(added("X")).await.unwrap().added_at.as_str().starts_with("2020-02-02"));

    let again = || films::Insert { year: Some(1), ..films::Insert::new("Heat") };
    assert_eq!(db.execute(insert(again()).or_ignore(films::TITLE)).await.unwrap(), 0);
    assert_eq!(db.one(added("Heat")).await.unwrap().year, None);
    let merged = insert(again()).or_update(films::TITLE).returning_rows();
    let merged = db.one(merged).await.unwrap();
    assert_eq!((merged.id, merged.year), (id, Some(1)));

    let changes =
        films::Update { year: Some(None), rating: Some(Some(Rating::All)), ..Default::default() };
    let changed = update(changes).filter(films::ID.eq(id)).returning((films::YEAR, films::RATING));
    assert_eq!(db.one(changed).await.unwrap(), (None, Some(Rating::All)));

    let gone = delete(Films).filter(films::ID.gt(4)).returning(films::TITLE);
    let mut gone = db.all(gone).await.unwrap();
    gone.sort();
    assert_eq!(gone, ["Heat", "Se7en", "X"]);

    let error = db.execute(insert(films::Insert::new("Alien"))).await.unwrap_err();
    assert_eq!(error.code(), "23505");
}

/// More rows than go into a statement, of different columns, are added or not as a whole.
async fn added_streams<B: Backend + Stepwise>(db: &Database<B>) {
    use futures_util::stream;
    let row = |number: usize| {
        let year = number.is_multiple_of(2).then_some(1900);
        films::Insert { year, ..films::Insert::new(format!("{number} {}", "x".repeat(500))) }
    };
    let rows = |numbers: std::ops::Range<usize>| stream::iter(numbers.map(row));
    let none = || insert_all(Vec::<films::Insert>::new());
    assert_eq!(db.insert_stream(none(), rows(0..0)).await.unwrap(), 0);
    assert_eq!(db.insert_stream(none(), rows(0..5000)).await.unwrap(), 5000);
    let first = insert(row(5000)).or_ignore(films::TITLE);
    assert_eq!(db.insert_stream(first, rows(4000..6000)).await.unwrap(), 1000);
    let error = db.insert_stream(none(), rows(6000..20_000).chain(rows(0..1))).await;
    assert_eq!(error.unwrap_err().code(), "23505");
    let dropped = db.insert_stream(none(), rows(6000..20_000).chain(stream::pending()));
    assert!(tokio::time::timeout(Duration::from_secs(2), dropped).await.is_err());
    let added = films::TITLE.like("% xxx%");
    assert_eq!(db.count(select(Films).filter(added.clone())).await.unwrap(), 6000);
    let even = select(Films).filter(added.clone()).filter(films::YEAR.eq(1900));
    assert_eq!(db.count(even).await.unwrap(), 3000);
    assert_eq!(db.execute(delete(Films).filter(added)).await.unwrap(), 6000);
}

/// Several queries as several roles in one transaction, which then is undone.
async fn transactions(db: &Database<PgPool>, connection: &mut PgConnection) {
    let mut transaction = connection.begin().await.unwrap();
    let role = async |connection: &mut PgConnection| -> (String, String) {
        let sql = "select current_user::text, current_setting('request.jwt.claims', true)";
        sqlx::query_as(sql).fetch_one(connection).await.unwrap()
    };
    let before = role(&mut transaction).await;
    {
        let owner = db.on(&mut transaction);
        owner.execute(insert(films::Insert::new("Ran"))).await.unwrap();
    }
    {
        let viewer = db.as_role("viewer").on(&mut transaction);
        assert_eq!(viewer.count(select(Films)).await.unwrap(), 5);
        assert_eq!(viewer.all(select(Films)).await.unwrap().len(), 5);
    }
    assert_eq!(role(&mut transaction).await.0, before.0);
    transaction.rollback().await.unwrap();
    assert_eq!(db.count(select(Films)).await.unwrap(), 4);
}

async fn streams(db: &Database<PgPool>) {
    use futures_util::TryStreamExt as _;
    for db in [db.clone(), db.as_role("viewer")] {
        let titles: Vec<String> =
            db.stream(select(Films).columns(films::TITLE)).try_collect().await.unwrap();
        assert_eq!(titles.len(), 4);
        // A stream that is given up leaves a usable pool.
        let mut stream = std::pin::pin!(db.stream(select(Films)));
        assert!(stream.try_next().await.unwrap().is_some());
    }
}

async fn streams_of_its_own(db: &Database<Pool>) {
    use futures_util::{StreamExt as _, TryStreamExt as _};
    for db in [db.clone(), db.as_role("viewer")] {
        let titles: Vec<String> =
            db.stream(select(Films).columns(films::TITLE)).try_collect().await.unwrap();
        assert_eq!(titles.len(), 4);
        let mut stream = std::pin::pin!(db.stream(select(Films)));
        assert!(stream.try_next().await.unwrap().is_some());
    }
    let nobody = db.as_role("nobody");
    let mut unknown = std::pin::pin!(nobody.stream(select(Films)));
    assert!(unknown.next().await.unwrap().is_err());
    assert!(unknown.next().await.is_none());
}

/// A role doesn't get a permission by using a statement that another one has prepared.
async fn permissions_are_not_cached(uri: &str, schema: &Schema) {
    struct Secret;
    impl dsl::Function for Secret {
        const SCHEMA: &'static str = "api";
        const NAME: &'static str = "secret";
        fn write(&self, _: &mut dsl::Members) {}
    }
    impl dsl::ValueFunction for Secret {
        type Output = dsl::Set<String>;
    }
    let pool = PgPoolOptions::new().max_connections(1).connect(uri).await.unwrap();
    let db = Database::new(pool, schema.clone());
    for _ in 0..2 {
        assert_eq!(db.as_role("viewer").call(Secret).await.unwrap().0, ["swordfish"]);
        assert_eq!(db.as_role("agent").call(Secret).await.unwrap_err().code(), "42501");
    }
}

/// Values of all kinds reach operators of all kinds.
async fn operators(db: &Database<PgPool>) {
    let ids = |filter: dsl::Filter<Films>| async move {
        db.all(select(Films).columns(films::ID).filter(filter).order(films::ID.asc())).await
    };
    for (filter, expected) in [
        (films::RATING.eq(Rating::Adults), vec![1]),
        (films::RATING.is_in([Rating::Adults, Rating::All]), vec![1, 2, 3]),
        (films::YEAR.is_in([1979, 1986]), vec![1, 3]),
        (films::YEAR.is_in([1979]), vec![1]),
        (films::YEAR.is_in(Vec::<i32>::new()), vec![]),
        (films::TITLE.is_in([""]), vec![]),
        (films::YEAR.ne(1979), vec![2, 3]),
        (films::YEAR.is_distinct_from(1979), vec![2, 3, 4]),
        (films::ADDED_AT.lt("2024-01-03"), vec![1]),
        (films::TITLE.matches("^A.*n$"), vec![1]),
        (films::TITLE.search("blade"), vec![2]),
        (films::TITLE.search_in("english", "runners"), vec![2]),
        (films::TITLE.eq("it's \\ \"quoted\""), vec![4]),
        (films::TITLE.like("it's%"), vec![4]),
    ] {
        let name = format!("{filter:?}");
        assert_eq!(ids(filter).await.unwrap(), expected, "{name}");
    }
    let directors = |filter: dsl::Filter<Directors>| async move {
        db.all(select(Directors).columns(directors::ID).filter(filter)).await.unwrap()
    };
    assert_eq!(directors(directors::NOTES.contains(json!({"born": 1937}))).await, [1]);
    assert_eq!(directors(directors::NOTES.text_at("born").eq("1937")).await, [1]);
    let born = select(Directors).columns(directors::NOTES.text_at("born")).limit(1);
    assert_eq!(db.one(born.filter(directors::ID.eq(1))).await.unwrap().as_deref(), Some("1937"));
}
