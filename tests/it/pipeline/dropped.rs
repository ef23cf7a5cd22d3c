//! Requests that are given up half-way: their connections come back clean, or not at all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use phlo_core::plan::Guard;
use phlo_core::{
    exec::{Executor, Transaction, pipeline::Pool},
    sql::Param,
};
use tokio::{task::JoinSet, time::timeout};

use super::support::{ask, database_and_pool, read, run, sql, value, write};

/// Runs a request for so long only.
async fn give_up(pool: &Pool, transaction: &Transaction, after: Duration) {
    let outcome = timeout(after, pool.run(transaction)).await;
    assert!(outcome.is_err(), "the request was too fast: {outcome:?}");
}

/// Waits until every connection is idle again, or gone.
async fn settled(pool: &Pool) {
    for _ in 0..200 {
        let status = pool.status();
        if status.size == status.idle {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the pool did not settle: {pool:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_dropped_requests_passes() {
    let (_, pool) = database_and_pool("dropped_storm", 4).await;
    let mut callers = JoinSet::new();
    for caller in 0..20_u64 {
        let pool = pool.clone();
        callers.spawn(async move {
            for number in caller * 25..(caller + 1) * 25 {
                let transaction = if number % 2 == 0 {
                    read("postgres", "select pg_sleep(0.05)", &[])
                } else {
                    write("postgres", "select pg_sleep(0.05)", &[])
                };
                // Spread so that they are dropped while they wait, connect, send, run and end.
                let patience = Duration::from_micros(number * 7919 % 400_000);
                drop(timeout(patience, pool.run(&transaction)).await);
                assert!(pool.status().size <= 4);
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    assert!(pool.status().abandoned > 30, "{pool:?}");

    let started = Instant::now();
    for number in 0..100 {
        let number = number.to_string();
        let transaction = read("postgres", "select $1::text", &[&number]);
        assert_eq!(value(&pool.run(&transaction).await.unwrap()), Some(number.as_str()));
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    settled(&pool).await;
    assert!(pool.status().size <= 4);
}

#[tokio::test]
async fn a_long_statement_is_stopped() {
    let (uri, pool) = database_and_pool("dropped_long", 1).await;
    let pid = run(&pool, "select pg_backend_pid()").await.unwrap();
    for transaction in [
        read("postgres", "select pg_sleep(30)", &[]),
        write("postgres", "select pg_sleep(30)", &[]),
        Transaction {
            guard: Some(Guard::Singular),
            ..write("postgres", "select pg_sleep(30)", &[])
        },
        Transaction {
            isolation: Some(phlo_core::schema::Isolation::Serializable),
            ..read("postgres", "select pg_sleep(30)", &[])
        },
    ] {
        give_up(&pool, &transaction, Duration::from_millis(100)).await;
        // The next request waits until the connection is clean, and gets the same one.
        let started = Instant::now();
        assert_eq!(run(&pool, "select pg_backend_pid()").await.unwrap(), pid);
        assert!(started.elapsed() < Duration::from_secs(2));
        let busy = "select count(*) from pg_stat_activity where datname = current_database() \
                    and pid <> pg_backend_pid() and state <> 'idle'";
        assert_eq!(ask(&uri, busy).await, "0");
    }
    assert_eq!(pool.status().abandoned, 4);
}

#[tokio::test]
async fn a_dropped_write_leaves_nothing_behind() {
    let (uri, pool) = database_and_pool("dropped_write", 1).await;
    sql(&uri, "create table t(id int)").await;
    let slow = "insert into t select 1 from pg_sleep(30) returning null, 1";
    for guard in [None, Some(Guard::Singular)] {
        let transaction = Transaction { guard, ..write("postgres", slow, &[]) };
        give_up(&pool, &transaction, Duration::from_millis(100)).await;
        run(&pool, "select 1").await.unwrap();
    }
    assert_eq!(ask(&uri, "select count(*) from t").await, "0");
    assert_eq!(
        ask(&uri, "select count(*) from pg_locks where relation = 't'::regclass").await,
        "0"
    );
}

#[tokio::test]
async fn a_dropped_upload_closes_its_connection() {
    let (uri, pool) = database_and_pool("dropped_upload", 1).await;
    let pid = run(&pool, "select pg_backend_pid()").await.unwrap();
    // The server does not read on while it sleeps, so that the upload is stuck half-way.
    let mut transaction = write("postgres", "select length($1::bytea)", &[]);
    Arc::make_mut(&mut transaction.main).params = vec![Param::Binary(vec![7; 64 << 20])];
    transaction.pre_request = Some(phlo_core::sql::Statement::constant("select pg_sleep(30)"));
    give_up(&pool, &transaction, Duration::from_millis(300)).await;
    assert_ne!(run(&pool, "select pg_backend_pid()").await.unwrap(), pid);
    let count = "select count(*) from pg_stat_activity where datname = current_database() \
                 and pid <> pg_backend_pid()";
    assert_eq!(ask(&uri, count).await, "1");
    settled(&pool).await;
}

#[tokio::test]
async fn a_dropped_download_is_drained() {
    let (_, pool) = database_and_pool("dropped_download", 1).await;
    let large = read("postgres", "select repeat('x', 1000) from generate_series(1, 2000000)", &[]);
    for _ in 0..3 {
        give_up(&pool, &large, Duration::from_millis(100)).await;
        let started = Instant::now();
        assert_eq!(run(&pool, "select 7").await.unwrap().as_deref(), Some("7"));
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn statements_of_dropped_requests_do_not_pile_up() {
    let (_, pool) = database_and_pool("dropped_statements", 1).await;
    for number in 0..10 {
        let query = format!("select pg_sleep(30), {number}");
        let transaction = read("postgres", &query, &[]);
        give_up(&pool, &transaction, Duration::from_millis(50)).await;
    }
    run(&pool, "select 1").await.unwrap();
    let unnamed =
        "select count(*) from pg_prepared_statements where statement like '%pg_sleep(30), %'
                   and statement not like '%pg_prepared%'";
    let known = run(&pool, unnamed).await.unwrap().unwrap();
    // Each was confirmed or closed; those that were confirmed are in the cache.
    assert!(known.parse::<usize>().unwrap() <= 10);
    let again = read("postgres", "select 1, 2", &[]);
    pool.run(&again).await.unwrap();
}

#[tokio::test]
async fn a_late_signal_hits_nobody_else() {
    let (_, pool) = database_and_pool("dropped_signal", 1).await;
    run(&pool, "select 1").await.unwrap();
    // These end at about the time at which the server is asked to stop them.
    for number in 0..60_u32 {
        let sleep = format!("{}", 0.018 + f64::from(number % 12) / 1000.0);
        let transaction = read("postgres", "select pg_sleep($1)", &[&sleep]);
        give_up(&pool, &transaction, Duration::from_millis(2)).await;
        for _ in 0..3 {
            assert_eq!(run(&pool, "select 5").await.unwrap().as_deref(), Some("5"));
        }
    }
    assert_eq!((pool.status().abandoned, pool.status().opened), (60, 1));
}
