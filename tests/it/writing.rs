//! Changes: what is written, what is answered, and what is kept.

use phlo_tests::Service;
use serde_json::json;

#[tokio::test]
async fn rows_are_inserted() {
    let library = Service::library().await;
    let one = library.post("/subjects", &json!({"id": 10, "name": "sailing"})).librarian().await;
    one.is(201);
    assert!(one.body.is_empty());
    assert_eq!(
        (one.header("content-range"), one.header("location")),
        ("*/*".to_owned(), String::new())
    );
    let answer = library
        .post("/subjects?select=name", &json!([{"id": 11, "name": "a"}, {"id": 12, "name": "b"}]))
        .librarian()
        .prefer("return=representation, count=exact")
        .await;
    assert_eq!(answer.status, 201);
    answer.gives(json!([{"name": "a"}, {"name": "b"}])).has("content-range", "*/2");
    answer.has("preference-applied", "return=representation, count=exact");
    let answer = library
        .post("/copies", &json!({"book_id": 2, "number": 1}))
        .librarian()
        .prefer("return=headers-only")
        .await;
    answer.is(201).has("location", "/copies?book_id=eq.2&number=eq.1");
    assert!(answer.body.is_empty());
    // Nothing is written for an empty list.
    library.post("/subjects", &json!([])).librarian().await.is(201);
    assert_eq!(library.execute("select count(*) from library.subjects"), "7");
}

#[tokio::test]
async fn one_object_can_be_asked_for() {
    let library = Service::library().await;
    let answer = library
        .post("/subjects", &json!({"id": 10, "name": "sailing"}))
        .librarian()
        .object()
        .prefer("return=representation")
        .await;
    assert_eq!(answer.status, 201);
    answer.gives(json!({"id": 10, "name": "sailing"}));
    answer.has("content-type", "application/vnd.pgrst.object+json; charset=utf-8");
    // What can't be answered so isn't kept.
    let refused = json!({
        "code": "PGRST116",
        "message": "Cannot coerce the result to a single JSON object",
        "details": "The result contains 2 rows",
        "hint": null,
    });
    let two = json!([{"id": 11, "name": "a"}, {"id": 12, "name": "b"}]);
    library.post("/subjects", &two).librarian().object().await.refuses(406, refused.clone());
    let both = library.patch("/copies?book_id=eq.1", &json!({"state": "lost"})).librarian();
    both.object().await.refuses(406, refused.clone());
    library.delete("/copies?book_id=eq.1").librarian().object().await.refuses(406, refused);
    let counts = "select (select count(*) from library.subjects),
                  (select count(*) from library.copies where state <> 'lost')";
    assert_eq!(library.execute(counts), "5|3");
}

/// What is not there takes the default; what is there as null is null.
#[tokio::test]
async fn an_explicit_null_is_not_a_default() {
    let library = Service::library().await;
    let full = "return=representation";
    let select = "/forms?select=title,mark,\"flag?\",stamp";
    let cases = [
        (json!({"title": null, "mark": null, "flag?": null}), json!([null, null, null])),
        (json!({"title": null}), json!([null, 7, true])),
        (json!({}), json!(["untitled", 7, true])),
    ];
    for preference in [full.to_owned(), format!("{full}, missing=default")] {
        for (body, expected) in &cases {
            let answer = library.post(select, body).librarian().prefer(&preference).await;
            answer.is(201);
            assert_eq!(
                answer.json(),
                json!([{
                    "title": expected[0], "mark": expected[1], "flag?": expected[2],
                    "stamp": "INSERT by librarian",
                }]),
                "{body} {preference}"
            );
        }
    }
    // With the columns named, a missing key is null, or the default where that is preferred.
    let columns = "/forms?columns=title,mark&select=title,mark";
    let body = json!([{"title": "a"}, {"mark": null}, {"title": null, "mark": 1}]);
    let answer = library.post(columns, &body).librarian().prefer(full).await;
    answer.gives(json!([
        {"title": "a", "mark": null}, {"title": null, "mark": null}, {"title": null, "mark": 1},
    ]));
    let answer = library.post(columns, &body).librarian().prefer(full).prefer("missing=default");
    let answer = answer.await;
    answer.gives(json!([
        {"title": "a", "mark": 7}, {"title": "untitled", "mark": null}, {"title": null, "mark": 1},
    ]));
    answer.has("preference-applied", "missing=default, return=representation");
    // An update to null, too.
    library.execute("insert into library.forms (id, title) values (1, 'x')");
    let answer = library
        .patch("/forms?id=eq.1&select=title,mark", &json!({"title": null}))
        .librarian()
        .prefer("return=representation, missing=default")
        .await;
    answer.gives(json!([{"title": null, "mark": 7}]));
    // And by CSV, where NULL stands for it.
    let answer = library
        .ask("POST", "/forms?select=title,mark")
        .body("text/csv", "title,mark\nNULL,NULL\n,3\n")
        .librarian()
        .prefer(full)
        .await;
    answer.gives(json!([{"title": null, "mark": null}, {"title": "", "mark": 3}]));
}

