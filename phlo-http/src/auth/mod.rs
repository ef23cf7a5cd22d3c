//! Who asks: from the `Authorization` header to a role and claims.
//!
//! Knows tokens and passwords, and the errors that PostgREST has for them. Knows no HTTP status and
//! never asks the database.

mod cache;
mod claims;
mod jwt;
pub mod password;
mod sign;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use phlo_core::{Code, Error, Result};
use serde_json::{Map, Value};

use crate::{
    auth::{
        cache::{Counters, TokenCache},
        claims::Validity,
    },
    config::{Config, JwtSecret, RolePath},
};

pub use self::{cache::CacheCounts, sign::sign};

/// Who asks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// The database role that the request runs as.
    pub role: String,
    /// The claims of the token, in the order of the alphabet; none without a token.
    pub claims: Map<String, Value>,
    /// The claims with the role filled in, as JSON: what `request.jwt.claims` is set to.
    pub claims_json: Arc<str>,
    /// Whether the role is that of requests without a token, though there may be one.
    pub anonymous: bool,
}

/// Turns `Authorization` headers into identities, by the rules of one configuration.
#[derive(Debug)]
pub struct Authenticator {
    secret: Option<JwtSecret>,
    audience: Option<String>,
    role_path: RolePath,
    anonymous_role: Option<String>,
    anonymous: Option<Arc<Identity>>,
    cache_entries: usize,
    cache: Option<Arc<TokenCache<Verified>>>,
    counters: Arc<Counters>,
}

/// What is known of a token whose signature, audience and role have been found good.
///
/// These can't change while the configuration stays, and with the configuration the cache goes; so
/// that the time is all that is left to check.
#[derive(Clone)]
struct Verified {
    identity: Arc<Identity>,
    validity: Validity,
}

impl Authenticator {
    /// The rules of a configuration.
    pub fn new(config: &Config) -> Self {
        Self::with_counters(config, Arc::default())
    }

    /// The rules of a changed configuration. The counts go on; the remembered tokens are kept if no
    /// rule has changed that they were verified by.
    #[must_use]
    pub fn reconfigured(&self, config: &Config) -> Self {
        let mut changed = Self::with_counters(config, Arc::clone(&self.counters));
        let same = changed.secret == self.secret
            && changed.audience == self.audience
            && changed.role_path == self.role_path
            && changed.anonymous_role == self.anonymous_role
            && changed.cache_entries == self.cache_entries;
        if same {
            changed.cache.clone_from(&self.cache);
        }
        changed
    }

    fn with_counters(config: &Config, counters: Arc<Counters>) -> Self {
        let anonymous_role = config.db_anon_role.clone();
        let anonymous =
            anonymous_role.clone().map(|role| Arc::new(Identity::new(Map::new(), role, true)));
        let cache_entries = config.jwt_cache_max_entries;
        Self {
            secret: config.jwt_secret.clone(),
            audience: config.jwt_aud.clone(),
            role_path: config.jwt_role_claim_key.clone(),
            anonymous_role,
            anonymous,
            cache_entries,
            cache: TokenCache::new(cache_entries, &counters).map(Arc::new),
            counters,
        }
    }

    /// Who asks with this header, at this time in seconds since 1970.
    ///
    /// A header of another scheme than `Bearer` counts as none.
    ///
    /// # Errors
    ///
    /// `PGRST300` for a token while there is no secret; `PGRST301` for one that cannot be decoded
    /// or verified; `PGRST302` without a role; `PGRST303` for claims that are not acceptable.
    pub fn authenticate(&self, authorization: Option<&[u8]>, now: i64) -> Result<Arc<Identity>> {
        let Some(token) = authorization.and_then(bearer) else {
            return self.anonymous.clone().ok_or_else(role_required);
        };
        let Some(secret) = &self.secret else {
            return Err(Error::new(Code::NoJwtSecret, "Server lacks JWT secret"));
        };
        if let Some(known) = self.cache.as_ref().and_then(|cache| cache.get(token)) {
            known.validity.check(now)?;
            return Ok(known.identity);
        }
        let claims = jwt::decode(token, secret.keys())?;
        let validity = claims::validate(&claims, self.audience.as_deref(), now)?;
        let identity = Arc::new(self.identify(claims)?);
        if let Some(cache) = &self.cache {
            cache.insert(token, Verified { identity: Arc::clone(&identity), validity });
        }
        Ok(identity)
    }

    /// Signs claims, so that the token will be accepted here.
    ///
    /// # Errors
    ///
    /// There is no secret, or only keys that cannot sign.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String> {
        let secret = self.secret.as_ref().and_then(JwtSecret::symmetric).unwrap_or_default();
        sign(claims, secret)
    }

    /// How often remembered tokens were asked for.
    pub fn cache_counts(&self) -> CacheCounts {
        self.counters.read()
    }

    fn identify(&self, claims: Map<String, Value>) -> Result<Identity> {
        let mut sorted = Value::Object(claims);
        // PostgREST writes claims in this order, and SQL may compare their text.
        sorted.sort_all_objects();
        let Value::Object(claims) = sorted else { return Err(role_required()) };
        let role = self.role_path.find(&claims).or_else(|| self.anonymous_role.clone());
        let role = role.ok_or_else(role_required)?;
        let anonymous = self.anonymous_role.as_ref() == Some(&role);
        Ok(Identity::new(claims, role, anonymous))
    }
}

impl Identity {
    /// Whom an application has authenticated in its own way.
    ///
    /// In the extensions of an HTTP request, as `Arc<Identity>`, it is believed, and no token is
    /// looked at.
    pub fn trusted(role: impl Into<String>, claims: Map<String, Value>) -> Self {
        Self::new(claims, role.into(), false)
    }

    fn new(claims: Map<String, Value>, role: String, anonymous: bool) -> Self {
        let mut with_role = claims.clone();
        with_role.insert("role".to_owned(), Value::String(role.clone()));
        with_role.sort_keys();
        let claims_json = Value::Object(with_role).to_string().into();
        Self { role, claims, claims_json, anonymous }
    }
}

/// What an error has the `WWW-Authenticate` header say; nothing if it asks for no token.
pub fn challenge(error: &Error) -> Option<String> {
    let kind = error.kind();
    if kind == Code::JwtRequired {
        return Some("Bearer".to_owned());
    }
    matches!(kind, Code::JwtInvalid | Code::JwtClaims).then(|| {
        format!("Bearer error=\"invalid_token\", error_description=\"{}\"", error.message())
    })
}

/// The time in whole seconds since 1970.
pub fn unix_now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let end = header.iter().position(u8::is_ascii_whitespace).unwrap_or(header.len());
    let (scheme, token) = header.split_at_checked(end)?;
    scheme.eq_ignore_ascii_case(b"bearer").then_some(token.trim_ascii())
}

fn role_required() -> Error {
    Error::new(Code::JwtRequired, "Anonymous access is disabled")
}

#[cfg(test)]
mod tests;
