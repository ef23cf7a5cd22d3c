//! A request is one trip, unless its commit depends on its result.

use phlo_core::plan::{Access, Guard};
use phlo_core::{
    exec::{
        End, Executor, Transaction,
        pipeline::{Pool, PoolOptions},
    },
    schema::Isolation,
};

use super::{
    proxy::Proxy,
    support::{ask, at_port, database, pool_with, read, run, sql, statement, value, write},
};

async fn trips(proxy: &Proxy, pool: &Pool, transaction: &Transaction) -> usize {
    let before = proxy.trips();
    pool.run(transaction).await.unwrap();
    proxy.trips() - before
}

#[tokio::test]
async fn a_request_is_one_trip() {
    let uri = database("trips").await;
    sql(&uri, "create table t(id int primary key, name text); insert into t values (1, 'a')").await;
    for prepared_statements in [true, false] {
        let proxy = Proxy::start().await;
        let options =
            PoolOptions { prepared_statements, max_connections: 1, ..PoolOptions::default() };
        let pool = pool_with(&at_port(&uri, proxy.port()), options);
        run(&pool, "select 1").await.unwrap();

        let select = read("postgres", "select * from t where id = $1", &["1"]);
        assert_eq!(trips(&proxy, &pool, &select).await, 1, "a cold read");
        assert_eq!(trips(&proxy, &pool, &select).await, 1, "a warm read");
        let isolated = Transaction { isolation: Some(Isolation::Serializable), ..select.clone() };
        assert_eq!(trips(&proxy, &pool, &isolated).await, 1, "an isolated read");
        let guarded = Transaction { guard: Some(Guard::MaxAffected(1)), ..select.clone() };
        assert_eq!(trips(&proxy, &pool, &guarded).await, 1, "a guarded read");
        let all = Transaction {
            pre_request: Some(statement("select 1", &[])),
            after: Some(statement("explain select 1", &[])),
            ..select
        };
        assert_eq!(trips(&proxy, &pool, &all).await, 1, "a read with all its parts");

        let insert =
            write("postgres", "insert into t values ($1, $2) returning id, 1", &["2", "b"]);
        let undone = Transaction { end: End::Rollback, ..insert.clone() };
        assert_eq!(trips(&proxy, &pool, &undone).await, 1, "a write that is undone");
        let undone = Transaction { guard: Some(Guard::Singular), ..undone };
        assert_eq!(trips(&proxy, &pool, &undone).await, 1, "a guarded write that is undone");
        assert_eq!(trips(&proxy, &pool, &insert).await, 1, "a write");
        let delete = write("postgres", "delete from t where id = $1 returning id, 1", &["2"]);
        let guarded = Transaction { guard: Some(Guard::Singular), ..delete };
        assert_eq!(trips(&proxy, &pool, &guarded).await, 2, "a guarded write");
        assert_eq!(ask(&uri, "select count(*) from t").await, "1");
        assert_eq!(proxy.connections(), 1);
    }
}

#[tokio::test]
async fn statements_are_kept_and_dropped_without_a_trip() {
    let uri = database("trips_cache").await;
    let proxy = Proxy::start().await;
    let options =
        PoolOptions { max_connections: 1, statement_capacity: 4, ..PoolOptions::default() };
    let pool = pool_with(&at_port(&uri, proxy.port()), options);
    run(&pool, "select 1").await.unwrap();
    for number in 0..20 {
        let query = read("postgres", &format!("select {number}"), &[]);
        assert_eq!(trips(&proxy, &pool, &query).await, 1);
    }
    let left = run(&pool, "select count(*) from pg_prepared_statements").await.unwrap().unwrap();
    // Those that are kept, and those that are dropped with the next request.
    assert!(left.parse::<usize>().unwrap() <= 4 + 2, "{left} statements are left");
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn nothing_is_prepared_for_a_pooler() {
    let uri = database("trips_unnamed").await;
    let options = PoolOptions { prepared_statements: false, ..PoolOptions::default() };
    let pool = pool_with(&uri, options);
    for number in ["1", "2"] {
        let results = pool.run(&read("postgres", "select $1::int + 1", &[number])).await.unwrap();
        assert_eq!(value(&results), Some(if number == "1" { "2" } else { "3" }));
    }
    let named = "select count(*) from pg_prepared_statements where name <> ''";
    assert_eq!(run(&pool, named).await.unwrap().as_deref(), Some("0"));
}

#[tokio::test]
async fn every_part_has_its_rows_and_its_place() {
    let (uri, pool) = super::support::database_and_pool("trips_order", 1).await;
    sql(&uri, "create table log(id serial, what text)").await;
    let note = |what: &str| format!("insert into log(what) values ('{what}') returning what, 1");
    let transaction = Transaction {
        access: Access::ReadWrite,
        pre_request: Some(statement(&note("pre"), &[])),
        after: Some(statement(&note("after"), &[])),
        ..read("postgres", &note("main"), &[])
    };
    let results = pool.run(&transaction).await.unwrap();
    assert_eq!(results.main.len(), 1);
    assert_eq!(value(&results), Some("main"));
    let after = results.after.first().and_then(|row| row.first().cloned().flatten());
    assert_eq!(after.as_deref(), Some(b"after".as_ref()));
    let order = ask(&uri, "select string_agg(what, ',' order by id) from log").await;
    assert_eq!(order, "pre,main,after");

    let undone = Transaction { end: End::Rollback, ..transaction };
    assert_eq!(pool.run(&undone).await.unwrap().main.len(), 1);
    assert_eq!(ask(&uri, "select count(*) from log").await, "3");
}
