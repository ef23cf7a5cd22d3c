//! Many at once on few connections: nobody gets what belongs to another.

use std::sync::Arc;

use phlo_tests::Service;
use serde_json::json;
use tokio::task::JoinSet;

/// Members, the anonymous role and librarians, reads, writes, calls and errors, mixed over three
/// connections, every answer checked for whose it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_is_given_to_another() {
    let library = Arc::new(Service::library_with(&[("db-pool", "3")]).await);
    let mut clients = JoinSet::new();
    for client in 0..40_u32 {
        let library = Arc::clone(&library);
        clients.spawn(async move {
            for round in 0..25_u32 {
                ask_once(&library, client % 20 + 1, client + round).await;
            }
        });
    }
    clients.join_all().await;
    let written = "select count(*) filter (where body like 'by ' || owner || ' %'), count(*)
                   from library.notes where body like 'by %'";
    let counts = library.execute(written);
    let (right, all) = counts.split_once('|').unwrap();
    assert_eq!(right, all);
    assert!(all.parse::<u32>().unwrap() > 100, "{all}");
    let pool = library.state().pool().status();
    assert_eq!((pool.max, pool.timeouts), (3, 0));
    assert!(pool.size <= 3);
}

async fn ask_once(library: &Service, user: u32, kind: u32) {
    let name = format!("user {user}");
    match kind % 7 {
        0 | 1 => {
            let answer = library.get("/notes?select=owner,body").member(&name).await;
            let rows = answer.is(200).json();
            let rows = rows.as_array().unwrap();
            assert!(rows.len() >= 3);
            for row in rows {
                assert_eq!(row["owner"], name.as_str());
                assert!(row["body"].as_str().unwrap().contains(&format!("user {user}")), "{row}");
            }
        }
        2 => {
            let claims = json!({"role": "member", "sub": name, "kind": kind});
            let answer = library.get("/rpc/who_am_i").claims(claims.clone()).await;
            let who = answer.is(200).json();
            assert_eq!((&who["user"], &who["claims"]), (&json!("member"), &claims));
        }
        3 => {
            let who = library.get("/rpc/who_am_i").await.is(200).json();
            assert_eq!(
                (&who["user"], &who["claims"]),
                (&json!("visitor"), &json!({"role": "visitor"}))
            );
        }
        4 => {
            let note = json!({"body": format!("by {name} {kind}")});
            let ask = library.post("/notes?select=owner,body", &note).member(&name);
            let answer = ask.prefer("return=representation").await;
            answer.is(201);
            assert_eq!(answer.json(), json!([{"owner": name, "body": note["body"]}]));
        }
        5 => {
            // Transactions that fail leave nothing to those that come after them.
            let answer =
                library.post("/notes", &json!({"owner": "x", "body": "y"})).member(&name).await;
            assert_eq!(answer.is(403).code(), "42501");
        }
        _ => {
            let answer = library.get("/notes?select=weight").librarian().await;
            assert_eq!(answer.is(400).code(), "42703");
            library.get("/notes?select=id&limit=1").librarian().await.is(200);
        }
    }
}
