//! Media types: what the same rows look like in each.

use phlo_tests::Service;
use serde_json::json;

#[tokio::test]
async fn csv() {
    let library = Service::reading().await;
    let answer = library.get("/books?select=id,title,keywords,lent&id=in.(2,6)&order=id");
    let answer = answer.accept("text/csv").await;
    answer.is(200).has("content-type", "text/csv; charset=utf-8").has("content-range", "0-1/*");
    assert_eq!(
        answer.text(),
        "id,title,keywords,lent\n\
         2,\"A Ladder of Salt\",{sea},\"[2024-02-01,2024-03-01)\"\n\
         6,\"100% Wool, * and _\",\"{\"\"a,b\"\",\"\"c\\\\\"\"d\"\"}\","
    );
    let none = library.get("/books?select=id&id=eq.0").accept("text/csv").await;
    assert_eq!(none.is(200).text(), "\n");
    let called = library.get("/rpc/books_of?genre=novel&select=id,title").accept("text/csv").await;
    assert_eq!(called.is(200).text(), "id,title\n1,\"The Quiet Orchard\"");
}

#[tokio::test]
async fn nulls_can_be_left_out() {
    let library = Service::reading().await;
    let query = "/authors?select=id,born,home&order=id&id=in.(3,4)";
    let answer = library.get(query).accept("application/vnd.pgrst.array+json;nulls=stripped").await;
    answer.gives(json!([
        {"id": 3, "home": {"street": "Quay 7", "town": "Northhaven"}},
        {"id": 4, "born": "1990-01-15"},
    ]));
    let object = "application/vnd.pgrst.object+json;nulls=stripped";
    let answer = library.get("/authors?select=id,born&id=eq.3").accept(object).await;
    answer.gives(json!({"id": 3}));
    answer.has("content-type", "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8");
}

#[tokio::test]
async fn handlers_of_the_database_make_bodies() {
    let library = Service::reading().await;
    let answer = library.get("/authors?id=lt.3&order=id").accept("text/x-names").await;
    answer.is(200).has("content-type", "text/x-names");
    assert_eq!(answer.text(), "Iris Alder\nBruno Beck");
    let called = library.get("/rpc/elders").accept("text/x-names").await;
    assert_eq!(called.is(200).text(), "Iris Alder\nBruno Beck");
    assert_eq!(library.get("/books").accept("text/x-names").await.is(406).code(), "PGRST107");
}

#[tokio::test]
async fn execution_plans_are_for_servers_that_show_them() {
    let plan = "application/vnd.pgrst.plan+json; for=\"application/json\"; options=verbose";
    let library = Service::reading().await;
    assert_eq!(library.get("/books").accept(plan).await.is(406).code(), "PGRST107");
    let library = Service::reading_with(&[("db-plan-enabled", "true")]).await;
    let answer = library.get("/books?id=eq.1").accept(plan).await;
    assert!(answer.is(200).json()[0]["Plan"]["Total Cost"].is_number(), "{}", answer.text());
    let text = library.get("/books").accept("application/vnd.pgrst.plan").await;
    assert!(text.is(200).text().contains("Seq Scan on books"), "{}", text.text());
    // A query that the database refuses is an error here too.
    let wrong = library.get("/books?search=fts.a b").accept(plan).await;
    assert_eq!(wrong.is(400).code(), "42601");
    let writes = Service::library_with(&[("db-plan-enabled", "true")]).await;
    let analyze = "application/vnd.pgrst.plan+json; options=analyze";
    let answer = writes.delete("/copies?number=gt.0").librarian().accept(analyze).await;
    assert!(answer.is(200).json()[0]["Execution Time"].is_number(), "{}", answer.text());
}

#[tokio::test]
async fn every_answer_says_what_it_depends_on() {
    let library = Service::reading().await;
    for (target, media) in [
        ("/books?limit=1", "application/json; charset=utf-8"),
        ("/rpc/greeting", "application/json; charset=utf-8"),
        ("/", "application/openapi+json; charset=utf-8"),
        ("/nothing", "application/json; charset=utf-8"),
    ] {
        let answer = library.get(target).await;
        answer.has("content-type", media).has("vary", "Accept, Prefer, Range");
        assert!(answer.header("server").starts_with("phlo/"));
    }
    let answer = library.get("/books?limit=1&order=id").await;
    answer.has("content-location", "/books?limit=1&order=id");
}

#[tokio::test]
async fn browsers_are_answered_across_origins() {
    let library =
        Service::reading_with(&[("server-cors-allowed-origins", "https://a.example")]).await;
    let preflight = library
        .ask("OPTIONS", "/books")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "x-own")
        .await;
    preflight.is(200).has("access-control-allow-origin", "https://a.example");
    assert!(preflight.header("access-control-allow-methods").contains("PATCH"));
    let get = library.get("/books?limit=1").header("origin", "https://a.example").await;
    get.is(200).has("access-control-allow-origin", "https://a.example");
    let other = library.get("/books?limit=1").header("origin", "https://b.example").await;
    other.is(200).has("access-control-allow-origin", "");
}
