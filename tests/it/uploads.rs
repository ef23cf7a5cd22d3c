//! Bodies of rows that are written as they come: all of them or none, in bounded memory.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use phlo_tests::{Answer, Service, sign};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};

const JSON_LINES: &str = "application/x-ndjson";

/// Rows of `forms` as lines, some megabytes in all; every title has a break in it, quotes, and
/// characters of more than one byte.
fn lines(media_type: &str, rows: usize) -> String {
    let filling = "é😀".repeat(50);
    let mut lines =
        if media_type == "text/csv" { "title,mark\n".to_owned() } else { String::new() };
    for row in 0..rows {
        lines += &if media_type == "text/csv" {
            format!("\"row {row},\n\"\"{filling}\"\"\",{row}\n")
        } else {
            json!({"title": format!("row {row},\n\"{filling}\""), "mark": row}).to_string() + "\n"
        };
    }
    lines
}

/// A body cut into pieces of an odd length.
fn pieces(body: &str) -> impl Stream<Item = Bytes> + Send + 'static + use<> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let cuts = (0..body.len()).step_by(8191);
    let pieces: Vec<_> = cuts.map(|at| body.slice(at..body.len().min(at + 8191))).collect();
    stream::iter(pieces)
}

/// Sends a body in pieces as a librarian.
async fn send<E: std::error::Error + Send + Sync + 'static>(
    library: &Service,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Answer {
    let token = sign(json!({"role": "librarian"}));
    let mut request = Request::post(target).header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = StreamBody::new(body.map(|piece| piece.map(Frame::data)));
    Answer::read(library.api().answer(request.body(body).unwrap()).await).await
}

async fn send_text(
    library: &Service,
    target: &str,
    media_type: &str,
    prefer: &str,
    body: &str,
) -> Answer {
    let headers = [("content-type", media_type), ("prefer", prefer)];
    send(library, target, &headers, pieces(body).map(Ok::<_, Infallible>)).await
}

/// A library that notes how many rows of `forms` each statement adds.
async fn noting() -> Service {
    let library = Service::library().await;
    library.execute(
        "create table library.noted (rows int);
         create function library.note() returns trigger language plpgsql security definer as
         $$ begin insert into library.noted select count(*) from added; return null; end $$;
         create trigger note after insert on library.forms referencing new table as added
         for each statement execute function library.note();",
    );
    library.load().await;
    library
}

/// Waits until no connection of the pool is in use.
async fn settled(library: &Service) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let status = library.state().pool().status();
        if status.size == status.idle {
            break;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        sleep(Duration::from_millis(20)).await;
    }
    let open = "select count(*) from pg_stat_activity where datname = current_database()
                and pid <> pg_backend_pid() and xact_start is not null";
    assert_eq!(library.execute(open), "0");
}

fn count(library: &Service) -> String {
    library.execute("select count(*) from library.forms")
}

#[tokio::test]
async fn json_lines_are_rows() {
    let library = Service::library().await;
    let answer = library
        .ask("POST", "/subjects?select=id")
        .librarian()
        .prefer("return=representation, count=exact")
        .body(JSON_LINES, "{\"id\": 50, \"name\": \"a\"}\r\n\n{\"name\": \"b\", \"id\": 51}")
        .await;
    answer.is(201).gives(json!([{"id": 50}, {"id": 51}])).has("content-range", "*/2");
    let answer = library
        .ask("POST", "/subjects?on_conflict=id")
        .librarian()
        .prefer("return=representation, resolution=merge-duplicates")
        .body(JSON_LINES, "{\"id\": 50, \"name\": \"c\"}\n{\"id\": 52, \"name\": \"d\"}\n")
        .await;
    answer.is(201).gives(json!([{"id": 50, "name": "c"}, {"id": 52, "name": "d"}]));
    let answer = library
        .ask("POST", "/forms?columns=id,title,mark&select=title,mark")
        .librarian()
        .prefer("return=representation, missing=default")
        .body(JSON_LINES, "{\"id\": 90, \"mark\": 1}\n{\"id\": 91, \"title\": \"x\"}\n")
        .await;
    answer.is(201);
    answer.gives(json!([{"title": "untitled", "mark": 1}, {"title": "x", "mark": 7}]));
    // Nothing is written for an empty body.
    library.ask("POST", "/subjects").librarian().body(JSON_LINES, "\n").await.is(201);
    for (body, message, details) in [
        (
            "{\"id\": 60, \"name\": \"a\"}\n{\"id\": 61}",
            "All object keys must match",
            "Line 2 has other keys than the first object.",
        ),
        ("{\"id\": 60, \"name\": \"a\"}\n{", "Empty or invalid json", "Line 2 is not JSON."),
        ("[]", "Empty or invalid json", "Line 1 holds something else than an object."),
    ] {
        let answer = library.ask("POST", "/subjects").librarian().body(JSON_LINES, body).await;
        let refused = json!({
            "code": "PGRST102", "message": message, "details": details, "hint": null,
        });
        answer.refuses(400, refused);
    }
    assert_eq!(library.execute("select count(*) from library.subjects where id >= 50"), "3");
}