#[tokio::test]
async fn existing_rows_are_merged_or_left() {
    let library = Service::library().await;
    let rows = json!([{"id": 1, "name": "wild nature"}, {"id": 20, "name": "new"}]);
    let merge = "resolution=merge-duplicates, return=representation";
    let answer = library.post("/subjects", &rows).librarian().prefer(merge).await;
    assert_eq!(answer.status, 201);
    answer
        .gives(rows)
        .has("preference-applied", "resolution=merge-duplicates, return=representation");
    let again = json!([{"id": 1, "name": "nature"}]);
    let answer = library.post("/subjects", &again).librarian().prefer(merge).await;
    // Only updated.
    assert_eq!(answer.status, 200);
    answer.gives(again);

    let ignore = "resolution=ignore-duplicates, return=representation";
    let rows = json!([{"id": 30, "name": "nature"}, {"id": 31, "name": "newer"}]);
    let answer = library.post("/subjects?on_conflict=name", &rows).librarian().prefer(ignore).await;
    assert_eq!(answer.status, 201);
    answer.gives(json!([{"id": 31, "name": "newer"}]));
    let answer = library.post("/subjects", &json!({"id": 1, "name": "x"})).librarian().await;
    answer.refuses(
        409,
        json!({
            "code": "23505",
            "message": "duplicate key value violates unique constraint \"subjects_pkey\"",
            "details": "Key (id)=(1) already exists.",
            "hint": null,
        }),
    );
    let answer = library
        .post("/subjects?on_conflict=nothing", &json!({"id": 1, "name": "x"}))
        .librarian()
        .prefer(merge)
        .await;
    assert_eq!(answer.is(400).code(), "42703");
}

#[tokio::test]
async fn a_put_writes_the_row_of_its_url() {
    let library = Service::library().await;
    let full = "return=representation";
    let put = |id: i32, body: serde_json::Value| {
        library.put(&format!("/subjects?id=eq.{id}"), &body).librarian().prefer(full)
    };
    let new = put(40, json!({"id": 40, "name": "put"})).await;
    assert_eq!(new.status, 201);
    new.gives(json!([{"id": 40, "name": "put"}]));
    let changed = put(40, json!({"id": 40, "name": "changed"})).await;
    assert_eq!(changed.status, 200);
    changed.gives(json!([{"id": 40, "name": "changed"}]));
    put(41, json!({"id": 42, "name": "other"})).await.refuses(
        400,
        json!({
            "code": "PGRST115",
            "message": "Payload values do not match URL in primary key column(s)",
            "details": null,
            "hint": null,
        }),
    );
    let half = library.put("/copies?book_id=eq.1", &json!({"book_id": 1, "number": 1})).librarian();
    assert_eq!(half.await.is(405).code(), "PGRST105");
    assert_eq!(library.execute("select count(*) from library.subjects where id > 40"), "0");
}

