//! The documents that describe a schema show what the caller may use.

use phlo_tests::{Answer, Service};

fn paths(answer: &Answer) -> Vec<String> {
    let json = answer.is(200).json();
    json["paths"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn documents_follow_privileges() {
    let library = Service::reading().await;
    for target in ["/", "/openapi.json"] {
        let visitor = paths(&library.get(target).await);
        let librarian = paths(&library.get(target).librarian().await);
        for shown in ["/books", "/rpc/add_up", "/book_titles"] {
            assert!(visitor.iter().any(|it| it == shown), "{shown}: {visitor:?}");
        }
        for hidden in ["/notes", "/forms", "/rpc/add_book", "/crates"] {
            assert!(!visitor.iter().any(|it| it == hidden), "{hidden}");
            assert!(librarian.iter().any(|it| it == hidden), "{hidden}");
        }
    }
    let document = library.get("/").await.json();
    assert_eq!(document["swagger"], "2.0");
    assert_eq!(document["info"]["title"], "A small lending library");
    let newer = library.get("/openapi.json").await.json();
    assert_eq!(newer["openapi"], "3.1.0");
}

#[tokio::test]
async fn documents_can_show_everything_or_nothing() {
    let library = Service::reading_with(&[("openapi-mode", "ignore-privileges")]).await;
    assert!(paths(&library.get("/").await).iter().any(|it| it == "/rpc/add_book"));
    let library = Service::reading_with(&[("openapi-mode", "disabled")]).await;
    assert_eq!(library.get("/").await.is(404).code(), "PGRST126");
}

#[tokio::test]
async fn each_schema_has_its_document() {
    let library = Service::reading().await;
    let answer = library.get("/").header("accept-profile", "archive").await;
    answer.has("content-profile", "archive");
    let found = paths(&answer);
    assert!(found.iter().any(|it| it == "/books") && !found.iter().any(|it| it == "/authors"));
}
