//! Compares an answer with what was expected, and says what is different.

use phlo_tests::Answer;
use serde_json::Value;

use super::case::Expected;

/// What is wrong with an answer, a line or more each; nothing if it is as expected.
pub(super) fn check(answer: &Answer, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut differ = |what: &str, wanted: String, found: String| {
        if wanted != found {
            wrong.push(format!("{what}\n{}", difference(&wanted, &found)));
        }
    };
    if let Some(status) = expected.status {
        differ("status", status.to_string(), answer.status.to_string());
    }
    for (name, value) in &expected.headers {
        differ(name, value.clone(), answer.header(name));
    }
    for (name, part) in &expected.headers_with {
        let found = answer.header(name);
        if !found.contains(part) {
            differ(name, format!("... {part} ..."), found);
        }
    }
    for name in &expected.present {
        if !answer.headers.contains_key(name) {
            differ(name, "to be there".to_owned(), "not there".to_owned());
        }
    }
    for name in &expected.absent {
        if answer.headers.contains_key(name) {
            differ(name, "not to be there".to_owned(), answer.header(name));
        }
    }
    if let Some(body) = &expected.body {
        differ("body", pretty(body), json(answer).as_ref().map_or_else(|| text(answer), pretty));
    }
    if let Some(part) = &expected.includes {
        let found = json(answer);
        if !found.as_ref().is_some_and(|found| includes(found, part)) {
            differ(
                "part of the body",
                pretty(part),
                found.as_ref().map_or_else(|| text(answer), pretty),
            );
        }
    }
    if let Some(body) = &expected.text {
        differ("body", body.clone(), text(answer));
    }
    if let Some(part) = &expected.text_with
        && !text(answer).contains(part)
    {
        differ("body", format!("... {part} ..."), text(answer));
    }
    wrong
}

/// Whether a value holds all that another one holds.
fn includes(found: &Value, part: &Value) -> bool {
    match (found, part) {
        (Value::Object(found), Value::Object(part)) => {
            part.iter().all(|(key, part)| found.get(key).is_some_and(|found| includes(found, part)))
        }
        (Value::Array(found), Value::Array(part)) => {
            found.len() == part.len()
                && found.iter().zip(part).all(|(found, part)| includes(found, part))
        }
        _ => found == part,
    }
}

fn json(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok()
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// JSON with its keys in order, since their order means nothing.
fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    serde_json::to_string_pretty(&value).unwrap()
}

/// The lines that are not the same at both ends.
fn difference(wanted: &str, found: &str) -> String {
    let (wanted, found): (Vec<_>, Vec<_>) = (wanted.lines().collect(), found.lines().collect());
    let start = wanted.iter().zip(&found).take_while(|(a, b)| a == b).count();
    let (wanted, found) = (wanted.split_at(start).1, found.split_at(start).1);
    let end = wanted.iter().rev().zip(found.iter().rev()).take_while(|(a, b)| a == b).count();
    let lines = |sign: char, lines: &[&str]| {
        let lines = lines.split_at(lines.len() - end).0.iter();
        lines.map(|line| format!("      {sign} {line}")).collect::<Vec<_>>()
    };
    [lines('-', wanted), lines('+', found)].concat().join("\n")
}

#[test]
fn differences_are_what_is_between_equal_ends() {
    assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "      - b\n      + x\n      + y");
    assert_eq!(difference("", "z"), "      + z");
}

#[test]
fn objects_may_hold_more_and_lists_may_not() {
    use serde_json::json;
    assert!(includes(&json!({"a": {"b": 1, "c": 2}}), &json!({"a": {"b": 1}})));
    assert!(!includes(&json!({"a": [1, 2]}), &json!({"a": [1]})));
    assert!(!includes(&json!({"a": 1}), &json!({"b": null})));
}
