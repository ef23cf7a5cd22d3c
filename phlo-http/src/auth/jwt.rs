//! Decodes a token: three parts, a header, a signature that one of the keys made, and claims.
//!
//! A token and keys in, its claims or an error in PostgREST's words out. Does not look into the
//! claims, and remembers nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{crypto::rust_crypto::DEFAULT_PROVIDER, signature::Verifier};
use phlo_core::{Code, Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{Algorithm, JwtKey, Material};

/// The parts of a token's header that say how it was signed.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[expect(dead_code, reason = "only its type is checked")]
    typ: Option<String>,
    #[expect(dead_code, reason = "only its type is checked")]
    cty: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
    enc: Option<Value>,
}

/// Verifies a token and gives its claims.
pub(super) fn decode(token: &[u8], keys: &[JwtKey]) -> Result<Map<String, Value>> {
    if token.is_empty() {
        return Err(undecodable("Empty JWT is sent in Authorization header"));
    }
    let dots = token.iter().filter(|byte| **byte == b'.').count();
    if dots != 2 {
        return Err(undecodable(format!("Expected 3 parts in JWT; got {}", dots + 1)));
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(header), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let header_bytes = from_base64(header)?;
    let algorithm = match serde_json::from_slice::<Header>(&header_bytes) {
        Ok(header) => usable(&header)?,
        Err(_) => return Err(malformed()),
    };
    let Some((algorithm, key_id)) = algorithm else {
        from_base64(payload)?;
        return Err(undecodable("Wrong or unsupported encoding algorithm")
            .with_details("JWT is unsecured but expected 'alg' was not 'none'"));
    };
    let claims = from_base64(payload)?;
    let signature_bytes = from_base64(signature)?;
    let signed = token.get(..token.len() - signature.len() - 1).unwrap_or_default();

    let mut fitting = keys.iter().filter(|key| key.fits(algorithm, key_id.as_deref())).peekable();
    if fitting.peek().is_none() {
        return Err(no_key("No suitable key was found to decode the JWT"));
    }
    if !fitting.any(|key| verifies(key, algorithm, signed, &signature_bytes)) {
        return Err(no_key("None of the keys was able to decode the JWT"));
    }
    serde_json::from_slice(&claims)
        .map_err(|error| Error::new(Code::JwtClaims, "Parsing claims failed").with_source(error))
}

/// How a token says it was signed; nothing if it says that it wasn't.
fn usable(header: &Header) -> Result<Option<(Algorithm, Option<String>)>> {
    if header.alg == "none" {
        return Ok(None);
    }
    // DIFFERS: PostgREST passes over `crit`. RFC 7515 has a token refused whose header names
    // extensions that are not understood, which here are all.
    let algorithm = Algorithm::parse(&header.alg);
    match algorithm {
        Some(algorithm) if header.enc.is_none() && header.crit.is_none() => {
            Ok(Some((algorithm, header.kid.clone())))
        }
        _ => Err(malformed()),
    }
}

fn from_base64(part: &[u8]) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed())
}

fn verifies(key: &JwtKey, algorithm: Algorithm, signed: &[u8], signature: &Vec<u8>) -> bool {
    match (&key.material, algorithm) {
        // The provider is named, since the crate's own choice panics if a program that phlo is a
        // part of has the crate built with another one.
        (Material::Known(key, _), Algorithm::Known(algorithm)) => {
            (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key)
                .is_ok_and(|verifier| verifier.verify(signed, signature).is_ok())
        }
        (Material::P521(key), Algorithm::Es512) => p521::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(signed, &signature).is_ok()),
        (Material::Known(..), Algorithm::Es512) | (Material::P521(_), Algorithm::Known(_)) => false,
    }
}

/// A token that could not be decoded.
fn undecodable(message: impl Into<String>) -> Error {
    Error::new(Code::JwtInvalid, message)
}

/// PostgREST's words for every fault in a token's form.
fn malformed() -> Error {
    undecodable("JWT cryptographic operation failed")
}

fn no_key(details: &str) -> Error {
    undecodable("No suitable key or wrong key type").with_details(details)
}

#[cfg(test)]
mod tests;