#[tokio::test]
async fn rows_are_changed_and_removed() {
    let library = Service::library().await;
    let answer = library
        .patch("/copies?book_id=eq.1&select=number,state&order=number", &json!({"state": "lost"}))
        .librarian()
        .prefer("return=representation, count=exact")
        .await;
    answer.gives(json!([{"number": 1, "state": "lost"}, {"number": 2, "state": "lost"}]));
    answer.has("content-range", "0-1/2");
    library.patch("/copies?book_id=eq.9", &json!({"state": "x"})).librarian().await.is(204);
    let none = library.patch("/copies?book_id=eq.9", &json!({"state": "x"})).librarian();
    none.prefer(full()).await.is(200).gives(json!([]));
    // Nothing to set changes nothing.
    library.patch("/copies?book_id=eq.1", &json!({})).librarian().await.is(204);
    let answer = library.delete("/copies?book_id=eq.3").librarian().prefer(full()).await;
    answer.gives(json!([{"book_id": 3, "number": 1, "state": "good"}]));
    assert_eq!(library.execute("select count(*) from library.copies"), "2");
}

fn full() -> &'static str {
    "return=representation"
}

#[tokio::test]
async fn no_more_rows_are_changed_than_is_allowed() {
    let library = Service::library().await;
    let refused = json!({
        "code": "PGRST124",
        "message": "Query result exceeds max-affected preference constraint",
        "details": "The query affects 3 rows",
        "hint": null,
    });
    let limit = "handling=strict, max-affected=2";
    let patch = || library.patch("/copies?number=gt.0", &json!({"state": "lost"})).librarian();
    patch().prefer(limit).await.refuses(400, refused.clone());
    library.delete("/copies?number=gt.0").librarian().prefer(limit).await.refuses(400, refused);
    let lost = "select count(*), count(*) filter (where state = 'lost') from library.copies";
    assert_eq!(library.execute(lost), "3|0");
    patch().prefer("handling=strict, max-affected=3").await.is(204);
    assert_eq!(library.execute(lost), "3|3");
    // Without strict handling it is a wish that isn't granted.
    patch().prefer("max-affected=2").await.is(204);
}

/// The database looks at a deferred constraint when the transaction ends: after it has sent the
/// rows.
#[tokio::test]
async fn a_commit_that_fails_is_a_failure() {
    let library = Service::library().await;
    let refused = json!({
        "code": "23503",
        "message": "insert or update on table \"placements\" violates foreign key constraint \
                    \"placements_book\"",
        "details": "Key (book_id)=(999) is not present in table \"books\".",
        "hint": null,
    });
    let body = json!({"id": 2, "book_id": 999});
    let post = || library.post("/placements", &body).librarian();
    post().await.refuses(409, refused.clone());
    post().prefer("return=representation").await.refuses(409, refused.clone());
    post().object().prefer("return=representation").await.refuses(409, refused.clone());
    let patch = library.patch("/placements?id=eq.1", &json!({"book_id": 999})).librarian();
    patch.prefer("handling=strict, max-affected=5").await.refuses(409, refused.clone());
    let put = library.put("/placements?id=eq.2", &body).librarian();
    put.await.refuses(409, refused);
    assert_eq!(library.execute("select * from library.placements"), "1|1");
    // The connection goes on.
    library.post("/placements", &json!({"id": 2, "book_id": 2})).librarian().await.is(201);
}

#[tokio::test]
async fn transactions_can_be_undone() {
    let library = Service::library_with(&[("db-tx-end", "rollback-allow-override")]).await;
    let count = "select count(*) from library.subjects";
    let body = json!({"id": 50, "name": "x"});
    let answer = library.post("/subjects", &body).librarian().prefer("return=representation").await;
    answer.gives(json!([body]));
    assert_eq!(library.execute(count), "4");
    let kept = library.post("/subjects", &body).librarian().prefer("tx=commit").await;
    kept.is(201).has("preference-applied", "tx=commit");
    assert_eq!(library.execute(count), "5");
    // What would have failed at the end fails all the same.
    let wrong = json!({"id": 2, "book_id": 999});
    assert_eq!(library.post("/placements", &wrong).librarian().await.is(409).code(), "23503");

    let library = Service::library().await;
    let ignored = library.post("/subjects", &body).librarian().prefer("tx=rollback").await;
    ignored.is(201).has("preference-applied", "");
    assert_eq!(library.execute(count), "5");
}

