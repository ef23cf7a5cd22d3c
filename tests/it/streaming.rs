//! Answers that are too long to be held: they go out as the client takes them.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use phlo_tests::{Served, Service, Socket};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// An end after half a minute for what should take less than a second.
const PATIENCE: Duration = Duration::from_secs(30);

const VIEWS: &str = "
    create view library.tally as
        select n as id, 'number ' || n as name, nullif(n % 3, 0) as rest,
            json_build_object('n', n) as j, array[n] as list
        from generate_series(1, 50000) n;
    create table library.copies_of_tally
        (id int primary key, subject_id int references library.subjects);
    insert into library.copies_of_tally
        select n, (select min(id) from library.subjects) from generate_series(1, 50000) n;
    create view library.breaks as
        select n as id, 1 / (n - 50000) as quotient from generate_series(1, 100000) n;
    create view library.endless as
        select a + b as id, repeat('x', 1000) as text
        from generate_series(1, 10000) a, generate_series(1, 10000) b;
    create function library.count_to(most int) returns table (id int, name text)
        language plpgsql stable as $$
        begin
            perform set_config('response.headers', '[{\"x-counted\": \"yes\"}]', true);
            return query select n, 'number ' || n from generate_series(1, most) n;
        end $$;
    create function library.words(most int) returns setof text language sql stable as
        $$ select case when n % 2 = 0 then 'word ' || n end from generate_series(1, most) n $$;
    create function library.late_status(n int) returns int language plpgsql as $$
        begin
            if n = 50000 then
                perform set_config('response.status', '202', true);
            end if;
            return n;
        end $$;
    create view library.late as
        select library.late_status(n) as id, repeat('x', 20) as x
        from generate_series(1, 50000) n;
    create function library.greet() returns void language plpgsql as $$
        begin
            perform set_config('response.headers', '[{\"x-greeting\": \"hello\"}]', true);
            perform set_config('response.status', '203', true);
        end $$;
    grant select on all tables in schema library to visitor;
    grant execute on all functions in schema library to visitor;";

async fn library_with(settings: &[(&str, &str)]) -> Service {
    let library = Service::library_with(settings).await;
    library.execute(VIEWS);
    library.load().await;
    library
}

async fn served(settings: &[(&str, &str)]) -> (Service, Served) {
    let library = library_with(settings).await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    (library, served)
}

/// A connection on which a request was sent, and the beginning of its answer.
async fn opened(served: &Served, target: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = served.open().await;
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut beginning = vec![0; 1000];
    timeout(PATIENCE, stream.read_exact(&mut beginning)).await.unwrap().expect(target);
    assert!(beginning.starts_with(b"HTTP/1.1 200 OK\r\n"));
    (stream, beginning)
}

/// Waits until a query has a result.
async fn wait_for(library: &Service, query: &str, result: &str) {
    let deadline = Instant::now() + PATIENCE;
    while library.execute(query) != result {
        assert!(Instant::now() < deadline, "{query}: {}", library.execute(query));
        sleep(Duration::from_millis(50)).await;
    }
}

/// What sessions of the service do with `endless`.
const ENDLESS: &str = "select coalesce(string_agg(state || ' ' || wait_event, ','), '')
    from pg_stat_activity
    where datname = current_database() and query like '%endless%' and pid <> pg_backend_pid()
        and state <> 'idle'";

