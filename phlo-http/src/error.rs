//! Errors as HTTP: the one place that gives each of them a status.

use http::{HeaderName, HeaderValue, StatusCode, header};
use phlo_core::{Code, DatabaseError, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Verbosity;

/// An error as it goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase of HTTP/1, where the database gave one.
    pub reason: Option<String>,
    /// Headers besides those of every error.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The code that clients can act on.
    pub code: String,
    message: String,
    details: Value,
    hint: Value,
}

impl Failure {
    /// Gives an error its status and headers.
    ///
    /// What a role may not do is 403 to who has a token, and 401 to who has none and might get one.
    pub fn new(error: &Error, authenticated: bool) -> Self {
        if let Some(database) = error.as_database() {
            return Self::database(error, database, authenticated);
        }
        let mut failure = Self::plain(error, status_of(error.kind()));
        if matches!(error.kind(), Code::JwtInvalid | Code::JwtClaims) {
            let text = error.message().replace(['"', '\\'], "'");
            let text = format!("Bearer error=\"invalid_token\", error_description=\"{text}\"");
            failure.add_header(header::WWW_AUTHENTICATE, &text);
        } else if matches!(error.kind(), Code::JwtRequired | Code::Credentials) {
            failure.add_header(header::WWW_AUTHENTICATE, "Bearer");
        }
        failure
    }

    fn plain(error: &Error, status: StatusCode) -> Self {
        Self {
            status,
            reason: None,
            headers: Vec::new(),
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            details: error.details().cloned().unwrap_or(Value::Null),
            hint: error.hint().map_or(Value::Null, Value::from),
        }
    }

    fn database(error: &Error, database: &DatabaseError, authenticated: bool) -> Self {
        if database.sqlstate == "PGRST" {
            return raised(database).unwrap_or_else(|malformed| {
                Self::plain(&malformed, StatusCode::INTERNAL_SERVER_ERROR)
            });
        }
        let mut failure = Self::plain(error, status_of_sqlstate(database, authenticated));
        if database.sqlstate.starts_with("PT") {
            failure.reason = Some(database.message.clone());
        }
        if failure.status == StatusCode::UNAUTHORIZED {
            failure.add_header(header::WWW_AUTHENTICATE, "Bearer");
        }
        failure
    }

