//! Events as lines: PostgREST's, or JSON. Takes fields and a time; writes nothing.

use std::fmt::Write;

use serde_json::{Map, Value};
use tracing::Level;

use crate::observe::event::Fields;

/// A request as PostgREST logs it, which is Apache's combined format.
pub(super) fn access(time: &str, fields: &Fields) -> String {
    let text = |name| quoted(fields.text(name).unwrap_or_default());
    let or_dash = |name| fields.text(name).filter(|text| !text.is_empty()).unwrap_or("-");
    let mut line = String::with_capacity(256);
    // Writing to a string can't fail.
    write!(
        line,
        "{} - {} [{time}] \"{} {} {}\" {} ",
        or_dash("peer"),
        quoted(or_dash("role")),
        text("method"),
        text("path"),
        text("version"),
        fields.number("status").unwrap_or_default(),
    )
    .ok();
    match fields.number("bytes") {
        Some(bytes) => write!(line, "{bytes}"),
        None => write!(line, "-"),
    }
    .ok();
    write!(line, " \"{}\" \"{}\"", text("referer"), text("agent")).ok();
    line
}

/// Anything else as PostgREST logs it: the time, and one line of text.
pub(super) fn diagnostic(time: &str, fields: &Fields, own: bool) -> String {
    let text = fields.text("error").filter(|_| own).unwrap_or(&fields.message);
    let mut line = format!("{time}: {}", single_line(text));
    if !own {
        for (name, value) in &fields.others {
            write!(line, " {name}={}", single_line(&value.to_string())).ok();
        }
    }
    line
}

/// An event as a JSON object.
pub(super) fn json(time: &str, level: Level, target: &str, fields: &Fields) -> String {
    let mut object = Map::new();
    object.insert("timestamp".to_owned(), time.into());
    object.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    object.insert("target".to_owned(), target.into());
    let message = match (fields.text("method"), fields.text("path")) {
        (Some(method), Some(path)) if fields.message.is_empty() => format!("{method} {path}"),
        _ => fields.message.clone(),
    };
    object.insert("message".to_owned(), message.into());
    object.extend(fields.others.clone());
    // The error of a failure is JSON already.
    if let Some(error) = fields.text("error").and_then(|text| serde_json::from_str(text).ok()) {
        object.insert("error".to_owned(), error);
    }
    Value::Object(object).to_string()
}

/// Text for between quotes: nothing in it ends the quotes or the line.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted
}

fn single_line(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TIME: &str = "28/Nov/2026:17:00:39 +0000";

    fn fields(message: &str, others: Value) -> Fields {
        let Value::Object(others) = others else { panic!("{others} is no object") };
        Fields { message: message.to_owned(), others }
    }

    #[test]
    fn requests_are_in_combined_format() {
        let known = fields(
            "",
            json!({
                "peer": "127.0.0.1", "method": "GET", "path": "/films?id=eq.1",
                "version": "HTTP/1.1", "status": 200, "role": "anon", "bytes": 12,
                "referer": "https://a.b/", "agent": "curl/8",
            }),
        );
        assert_eq!(
            access(TIME, &known),
            "127.0.0.1 - anon [28/Nov/2026:17:00:39 +0000] \"GET /films?id=eq.1 HTTP/1.1\" 200 12 \
             \"https://a.b/\" \"curl/8\""
        );
        let unknown = fields(
            "",
            json!({ "method": "HEAD", "path": "/", "version": "HTTP/1.1", "status": 401 }),
        );
        assert_eq!(
            access(TIME, &unknown),
            "- - - [28/Nov/2026:17:00:39 +0000] \"HEAD / HTTP/1.1\" 401 - \"\" \"\""
        );
    }

    #[test]
    fn nothing_forges_a_line() {
        let forged = fields(
            "",
            json!({
                "method": "GET", "path": "/", "version": "HTTP/1.1", "status": 200,
                "role": "a\nb", "agent": "\" 500 \"\\",
            }),
        );
        let line = access(TIME, &forged);
        assert!(line.contains("- a\\nb [") && line.ends_with(r#""\" 500 \"\\""#), "{line}");
        let diagnosed = fields("one\n\ttwo", json!({}));
        assert_eq!(diagnostic("now", &diagnosed, true), "now: one \ttwo");
    }

    #[test]
    fn failures_show_their_error_alone() {
        let failed = fields("broken", json!({ "error": "{\"code\":\"57014\"}" }));
        assert_eq!(diagnostic("now", &failed, true), "now: {\"code\":\"57014\"}");
        assert_eq!(
            diagnostic("now", &failed, false),
            "now: broken error=\"{\\\"code\\\":\\\"57014\\\"}\""
        );
    }

    #[test]
    fn json_holds_every_field() {
        let failed = fields("broken", json!({ "error": "{\"code\":\"57014\"}" }));
        assert_eq!(
            json("now", Level::ERROR, "phlo::failure", &failed),
            r#"{"timestamp":"now","level":"error","target":"phlo::failure","message":"broken","error":{"code":"57014"}}"#
        );
        let request = fields("", json!({ "method": "GET", "path": "/", "status": 200 }));
        assert_eq!(
            json("now", Level::INFO, "phlo::access", &request),
            r#"{"timestamp":"now","level":"info","target":"phlo::access","message":"GET /","method":"GET","path":"/","status":200}"#
        );
    }
}
