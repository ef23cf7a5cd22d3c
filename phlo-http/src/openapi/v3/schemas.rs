//! The schemas of rows: as they are read, inserted and updated.
//!
//! Takes tables and columns, gives JSON schemas. Three schemas a table, because they differ in what
//! is required: a row that is read has all its columns, one that is inserted needs those without a
//! default, one that is updated needs none.

use phlo_core::schema::{Column, Generated, QualifiedName, Table};
use serde_json::Value;
use utoipa::openapi::{
    Ref,
    schema::{Object, ObjectBuilder, Schema, Type},
};

use crate::openapi::{
    Input, text,
    v3::{
        bodies::TableNames,
        types::{JsonType, Null},
    },
};

/// A reference to a schema of the document.
pub(super) fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/schemas/{name}"))
}

/// The schemas of a table by name; those for writing only if it can be written.
pub(super) fn of_table(
    input: &Input<'_>,
    table: &Table,
    names: &TableNames,
) -> impl Iterator<Item = (String, Schema)> {
    let written = |name: &String, purpose| (name.clone(), written_row(input, table, purpose));
    let row = (names.row.clone(), row(input, table));
    let insert = table.insertable.then(|| written(&names.insert, Purpose::Insert));
    let update = table.updatable.then(|| written(&names.update, Purpose::Update));
    [Some(row), insert, update].into_iter().flatten()
}

/// A row as it is read.
fn row(input: &Input<'_>, table: &Table) -> Schema {
    let foreign_keys = text::foreign_keys(input.schema, table);
    let mut object = Object::new();
    object.description.clone_from(&table.description);
    for column in table.columns.values() {
        let name = column.name.to_string();
        let note = text::column_description(table, column, foreign_keys.get(&*column.name));
        object.properties.insert(name.clone(), read(input, column, note).into());
        if !column.nullable {
            object.required.push(name);
        }
    }
    object.into()
}

/// What a row is written for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To be inserted.
    Insert,
    /// To replace values of rows that exist.
    Update,
}

/// A row as it is written.
///
/// Complete in itself for either purpose: generators differ too much in what they make of one
/// schema that refines another.
fn written_row(input: &Input<'_>, table: &Table, purpose: Purpose) -> Schema {
    let mut object = Object::new();
    for column in table.columns.values().filter(|column| is_writable(column)) {
        let name = column.name.to_string();
        object.properties.insert(name.clone(), written(input, column).into());
        if purpose == Purpose::Insert && !column.nullable && !has_default(column) {
            object.required.push(name);
        }
    }
    object.into()
}

/// An error.
pub(super) fn error() -> Schema {
    let text = JsonType::One(Type::String, None);
    let mut code = text.object(Null::Forbidden);
    code.description = Some(
        "`PGRSTnnn` if the server refused the request, or the SQLSTATE of the database".into(),
    );
    ObjectBuilder::new()
        .description(Some("What went wrong"))
        .property("code", code)
        .property("message", text.object(Null::Forbidden))
        .property("details", JsonType::Any(None).object(Null::Allowed))
        .property("hint", text.object(Null::Allowed))
        .required("code")
        .required("message")
        .build()
        .into()
}

/// Which way a value goes.
#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

/// What a column looks like in JSON. The user's own cast of a domain can make it anything.
fn kind(input: &Input<'_>, column: &Column, direction: Direction) -> JsonType {
    let json = QualifiedName::new("pg_catalog", "json");
    let (from, to) = match direction {
        Direction::In => (&json, &column.type_name),
        Direction::Out => (&column.type_name, &json),
    };
    if input.schema.representation(from, to).is_some() {
        JsonType::Any(Some(column.nominal_type_label.clone()))
    } else if column.enum_labels.is_empty() {
        JsonType::of_label(&column.type_label)
    } else {
        JsonType::One(Type::String, None)
    }
}

fn null(column: &Column) -> Null {
    if column.nullable { Null::Allowed } else { Null::Forbidden }
}

fn is_writable(column: &Column) -> bool {
    match column.generated {
        Generated::No | Generated::IdentityByDefault => true,
        Generated::IdentityAlways | Generated::Expression => false,
    }
}

fn has_default(column: &Column) -> bool {
    column.default.is_some() || column.generated != Generated::No
}

fn read(input: &Input<'_>, column: &Column, description: Option<String>) -> Schema {
    let kind = kind(input, column, Direction::Out);
    let default = column.default.as_ref().and_then(|it| kind.constant(it.as_str()));
    if let JsonType::Array(element) = &kind {
        let mut array = JsonType::array(element, null(column));
        (array.description, array.default) = (description, default);
        return array.into();
    }
    let mut object = constrain(kind.object(null(column)), column);
    (object.description, object.default) = (description, default);
    object.read_only = (!is_writable(column)).then_some(true);
    object.into()
}

/// Without defaults: generated clients would send them, and overwrite what they don't mention.
fn written(input: &Input<'_>, column: &Column) -> Schema {
    let kind = kind(input, column, Direction::In);
    match &kind {
        JsonType::Array(element) => JsonType::array(element, null(column)).into(),
        JsonType::Any(_) | JsonType::One(..) => constrain(kind.object(null(column)), column).into(),
    }
}

fn constrain(mut object: Object, column: &Column) -> Object {
    object.max_length = column.max_length.and_then(|length| usize::try_from(length).ok());
    if !column.enum_labels.is_empty() {
        let labels = column.enum_labels.iter().map(|label| Value::from(label.as_str()));
        // A null must be in `enum` even if `type` allows it.
        object.enum_values = Some(labels.chain(column.nullable.then_some(Value::Null)).collect());
    }
    object
}
