//! A service over time: reloads, a database that goes and comes, clients that leave, the end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use phlo_tests::{Answer, Database, Proxy, Served, Service};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// An end after half a minute for what should take less than a second.
const PATIENCE: Duration = Duration::from_secs(30);

async fn soon<T>(what: impl IntoFuture<Output = T>) -> T {
    timeout(PATIENCE, what).await.unwrap()
}

async fn served() -> (Service, Served) {
    let library = Service::library().await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    (library, served)
}

/// Waits until a query has a result.
async fn wait_for(library: &Service, query: &str, result: &str) {
    let deadline = Instant::now() + PATIENCE;
    while library.execute(query) != result {
        assert!(Instant::now() < deadline, "{query}: {}", library.execute(query));
        sleep(Duration::from_millis(50)).await;
    }
}

/// A served library that hears notifications.
async fn listening() -> (Service, Served) {
    let (library, served) = served().await;
    let listeners = "select count(*) from pg_stat_activity
                     where datname = current_database() and query ilike 'listen%'";
    wait_for(&library, listeners, "1").await;
    (library, served)
}

async fn behind(proxy: &Proxy) -> Service {
    let database = Database::library();
    let uri = database.uri_through(proxy);
    Service::unloaded_library(database, &[("db-uri", &uri)])
}

/// What a service says that has no database.
fn is_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let code = answer.code();
    assert!(matches!(code.as_str(), "PGRST000" | "PGRST001" | "PGRST002"), "{}", answer.text());
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=32).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_database_may_come_up_later() {
    let proxy = Proxy::cut_from_the_start().await;
    let library = behind(&proxy).await;
    let served = library.serve();
    let down = soon(served.get("/books")).await;
    is_unavailable(&down);
    assert_eq!(down.code(), "PGRST002");
    assert_eq!(
        down.json()["message"],
        "Could not query the database for the schema cache. Retrying."
    );
    proxy.restore().await;
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    soon(served.stop()).await;
}

#[tokio::test]
async fn a_database_may_go_and_come_back() {
    let proxy = Proxy::start().await;
    let library = behind(&proxy).await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    for _ in 0..2 {
        proxy.cut().await;
        for _ in 0..5 {
            is_unavailable(&soon(served.get("/books?limit=1")).await);
        }
        proxy.restore().await;
        // Without a restart, and with the first request after it at the latest.
        let answer = served.get_until("/books?limit=1", |answer| answer.status == 200).await;
        answer.is(200);
    }
    soon(served.stop()).await;
}

/// A server that is restarted says goodbye on each connection; requests don't notice.
#[tokio::test]
async fn sessions_may_be_ended_by_the_database() {
    let (library, served) = served().await;
    for _ in 0..3 {
        library.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and usename = 'library_login'",
        );
        sleep(Duration::from_millis(20)).await;
        soon(served.get("/books?limit=1")).await.is(200);
    }
}

/// Clients that leave in the midst of a slow request don't hold the connections of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_may_hang_up() {
    let library = Service::library_with(&[("db-pool", "4")]).await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    let port = served.port();
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        clients.spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let request = "GET /rpc/wait?seconds=30 HTTP/1.1\r\nhost: x\r\n\r\n";
            stream.write_all(request.as_bytes()).await.unwrap();
            sleep(Duration::from_millis(300)).await;
        });
    }
    clients.join_all().await;
    let started = Instant::now();
    for _ in 0..20 {
        soon(served.get("/books?limit=1")).await.is(200);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    // Nothing goes on in the database.
    let running = "select count(*) from pg_stat_activity where datname = current_database()
                   and state = 'active' and query like '%wait%' and pid <> pg_backend_pid()";
    wait_for(&library, running, "0").await;
    let pool = library.state().pool().status();
    assert!(pool.size <= 4 && pool.waiting == 0, "{pool:?}");
    soon(served.stop()).await;
}

