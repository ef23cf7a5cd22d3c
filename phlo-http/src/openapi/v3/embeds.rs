//! What can be embedded in the rows of a table, in words.
//!
//! Takes relationships, gives a list in Markdown. Names only tables that the document describes.

use std::collections::BTreeMap;

use phlo_core::schema::{ForeignKey, Link, Relationship, Table};

use crate::openapi::{Input, v3::bodies::TableNames};

/// How many relationships are listed: views multiply them.
const MOST: usize = 30;

/// The relationships of a table as a list, or nothing.
pub(super) fn describe(
    input: &Input<'_>,
    known: &BTreeMap<&str, TableNames>,
    table: &Table,
) -> Option<String> {
    let is_known = |it: &&Relationship| {
        it.target.schema == table.name.schema && known.contains_key(&*it.target.name)
    };
    let all: Vec<_> = input.schema.relationships(&table.name).iter().filter(is_known).collect();
    if all.is_empty() {
        return None;
    }
    let mut ways = BTreeMap::<_, usize>::new();
    for relationship in all.iter().filter(|it| !is_computed(it)) {
        *ways.entry(&relationship.target.name).or_default() += 1;
    }
    let mut text = "Can be embedded with `select`:\n".to_owned();
    for relationship in all.iter().take(MOST) {
        let needs_hint = ways.get(&relationship.target.name).is_some_and(|ways| *ways > 1);
        text.push_str(&line(relationship, needs_hint));
    }
    if let Some(more @ 1..) = all.len().checked_sub(MOST) {
        text.push_str(&format!("\n- and {more} more"));
    }
    Some(text)
}

fn is_computed(relationship: &Relationship) -> bool {
    matches!(relationship.link, Link::Computed { .. })
}

fn line(relationship: &Relationship, needs_hint: bool) -> String {
    let target = &relationship.target.name;
    let hinted = |hint: &str| match needs_hint {
        true => format!("{target}!{hint}"),
        false => target.to_string(),
    };
    let (embed, by) = match &relationship.link {
        // PostgREST 16: from a table to itself, the column leads to the one row that it names, and
        // the name of the table to the rows that name it.
        Link::ManyToOne(key) if relationship.is_self => match key.columns.as_slice() {
            [(column, _)] => (column.to_string(), by_key(key)),
            _ => (hinted(&key.constraint), by_key(key)),
        },
        Link::OneToMany(key) if relationship.is_self => (target.to_string(), by_key(key)),
        Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
            (hinted(&key.constraint), by_key(key))
        }
        Link::ManyToMany(junction) => {
            (hinted(&junction.table.name), format!("through `{}`", junction.table.name))
        }
        Link::Computed { function, .. } => {
            (function.name.to_string(), format!("from `{target}`, computed"))
        }
    };
    let many = if relationship.is_to_one() { "one" } else { "many" };
    format!("\n- `{embed}`: {many}, {by}")
}

fn by_key(key: &ForeignKey) -> String {
    let pairs: Vec<_> =
        key.columns.iter().map(|(source, target)| format!("`{source}` = `{target}`")).collect();
    format!("by {}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::fixture;

    fn describe_table(name: &str, known: &[&str]) -> Option<String> {
        let schema = fixture::schema();
        let input = Input::everything(&schema, "shop", fixture::settings());
        let known = known.iter().map(|it| (*it, TableNames::new((*it).to_owned()))).collect();
        let table = input.tables.iter().find(|table| table.name.name == name).unwrap();
        describe(&input, &known, table)
    }

    #[test]
    fn ways_to_the_same_table_are_told_apart() {
        let text = describe_table("projects", &["clients", "projects", "a_b"]).unwrap();
        let expect = "\
Can be embedded with `select`:

- `clients!projects_client_id_fkey`: one, by `client_id` = `id`
- `clients!projects_pair_fkey`: one, by `mood` = `id`, `code` = `name`
- `clients!Project`: many, through `Project`
- `best`: one, from `a_b`, computed";
        assert_eq!(text, expect);
    }

    #[test]
    fn tables_that_are_not_described_are_not_named() {
        assert_eq!(describe_table("projects", &["projects"]), None);
        assert_eq!(describe_table("clients_view", &["projects"]), None);
    }

    #[test]
    fn a_single_way_needs_no_hint() {
        let text = describe_table("clients", &["projects"]).unwrap();
        assert!(text.ends_with("\n- `projects`: many, by `id` = `client_id`"), "{text}");
    }
}
