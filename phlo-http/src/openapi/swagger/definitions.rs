//! `definitions`: an object a table, a property a column.
//!
//! Takes tables with their relationships, gives JSON schemas in the dialect of OpenAPI 2.0.

use phlo_core::schema::{Column, Table};
use serde_json::{Map, Value, json};

use crate::openapi::{
    Input,
    swagger::{put, put_some, put_unless_empty, types},
    text,
};

/// The definitions of all tables, by name.
pub(super) fn definitions<'a>(input: &'a Input<'_>) -> impl Iterator<Item = (&'a str, Value)> {
    input.tables.iter().map(move |table| (&*table.name.name, object(input, table)))
}

fn object(input: &Input<'_>, table: &Table) -> Value {
    let foreign_keys = text::foreign_keys(input.schema, table);
    let required: Vec<_> = table
        .columns
        .values()
        .filter(|column| !column.nullable)
        .map(|column| column.name.as_str())
        .collect();
    let properties = table.columns.values().map(|column| {
        let note = text::column_description(table, column, foreign_keys.get(&*column.name));
        (column.name.to_string(), property(column, note))
    });
    let mut object = Map::new();
    put_some(&mut object, "description", table.description.as_deref());
    put_unless_empty(&mut object, "required", json!(required));
    put_unless_empty(&mut object, "properties", Value::Object(properties.collect()));
    put(&mut object, "type", "object");
    Value::Object(object)
}

fn property(column: &Column, description: Option<String>) -> Value {
    let label = column.type_label.as_str();
    let default = column.default.as_ref().and_then(|it| types::default_of(label, it.as_str()));
    let mut property = Map::new();
    put_some(&mut property, "default", default);
    put_some(&mut property, "description", description);
    put_unless_empty(&mut property, "enum", json!(column.enum_labels));
    put(&mut property, "format", types::format_of(label));
    put_some(&mut property, "items", types::items_of(label));
    put_some(&mut property, "maxLength", column.max_length);
    put_some(&mut property, "type", types::type_of(label));
    Value::Object(property)
}
