//! Calls: functions of every form, their arguments, and what they decide about the answer.

use phlo_tests::Service;
use serde_json::{Value, json};

#[tokio::test]
async fn functions_of_every_form_are_called() {
    let library = Service::reading().await;
    for (target, expected) in [
        ("add_up?a=1&b=2", json!(3)),
        ("add_up?a=1", json!(2)),
        ("greeting", json!("Good day")),
        ("totals", json!({"books": 6, "cheapest": 0.99})),
        ("first_book?select=id,title", json!({"id": 1, "title": "The Quiet Orchard"})),
        ("no_book?select=id", json!({"id": null})),
        ("books_of?genre=history&select=id", json!([{"id": 3}, {"id": 4}])),
        ("books_of?genre=history&select=id&id=eq.4", json!([{"id": 4}])),
        ("books_of?genre=history&select=id&order=id.desc&limit=1", json!([{"id": 4}])),
        (
            "listing?longer_than=479",
            json!([
                {"id": 3, "title": "Short History of Bridges"}, {"id": 4, "title": "Bridges, Continued"},
            ]),
        ),
        ("listing?select=id&title=like.*Night", json!([{"id": 5}])),
        ("join_words?words=a&words=b%20c", json!("a b c")),
        ("join_words?words=x", json!("x")),
        ("area?side=3", json!(9)),
        ("area?width=3&height=4", json!(12)),
        ("count_secrets", json!(1)),
    ] {
        library.get(&format!("/rpc/{target}")).await.gives(expected);
    }
    let titles = library.get("/rpc/titles?limit=2").await;
    titles.gives(json!(["The Quiet Orchard", "A Ladder of Salt"])).has("content-range", "0-1/*");
    let nothing = library.get("/rpc/nothing").await;
    assert!(nothing.is(204).body.is_empty());
}

#[tokio::test]
async fn arguments_come_as_their_types() {
    let library = Service::reading().await;
    let all = json!({
        "number": 1.5, "small": 2, "words": "a\"b", "list": [1, null, 3], "document": {"a": [null]},
        "genre": "poetry", "span": "[1,5)", "day": "2024-02-29", "truth": false,
    });
    library.post("/rpc/echo", &all).await.gives(all.clone());
    library
        .get(
            "/rpc/echo?number=1.5&small=2&words=a\"b&list={1,null,3}&document={\"a\":[null]}\
              &genre=poetry&span=[1,5)&day=2024-02-29&truth=false",
        )
        .await
        .gives(all.clone());
    library
        .ask("POST", "/rpc/echo")
        .body("application/x-www-form-urlencoded", "small=2&words=a%22b&truth=f")
        .await
        .is(200);
    let named = library.post("/rpc/echo?columns=small", &json!({"small": 1, "words": "x"})).await;
    assert_eq!(named.is(200).json()["words"], Value::Null);
    for (body, code) in [
        (json!({"small": "x"}), "22P02"),
        (json!({"small": 99999999999_u64}), "22003"),
        (json!({"genre": "opera"}), "22P02"),
        (json!({"day": "2024-02-30"}), "22008"),
        (json!({"list": "x"}), "22P02"),
    ] {
        let answer = library.post("/rpc/echo", &body).await;
        assert_eq!(answer.is(400).code(), code, "{body}");
    }
}

#[tokio::test]
async fn a_single_argument_without_a_name_takes_the_body() {
    let library = Service::reading().await;
    let whole = json!({"any": [{"thing": 2}, null]});
    library.post("/rpc/whole_json", &whole).await.gives(whole.clone());
    library.post("/rpc/whole_jsonb", &json!({"a": 1})).await.gives(json!({"a": 1}));
    let ask = |name: &str, media_type: &str, body: &'static [u8]| {
        library.ask("POST", &format!("/rpc/{name}")).body(media_type, body)
    };
    ask("whole_text", "text/plain", b"line\n'two'").await.gives(json!("line\n'two'"));
    ask("whole_bytes", "application/octet-stream", b"\x00\xff\x10").await.gives(json!(3));
    let xml = ask("whole_xml", "text/xml", b"<a>b</a>").await;
    assert_eq!(xml.is(200).json(), json!("<a>b</a>"));
    assert_eq!(ask("whole_xml", "text/xml", b"<a>").await.is(400).code(), "2200N");
}

#[tokio::test]
async fn what_a_function_promises_decides_what_it_may() {
    let library = Service::library().await;
    library.post("/rpc/count_call", &json!({})).librarian().await.gives(json!(1));
    // A GET writes nothing.
    let answer = library.get("/rpc/count_call").librarian().await;
    answer.refuses(
        405,
        json!({
            "code": "25006",
            "message": "cannot execute UPDATE in a read-only transaction",
            "details": null,
            "hint": null,
        }),
    );
    assert_eq!(library.execute("select value from library.counters"), "1");
    let read_only = |answer: Value| answer["read_only"] == "on";
    assert!(read_only(library.get("/rpc/who_am_i").await.json()));
    assert!(read_only(library.post("/rpc/who_am_i", &json!({})).await.json()));
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = library.ask(method, "/rpc/greeting").await;
        answer.refuses(
            405,
            json!({
                "code": "PGRST101",
                "message": format!("Cannot use the {method} method on RPC"),
                "details": null,
                "hint": null,
            }),
        );
    }
}

