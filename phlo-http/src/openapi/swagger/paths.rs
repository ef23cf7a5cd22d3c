//! `paths`: the endpoints of tables and functions, and the root.
//!
//! Takes tables and functions, gives operations that refer to the parameters and definitions by
//! name.

use std::collections::BTreeMap;

use phlo_core::schema::{Parameter, Routine, Table, Volatility};
use serde_json::{Map, Value, json};

use crate::openapi::{
    Input,
    swagger::{MEDIA_TYPES, parameters, put, put_some, put_unless_empty, reference, types},
    text,
};

/// All paths, with their operations.
pub(super) fn paths(input: &Input<'_>) -> impl Iterator<Item = (String, Value)> {
    let of_tables =
        input.tables.iter().map(|table| (format!("/{}", table.name.name), table_item(table)));
    let of_routines = described_overloads(&input.routines)
        .map(|routine| (format!("/rpc/{}", routine.name.name), routine_item(input, routine)));
    std::iter::once(("/".to_owned(), root())).chain(of_tables).chain(of_routines)
}

fn root() -> Value {
    json!({
        "get": {
            "tags": ["Introspection"],
            "summary": "OpenAPI description (this document)",
            "produces": ["application/openapi+json", "application/json"],
            "responses": { "200": { "description": "OK" } },
        },
    })
}

fn table_item(table: &Table) -> Value {
    let name = table.name.name.as_str();
    let filters: Vec<_> =
        table.columns.values().map(|column| parameters::filter_name(table, column)).collect();
    let body = parameters::body_name(table);
    let operation = |before: &[String], after: &[&str], responses: Value| {
        let names = before.iter().map(String::as_str).chain(after.iter().copied());
        let references: Vec<_> = names.map(|it| reference("parameters", it)).collect();
        let mut operation = commented(name, table.description.as_deref());
        put(&mut operation, "parameters", references);
        put(&mut operation, "responses", responses);
        operation
    };
    let rows = json!({ "type": "array", "items": reference("definitions", name) });
    let found = json!({
        "200": { "description": "OK", "schema": rows },
        "206": { "description": "Partial Content" },
    });
    let created = json!({ "201": { "description": "Created" } });
    let changed = json!({ "204": { "description": "No Content" } });

    let mut item = Map::new();
    let page = ["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"];
    put(&mut item, "get", operation(&filters, &page, found));
    // PostgREST 16: whoever can write in one way is shown all ways.
    if table.insertable || table.updatable || table.deletable {
        put(&mut item, "post", operation(&[], &[&body, "select", "preferPost"], created));
        put(&mut item, "delete", operation(&filters, &["preferReturn"], changed.clone()));
        put(&mut item, "patch", operation(&filters, &[&body, "preferReturn"], changed));
    }
    Value::Object(item)
}

/// An operation with what a comment says: its first line is the summary.
fn commented(tag: &str, comment: Option<&str>) -> Map<String, Value> {
    let mut operation = Map::new();
    put(&mut operation, "tags", json!([tag]));
    if let Some((summary, description)) = comment.map(text::split_comment) {
        put(&mut operation, "summary", summary);
        put_some(&mut operation, "description", (!description.is_empty()).then_some(description));
    }
    operation
}

/// One overload a name: PostgREST writes them one over the other, ordered by the number of their
/// parameters, then by comment and parameters.
fn described_overloads<'a>(routines: &[&'a Routine]) -> impl Iterator<Item = &'a Routine> {
    let rank = |routine: &'a Routine| {
        let parameters: Vec<_> = routine
            .parameters
            .iter()
            .map(|it| (&it.name, &it.type_label, it.required, it.variadic))
            .collect();
        (parameters.len(), &routine.description, parameters)
    };
    let mut chosen = BTreeMap::<_, &Routine>::new();
    for routine in routines {
        let best = chosen.entry(&routine.name).or_insert(routine);
        if rank(routine) > rank(best) {
            *best = routine;
        }
    }
    chosen.into_values()
}

fn routine_item(input: &Input<'_>, routine: &Routine) -> Value {
    let operation = |parameters: Vec<Value>| {
        let tag = format!("(rpc) {}", routine.name.name);
        let mut operation = commented(&tag, routine.description.as_deref());
        let [json, stripped, object, _] = MEDIA_TYPES;
        put(&mut operation, "produces", json!([json, stripped, object]));
        put_unless_empty(&mut operation, "parameters", Value::Array(parameters));
        put(&mut operation, "responses", json!({ "200": { "description": "OK" } }));
        operation
    };
    let mut item = Map::new();
    if routine.volatility != Volatility::Volatile {
        let arguments = routine.parameters.iter().map(|it| argument(it, label(input, it)));
        put(&mut item, "get", operation(arguments.collect()));
    }
    let body = json!({
        "name": "args",
        "required": true,
        "in": "body",
        "schema": arguments_object(input, routine),
    });
    put(&mut item, "post", operation(vec![body, reference("parameters", "preferParams")]));
    Value::Object(item)
}

fn label<'a>(input: &Input<'a>, parameter: &'a Parameter) -> &'a str {
    input
        .labels
        .and_then(|labels| labels.get(&parameter.type_name))
        .map_or(parameter.type_label.as_str(), String::as_str)
}

fn arguments_object(input: &Input<'_>, routine: &Routine) -> Value {
    let required: Vec<_> =
        routine.parameters.iter().filter(|it| it.required).map(|it| it.name.as_str()).collect();
    let properties = routine.parameters.iter().map(|parameter| {
        let label = label(input, parameter);
        let mut property = Map::new();
        put(&mut property, "format", types::format_of(label));
        put_some(&mut property, "items", types::items_of(label));
        put_some(&mut property, "type", types::type_of(label));
        (parameter.name.to_string(), Value::Object(property))
    });
    let mut object = Map::new();
    put_some(&mut object, "description", routine.description.as_deref());
    put_unless_empty(&mut object, "required", json!(required));
    put_unless_empty(&mut object, "properties", Value::Object(properties.collect()));
    put(&mut object, "type", "object");
    Value::Object(object)
}

fn argument(parameter: &Parameter, label: &str) -> Value {
    let mut argument = Map::new();
    put(&mut argument, "name", parameter.name.as_str());
    put(&mut argument, "required", parameter.required);
    put(&mut argument, "in", "query");
    if parameter.variadic {
        let element = types::element_of(label);
        let mut items = Map::new();
        put_some(&mut items, "type", types::type_of(element));
        put(&mut items, "format", types::format_of(element));
        put(&mut argument, "collectionFormat", "multi");
        put(&mut argument, "items", items);
        put(&mut argument, "type", types::type_of(label).unwrap_or("string"));
    } else {
        // An array is written as `{..}` in a URL, and a parameter must have a type.
        let kind = types::type_of(label).filter(|kind| *kind != "array").unwrap_or("string");
        put(&mut argument, "format", types::format_of(label));
        put(&mut argument, "type", kind);
    }
    Value::Object(argument)
}
