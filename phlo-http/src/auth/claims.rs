//! The rules for a token's claims: when it holds, and for whom.
//!
//! Claims and the time in, an error in PostgREST's words out. Sees no signature and no role.

use phlo_core::{Code, Error, Result};
use serde_json::{Map, Value};

/// How far the clocks of who signs and who verifies may differ, in seconds.
const LEEWAY: i64 = 30;

/// When a token holds, in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Validity {
    expires: Option<i64>,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl Validity {
    /// Whether a token holds at this time.
    pub(super) fn check(&self, now: i64) -> Result<()> {
        check_expiry(self.expires, now)?;
        check_start(self.not_before, now, "JWT not yet valid")?;
        check_start(self.issued, now, "JWT issued at future")
    }
}

/// Checks all claims that have rules, in PostgREST's order.
pub(super) fn validate(
    claims: &Map<String, Value>,
    audience: Option<&str>,
    now: i64,
) -> Result<Validity> {
    let expires = time(claims, "exp")?;
    check_expiry(expires, now)?;
    let not_before = time(claims, "nbf")?;
    check_start(not_before, now, "JWT not yet valid")?;
    let issued = time(claims, "iat")?;
    check_start(issued, now, "JWT issued at future")?;
    check_audience(claims.get("aud"), audience)?;
    Ok(Validity { expires, not_before, issued })
}

fn check_expiry(expires: Option<i64>, now: i64) -> Result<()> {
    match expires {
        Some(expires) if expires < now.saturating_sub(LEEWAY) => Err(refused("JWT expired")),
        _ => Ok(()),
    }
}

fn check_start(start: Option<i64>, now: i64, message: &str) -> Result<()> {
    match start {
        Some(start) if start > now.saturating_add(LEEWAY) => Err(refused(message)),
        _ => Ok(()),
    }
}

/// PostgREST: a claim that is missing or null is not checked.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(seconds(number))),
        Some(_) => Err(refused(format!("The JWT '{name}' claim must be a number"))),
    }
}

/// A time in whole seconds, rounded down.
///
/// DIFFERS: PostgREST takes a fraction, which RFC 7519 allows, and a number beyond 64 bits for 0.
fn seconds(number: &serde_json::Number) -> i64 {
    if let Some(seconds) = number.as_i64() {
        return seconds;
    }
    let seconds = number.as_f64().unwrap_or(0.0).floor();
    if seconds >= 9.2e18 {
        i64::MAX
    } else if seconds <= -9.2e18 {
        i64::MIN
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "the number was found to fit")]
        let seconds = seconds as i64;
        seconds
    }
}

/// PostgREST: without a claim, with null and with an empty list any audience is meant.
fn check_audience(claim: Option<&Value>, audience: Option<&str>) -> Result<()> {
    let is_meant = |text: &str| audience.is_none_or(|audience| audience == text);
    let meant = match claim {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => is_meant(text),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            list.is_empty() || list.iter().filter_map(Value::as_str).any(is_meant)
        }
        Some(_) => {
            return Err(refused("The JWT 'aud' claim must be a string or an array of strings"));
        }
    };
    if meant { Ok(()) } else { Err(refused("JWT not in audience")) }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::JwtClaims, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn check(claims: Value, audience: Option<&str>) -> std::result::Result<Validity, String> {
        let Value::Object(claims) = claims else { unreachable!() };
        validate(&claims, audience, NOW).map_err(|error| {
            assert_eq!(error.code(), "PGRST303");
            assert_eq!((error.details(), error.hint()), (None, None));
            error.to_string()
        })
    }

    #[test]
    fn times() {
        for (claims, refused) in [
            (json!({}), None),
            (json!({"exp": null, "nbf": null, "iat": null}), None),
            (json!({"exp": NOW}), None),
            (json!({"exp": NOW - 30}), None),
            (json!({"exp": NOW - 31}), Some("JWT expired")),
            (json!({"exp": NOW as f64 - 29.5}), None),
            (json!({"exp": NOW as f64 - 30.5}), Some("JWT expired")),
            (json!({"exp": 1e300}), None),
            (json!({"exp": -1e300}), Some("JWT expired")),
            (json!({"exp": u64::MAX}), None),
            (json!({"exp": "1"}), Some("The JWT 'exp' claim must be a number")),
            (json!({"nbf": NOW + 30}), None),
            (json!({"nbf": NOW + 31}), Some("JWT not yet valid")),
            (json!({"nbf": true}), Some("The JWT 'nbf' claim must be a number")),
            (json!({"iat": NOW + 30}), None),
            (json!({"iat": NOW + 31}), Some("JWT issued at future")),
            (json!({"iat": []}), Some("The JWT 'iat' claim must be a number")),
            (json!({"exp": 0, "nbf": "x"}), Some("JWT expired")),
            (json!({"nbf": "x", "iat": NOW + 31}), Some("The JWT 'nbf' claim must be a number")),
            (json!({"iat": NOW + 31, "aud": 1}), Some("JWT issued at future")),
        ] {
            assert_eq!(check(claims.clone(), None).err().as_deref(), refused, "{claims}");
        }
    }

    #[test]
    fn audiences() {
        const OTHER: Option<&str> = Some("JWT not in audience");
        const TYPE: Option<&str> =
            Some("The JWT 'aud' claim must be a string or an array of strings");
        for (aud, refused, refused_by_any) in [
            (json!("us"), None, None),
            (json!("them"), OTHER, None),
            (json!(""), OTHER, None),
            (json!(["us"]), None, None),
            (json!(["them", "us"]), None, None),
            (json!(["them"]), OTHER, None),
            (json!([]), None, None),
            (json!(null), None, None),
            (json!(1), TYPE, TYPE),
            (json!({"us": "us"}), TYPE, TYPE),
            (json!(["us", null]), TYPE, TYPE),
        ] {
            let claims = json!({"aud": aud});
            assert_eq!(check(claims.clone(), Some("us")).err().as_deref(), refused, "{claims}");
            assert_eq!(check(claims.clone(), None).err().as_deref(), refused_by_any, "{claims}");
        }
    }

    #[test]
    fn what_held_may_hold_no_more() {
        let claims = json!({"exp": NOW + 10, "nbf": NOW, "iat": NOW});
        let validity = check(claims, None).unwrap();
        assert!(validity.check(NOW + 40).is_ok());
        assert_eq!(validity.check(NOW + 41).unwrap_err().message(), "JWT expired");
        assert_eq!(validity.check(NOW - 31).unwrap_err().message(), "JWT not yet valid");
        assert_eq!(Validity::default().check(i64::MAX).ok(), Some(()));
        assert_eq!(Validity::default().check(i64::MIN).ok(), Some(()));
    }
}
