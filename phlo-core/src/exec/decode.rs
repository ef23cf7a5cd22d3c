//! The rows of a transaction as an outcome: what a response needs to know.

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use crate::{
    error::{Code, Error, Result},
    exec::{Results, Row},
    plan::{ActionPlan, CountPlan, Plan},
};

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The number of all rows, if they were counted.
    pub total: Option<u64>,
    /// The number of rows in the body, or of rows that were changed.
    pub rows: u64,
    /// The key of the only new row: `(column, value)`; none for null.
    pub location: Vec<(String, Option<String>)>,
    /// The body.
    pub body: Bytes,
    /// What functions have set as `response.headers`: JSON that is still to be read.
    pub response_headers: Option<String>,
    /// What functions have set as `response.status`.
    pub response_status: Option<String>,
    /// The number of inserted rows, where others may have been updated.
    pub inserted: Option<i64>,
}

/// What is known of a request before its body, where that is too long to be held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// What functions have set as `response.headers` before the statement ran.
    pub response_headers: Option<String>,
    /// What functions have set as `response.status` before the statement ran.
    pub response_status: Option<String>,
}

impl Head {
    /// Reads the row of the function that runs before every request.
    ///
    /// # Errors
    ///
    /// A setting isn't UTF-8.
    pub(crate) fn decode(before: Option<Row>) -> Result<Self> {
        // The function's own value comes first.
        let mut settings = before.unwrap_or_default().into_iter().skip(1);
        let mut next = || setting(settings.next().flatten());
        Ok(Self { response_headers: next()?, response_status: next()? })
    }
}

/// Reads the row of a plan's statement.
///
/// # Errors
///
/// The row isn't what the statement gives; that would be a bug.
pub fn decode(plan: &Plan, max_rows: Option<u64>, results: Results) -> Result<Outcome> {
    if plan.explain.is_some() {
        return Ok(Outcome { body: lines(&results.main), ..Outcome::default() });
    }
    if plan.rows.is_some() || plan.bare.is_some() {
        return decode_rows(plan, results);
    }
    let Some(row) = results.main.into_iter().next() else {
        return Err(Error::new(Code::Internal, "The statement gave no row"));
    };
    let mut columns = row.into_iter();
    let mut next = || columns.next().flatten();
    let total = number(next().as_ref())?;
    let rows = number(next().as_ref())?.unwrap_or(0);
    let is_mutation = matches!(plan.action, ActionPlan::Mutate(..));
    let location = if is_mutation { next() } else { None };
    let location = location.map(|json| read_location(&json)).transpose()?.unwrap_or_default();
    let body = next().unwrap_or_default();
    let response_headers = setting(next())?;
    let response_status = setting(next())?;
    let inserted = next().map(|it| parse(&it)).transpose()?;
    let estimate = estimate(&results.after);
    let total = match plan.count {
        CountPlan::Planned => estimate,
        // Without a largest page the guess counts wherever it is higher.
        CountPlan::Query { estimate: true, .. } if total > max_rows => total.max(estimate),
        CountPlan::No | CountPlan::Page | CountPlan::Query { .. } => total,
    };
    Ok(Outcome { total, rows, location, body, response_headers, response_status, inserted })
}

/// What was written of plain rows, or how many were changed, and what functions have set.
fn decode_rows(plan: &Plan, results: Results) -> Result<Outcome> {
    let mut settings = results.after.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || setting(settings.next().flatten());
    let rows = if plan.bare.is_some() { results.changed } else { results.written.rows };
    Ok(Outcome {
        total: (plan.count == CountPlan::Page).then_some(rows),
        rows,
        body: results.written.body,
        response_headers: next()?,
        response_status: next()?,
        ..Outcome::default()
    })
}

/// Checks that a statement has not set another `response.status` than was known before its rows.
///
/// # Errors
///
/// It has, when the response had begun.
#[cfg(feature = "pipeline")]
pub(crate) fn check_status(before: Option<&Row>, after: Option<&Row>) -> Result<()> {
    let status = |row: Option<&Row>, at: usize| {
        row.and_then(|row| row.get(at)?.clone()).filter(|status| !status.is_empty())
    };
    // Nothing else asks whether a statement has set it.
    if after.is_none() || status(before, 2) == status(after, 1) {
        return Ok(());
    }
    let message = "response.status was set when the response had begun";
    Err(Error::new(Code::ResponseStatus, message))
}

fn lines(rows: &[Row]) -> Bytes {
    let mut text = BytesMut::new();
    for line in rows.iter().filter_map(|row| row.first()?.as_ref()) {
        text.extend_from_slice(line);
        text.extend_from_slice(b"\n");
    }
    text.freeze()
}

fn number(value: Option<&Bytes>) -> Result<Option<u64>> {
    value.map(parse).transpose()
}

fn parse<T: std::str::FromStr>(value: &Bytes) -> Result<T> {
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Error::new(Code::Internal, "The statement gave something else than a number")
    })
}

/// A setting that was never set is null, one that was reset is empty.
fn setting(value: Option<Bytes>) -> Result<Option<String>> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    String::from_utf8(value.into())
        .map(Some)
        .map_err(|error| Error::new(Code::Internal, "A setting is not UTF-8").with_source(error))
}

fn read_location(json: &Bytes) -> Result<Vec<(String, Option<String>)>> {
    serde_json::from_slice(json).map_err(|error| {
        Error::new(Code::Internal, "The place of the new row could not be read").with_source(error)
    })
}

/// The planner's guess: `[{"Plan": {"Plan Rows": n, ..}}]`.
pub(crate) fn estimate(rows: &[Row]) -> Option<u64> {
    let json: Value = serde_json::from_slice(rows.first()?.first()?.as_ref()?).ok()?;
    json.get(0)?.get("Plan")?.get("Plan Rows")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_read_from_json() {
        let json = Bytes::from_static(br#"[{"Plan": {"Node Type": "Seq Scan", "Plan Rows": 42}}]"#);
        assert_eq!(estimate(&[vec![Some(json)]]), Some(42));
        assert_eq!(estimate(&[]), None);
    }

    #[test]
    #[cfg(feature = "pipeline")]
    fn a_status_can_be_late() {
        let row = |values: &[&'static str]| -> Row {
            values.iter().map(|value| Some(Bytes::from_static(value.as_bytes()))).collect()
        };
        let check = |before: Option<&[&'static str]>, after: Option<&[&'static str]>| {
            check_status(before.map(row).as_ref(), after.map(row).as_ref()).is_ok()
        };
        assert!(check(None, None));
        assert!(check(None, Some(&["[]", ""])));
        assert!(check(Some(&["x", "[]", "201"]), Some(&["[1]", "201"])));
        assert!(!check(Some(&["x", "[]", ""]), Some(&["[]", "201"])));
        assert!(!check(Some(&["x", "[]", "201"]), Some(&["[]", "202"])));
        assert!(!check(None, Some(&["[]", "201"])));
    }

    #[test]
    fn settings_that_were_reset_are_none() {
        assert_eq!(setting(Some(Bytes::new())).unwrap(), None);
        assert_eq!(setting(Some(Bytes::from_static(b"[]"))).unwrap().as_deref(), Some("[]"));
    }

    #[test]
    fn locations_may_hold_nulls() {
        let json = Bytes::from_static(br#"[["id", "1"], ["part", null]]"#);
        let expected = vec![("id".to_owned(), Some("1".to_owned())), ("part".to_owned(), None)];
        assert_eq!(read_location(&json).unwrap(), expected);
    }
}