#[tokio::test]
async fn a_long_answer_is_what_a_short_one_would_be() {
    let library = library_with(&[("db-aggregates-enabled", "true")]).await;
    let stripped = "application/vnd.pgrst.array+json;nulls=stripped";
    for (target, accept) in [
        ("/tally?id=gt.0", "application/json"),
        ("/tally?id=gt.0", "application/x-ndjson"),
        ("/tally?id=gt.0", "application/x-ndjson;nulls=stripped"),
        ("/tally?id=gt.0", "text/csv"),
        ("/tally?id=gt.0", stripped),
        ("/copies_of_tally?select=id,...subjects(subject:name)&order=id", "application/json"),
        ("/copies_of_tally?select=id,...subjects(subject:name)&order=id", "text/csv"),
        ("/copies_of_tally?select=id,subjects(*)&order=id", "application/x-ndjson"),
        ("/tally?select=rest,count:id.count(),all:list.max()&order=rest", "application/json"),
        ("/tally?select=n:id,j->n&order=id.desc&offset=7", "application/json"),
        ("/rpc/count_to?most=50000&select=name", "application/json"),
        ("/rpc/words?most=50000", stripped),
        ("/rpc/words?most=50000", "application/x-ndjson"),
    ] {
        // Where rows are counted that are limited as well, the database makes the body.
        let target = &format!("{target}&limit=60000");
        let whole = library.get(target).accept(accept).prefer("count=exact").await;
        let pieces = library.get(target).accept(accept).await;
        assert!(matches!(whole.status, 200 | 206), "{target}: {}", whole.text());
        pieces.is(200);
        assert!(pieces.body == whole.body, "{target} as {accept}");
        assert_eq!(pieces.header("content-type"), whole.header("content-type"));
        assert_eq!(pieces.header("content-location"), whole.header("content-location"));
        assert_eq!(pieces.header("vary"), whole.header("vary"));
        if !target.contains("count()") {
            assert!(pieces.body.len() > 300_000);
            assert!(!pieces.headers.contains_key("content-length"), "{target} as {accept}");
            assert!(!pieces.headers.contains_key("content-range"), "{target} as {accept}");
        }
    }
}

#[tokio::test]
async fn a_short_answer_has_its_length() {
    let library = library_with(&[]).await;
    for accept in ["application/json", "application/x-ndjson", "text/csv"] {
        let answer = library.get("/tally?limit=1000").accept(accept).await;
        answer.is(200).has("content-range", "0-999/*");
        answer.has("content-length", &answer.body.len().to_string());
    }
    let head = library.ask("HEAD", "/tally").await;
    head.is(200).has("content-range", "0-49999/*");
}

#[tokio::test]
async fn what_functions_set_before_the_first_row_is_in_the_head() {
    let library = library_with(&[("db-pre-request", "library.greet")]).await;
    for target in ["/tally?limit=3", "/tally"] {
        let answer = library.get(target).await;
        answer.is(203).has("x-greeting", "hello");
    }
    for most in [0, 3, 50_000] {
        let answer = library.get(&format!("/rpc/count_to?most={most}")).await;
        answer.is(203).has("x-counted", "yes");
        assert!(!answer.headers.contains_key("x-greeting"));
    }
}

