//! Reads: what is selected, in which order, how much of it, and how it is counted.

use phlo_tests::Service;
use serde_json::json;

#[tokio::test]
async fn columns_are_selected_renamed_and_cast() {
    let library = Service::reading().await;
    library.get("/authors?id=eq.2").await.gives(json!([{
        "id": 2,
        "name": "Bruno Beck",
        "born": "1958-11-30",
        "home": null,
        "aliases": ["B. B.", "Beck, the Elder"],
    }]));
    library
        .get("/books?select=no:id,title,cost:price::text,pages::float8,genre::text&id=eq.1")
        .await
        .gives(json!([{
            "no": 1, "title": "The Quiet Orchard", "cost": "12.50", "pages": 320, "genre": "novel",
        }]));
    library.get("/authors?select=*,era:born&id=eq.3").await.gives(json!([{
        "id": 3,
        "name": "Clara Crane",
        "born": null,
        "home": {"street": "Quay 7", "town": "Northhaven"},
        "aliases": ["C"],
        "era": null,
    }]));
}

#[tokio::test]
async fn json_composites_and_arrays_are_looked_into() {
    let library = Service::reading().await;
    library
        .get(
            "/books?select=id,details->weight->g,w:details->weight->>g,details->langs->0,\
              details->langs->>-1,details->nothing->here&id=eq.1",
        )
        .await
        .gives(json!([{
            "id": 1, "g": 410, "w": "410", "langs": "en", "langs": "de", "here": null,
        }]));
    library
        .get("/authors?select=home->>town,aliases->0&home->>town=eq.Ashford")
        .await
        .gives(json!([{"town": "Ashford", "aliases": null}]));
    library
        .get("/books?select=id&details->weight->g=gt.200&order=details->weight->g.desc")
        .await
        .gives(json!([{"id": 4}, {"id": 1}]));
}

#[tokio::test]
async fn computed_columns_and_representations_are_columns() {
    let library = Service::reading().await;
    library
        .get("/books?select=id,shelf_mark,spine&shelf_mark=like.NOV*&order=shelf_mark")
        .await
        .gives(json!([{"id": 1, "shelf_mark": "NOV-1", "spine": "#0000ff"}]));
    library.get("/books?select=id&spine=eq.%23ff0000").await.gives(json!([{"id": 2}]));
    library
        .get("/books?select=id&spine=in.(%23ff0000,%23123456)&order=spine")
        .await
        .gives(json!([{"id": 5}, {"id": 2}]));
}

#[tokio::test]
async fn names_of_any_kind_are_names() {
    let library = Service::library().await;
    let table = "/odd \"names\"";
    library.get(table).await.gives(json!([{
        "id": 1, "a b": "space", "select": "keyword", "semi;--colon": "semicolon",
        "quo\"te": "quote", "größe": 5, "a.b": "dot", "c,d(e)": "comma",
    }]));
    library
        .get(&format!(
            "{table}?select=\"a b\",\"c,d(e)\",x:\"a.b\",größe\
             &\"semi%3B--colon\"=eq.semicolon&\"c,d(e)\"=neq.x&order=\"a.b\".desc"
        ))
        .await
        .gives(json!([{"a b": "space", "c,d(e)": "comma", "x": "dot", "größe": 5}]));
    let row = json!({"id": 2, "quo\"te": "new", "a b": null});
    library.post(table, &row).librarian().await.is(201);
    let changed = library
        .patch(
            &format!("{table}?\"quo\\\"te\"=eq.new&select=\"quo\\\"te\""),
            &json!({"c,d(e)": "y"}),
        )
        .librarian()
        .prefer("return=representation")
        .await;
    changed.gives(json!([{"quo\"te": "new"}]));
}

