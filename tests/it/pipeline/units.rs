//! Units of work whose statements come one after the other, on both executors.

use std::time::Duration;

use phlo_core::exec::{End, Executor, Stepwise, Transaction, Unit, pipeline::PoolOptions};
use sqlx::postgres::PgPoolOptions;
use tokio::time::{sleep, timeout};

use super::{
    proxy::Proxy,
    support::{
        ask, at_port, config, database, database_and_pool, pool_with, run, sql, statement, write,
    },
};

const TABLE: &str = "create table t(id int primary key);
    create table later(id int references t deferrable initially deferred)";

/// A unit that has added 1.
fn adding(sql: &'static str) -> Transaction {
    write("postgres", sql, &["1"])
}

const INSERT: &str = "insert into t values ($1::int) returning null, id";

/// Whoever runs them, units are kept or undone as a whole.
async fn all_or_nothing(executor: &impl Stepwise, uri: &str) {
    let count = async || ask(uri, "select count(*) from t").await;
    let insert = |id: &str| statement(INSERT, &[id]);

    let (mut unit, rows) = executor.start(&adding(INSERT)).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(unit.run(&insert("2")).await.unwrap().len(), 1);
    assert_eq!(count().await, "0");
    unit.end(End::Commit).await.unwrap();
    assert_eq!(count().await, "2");

    sql(uri, "delete from t").await;
    let (mut unit, _) = executor.start(&adding(INSERT)).await.unwrap();
    unit.run(&insert("2")).await.unwrap();
    unit.end(End::Rollback).await.unwrap();
    assert_eq!(count().await, "0");

    // An error in the first statement, in a later one, and at the end.
    sql(uri, "insert into t values (1)").await;
    assert_eq!(executor.start(&adding(INSERT)).await.err().unwrap().code(), "23505");
    sql(uri, "delete from t").await;
    let (mut unit, _) = executor.start(&adding(INSERT)).await.unwrap();
    unit.run(&insert("2")).await.unwrap();
    assert_eq!(unit.run(&insert("2")).await.unwrap_err().code(), "23505");
    assert!(unit.run(&insert("3")).await.is_err());
    assert!(unit.end(End::Commit).await.is_err());
    assert_eq!(count().await, "0");
    for end in [End::Commit, End::Rollback] {
        let later = adding("insert into later values ($1::int) returning null, id");
        let (unit, _) = executor.start(&later).await.unwrap();
        assert_eq!(unit.end(end).await.unwrap_err().code(), "23503");
    }

    // Dropped between two statements, and within one.
    let (unit, _) = executor.start(&adding(INSERT)).await.unwrap();
    drop(unit);
    let (mut unit, _) = executor.start(&adding(INSERT)).await.unwrap();
    let slow = statement("select pg_sleep(30)", &[]);
    assert!(timeout(Duration::from_millis(100), unit.run(&slow)).await.is_err());
    drop(unit);
    // The connection can be used, and there is but one.
    executor.run(&adding("select count(*) from t where id = $1::int")).await.unwrap();
    for _ in 0..100 {
        let open = "select count(*) from pg_stat_activity where datname = current_database()
                    and pid <> pg_backend_pid() and xact_start is not null";
        if ask(uri, open).await == "0" {
            assert_eq!(count().await, "0");
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("a transaction stays open");
}

#[tokio::test]
async fn units_are_kept_or_undone() {
    let (uri, pool) = database_and_pool("units", 1).await;
    sql(&uri, TABLE).await;
    all_or_nothing(&pool, &uri).await;
    assert_eq!((pool.status().opened, pool.status().abandoned), (1, 2));
}

#[tokio::test]
async fn units_are_kept_or_undone_over_sqlx() {
    let uri = database("units_sqlx").await;
    sql(&uri, TABLE).await;
    let options = PgPoolOptions::new().max_connections(1);
    let pool = options.connect_with(config(&uri).sqlx_options()).await.unwrap();
    all_or_nothing(&pool, &uri).await;
}

#[tokio::test]
async fn each_statement_is_a_trip_and_prepared_once() {
    let uri = database("units_trips").await;
    sql(&uri, TABLE).await;
    let proxy = Proxy::start().await;
    let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
    let pool = pool_with(&at_port(&uri, proxy.port()), options);
    run(&pool, "select 1").await.unwrap();
    let before = proxy.trips();
    let (mut unit, _) = pool.start(&adding(INSERT)).await.unwrap();
    assert_eq!(proxy.trips() - before, 1);
    for id in 2..10 {
        unit.run(&statement(INSERT, &[&id.to_string()])).await.unwrap();
    }
    assert_eq!(proxy.trips() - before, 9);
    unit.end(End::Commit).await.unwrap();
    assert_eq!(proxy.trips() - before, 10);
    let prepared =
        "select count(*)::text from pg_prepared_statements where statement like 'insert%'";
    assert_eq!(run(&pool, prepared).await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_stale_statement_is_prepared_anew_before_anything_was_done() {
    let (uri, pool) = database_and_pool("units_stale", 1).await;
    sql(&uri, TABLE).await;
    let star = "insert into t values ($1) returning *";
    for id in 1..8 {
        pool.run(&write("postgres", star, &[&id.to_string()])).await.unwrap();
    }
    sql(&uri, "alter table t add column more int").await;
    let (unit, rows) = pool.start(&write("postgres", star, &["8"])).await.unwrap();
    assert_eq!(rows[0].len(), 2);
    unit.end(End::Commit).await.unwrap();
    assert_eq!(ask(&uri, "select count(*) from t").await, "8");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_replaced_before_anything_was_done() {
    let (uri, pool) = database_and_pool("units_lost", 1).await;
    sql(&uri, TABLE).await;
    run(&pool, "select 1").await.unwrap();
    let others = "select pg_terminate_backend(pid)::text from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()";
    ask(&uri, others).await;
    let (mut unit, _) = pool.start(&adding(INSERT)).await.unwrap();
    ask(&uri, others).await;
    assert!(unit.run(&statement(INSERT, &["2"])).await.is_err());
    drop(unit);
    assert_eq!(run(&pool, "select count(*)::text from t").await.unwrap().as_deref(), Some("0"));
    assert_eq!(pool.status().opened, 3);
}
