//! Keys that verify tokens: JSON Web Keys (RFC 7517) and their sets, or a plain secret.
//!
//! Bytes in, keys out, each with what it may be used for. Sees no token and verifies nothing; a key
//! that could never verify anything is refused here.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm as Backend, AlgorithmFamily, DecodingKey, crypto::rust_crypto::DEFAULT_PROVIDER,
};
use serde_json::{Map, Value};

use crate::config::error::Warning;

/// An algorithm that signs tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// One of those that `jsonwebtoken` knows.
    Known(Backend),
    /// ECDSA on P-521 with SHA-512, which it doesn't.
    Es512,
}

impl Algorithm {
    /// HMAC with SHA-256.
    pub const HS256: Self = Self::Known(Backend::HS256);

    /// The algorithm of that name in a token's header or in a key.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "ES512" { Some(Self::Es512) } else { name.parse().ok().map(Self::Known) }
    }
}

/// The secret part, or the public part, of a key.
#[derive(Clone, Debug)]
pub enum Material {
    /// For the algorithms of `jsonwebtoken`; the last is that of the curve, if it is on one.
    Known(DecodingKey, Option<Backend>),
    /// A point on P-521.
    P521(Box<p521::ecdsa::VerifyingKey>),
}

/// A key, and what it may verify.
#[derive(Clone)]
pub struct Key {
    /// Its name; a token that names a key is verified with that one alone.
    pub id: Option<String>,
    /// The one algorithm that it may be used with, if it says so.
    pub algorithm: Option<Algorithm>,
    /// The key itself.
    pub material: Material,
}

