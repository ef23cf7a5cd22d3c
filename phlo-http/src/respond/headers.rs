//! Headers that need some writing or reading: preferences, and what functions have set.

use http::{HeaderName, HeaderValue, StatusCode};
use phlo_core::{
    Code, Error, Result,
    request::{Count, Handling, Missing, Preferences, Representation, Resolution, TransactionEnd},
};
use serde_json::{Map, Value};

/// The preferences that were honoured, in the order that PostgREST lists them.
pub fn preference_applied(preferences: &Preferences) -> Option<String> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |text: &str| list.push(text.to_owned());
    if let Some(resolution) = preferences.resolution {
        add(match resolution {
            Resolution::MergeDuplicates => "resolution=merge-duplicates",
            Resolution::IgnoreDuplicates => "resolution=ignore-duplicates",
        });
    }
    if let Some(missing) = preferences.missing {
        add(match missing {
            Missing::Default => "missing=default",
            Missing::Null => "missing=null",
        });
    }
    if let Some(representation) = preferences.representation {
        add(match representation {
            Representation::Full => "return=representation",
            Representation::HeadersOnly => "return=headers-only",
            Representation::Minimal => "return=minimal",
        });
    }
    if let Some(count) = preferences.count {
        add(match count {
            Count::Exact => "count=exact",
            Count::Planned => "count=planned",
            Count::Estimated => "count=estimated",
        });
    }
    if let Some(end) = preferences.transaction {
        add(match end {
            TransactionEnd::Commit => "tx=commit",
            TransactionEnd::Rollback => "tx=rollback",
        });
    }
    if let Some(handling) = preferences.handling {
        add(match handling {
            Handling::Strict => "handling=strict",
            Handling::Lenient => "handling=lenient",
        });
    }
    if let Some(timezone) = &preferences.timezone {
        add(&format!("timezone={timezone}"));
    }
    if let (Some(Handling::Strict), Some(most)) = (preferences.handling, preferences.max_affected) {
        add(&format!("max-affected={most}"));
    }
    (!list.is_empty()).then(|| list.join(", "))
}

/// Reads `response.headers`: a JSON array of objects with one key each.
pub(super) fn parse(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let malformed = || {
        Error::new(
            Code::ResponseHeaders,
            "response.headers guc must be a JSON array composed of objects with a single key and a \
             string value",
        )
    };
    let objects: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|_| malformed())?;
    let mut headers = Vec::with_capacity(objects.len());
    for object in objects {
        let mut members = object.into_iter();
        let (Some((name, Value::String(value))), None) = (members.next(), members.next()) else {
            return Err(malformed());
        };
        let name = HeaderName::try_from(name).map_err(|_| malformed())?;
        headers.push((name, HeaderValue::try_from(value).map_err(|_| malformed())?));
    }
    Ok(headers)
}

/// Reads `response.status`.
pub(super) fn parse_status(text: &str) -> Result<StatusCode> {
    // PostgREST reads the digits at the start and ignores what follows.
    let digits = text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok().and_then(|number| StatusCode::from_u16(number).ok()).ok_or_else(|| {
        Error::new(Code::ResponseStatus, "response.status guc must be a valid status code")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_single_pairs_of_strings() {
        let headers = parse(r#"[{"Set-Cookie": "a=1"}, {"X-Other": "b"}]"#).unwrap();
        assert_eq!(headers.len(), 2);
        for bad in ["{}", r#"[{"a": 1}]"#, r#"[{"a": "1", "b": "2"}]"#, r#"[{"a b": "1"}]"#, "x"] {
            assert_eq!(parse(bad).unwrap_err().kind(), Code::ResponseHeaders, "{bad}");
        }
    }

    #[test]
    fn statuses_are_numbers() {
        assert_eq!(parse_status("205").unwrap(), StatusCode::RESET_CONTENT);
        assert_eq!(parse_status("205x").unwrap(), StatusCode::RESET_CONTENT);
        assert_eq!(parse_status("bad").unwrap_err().kind(), Code::ResponseStatus);
    }

    #[test]
    fn applied_preferences_have_an_order() {
        let preferences = Preferences {
            count: Some(Count::Exact),
            resolution: Some(Resolution::IgnoreDuplicates),
            max_affected: Some(3),
            ..Preferences::default()
        };
        assert_eq!(
            preference_applied(&preferences).as_deref(),
            Some("resolution=ignore-duplicates, count=exact")
        );
        assert_eq!(preference_applied(&Preferences::default()), None);
    }
}
