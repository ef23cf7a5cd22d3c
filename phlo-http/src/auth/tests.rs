//! Identities: roles, the absence of a token, and what is remembered.

use serde_json::json;

use super::*;
use crate::config::{DatabaseSettings, Environment, Sources, load};

const SECRET: &str = "reallyreallyreallyreallyverysafe";
const NOW: i64 = 1_700_000_000;

fn config(variables: &[(&str, &str)]) -> Config {
    let environment = Environment::new(variables.iter().copied());
    let database = DatabaseSettings::default();
    let sources =
        Sources { file: None, environment: &environment, database: &database, running: None };
    load(&sources).unwrap().config
}

const BASE: &[(&str, &str)] = &[("PGRST_JWT_SECRET", SECRET), ("PGRST_DB_ANON_ROLE", "anon")];

fn with<'a>(variables: &[(&'a str, &'a str)]) -> Authenticator {
    Authenticator::new(&config(&[BASE, variables].concat()))
}

fn bearer_of(claims: Value) -> String {
    let Value::Object(claims) = claims else { unreachable!() };
    format!("Bearer {}", sign(&claims, SECRET.as_bytes()).unwrap())
}

/// The role and its anonymity, or the code and the message.
fn outcome(
    authenticator: &Authenticator,
    header: Option<&str>,
) -> std::result::Result<(String, bool), (String, String)> {
    match authenticator.authenticate(header.map(str::as_bytes), NOW) {
        Ok(identity) => Ok((identity.role.clone(), identity.anonymous)),
        Err(error) => Err((error.code().to_owned(), error.message().to_owned())),
    }
}

fn is(role: &str, anonymous: bool) -> std::result::Result<(String, bool), (String, String)> {
    Ok((role.to_owned(), anonymous))
}

fn refused(code: &str, message: &str) -> std::result::Result<(String, bool), (String, String)> {
    Err((code.to_owned(), message.to_owned()))
}

#[test]
fn requests_without_a_token_are_anonymous() {
    let authenticator = with(&[]);
    for header in [None, Some("Basic dXNlcjpwYXNz"), Some(""), Some("Bearertoken"), Some("é")] {
        assert_eq!(outcome(&authenticator, header), is("anon", true), "{header:?}");
    }
    let identity = authenticator.authenticate(None, NOW).unwrap();
    assert_eq!(&*identity.claims_json, r#"{"role":"anon"}"#);
    assert!(identity.claims.is_empty());

    let closed = Authenticator::new(&config(&[("PGRST_JWT_SECRET", SECRET)]));
    assert_eq!(outcome(&closed, None), refused("PGRST302", "Anonymous access is disabled"));
    let header = bearer_of(json!({"role": "author"}));
    assert_eq!(outcome(&closed, Some(&header)), is("author", false));
    let header = bearer_of(json!({"id": 1}));
    assert_eq!(
        outcome(&closed, Some(&header)),
        refused("PGRST302", "Anonymous access is disabled")
    );
}

#[test]
fn requests_without_a_secret_are_anonymous_or_refused() {
    let authenticator = Authenticator::new(&config(&[("PGRST_DB_ANON_ROLE", "anon")]));
    assert_eq!(outcome(&authenticator, None), is("anon", true));
    for header in ["Bearer ", "Bearer a.b.c"] {
        assert_eq!(
            outcome(&authenticator, Some(header)),
            refused("PGRST300", "Server lacks JWT secret")
        );
    }
    let error = authenticator.sign(&Map::new()).unwrap_err();
    assert_eq!(error.code(), "PGRST300");
}

#[test]
fn the_scheme_has_any_case_and_any_space() {
    let token = sign(&Map::new(), SECRET.as_bytes()).unwrap();
    for header in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token} "),
        format!("Bearer\t{token}"),
    ] {
        assert_eq!(outcome(&with(&[]), Some(&header)), is("anon", true), "{header}");
    }
    for header in ["Bearer", "Bearer ", "bearer\t"] {
        assert_eq!(
            outcome(&with(&[]), Some(header)),
            refused("PGRST301", "Empty JWT is sent in Authorization header"),
            "{header}"
        );
    }
}

#[test]
fn tokens_name_a_role() {
    for (claims, role, anonymous) in [
        (json!({"role": "author"}), "author", false),
        (json!({"role": "Mixed Case"}), "Mixed Case", false),
        (json!({"role": "anon"}), "anon", true),
        (json!({"id": 1}), "anon", true),
        (json!({"role": 5}), "5", false),
        (json!({"role": null}), "null", false),
        (json!({"role": ""}), "", false),
    ] {
        let header = bearer_of(claims.clone());
        assert_eq!(outcome(&with(&[]), Some(&header)), is(role, anonymous), "{claims}");
    }
    let elsewhere = with(&[("PGRST_JWT_ROLE_CLAIM_KEY", "$.user.roles[0]")]);
    let header = bearer_of(json!({"role": "x", "user": {"roles": ["y"]}}));
    assert_eq!(outcome(&elsewhere, Some(&header)), is("y", false));
    let header = bearer_of(json!({"role": "x"}));
    assert_eq!(outcome(&elsewhere, Some(&header)), is("anon", true));
}