impl Key {
    /// Whether the key may be tried on a token with this algorithm and this name of a key.
    pub fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        (id.is_none() || id == self.id.as_deref())
            && self.algorithm.is_none_or(|own| own == algorithm)
            && match (&self.material, algorithm) {
                (Material::P521(_), Algorithm::Es512) => true,
                (Material::Known(_, Some(own)), Algorithm::Known(algorithm)) => *own == algorithm,
                (Material::Known(key, None), Algorithm::Known(algorithm)) => {
                    key.family() == algorithm.family()
                }
                (Material::P521(_), Algorithm::Known(_))
                | (Material::Known(..), Algorithm::Es512) => false,
            }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The shortest plain secret, in bytes: the output of SHA-256 (RFC 7518, section 3.2).
pub(super) const SHORTEST_SECRET: usize = 32;

/// Keys, with the bytes of the first symmetric one, which can also sign.
pub(super) struct Keys {
    pub(super) keys: Vec<Key>,
    pub(super) symmetric: Option<Vec<u8>>,
}

/// Reads a set of keys, one key, or a plain secret.
///
/// DIFFERS: an object with `keys` or `kty` that is not a good key is refused. PostgREST takes its
/// text for a plain secret then, and a public key with a typing error becomes one that all know.
pub(super) fn parse(secret: &[u8], warnings: &mut Vec<Warning>) -> Result<Keys, String> {
    let mut found = Keys { keys: Vec::new(), symmetric: None };
    match serde_json::from_slice(secret) {
        Ok(Value::Object(object)) if object.contains_key("keys") => {
            let Some(Value::Array(list)) = object.get("keys") else {
                return Err("`keys` of the JSON Web Key Set is not a list".to_owned());
            };
            for (index, key) in list.iter().enumerate() {
                found.add(key, index + 1, warnings)?;
            }
        }
        Ok(Value::Object(object)) if object.contains_key("kty") => {
            found.add(&Value::Object(object), 1, warnings)?;
        }
        _ if secret.len() < SHORTEST_SECRET => {
            return Err("The JWT secret must be at least 32 characters long.".to_owned());
        }
        _ => {
            // PostgREST: a plain secret verifies HS256 and nothing else.
            found.keys.push(Key {
                id: None,
                algorithm: Some(Algorithm::HS256),
                material: Material::Known(
                    DecodingKey::from_secret(secret).map_err(|error| error.to_string())?,
                    None,
                ),
            });
            found.symmetric = Some(secret.to_vec());
        }
    }
    Ok(found)
}

impl Keys {
    fn add(
        &mut self,
        jwk: &Value,
        position: usize,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), String> {
        let Value::Object(jwk) = jwk else {
            return Err(format!("key {position} is not a JSON object"));
        };
        match read(jwk).map_err(|error| format!("key {position}: {error}"))? {
            Read::Key(key) => {
                if let (Some("oct"), Ok(bytes)) = (text(jwk, "kty")?, bytes(jwk, "k")) {
                    if bytes.len() < SHORTEST_SECRET {
                        warnings.push(Warning::WeakKey { position });
                    }
                    if self.symmetric.is_none() && key.fits(Algorithm::HS256, None) {
                        self.symmetric = Some(bytes);
                    }
                }
                self.keys.push(key);
            }
            Read::Unusable(reason) => warnings.push(Warning::UnusableKey { position, reason }),
        }
        Ok(())
    }
}

enum Read {
    Key(Key),
    /// A good key that cannot verify a signature, such as one for encryption.
    Unusable(String),
}

fn read(jwk: &Map<String, Value>) -> Result<Read, String> {
    let algorithm = match text(jwk, "alg")? {
        None => None,
        Some(name) => match Algorithm::parse(name) {
            Some(algorithm) => Some(algorithm),
            None => return Ok(Read::Unusable(format!("the algorithm {name} signs no tokens"))),
        },
    };
    let (material, algorithm) = match text(jwk, "kty")? {
        Some("oct") => {
            let key = DecodingKey::from_secret(&bytes(jwk, "k")?)
                .map_err(|_| "`k` is empty".to_owned())?;
            (Material::Known(key, None), algorithm)
        }
        Some("RSA") => (Material::Known(rsa(jwk)?, None), algorithm),
        Some("EC") => (elliptic(jwk)?, algorithm),
        Some("OKP") => match text(jwk, "crv")? {
            Some("Ed25519") => {
                let point = bytes(jwk, "x")?;
                let off_curve = "`x` is no point on Ed25519";
                // The verifier takes the length for granted, and panics on a shorter one.
                if point.len() != 32 {
                    return Err(off_curve.to_owned());
                }
                let key = DecodingKey::from_ed_der(&point);
                check(&key, Backend::EdDSA, off_curve)?;
                // PostgREST: `alg` and `use` of such a key are not looked at.
                (Material::Known(key, None), Some(Algorithm::Known(Backend::EdDSA)))
            }
            Some(curve) => {
                return Ok(Read::Unusable(format!("the curve {curve} is not supported")));
            }
            None => return Err("an OKP key needs `crv`".to_owned()),
        },
        Some(other) => return Ok(Read::Unusable(format!("the key type {other} is not supported"))),
        None => return Err("`kty` is missing".to_owned()),
    };
    match text(jwk, "use")? {
        None | Some("sig") => {}
        Some("enc") => return Ok(Read::Unusable("it is for encryption".to_owned())),
        Some(other) => return Err(format!("`use` is \"{other}\"; allowed: sig, enc")),
    }
    Ok(Read::Key(Key { id: text(jwk, "kid")?.map(str::to_owned), algorithm, material }))
}

fn rsa(jwk: &Map<String, Value>) -> Result<DecodingKey, String> {
    let significant =
        |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
    let odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
    let (modulus, exponent) = (significant(bytes(jwk, "n")?), significant(bytes(jwk, "e")?));
    let bits = modulus.first().map_or(0, |first| 8 - first.leading_zeros() as usize)
        + modulus.len().saturating_sub(1) * 8;
    // The limits of the implementation; below 1024 bits a key can be broken by anyone.
    if !(1024..=8192).contains(&bits) {
        return Err(format!("`n` has {bits} bits; allowed: 1024 to 8192"));
    }
    if !odd(&modulus) {
        return Err("`n` is not the product of two odd primes".to_owned());
    }
    if !odd(&exponent) || exponent == [1] || exponent.len() > 4 {
        return Err("`e` is not an odd number between 3 and 4294967295".to_owned());
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn elliptic(jwk: &Map<String, Value>) -> Result<Material, String> {
    let curve = text(jwk, "crv")?.ok_or("an EC key needs `crv`")?;
    let size = match curve {
        "P-256" => 32,
        "P-384" => 48,
        "P-521" => 66,
        _ => return Err(format!("`crv` is \"{curve}\"; allowed: P-256, P-384, P-521")),
    };
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(jwk, name)?;
        let padding = size - coordinate.len().min(size);
        point.extend(std::iter::repeat_n(0, padding));
        point.extend(coordinate);
    }
    let off_curve = format!("`x` and `y` are no point on {curve}");
    let algorithm = match curve {
        "P-256" => Backend::ES256,
        "P-384" => Backend::ES384,
        _ => {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| off_curve)?;
            return Ok(Material::P521(Box::new(key)));
        }
    };
    let key = DecodingKey::from_ec_der(&point);
    check(&key, algorithm, &off_curve)?;
    Ok(Material::Known(key, Some(algorithm)))
}

/// Whether a verifier can be made of the key.
fn check(key: &DecodingKey, algorithm: Backend, error: &str) -> Result<(), String> {
    debug_assert_ne!(key.family(), AlgorithmFamily::Rsa, "an RSA verifier accepts any key");
    match (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key) {
        Ok(_) => Ok(()),
        Err(_) => Err(error.to_owned()),
    }
}

fn text<'j>(jwk: &'j Map<String, Value>, name: &str) -> Result<Option<&'j str>, String> {
    match jwk.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is not text")),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, String> {
    let text = text(jwk, name)?.ok_or_else(|| format!("`{name}` is missing"))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("`{name}` is not base64url without padding"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RSA: &str = "0etQ2Tg187jb04MWfpuogYGV75IFrQQBxQaGH75eq_FpbkyoLcEpRUEWSbECP2eeFya2yZ9vIO5ScD-lPmovePk4Aa4SzZ8jdjhmAbNykleRPCxMg0481kz6PQhnHRUv3nF5WP479CnObJKqTVdEagVL66oxnX9VhZG9IZA7k0Th5PfKQwrKGyUeTGczpOjaPqbxlunP73j9AfnAt4XCS8epa-n3WGz1j-wfpr_ys57Aq-zBCfqP67UYzNpeI1AoXsJhD9xSDOzvJgFRvc3vm2wjAW4LEMwi48rCplamOpZToIHEPIaPzpveYQwDnB1HFTR1ove9bpKJsHmi-e2uzQ";
    /// The example of RFC 7517, appendix A.1.
    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    /// The example of RFC 8037, appendix A.2.
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn parse_json(json: &Value) -> Result<(Keys, Vec<Warning>), String> {
        let mut warnings = Vec::new();
        let keys = parse(json.to_string().as_bytes(), &mut warnings)?;
        Ok((keys, warnings))
    }

    #[test]
    fn plain_secrets_verify_hs256_alone() {
        let found = parse(b"reallyreallyreallyreallyverysafe", &mut Vec::new()).unwrap();
        assert_eq!(found.keys.len(), 1);
        assert!(found.keys[0].fits(Algorithm::HS256, None));
        assert!(!found.keys[0].fits(Algorithm::Known(Backend::HS512), None));
        assert!(!found.keys[0].fits(Algorithm::HS256, Some("named")));
        assert!(found.symmetric.is_some());
        assert_eq!(
            parse(b"short_secret", &mut Vec::new()).err().as_deref(),
            Some("The JWT secret must be at least 32 characters long.")
        );
        let object = br#"{"any": "other object is text like any"}"#;
        assert!(parse(object, &mut Vec::new()).unwrap().symmetric.is_some());
    }

    #[test]
    fn keys_of_each_type() {
        let known = Algorithm::Known;
        for (jwk, fit, unfit) in [
            (json!({"kty": "RSA", "n": RSA, "e": "AQAB"}), known(Backend::PS512), Algorithm::HS256),
            (
                json!({"kty": "RSA", "n": RSA, "e": "AQAB", "alg": "RS256", "use": "sig"}),
                known(Backend::RS256),
                known(Backend::RS512),
            ),
            (
                json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y}),
                known(Backend::ES256),
                known(Backend::ES384),
            ),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": ED, "use": "sig"}),
                known(Backend::EdDSA),
                known(Backend::ES256),
            ),
            (json!({"kty": "oct", "k": "A".repeat(43)}), known(Backend::HS512), Algorithm::Es512),
        ] {
            let (found, warnings) = parse_json(&jwk).unwrap();
            assert!(found.keys[0].fits(fit, None), "{jwk}");
            assert!(!found.keys[0].fits(unfit, None), "{jwk}");
            assert_eq!(warnings, [], "{jwk}");
        }
    }

    #[test]
    fn sets_pass_over_what_they_cannot_use() {
        let (found, warnings) = parse_json(&json!({"keys": [
            {"kty": "RSA", "n": RSA, "e": "AQAB", "use": "enc"},
            {"kty": "RSA", "n": RSA, "e": "AQAB", "alg": "RSA-OAEP"},
            {"kty": "AKP", "alg": "ML-DSA-44"},
            {"kty": "OKP", "crv": "Ed448", "x": ED},
            {"kty": "oct", "k": "c2hvcnQ", "kid": "weak"},
            {"kty": "OKP", "crv": "Ed25519", "x": ED, "kid": "good"},
        ]}))
        .unwrap();
        let ids: Vec<_> = found.keys.iter().map(|key| key.id.as_deref()).collect();
        assert_eq!(ids, [Some("weak"), Some("good")]);
        let unusable =
            |position, reason: &str| Warning::UnusableKey { position, reason: reason.to_owned() };
        assert_eq!(
            warnings,
            [
                unusable(1, "it is for encryption"),
                unusable(2, "the algorithm RSA-OAEP signs no tokens"),
                unusable(3, "the algorithm ML-DSA-44 signs no tokens"),
                unusable(4, "the curve Ed448 is not supported"),
                Warning::WeakKey { position: 5 },
            ]
        );
        assert!(found.keys[1].fits(Algorithm::Known(Backend::EdDSA), Some("good")));
        assert!(!found.keys[1].fits(Algorithm::Known(Backend::EdDSA), Some("other")));
    }

    #[test]
    fn bad_keys_never_become_plain_secrets() {
        for (jwk, expected) in [
            (json!({"keys": {}}), "`keys` of the JSON Web Key Set is not a list"),
            (json!({"keys": [5]}), "key 1 is not a JSON object"),
            (json!({"keys": [{"kty": "RSA", "e": "AQAB"}]}), "key 1: `n` is missing"),
            (
                json!({"kty": "RSA", "n": "!", "e": "AQAB"}),
                "key 1: `n` is not base64url without padding",
            ),
            (
                json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
                "key 1: `n` has 17 bits; allowed: 1024 to 8192",
            ),
            (
                json!({"kty": "RSA", "n": RSA, "e": "AA"}),
                "key 1: `e` is not an odd number between 3 and 4294967295",
            ),
            (
                json!({"kty": "RSA", "n": RSA, "e": "AQAB", "use": "both"}),
                "key 1: `use` is \"both\"; allowed: sig, enc",
            ),
            (json!({"kty": "EC", "x": X, "y": Y}), "key 1: an EC key needs `crv`"),
            (
                json!({"kty": "EC", "crv": "secp256k1", "x": X, "y": Y}),
                "key 1: `crv` is \"secp256k1\"; allowed: P-256, P-384, P-521",
            ),
            (
                json!({"kty": "EC", "crv": "P-256", "x": X, "y": X}),
                "key 1: `x` and `y` are no point on P-256",
            ),
            (
                json!({"kty": "EC", "crv": "P-521", "x": X, "y": X}),
                "key 1: `x` and `y` are no point on P-521",
            ),
            (json!({"kty": "OKP", "x": ED}), "key 1: an OKP key needs `crv`"),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
                "key 1: `x` is no point on Ed25519",
            ),
            (json!({"kty": "oct", "k": ""}), "key 1: `k` is empty"),
            (json!({"kty": 5, "k": "AA"}), "key 1: `kty` is not text"),
            (json!({"kty": null, "k": "AA"}), "key 1: `kty` is missing"),
        ] {
            assert_eq!(parse_json(&jwk).err().as_deref(), Some(expected), "{jwk}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_key_panics(
            kty in "RSA|EC|OKP|oct",
            crv in "P-256|P-384|P-521|Ed25519",
            a in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..150),
            b in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..70),
        ) {
            let (a, b) = (URL_SAFE_NO_PAD.encode(a), URL_SAFE_NO_PAD.encode(b));
            let jwk = json!({"kty": kty, "crv": crv, "n": a, "e": b, "x": a, "y": b, "k": a});
            let _ = parse_json(&jwk);
        }
    }
}
