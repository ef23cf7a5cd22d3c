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
                // By one constraint all ways lead to one table and to views of it.
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

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    /// A foreign key between tables of the schema `api`, of columns with the given numbers.
    fn key(
        name: &str,
        source: (u32, &str),
        target: (u32, &str),
        pairs: &[(i16, i16)],
    ) -> ForeignKeyRow {
        let numbers = |side: fn(&(i16, i16)) -> i16| pairs.iter().map(side).collect();
        ForeignKeyRow {
            constraint: name.into(),
            source: QualifiedName::new("api", source.1),
            target: QualifiedName::new("api", target.1),
            source_oid: source.0,
            target_oid: target.0,
            columns: pairs
                .iter()
                .map(|(a, b)| (Ident::from(format!("c{a}")), Ident::from(format!("c{b}"))))
                .collect(),
            source_numbers: numbers(|pair| pair.0),
            target_numbers: numbers(|pair| pair.1),
            unique: false,
        }
    }

    fn tables(keys: &[(&str, &[&str])]) -> BTreeMap<QualifiedName, Table> {
        keys.iter()
            .map(|(name, key)| {
                let table: Table = from_value(json!({
                    "name": {"schema": "api", "name": name}, "kind": "table",
                    "insertable": true, "updatable": true, "deletable": true,
                    "primary_key": key, "columns": {},
                }))
                .unwrap();
                (table.name.clone(), table)
            })
            .collect()
    }

    /// Views that show the table of a number, with the table's column numbers.
    fn views(list: &[(&str, u32, &[i16])]) -> Views {
        let mut views = Views::default();
        for (oid, (name, table, numbers)) in (100..).zip(list) {
            let columns: BTreeMap<String, String> =
                (1..).zip(*numbers).map(|(at, it)| (format!("{at}"), format!("v{it}"))).collect();
            let row = json!({
                "oid": oid, "name": {"schema": "api", "name": name}, "exposed": true,
                "columns": columns,
            });
            let entries: String = (1..)
                .zip(*numbers)
                .map(|(at, it)| format!("{{T :resno {at} :resorigtbl {table} :resorigcol {it}}}"))
                .collect();
            views.add(from_value(row).unwrap(), &format!("({{Q :targetList ({entries})}})"));
        }
        views.resolve();
        views
    }

    fn check(
        rows: &[ForeignKeyRow],
        views: &Views,
        tables: &BTreeMap<QualifiedName, Table>,
        computed: Vec<ComputedRow>,
        expected: &[&str],
    ) {
        let exposed = [Ident::new("api")];
        let mut deriver = Deriver::new(&exposed, views);
        rows.iter().for_each(|row| deriver.add(row));
        let found: Vec<_> = deriver.finish(tables, computed).iter().map(print).collect();
        assert_eq!(found, expected);
    }

    fn print(it: &Relationship) -> String {
        let pairs = |pairs: &[(Ident, Ident)]| {
            pairs.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join(",")
        };
        let link = match &it.link {
            Link::OneToMany(key) => format!("o2m {}", pairs(&key.columns)),
            Link::ManyToOne(key) => format!("m2o {}", pairs(&key.columns)),
            Link::OneToOne { key, target_holds_key } => {
                format!("o2o {} {target_holds_key}", pairs(&key.columns))
            }
            Link::ManyToMany(by) => format!(
                "m2m {} {} {}",
                by.table.name,
                pairs(&by.source_columns),
                pairs(&by.target_columns)
            ),
            Link::Computed { function, .. } => format!("computed {function}"),
        };
        let itself = if it.is_self { " self" } else { "" };
        format!("{} {} {link}{itself}", it.source.name, it.target.name)
    }

    #[test]
    fn keys_lead_there_and_back() {
        let mut unique = key("u", (3, "c"), (1, "a"), &[(5, 1)]);
        unique.unique = true;
        check(
            &[
                key("k", (2, "b"), (1, "a"), &[(2, 1), (3, 2)]),
                key("s", (1, "a"), (1, "a"), &[(3, 1)]),
                unique,
            ],
            &Views::default(),
            &tables(&[]),
            vec![],
            &[
                "a a o2m c1=c3 self",
                "a a m2o c3=c1 self",
                "a b o2m c1=c2,c2=c3",
                "a c o2o c1=c5 true",
                "b a m2o c2=c1,c3=c2",
                "c a o2o c5=c1 false",
            ],
        );
    }

    #[test]
    fn views_take_part_in_every_combination() {
        check(
            &[key("k", (2, "b"), (1, "a"), &[(2, 1)])],
            &views(&[("av", 1, &[1]), ("bv", 2, &[2, 2]), ("other", 2, &[3])]),
            &tables(&[]),
            vec![],
            &[
                "a b o2m c1=c2",
                "a bv o2m c1=v2",
                "a bv o2m c1=v2",
                "av b o2m v1=c2",
                "av bv o2m v1=v2",
                "av bv o2m v1=v2",
                "b a m2o c2=c1",
                "b av m2o c2=v1",
                "bv a m2o v2=c1",
                "bv a m2o v2=c1",
                "bv av m2o v2=v1",
                "bv av m2o v2=v1",
            ],
        );
    }

    #[test]
    fn private_tables_are_seen_through_views_alone() {
        let mut row = key("k", (2, "b"), (1, "a"), &[(2, 1)]);
        row.source.schema = Ident::new("private");
        row.target.schema = Ident::new("private");
        let views = views(&[("av", 1, &[1]), ("bv", 2, &[2])]);
        check(&[row], &views, &tables(&[]), vec![], &["av bv o2m v1=v2", "bv av m2o v2=v1"]);
    }

    #[test]
    fn junctions_have_both_keys_in_their_primary_key() {
        let rows = [
            key("ja", (3, "j"), (1, "a"), &[(1, 1)]),
            key("jb", (3, "j"), (2, "b"), &[(2, 1)]),
            key("ka", (4, "k"), (1, "a"), &[(1, 1)]),
            key("kb", (4, "k"), (2, "b"), &[(2, 1)]),
        ];
        check(
            &rows,
            &Views::default(),
            &tables(&[("j", &["c1", "c2", "c3"]), ("k", &["c1"])]),
            vec![],
            &[
                "a b m2m j c1=c1 c1=c2",
                "a j o2m c1=c1",
                "a k o2m c1=c1",
                "b a m2m j c1=c2 c1=c1",
                "b j o2m c1=c2",
                "b k o2m c1=c2",
                "j a m2o c1=c1",
                "j b m2o c2=c1",
                "k a m2o c1=c1",
                "k b m2o c2=c1",
            ],
        );
    }

    #[test]
    fn functions_take_the_place_of_the_table_that_they_are_named_like() {
        let computed = |schema: &str, function: &str, target: QualifiedName| ComputedRow {
            function: QualifiedName::new(schema, function),
            source: QualifiedName::new("api", "a"),
            target,
            to_one: true,
        };
        check(
            &[key("k", (2, "b"), (1, "a"), &[(2, 1)]), key("l", (3, "c"), (1, "a"), &[(2, 1)])],
            &Views::default(),
            &tables(&[]),
            vec![
                computed("api", "b", QualifiedName::new("api", "a")),
                computed("extra", "c", QualifiedName::new("api", "b")),
                computed("api", "hidden", QualifiedName::new("private", "b")),
            ],
            &[
                "a c o2m c1=c2",
                "a a computed api.b self",
                "a b computed extra.c",
                "b a m2o c2=c1",
                "c a m2o c2=c1",
            ],
        );
    }
}