#[test]
fn claims_are_handed_on_sorted_with_the_role() {
    let header = bearer_of(json!({"z": {"b": 1, "a": [true]}, "role": "author", "exp": NOW + 60}));
    let identity = with(&[]).authenticate(Some(header.as_bytes()), NOW).unwrap();
    let expected = r#"{"exp":1700000060,"role":"author","z":{"a":[true],"b":1}}"#;
    assert_eq!(&*identity.claims_json, expected);
    assert_eq!(Value::Object(identity.claims.clone()).to_string(), expected);

    let header = bearer_of(json!({"z": 1, "a": 2}));
    let identity = with(&[]).authenticate(Some(header.as_bytes()), NOW).unwrap();
    assert_eq!(&*identity.claims_json, r#"{"a":2,"role":"anon","z":1}"#);
    assert_eq!(identity.claims.get("role"), None);
}

#[test]
fn the_audience_is_that_of_the_configuration() {
    let authenticator = with(&[("PGRST_JWT_AUD", "us")]);
    let header = bearer_of(json!({"role": "author", "aud": ["us", "them"]}));
    assert_eq!(outcome(&authenticator, Some(&header)), is("author", false));
    let header = bearer_of(json!({"role": "author", "aud": "them"}));
    assert_eq!(outcome(&authenticator, Some(&header)), refused("PGRST303", "JWT not in audience"));
}

#[test]
fn own_tokens_are_accepted() {
    let authenticator = with(&[]);
    let Value::Object(claims) = json!({"role": "author"}) else { unreachable!() };
    let header = format!("Bearer {}", authenticator.sign(&claims).unwrap());
    assert_eq!(outcome(&authenticator, Some(&header)), is("author", false));
}

#[test]
fn remembered_tokens_expire_and_are_counted() {
    let authenticator = with(&[]);
    let header = bearer_of(json!({"role": "author", "exp": NOW, "nbf": NOW - 100}));
    let at = |now| authenticator.authenticate(Some(header.as_bytes()), now);
    let first = at(NOW).unwrap();
    let second = at(NOW + 30).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(at(NOW + 31).unwrap_err().message(), "JWT expired");
    assert_eq!(at(NOW - 131).unwrap_err().message(), "JWT not yet valid");
    assert_eq!(authenticator.cache_counts(), CacheCounts { requests: 4, hits: 3, evictions: 0 });
}

#[test]
fn what_is_refused_is_not_remembered() {
    let authenticator = with(&[("PGRST_JWT_AUD", "us")]);
    for claims in [json!({"exp": 1}), json!({"aud": "them"}), json!({"exp": "x"})] {
        let header = bearer_of(claims);
        for _ in 0..2 {
            assert!(authenticator.authenticate(Some(header.as_bytes()), NOW).is_err());
        }
    }
    assert!(authenticator.authenticate(Some(b"Bearer a.b.c"), NOW).is_err());
    assert_eq!(authenticator.cache_counts(), CacheCounts { requests: 7, hits: 0, evictions: 0 });
}

#[test]
fn nothing_is_remembered_without_a_cache() {
    let authenticator = with(&[("PGRST_JWT_CACHE_MAX_ENTRIES", "0")]);
    let header = bearer_of(json!({"role": "author"}));
    for _ in 0..2 {
        assert_eq!(outcome(&authenticator, Some(&header)), is("author", false));
    }
    assert_eq!(authenticator.cache_counts(), CacheCounts::default());
}

#[test]
fn a_changed_rule_forgets_and_another_change_does_not() {
    let header = bearer_of(json!({"role": "author", "aud": "them"}));
    for (variables, hits) in [
        (&[("PGRST_LOG_LEVEL", "warn")], 1),
        (&[("PGRST_JWT_SECRET", "another secret of 32 characters!")], 0),
        (&[("PGRST_JWT_AUD", "us")], 0),
        (&[("PGRST_JWT_ROLE_CLAIM_KEY", "$.aud")], 0),
        (&[("PGRST_DB_ANON_ROLE", "author")], 0),
        (&[("PGRST_JWT_CACHE_MAX_ENTRIES", "5")], 0),
    ] {
        let before = with(&[]);
        assert_eq!(outcome(&before, Some(&header)), is("author", false));
        let after = before.reconfigured(&config(&[BASE, variables].concat()));
        let found = outcome(&after, Some(&header));
        let expected = match variables[0].0 {
            "PGRST_JWT_SECRET" => refused("PGRST301", "No suitable key or wrong key type"),
            "PGRST_JWT_AUD" => refused("PGRST303", "JWT not in audience"),
            "PGRST_JWT_ROLE_CLAIM_KEY" => is("them", false),
            "PGRST_DB_ANON_ROLE" => is("author", true),
            _ => is("author", false),
        };
        assert_eq!(found, expected, "{variables:?}");
        let counts = CacheCounts { requests: 2, hits, evictions: 0 };
        assert_eq!(after.cache_counts(), counts, "{variables:?}");
    }
}

#[test]
fn errors_challenge() {
    for (error, expected) in [
        (role_required(), Some("Bearer")),
        (
            Error::new(Code::JwtClaims, "JWT expired"),
            Some("Bearer error=\"invalid_token\", error_description=\"JWT expired\""),
        ),
        (
            Error::new(Code::JwtInvalid, "Expected 3 parts in JWT; got 2"),
            Some(
                "Bearer error=\"invalid_token\", error_description=\"Expected 3 parts in JWT; got \
                 2\"",
            ),
        ),
        (Error::new(Code::NoJwtSecret, "Server lacks JWT secret"), None),
        (Error::new(Code::Grammar, "any other"), None),
    ] {
        assert_eq!(challenge(&error).as_deref(), expected);
    }
}

#[test]
fn debug_hides_tokens_and_secrets() {
    let authenticator = with(&[]);
    let header = bearer_of(json!({"role": "author"}));
    authenticator.authenticate(Some(header.as_bytes()), NOW).unwrap();
    let debug = format!("{authenticator:?}");
    assert!(!debug.contains("really") && !debug.contains("eyJ"), "{debug}");
}
