//! The sentences that both documents share: comments, and notes about keys.
//!
//! Takes comments and relationships, gives text. Knows neither document's structure.

use std::collections::BTreeMap;

use phlo_core::schema::{Column, Link, Schema, Table};

/// Splits a comment into its first line and the rest, which may be empty.
///
/// Blank lines between the two belong to neither.
pub(super) fn split_comment(comment: &str) -> (&str, &str) {
    match comment.split_once('\n') {
        Some((first, rest)) => (first, rest.trim_start_matches('\n')),
        None => (comment, ""),
    }
}

/// For each column that is a foreign key of its own, the table and column that it refers to.
pub(super) fn foreign_keys<'a>(
    schema: &'a Schema,
    table: &Table,
) -> BTreeMap<&'a str, (&'a str, &'a str)> {
    let mut found = BTreeMap::new();
    let relationships = schema.relationships(&table.name);
    // A reference to a table is named rather than one to a view of it.
    for to_view in [false, true] {
        for relationship in relationships {
            let in_schema = relationship.target.schema == table.name.schema;
            if relationship.target_is_view != to_view || !in_schema {
                continue;
            }
            let key = match &relationship.link {
                Link::ManyToOne(key) | Link::OneToOne { key, target_holds_key: false } => key,
                Link::OneToOne { .. }
                | Link::OneToMany(_)
                | Link::ManyToMany(_)
                | Link::Computed { .. } => continue,
            };
            if let [(column, target)] = key.columns.as_slice() {
                found
                    .entry(column.as_str())
                    .or_insert((relationship.target.name.as_str(), target.as_str()));
            }
        }
    }
    found
}

/// The comment of a column, followed by notes about the keys that it is part of.
///
/// Tools read the tags `<pk/>` and `<fk table='..' column='..'/>` in them.
pub(super) fn column_description(
    table: &Table,
    column: &Column,
    foreign_key: Option<&(&str, &str)>,
) -> Option<String> {
    let mut notes = String::new();
    if table.primary_key.contains(&column.name) {
        notes.push_str("\nThis is a Primary Key.<pk/>");
    }
    if let Some((table, column)) = foreign_key {
        notes.push_str(&format!(
            "\nThis is a Foreign Key to `{table}.{column}`.<fk table='{table}' column='{column}'/>"
        ));
    }
    match (&column.description, notes.is_empty()) {
        (comment, true) => comment.clone(),
        (None, false) => Some(format!("Note:{notes}")),
        (Some(comment), false) => Some(format!("{comment}\n\nNote:{notes}")),
    }
}

#[cfg(test)]
mod tests {
    use phlo_core::schema::QualifiedName;

    use super::*;
    use crate::openapi::fixture;

    #[test]
    fn comments_split_after_their_first_line() {
        assert_eq!(split_comment("one"), ("one", ""));
        assert_eq!(split_comment("one\n\ntwo\nthree"), ("one", "two\nthree"));
        assert_eq!(split_comment("\ntwo"), ("", "two"));
    }

    #[test]
    fn foreign_keys_prefer_tables_to_views_and_ignore_composite_keys() {
        let schema = fixture::schema();
        let table = schema.table(&QualifiedName::new("shop", "projects")).unwrap();
        let keys = foreign_keys(&schema, table);
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), [("client_id", ("clients", "id"))]);
    }

    #[test]
    fn keys_are_noted_after_the_comment() {
        let schema = fixture::schema();
        let table = schema.table(&QualifiedName::new("shop", "projects")).unwrap();
        let describe = |name: &str, key| column_description(table, &table.columns[name], key);
        assert_eq!(
            describe("id", None).unwrap(),
            "Number of the project\n\nNote:\nThis is a Primary Key.<pk/>"
        );
        assert_eq!(
            describe("client_id", Some(&("clients", "id"))).unwrap(),
            "Note:\nThis is a Foreign Key to `clients.id`.<fk table='clients' column='id'/>"
        );
        assert_eq!(describe("name", None), None);
    }
}
