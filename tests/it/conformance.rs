//! Conformance: PostgREST's features, row by row, as cases in `tests/conformance/*.json`.
//!
//! `rows.json` lists the features; a section file holds what is asked and what has to come back. A
//! case that departs from PostgREST also holds what PostgREST answers, and has to keep departing.

mod case;
mod check;
mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use self::case::{Case, Status};

/// Every case; all that fail are told at once.
#[tokio::test]
async fn every_case_is_answered_as_it_says() {
    let mut groups: BTreeMap<BTreeMap<String, String>, Vec<Case>> = BTreeMap::new();
    for case in case::cases() {
        groups.entry(case.config.clone()).or_default().push(case);
    }
    let mut failures = Vec::new();
    for (config, cases) in &groups {
        failures.extend(run::run(config, cases).await);
    }
    failures.sort();
    let mut report = String::new();
    for failure in &failures {
        writeln!(report, "\n{failure}").unwrap();
    }
    assert!(failures.is_empty(), "{} cases failed\n{report}", failures.len());
}

/// Every feature is shown by a case, or by a test that there is.
#[test]
fn every_row_is_covered() {
    let mut rows = BTreeMap::new();
    for section in case::sections() {
        for row in section.rows {
            assert_eq!(
                row.status == Status::Same,
                row.reason.is_none(),
                "{}: what isn't the same has a reason",
                row.id
            );
            assert!(rows.insert(row.id.clone(), row.status).is_none(), "{} twice", row.id);
        }
    }
    let cases = case::cases();
    let covered: BTreeSet<&str> = cases.iter().map(|case| case.row.as_str()).collect();
    let missing: Vec<_> = rows.keys().filter(|row| !covered.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "rows without a case: {missing:?}");
    for case in &cases {
        let status = rows.get(&case.row).unwrap_or_else(|| panic!("{}: no such row", case.id));
        assert!(
            case.differs.is_none() || *status != Status::Same,
            "{} differs, but its row is said to be the same",
            case.id
        );
    }
}

/// A case is either asked over HTTP or covered by tests, and its name says which row it belongs to.
#[test]
fn cases_are_sound() {
    let mut seen = BTreeSet::new();
    for case in case::cases() {
        let id = &case.id;
        assert!(seen.insert(id.clone()), "{id} twice");
        assert!(id.starts_with(&format!("{}-", case.row)), "{id} is not named after {}", case.row);
        assert_eq!(case.steps().is_empty(), !case.covered_by.is_empty(), "{id}: asked or covered");
        assert_eq!(case.differs.is_some(), case.postgrest.is_some(), "{id}: differs from what");
        for test in &case.covered_by {
            let (file, name) = test.split_once(": ").unwrap_or_else(|| panic!("{id}: {test}"));
            let text = fs::read_to_string(case::root().join(file))
                .unwrap_or_else(|error| panic!("{id}: {file}: {error}"));
            assert!(text.contains(&format!("fn {name}()")), "{id}: no test {name} in {file}");
        }
    }
}
