//! Connections that the server closes, and servers that go away.

use std::time::{Duration, Instant};

use phlo_core::plan::Guard;
use phlo_core::{
    Code,
    exec::{Executor, Transaction, pipeline::PoolOptions},
};

use super::{
    proxy::Proxy,
    support::{ask, at_port, database, database_and_pool, pool, pool_with, read, run, sql, write},
};

const OTHERS: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                      where datname = current_database() and pid <> pg_backend_pid() \
                      and application_name = 'phlo-test'";

fn named(uri: &str) -> String {
    format!("{uri}?application_name=phlo-test")
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let uri = database("lost_idle").await;
    sql(&uri, "create table t(id int)").await;
    let pool = pool(&named(&uri), 4);
    for round in 1..=3 {
        pool.run(&write("postgres", "insert into t values (1)", &[])).await.unwrap();
        sql(&uri, OTHERS).await;
        pool.run(&read("postgres", "select 1", &[])).await.unwrap();
        sql(&uri, OTHERS).await;
        let guarded = Transaction {
            guard: Some(Guard::Singular),
            ..write("postgres", "insert into t values (1) returning null, 1", &[])
        };
        pool.run(&guarded).await.unwrap();
        assert_eq!(ask(&uri, "select count(*) from t").await, (round * 2).to_string());
        assert_eq!(pool.status().size, 1);
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_while_busy_is_an_error() {
    let uri = database("lost_busy").await;
    sql(&uri, "create table t(id int)").await;
    let pool = pool(&named(&uri), 1);
    run(&pool, "select 1").await.unwrap();
    for query in ["select pg_sleep(10)", "insert into t select 1 from pg_sleep(10)"] {
        let transaction = write("postgres", query, &[]);
        let busy = async {
            let error = pool.run(&transaction).await.unwrap_err();
            assert!(error.is_connection(), "{error:?}");
            assert_eq!(error.code(), "57P01");
        };
        let kill = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            sql(&uri, OTHERS).await;
        };
        tokio::join!(busy, kill);
        assert_eq!(run(&pool, "select 1").await.unwrap().as_deref(), Some("1"));
    }
    assert_eq!(ask(&uri, "select count(*) from t").await, "0");
}

#[tokio::test]
async fn the_pool_recovers_when_the_server_is_back() {
    let uri = database("lost_server").await;
    let mut proxy = Proxy::start().await;
    let pool = pool(&at_port(&uri, proxy.port()), 4);
    let queries = (0..4).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move { run(&pool, "select pg_sleep(0.1)::text").await.unwrap() })
    });
    for query in queries.collect::<Vec<_>>() {
        query.await.unwrap();
    }
    assert_eq!(pool.status().size, 4);

    proxy.down().await;
    let started = Instant::now();
    let error = run(&pool, "select 1").await.unwrap_err();
    assert_eq!(error.kind(), Code::Connection);
    assert_eq!(error.message(), "Database connection error.");
    let details = error.details().and_then(|it| it.as_str()).unwrap();
    assert!(details.contains("Connection refused"), "{details}");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(pool.status().size, 0);

    proxy.up().await;
    assert_eq!(run(&pool, "select 1").await.unwrap().as_deref(), Some("1"));

    // While a request is under way, nobody can tell whether it was carried out.
    let busy = run(&pool, "select pg_sleep(10)::text");
    let down = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.down().await;
    };
    let (outcome, ()) = tokio::join!(busy, down);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), Code::ConnectionLost);
    assert_eq!(error.message(), "Database client error. Retrying the connection.");
    assert!(error.is_connection());
}

#[tokio::test]
async fn a_read_is_tried_again_if_the_connection_turns_out_to_be_lost() {
    let uri = database("lost_late").await;
    let proxy = Proxy::start().await;
    let pool = pool(&at_port(&uri, proxy.port()), 1);
    run(&pool, "select 1").await.unwrap();
    let query = read("postgres", "select pg_sleep(0.3)", &[]);
    let again = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.cut();
    };
    let (outcome, ()) = tokio::join!(pool.run(&query), again);
    assert_eq!(outcome.unwrap().main.len(), 1);
    assert_eq!(pool.status().opened, 2);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options =
        PoolOptions { acquire_timeout: Duration::from_millis(200), ..PoolOptions::default() };
    let pool = pool_with(&format!("postgres://u@127.0.0.1:{port}/d"), options);
    let error = run(&pool, "select 1").await.unwrap_err();
    assert_eq!(error.kind(), Code::Connection);
    assert!(error.details().unwrap().as_str().unwrap().ends_with("failed: timeout expired"));
}

#[tokio::test]
async fn the_next_host_is_tried() {
    let (uri, _) = database_and_pool("lost_hosts", 1).await;
    let proxy = Proxy::start().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = closed.local_addr().unwrap().port();
    drop(closed);
    let hosts = format!(":{dead},127.0.0.1:{}/", proxy.port());
    let several = at_port(&uri, proxy.port()).replace(&format!(":{}/", proxy.port()), &hosts);
    assert_eq!(run(&pool(&several, 1), "select 1").await.unwrap().as_deref(), Some("1"));

    for (wanted, fits) in [
        ("any", true),
        ("read-write", true),
        ("primary", true),
        ("prefer-standby", true),
        ("read-only", false),
        ("standby", false),
    ] {
        let pool = pool(&format!("{several}?target_session_attrs={wanted}"), 1);
        assert_eq!(run(&pool, "select 1").await.is_ok(), fits, "{wanted}");
    }
    let error = run(&pool(&format!("{several}?target_session_attrs=standby"), 1), "select 1").await;
    let details = error.unwrap_err().details().unwrap().as_str().unwrap().to_owned();
    assert_eq!(details.lines().count(), 2, "{details}");
    assert!(details.ends_with("server is not in hot standby mode"), "{details}");
}
