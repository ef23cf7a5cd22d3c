//! What views show of tables: which of their columns are which columns of which table.
//!
//! Takes the rows about views; gives for each table the views that show it, through any number of
//! views between. Writes the primary keys of views. Knows nothing of foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::node_tree::{Origin, origins};
use crate::schema::{Ident, QualifiedName, Table};

/// A view, as the query on the catalogue describes it.
#[derive(Debug, Deserialize)]
pub(super) struct ViewRow {
    oid: u32,
    name: QualifiedName,
    exposed: bool,
    #[serde(default)]
    columns: Option<BTreeMap<i16, Ident>>,
}

/// A primary key, as the query on the catalogue describes it.
#[derive(Debug, Deserialize)]
pub(super) struct PrimaryKeyRow {
    table: u32,
    name: QualifiedName,
    numbers: Vec<i16>,
}

/// The views of a database, first one by one, then by the tables that they show.
#[derive(Debug, Default)]
pub(super) struct Views {
    rows: Vec<ViewRow>,
    origins: BTreeMap<(u32, i16), Origin>,
    shown: BTreeMap<u32, Vec<Shown>>,
}

/// A table as a view shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The view.
    pub(super) view: QualifiedName,
    /// The view's columns for each column of the table, by its number.
    pub(super) columns: BTreeMap<i16, Vec<Ident>>,
}

impl Shown {
    /// Every choice of the view's columns for the columns of a key; none if one is missing.
    ///
    /// A view may show a column more than once, under several names.
    pub(super) fn choices(&self, numbers: &[i16]) -> Vec<Vec<Ident>> {
        let mut choices = vec![Vec::new()];
        for number in numbers {
            let names = self.columns.get(number).map_or(&[][..], Vec::as_slice);
            choices = choices
                .iter()
                .flat_map(|start| names.iter().map(move |name| with(start, name)))
                .collect();
        }
        choices
    }

    /// The first of the view's columns for each column of a key; none if one is missing.
    fn first(&self, numbers: &[i16]) -> Option<Vec<Ident>> {
        numbers.iter().map(|number| self.columns.get(number)?.first().cloned()).collect()
    }
}

fn with(start: &[Ident], name: &Ident) -> Vec<Ident> {
    start.iter().chain([name]).cloned().collect()
}

impl Views {
    /// Adds a view with its parse tree.
    pub(super) fn add(&mut self, row: ViewRow, tree: &str) {
        for origin in origins(tree) {
            self.origins.insert((row.oid, origin.number), origin);
        }
        self.rows.push(row);
    }

    /// Finds what every exposed view shows, once all views are added.
    pub(super) fn resolve(&mut self) {
        for row in &self.rows {
            if !row.exposed {
                continue;
            }
            let mut tables: BTreeMap<u32, BTreeMap<i16, Vec<Ident>>> = BTreeMap::new();
            for (number, name) in row.columns.iter().flatten() {
                if let Some((table, column)) = self.base(row.oid, *number) {
                    tables.entry(table).or_default().entry(column).or_default().push(name.clone());
                }
            }
            for (table, columns) in tables {
                let shown = Shown { view: row.name.clone(), columns };
                self.shown.entry(table).or_default().push(shown);
            }
        }
    }

    /// The tables that views show.
    pub(super) fn tables(&self) -> impl Iterator<Item = u32> {
        self.shown.keys().copied()
    }

