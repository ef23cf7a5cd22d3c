//! Types of Rust for types of the database.

use std::collections::{BTreeMap, BTreeSet};

use phlo_core::schema::{Column, QualifiedName, ReturnedColumn, Schema};

use crate::{
    names::{Scope, camel},
    options::Options,
};

/// Enums and domains that are generated, and which type stands for which.
#[derive(Debug)]
pub(crate) struct Types {
    pub(crate) enums: Vec<EnumModel>,
    pub(crate) domains: Vec<DomainModel>,
    /// Types of generated or own types by the name of the database's.
    known: BTreeMap<QualifiedName, String>,
    overrides: BTreeMap<String, String>,
}

/// An enum.
#[derive(Debug)]
pub(crate) struct EnumModel {
    pub(crate) name: QualifiedName,
    pub(crate) rust: String,
    /// Labels with their variants.
    pub(crate) labels: Vec<(String, String)>,
    /// The variant for labels that were added later.
    pub(crate) unknown: String,
}

/// A domain.
#[derive(Debug)]
pub(crate) struct DomainModel {
    pub(crate) name: QualifiedName,
    pub(crate) rust: String,
    /// What is inside, seen from the module of types.
    pub(crate) inner: String,
    pub(crate) label: String,
}

impl Types {
    pub(crate) fn new(schema: &Schema, options: &Options, nested: bool) -> Self {
        let mut enums: BTreeMap<&QualifiedName, &[String]> = BTreeMap::new();
        let mut domains: BTreeMap<&QualifiedName, &Column> = BTreeMap::new();
        let tables = schema.tables().filter(|table| options.takes(&table.name));
        for column in tables.flat_map(|table| table.columns.values()) {
            if !column.enum_labels.is_empty() {
                enums.insert(&column.base_type, &column.enum_labels);
            }
            if column.type_name != column.base_type {
                domains.insert(&column.type_name, column);
            }
        }
        let is_own = |name: &QualifiedName| options.types.contains_key(&name.to_string());
        let mut scope = Scope::default();
        let mut types = Self {
            enums: Vec::new(),
            domains: Vec::new(),
            known: BTreeMap::new(),
            overrides: options.types.clone(),
        };
        // From the modules of tables and functions.
        let path = if nested { "super::super::types" } else { "super::types" };
        for (name, labels) in enums.into_iter().filter(|(name, _)| !is_own(name)) {
            let rust = scope.claim_type(camel(&name.name));
            types.known.insert(name.clone(), format!("{path}::{rust}"));
            let mut variants = Scope::default();
            types.enums.push(EnumModel {
                name: name.clone(),
                rust,
                labels: labels
                    .iter()
                    .map(|label| (label.clone(), variants.claim_type(camel(label))))
                    .collect(),
                unknown: variants.claim_type("Unknown".to_owned()),
            });
        }
        for (name, column) in domains.into_iter().filter(|(name, _)| !is_own(name)) {
            let rust = scope.claim_type(camel(&name.name));
            // A domain that the user shows in another form is whatever JSON that is.
            let json = QualifiedName::new("pg_catalog", "json");
            let inner = match schema.representation(name, &json) {
                Some(_) => "dsl::Json".to_owned(),
                None => types.of_value(&column.base_type).replace(&format!("{path}::"), ""),
            };
            types.known.insert(name.clone(), format!("{path}::{rust}"));
            types.domains.push(DomainModel {
                name: name.clone(),
                rust,
                inner,
                label: column.type_label.clone(),
            });
        }
        types
    }

    /// The type of a column, null aside; seen from a table's module.
    pub(crate) fn of_column(&self, full: &str, column: &Column) -> String {
        let own = self.overrides.get(full);
        own.cloned().unwrap_or_else(|| self.of(&column.type_name))
    }

    /// The type of a column of what a function returns; seen from a table's module.
    pub(crate) fn of_returned(&self, full: &str, column: &ReturnedColumn) -> String {
        let own = self.overrides.get(full).or_else(|| self.known.get(&column.type_name));
        own.cloned().unwrap_or_else(|| self.of(&column.base_type))
    }

    /// The type of a value that is no column's, so that nothing is compared to it.
    pub(crate) fn of_value(&self, name: &QualifiedName) -> String {
        self.of(name).replace("dsl::PlainJson", "dsl::Json")
    }

    /// The type that stands for one of the database; seen from a table's module.
    pub(crate) fn of(&self, name: &QualifiedName) -> String {
        if let Some(own) = self.overrides.get(&name.to_string()) {
            return own.clone();
        }
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        if let Some(element) = name.name.strip_prefix('_') {
            // An array's name is that of its elements with an underscore in front.
            let element = QualifiedName::new(name.schema.clone(), element);
            return format!("Vec<{}>", self.of(&element));
        }
        // An extension's text is in whatever schema the extension is in.
        if name.name == "citext" {
            return "String".to_owned();
        }
        if name.schema != "pg_catalog" {
            return "dsl::Other".to_owned();
        }
        builtin(&name.name).to_owned()
    }
}

/// Whether a type is one of the module of enums and domains.
pub(crate) fn is_enum_or_domain(rust: &str) -> bool {
    rust.trim_start_matches("super::").starts_with("types::")
}

fn builtin(name: &str) -> &'static str {
    match name {
        "bool" => "bool",
        "int2" => "i16",
        "int4" => "i32",
        "int8" => "i64",
        "float4" => "f32",
        "float8" => "f64",
        "text" | "varchar" | "bpchar" | "name" => "String",
        "bytea" => "dsl::Bytes",
        "json" => "dsl::PlainJson",
        "jsonb" => "dsl::Json",
        "numeric" => "dsl::Decimal",
        "money" => "dsl::Money",
        "date" => "dsl::Date",
        "time" | "timetz" => "dsl::TimeOfDay",
        "timestamp" => "dsl::Timestamp",
        "timestamptz" => "dsl::Timestamptz",
        "interval" => "dsl::Interval",
        "uuid" => "dsl::Uuid",
        "tsvector" => "dsl::Tsvector",
        "void" => "()",
        range if range.ends_with("multirange") => "dsl::Multirange",
        range if range.ends_with("range") => "dsl::Range",
        _ => "dsl::Other",
    }
}

/// The names of all types that columns, parameters and results have.
pub(crate) fn names(schema: &Schema) -> BTreeSet<String> {
    let columns = schema.tables().flat_map(|table| table.columns.values());
    let parameters = schema.all_routines().flat_map(|routine| &routine.parameters);
    let returned = schema.all_routines().flat_map(|routine| &routine.returns.columns);
    columns
        .flat_map(|column| [&column.type_name, &column.base_type])
        .chain(parameters.map(|parameter| &parameter.type_name))
        .chain(returned.flat_map(|column| [&column.type_name, &column.base_type]))
        .map(ToString::to_string)
        .collect()
}