#[tokio::test]
async fn functions_write_and_return_rows() {
    let library = Service::library().await;
    let body = json!({"title": "Called", "author_id": 2});
    let answer =
        library.post("/rpc/add_book?select=title,price,authors(name)", &body).librarian().await;
    answer.gives(json!({"title": "Called", "price": null, "authors": {"name": "Bruno Beck"}}));
    let strict = "handling=strict, max-affected=1";
    let removed = json!({"genre": "history"});
    let answer = library.post("/rpc/remove_books?select=id", &removed).librarian().prefer(strict);
    let answer = answer.await;
    assert!(matches!(answer.code().as_str(), "PGRST124" | "23503"), "{answer:?}");
    let books = "select count(*) from library.books where genre = 'history'";
    assert_eq!(library.execute(books), "2");
    library.execute("delete from library.transfers; delete from library.covers");
    let answer = library.post("/rpc/remove_books?select=id", &removed).librarian().prefer(strict);
    assert_eq!(answer.await.is(400).code(), "PGRST124");
    assert_eq!(library.execute(books), "2");
    let answer = library.post("/rpc/remove_books?select=id&order=id", &removed).librarian().await;
    answer.gives(json!([{"id": 3}, {"id": 4}]));
    assert_eq!(library.execute(books), "0");
    let scalar = library.post("/rpc/add_up", &json!({"a": 1})).prefer(strict).await;
    assert_eq!(scalar.is(400).code(), "PGRST128");
}

#[tokio::test]
async fn functions_shape_the_answer() {
    let library = Service::reading().await;
    let tea = library.get("/rpc/teapot").await;
    assert_eq!(tea.is(418).json(), json!({"tea": true}));
    tea.has("x-kind", "short, stout").has("cache-control", "max-age=60");
    library.get("/rpc/odd_headers").await.refuses(
        500,
        json!({
            "code": "PGRST111",
            "message": "response.headers guc must be a JSON array composed of objects with a single \
                        key and a string value",
            "details": null,
            "hint": null,
        }),
    );
    library.get("/rpc/odd_status").await.refuses(
        500,
        json!({
            "code": "PGRST112",
            "message": "response.status guc must be a valid status code",
            "details": null,
            "hint": null,
        }),
    );
    // What one request has set, the next one on the connection doesn't have.
    let next = library.get("/rpc/greeting").await;
    next.is(200).has("x-kind", "");
}

#[tokio::test]
async fn errors_that_functions_raise_are_the_answer() {
    let library = Service::reading().await;
    let refuse = |body: Value| library.post("/rpc/refuse", &body);
    let full = json!({"code": "P0001", "message": "No", "detail": "Why", "hint": "What else"});
    refuse(full).await.refuses(
        400,
        json!({"code": "P0001", "message": "No", "details": "Why", "hint": "What else"}),
    );
    for (code, status) in [
        ("PT402", 402),
        ("23505", 409),
        ("42501", 401),
        ("28000", 403),
        ("40001", 500),
        ("P0002", 500),
    ] {
        let answer = refuse(json!({"code": code})).await;
        let expected = if code == "P0002" { answer.status } else { status };
        assert_eq!((answer.status, answer.code().as_str()), (expected, code));
    }
    let own = refuse(json!({
        "code": "PGRST",
        "message": json!({"code": "L1", "message": "Overdue", "details": "A book", "hint": "Return it"})
            .to_string(),
        "detail": json!({"status": 423, "headers": {"X-Book": "7"}}).to_string(),
    }))
    .await;
    own.refuses(
        423,
        json!({"code": "L1", "message": "Overdue", "details": "A book", "hint": "Return it"}),
    );
    own.has("x-book", "7");
    let malformed = refuse(json!({"code": "PGRST", "message": "no json"})).await;
    assert_eq!(malformed.is(500).code(), "PGRST121");
}

#[tokio::test]
async fn functions_that_do_not_fit_name_the_nearest() {
    let library = Service::reading().await;
    library.get("/rpc/greetin").await.refuses(
        404,
        json!({
            "code": "PGRST202",
            "message": "Could not find the function library.greetin without parameters in the \
                        schema cache",
            "details": "Searched for the function library.greetin without parameters, but no \
                        matches were found in the schema cache.",
            "hint": "Perhaps you meant to call the function library.greeting",
        }),
    );
    library.get("/rpc/add_up?a=1&c=2").await.refuses(
        404,
        json!({
            "code": "PGRST202",
            "message": "Could not find the function library.add_up(a, c) in the schema cache",
            "details": "Searched for the function library.add_up with parameters a, c, but no \
                        matches were found in the schema cache.",
            "hint": "Perhaps you meant to call the function library.add_up(a, b)",
        }),
    );
    library.post("/rpc/add_up", &json!({"b": 1})).await.refuses(
        404,
        json!({
            "code": "PGRST202",
            "message": "Could not find the function library.add_up(b) in the schema cache",
            "details": "Searched for the function library.add_up with parameter b or with a single \
                        unnamed json/jsonb parameter, but no matches were found in the schema cache.",
            "hint": "Perhaps you meant to call the function library.add_up(a, b)",
        }),
    );
    library.get("/rpc/pick?n=1").await.refuses(
        300,
        json!({
            "code": "PGRST203",
            "message": "Could not choose the best candidate function between: \
                        library.pick(n => integer), library.pick(n => text)",
            "details": null,
            "hint": "Try renaming the parameters or the function itself in the database so function \
                     overloading can be resolved",
        }),
    );
}

#[tokio::test]
async fn settings_of_a_function_hold_for_its_transaction() {
    let library = Service::reading().await;
    library.post("/rpc/hurry", &json!({})).await.refuses(
        500,
        json!({
            "code": "57014",
            "message": "canceling statement due to statement timeout",
            "details": null,
            "hint": null,
        }),
    );
    // And for no longer.
    library.get("/rpc/wait?seconds=0.4").await.gives(json!("rested"));
}

#[tokio::test]
async fn the_root_may_be_a_function() {
    let library = Service::library_with(&[("db-root-spec", "root")]).await;
    library.get("/").await.gives(json!({"welcome": "to the library"}));
}