    /// The views that show a table.
    pub(super) fn of(&self, table: u32) -> &[Shown] {
        self.shown.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Writes the primary keys of views: those of the tables that they show, where complete.
    pub(super) fn add_primary_keys(
        &self,
        mut keys: Vec<PrimaryKeyRow>,
        tables: &mut BTreeMap<QualifiedName, Table>,
    ) {
        // PostgREST 16: the keys of several tables come in falling order of the tables' names.
        keys.sort_by(|a, b| b.name.cmp(&a.name));
        for key in keys {
            for shown in self.of(key.table) {
                if let (Some(columns), Some(view)) =
                    (shown.first(&key.numbers), tables.get_mut(&shown.view))
                {
                    view.primary_key.extend(columns);
                }
            }
        }
    }

    /// Follows a column of a view through the views below it, down to a column of a table.
    fn base(&self, view: u32, number: i16) -> Option<(u32, i16)> {
        // Views that select from each other can be made with CREATE OR REPLACE.
        let mut seen = BTreeSet::new();
        let mut at = (view, number);
        while let Some(origin) = self.origins.get(&at) {
            if !seen.insert(at) {
                return None;
            }
            at = (origin.table, origin.column);
        }
        (at != (view, number)).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TableKind;

    fn view(oid: u32, name: &str, exposed: bool, columns: &[&str]) -> ViewRow {
        ViewRow {
            oid,
            name: QualifiedName::new("api", name),
            exposed,
            columns: Some((1..).zip(columns.iter().map(|name| Ident::new(name))).collect()),
        }
    }

    fn tree(columns: &[(u32, i16)]) -> String {
        let entries: Vec<_> = (1..)
            .zip(columns)
            .map(|(number, (table, column))| {
                format!("{{T :resno {number} :resorigtbl {table} :resorigcol {column}}}")
            })
            .collect();
        format!("({{QUERY :targetList ({})}})", entries.join(" "))
    }

    fn idents(names: &[&str]) -> Vec<Ident> {
        names.iter().map(|name| Ident::new(name)).collect()
    }

    #[test]
    fn chains_end_at_the_table() {
        let mut views = Views::default();
        views.add(view(3, "top", true, &["x", "y"]), &tree(&[(2, 2), (2, 1)]));
        views.add(view(2, "below", false, &["b", "a"]), &tree(&[(1, 7), (1, 8)]));
        views.resolve();
        assert_eq!(views.tables().collect::<Vec<_>>(), [1]);
        let [shown] = views.of(1) else { panic!("one view") };
        assert_eq!(shown.choices(&[7, 8]), [idents(&["y", "x"])]);
        assert!(shown.choices(&[7, 9]).is_empty());
    }

    #[test]
    fn views_that_select_from_each_other_show_nothing() {
        let mut views = Views::default();
        views.add(view(3, "a", true, &["x"]), &tree(&[(2, 1)]));
        views.add(view(2, "b", true, &["x"]), &tree(&[(3, 1)]));
        views.resolve();
        assert_eq!(views.tables().count(), 0);
    }

    #[test]
    fn columns_under_several_names_give_every_choice() {
        let mut views = Views::default();
        views.add(
            view(2, "v", true, &["a1", "b1", "a2", "b2"]),
            &tree(&[(1, 1), (1, 2), (1, 1), (1, 2)]),
        );
        views.resolve();
        assert_eq!(
            views.of(1).first().unwrap().choices(&[1, 2]),
            [
                idents(&["a1", "b1"]),
                idents(&["a1", "b2"]),
                idents(&["a2", "b1"]),
                idents(&["a2", "b2"])
            ]
        );
    }

    #[test]
    fn primary_keys_of_views_need_every_column() {
        let mut views = Views::default();
        views.add(
            view(9, "v", true, &["k", "z", "part", "k"]),
            &tree(&[(1, 1), (2, 1), (3, 1), (1, 1)]),
        );
        views.resolve();
        let name = QualifiedName::new("api", "v");
        let mut tables = BTreeMap::new();
        tables.insert(
            name.clone(),
            Table {
                name: name.clone(),
                kind: TableKind::View,
                description: None,
                insertable: true,
                updatable: true,
                deletable: true,
                primary_key: Vec::new(),
                unique: Vec::new(),
                columns: indexmap::IndexMap::new(),
            },
        );
        let key = |table, name, numbers: &[i16]| PrimaryKeyRow {
            table,
            name: QualifiedName::new("private", name),
            numbers: numbers.to_vec(),
        };
        views.add_primary_keys(
            vec![key(1, "a", &[1]), key(2, "b", &[1]), key(3, "c", &[1, 2])],
            &mut tables,
        );
        assert_eq!(tables.get(&name).unwrap().primary_key, idents(&["z", "k"]));
    }
}
