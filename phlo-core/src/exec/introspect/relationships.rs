//! Derives the ways between tables and views from foreign keys and functions.
//!
//! Takes foreign keys one by one, what views show, and computed relationships; gives the complete
//! list in a fixed order: from tables and from views on them, there and back, and through junction
//! tables. Does no I/O and decides nothing about requests: ambiguity is left in the list.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::views::Views;
use crate::schema::{ForeignKey, Ident, Junction, Link, QualifiedName, Relationship, Table};

/// A foreign key, as the query on the catalogue describes it.
#[derive(Debug, Deserialize)]
pub(super) struct ForeignKeyRow {
    constraint: Ident,
    source: QualifiedName,
    target: QualifiedName,
    source_oid: u32,
    target_oid: u32,
    columns: Vec<(Ident, Ident)>,
    source_numbers: Vec<i16>,
    target_numbers: Vec<i16>,
    unique: bool,
}

/// A function from rows to rows, as the query on the catalogue describes it.
#[derive(Debug, Deserialize)]
pub(super) struct ComputedRow {
    function: QualifiedName,
    source: QualifiedName,
    target: QualifiedName,
    to_one: bool,
}

/// Collects relationships.
#[derive(Debug)]
pub(super) struct Deriver<'a> {
    exposed: BTreeSet<&'a Ident>,
    views: &'a Views,
    /// From the side that holds the key: many-to-one and one-to-one.
    found: Vec<Relationship>,
}

/// A table or view that holds or shows one side of a foreign key.
struct Side<'a> {
    name: &'a QualifiedName,
    is_view: bool,
    columns: Vec<Ident>,
}

impl<'a> Deriver<'a> {
    /// A collector of what starts and ends in the exposed schemas.
    pub(super) fn new(exposed: &'a [Ident], views: &'a Views) -> Self {
        Self { exposed: exposed.iter().collect(), views, found: Vec::new() }
    }

    /// Adds a foreign key, between its tables and between all views that show it.
    pub(super) fn add(&mut self, row: &ForeignKeyRow) {
        let (source, target) = row.columns.iter().cloned().unzip();
        let sources = self.sides(&row.source, row.source_oid, source, &row.source_numbers);
        let targets = self.sides(&row.target, row.target_oid, target, &row.target_numbers);
        for source in &sources {
            for target in &targets {
                let pairs = source.columns.iter().cloned().zip(target.columns.iter().cloned());
                let key =
                    ForeignKey { constraint: row.constraint.clone(), columns: pairs.collect() };
                self.found.push(Relationship {
                    source: source.name.clone(),
                    target: target.name.clone(),
                    is_self: source.name == target.name,
                    source_is_view: source.is_view,
                    target_is_view: target.is_view,
                    link: if row.unique {
                        Link::OneToOne { key, target_holds_key: false }
                    } else {
                        Link::ManyToOne(key)
                    },
                });
            }
        }
    }

    fn sides<'s>(
        &self,
        table: &'s QualifiedName,
        oid: u32,
        columns: Vec<Ident>,
        numbers: &[i16],
    ) -> Vec<Side<'s>>
    where
        'a: 's,
    {
        let mut sides = Vec::new();
        if self.exposed.contains(&table.schema) {
            sides.push(Side { name: table, is_view: false, columns });
        }
        for shown in self.views.of(oid) {
            for columns in shown.choices(numbers) {
                sides.push(Side { name: &shown.view, is_view: true, columns });
            }
        }
        sides
    }

    /// Adds the ways back, those through junctions and those by functions; gives them all.
    pub(super) fn finish(
        self,
        tables: &BTreeMap<QualifiedName, Table>,
        computed: Vec<ComputedRow>,
    ) -> Vec<Relationship> {
        let mut all = junctions(&self.found, tables);
        all.extend(self.found.iter().filter_map(inverse));
        all.extend(self.found);

        // A function named like the table that a detected way leads to takes the place of it.
        let overriding: BTreeSet<(&QualifiedName, &QualifiedName)> =
            computed.iter().map(|row| (&row.source, &row.function)).collect();
        all.retain(|it| !overriding.contains(&(&it.source, &it.target)));

        let is_view = |name: &QualifiedName| tables.get(name).is_some_and(Table::is_view);
        for row in computed {
            if self.exposed.contains(&row.target.schema) {
                all.push(Relationship {
                    is_self: row.source == row.target,
                    source_is_view: is_view(&row.source),
                    target_is_view: is_view(&row.target),
                    source: row.source,
                    target: row.target,
                    link: Link::Computed { function: row.function, to_one: row.to_one },
                });
            }
        }
        all.sort_by(|a, b| rank(a).cmp(&rank(b)));
        all
    }
}

/// The way back; none for those that have none of their own.
fn inverse(relationship: &Relationship) -> Option<Relationship> {
    let turned = |key: &ForeignKey| ForeignKey {
        constraint: key.constraint.clone(),
        columns: turned(&key.columns),
    };
    let link = match &relationship.link {
        Link::ManyToOne(key) => Link::OneToMany(turned(key)),
        Link::OneToOne { key, target_holds_key } => {
            Link::OneToOne { key: turned(key), target_holds_key: !target_holds_key }
        }
        Link::OneToMany(_) | Link::ManyToMany(_) | Link::Computed { .. } => return None,
    };
    Some(Relationship {
        source: relationship.target.clone(),
        target: relationship.source.clone(),
        is_self: relationship.is_self,
        source_is_view: relationship.target_is_view,
        target_is_view: relationship.source_is_view,
        link,
    })
}

fn turned(pairs: &[(Ident, Ident)]) -> Vec<(Ident, Ident)> {
    pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect()
}

/// The ways through tables and views that have two foreign keys inside their primary key.
fn junctions(found: &[Relationship], tables: &BTreeMap<QualifiedName, Table>) -> Vec<Relationship> {
    let mut ends: BTreeMap<&QualifiedName, Vec<(&Relationship, &ForeignKey)>> = BTreeMap::new();
    for relationship in found {
        let Link::ManyToOne(key) = &relationship.link else { continue };
        let Some(table) = tables.get(&relationship.source) else { continue };
        if key.columns.iter().all(|(column, _)| table.primary_key.contains(column)) {
            ends.entry(&relationship.source).or_default().push((relationship, key));
        }
    }
    let mut ways = Vec::new();
    for (table, ends) in ends {
        for (source, source_key) in &ends {
            for (target, target_key) in &ends {
                // Other constraints only: a key does not make a junction with itself, nor with
                // itself as another view shows it.
                if source_key.constraint == target_key.constraint {
                    continue;
                }
                ways.push(Relationship {
                    source: source.target.clone(),
                    target: target.target.clone(),
                    is_self: source.target == target.target,
                    source_is_view: source.target_is_view,
                    target_is_view: target.target_is_view,
                    link: Link::ManyToMany(Junction {
                        table: table.clone(),
                        source_constraint: source_key.constraint.clone(),
                        target_constraint: target_key.constraint.clone(),
                        source_columns: turned(&source_key.columns),
                        target_columns: turned(&target_key.columns),
                    }),
                });
            }
        }
    }
    ways
}

/// What relationships are sorted by: PostgREST 16 lists the candidates of an ambiguous request so.
fn rank(it: &Relationship) -> impl Ord + '_ {
    let computed = matches!(it.link, Link::Computed { .. });
    let views = (it.source_is_view, it.target_is_view);
    (&it.source, computed, &it.target, it.is_self, &it.link, views)
}
