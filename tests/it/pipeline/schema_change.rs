//! Statements that were prepared before the schema changed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use phlo_core::exec::{Executor, Transaction, pipeline::Pool};
use phlo_core::plan::Guard;

use super::support::{ask, database_and_pool, read, run, sql, statement, value, write};

/// Runs a request until its statements are prepared and planned for good.
async fn warm(pool: &Pool, transaction: &Transaction) {
    for _ in 0..7 {
        pool.run(transaction).await.unwrap();
    }
}

#[tokio::test]
async fn requests_survive_changes() {
    let (uri, pool) = database_and_pool("change", 1).await;
    sql(&uri, "create table t(id int, name text); insert into t values (1, 'a')").await;
    let star = read("postgres", "select * from t where id = $1", &["1"]);
    let counted = Transaction { after: Some(statement("select * from t", &[])), ..star.clone() };
    warm(&pool, &counted).await;

    sql(&uri, "alter table t add column more int").await;
    assert_eq!(pool.run(&counted).await.unwrap().main[0].len(), 3, "a new column");

    sql(&uri, "drop table t; create table t(id int, x int); insert into t values (1, 2)").await;
    assert_eq!(pool.run(&counted).await.unwrap().main[0].len(), 2, "another table");

    warm(&pool, &counted).await;
    sql(&uri, "alter table t alter column id type text using 'id' || id").await;
    let text = read("postgres", "select * from t where id = $1", &["id1"]);
    assert_eq!(pool.run(&text).await.unwrap().main.len(), 1, "a parameter of another type");

    warm(&pool, &text).await;
    sql(&uri, "alter table t alter column id type date using '2020-01-01'").await;
    let date = read("postgres", "select * from t where id = $1", &["2020-01-01"]);
    assert_eq!(pool.run(&date).await.unwrap().main.len(), 1, "an operator that is not there");

    warm(&pool, &date).await;
    sql(&uri, "drop table t").await;
    assert_eq!(pool.run(&date).await.unwrap_err().code(), "42P01");
    sql(&uri, "create table t(id date); insert into t values ('2020-01-01')").await;
    assert_eq!(pool.run(&date).await.unwrap().main.len(), 1, "a table that was not there");
    assert_eq!(pool.status().opened, 1);
}

#[tokio::test]
async fn types_may_be_made_anew() {
    let (uri, pool) = database_and_pool("change_types", 1).await;
    let make = "drop table if exists t; drop type if exists mood;
                create type mood as enum ('sad', 'happy');
                create table t(m mood); insert into t values ('sad')";
    sql(&uri, make).await;
    let select = read("postgres", "select m from t where m = $1", &["sad"]);
    warm(&pool, &select).await;
    for _ in 0..3 {
        sql(&uri, make).await;
        assert_eq!(value(&pool.run(&select).await.unwrap()), Some("sad"));
    }
    sql(&uri, "alter type mood add value 'calm'").await;
    let calm = read("postgres", "select m from t where m <> $1", &["calm"]);
    assert_eq!(value(&pool.run(&calm).await.unwrap()), Some("sad"));
}

#[tokio::test]
async fn functions_may_be_made_anew() {
    let (uri, pool) = database_and_pool("change_functions", 1).await;
    sql(&uri, "create function f(x int) returns int language sql as 'select x + 1'").await;
    let call = read("postgres", "select f($1)", &["1"]);
    warm(&pool, &call).await;
    sql(
        &uri,
        "drop function f; create function f(x text) returns text language sql as 'select x || 1'",
    )
    .await;
    assert_eq!(value(&pool.run(&call).await.unwrap()), Some("11"));
}

#[tokio::test]
async fn a_write_is_done_once() {
    let (uri, pool) = database_and_pool("change_writes", 1).await;
    sql(&uri, "create table log(what text); create table t(id int)").await;
    let insert = Transaction {
        pre_request: Some(statement("insert into log values ('pre')", &[])),
        ..write("postgres", "insert into t values ($1) returning *, 1", &["1"])
    };
    let guarded = Transaction {
        guard: Some(Guard::Singular),
        main: Arc::new(statement("insert into t values ($1) returning null, 1, t.*", &["1"])),
        ..insert.clone()
    };
    warm(&pool, &insert).await;
    warm(&pool, &guarded).await;
    sql(&uri, "alter table t add column more int default 5; truncate log; truncate t").await;
    pool.run(&insert).await.unwrap();
    pool.run(&guarded).await.unwrap();
    assert_eq!(ask(&uri, "select count(*) from log").await, "2");
    assert_eq!(ask(&uri, "select count(*) from t").await, "2");
}

#[tokio::test]
async fn a_server_that_forgets_its_statements_is_told_again() {
    let (_, pool) = database_and_pool("change_discard", 1).await;
    let select = read("postgres", "select $1::int", &["1"]);
    warm(&pool, &select).await;
    for forget in ["deallocate all", "discard plans"] {
        let forget = format!("do $$ begin execute '{forget}'; end $$");
        run(&pool, &forget).await.unwrap();
        assert_eq!(value(&pool.run(&select).await.unwrap()), Some("1"));
    }
    assert_eq!(pool.status().opened, 1);
}

#[tokio::test]
async fn bad_values_do_not_prepare_statements_again_and_again() {
    let (uri, pool) = database_and_pool("change_values", 1).await;
    sql(&uri, "create table t(id int)").await;
    let good = read("postgres", "select * from t where id = $1", &["1"]);
    let bad = read("postgres", "select * from t where id = $1", &["x"]);
    warm(&pool, &good).await;
    let prepared = "select max(prepare_time)::text from pg_prepared_statements \
                    where statement like 'select * from t %'";
    assert_eq!(pool.run(&bad).await.unwrap_err().code(), "22P02");
    let first = run(&pool, prepared).await.unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(500) {
        assert_eq!(pool.run(&bad).await.unwrap_err().code(), "22P02");
    }
    assert_eq!(run(&pool, prepared).await.unwrap(), first);
}