    fn add_header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }

    /// The body.
    pub fn body(&self, verbosity: Verbosity) -> String {
        match verbosity {
            Verbosity::Verbose => json!({
                "code": self.code,
                "details": self.details,
                "hint": self.hint,
                "message": self.message,
            }),
            Verbosity::Minimal => json!({ "code": self.code, "message": self.message }),
        }
        .to_string()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is new is the client's to mend")]
fn status_of(code: Code) -> StatusCode {
    match code {
        Code::Connection | Code::ConnectionLost | Code::NoSchema | Code::Busy => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::PoolTimeout => StatusCode::GATEWAY_TIMEOUT,
        Code::FunctionMethod | Code::PutFilters | Code::Method => StatusCode::METHOD_NOT_ALLOWED,
        Code::Range => StatusCode::RANGE_NOT_SATISFIABLE,
        Code::UnknownSchema | Code::MediaType | Code::Singular => StatusCode::NOT_ACCEPTABLE,
        Code::ResponseHeaders
        | Code::ResponseStatus
        | Code::RaiseFormat
        | Code::NoJwtSecret
        | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Path | Code::RootDisabled | Code::UnknownFunction | Code::UnknownTable => {
            StatusCode::NOT_FOUND
        }
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::AmbiguousRelationship | Code::AmbiguousFunction => StatusCode::MULTIPLE_CHOICES,
        Code::JwtInvalid | Code::JwtRequired | Code::JwtClaims | Code::Credentials => {
            StatusCode::UNAUTHORIZED
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

/// PostgREST 16's table of SQLSTATE classes; the first row that fits counts.
fn status_of_sqlstate(error: &DatabaseError, authenticated: bool) -> StatusCode {
    let message = error.message.as_str();
    match error.sqlstate.as_str() {
        "23503" | "23505" => StatusCode::CONFLICT,
        "25006" => StatusCode::METHOD_NOT_ALLOWED,
        // What the safeupdate extension says is the client's to mend.
        "21000" if message.ends_with("requires a WHERE clause") => StatusCode::BAD_REQUEST,
        "21000" => StatusCode::INTERNAL_SERVER_ERROR,
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => {
            StatusCode::UNAUTHORIZED
        }
        "53400" => StatusCode::INTERNAL_SERVER_ERROR,
        "57P01" => StatusCode::SERVICE_UNAVAILABLE,
        "P0001" => StatusCode::BAD_REQUEST,
        "42883" if message.starts_with("function xmlagg(") => StatusCode::NOT_ACCEPTABLE,
        "42883" | "42P01" => StatusCode::NOT_FOUND,
        "42P17" => StatusCode::INTERNAL_SERVER_ERROR,
        "42501" if authenticated => StatusCode::FORBIDDEN,
        "42501" => StatusCode::UNAUTHORIZED,
        state => match state.as_bytes() {
            [b'0', b'8', ..] | [b'5', b'3', ..] => StatusCode::SERVICE_UNAVAILABLE,
            [b'0', b'L' | b'P', ..] | [b'2', b'8', ..] => StatusCode::FORBIDDEN,
            [b'P', b'T', ..] => state
                .get(2..)
                .and_then(|digits| digits.parse().ok())
                .and_then(|number| StatusCode::from_u16(number).ok())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            [b'0', b'9', ..]
            | [b'2', b'5' | b'D', ..]
            | [b'3', b'8' | b'9' | b'B', ..]
            | [b'4', b'0', ..]
            | [b'5', b'4' | b'5' | b'7' | b'8', ..]
            | [b'F', b'0', ..]
            | [b'H', b'V', ..]
            | [b'P', b'0', ..]
            | [b'X', b'X', ..] => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        },
    }
}

#[derive(Deserialize)]
struct RaisedMessage {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct RaisedDetail {
    status: u16,
    status_text: Option<String>,
    headers: serde_json::Map<String, Value>,
}

/// `RAISE SQLSTATE 'PGRST'`: a function that has decided on the whole response.
fn raised(error: &DatabaseError) -> Result<Failure, Error> {
    let malformed = |details: String, hint: &str| {
        Error::new(
            Code::RaiseFormat,
            "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
        )
        .with_details(details)
        .with_hint(hint)
    };
    let message: RaisedMessage = serde_json::from_str(&error.message).map_err(|_| {
        malformed(
            format!("Invalid JSON value for MESSAGE: '{}'", error.message),
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional \
             keys: 'details', 'hint'.",
        )
    })?;
    let detail_hint = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and \
                       optional key: 'status_text'.";
    let detail = error.detail.as_ref().ok_or_else(|| {
        malformed("DETAIL is missing in the RAISE statement".to_owned(), detail_hint)
    })?;
    let invalid = || malformed(format!("Invalid JSON value for DETAIL: '{detail}'"), detail_hint);
    let detail: RaisedDetail = serde_json::from_str(detail).map_err(|_| invalid())?;
    let mut failure = Failure {
        status: StatusCode::from_u16(detail.status).map_err(|_| invalid())?,
        reason: detail.status_text,
        headers: Vec::new(),
        code: message.code,
        message: message.message,
        details: message.details.map_or(Value::Null, Value::from),
        hint: message.hint.map_or(Value::Null, Value::from),
    };
    for (name, value) in &detail.headers {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value.as_str()) {
            failure.add_header(name, value);
        }
    }
    Ok(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(
        sqlstate: &str,
        message: &str,
        detail: Option<&str>,
        authenticated: bool,
    ) -> Failure {
        let mut error = DatabaseError::new(sqlstate, message);
        error.detail = detail.map(str::to_owned);
        Failure::new(&Error::database(error), authenticated)
    }

    #[test]
    fn sqlstates_have_their_status() {
        let status = |state, message| failure(state, message, None, true).status.as_u16();
        for (state, message, expected) in [
            ("23505", "duplicate key", 409),
            ("25006", "read-only", 405),
            ("21000", "UPDATE requires a WHERE clause", 400),
            ("21000", "more than one row", 500),
            ("22023", "role \"x\" does not exist", 401),
            ("22P02", "invalid input", 400),
            ("08006", "gone", 503),
            ("42P01", "no table", 404),
            ("42883", "no function", 404),
            ("PT402", "Payment Required", 402),
            ("PTx", "?", 500),
            ("P0001", "raised", 400),
            ("P0002", "no data", 500),
            ("XX000", "?", 500),
            ("", "", 400),
        ] {
            assert_eq!(status(state, message), expected, "{state} {message}");
        }
    }

    #[test]
    fn missing_rights_depend_on_the_token() {
        assert_eq!(failure("42501", "denied", None, true).status, StatusCode::FORBIDDEN);
        let anonymous = failure("42501", "denied", None, false);
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            anonymous.headers,
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))]
        );
    }

    #[test]
    fn raised_responses_decide_everything() {
        let raised = failure(
            "PGRST",
            r#"{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}"#,
            Some(r#"{"status":332,"status_text":"My Custom Status","headers":{"X-Header":"str"}}"#),
            true,
        );
        assert_eq!((raised.status.as_u16(), raised.code.as_str()), (332, "123"));
        assert_eq!(raised.reason.as_deref(), Some("My Custom Status"));
        assert_eq!(raised.headers.len(), 1);
        let malformed = failure("PGRST", "nope", None, true);
        assert_eq!((malformed.status.as_u16(), malformed.code.as_str()), (500, "PGRST121"));
    }

    #[test]
    fn minimal_bodies_hold_code_and_message() {
        let failure = failure("23505", "duplicate key", Some("secret"), true);
        assert_eq!(
            failure.body(Verbosity::Minimal),
            r#"{"code":"23505","message":"duplicate key"}"#
        );
        assert!(failure.body(Verbosity::Verbose).contains("secret"));
    }
}
