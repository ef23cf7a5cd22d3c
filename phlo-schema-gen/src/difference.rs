//! What differs between two schemas, in the words of who made them: tables, columns, relationships,
//! functions. Takes values, gives text; connects to nothing.

use std::{collections::BTreeMap, fmt::Write as _};

use phlo_core::schema::Schema;
use serde_json::Value;

/// What differs, a line each: `-` for what is gone, `+` for what is new, `~` for what has changed.
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
    let mut objects = BTreeMap::new();
    // What is only plain data is always written.
    let value = |of: serde_json::Result<Value>| of.unwrap_or_default();
    for table in &contents.tables {
        for column in table.columns.values() {
            let name = format!("table {} column {}", table.name, column.name);
            objects.insert(name, value(serde_json::to_value(column)));
        }
        let mut table_value = value(serde_json::to_value(table));
        if let Some(members) = table_value.as_object_mut() {
            let order = table.columns.keys().map(|name| Value::from(name.as_str()));
            members.insert("columns".to_owned(), order.collect());
        }
        objects.insert(format!("table {}", table.name), table_value);
    }
    for relationship in &contents.relationships {
        let link = value(serde_json::to_value(&relationship.link));
        let by = ["constraint", "table", "function", "key"].iter().find_map(|key| link.get(key));
        let by = by.map(|by| by.get("constraint").or_else(|| by.get("name")).unwrap_or(by));
        let by = by.and_then(Value::as_str).map_or_else(String::new, |name| format!(" by {name}"));
        let kind = link.get("kind").and_then(Value::as_str).unwrap_or_default();
        let (source, target) = (&relationship.source, &relationship.target);
        let name = format!("relationship {source} to {target}, {kind}{by}");
        objects.insert(name, value(serde_json::to_value(relationship)));
    }
    for routine in &contents.routines {
        let types: Vec<_> = routine.parameters.iter().map(|it| it.type_label.as_str()).collect();
        let name = format!("function {}({})", routine.name, types.join(", "));
        objects.insert(name, value(serde_json::to_value(routine)));
    }
    for (schema, description) in &contents.descriptions {
        objects.insert(format!("schema {schema}"), Value::from(description.as_str()));
    }
    objects.insert("server".to_owned(), Value::from(contents.server_version));
    objects
}

/// The members of two objects that differ.
fn changed(text: &mut String, name: &str, old: &Value, new: &Value) {
    let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else {
        return line(text, &format!("~ {name}: {old} is {new} now"));
    };
    line(text, &format!("~ {name}"));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), brief);
    for key in keys.into_iter().filter(|key| before.get(*key) != after.get(*key)) {
        let (was, is) = (shown(before.get(key)), shown(after.get(key)));
        line(text, &format!("    {key}: {was} is {is} now"));
    }
}

/// A value on one line; a name with its schema as one word.
fn brief(value: &Value) -> String {
    let part = |key: &str| value.get(key).and_then(Value::as_str);
    match (part("schema"), part("name")) {
        (Some(schema), Some(name)) => format!("{schema}.{name}"),
        _ => value.to_string(),
    }
}

fn line(text: &mut String, line: &str) {
    // OK because writing to a string can't fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use phlo_core::schema::Ident;

    use super::*;

    fn films() -> Schema {
        Schema::from_json(include_str!("../tests/fixtures/films.json")).unwrap()
    }

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(difference(&films(), &films()), "");
    }

    #[test]
    fn differences_are_named() {
        let mut contents = films().contents();
        contents.routines.clear();
        contents.relationships.pop();
        let directors = contents.tables.remove(0);
        let films_table = &mut contents.tables[0];
        let mut title = films_table.columns["title"].clone();
        title.nullable = true;
        films_table.columns.insert(Ident::new("title"), title);
        films_table.columns.shift_remove("year");
        let mut renamed = directors;
        renamed.name.name = Ident::new("people");
        contents.tables.push(renamed);
        let text = difference(&films(), &Schema::new(contents));
        for expected in [
            "- table api.directors\n- table api.films column year\n",
            "~ table api.films column title\n    nullable: false is true now\n",
            "- function api.secret()\n",
            "- relationship api.films to api.directors, many_to_one by films_director_id_fkey\n",
            "+ table api.people\n",
        ] {
            let all = expected.lines().all(|it| text.lines().any(|line| line == it));
            assert!(all, "{expected}\n{text}");
        }
        assert!(!text.contains("api.people column"), "{text}");
        assert!(!text.contains("api.directors column"), "{text}");
    }
}
