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
pub(super) fn parameters(input: &Input<'_>) -> impl Iterator<Item = (String, Value)> {
    let of_tables = input.tables.iter().flat_map(|table| {
        let filters = table.columns.values();
        let filters = filters.map(|column| (filter_name(table, column), filter(column)));
        std::iter::once((body_name(table), body(table))).chain(filters)
    });
    shared_by_all().into_iter().chain(of_tables)
}

/// The name of the parameter that holds a row of a table.
pub(super) fn body_name(table: &Table) -> String {
    format!("body.{}", table.name.name)
}

/// The name of the parameter that filters by a column.
pub(super) fn filter_name(table: &Table, column: &Column) -> String {
    format!("rowFilter.{}.{}", table.name.name, column.name)
}

fn shared_by_all() -> Map<String, Value> {
    let returns = ["return=representation", "return=minimal", "return=none"];
    let resolutions = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];
    let page = "Limiting and Pagination";
    let mut unit = shared("Range-Unit", "header", page);
    put(&mut unit, "default", "items");
    let mut all = Map::new();
    put(&mut all, "preferParams", prefer(&[]));
    put(&mut all, "preferReturn", prefer(&returns));
    put(&mut all, "preferCount", prefer(&["count=none"]));
    put(&mut all, "preferPost", prefer(&[returns.as_slice(), &resolutions].concat()));
    put(&mut all, "select", shared("select", "query", "Filtering Columns"));
    put(&mut all, "on_conflict", shared("on_conflict", "query", "On Conflict"));
    put(&mut all, "order", shared("order", "query", "Ordering"));
    put(&mut all, "range", shared("Range", "header", page));
    put(&mut all, "rangeUnit", unit);
    put(&mut all, "offset", shared("offset", "query", page));
    put(&mut all, "limit", shared("limit", "query", page));
    all
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
