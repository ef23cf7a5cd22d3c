//! How a change is sent of which nothing is asked but the number of its rows; and the values of its
//! row, where that is a new one and PostgreSQL would take each from its text.
//!
//! To have PostgreSQL read a row from JSON costs it a sixth of an insert of one row. Whatever isn't
//! known for sure to give the same is left to it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    plan::{BareChange, JsonColumn, JsonRows, JsonShape, MutationKind, MutationPlan},
    request::Resolution,
};

/// How a change is sent alone; none if there is more to do than the change.
pub(crate) fn bare(change: &MutationPlan) -> Option<BareChange> {
    if !change.returning.is_empty() {
        return None;
    }
    match &change.kind {
        MutationKind::Insert { rows, conflict, conditions, .. } => {
            let merges =
                conflict.as_ref().is_some_and(|it| it.resolution == Resolution::MergeDuplicates);
            if rows.columns.is_empty() || merges || !conditions.is_empty() {
                return None;
            }
            Some(values(rows, &rows.body).map_or(BareChange::OfBody, BareChange::OfValues))
        }
        MutationKind::Update { values, .. } => {
            (!values.columns.is_empty()).then_some(BareChange::OfBody)
        }
        MutationKind::Delete { .. } => Some(BareChange::OfBody),
    }
}

/// The values of the only row of a body, as texts, for the columns of rows of the same shape.
pub(crate) fn values(rows: &JsonRows, body: &[u8]) -> Option<Vec<Option<String>>> {
    let is_simple = rows.shape == JsonShape::Object
        && !rows.defaults
        && rows.columns.iter().all(|column| column.from_text);
    if !is_simple {
        return None;
    }
    let object: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).ok()?;
    rows.columns
        .iter()
        .map(|column| match object.get(column.name.as_str()) {
            None => Some(None),
            Some(value) => text(column, value.get()),
        })
        .collect()
}

/// What PostgreSQL's `json_to_record` gives the input function of a type.
fn text(column: &JsonColumn, json: &str) -> Option<Option<String>> {
    let is_json = column.type_name.is_catalog("json") || column.type_name.is_catalog("jsonb");
    match json.as_bytes().first()? {
        b'n' => Some(None),
        // It would write the text anew, with other escapes.
        b'"' if is_json && json.contains('\\') => None,
        b'"' if !is_json => {
            let text = String::deserialize(&mut serde_json::Deserializer::from_str(json)).ok()?;
            // It has another error for this.
            (!text.contains('\0')).then_some(Some(text))
        }
        _ => Some(Some(json.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::schema::{Ident, QualifiedName};

    fn rows(body: &'static str) -> JsonRows {
        let column = |name: &str, type_name: &str| JsonColumn {
            name: Ident::new(name),
            type_name: QualifiedName::new("pg_catalog", type_name),
            from_text: true,
            transform: None,
            default: None,
        };
        JsonRows {
            body: Bytes::from(body),
            shape: JsonShape::of(body.as_bytes()),
            columns: vec![column("a", "text"), column("b", "jsonb")],
            defaults: false,
        }
    }

    fn of(body: &'static str) -> Option<Vec<Option<String>>> {
        let rows = rows(body);
        values(&rows, &rows.body)
    }

    #[test]
    fn values_are_texts() {
        for (body, a, b) in [
            (r#"{"a":"x\u00e9\n","b":"y"}"#, Some("x\u{e9}\n"), Some(r#""y""#)),
            (r#"{"a":"\"","b":"ü"}"#, Some("\""), Some("\"\u{fc}\"")),
            (r#"{"b":[1, 2],"a":1.50e3}"#, Some("1.50e3"), Some("[1, 2]")),
            (r#"{"a":{"x": null},"b":null}"#, Some(r#"{"x": null}"#), None),
            (r#"{"a":true}"#, Some("true"), None),
            (r#"{"a":null,"b":0}"#, None, Some("0")),
            (r#"{"\u0061":"x"}"#, Some("x"), None),
            (r#"{"a":"x","a":"y"}"#, Some("y"), None),
        ] {
            let expected = vec![a.map(str::to_owned), b.map(str::to_owned)];
            assert_eq!(of(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn what_is_not_sure_is_left() {
        for body in [
            r#"[{"a":"x"}]"#,
            r#"{"a":"x\u0000"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"b":"x\ny"}"#,
            r#"{"a":"x""#,
            r#"{"a":"x"} x"#,
        ] {
            assert_eq!(of(body), None, "{body}");
        }
        let with = |change: fn(&mut JsonRows)| {
            let mut rows = rows(r#"{"a":"x","b":1}"#);
            change(&mut rows);
            values(&rows, &rows.body)
        };
        assert!(with(|_| {}).is_some());
        assert!(with(|rows| rows.defaults = true).is_none());
        assert!(with(|rows| rows.columns[0].from_text = false).is_none());
    }
}
