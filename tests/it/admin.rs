//! The admin server: what it tells of a server that serves.

use std::{path::Path, time::Duration};

use phlo_tests::Service;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::{Instant, sleep},
};

/// The head and the body of an answer.
async fn ask(socket: &Path, line: &str) -> (String, String) {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

async fn status(socket: &Path, line: &str) -> u16 {
    let (head, _) = ask(socket, line).await;
    head.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn it_tells_whether_the_server_is_there_and_what_it_has_counted() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("admin");
    let path = socket.to_str().unwrap();
    let library = Service::library_with(&[("admin-server-unix-socket", path)]).await;
    let served = library.serve();
    let deadline = Instant::now() + Duration::from_secs(30);
    while status(&socket, "GET /ready").await != 200 {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status(&socket, "GET /live").await, 200);
    assert_eq!(status(&socket, "HEAD /live").await, 200);
    assert_eq!(status(&socket, "GET /config").await, 404);
    assert_eq!(status(&socket, "GET /").await, 404);

    let (head, body) = ask(&socket, "GET /schema_cache").await;
    assert!(head.contains("content-type: application/json"), "{head}");
    let schema: Value = serde_json::from_str(&body).unwrap();
    assert!(schema.to_string().contains("book_subjects"));

    served.get("/books?limit=1").await.is(200);
    served.get("/nothing").await.is(404);
    let (_, metrics) = ask(&socket, "GET /metrics").await;
    for line in [
        "pgrst_schema_cache_loads_total{status=\"FAIL\"} 0.0",
        "pgrst_db_pool_max 10.0",
        "pgrst_db_pool_waiting 0.0",
        "pgrst_db_pool_timeouts_total 0.0",
        "pgrst_jwt_cache_requests_total 0.0",
        "http_requests_total{method=\"GET\",status=\"200\"} 1.0",
        "http_requests_total{method=\"GET\",status=\"404\"} 1.0",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
}
