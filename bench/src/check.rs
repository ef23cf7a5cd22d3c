//! Whether an answer says what SQL says.
//!
//! Compares by meaning: the order of keys and the blanks of JSON don't count; every byte of CSV does.

use crate::{
    api::{Api, Reply},
    database::{Database, Truth},
    error::{Error, Result},
    scenario::{Answer, Scenario},
};

/// How much of a wrong answer is shown.
const SHOWN: usize = 200;

/// Asks once, and compares.
pub(crate) async fn check(database: &Database, api: &Api, scenario: &Scenario) -> Result<()> {
    let wrong = |why| Error::Wrong { scenario: scenario.name, why };
    if scenario.answer == Answer::Stored {
        database.empty_intake()?;
    }
    let truth = database.truth(scenario)?;
    let reply = api.ask(scenario).await?;
    if reply.status != scenario.status {
        let body: String = String::from_utf8_lossy(&reply.body).chars().take(SHOWN).collect();
        return Err(wrong(format!("status {}: {body}", reply.status)));
    }
    match truth {
        Truth::Stored(rows) if database.stored(scenario)? == rows => Ok(()),
        Truth::Stored(_) => Err(wrong("the rows in the table aren't those that were sent".into())),
        truth => compare(&truth, &reply).map_err(wrong),
    }
}

fn compare(truth: &Truth, reply: &Reply) -> Result<(), String> {
    match truth {
        Truth::Json { body, total } => {
            let found: serde_json::Value =
                serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON: {error}"))?;
            if found != *body {
                return Err(differs(&body.to_string(), &found.to_string()));
            }
            let range = reply.content_range.as_deref().unwrap_or_default();
            match total {
                Some(total) if range.rsplit_once('/').is_none_or(|(_, it)| it != total) => {
                    Err(format!("Content-Range is {range:?}, and the total {total}"))
                }
                Some(_) | None => Ok(()),
            }
        }
        Truth::Csv(text) => {
            let found = String::from_utf8_lossy(&reply.body);
            if found.trim_end() == text.trim_end() { Ok(()) } else { Err(differs(text, &found)) }
        }
        Truth::Stored(_) => Ok(()),
    }
}

/// Shows both from a little before the first difference.
fn differs(expected: &str, found: &str) -> String {
    let same = expected.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| {
        text.chars().skip(same.saturating_sub(SHOWN / 4)).take(SHOWN).collect::<String>()
    };
    format!("expected .. {} .., found .. {} ..", part(expected), part(found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(body: &str, content_range: Option<&str>) -> Reply {
        Reply {
            status: 200,
            content_range: content_range.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn json_is_compared_by_meaning() {
        let truth = Truth::Json { body: json!([{"a": 1, "b": 2.5}]), total: None };
        assert_eq!(compare(&truth, &reply(r#"[{"b":2.50, "a":1}]"#, None)), Ok(()));
        assert!(compare(&truth, &reply(r#"[{"b":2.51,"a":1}]"#, None)).is_err());
        assert!(compare(&truth, &reply("[{", None)).is_err());
    }

    #[test]
    fn a_total_has_to_be_right() {
        let truth = Truth::Json { body: json!([]), total: Some("20000".to_owned()) };
        assert_eq!(compare(&truth, &reply("[]", Some("0-19/20000"))), Ok(()));
        for range in [None, Some("0-19/*"), Some("0-19/120000")] {
            assert!(compare(&truth, &reply("[]", range)).is_err(), "{range:?}");
        }
    }

    #[test]
    fn every_byte_of_csv_counts() {
        let truth = Truth::Csv("a,b\n1,\"x y\"\n".to_owned());
        assert_eq!(compare(&truth, &reply("a,b\n1,\"x y\"", None)), Ok(()));
        let error = compare(&truth, &reply("a,b\n1,x y", None)).unwrap_err();
        assert!(error.contains("\"x y\"") && error.contains("1,x y"), "{error}");
    }
}