#[tokio::test]
async fn json_lines_are_an_object_each() {
    let library = Service::library().await;
    let lines = |text: &str| -> Vec<Value> {
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    for target in [
        "/books?select=id,title,authors(name)&order=id",
        "/books?select=id,...authors(name)&order=id",
        "/books?id=eq.1",
        "/books?id=eq.0",
        "/authors?select=home,born&order=id",
        "/rpc/titles",
        "/rpc/books_of?genre=novel",
        "/rpc/greeting",
    ] {
        let array = library.get(target).await;
        let answer = library.get(target).accept("application/x-ndjson").await;
        answer.is(200).has("content-type", "application/x-ndjson");
        answer.has("content-range", &array.header("content-range"));
        let json = array.json();
        let expected = json.as_array().cloned().unwrap_or_else(|| vec![json]);
        assert_eq!(lines(answer.text()), expected, "{target}");
    }
    let rows = serde_json::json!([{"id": 80, "name": "a\nb"}, {"id": 81, "name": "c"}]);
    let written = library.post("/subjects", &rows).librarian();
    let written = written.prefer("return=representation").accept("application/x-ndjson").await;
    assert_eq!(Value::from(lines(written.is(201).text())), rows);
    let none = library.get("/authors?select=id,born&id=eq.3");
    let none = none.accept("application/x-ndjson;nulls=stripped").await;
    none.is(200).has("content-type", "application/x-ndjson;nulls=stripped");
    assert_eq!(none.text(), "{\"id\":3}\n");
    let other = library.get("/subjects?id=eq.80").accept("application/jsonl").await;
    other.is(200).has("content-type", "application/x-ndjson");
    assert_eq!(other.text(), "{\"id\":80,\"name\":\"a\\nb\"}\n");
    let wrong = library.get("/books?id=eq.x").accept("application/x-ndjson").await;
    wrong.is(400).has("content-type", "application/json; charset=utf-8");
}

#[tokio::test]
async fn a_failure_in_the_middle_closes_the_connection() {
    let (library, served) = served(&[("db-pool", "1")]).await;
    for target in ["/breaks", "/late"] {
        let (mut stream, mut answer) = opened(&served, target).await;
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(answer.len() > 300_000);
        assert!(!answer.ends_with(b"0\r\n\r\n"), "{target} was completed");
        // The connection to the database is fit for the next request.
        served.get("/books?limit=1").await.is(200);
    }
    let pool = library.state().pool().status();
    assert_eq!((pool.size, pool.abandoned), (1, 0));
}

#[tokio::test]
async fn a_failure_in_the_middle_resets_the_stream() {
    let (_library, served) = served(&[]).await;
    let Socket::Http2(mut sender) = served.connect_http2().await else { panic!() };
    let get = |target: &str| {
        Request::get(format!("http://localhost{target}")).body(Full::<Bytes>::default()).unwrap()
    };
    let broken: Response<Incoming> = sender.send_request(get("/breaks")).await.unwrap();
    assert_eq!(broken.status(), StatusCode::OK);
    let error = timeout(PATIENCE, broken.into_body().collect()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("error"), "{error}");
    // The other streams of the connection don't suffer.
    let whole = sender.send_request(get("/tally")).await.unwrap();
    let body = whole.into_body().collect().await.unwrap().to_bytes();
    assert!(serde_json::from_slice::<Value>(&body).unwrap().is_array());
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_all_or_an_error() {
    let (_library, served) = served(&[]).await;
    let mut stream = served.open().await;
    stream.write_all(b"GET /breaks HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 400 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_slow_client_makes_the_database_wait() {
    let (library, served) = served(&[]).await;
    let (mut stream, _) = opened(&served, "/endless").await;
    wait_for(&library, ENDLESS, "active ClientWrite").await;
    // It goes on as soon as the client does.
    let mut more = vec![0; 20_000_000];
    timeout(PATIENCE, stream.read_exact(&mut more)).await.unwrap().unwrap();
    wait_for(&library, ENDLESS, "active ClientWrite").await;
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_the_database() {
    let (library, served) = served(&[("db-pool", "1")]).await;
    for _ in 0..3 {
        let (stream, _) = opened(&served, "/endless").await;
        drop(stream);
        let started = Instant::now();
        timeout(PATIENCE, served.get("/books?limit=1")).await.unwrap().is(200);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        wait_for(&library, ENDLESS, "").await;
    }
    let pool = library.state().pool().status();
    assert_eq!((pool.size, pool.abandoned), (1, 3));
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    let (library, served) = served(&[("db-pool", "1"), ("server-send-timeout", "1")]).await;
    let (mut stream, mut answer) = opened(&served, "/endless").await;
    let started = Instant::now();
    timeout(PATIENCE, served.get("/books?limit=1")).await.unwrap().is(200);
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(500) && waited < Duration::from_secs(8), "{waited:?}");
    wait_for(&library, ENDLESS, "").await;
    // What was on its way comes, and no end.
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().ok();
    assert!(!answer.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn a_database_that_is_lost_breaks_the_answer_off() {
    let (library, served) = served(&[]).await;
    let (mut stream, mut answer) = opened(&served, "/endless").await;
    library.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query like '%endless%' and pid <> pg_backend_pid()",
    );
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().ok();
    assert!(!answer.ends_with(b"0\r\n\r\n"));
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
}

#[tokio::test]
async fn long_answers_are_counted_at_their_end() {
    let library = library_with(&[]).await;
    let counted = async || {
        let text = library.state().metrics_text();
        text.lines().any(|line| line == "http_requests_total{method=\"GET\",status=\"200\"} 1.0")
    };
    let request = Request::get("/tally").body(Full::<Bytes>::default()).unwrap();
    let response = library.api().answer(request).await;
    assert!(!counted().await);
    response.into_body().collect().await.unwrap();
    assert!(counted().await);
}
