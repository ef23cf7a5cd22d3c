//! Servers that break the protocol: an error each time, never a hang or a panic.

use std::time::Duration;

use phlo_core::{
    Code,
    exec::{Executor, pipeline::PoolOptions},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};

use super::support::{database, pool, pool_with, read, run};

/// The login is done, the session has a number, and the server is ready.
const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x02Z\0\0\0\x05I";

/// The answer to what each session is asked for at its beginning.
const ROOMY: &[u8] = b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I";

/// The URI of a server that lets everybody in and gives one answer to every question.
async fn server_that_says(welcome: &'static [u8], answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                for said in [welcome, ROOMY, answer] {
                    if !matches!(client.read(&mut buffer).await, Ok(read) if read > 0) {
                        return;
                    }
                    client.write_all(said).await.unwrap();
                }
                // It closes only if the client does.
                while matches!(client.read(&mut buffer).await, Ok(read) if read > 0) {}
            });
        }
    });
    format!("postgresql://u@127.0.0.1:{port}/d?sslmode=disable")
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    for answer in [
        b"Z\0\0\0\x05I".as_slice(),
        b"Z\0\0\0\x05X",
        b"G\0\0\0\x07\0\0\0",
        b"1\0\0\0\x04\0\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\0",
        b"D\0\0\0\x03",
        b"1\0\0\0\x042\0\0\0\x04C\0\0\0\x04C\0\0\0\x04C\0\0\0\x04C\0\0\0\x04",
        b"1\0\0\0\x042\0\0\0\x04C\0\0\0\x04C\0\0\0\x04D\0\0\0\x06\0\x01",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ] {
        let pool = pool(&server_that_says(WELCOME, answer).await, 1);
        let query = read("u", "select 1", &[]);
        let outcome = timeout(Duration::from_secs(5), pool.run(&query)).await.unwrap();
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), Code::ConnectionLost, "{answer:?}: {error:?}");
        assert_eq!(pool.status().size, 0, "{answer:?}");
    }
}

#[tokio::test]
async fn logins_that_make_no_sense_are_errors() {
    for welcome in [
        b"Z\0\0\0\x05I".as_slice(),
        b"R\0\0\0\x08\0\0\0\x63",
        b"R\0\0\0\x06\0\0",
        b"R\0\0\0\x09\0\0\0\x05\0",
        b"R\0\0\0\x09\0\0\0\x0a\0",
        b"R\0\0\0\x08\0\0\0\0K\0\0\0\x06\0\0",
        b"R\0\0\0\x08\0\0\0\0D\0\0\0\x06\0\0",
        b"E\0\0\0\x05\0",
        b"SSH-2.0-OpenSSH\r\n",
    ] {
        let options =
            PoolOptions { acquire_timeout: Duration::from_secs(2), ..PoolOptions::default() };
        let pool = pool_with(&server_that_says(welcome, b"").await, options);
        let error = pool.run(&read("u", "select 1", &[])).await.unwrap_err();
        assert_eq!(error.kind(), Code::Connection, "{welcome:?}: {error:?}");
        assert_eq!(pool.status().size, 0, "{welcome:?}");
    }
}

#[tokio::test]
async fn a_connection_on_which_something_came_unasked_is_not_used() {
    let uri = server_that_says(WELCOME, b"E\0\0\0\x13SFATAL\0C57P05\0\0").await;
    let pool = pool(&uri, 1);
    let query = read("u", "select 1", &[]);
    assert_eq!(pool.run(&query).await.unwrap_err().code(), "57P05");
    assert_eq!(pool.status().size, 0);
}

#[tokio::test]
async fn an_answer_may_be_too_large() {
    let uri = database("nonsense_large").await;
    let options = PoolOptions { max_answer_bytes: Some(1_000_000), ..PoolOptions::default() };
    let pool = pool_with(&uri, options);
    for query in
        ["select repeat('x', 2000000)", "select repeat('x', 1000) from generate_series(1, 2000)"]
    {
        let error = run(&pool, query).await.unwrap_err();
        assert_eq!(error.kind(), Code::TooLarge);
        assert_eq!(pool.status().size, 0);
    }
    for _ in 0..3 {
        let fits = run(&pool, "select repeat('x', 900000)").await.unwrap().unwrap();
        assert_eq!(fits.len(), 900_000);
    }
    assert_eq!(pool.status().opened, 3);
}
