//! How many connections there are, for how long, and who gets one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use phlo_core::{
    Code,
    exec::{Executor, pipeline::PoolOptions},
    sql::Param,
};

use super::support::{ask, database, database_and_pool, pool_with, read, run, write};

const CONNECTIONS: &str = "select count(*) from pg_stat_activity where datname = \
                           current_database() and pid <> pg_backend_pid()";

/// Waits until the server counts so many connections of the pool.
async fn connections(uri: &str, expected: &str) {
    let mut found = String::new();
    for _ in 0..100 {
        found = ask(uri, CONNECTIONS).await;
        if found == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{found} connections instead of {expected}");
}

#[tokio::test]
async fn waiting_has_an_end() {
    let uri = database("pooling_wait").await;
    let options = PoolOptions {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(150),
        ..PoolOptions::default()
    };
    let pool = pool_with(&uri, options);
    run(&pool, "select 1").await.unwrap();
    let slow = run(&pool, "select pg_sleep(0.6)::text");
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let started = Instant::now();
        let waiting = run(&pool, "select 1");
        let watching = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pool.status().waiting
        };
        let (outcome, waiting) = tokio::join!(waiting, watching);
        assert_eq!(waiting, 1);
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Code::PoolTimeout, "PGRST003"));
        assert_eq!(error.message(), "Timed out acquiring connection from connection pool.");
        assert!(started.elapsed() < Duration::from_millis(400));
    };
    let (slow, ()) = tokio::join!(slow, late);
    slow.unwrap();
    let status = pool.status();
    assert_eq!((status.timeouts, status.waiting, status.size, status.max), (1, 0, 1, 1));
}

#[tokio::test]
async fn connections_are_opened_when_needed_and_used_again() {
    let (_, pool) = database_and_pool("pooling_lazy", 5).await;
    assert_eq!(pool.status().size, 0);
    for _ in 0..10 {
        run(&pool, "select 1").await.unwrap();
    }
    assert_eq!((pool.status().size, pool.status().opened), (1, 1));
    let both = [run(&pool, "select pg_sleep(0.1)::text"), run(&pool, "select pg_sleep(0.1)::text")];
    let [first, second] = both;
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    second.unwrap();
    assert_eq!((pool.status().size, pool.status().idle, pool.status().opened), (2, 2, 2));
    assert!(pool.server_version().await.unwrap().starts_with(char::is_numeric));
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let uri = database("pooling_idle").await;
    let options =
        PoolOptions { idle_timeout: Some(Duration::from_millis(200)), ..PoolOptions::default() };
    let pool = pool_with(&uri, options);
    run(&pool, "select 1").await.unwrap();
    connections(&uri, "1").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    connections(&uri, "0").await;
    assert_eq!((pool.status().size, pool.status().idle), (0, 0));
    run(&pool, "select 1").await.unwrap();
    connections(&uri, "1").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    connections(&uri, "0").await;
}

#[tokio::test]
async fn old_connections_are_replaced() {
    let uri = database("pooling_old").await;
    let options = PoolOptions {
        max_lifetime: Some(Duration::from_millis(200)),
        idle_timeout: None,
        ..PoolOptions::default()
    };
    let pool = pool_with(&uri, options);
    let first = run(&pool, "select pg_backend_pid()").await.unwrap();
    assert_eq!(run(&pool, "select pg_backend_pid()").await.unwrap(), first);
    // It grows too old while it is used.
    run(&pool, "select pg_sleep(0.3)::text").await.unwrap();
    assert_eq!(pool.status().size, 0);
    assert_ne!(run(&pool, "select pg_backend_pid()").await.unwrap(), first);
}

#[tokio::test]
async fn a_pool_can_be_emptied() {
    let (uri, pool) = database_and_pool("pooling_clear", 4).await;
    run(&pool, "select 1").await.unwrap();
    let busy = run(&pool, "select pg_sleep(0.2)::text");
    let clear = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        pool.clear();
    };
    let (busy, ()) = tokio::join!(busy, clear);
    busy.unwrap();
    assert_eq!((pool.status().size, pool.status().idle), (0, 0));
    connections(&uri, "0").await;

    run(&pool, "select 1").await.unwrap();
    connections(&uri, "1").await;
    drop(pool);
    connections(&uri, "0").await;
}

#[tokio::test]
async fn whoever_comes_first_is_served_first() {
    let (_, pool) = database_and_pool("pooling_order", 1).await;
    run(&pool, "select 1").await.unwrap();
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    let busy = run(&pool, "select pg_sleep(0.2)::text");
    let others = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for number in 0..20 {
            let (pool, done) = (pool.clone(), done.clone());
            tokio::spawn(async move {
                run(&pool, "select 1").await.unwrap();
                done.send(number).unwrap();
            });
            tokio::task::yield_now().await;
        }
    };
    let (busy, ()) = tokio::join!(busy, others);
    busy.unwrap();
    drop(done);
    let mut served = Vec::new();
    while let Some(number) = order.recv().await {
        served.push(number);
    }
    assert_eq!(served, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn much_goes_both_ways_at_once() {
    let (_, pool) = database_and_pool("pooling_large", 1).await;
    for _ in 0..2 {
        let mut transaction =
            write("postgres", "select repeat('y', 20000000), 1 union all select $1::text, 2", &[]);
        // The server answers this while it is still being sent the rest.
        transaction.pre_request =
            Some(phlo_core::sql::Statement::constant("select repeat('z', 20000000)"));
        Arc::make_mut(&mut transaction.main).params = vec![Param::Text("x".repeat(10_000_000))];
        let results = pool.run(&transaction).await.unwrap();
        let lengths: Vec<_> =
            results.main.iter().map(|row| row[0].as_ref().map(bytes::Bytes::len)).collect();
        assert_eq!(lengths, [Some(20_000_000), Some(10_000_000)]);
    }
    let many =
        read("postgres", "select n, repeat('x', 100) from generate_series(1, 100000) n", &[]);
    let results = pool.run(&many).await.unwrap();
    assert_eq!(results.main.len(), 100_000);
    assert_eq!(results.main[99_999][0].as_deref(), Some(b"100000".as_ref()));
    assert!(results.main.iter().all(|row| row[1].as_ref().unwrap().len() == 100));
}
