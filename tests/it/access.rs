//! Who may do what: roles, tokens, row security, and what nobody can read.

use phlo_tests::{SECRET, Service, sign};
use serde_json::{Value, json};

/// The error body of a token that isn't accepted.
fn refused(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message, "details": null, "hint": null})
}

fn now() -> i64 {
    phlo_http::auth::unix_now()
}

#[tokio::test]
async fn requests_without_a_token_run_as_the_anonymous_role() {
    let library = Service::library().await;
    let answer = library.get("/rpc/who_am_i").await;
    let who = answer.is(200).json();
    assert_eq!(who["user"], "visitor");
    assert_eq!(who["login"], "library_login");
    assert_eq!(who["claims"], json!({"role": "visitor"}));
    // A token that names no role counts as none, but its claims are there to be read.
    let answer = library.get("/rpc/who_am_i").claims(json!({"sub": "x"})).await;
    let who = answer.is(200).json();
    assert_eq!(who["user"], "visitor");
    assert_eq!(who["claims"], json!({"role": "visitor", "sub": "x"}));
    // The login role may do nothing itself: were it used, this would succeed or fail otherwise.
    library.execute("grant select on library.notes to library_login");
    let answer = library.get("/notes").await;
    answer.refuses(
        401,
        json!({
            "code": "42501",
            "message": "permission denied for table notes",
            "details": null,
            "hint": null,
        }),
    );
    answer.has("www-authenticate", "Bearer");
}

#[tokio::test]
async fn tokens_name_the_role() {
    let library = Service::library().await;
    for role in ["member", "librarian", "hasty"] {
        let who = library.get("/rpc/who_am_i").role(role).await.is(200).json();
        assert_eq!((&who["user"], &who["claims"]["role"]), (&json!(role), &json!(role)));
    }
    // The role holds for one transaction: the next one on the connection has its own.
    let who = library.get("/rpc/who_am_i").await.is(200).json();
    assert_eq!(who["user"], "visitor");
    // What one may not do is 403 to who has a token.
    let answer = library.delete("/authors?id=eq.4").role("member").await;
    answer.refuses(403, refused("42501", "permission denied for table authors"));
    assert_eq!(answer.header("www-authenticate"), "");
}

#[tokio::test]
async fn roles_that_the_login_role_may_not_become_are_refused() {
    let library = Service::library().await;
    for role in ["postgres", "outsider"] {
        let answer = library.get("/books").role(role).await;
        let message = format!("permission denied to set role \"{role}\"");
        answer.refuses(403, refused("42501", &message));
    }
    let answer = library.get("/books").role("nobody").await;
    answer.refuses(401, refused("22023", "role \"nobody\" does not exist"));
    // The login role can always be what it is; but that has no rights at all.
    for role in ["library_login", "none"] {
        let answer = library.get("/books").role(role).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "42501"), "{role}");
    }
    let answer = library.get("/books").role("").await;
    assert!(matches!(answer.status, 401 | 403), "{answer:?}");
}

#[tokio::test]
async fn a_login_role_without_inherit_is_enough_for_everything() {
    let library = Service::library().await;
    assert_eq!(
        library.execute(
            "select rolinherit, has_schema_privilege('library_login', 'library', 'usage')
             from pg_roles where rolname = 'library_login'"
        ),
        "f|f"
    );
    for target in [
        "/",
        "/openapi.json",
        "/books?select=id,price::text,genre::genre,author:authors(name)&limit=1",
        "/books?select=spine&limit=1",
        "/rpc/books_of?genre=novel",
        "/rpc/first_book?select=shelf_mark",
    ] {
        library.get(target).await.is(200);
        library.get(target).librarian().await.is(200);
    }
    let body = json!({"title": "New", "author_id": 1, "spine": "#0000ff", "genre": "novel"});
    library.post("/books", &body).librarian().prefer("missing=default").await.is(201);
    library.put("/subjects?id=eq.9", &json!({"id": 9, "name": "new"})).librarian().await.is(204);
}