#[tokio::test]
async fn json_lines_change_rows_and_are_arguments_like_csv() {
    let library = Service::library().await;
    let patched = library.ask("PATCH", "/subjects?id=eq.1").librarian();
    patched.body(JSON_LINES, "{\"name\": \"patched\"}").await.is(204);
    let put = library.ask("PUT", "/subjects?id=eq.1").librarian();
    put.body(JSON_LINES, "{\"id\": 1, \"name\": \"put\"}").await.is(204);
    assert_eq!(library.execute("select name from library.subjects where id = 1"), "put");
}

#[tokio::test]
async fn long_bodies_are_written_in_batches() {
    for media_type in ["text/csv", JSON_LINES] {
        let library = noting().await;
        let body = lines(media_type, 10_000);
        assert!(body.len() > 3 << 20);
        let answer = send_text(&library, "/forms", media_type, "count=exact", &body).await;
        answer.is(201).has("content-range", "*/10000");
        assert!(answer.body.is_empty());
        let wrong =
            "select count(*), count(distinct mark), count(*) filter (where title is distinct
                     from 'row ' || mark || E',\\n\"' || repeat('é😀', 50) || '\"')
                     from library.forms where stamp = 'INSERT by librarian'";
        assert_eq!(library.execute(wrong), "10000|10000|0");
        // A batch is a megabyte, and a statement.
        let batches = library.execute("select count(*), sum(rows) from library.noted");
        let (batches, rows) = batches.split_once('|').unwrap();
        assert_eq!(rows, "10000");
        assert!((3..=8).contains(&batches.parse::<usize>().unwrap()), "{batches}");
        settled(&library).await;
    }
}

