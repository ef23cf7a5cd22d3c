//! Signs a token.
//!
//! Claims and a secret in, a token out. Decides nothing about the claims.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};
use phlo_core::{Code, Error, Result};
use serde_json::{Map, Value};

/// Signs claims by HMAC with SHA-256.
///
/// ```
/// use phlo_http::auth::sign;
/// use serde_json::{Map, json};
///
/// let claims = Map::from_iter([("role".to_owned(), json!("author"))]);
/// let token = sign(&claims, b"reallyreallyreallyreallyverysafe")?;
/// assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoiYXV0aG9yIn0."));
/// # Ok::<(), phlo_core::Error>(())
/// ```
///
/// # Errors
///
/// An empty secret.
pub fn sign(claims: &Map<String, Value>, secret: &[u8]) -> Result<String> {
    let missing = |_| Error::new(Code::NoJwtSecret, "Server lacks JWT secret");
    let failed =
        |error| Error::new(Code::Internal, "The token cannot be signed").with_source(error);
    let key = EncodingKey::from_secret(secret).map_err(missing)?;
    let claims = serde_json::to_string(claims).map_err(|error| {
        Error::new(Code::Internal, "The claims are not JSON").with_source(error)
    })?;
    let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, &key).map_err(missing)?;
    let signature = signer.try_sign(token.as_bytes()).map_err(failed)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_those_of_pgjwt() {
        let claims = json!({"rolname": "postgrest_test_author", "id": "jdoe"});
        let Value::Object(claims) = claims else { unreachable!() };
        assert_eq!(
            sign(&claims, b"reallyreallyreallyreallyverysafe").unwrap(),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xuYW1lIjoicG9zdGdyZXN0X3Rlc3RfYXV0aG9yIiwia\
             WQiOiJqZG9lIn0.KO-0PGp_rU-utcDBP6qwdd-Th2Fk-ICVt01I7QtTDWs"
        );
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        assert_eq!(sign(&Map::new(), b"").unwrap_err().kind(), Code::NoJwtSecret);
    }
}
