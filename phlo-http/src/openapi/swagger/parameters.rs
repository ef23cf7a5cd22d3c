//! `parameters`: what requests can carry, to be referred to by name.
//!
//! Takes tables, gives parameters: the ones that all tables share, and for each table its body and
//! a filter for each column.

use phlo_core::schema::{Column, Table};
use serde_json::{Map, Value, json};

use crate::openapi::{
    Input,
    swagger::{put, put_some, reference},
};

/// All parameters, by name.
pub(super) fn parameters(input: &Input<'_>) -> Value {
    let mut all = Map::new();
    put_shared(&mut all);
    for table in &input.tables {
        all.insert(body_name(table), body(table));
        for column in table.columns.values() {
            all.insert(filter_name(table, column), filter(column));
        }
    }
    Value::Object(all)
}

/// The name of the parameter that holds a row of a table.
pub(super) fn body_name(table: &Table) -> String {
    format!("body.{}", table.name.name)
}

/// The name of the parameter that filters by a column.
pub(super) fn filter_name(table: &Table, column: &Column) -> String {
    format!("rowFilter.{}.{}", table.name.name, column.name)
}

fn put_shared(all: &mut Map<String, Value>) {
    let returns = ["return=representation", "return=minimal", "return=none"];
    let resolutions = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];
    put(all, "preferParams", prefer(&[]));
    put(all, "preferReturn", prefer(&returns));
    put(all, "preferCount", prefer(&["count=none"]));
    put(all, "preferPost", prefer(&[returns.as_slice(), &resolutions].concat()));
    put(all, "select", shared("select", "query", "Filtering Columns"));
    put(all, "on_conflict", shared("on_conflict", "query", "On Conflict"));
    put(all, "order", shared("order", "query", "Ordering"));
    put(all, "range", shared("Range", "header", "Limiting and Pagination"));
    let mut unit = shared("Range-Unit", "header", "Limiting and Pagination");
    put(&mut unit, "default", "items");
    put(all, "rangeUnit", unit);
    put(all, "offset", shared("offset", "query", "Limiting and Pagination"));
    put(all, "limit", shared("limit", "query", "Limiting and Pagination"));
}

fn shared(name: &str, location: &str, description: &str) -> Map<String, Value> {
    let mut parameter = Map::new();
    put(&mut parameter, "name", name);
    put(&mut parameter, "description", description);
    put(&mut parameter, "required", false);
    put(&mut parameter, "in", location);
    put(&mut parameter, "type", "string");
    parameter
}

fn prefer(values: &[&str]) -> Map<String, Value> {
    let mut parameter = shared("Prefer", "header", "Preference");
    put_some(&mut parameter, "enum", (!values.is_empty()).then(|| json!(values)));
    parameter
}

fn body(table: &Table) -> Value {
    let name = table.name.name.as_str();
    json!({
        "name": name,
        "description": name,
        "required": false,
        "in": "body",
        "schema": reference("definitions", name),
    })
}

fn filter(column: &Column) -> Value {
    let mut parameter = Map::new();
    put(&mut parameter, "name", column.name.as_str());
    put_some(&mut parameter, "description", column.description.as_deref());
    put(&mut parameter, "required", false);
    put(&mut parameter, "in", "query");
    put(&mut parameter, "type", "string");
    Value::Object(parameter)
}
