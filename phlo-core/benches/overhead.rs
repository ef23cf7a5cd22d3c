//! Typed queries against the same queries written by hand with `sqlx`, on a real database.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

use std::sync::atomic::{AtomicI64, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use phlo_core::{
    db::Database,
    dsl::{
        sample::films::{self, Films},
        select,
    },
    exec::introspect::{Options, introspect},
};
use sqlx::{PgExecutor, PgPool, postgres::PgPoolOptions};
use tokio::runtime::Runtime;

const SETUP: &str = "
    create schema api;
    create type api.rating as enum ('all', 'adults');
    create table api.films (
        id bigint primary key,
        title text not null,
        year integer,
        rating api.rating,
        director_id bigint,
        added_at timestamptz not null default now()
    );
    insert into api.films
        select n, 'Film number ' || n, 1900 + n % 120, 'all', n % 500 from generate_series(1, 10000) n;
    analyze api.films;
    create role reader;
    grant usage on schema api to reader;
    grant select on api.films to reader;
";

/// The columns that both sides read; the same work for the database, the same types for Rust.
type ByHand = (i64, String, Option<i32>, Option<i64>);

phlo_core::record! {
    struct Typed: Films {
        id: i64 = films::ID,
        title: String = films::TITLE,
        year: Option<i32> = films::YEAR,
        director_id: Option<i64> = films::DIRECTOR_ID,
    }
}

fn overhead(criterion: &mut Criterion) {
    let server = phlo_postgres::Server::start().unwrap();
    let runtime = Runtime::new().unwrap();
    let (pool, db) = runtime.block_on(async {
        let options = PgPoolOptions::new().test_before_acquire(false);
        let pool = options.connect(&server.uri("postgres")).await.unwrap();
        sqlx::raw_sql(SETUP).execute(&pool).await.unwrap();
        let options = Options { schemas: vec!["api".into()], ..Options::default() };
        let mut connection = pool.acquire().await.unwrap();
        let schema = introspect(&mut connection, &options).await.unwrap();
        drop(connection);
        (pool.clone(), Database::new(pool, schema))
    });
    let next = AtomicI64::new(0);
    let id = || next.fetch_add(1, Ordering::Relaxed) % 10_000 + 1;

    let mut group = criterion.benchmark_group("one row");
    group.bench_function("by hand", |bencher| {
        bencher.to_async(&runtime).iter(|| one_by_hand(&pool, id()));
    });
    group.bench_function("typed", |bencher| {
        bencher.to_async(&runtime).iter(|| one_typed(&db, id()));
    });
    group.finish();

    let claims = serde_json::from_str(r#"{"role":"reader"}"#).unwrap();
    let reader = db.as_role("reader").claims(claims);
    let mut group = criterion.benchmark_group("one row as a role");
    group.bench_function("by hand", |bencher| {
        bencher.to_async(&runtime).iter(|| one_as_role_by_hand(&pool, id()));
    });
    group.bench_function("typed", |bencher| {
        bencher.to_async(&runtime).iter(|| one_typed(&reader, id()));
    });
    group.finish();

    let mut group = criterion.benchmark_group("10,000 rows");
    group.sample_size(50);
    group.bench_function("by hand", |bencher| {
        bencher.to_async(&runtime).iter(|| all_by_hand(&pool));
    });
    group.bench_function("typed", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let query = select(Films).columns(phlo_core::dsl::fields_of::<Typed>());
            db.all(query).await.unwrap().iter().map(|row| row.title.len()).sum::<usize>()
        });
    });
    group.finish();
}

async fn one_typed(db: &Database<PgPool>, id: i64) -> i64 {
    let query =
        select(Films).columns(phlo_core::dsl::fields_of::<Typed>()).filter(films::ID.eq(id));
    let row = db.one(query).await.unwrap();
    row.id + i64::from(row.year.unwrap_or_default()) + row.director_id.unwrap_or_default()
}

async fn one_by_hand(executor: impl PgExecutor<'_>, id: i64) -> i64 {
    let sql = "select id, title, year, director_id from api.films where id = $1";
    let row: ByHand = sqlx::query_as(sql).bind(id).fetch_one(executor).await.unwrap();
    row.0 + i64::from(row.2.unwrap_or_default()) + row.3.unwrap_or_default()
}

/// The same transaction: what is set is what phlo sets for a caller.
async fn one_as_role_by_hand(pool: &PgPool, id: i64) -> i64 {
    let mut transaction = pool.begin_with("BEGIN READ ONLY").await.unwrap();
    let set = "select set_config('transaction_read_only', 'on', true), \
               set_config('search_path', $1, true), set_config('role', $2, true), \
               set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true), \
               set_config('request.path', $5, true), set_config('request.headers', $6, true), \
               set_config('request.cookies', $7, true) offset 1";
    let values = ["api, public", "reader", r#"{"role":"reader"}"#, "", "", "{}", "{}"];
    let query = values.into_iter().fold(sqlx::query(set), |query, value| query.bind(value));
    query.execute(&mut *transaction).await.unwrap();
    let sum = one_by_hand(&mut *transaction, id).await;
    transaction.commit().await.unwrap();
    sum
}

async fn all_by_hand(pool: &PgPool) -> usize {
    let sql = "select id, title, year, director_id from api.films";
    let rows: Vec<ByHand> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.1.len()).sum()
}

criterion_group!(benches, overhead);
criterion_main!(benches);