#[tokio::test]
async fn views_with_triggers_take_rows() {
    let library = Service::library().await;
    let body = json!({"title": "Arrived", "author": "Dov Dunne"});
    let answer = library.post("/arrivals", &body).librarian().prefer(full()).await;
    answer.gives(json!([body]));
    let answer = library.patch("/book_titles?id=eq.1", &json!({"title": "Renamed"})).librarian();
    answer.prefer(full()).await.gives(json!([{"id": 1, "title": "Renamed", "author_id": 1}]));
    let answer = library.post("/genre_counts", &json!({"genre": "novel"})).librarian().await;
    assert_eq!(answer.json()["code"], "55000");
}

#[tokio::test]
async fn forms_and_csv_are_rows() {
    let library = Service::library().await;
    let answer = library
        .ask("POST", "/subjects")
        .body("application/x-www-form-urlencoded", "id=60&name=a+b%26c")
        .librarian()
        .prefer(full())
        .await;
    answer.gives(json!([{"id": 60, "name": "a b&c"}]));
    let answer = library
        .ask("POST", "/subjects")
        .body("text/csv", "id,name\r\n61,\"a, \"\"b\"\"\"\r\n62,NULL and void\r\n")
        .librarian()
        .prefer(full())
        .await;
    answer.gives(json!([{"id": 61, "name": "a, \"b\""}, {"id": 62, "name": "NULL and void"}]));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let library = Service::library().await;
    let send = async |media_type: &str, body: &'static str| {
        let answer = library.ask("POST", "/subjects").body(media_type, body).librarian().await;
        let json = answer.is(400).json();
        (json["code"].as_str().unwrap().to_owned(), json["message"].as_str().unwrap().to_owned())
    };
    for (media_type, body, code, message) in [
        ("application/json", "", "PGRST102", "Empty or invalid json"),
        ("application/json", "not json", "PGRST102", "Empty or invalid json"),
        ("application/json", "{\"id\": 1", "PGRST102", "Empty or invalid json"),
        ("application/json", "{\"id\": 70} {\"id\": 71}", "PGRST102", "Empty or invalid json"),
        (
            "application/json",
            "[{\"id\": 1}, {\"name\": \"a\"}]",
            "PGRST102",
            "All object keys must match",
        ),
        ("application/json", "[{\"id\": 1}, 2]", "PGRST102", "All object keys must match"),
        ("text/csv", "id,name\n1", "PGRST102", "All lines must have same number of fields"),
        ("image/png", "x", "PGRST102", "Content-Type not acceptable: image/png"),
        (
            "application/json",
            "{\"id\": 1, \"nam\": \"x\"}",
            "PGRST204",
            "Could not find the 'nam' column of 'subjects' in the schema cache",
        ),
        (
            "application/json",
            "{\"id\": \"x\", \"name\": \"x\"}",
            "22P02",
            "invalid input syntax for type integer: \"x\"",
        ),
        (
            "application/json",
            "{\"id\": 1, \"name\": \"\\u0000\"}",
            "22P05",
            "unsupported Unicode escape sequence",
        ),
    ] {
        let expected = (code.to_owned(), message.to_owned());
        assert_eq!(send(media_type, body).await, expected, "{body}");
    }
    let answer =
        library.ask("POST", "/subjects").body("application/json", &b"{\"id\": \"\xff\"}"[..]);
    assert_eq!(answer.librarian().await.is(400).code(), "PGRST102");
    assert_eq!(library.execute("select count(*) from library.subjects"), "4");
}
