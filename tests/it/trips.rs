//! Trips over the network between the service and the database, counted by a proxy between them.

use phlo_tests::{Ask, Database, Proxy, Service};
use serde_json::json;

async fn counted() -> (Service, Proxy) {
    let proxy = Proxy::start().await;
    let database = Database::library();
    let uri = database.uri_through(&proxy);
    let service = Service::unloaded_library(database, &[("db-uri", &uri), ("db-pool", "1")]);
    service.load().await;
    (service, proxy)
}

/// How many trips a request takes.
async fn trips(proxy: &Proxy, ask: Ask<'_>, status: u16) -> u64 {
    let before = proxy.trips();
    ask.await.is(status);
    proxy.trips() - before
}

#[tokio::test]
async fn a_request_is_one_trip_unless_its_end_depends_on_its_rows() {
    let (library, proxy) = counted().await;
    // Connecting and logging in takes some, once.
    trips(&proxy, library.get("/subjects?limit=1"), 200).await;
    let connections = proxy.connections();

    let get = || library.get("/books?select=id,authors(name)&id=lt.4");
    assert_eq!(trips(&proxy, get(), 200).await, 1, "a cold GET");
    assert_eq!(trips(&proxy, get(), 200).await, 1, "a warm GET");
    assert_eq!(trips(&proxy, get().prefer("count=exact"), 200).await, 1, "a counted GET");
    assert_eq!(trips(&proxy, get().prefer("count=planned").header("range", "0-0"), 206).await, 1);
    let one = || library.get("/books?id=eq.1&select=id").object();
    assert_eq!(trips(&proxy, one(), 200).await, 1, "a singular GET");
    assert_eq!(trips(&proxy, library.get("/books?id=lt.3").object(), 406).await, 1);
    assert_eq!(trips(&proxy, library.get("/rpc/greeting"), 200).await, 1, "a call");
    assert_eq!(trips(&proxy, library.get("/books?id=eq.x"), 400).await, 1, "an error");
    assert_eq!(trips(&proxy, library.get("/notes"), 401).await, 1, "a refusal");

    let row = |id: u32| json!({"id": id, "name": format!("subject {id}")});
    let post = |id: u32| library.post("/subjects", &row(id)).librarian();
    assert_eq!(trips(&proxy, post(100), 201).await, 1, "a cold POST");
    assert_eq!(trips(&proxy, post(101), 201).await, 1, "a warm POST");
    // What was begun has to be undone.
    assert_eq!(trips(&proxy, post(101), 409).await, 2, "a POST that fails");
    let merge = "resolution=merge-duplicates, return=representation";
    assert_eq!(trips(&proxy, post(101).prefer(merge), 200).await, 1, "an upsert");
    let patch = || library.patch("/subjects?id=eq.100", &json!({"name": "x"})).librarian();
    assert_eq!(trips(&proxy, patch(), 204).await, 1, "a PATCH");
    let deferred = json!({"id": 9, "book_id": 999});
    let fails_late = library.post("/placements", &deferred).librarian();
    assert_eq!(trips(&proxy, fails_late, 409).await, 1, "a commit that fails");

    let limited = || patch().prefer("handling=strict, max-affected=1");
    assert_eq!(trips(&proxy, limited(), 204).await, 2, "a PATCH with a limit");
    let none = || patch().prefer("handling=strict, max-affected=0");
    assert_eq!(trips(&proxy, none(), 400).await, 2, "a PATCH beyond its limit");
    let put = || library.put("/subjects?id=eq.100", &row(100)).librarian();
    assert_eq!(trips(&proxy, put(), 204).await, 2, "a PUT");
    let single = post(102).object().prefer("return=representation");
    assert_eq!(trips(&proxy, single, 201).await, 2, "a singular POST");

    assert_eq!(proxy.connections(), connections);
}

#[tokio::test]
async fn what_needs_no_database_takes_no_trip() {
    let (library, proxy) = counted().await;
    for (ask, status) in [
        (library.get("/nothing"), 404),
        (library.get("/books?id=1"), 400),
        (library.get("/books").token("x.y.z"), 401),
        (library.get("/books?select=authors(id)&authors.order=books(id)"), 400),
        (library.ask("OPTIONS", "/books"), 200),
    ] {
        assert_eq!(trips(&proxy, ask, status).await, 0);
    }
}

#[tokio::test]
async fn a_document_is_one_trip() {
    let (library, proxy) = counted().await;
    trips(&proxy, library.get("/subjects?limit=1"), 200).await;
    assert_eq!(trips(&proxy, library.get("/"), 200).await, 1);
}