#[tokio::test]
async fn tokens_that_cannot_be_verified_are_refused() {
    let library = Service::library().await;
    let good = sign(json!({"role": "member"}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let forged = sign(json!({"role": "librarian"}));
    let forged_payload = forged.split('.').nth(1).unwrap();
    let unsigned = "eyJhbGciOiJub25lIn0";
    for (token, message) in [
        ("nonsense".to_owned(), "Expected 3 parts in JWT; got 1"),
        (format!("{header}.{payload}"), "Expected 3 parts in JWT; got 2"),
        (format!("{header}.{forged_payload}.{signature}"), "No suitable key or wrong key type"),
        (format!("{head}.{}", "A".repeat(43)), "No suitable key or wrong key type"),
        (format!("{unsigned}.{payload}."), "Wrong or unsupported encoding algorithm"),
    ] {
        let answer = library.get("/books").token(&token).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text());
        assert_eq!(
            (answer.code().as_str(), &answer.json()["message"]),
            ("PGRST301", &json!(message))
        );
        assert!(
            answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""),
            "{token}"
        );
    }
    let answer = library.get("/books").header("authorization", "Bearer ").await;
    answer.refuses(401, refused("PGRST301", "Empty JWT is sent in Authorization header"));
    // Another scheme is none.
    library.get("/books").header("authorization", "Basic YTpi").await.is(200);
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused() {
    let library = Service::library_with(&[("jwt-aud", "library")]).await;
    for (claims, message) in [
        (json!({"exp": now() - 31}), "JWT expired"),
        (json!({"nbf": now() + 60}), "JWT not yet valid"),
        (json!({"iat": now() + 60}), "JWT issued at future"),
        (json!({"aud": "elsewhere"}), "JWT not in audience"),
        (json!({"exp": "soon"}), "The JWT 'exp' claim must be a number"),
    ] {
        let answer = library.get("/books").claims(claims).await;
        answer.refuses(401, refused("PGRST303", message));
        let expected = format!("Bearer error=\"invalid_token\", error_description=\"{message}\"");
        answer.has("www-authenticate", &expected);
    }
    library.get("/books").claims(json!({"aud": ["x", "library"], "exp": now() + 60})).await.is(200);
}

#[tokio::test]
async fn a_token_that_expires_is_refused_though_it_was_verified_before() {
    let library = Service::library().await;
    // The clocks of who signs and who verifies may differ by 30 seconds.
    let token = sign(json!({"role": "member", "exp": now() - 28}));
    library.get("/books").token(&token).await.is(200);
    library.get("/books").token(&token).await.is(200);
    assert_eq!(library.state().live().authenticator.cache_counts().hits, 1);
    tokio::time::sleep(std::time::Duration::from_millis(3100)).await;
    let answer = library.get("/books").token(&token).await;
    answer.refuses(401, refused("PGRST303", "JWT expired"));
    assert_eq!(library.state().live().authenticator.cache_counts().hits, 2);
}

#[tokio::test]
async fn without_an_anonymous_role_a_token_is_needed() {
    let library = Service::library_with(&[("db-anon-role", "")]).await;
    let answer = library.get("/books").await;
    answer.refuses(401, refused("PGRST302", "Anonymous access is disabled"));
    answer.has("www-authenticate", "Bearer");
    library.get("/books").claims(json!({"sub": "x"})).await.is(401);
    library.get("/books").role("member").await.is(200);
}

#[tokio::test]
async fn without_a_secret_no_token_is_accepted() {
    let library = Service::library_with(&[("jwt-secret", "")]).await;
    let answer = library.get("/books").role("member").await;
    answer.refuses(500, refused("PGRST300", "Server lacks JWT secret"));
    library.get("/books").await.is(200);
}

#[tokio::test]
async fn members_see_and_change_their_own_rows_alone() {
    let library = Service::library().await;
    let mine = library.get("/notes?select=owner,body&order=id").member("user 3").await;
    mine.gives(json!([
        {"owner": "user 3", "body": "note 1 of user 3"},
        {"owner": "user 3", "body": "note 2 of user 3"},
        {"owner": "user 3", "body": "note 3 of user 3"},
    ]));
    library.get("/notes").member("stranger").await.gives(json!([]));
    let all = library.get("/notes?select=id").librarian().prefer("count=exact").await;
    assert_eq!(all.header("content-range"), "0-59/60");

    let changed = library
        .patch("/notes?id=gt.0&select=owner", &json!({"body": "mine"}))
        .member("user 1")
        .prefer("return=representation")
        .await;
    changed.gives(json!([{"owner": "user 1"}, {"owner": "user 1"}, {"owner": "user 1"}]));
    library.delete("/notes?id=gt.0").member("user 2").await.is(204);
    let left = "select count(*), count(*) filter (where body = 'mine') from library.notes";
    assert_eq!(library.execute(left), "57|3");

    let stolen = json!({"owner": "user 1", "body": "forged"});
    let answer = library.post("/notes", &stolen).member("user 2").await;
    let message = "new row violates row-level security policy for table \"notes\"";
    answer.refuses(403, refused("42501", message));
    let own = library
        .post("/notes?select=owner", &json!({"body": "own"}))
        .member("user 2")
        .prefer("return=representation")
        .await;
    own.gives(json!([{"owner": "user 2"}]));
}

/// PostgreSQL asks for the right to execute a function that it inlines when it plans, so that a
/// statement that one role has prepared would carry the right to the next.
#[tokio::test]
async fn rights_are_asked_of_each_role_on_one_connection() {
    let library = Service::library_with(&[("db-pool", "1")]).await;
    for _ in 0..8 {
        library.get("/rpc/inlined").librarian().await.is(200);
        let answer = library.get("/rpc/inlined").role("member").await;
        answer.refuses(403, refused("42501", "permission denied for function inlined"));
    }
    // What is taken away is gone at once, also for statements that are prepared.
    library.execute("revoke execute on function library.inlined from librarian");
    library.get("/rpc/inlined").librarian().await.is(403);
}

#[tokio::test]
async fn the_settings_of_a_role_hold_for_its_requests() {
    let library = Service::library().await;
    let who = library.get("/rpc/who_am_i").librarian().await.is(200).json();
    assert_eq!(who["isolation"], "repeatable read");
    let who = library.get("/rpc/who_am_i").role("member").await.is(200).json();
    assert_eq!(who["isolation"], "read committed");

    let slow = json!({"seconds": 0.6});
    let answer = library.post("/rpc/wait", &slow).role("hasty").await;
    answer.refuses(500, refused("57014", "canceling statement due to statement timeout"));
    library.post("/rpc/wait", &slow).role("member").await.gives(json!("rested"));
}

#[tokio::test]
async fn a_function_runs_before_each_request() {
    let library = Service::library_with(&[("db-pre-request", "tools.check_request")]).await;
    library.get("/books?limit=1").await.is(200);
    for ask in [
        library.get("/books").header("x-banned", "1").role("member"),
        library.post("/rpc/add_up", &json!({"a": 1})).header("x-banned", "1").role("member"),
    ] {
        ask.await.refuses(
            403,
            json!({
                "code": "42501",
                "message": "Not you",
                "details": null,
                "hint": "Come back tomorrow",
            }),
        );
    }
}

#[tokio::test]
async fn functions_lend_the_rights_of_their_owners() {
    let library = Service::library().await;
    library.get("/rpc/count_secrets").await.gives(json!(1));
}

#[tokio::test]
async fn private_tables_are_not_there() {
    let library = Service::library().await;
    for ask in [library.get("/secrets"), library.get("/secrets").librarian()] {
        assert_eq!(ask.await.is(404).code(), "PGRST205");
    }
    let answer = library.get("/secrets").header("accept-profile", "stacks").librarian().await;
    answer.refuses(
        406,
        json!({
            "code": "PGRST106",
            "message": "Invalid schema: stacks",
            "details": null,
            "hint": "Only the following schemas are exposed: library, archive",
        }),
    );
}

/// A role that may run any SQL it likes finds the secret that tokens are signed with nowhere.
#[tokio::test]
async fn the_secret_cannot_be_read_by_sql() {
    let library = Service::library_with(&[("db-pool", "1")]).await;
    library.get("/books").role("member").await.is(200);
    for query in [
        "select name, setting from pg_settings",
        "select query from pg_stat_activity",
        "select statement, parameter_types::text from pg_prepared_statements",
        "select current_setting('pgrst.jwt_secret', true)",
        "select current_setting('app.settings.jwt_secret', true)",
        "select current_setting('request.headers', true)",
        "select setconfig from pg_db_role_setting",
    ] {
        let body = json!({"query": query});
        for ask in
            [library.post("/rpc/run_sql", &body), library.post("/rpc/run_sql", &body).librarian()]
        {
            let answer = ask.await;
            answer.is(200);
            assert!(!answer.text().contains(SECRET), "{query}");
        }
    }
    // Settings of the application are what SQL is meant to see.
    let who = library.get("/rpc/who_am_i").await.json();
    assert_eq!(who["app"], "Read on");
}

#[tokio::test]
async fn sql_sees_the_request() {
    let library = Service::library().await;
    let answer = library
        .get("/rpc/who_am_i")
        .header("x-test", "hi")
        .header("cookie", "a=b; crumb=sweet")
        .claims(json!({"role": "member", "sub": "o'neil", "deep": {"b": 1, "a": [2]}}))
        .await;
    answer.gives(json!({
        "user": "member",
        "login": "library_login",
        "claims": {"deep": {"a": [2], "b": 1}, "role": "member", "sub": "o'neil"},
        "method": "GET",
        "path": "/rpc/who_am_i",
        "header": "hi",
        "cookie": "sweet",
        "search_path": "\"library\", \"tools\"",
        "app": "Read on",
        "isolation": "read committed",
        "read_only": "on",
    }));
}
