//! Tokens of every algorithm, made by another implementation, and every way to get one wrong.
//!
//! `tokens.txt` has an algorithm, a public or symmetric key and a token a line.

use phlo_core::Code;
use serde_json::{Value, json};

use super::*;
use crate::{auth::sign, config::JwtSecret};

const SECRET: &str = "reallyreallyreallyreallyverysafe";

fn secret(text: &str) -> JwtSecret {
    JwtSecret::from_bytes(text.as_bytes()).unwrap()
}

/// A token with this header, signed by HMAC with SHA-256 as if it said so.
fn token_with_header(header: &str) -> String {
    let signed = sign(&Map::new(), SECRET.as_bytes()).unwrap();
    let payload = signed.split('.').nth(1).unwrap();
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.unwrap())
}

fn vectors() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    include_str!("tokens.txt").lines().map(|line| {
        let mut words = line.split(' ');
        (words.next().unwrap(), words.next().unwrap(), words.next().unwrap())
    })
}

#[test]
fn every_algorithm_verifies_its_own_tokens_alone() {
    let mut algorithms = 0;
    for (algorithm, jwk, token) in vectors() {
        let key = secret(jwk);
        let claims = decode(token.as_bytes(), key.keys()).unwrap();
        assert_eq!(Value::Object(claims), json!({"role": "author"}), "{algorithm}");
        for (other, _, other_token) in vectors().filter(|(_, other, _)| *other != jwk) {
            let error = decode(other_token.as_bytes(), key.keys()).unwrap_err();
            assert_eq!(error.message(), "No suitable key or wrong key type", "{algorithm} {other}");
        }
        algorithms += 1;
    }
    assert_eq!(algorithms, 13);
}

#[test]
fn all_keys_of_a_set_are_tried() {
    let keys: Vec<_> = vectors().map(|(_, jwk, _)| jwk).collect();
    let set = secret(&format!("{{\"keys\":[{}]}}", keys.join(",")));
    for (algorithm, _, token) in vectors() {
        assert!(decode(token.as_bytes(), set.keys()).is_ok(), "{algorithm}");
    }
}