/// Whether a client waits for the answer doesn't decide whether a write takes place.
#[tokio::test]
async fn writes_go_on_without_their_clients() {
    let library = Service::library().await;
    library.execute(
        "create table library.ledger (line text);
         grant insert on library.ledger to visitor;
         create function library.write_slowly(line text) returns void language sql as
         $$ select pg_sleep(0.6); insert into library.ledger values ($1) $$",
    );
    library.load().await;
    let served = library.serve();
    let mut stream = served.open().await;
    let request = "POST /rpc/write_slowly HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\
                   content-type: application/json\r\n\r\n{\"line\":\"kept\"}";
    stream.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    drop(stream);
    wait_for(&library, "select line from library.ledger", "kept").await;
    soon(served.stop()).await;
}

/// The same without sockets: futures that are dropped at any point.
#[tokio::test]
async fn requests_may_be_dropped_at_any_point() {
    let library = Arc::new(Service::library_with(&[("db-pool", "2")]).await);
    let mut tasks = JoinSet::new();
    for round in 0..100_u64 {
        let library = Arc::clone(&library);
        tasks.spawn(async move {
            let ask = match round % 3 {
                0 => library.get("/rpc/wait?seconds=5").member("user 1"),
                1 => library.get("/notes").member("user 2"),
                _ => library.post("/notes", &json!({"body": "dropped"})).member("user 3"),
            };
            timeout(Duration::from_micros(round * 150), ask).await.ok();
        });
    }
    soon(tasks.join_all()).await;
    for user in ["user 4", "user 5"] {
        let rows = soon(library.get("/notes?select=owner").member(user)).await;
        rows.gives(json!([{"owner": user}, {"owner": user}, {"owner": user}]));
    }
    let who = soon(library.get("/rpc/who_am_i")).await.json();
    assert_eq!(who["user"], "visitor");
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_a_timeout() {
    let library = Arc::new(
        Service::reading_with(&[("db-pool", "1"), ("db-pool-acquisition-timeout", "1")]).await,
    );
    let slow = tokio::spawn({
        let library = Arc::clone(&library);
        async move { library.get("/rpc/wait?seconds=2").await }
    });
    sleep(Duration::from_millis(300)).await;
    let answer = soon(library.get("/books")).await;
    answer.refuses(
        504,
        json!({
            "code": "PGRST003",
            "message": "Timed out acquiring connection from connection pool.",
            "details": null,
            "hint": null,
        }),
    );
    slow.await.unwrap().gives(json!("rested"));
    library.get("/books?limit=1").await.is(200);
}

#[tokio::test]
async fn a_notification_reloads_the_schema() {
    let (library, served) = listening().await;
    assert_eq!(served.get("/novelties").await.is(404).code(), "PGRST205");
    library.execute(
        "create table library.novelties (id int);
         insert into library.novelties values (1);
         grant select on library.novelties to visitor;
         alter table library.subjects add column note text;
         notify pgrst, 'reload schema'",
    );
    let found = served.get_until("/novelties", |answer| answer.status == 200).await;
    found.gives(json!([{"id": 1}]));
    let answer = library
        .patch("/subjects?id=eq.1&select=note", &json!({"note": "new"}))
        .librarian()
        .prefer("return=representation")
        .await;
    answer.gives(json!([{"note": "new"}]));
    // What is gone is gone.
    library.execute("drop table library.novelties; notify pgrst, 'reload schema'");
    let gone = served.get_until("/novelties", |answer| answer.code() == "PGRST205").await;
    assert_eq!(gone.is(404).code(), "PGRST205");
}

#[tokio::test]
async fn a_notification_reloads_the_configuration() {
    let (library, served) = listening().await;
    let rows = |answer: &Answer| answer.json().as_array().unwrap().len();
    assert_eq!(rows(&served.get("/books").await), 6);
    library.execute(&format!(
        "alter role library_login in database \"{}\" set pgrst.db_max_rows = '2';
         notify pgrst, 'reload config'",
        library.database().name()
    ));
    let answer = served.get_until("/books", |answer| rows(answer) == 2).await;
    assert_eq!(rows(&answer), 2);
}

/// A reload that takes its time, and one that fails, leave requests as they are.
#[tokio::test]
async fn a_reload_does_not_stall_requests() {
    let (library, served) = served().await;
    let mut blocker = library.database().connect().await;
    // Introspection has to wait for this lock, requests don't meet it.
    sqlx::raw_sql("begin; lock table pg_catalog.pg_description in access exclusive mode")
        .execute(&mut blocker)
        .await
        .unwrap();
    library.state().reload().schema();
    sleep(Duration::from_millis(400)).await;
    for _ in 0..20 {
        let answer = timeout(Duration::from_secs(2), served.get("/books?id=eq.1")).await;
        answer.unwrap().is(200);
    }
    sqlx::raw_sql("rollback").execute(&mut blocker).await.unwrap();

    // A schema that is exposed has gone: what was read before stays in use.
    library.execute("alter schema archive rename to attic");
    library.state().reload().schema();
    sleep(Duration::from_millis(500)).await;
    served.get("/books?id=eq.1").await.is(200);
    library.execute("alter schema attic rename to archive");
}

#[tokio::test]
async fn a_server_that_stops_lets_requests_finish() {
    let (_library, served) = served().await;
    let mut idle = served.connect().await;
    idle.get("/books?limit=1").await.unwrap().is(200);
    let mut busy = served.connect().await;
    let slow = tokio::spawn(async move { busy.get("/rpc/wait?seconds=1.2").await });
    sleep(Duration::from_millis(300)).await;
    let port = served.port();
    let stopping = tokio::spawn(served.stop());
    sleep(Duration::from_millis(100)).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(idle.get("/books").await.is_err());
    slow.await.unwrap().unwrap().gives(json!("rested"));
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn http_2_is_spoken_from_the_first_byte() {
    let (_library, served) = served().await;
    let mut socket = served.connect_http2().await;
    for id in 1..5 {
        let answer = socket.get(&format!("/books?select=id&id=eq.{id}")).await.unwrap();
        answer.gives(json!([{"id": id}]));
    }
    assert_eq!(socket.get("/nothing").await.unwrap().is(404).code(), "PGRST205");
}

/// A body over the limit is refused, and the connection is kept where it can be.
#[tokio::test]
async fn a_large_body_is_refused() {
    let (_library, served) = served().await;
    let body = Bytes::from(format!("{{\"words\":\"{}\"}}", "x".repeat(11 * 1024 * 1024)));
    let post = |body: Bytes| {
        Request::post("http://localhost/rpc/echo")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap()
    };
    let mut socket = served.connect_http2().await;
    let answer = socket.send(post(body.clone())).await.unwrap();
    assert_eq!(answer.is(413).code(), "PGRST129");
    soon(socket.get("/books?limit=1")).await.unwrap().is(200);
    let fits = Bytes::from(format!("{{\"words\":\"{}\"}}", "x".repeat(9 * 1024 * 1024)));
    let answer = socket.send(post(fits.clone())).await.unwrap();
    assert!(answer.is(200).body.len() > fits.len());

    // HTTP/1.1: the refusal comes before the body is sent to its end.
    let mut stream = served.open().await;
    let head =
        format!("POST /rpc/echo HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let read = soon(stream.read(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    soon(served.get("/books?limit=1")).await.is(200);
}

/// What clients send that isn't HTTP is their affair alone.
#[tokio::test]
async fn nonsense_ends_its_connection_alone() {
    let (_library, served) = served().await;
    for nonsense in
        [&b"\x16\x03\x01\x00\xff"[..], b"GET\r\n\r\n", b"\0\0\0\0", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let mut stream = served.open().await;
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.ok();
    }
    soon(served.get("/books?limit=1")).await.is(200);
}
