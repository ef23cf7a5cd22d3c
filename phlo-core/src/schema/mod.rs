//! The database's schema as an immutable value: what can be read, written, called and embedded.
//!
//! Made by introspection or from a JSON snapshot, swapped whole on reload. Only `plan` looks names
//! up in it.

mod name;
mod relationship;
mod representation;
mod routine;
mod snapshot;
pub mod suggest;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    name::{CatalogSql, Ident, QualifiedName},
    relationship::{ForeignKey, Junction, Link, Relationship},
    representation::{HandlerTarget, MediaHandler, Representation},
    routine::{Isolation, Parameter, ReturnKind, ReturnedColumn, Returns, Routine, Volatility},
    table::{Column, Generated, Table, TableKind},
};

/// What a schema is made from: plain lists, as introspection finds and a snapshot keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The version of the server it was read from, as `server_version_num`: 150018.
    pub server_version: u32,
    /// Tables and views of the exposed schemas.
    pub tables: Vec<Table>,
    /// Ways between tables.
    pub relationships: Vec<Relationship>,
    /// Functions of the exposed schemas.
    pub routines: Vec<Routine>,
    /// Domain representations.
    #[serde(default)]
    pub representations: Vec<Representation>,
    /// Media type handlers of the user.
    #[serde(default)]
    pub media_handlers: Vec<MediaHandler>,
    /// Names of types that a cast may name: those of `pg_catalog` and of the schemas in the path.
    #[serde(default)]
    pub types: BTreeSet<QualifiedName>,
    /// Comments of the exposed schemas.
    #[serde(default)]
    pub descriptions: BTreeMap<Ident, String>,
    /// Tables and views whose reading runs PostgreSQL's own code alone, and nothing that changes
    /// settings, so that the response can't depend on it. What is not here is merely not known to be
    /// so. Snapshots don't have it.
    #[serde(skip)]
    pub plain: BTreeSet<QualifiedName>,
}

/// Everything that requests can name, indexed for lookup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    server_version: u32,
    tables: BTreeMap<QualifiedName, Table>,
    relationships: BTreeMap<QualifiedName, Vec<Relationship>>,
    routines: BTreeMap<QualifiedName, Vec<Routine>>,
    representations: BTreeMap<(QualifiedName, QualifiedName), QualifiedName>,
    media_handlers: BTreeMap<HandlerTarget, Vec<MediaHandler>>,
    types: BTreeSet<QualifiedName>,
    plain: BTreeSet<QualifiedName>,
    descriptions: BTreeMap<Ident, String>,
}

impl Schema {
    /// Indexes what was read from a catalogue or a snapshot.
    ///
    /// Overloads of a function keep the order of their number of parameters, then of the list.
    pub fn new(contents: Contents) -> Self {
        let mut schema = Self {
            server_version: contents.server_version,
            types: contents.types,
            plain: contents.plain,
            descriptions: contents.descriptions,
            ..Self::default()
        };
        for table in contents.tables {
            schema.tables.insert(table.name.clone(), table);
        }
        for relationship in contents.relationships {
            schema.relationships.entry(relationship.source.clone()).or_default().push(relationship);
        }
        for routine in contents.routines {
            schema.routines.entry(routine.name.clone()).or_default().push(routine);
        }
        for overloads in schema.routines.values_mut() {
            overloads.sort_by_key(|routine| routine.parameters.len());
        }
        for item in contents.representations {
            schema.representations.insert((item.source, item.target), item.function);
        }
        for handler in contents.media_handlers {
            schema.media_handlers.entry(handler.target.clone()).or_default().push(handler);
        }
        schema
    }

    /// The lists that this schema was made from, in a fixed order.
    pub fn contents(&self) -> Contents {
        Contents {
            server_version: self.server_version,
            tables: self.tables.values().cloned().collect(),
            relationships: self.relationships.values().flatten().cloned().collect(),
            routines: self.routines.values().flatten().cloned().collect(),
            representations: self
                .representations
                .iter()
                .map(|((source, target), function)| Representation {
                    source: source.clone(),
                    target: target.clone(),
                    function: function.clone(),
                })
                .collect(),
            media_handlers: self.media_handlers.values().flatten().cloned().collect(),
            types: self.types.clone(),
            plain: self.plain.clone(),
            descriptions: self.descriptions.clone(),
        }
    }

    /// The version of the server it was read from: 150018.
    pub fn server_version(&self) -> u32 {
        self.server_version
    }

    /// The table or view of that name.
    pub fn table(&self, name: &QualifiedName) -> Option<&Table> {
        self.tables.get(name)
    }

    /// All tables and views, sorted by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The ways that lead from a table.
    pub fn relationships(&self, source: &QualifiedName) -> &[Relationship] {
        self.relationships.get(source).map_or(&[], Vec::as_slice)
    }

    /// The names of tables that ways lead from, sorted.
    pub fn relationship_sources(&self) -> impl Iterator<Item = &QualifiedName> {
        self.relationships.keys()
    }

    /// The overloads of a function, by number of parameters.
    pub fn routines(&self, name: &QualifiedName) -> &[Routine] {
        self.routines.get(name).map_or(&[], Vec::as_slice)
    }

    /// All functions, sorted by name.
    pub fn all_routines(&self) -> impl Iterator<Item = &Routine> {
        self.routines.values().flatten()
    }

    /// The function that converts values of one type into another, if the user made one.
    pub fn representation(
        &self,
        source: &QualifiedName,
        target: &QualifiedName,
    ) -> Option<&QualifiedName> {
        self.representations.get(&(source.clone(), target.clone()))
    }

    /// Whether the user made any representation at all.
    pub fn has_representations(&self) -> bool {
        !self.representations.is_empty()
    }

    /// How many representations the user made.
    pub fn representation_count(&self) -> usize {
        self.representations.len()
    }

    /// All media type handlers of the user, sorted by target.
    pub fn all_media_handlers(&self) -> impl Iterator<Item = &MediaHandler> {
        self.media_handlers.values().flatten()
    }

    /// The user's media type handlers for a target.
    pub fn media_handlers(&self, target: &HandlerTarget) -> &[MediaHandler] {
        self.media_handlers.get(target).map_or(&[], Vec::as_slice)
    }

    /// Whether a type of that name exists in `pg_catalog` or a schema of the path.
    pub fn has_type(&self, name: &QualifiedName) -> bool {
        self.types.contains(name)
    }

    /// Whether reading a table or view is known to run PostgreSQL's own code alone.
    pub fn is_plain(&self, name: &QualifiedName) -> bool {
        self.plain.contains(name)
    }

    /// The comment of a schema.
    pub fn description(&self, schema: &str) -> Option<&str> {
        self.descriptions.get(schema).map(String::as_str)
    }
}
