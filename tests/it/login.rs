//! `POST /rpc/login` on the lakehouse sample: passwords for tokens.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use phlo_tests::{Answer, Service};
use serde_json::{Value, json};

async fn login(service: &Service, username: &str, password: &str) -> Answer {
    service.post("/rpc/login", &json!({"username": username, "password": password})).await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

/// The body that the service before this one had, with the token put aside.
#[tokio::test]
async fn the_right_password_gives_a_token() {
    let lakehouse = Service::lakehouse().await;
    let before = phlo_http::auth::unix_now();
    let answer = login(&lakehouse, "analyst", "analyst123").await;
    let mut body = answer.is(200).json();
    answer.has("content-type", "application/json; charset=utf-8").has("cache-control", "no-store");
    let token = body["access_token"].take();
    let token = token.as_str().unwrap();
    assert_eq!(
        body,
        json!({
            "access_token": null,
            "token_type": "bearer",
            "expires_in": 3600,
            "user": {
                "user_id": "analyst_001",
                "username": "analyst",
                "email": "analyst@phlo.local",
                "role": "analyst",
            },
        })
    );
    assert_eq!(header(token), json!({"alg": "HS256", "typ": "JWT"}));
    let mut claims = claims(token);
    let (issued, expires) = (claims["iat"].take(), claims["exp"].take());
    // Whole numbers, an hour apart.
    let (issued, expires) = (issued.as_i64().unwrap(), expires.as_i64().unwrap());
    assert_eq!(expires - issued, 3600);
    assert!((before..=before + 30).contains(&issued));
    assert_eq!(
        claims,
        json!({
            "sub": "analyst",
            "username": "analyst",
            "user_id": "analyst_001",
            "email": "analyst@phlo.local",
            "role": "analyst",
            "iat": null,
            "exp": null,
            "https://hasura.io/jwt/claims": {
                "x-hasura-allowed-roles": ["analyst"],
                "x-hasura-default-role": "analyst",
                "x-hasura-user-id": "analyst_001",
            },
        })
    );
    lakehouse.get("/glucose_readings?limit=1").await.is(401);
    let readings = lakehouse.get("/glucose_readings?limit=1").token(token).await;
    assert_eq!(readings.is(200).json().as_array().unwrap().len(), 1);
    let user = lakehouse.get("/rpc/user_info").token(token).await.is(200).json();
    assert_eq!(user["user_id"], "analyst_001");
}

#[tokio::test]
async fn every_other_login_is_refused_alike() {
    let lakehouse = Service::lakehouse().await;
    let refused = json!({
        "code": "PGRST304",
        "message": "Incorrect username or password",
        "details": null,
        "hint": "Check both; upper and lower case are distinguished.",
    });
    for (username, password) in [
        ("analyst", "wrong"),
        ("analyst", "Analyst123"),
        ("analyst", ""),
        ("Analyst", "analyst123"),
        ("nobody", "analyst123"),
        ("", ""),
        ("inactive_user", "inactive123"),
        ("analyst' or true --", "analyst123"),
    ] {
        let answer = login(&lakehouse, username, password).await;
        answer.refuses(401, refused.clone());
        answer.has("www-authenticate", "Bearer");
    }
    let books = "select failed_logins from auth.users where username = 'analyst'";
    assert_eq!(lakehouse.execute(books), "3");
    login(&lakehouse, "analyst", "analyst123").await.is(200);
    assert_eq!(lakehouse.execute(books), "0");
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_the_first_login() {
    let lakehouse = Service::lakehouse().await;
    let hash = "select password_hash from auth.users where username = 'admin'";
    let old = lakehouse.execute(hash);
    assert!(old.starts_with("$2b$12$"), "{old}");
    login(&lakehouse, "admin", "wrong").await.is(401);
    assert_eq!(lakehouse.execute(hash), old);
    login(&lakehouse, "admin", "admin123").await.is(200);
    let new = lakehouse.execute(hash);
    assert!(new.starts_with("$argon2id$"), "{new}");
    login(&lakehouse, "admin", "admin123").await.is(200);
    login(&lakehouse, "admin", "wrong").await.is(401);
    // It is replaced once.
    assert_eq!(lakehouse.execute(hash), new);
}

#[tokio::test]
async fn how_long_it_takes_does_not_tell_who_there_is() {
    let lakehouse = Service::lakehouse().await;
    let mut took = Vec::new();
    for username in ["analyst", "nobody"] {
        // The first one lets the service find out how dear the hashes are.
        login(&lakehouse, username, "wrong").await.is(401);
        let started = Instant::now();
        login(&lakehouse, username, "wrong").await.is(401);
        took.push(started.elapsed());
    }
    let [known, unknown] = took[..] else { unreachable!() };
    assert!(unknown * 4 > known && known * 4 > unknown, "{known:?} {unknown:?}");
    assert!(unknown > Duration::from_millis(5), "{unknown:?}");
}

#[tokio::test]
async fn bodies_that_are_no_credentials_are_refused() {
    let lakehouse = Service::lakehouse().await;
    for body in [
        "",
        "not json",
        "[]",
        "{\"username\": \"admin\"}",
        "{\"username\": 1, \"password\": \"x\"}",
    ] {
        let answer = lakehouse.ask("POST", "/rpc/login").body("application/json", body).await;
        let json = answer.is(400).json();
        assert_eq!(json["code"], "PGRST102", "{body}");
        assert_eq!(json["message"], "A login takes a JSON object with 'username' and 'password'");
        assert_eq!(json["hint"], "Send {\"username\": \"..\", \"password\": \"..\"}.");
    }
    // A password that came without a name doesn't go back.
    let secret = "{\"password\": \"do not repeat me\"}";
    let answer = lakehouse.ask("POST", "/rpc/login").body("application/json", secret).await;
    assert!(!answer.is(400).text().contains("do not repeat me"), "{}", answer.text());
    let long = login(&lakehouse, "admin", &"x".repeat(5000)).await;
    assert_eq!(long.is(400).json()["message"], "the password is longer than 1024 bytes");
    login(&lakehouse, "admin", "a\u{0}b").await.is(401);
}

#[tokio::test]
async fn clients_cannot_reach_the_users() {
    let lakehouse = Service::lakehouse().await;
    let token = login(&lakehouse, "admin", "admin123").await.json();
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(lakehouse.get("/users").token(token).await.is(404).code(), "PGRST205");
    let answer = lakehouse.get("/rpc/login_lookup?username=admin").token(token).await;
    assert_eq!(answer.is(404).code(), "PGRST202");
    let answer = lakehouse.get("/users").header("accept-profile", "auth").token(token).await;
    assert_eq!(answer.is(406).code(), "PGRST106");
}
