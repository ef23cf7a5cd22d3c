//! What goes wrong says what it was: code, message, details and hint.

use phlo_tests::Service;
use serde_json::{Value, json};

fn error(code: &str, message: &str, details: Value, hint: Value) -> Value {
    json!({"code": code, "message": message, "details": details, "hint": hint})
}

#[tokio::test]
async fn tables_that_are_not_there_name_the_nearest() {
    let library = Service::reading().await;
    let message = "Could not find the table 'library.boks' in the schema cache";
    let hint = json!("Perhaps you meant the table 'library.books'");
    let expected = error("PGRST205", message, Value::Null, hint);
    library.get("/boks").await.refuses(404, expected.clone());
    library.delete("/boks?id=eq.1").librarian().await.refuses(404, expected.clone());
    library.post("/boks", &json!({"id": 1})).librarian().await.refuses(404, expected);
    let message = "Could not find the table 'library.zzz' in the schema cache";
    library.get("/zzz").await.refuses(404, error("PGRST205", message, Value::Null, Value::Null));
    let message = "Invalid path specified in request URL";
    library.get("/a/b").await.refuses(404, error("PGRST125", message, Value::Null, Value::Null));
}

#[tokio::test]
async fn columns_that_are_not_there_are_named() {
    let library = Service::reading().await;
    let message = "column books.tilte does not exist";
    let hint = json!("Perhaps you meant to reference the column \"books.title\".");
    let expected = error("42703", message, Value::Null, hint);
    library.get("/books?select=tilte").await.refuses(400, expected.clone());
    library.get("/books?tilte=eq.x").await.refuses(400, expected.clone());
    library.get("/books?order=tilte").await.refuses(400, expected);
    let message = "Could not find the 'titl' column of 'books' in the schema cache";
    let hint = json!("Perhaps you meant the column 'title'");
    let expected = error("PGRST204", message, Value::Null, hint);
    let row = json!({"titl": "x"});
    library.post("/books", &row).librarian().await.refuses(400, expected.clone());
    library.patch("/books?id=eq.1", &row).librarian().await.refuses(400, expected.clone());
    library.post("/books?columns=titl", &row).librarian().await.refuses(400, expected);
}

#[tokio::test]
async fn query_strings_that_cannot_be_read_say_where() {
    let library = Service::reading().await;
    for (query, message) in [
        ("id=equals.1", "\"failed to parse filter (equals.1)\" (line 1, column 3)"),
        ("id=eq", "\"failed to parse filter (eq)\" (line 1, column 3)"),
        ("id=1", "\"failed to parse filter (1)\" (line 1, column 1)"),
        (
            "select=id,authors(name",
            "\"failed to parse select parameter (id,authors(name)\" (line 1, column 16)",
        ),
        ("order=id.up", "\"failed to parse order (id.up)\" (line 1, column 4)"),
        ("or=(id.eq.1", "\"failed to parse logic tree ((id.eq.1)\" (line 1, column 11)"),
        ("limit=ten", ""),
    ] {
        let answer = library.get(&format!("/books?{query}")).await;
        if message.is_empty() {
            // Not a number is no limit, as PostgREST has it.
            answer.is(200);
            continue;
        }
        let body = answer.is(400).json();
        assert_eq!(
            (&body["code"], &body["message"]),
            (&json!("PGRST100"), &json!(message)),
            "{query}"
        );
        assert!(body["details"].as_str().is_some_and(|it| it.starts_with("unexpected")), "{body}");
    }
    let answer = library.get("/books?limit=-1").await;
    assert_eq!(answer.is(416).code(), "PGRST103");
}

#[tokio::test]
async fn casts_to_types_that_are_not_there_are_refused_before_they_are_sent() {
    let library = Service::reading().await;
    for cast in ["nothing", "text%3Bdrop table books%3B--", "int\"", "pg_catalog.int4"] {
        let answer = library.get(&format!("/books?select=id::{cast}")).await;
        assert!(matches!(answer.code().as_str(), "42704" | "PGRST100"), "{cast}: {answer:?}");
        answer.is(400);
    }
    let message = "type \"nothing\" does not exist";
    let expected = error("42704", message, Value::Null, Value::Null);
    library.get("/books?select=id::nothing").await.refuses(400, expected);
}