#[tokio::test]
async fn a_row_that_fails_undoes_all_before_it() {
    let library = Service::library().await;
    let body = lines(JSON_LINES, 10_000);
    let before = count(&library);
    for (last, status, code) in [
        ("{\"title\": \"x\", \"mark\": \"y\"}\n", 400, "22P02"),
        ("{\"title\": \"x\"}\n", 400, "PGRST102"),
        ("{\"title\": \"x\", \"mark\"", 400, "PGRST102"),
    ] {
        let body = format!("{body}{last}");
        let answer = send_text(&library, "/forms", JSON_LINES, "", &body).await;
        assert_eq!((answer.status, answer.code()), (status, code.to_owned()));
        if code == "PGRST102" {
            let details = answer.json()["details"].clone();
            assert!(details.as_str().unwrap().starts_with("Line 10001 "), "{details}");
        }
        assert_eq!(count(&library), before);
        settled(&library).await;
    }
    // What is asked for at the end of the transaction undoes all as well.
    let rows: Vec<_> =
        (1000..101_000).map(|id| format!("{{\"id\":{id},\"book_id\":999}}\n")).collect();
    let answer = send_text(&library, "/placements", JSON_LINES, "", &rows.concat()).await;
    assert_eq!((answer.status, answer.code()), (409, "23503".to_owned()));
    settled(&library).await;
    library.get("/books?limit=1").await.is(200);
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_nothing() {
    let library = Service::library().await;
    let before = count(&library);
    let body = lines(JSON_LINES, 10_000);
    let cut = pieces(&body)
        .map(Ok)
        .chain(stream::iter([Err(io::Error::from(io::ErrorKind::ConnectionReset))]));
    let answer = send(&library, "/forms", &[("content-type", JSON_LINES)], cut).await;
    assert_eq!((answer.status, answer.code()), (400, "PGRST102".to_owned()));
    assert_eq!(count(&library), before);
    settled(&library).await;
}

/// By the length that was announced, and by chunks of which one is missing.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing() {
    let library = Service::library().await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    let before = count(&library);
    let body = lines(JSON_LINES, 10_000);
    let token = sign(json!({"role": "librarian"}));
    for length in [
        format!("content-length: {}\r\n\r\n", body.len() + 1),
        format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len() + 1),
    ] {
        let mut stream = served.open().await;
        let head = format!(
            "POST /forms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: {JSON_LINES}\r\n{length}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        // Some of it has been written by then.
        let written = "select count(*) > 0 from pg_stat_activity
                       where datname = current_database() and state = 'idle in transaction'";
        let deadline = Instant::now() + Duration::from_secs(30);
        while library.execute(written) != "t" {
            assert!(Instant::now() < deadline, "nothing was written");
            sleep(Duration::from_millis(20)).await;
        }
        drop(stream);
        settled(&library).await;
        assert_eq!(count(&library), before);
    }
    served.stop().await;
}

