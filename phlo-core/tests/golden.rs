//! Requests as text, and the SQL that they become. The snapshots are to be read like code: what
//! changes in them changes what runs on people's databases.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "golden/cases.rs"]
mod cases;

use std::fmt::Write as _;

use cases::{Case, TOPICS, cases, limits, schema};
use phlo_core::{
    engine::{self, Settings},
    plan::Plan,
    request::Caller,
    schema::Schema,
    sql::{Param, Statement},
};

#[test]
fn requests_become_sql() {
    let schema = schema();
    for (topic, requests) in TOPICS {
        let mut text = String::new();
        for case in cases(requests) {
            writeln!(text, "### {}\n{}\n\n{}", case.title, case.text, show(&schema, &case))
                .unwrap();
        }
        insta::assert_snapshot!(*topic, text);
    }
}

/// What is sent before each statement.
#[test]
fn settings_become_sql() {
    let schema = schema();
    let mut caller = Caller::new("member");
    caller.method = "GET".to_owned();
    caller.path = "/books".to_owned();
    caller.headers = r#"{"x-a":"it's"}"#.to_owned();
    caller.cookies = r#"{"crumb":"sweet"}"#.to_owned();
    let settings = Settings {
        limits: limits(),
        app_settings: vec![("app.settings.motto".to_owned(), "Read on".to_owned())],
        ..Settings::default()
    };
    let text = "### x\nGET /books?id=eq.1\nPrefer: timezone=Asia/Tokyo";
    let case = cases(text).next().unwrap();
    let plan = case.plan(&schema).unwrap();
    let transaction = engine::transaction(&settings, &case.request().unwrap(), &caller, &plan);
    insta::assert_snapshot!("settings", statement(&transaction.settings));
}

fn show(schema: &Schema, case: &Case<'_>) -> String {
    let plan: Plan = match case.plan(schema) {
        Ok(plan) => plan,
        Err(error) => {
            let details = error.details().map(|it| format!("\n  {it}")).unwrap_or_default();
            let hint = error.hint().map(|it| format!("\n  {it}")).unwrap_or_default();
            return format!("{}: {error}{details}{hint}\n", error.code());
        }
    };
    let settings = Settings { limits: limits(), ..Settings::default() };
    let caller = Caller::new("member");
    let transaction = engine::transaction(&settings, &case.request().unwrap(), &caller, &plan);
    let mut text = statement(&transaction.main);
    if let Some(after) = transaction.after.filter(|_| plan.rows.is_none()) {
        write!(text, "then\n{}", statement(&after)).unwrap();
    }
    if let Some(guard) = transaction.guard {
        writeln!(text, "kept if {guard:?}").unwrap();
    }
    text
}

/// The SQL with a line for each clause, and the values of its placeholders.
fn statement(statement: &Statement) -> String {
    let mut text = statement.sql.to_string();
    for clause in [
        "FROM ",
        "WHERE ",
        "LEFT JOIN ",
        "INNER JOIN ",
        "GROUP BY ",
        "ORDER BY ",
        "LIMIT ",
        "OFFSET ",
        "RETURNING ",
        "ON CONFLICT ",
        "SET ",
        "SELECT ",
        "VALUES ",
    ] {
        text = text.replace(&format!(" {clause}"), &format!("\n{clause}"));
    }
    text.push('\n');
    for (index, param) in statement.params.iter().enumerate() {
        let value = match param {
            Param::Null => "null".to_owned(),
            Param::Text(text) => format!("{text:?}"),
            Param::Number(number) => number.to_string(),
            Param::Binary(bytes) => format!("bytes {:?}", String::from_utf8_lossy(bytes)),
            Param::Body(body) => format!("{:?}", String::from_utf8_lossy(body)),
        };
        writeln!(text, "${} = {value}", index + 1).unwrap();
    }
    text
}
