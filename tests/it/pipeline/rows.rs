//! Rows that are read as they are asked for.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use phlo_core::exec::{End, Transaction};

use super::support::{ask, database_and_pool, read, run, sql, write};

#[tokio::test]
async fn all_rows_come_in_their_order() {
    let (_, pool) = database_and_pool("rows_all", 1).await;
    for most in [0_u32, 1, 100_000] {
        let query = format!("select n, repeat('x', n % 300) from generate_series(1, {most}) n");
        let mut rows = std::pin::pin!(pool.rows(read("postgres", &query, &[])));
        let mut expected = 1_u32;
        while let Some(row) = rows.try_next().await.unwrap() {
            assert_eq!(row[0].as_deref(), Some(expected.to_string().as_bytes()));
            assert_eq!(row[1].as_ref().unwrap().len(), usize::try_from(expected % 300).unwrap());
            expected += 1;
        }
        assert_eq!(expected, most + 1);
        // The connection is back, although the stream is still there.
        assert_eq!(run(&pool, "select 1").await.unwrap().as_deref(), Some("1"));
    }
    assert_eq!((pool.status().opened, pool.status().abandoned), (1, 0));
}

#[tokio::test]
async fn a_failure_comes_after_the_rows_before_it() {
    let (_, pool) = database_and_pool("rows_failure", 1).await;
    let query = "select 1 / (50000 - n) from generate_series(1, 100000) n";
    let mut rows = std::pin::pin!(pool.rows(read("postgres", query, &[])));
    let mut count = 0;
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "22012");
    assert!((40_000..50_000).contains(&count), "{count}");
    assert!(rows.next().await.is_none());
    assert_eq!(run(&pool, "select 1").await.unwrap().as_deref(), Some("1"));
    assert_eq!(pool.status().opened, 1);
}

#[tokio::test]
async fn a_commit_that_fails_is_the_last_item() {
    let (uri, pool) = database_and_pool("rows_commit", 1).await;
    sql(&uri, "create table t(id int unique deferrable initially deferred)").await;
    let insert = "insert into t select n % 9999 from generate_series(1, 20000) n returning id";
    for end in [End::Commit, End::Rollback] {
        let transaction = Transaction { end, ..write("postgres", insert, &[]) };
        let items: Vec<_> = pool.rows(transaction).collect().await;
        let (last, rows) = items.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().code(), "23505");
        assert!(rows.iter().all(Result::is_ok));
    }
    assert_eq!(ask(&uri, "select count(*) from t").await, "0");
    assert_eq!(run(&pool, "select 1").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_stream_that_is_dropped_stops_its_statement() {
    let (uri, pool) = database_and_pool("rows_dropped", 1).await;
    let pid = run(&pool, "select pg_backend_pid()").await.unwrap();
    let endless = "select a from generate_series(1, 10000) a, generate_series(1, 100000) b";
    for _ in 0..3 {
        let mut rows = Box::pin(pool.rows(read("postgres", endless, &[])));
        assert!(rows.try_next().await.unwrap().is_some());
        drop(rows);
        let started = Instant::now();
        assert_eq!(run(&pool, "select pg_backend_pid()").await.unwrap(), pid);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
    let busy = "select count(*) from pg_stat_activity where datname = current_database() \
                and pid <> pg_backend_pid() and state <> 'idle'";
    assert_eq!(ask(&uri, busy).await, "0");
    assert_eq!((pool.status().opened, pool.status().abandoned), (1, 3));
}