/// The answer to a body that fails at once is found by a client that sends all of it first.
#[tokio::test]
async fn a_refusal_reaches_a_client_that_goes_on_sending() {
    let library = Service::library().await;
    let served = library.serve();
    served.get_until("/books?limit=1", |answer| answer.status == 200).await.is(200);
    let body = format!("{{\"nothing\": 1}}\n{}", lines(JSON_LINES, 50_000));
    let token = sign(json!({"role": "librarian"}));
    let mut stream = served.open().await;
    let head = format!(
        "POST /forms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: {JSON_LINES}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
    served.stop().await;
}

#[tokio::test]
async fn upserts_are_counted_over_all_batches() {
    let library = Service::library().await;
    library.execute(
        "insert into library.forms (id, title) select g, 'old' from generate_series(1000, 1010) g",
    );
    let rows = |from: usize| -> String {
        let filling = "x".repeat(200);
        (from..from + 10_000)
            .map(|id| json!({"id": id, "title": filling}).to_string() + "\n")
            .collect()
    };
    let merge = "resolution=merge-duplicates, count=exact";
    let answer = send_text(&library, "/forms", JSON_LINES, merge, &rows(1000)).await;
    answer.is(201).has("content-range", "*/10000");
    // Nothing is new the second time.
    let answer = send_text(&library, "/forms", JSON_LINES, merge, &rows(1000)).await;
    answer.is(200).has("content-range", "*/10000");
    let ignore = "resolution=ignore-duplicates, count=exact";
    let answer = send_text(&library, "/forms", JSON_LINES, ignore, &rows(1001)).await;
    answer.is(201).has("content-range", "*/1");
    let all = "select count(*) from library.forms where id >= 1000";
    assert_eq!(library.execute(all), "10001");
}

#[tokio::test]
async fn preferences_hold_for_all_batches() {
    let library = Service::library_with(&[("db-tx-end", "commit-allow-override")]).await;
    let before = count(&library);
    let body = lines("text/csv", 10_000);
    let answer = send_text(&library, "/forms", "text/csv", "tx=rollback, count=exact", &body).await;
    answer.is(201).has("content-range", "*/10000");
    assert_eq!(answer.header("preference-applied"), "count=exact, tx=rollback");
    assert_eq!(count(&library), before);
    // One object was asked for, and there are more.
    let headers = [("content-type", "text/csv"), ("accept", "application/vnd.pgrst.object+json")];
    let answer = send(&library, "/forms", &headers, pieces(&body).map(Ok::<_, Infallible>)).await;
    assert_eq!((answer.status, answer.code()), (406, "PGRST116".to_owned()));
    assert_eq!(answer.json()["details"], "The result contains 10000 rows");
    assert_eq!(count(&library), before);
    settled(&library).await;
}

/// What is returned of rows has to be held, and then their body is held too, within its limit.
#[tokio::test]
async fn rows_are_returned_from_bodies_that_may_be_held() {
    let library = Service::library_with(&[("server-max-body-size", "4000000")]).await;
    let body = lines("text/csv", 5_000);
    let target = "/forms?select=mark";
    let full = "return=representation";
    let answer = send_text(&library, target, "text/csv", full, &body).await;
    assert_eq!(answer.is(201).json().as_array().unwrap().len(), 5_000);
    let before = count(&library);
    let body = lines("text/csv", 20_000);
    let answer = send_text(&library, target, "text/csv", full, &body).await;
    assert_eq!((answer.status, answer.code()), (413, "PGRST129".to_owned()));
    assert_eq!(count(&library), before);
    send_text(&library, target, "text/csv", "return=minimal", &body).await.is(201);
}

#[tokio::test]
async fn uploads_have_limits_of_their_own() {
    let library = Service::library_with(&[
        ("server-max-body-size", "500"),
        ("server-max-upload-size", "2000000"),
        ("server-receive-timeout", "1"),
    ])
    .await;
    let before = count(&library);
    let refused = |answer: &Answer| (answer.status, answer.code());
    // Rows that are short may be many.
    let short: String = (0..1000).map(|mark| format!("{{\"mark\": {mark}}}\n")).collect();
    send_text(&library, "/forms", JSON_LINES, "", &short).await.is(201);
    library.execute("delete from library.forms where title = 'untitled'");
    let too_large = (413, "PGRST129".to_owned());
    let long_row = format!("{short}{{\"mark\": {:600}}}\n", 1);
    let answer = send_text(&library, "/forms", JSON_LINES, "", &long_row).await;
    assert_eq!(refused(&answer), too_large);
    let answer = send_text(&library, "/forms", JSON_LINES, "", &short.repeat(200)).await;
    assert_eq!(refused(&answer), too_large);
    let announced = [("content-type", JSON_LINES), ("content-length", "2000001")];
    let nothing = stream::pending::<Result<Bytes, Infallible>>();
    assert_eq!(refused(&send(&library, "/forms", &announced, nothing).await), too_large);
    // A transaction doesn't wait for ever.
    let stuck = pieces(&short).map(Ok::<_, Infallible>).chain(stream::pending());
    let answer = send(&library, "/forms", &[("content-type", JSON_LINES)], stuck).await;
    assert_eq!(answer.json()["message"], "The body comes too slowly");
    assert_eq!(answer.status, 400);
    assert_eq!(count(&library), before);
    settled(&library).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_read_while_the_database_is_busy() {
    let library = Arc::new(Service::library().await);
    library.execute(
        "create function library.dawdle() returns trigger language plpgsql as
         $$ begin perform pg_sleep(1); return null; end $$;
         create trigger dawdle after insert on library.forms
         for each statement execute function library.dawdle();
         grant execute on function library.dawdle to librarian;",
    );
    let body = lines(JSON_LINES, 10_000);
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let counted = pieces(&body).map(move |piece| {
        counter.fetch_add(piece.len(), Ordering::Relaxed);
        Ok::<_, Infallible>(piece)
    });
    let asking = Arc::clone(&library);
    let sending = tokio::spawn(async move {
        send(&asking, "/forms", &[("content-type", JSON_LINES)], counted).await
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let sleeping = "select count(*) from pg_stat_activity
                    where datname = current_database() and wait_event = 'PgSleep'";
    while library.execute(sleeping) != "1" {
        assert!(Instant::now() < deadline, "the database doesn't work");
        sleep(Duration::from_millis(20)).await;
    }
    let before = taken.load(Ordering::Relaxed);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(taken.load(Ordering::Relaxed), before);
    assert!(before < 2 << 20, "{before}");
    timeout(Duration::from_secs(60), sending).await.unwrap().unwrap().is(201);
    assert_eq!(taken.load(Ordering::Relaxed), body.len());
}
