//! Whether an answer says what SQL says.
//!
//! Compares by meaning: the order of keys and the blanks of JSON don't count; every byte of CSV does.

use serde_json::Value;

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
        Truth::Json { body, total } => compare_json(&body, total.as_deref(), &reply),
        Truth::Csv(text) => compare_csv(&text, &reply),
        Truth::Stored(rows) if database.stored(scenario)? == rows => Ok(()),
        Truth::Stored(_) => Err("the rows in the table aren't those that were sent".to_owned()),
    }
    .map_err(wrong)
}

fn compare_json(expected: &Value, total: Option<&str>, reply: &Reply) -> Result<(), String> {
    let found: Value =
        serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON: {error}"))?;
    if found != *expected {
        return Err(differs(&expected.to_string(), &found.to_string()));
    }
    let range = reply.content_range.as_deref().unwrap_or_default();
    match total {
        Some(total) if range.rsplit_once('/').is_none_or(|(_, it)| it != total) => {
            Err(format!("Content-Range is {range:?}, and the total {total}"))
        }
        Some(_) | None => Ok(()),
    }
}

fn compare_csv(expected: &str, reply: &Reply) -> Result<(), String> {
    let found = String::from_utf8_lossy(&reply.body);
    // Programs such as `psql` end the last line too.
    let same = found.trim_end_matches('\n') == expected.trim_end_matches('\n');
    if same { Ok(()) } else { Err(differs(expected, &found)) }
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
        let expected = json!([{"a": 1, "b": 2.5}]);
        let compare = |body| compare_json(&expected, None, &reply(body, None));
        assert_eq!(compare(r#"[{"b":2.50, "a":1}]"#), Ok(()));
        assert!(compare(r#"[{"b":2.51,"a":1}]"#).is_err());
        assert!(compare("[{").is_err());
    }

    #[test]
    fn a_total_has_to_be_right() {
        let compare = |range| compare_json(&json!([]), Some("20000"), &reply("[]", range));
        assert_eq!(compare(Some("0-19/20000")), Ok(()));
        for range in [None, Some("0-19/*"), Some("0-19/120000")] {
            assert!(compare(range).is_err(), "{range:?}");
        }
    }

    #[test]
    fn every_byte_of_csv_counts() {
        let compare = |body| compare_csv("a,b\n1,\"x y\"\n", &reply(body, None));
        assert_eq!(compare("a,b\n1,\"x y\""), Ok(()));
        let error = compare("a,b\n1,x y").unwrap_err();
        assert!(error.contains("\"x y\"") && error.contains("1,x y"), "{error}");
    }
}