#[test]
fn a_named_key_is_the_only_one_tried() {
    let encoded = URL_SAFE_NO_PAD.encode(SECRET);
    let named = |id: &str| format!(r#"{{"kty":"oct","k":"{encoded}","kid":"{id}"}}"#);
    let set = format!(r#"{{"keys":[{},{}]}}"#, named("a"), named("b"));
    for (keys, header, details) in [
        (set.as_str(), r#"{"alg":"HS256","kid":"b"}"#, None),
        (&set, r#"{"alg":"HS256","kid":null}"#, None),
        (&set, r#"{"alg":"HS256"}"#, None),
        (&set, r#"{"alg":"HS256","kid":"c"}"#, Some("No suitable key was found to decode the JWT")),
        (
            SECRET,
            r#"{"alg":"HS256","kid":"a"}"#,
            Some("No suitable key was found to decode the JWT"),
        ),
        (SECRET, r#"{"alg":"HS512"}"#, Some("No suitable key was found to decode the JWT")),
        (&set, r#"{"alg":"HS512"}"#, Some("None of the keys was able to decode the JWT")),
    ] {
        let found = decode(token_with_header(header).as_bytes(), secret(keys).keys());
        let found = found.err().map(|error| {
            assert_eq!(error.message(), "No suitable key or wrong key type", "{header}");
            error.details().and_then(Value::as_str).map(str::to_owned)
        });
        assert_eq!(found, details.map(|details| Some(details.to_owned())), "{header}");
    }
}

#[test]
fn a_public_key_is_never_a_symmetric_one() {
    // The oldest trick: the public key is known to all, so that it must not verify an HMAC.
    let (_, jwk, _) = vectors().find(|(algorithm, ..)| *algorithm == "RS256").unwrap();
    let forged = sign(&Map::new(), jwk.as_bytes()).unwrap();
    let error = decode(forged.as_bytes(), secret(jwk).keys()).unwrap_err();
    assert_eq!(error.details(), Some(&json!("No suitable key was found to decode the JWT")));
}

#[test]
fn faults_in_the_form() {
    const FORM: &str = "JWT cryptographic operation failed";
    let good = sign(&Map::new(), SECRET.as_bytes()).unwrap();
    let parts: Vec<_> = good.split('.').collect();
    let replaced = |index: usize, part: &str| {
        let mut parts = parts.clone();
        parts[index] = part;
        parts.join(".")
    };
    for (token, expected) in [
        (String::new(), "Empty JWT is sent in Authorization header"),
        ("a".to_owned(), "Expected 3 parts in JWT; got 1"),
        ("a.b".to_owned(), "Expected 3 parts in JWT; got 2"),
        ("a.b.c.d.e".to_owned(), "Expected 3 parts in JWT; got 5"),
        ("..".to_owned(), FORM),
        (replaced(0, "!"), FORM),
        (replaced(0, &URL_SAFE_NO_PAD.encode("[]")), FORM),
        (replaced(1, "e30="), FORM),
        (replaced(1, "e3 0"), FORM),
        (replaced(2, "="), FORM),
        (replaced(2, ""), "No suitable key or wrong key type"),
        (replaced(2, "AAAA"), "No suitable key or wrong key type"),
        (replaced(1, "eyJyb2xlIjoicm9vdCJ9"), "No suitable key or wrong key type"),
        (token_with_header("{}"), FORM),
        (token_with_header(r#"{"alg":"HS257"}"#), FORM),
        (token_with_header(r#"{"alg":"hs256"}"#), FORM),
        (token_with_header(r#"{"alg":"None"}"#), FORM),
        (token_with_header(r#"{"alg":5}"#), FORM),
        (token_with_header(r#"{"alg":"HS256","kid":5}"#), FORM),
        (token_with_header(r#"{"alg":"HS256","typ":{}}"#), FORM),
        (token_with_header(r#"{"alg":"HS256","enc":"A128GCM"}"#), FORM),
        (token_with_header(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#), FORM),
        (token_with_header(r#"{"alg":"none"}"#), "Wrong or unsupported encoding algorithm"),
        (
            format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)),
            "Wrong or unsupported encoding algorithm",
        ),
        (format!("{}.!.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#)), FORM),
    ] {
        let error = decode(token.as_bytes(), secret(SECRET).keys()).unwrap_err();
        assert_eq!((error.message(), error.code()), (expected, "PGRST301"), "{token}");
        let details = match expected {
            "No suitable key or wrong key type" => {
                json!("None of the keys was able to decode the JWT")
            }
            "Wrong or unsupported encoding algorithm" => {
                json!("JWT is unsecured but expected 'alg' was not 'none'")
            }
            _ => Value::Null,
        };
        assert_eq!(error.details().cloned().unwrap_or_default(), details, "{token}");
    }
}

#[test]
fn claims_have_to_be_an_object() {
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    for claims in ["[]", "5", "null", "", "{", "{} {}", "\"text\""] {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        let token = format!("{message}.{signature}");
        let error = decode(token.as_bytes(), secret(SECRET).keys()).unwrap_err();
        assert_eq!((error.kind(), error.message()), (Code::JwtClaims, "Parsing claims failed"));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_panic(token in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = decode(&token, secret(SECRET).keys());
    }

    #[test]
    fn no_changed_token_is_accepted(
        vector in 0..13_usize,
        at in proptest::prelude::any::<proptest::sample::Index>(),
        byte in proptest::prelude::any::<u8>(),
        cut in proptest::prelude::any::<bool>(),
    ) {
        let (_, jwk, token) = vectors().nth(vector).unwrap();
        let mut changed = token.as_bytes().to_vec();
        let at = at.index(changed.len());
        if cut {
            changed.truncate(at);
        } else {
            changed[at] = byte;
        }
        let accepted = decode(&changed, secret(jwk).keys()).is_ok();
        proptest::prop_assert!(!accepted || changed == token.as_bytes());
    }
}
