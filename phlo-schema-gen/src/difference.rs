//! What differs between two schemas, in the words of who made them: tables, columns, relationships,
//! functions. Takes values, gives text; connects to nothing.

use std::{collections::BTreeMap, fmt::Write as _};

use phlo_core::schema::{
    ForeignKey, HandlerTarget, Ident, Link, QualifiedName, Relationship, Routine, Schema,
};
use serde::Serialize;
use serde_json::Value;

/// What differs, a line each: `-` for what is gone, `+` for what is new, `~` for what has changed
/// with its members below. Empty if nothing differs that a schema is used for: a server of another
/// minor version is the same server.
pub(crate) fn difference(old: &Schema, new: &Schema) -> String {
    let (old, new) = (objects(old), objects(new));
    let mut text = String::new();
    let mut gone = None;
    for (name, value) in &old {
        match new.get(name) {
            Some(now) if now == value => {}
            Some(now) => changed(&mut text, name, value, now),
            // The columns of a table that is gone need no line of their own.
            None if gone.is_some_and(|table| is_part(name, table)) => {}
            None => {
                gone = Some(name.as_str());
                line(&mut text, &format!("- {name}"));
            }
        }
    }
    let mut added = None;
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        if !added.is_some_and(|table| is_part(name, table)) {
            added = Some(name.as_str());
            line(&mut text, &format!("+ {name}"));
        }
    }
    text
}

/// Whether a name is that of a table's column.
fn is_part(name: &str, table: &str) -> bool {
    name.strip_prefix(table).is_some_and(|rest| rest.starts_with(" column "))
}

/// Everything in a schema by a name that says what it is.
fn objects(schema: &Schema) -> BTreeMap<String, Value> {
    let contents = schema.contents();
    let mut all = Objects::default();
    for table in &contents.tables {
        for column in table.columns.values() {
            all.add(&format!("table {} column {}", table.name, column.name), column);
        }
        let mut value = plain(table);
        if let Some(members) = value.as_object_mut() {
            let order = table.columns.keys().map(|name| Value::from(name.as_str()));
            members.insert("columns".to_owned(), order.collect());
        }
        all.add(&format!("table {}", table.name), &value);
    }
    for relationship in &contents.relationships {
        all.add(&name_of(relationship), relationship);
    }
    for routine in &contents.routines {
        all.add(&signature(routine), routine);
    }
    for item in &contents.representations {
        all.add(&format!("cast of {} to {}", item.source, item.target), item);
    }
    for handler in &contents.media_handlers {
        let target = match &handler.target {
            HandlerTarget::AnyElement => "anything".to_owned(),
            HandlerTarget::Relation(name) => name.to_string(),
        };
        all.add(&format!("handler of {} for {target}", handler.media_type), handler);
    }
    // Every table has a type of its rows, and an array of that.
    let is_row = |name: &QualifiedName| {
        let element = name.name.strip_prefix('_').unwrap_or(&name.name);
        schema.table(name).is_some()
            || schema.table(&QualifiedName::new(name.schema.clone(), element)).is_some()
    };
    for name in contents.types.iter().filter(|name| !is_row(name)) {
        all.add(&format!("type {name}"), name);
    }
    for (schema, description) in &contents.descriptions {
        all.add(&format!("comment of schema {schema}"), description);
    }
    // 150018 is 15.18.
    all.add("major version of the server", &(contents.server_version / 10_000));
    all.0
}

#[derive(Default)]
struct Objects(BTreeMap<String, Value>);

impl Objects {
    /// Adds an object; one whose name is taken gets a number as well, so that none is lost.
    fn add(&mut self, name: &str, object: &impl Serialize) {
        let mut key = name.to_owned();
        let mut number = 2;
        while self.0.contains_key(&key) {
            key = format!("{name} ({number})");
            number += 1;
        }
        self.0.insert(key, plain(object));
    }
}

fn plain(object: &impl Serialize) -> Value {
    // OK because what is only plain data is always written.
    serde_json::to_value(object).unwrap_or_default()
}

/// The relationship `api.films(director_id) to api.directors(id)`, and what makes it one.
fn name_of(relationship: &Relationship) -> String {
    let Relationship { source, target, link, .. } = relationship;
    let by_key = |key: &ForeignKey| {
        let (from, to): (Vec<_>, Vec<_>) = key.columns.iter().cloned().unzip();
        format!("{source}({}) to {target}({}) by {}", list(&from), list(&to), key.constraint)
    };
    let way = match link {
        Link::OneToMany(key) => format!("{}, one to many", by_key(key)),
        Link::ManyToOne(key) => format!("{}, many to one", by_key(key)),
        Link::OneToOne { key, .. } => format!("{}, one to one", by_key(key)),
        Link::ManyToMany(junction) => format!(
            "{source} to {target} through {} by {} and {}",
            junction.table, junction.source_constraint, junction.target_constraint
        ),
        Link::Computed { function, .. } => format!("{source} to {target} by function {function}"),
    };
    format!("relationship {way}")
}