#[tokio::test]
async fn values_of_every_type_come_back_as_postgresql_writes_them() {
    let library = Service::reading().await;
    let answer = library.get("/samples?id=eq.1").await;
    answer.gives(json!([{
        "id": 1,
        "plain": {"b": 1, "a": [1, 2]},
        "binary_json": {"a": [1, 2], "b": 1},
        "key": "3e1b6cfe-1f2a-4c3d-9a4b-5c6d7e8f9a0b",
        "bytes": "\\x00ff10",
        "length": "1 day 02:03:04",
        "moment": "2024-05-06T07:08:09",
        "instant": "2024-05-06T05:08:09+00:00",
        "hour": "10:11:12",
        "truth": true,
        "whole": [1, null, 3],
        "span": "[1,5)",
        "bits": "1010",
        "net": "192.168.0.0/24",
        "small": "x",
    }]));
    // JSON that was stored as text keeps its text.
    assert!(answer.text().contains(r#"{"b": 1,  "a": [1, 2]}"#), "{}", answer.text());
    let tokyo = library.get("/samples?select=instant").prefer("timezone=Asia/Tokyo").await;
    tokyo.gives(json!([{"instant": "2024-05-06T14:08:09+09:00"}]));
    tokyo.has("preference-applied", "timezone=Asia/Tokyo");
}

#[tokio::test]
async fn rows_have_the_order_that_is_asked_for() {
    let library = Service::reading().await;
    let ids = async |order: &str| {
        let answer = library.get(&format!("/books?select=id&order={order}")).await;
        let rows = answer.is(200).json();
        let ids = rows.as_array().unwrap().iter().map(|row| row["id"].to_string());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids("id.desc").await, "6 5 4 3 2 1");
    assert_eq!(ids("price").await, "6 2 1 5 3 4");
    assert_eq!(ids("price.nullsfirst").await, "4 6 2 1 5 3");
    assert_eq!(ids("price.desc.nullslast,id").await, "3 5 1 2 6 4");
    assert_eq!(ids("author_id.desc,id.asc").await, "5 6 3 4 1 2");
    library
        .get("/books?select=id,authors(name)&order=authors(name).desc,id.desc&limit=2")
        .await
        .gives(json!([
            {"id": 2, "authors": {"name": "Iris Alder"}},
            {"id": 1, "authors": {"name": "Iris Alder"}},
        ]));
}

#[tokio::test]
async fn part_of_the_rows_says_which_part() {
    let library = Service::reading().await;
    let page = library.get("/books?select=id&order=id&limit=2&offset=1").await;
    page.gives(json!([{"id": 2}, {"id": 3}])).has("content-range", "1-2/*");
    let page = library
        .get("/books?select=id&order=id")
        .header("range", "2-3")
        .header("range-unit", "items")
        .prefer("count=exact")
        .await;
    assert_eq!(page.status, 206);
    page.gives(json!([{"id": 3}, {"id": 4}])).has("content-range", "2-3/6");
    let all = library.get("/books?select=id").prefer("count=exact").await;
    all.is(200).has("content-range", "0-5/6").has("preference-applied", "count=exact");
    library.get("/books?id=eq.0").prefer("count=exact").await.is(200).has("content-range", "*/0");
    library.get("/books?limit=0").await.gives(json!([])).has("content-range", "*/*");

    let beyond = library.get("/books?offset=7").prefer("count=exact").await;
    beyond.refuses(
        416,
        json!({
            "code": "PGRST103",
            "message": "Requested range not satisfiable",
            "details": "An offset of 7 was requested, but there are only 6 rows.",
            "hint": null,
        }),
    );
    beyond.has("content-range", "*/6");
}

#[tokio::test]
async fn a_server_has_a_limit_on_rows() {
    let library = Service::library_with(&[("db-max-rows", "2")]).await;
    let page = library.get("/books?select=id&order=id&limit=5").prefer("count=exact").await;
    assert_eq!(page.status, 206);
    page.gives(json!([{"id": 1}, {"id": 2}])).has("content-range", "0-1/6");
    library
        .get("/authors?select=id,books(id)&id=eq.1&books.order=id")
        .await
        .gives(json!([{"id": 1, "books": [{"id": 1}, {"id": 2}]}]));
    let rows = library.get("/rpc/titles").await.is(200).json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    // What is changed is not limited.
    let changed = library.patch("/copies?state=neq.lost", &json!({"state": "lost"})).librarian();
    changed.prefer("count=exact").await.is(204);
    assert_eq!(library.execute("select count(*) from library.copies where state = 'lost'"), "3");
}

#[tokio::test]
async fn rows_are_counted_exactly_or_by_guess() {
    let library = Service::library().await;
    library.execute(
        "insert into library.guestbook select 'visitor ' || n from generate_series(1, 3000) n;
         analyze library.guestbook",
    );
    let planned = library.get("/guestbook?limit=1").prefer("count=planned").await;
    assert_eq!(planned.is(206).header("content-range"), "0-0/3002");
    let service = Service::library_with(&[("db-max-rows", "10")]).await;
    service.execute(
        "insert into library.guestbook select 'visitor ' || n from generate_series(1, 3000) n;
         analyze library.guestbook",
    );
    let estimated = service.get("/guestbook").prefer("count=estimated").await;
    assert_eq!(estimated.is(206).header("content-range"), "0-9/3002");
    let few = service.get("/authors?limit=1").prefer("count=estimated").await;
    assert_eq!(few.is(206).header("content-range"), "0-0/4");
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let library = Service::reading().await;
    for target in ["/books?id=lt.3", "/rpc/titles", "/rpc/add_up?a=1", "/"] {
        let full = library.get(target).prefer("count=exact").await;
        let head = library.ask("HEAD", target).prefer("count=exact").await;
        assert_eq!(head.status, full.status, "{target}");
        assert!(head.body.is_empty());
        for name in ["content-type", "content-range", "content-location", "vary"] {
            assert_eq!(head.header(name), full.header(name), "{target}: {name}");
        }
    }
    library.ask("HEAD", "/books?id=x").await.is(400);
}

#[tokio::test]
async fn schemas_are_chosen_by_profile() {
    let library = Service::library().await;
    let answer = library.get("/books").header("accept-profile", "archive").await;
    answer.gives(json!([{"id": 1, "title": "Lost Almanac", "withdrawn": "1999-12-31"}]));
    answer.has("content-profile", "archive");
    let new = json!({"id": 2, "title": "Found"});
    let answer = library.post("/books", &new).header("content-profile", "archive").librarian();
    let answer = answer.prefer("return=representation").await;
    answer.is(201).has("content-profile", "archive");
    assert_eq!(library.execute("select count(*) from archive.books"), "2");
    library.get("/books?limit=1").await.is(200).has("content-profile", "library");
}

#[tokio::test]
async fn options_say_what_can_be_done() {
    let library = Service::reading().await;
    for (target, allowed) in [
        ("/", "OPTIONS,GET,HEAD"),
        ("/books", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("/guestbook", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
        ("/genre_counts", "OPTIONS,GET,HEAD"),
        ("/arrivals", "OPTIONS,GET,HEAD,POST"),
        ("/rpc/greeting", "OPTIONS,GET,HEAD,POST"),
        ("/rpc/count_call", "OPTIONS,POST"),
    ] {
        let answer = library.ask("OPTIONS", target).await;
        answer.is(200).has("allow", allowed).has("access-control-allow-origin", "*");
    }
    library.ask("OPTIONS", "/nothing").await.is(404);
}

#[tokio::test]
async fn views_and_partitioned_tables_are_tables() {
    let library = Service::reading().await;
    library.get("/available_books?select=id&order=id").await.gives(json!([
        {"id": 1}, {"id": 4}, {"id": 5}, {"id": 6},
    ]));
    library.get("/author_list?id=eq.1").await.gives(json!([{"id": 1, "loud": "IRIS ALDER"}]));
    library.get("/visits?select=visitors.sum()").await.is(400);
    library
        .get("/visits?day=eq.2024-01-01&select=visitors,branches(name)&order=visitors")
        .await
        .gives(json!([
            {"visitors": 5, "branches": {"name": "Harbour"}},
            {"visitors": 20, "branches": {"name": "Main"}},
        ]));
    assert_eq!(library.get("/visits_2024").await.is(404).code(), "PGRST205");
}

#[tokio::test]
async fn aggregates_are_for_servers_that_allow_them() {
    let library = Service::reading().await;
    library.get("/books?select=price.sum()").await.refuses(
        400,
        json!({
            "code": "PGRST123",
            "message": "Use of aggregate functions is not allowed",
            "details": null,
            "hint": null,
        }),
    );
    let library = Service::reading_with(&[("db-aggregates-enabled", "true")]).await;
    library
        .get("/books?select=genre,price.sum(),books:count(),dearest:price.max()::text&order=genre")
        .await
        .gives(json!([
            {"genre": "novel", "sum": 12.50, "books": 1, "dearest": "12.50"},
            {"genre": "poetry", "sum": 8.00, "books": 1, "dearest": "8.00"},
            {"genre": "history", "sum": 30.00, "books": 2, "dearest": "30.00"},
            {"genre": "science", "sum": 21.75, "books": 1, "dearest": "21.75"},
            {"genre": null, "sum": 0.99, "books": 1, "dearest": "0.99"},
        ]));
    library.get("/authors?select=name,books(count(),pages.avg())&id=lt.3&order=id").await.gives(
        json!([
            {"name": "Iris Alder", "books": [{"count": 2, "avg": 208.0}]},
            {"name": "Bruno Beck", "books": [{"count": 2, "avg": 496.0}]},
        ]),
    );
    library.get("/books?select=...authors(name),pages.sum()&order=sum.desc").await.is(400);
}
