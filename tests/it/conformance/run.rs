//! Asks what the cases ask.
//!
//! Cases that only read share a database. Those with a single request that may write share another,
//! where every transaction is rolled back. Those with several get a database each.

use std::collections::BTreeMap;

use phlo_tests::{Answer, Service};

use super::{
    case::{Asked, Case},
    check::check,
};

/// Settings that decide what the schema is made from.
const SCHEMA: [&str; 2] = ["db-schemas", "db-extra-search-path"];

/// Runs the cases that share a configuration, and tells those that fail.
pub(super) async fn run(config: &BTreeMap<String, String>, cases: &[Case]) -> Vec<String> {
    let mut settings: Vec<_> = config.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let mut failures = Vec::new();
    let (reading, writing): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|it| it.only_reads());
    let (kept, undone): (Vec<&Case>, Vec<&Case>) = writing
        .into_iter()
        .partition(|case| case.steps().len() > 1 || config.contains_key("db-tx-end"));
    if reading.iter().any(|case| !case.steps().is_empty()) {
        let service = if SCHEMA.iter().any(|key| config.contains_key(*key)) {
            Service::library_with(&settings).await
        } else {
            let service = Service::reading_with(&settings).await;
            // The schema is shared; the settings of roles are read for each.
            service.state().load_config().await.unwrap();
            service
        };
        for case in reading {
            failures.extend(ask_all(&service, case).await);
        }
    }
    for case in kept {
        let service = Service::library_with(&settings).await;
        failures.extend(ask_all(&service, case).await);
    }
    if !undone.is_empty() {
        settings.push(("db-tx-end", "rollback"));
        let service = Service::library_with(&settings).await;
        for case in undone {
            failures.extend(ask_all(&service, case).await);
        }
    }
    failures
}

impl Case {
    fn only_reads(&self) -> bool {
        let safe = |method: &str| !matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
        self.steps().iter().all(|(request, _)| safe(&request.method))
    }
}

/// What is wrong with a case, if anything is.
async fn ask_all(service: &Service, case: &Case) -> Option<String> {
    let mut asked = String::new();
    let mut wrong = Vec::new();
    let mut last = None;
    for (request, expected) in case.steps() {
        let answer = ask(service, request).await;
        wrong = check(&answer, expected);
        asked = format!("{} {}", request.method, request.path);
        last = Some(answer);
        if !wrong.is_empty() {
            break;
        }
    }
    if let (Some(answer), Some(postgrest), true) = (last, &case.postgrest, wrong.is_empty())
        && check(&answer, postgrest).is_empty()
    {
        wrong.push("this is what PostgREST answers, though it is said to differ".to_owned());
    }
    let wrong = wrong.iter().map(|it| format!("\n    {it}")).collect::<String>();
    (!wrong.is_empty()).then(|| format!("{}: {}\n  {asked}{wrong}", case.id, case.title))
}

async fn ask(service: &Service, request: &Asked) -> Answer {
    const TYPE: &str = "content-type";
    let mut ask = service.ask(&request.method, &request.path);
    let media_type = request.headers.get(TYPE).and_then(|values| values.all().first());
    let body = request.text.clone().or_else(|| request.body.as_ref().map(ToString::to_string));
    if let Some(body) = body {
        ask = ask.body(media_type.map_or("application/json", String::as_str), body);
    } else if let Some(media_type) = media_type {
        ask = ask.header(TYPE, media_type);
    }
    for (name, values) in request.headers.iter().filter(|(name, _)| *name != TYPE) {
        for value in values.all() {
            ask = ask.header(name, value);
        }
    }
    if let Some(claims) = &request.claims {
        ask = ask.claims(claims.clone());
    } else if let Some(role) = &request.role {
        ask = ask.role(role);
    }
    ask.await
}