fn list(names: &[Ident]) -> String {
    names.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ")
}

/// The function `api.search(text, integer)`.
fn signature(routine: &Routine) -> String {
    let types: Vec<_> = routine.parameters.iter().map(|it| it.type_label.as_str()).collect();
    format!("function {}({})", routine.name, types.join(", "))
}

/// The members of two objects that differ.
fn changed(text: &mut String, name: &str, old: &Value, new: &Value) {
    let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else {
        return line(text, &format!("~ {name}: {} -> {}", brief(old), brief(new)));
    };
    line(text, &format!("~ {name}"));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.retain(|key| before.get(*key) != after.get(*key));
    // A column's type has four names; the one that its owner gave it says enough.
    let shown_type = "nominal_type_label";
    if keys.iter().any(|key| *key == shown_type) {
        keys.retain(|key| !["type_name", "base_type", "type_label"].contains(&key.as_str()));
    }
    for key in keys {
        let shown = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), brief);
        let (was, is) = (shown(before.get(key)), shown(after.get(key)));
        let key = if key == shown_type { "type" } else { key };
        line(text, &format!("    {key}: {was} -> {is}"));
    }
}

/// A value on one line; a name with its schema as one word.
fn brief(value: &Value) -> String {
    let part = |key: &str| value.get(key).and_then(Value::as_str);
    match (part("schema"), part("name")) {
        (Some(schema), Some(name)) => format!("{schema}.{name}"),
        _ => match value {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(brief).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) => text.escape_debug().to_string(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
        },
    }
}

fn line(text: &mut String, line: &str) {
    // OK because writing to a string can't fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use phlo_core::schema::{Contents, Representation};

    use super::*;

    fn films() -> Contents {
        Schema::from_json(include_str!("../tests/fixtures/films.json")).unwrap().contents()
    }

    /// What differs from the films after a change.
    fn after(change: impl FnOnce(&mut Contents)) -> String {
        let mut contents = films();
        change(&mut contents);
        difference(&Schema::new(films()), &Schema::new(contents))
    }

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(after(|_| {}), "");
        assert_eq!(after(|films| films.server_version += 1), "");
        let next = after(|films| films.server_version = 160_002);
        assert_eq!(next, "~ major version of the server: 15 -> 16\n");
    }

    #[test]
    fn tables_stand_for_their_columns() {
        let text = after(|films| {
            let mut people = films.tables[0].clone();
            people.name.name = Ident::new("people");
            films.tables[0] = people;
            // The types of rows go with their table.
            films.types.retain(|name| !name.name.ends_with("directors"));
        });
        assert_eq!(text, "- table api.directors\n+ table api.people\n");
    }

    #[test]
    fn changes_of_a_column_are_shown() {
        let text = after(|films| {
            let title = films.tables[1].columns.get_mut("title").unwrap();
            title.nullable = true;
            title.type_name = QualifiedName::new("pg_catalog", "varchar");
            title.base_type = title.type_name.clone();
            title.type_label = "character varying".to_owned();
            title.nominal_type_label = title.type_label.clone();
            title.max_length = Some(20);
            films.tables[1].columns.shift_remove("year");
        });
        let expected = "- table api.films column year\n\
                        ~ table api.films column title\n    \
                        max_length: none -> 20\n    \
                        type: text -> character varying\n    \
                        nullable: false -> true\n";
        for line in expected.lines() {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("base_type") && !text.contains("column id"), "{text}");
    }

    #[test]
    fn everything_else_has_a_name() {
        let text = after(|films| {
            films.routines.clear();
            films.relationships.pop();
            films.types.retain(|name| name.name != "bool");
            films.representations.push(Representation {
                source: QualifiedName::new("api", "colour"),
                target: QualifiedName::new("pg_catalog", "json"),
                function: QualifiedName::new("api", "shown"),
            });
            films.descriptions.insert(Ident::new("api"), "Films.".to_owned());
        });
        for expected in [
            "- function api.secret()",
            "- relationship api.films(director_id) to api.directors(id) by \
             films_director_id_fkey, many to one",
            "+ cast of api.colour to pg_catalog.json",
            "+ comment of schema api",
            "- type pg_catalog.bool",
        ] {
            assert!(text.lines().any(|line| line == expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn what_has_the_same_name_is_not_lost() {
        let text = after(|films| {
            let again = films.relationships[0].clone();
            films.relationships.push(again);
        });
        assert!(text.starts_with("+ relationship ") && text.ends_with(" (2)\n"), "{text}");
    }
}