#[tokio::test]
async fn media_types_that_cannot_be_made_are_refused() {
    let library = Service::reading().await;
    let message = "None of these media types are available: image/png, text/unknown";
    library
        .get("/books")
        .accept("image/png, text/unknown")
        .await
        .refuses(406, error("PGRST107", message, Value::Null, Value::Null));
    library.get("/books?limit=1").accept("image/png, application/json").await.is(200);
    library.get("/books?limit=1").accept("image/png, */*").await.is(200);
}

#[tokio::test]
async fn methods_and_preferences_that_are_not_known_are_refused() {
    let library = Service::reading().await;
    let message = "Unsupported HTTP method: BREW";
    let expected = error("PGRST117", message, Value::Null, Value::Null);
    library.ask("BREW", "/books").await.refuses(405, expected);
    let message = "Invalid preferences given with handling=strict";
    let details = json!("Invalid preferences: gift=wrapped");
    let expected = error("PGRST122", message, details, Value::Null);
    let strict = library.get("/books").prefer("handling=strict, gift=wrapped").await;
    strict.refuses(400, expected);
    library.get("/books?limit=1").prefer("gift=wrapped").await.is(200);
}

#[tokio::test]
async fn one_object_is_not_none_or_several() {
    let library = Service::reading().await;
    for (query, rows) in [("id=eq.0", 0), ("id=lt.3", 2)] {
        let message = "Cannot coerce the result to a single JSON object";
        let details = json!(format!("The result contains {rows} rows"));
        let expected = error("PGRST116", message, details, Value::Null);
        library.get(&format!("/books?{query}")).object().await.refuses(406, expected);
    }
    library.get("/books?id=eq.1&select=id").object().await.gives(json!({"id": 1}));
}

#[tokio::test]
async fn constraints_are_named() {
    let library = Service::library().await;
    let post = |body: Value| library.post("/books", &body).librarian();
    let no_title = post(json!({"author_id": 1})).await;
    let body = no_title.is(400).json();
    assert_eq!(body["code"], "23502");
    assert_eq!(
        body["message"],
        "null value in column \"title\" of relation \"books\" violates not-null constraint"
    );
    let short = post(json!({"title": "x", "author_id": 1, "pages": 0})).await;
    assert_eq!(short.is(400).code(), "23514");
    let nobody = post(json!({"title": "x", "author_id": 99})).await;
    nobody.refuses(
        409,
        error(
            "23503",
            "insert or update on table \"books\" violates foreign key constraint \"books_author\"",
            json!("Key (author_id)=(99) is not present in table \"authors\"."),
            Value::Null,
        ),
    );
    let used = library.delete("/authors?id=eq.1").librarian().await;
    assert_eq!(used.is(409).code(), "23503");
}

#[tokio::test]
async fn requests_beyond_a_limit_are_refused() {
    let library = Service::reading().await;
    let mut select = "id".to_owned();
    for _ in 0..40 {
        select = format!("books({select})");
    }
    assert_eq!(library.get(&format!("/authors?select={select}")).await.is(413).code(), "PGRST129");
    let group = "and(".repeat(40) + "id.eq.1" + &")".repeat(40);
    assert_eq!(library.get(&format!("/books?or=({group})")).await.is(413).code(), "PGRST129");
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let library = Service::reading_with(&[("server-max-body-size", "1000")]).await;
    let large = json!({"document": "x".repeat(1000)});
    library.post("/rpc/echo", &large).await.refuses(
        413,
        error(
            "PGRST129",
            "The body of the request is too large",
            json!("This server takes bodies of at most 1000 bytes."),
            json!(
                "Send the rows in several requests, or have the setting 'server-max-body-size' \
                   raised."
            ),
        ),
    );
    library.post("/rpc/echo", &json!({"document": "x"})).await.is(200);
}

#[tokio::test]
async fn errors_can_be_short() {
    let library = Service::reading_with(&[("client-error-verbosity", "minimal")]).await;
    let answer = library.get("/boks").await;
    answer.refuses(
        404,
        json!({
            "code": "PGRST205",
            "message": "Could not find the table 'library.boks' in the schema cache",
        }),
    );
}
