//! What is to be written: the schema with names and types of Rust, and nothing left to decide.

use std::collections::BTreeMap;

use phlo_core::schema::{Generated, Ident, QualifiedName, Schema, Table};

use crate::{
    error::{Error, Result},
    functions,
    names::{Scope, camel, screaming, snake},
    options::{Options, fits},
    relations,
    types::{self, Types},
};

/// The generated code as a whole.
#[derive(Debug)]
pub(crate) struct Model {
    /// Modules of schemas; a single one without a name of its own.
    pub(crate) schemas: Vec<SchemaModel>,
    /// Whether schemas have modules.
    pub(crate) nested: bool,
    /// Enums and domains.
    pub(crate) types: Types,
}

/// Tables and functions of a schema.
#[derive(Debug)]
pub(crate) struct SchemaModel {
    pub(crate) name: Ident,
    pub(crate) module: String,
    pub(crate) description: Option<String>,
    pub(crate) tables: Vec<TableModel>,
    /// Rows that functions return and no table has.
    pub(crate) records: Vec<TableModel>,
    pub(crate) functions: Vec<FunctionModel>,
}

/// A table or view, or what a function returns.
#[derive(Debug)]
pub(crate) struct TableModel {
    pub(crate) origin: Origin,
    pub(crate) name: QualifiedName,
    pub(crate) module: String,
    pub(crate) marker: String,
    pub(crate) kind: &'static str,
    pub(crate) description: Option<String>,
    pub(crate) columns: Vec<ColumnModel>,
    pub(crate) relations: Vec<RelationModel>,
    pub(crate) insertable: bool,
    pub(crate) updatable: bool,
    pub(crate) deletable: bool,
}

/// Where rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In a table.
    Table,
    /// Nowhere but in what a function returns.
    Function,
}

/// A column.
#[derive(Debug)]
pub(crate) struct ColumnModel {
    pub(crate) name: Ident,
    pub(crate) constant: String,
    pub(crate) field: String,
    /// Its type without `Option`, seen from a table's module.
    pub(crate) rust: String,
    pub(crate) nullable: bool,
    pub(crate) label: String,
    pub(crate) description: Option<String>,
    pub(crate) is_key: bool,
    pub(crate) given: Given,
}

/// Whether a new row must have a value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// It must.
    Required,
    /// It may; null otherwise.
    OrNull,
    /// It may; otherwise there is that default.
    OrDefault(String),
    /// It must not.
    Never,
}

/// A way to another table.
#[derive(Debug)]
pub(crate) struct RelationModel {
    pub(crate) constant: String,
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) hint: Option<String>,
    pub(crate) to_one: bool,
    pub(crate) table: QualifiedName,
    pub(crate) description: String,
}

/// A function.
#[derive(Debug)]
pub(crate) struct FunctionModel {
    pub(crate) name: QualifiedName,
    pub(crate) rust: String,
    pub(crate) description: Option<String>,
    pub(crate) parameters: Vec<ParameterModel>,
    /// How its only parameter is written, if that has no name and takes everything.
    pub(crate) whole: Option<&'static str>,
    pub(crate) returns: FunctionResult,
}

/// What a function returns.
#[derive(Debug)]
pub(crate) enum FunctionResult {
    /// Rows of a table.
    Rows(QualifiedName),
    /// Rows of their own, as the path of their type seen from the module of functions.
    Records(String),
    /// Something else, as a type seen from the module of functions.
    Value(String),
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct ParameterModel {
    pub(crate) name: Ident,
    pub(crate) field: String,
    pub(crate) rust: String,
    pub(crate) required: bool,
    pub(crate) label: String,
}

impl Model {
    pub(crate) fn new(schema: &Schema, options: &Options) -> Result<Self> {
        check(schema, options)?;
        let mut names: Vec<&Ident> = schema
            .tables()
            .map(|table| &table.name.schema)
            .chain(schema.all_routines().map(|routine| &routine.name.schema))
            .filter(|name| options.takes_schema(name))
            .collect();
        names.sort();
        names.dedup();
        let nested = names.len() > 1;
        let types = Types::new(schema, options, nested);
        let mut scope = Scope::with(&["types", "schema"]);
        let schemas = names
            .into_iter()
            .map(|name| schema_model(schema, options, &types, name, &mut scope))
            .collect();
        let mut model = Self { schemas, nested, types };
        relations::add(&mut model, schema, options);
        Ok(model)
    }

    /// The table of that name, and the module of its schema.
    pub(crate) fn table(&self, name: &QualifiedName) -> Option<(&SchemaModel, &TableModel)> {
        let schema = self.schemas.iter().find(|schema| schema.name == name.schema)?;
        schema.tables.iter().find(|table| table.name == *name).map(|table| (schema, table))
    }

    /// The path to a table's type from a module that is directly in a schema's.
    pub(crate) fn path(&self, from: &Ident, to: &QualifiedName) -> Option<String> {
        let (schema, table) = self.table(to)?;
        Some(if *from == schema.name {
            format!("super::{}::{}", table.module, table.marker)
        } else {
            format!("super::super::{}::{}::{}", schema.module, table.module, table.marker)
        })
    }
}

fn schema_model(
    schema: &Schema,
    options: &Options,
    types: &Types,
    name: &Ident,
    scope: &mut Scope,
) -> SchemaModel {
    let mut tables_scope = Scope::with(&["types", "functions", "schema"]);
    let tables = schema
        .tables()
        .filter(|table| table.name.schema == *name && options.takes(&table.name))
        .map(|table| table_model(table, options, types, &mut tables_scope))
        .collect();
    let (functions, records) = functions::models(schema, options, types, name, &mut tables_scope);
    SchemaModel {
        name: name.clone(),
        module: scope.claim(snake(name)),
        description: schema.description(name).map(str::to_owned),
        tables,
        records,
        functions,
    }
}

fn table_model(table: &Table, options: &Options, types: &Types, modules: &mut Scope) -> TableModel {
    let wanted = options.rename(&table.name.to_string(), &table.name.name);
    let mut fields = Scope::default();
    let mut constants = Scope::default();
    let columns = table
        .columns
        .values()
        .map(|column| {
            let full = format!("{}.{}", table.name, column.name);
            let wanted = options.rename(&full, &column.name);
            let not_null = options.not_null.contains(&full);
            ColumnModel {
                name: column.name.clone(),
                constant: constants.claim(screaming(wanted)),
                field: fields.claim(snake(wanted)),
                rust: types.of_column(&full, column),
                nullable: column.nullable && !not_null,
                label: column.nominal_type_label.clone(),
                description: column.description.clone(),
                is_key: !table.is_view() && table.primary_key.contains(&column.name),
                given: match (column.generated, &column.default) {
                    (Generated::IdentityAlways | Generated::Expression, _) => Given::Never,
                    (Generated::No | Generated::IdentityByDefault, Some(default)) => {
                        Given::OrDefault(default.as_str().to_owned())
                    }
                    (Generated::No | Generated::IdentityByDefault, None)
                        if column.nullable || column.generated != Generated::No =>
                    {
                        Given::OrNull
                    }
                    (Generated::No | Generated::IdentityByDefault, None) => Given::Required,
                },
            }
        })
        .collect();
    TableModel {
        origin: Origin::Table,
        name: table.name.clone(),
        module: modules.claim(snake(wanted)),
        marker: Scope::with(&["Row", "Insert", "Update"]).claim_type(camel(wanted)),
        kind: kind(table),
        description: table.description.clone(),
        columns,
        relations: Vec::new(),
        insertable: table.insertable,
        updatable: table.updatable,
        deletable: table.deletable,
    }
}

fn kind(table: &Table) -> &'static str {
    use phlo_core::schema::TableKind;
    match table.kind {
        TableKind::Table | TableKind::Partitioned => "table",
        TableKind::View => "view",
        TableKind::MaterializedView => "materialized view",
        TableKind::Foreign => "foreign table",
    }
}

impl Options {
    fn takes_schema(&self, name: &str) -> bool {
        self.schemas.is_empty() || self.schemas.iter().any(|schema| schema == name)
    }

    pub(crate) fn takes(&self, name: &QualifiedName) -> bool {
        let full = name.to_string();
        let is_in = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, &full));
        self.takes_schema(&name.schema)
            && (self.include.is_empty() || is_in(&self.include))
            && !is_in(&self.exclude)
    }

    pub(crate) fn rename<'a>(&'a self, full: &str, otherwise: &'a str) -> &'a str {
        self.renames.get(full).map_or(otherwise, String::as_str)
    }
}

/// Options that name what isn't there are mistakes.
fn check(schema: &Schema, options: &Options) -> Result<()> {
    let mut known: BTreeMap<String, &'static str> = BTreeMap::new();
    for table in schema.tables() {
        known.insert(table.name.to_string(), "a table or function");
        for column in table.columns.keys() {
            known.insert(format!("{}.{column}", table.name), "a column");
        }
    }
    for routine in schema.all_routines() {
        known.insert(routine.name.to_string(), "a table or function");
        let rows = functions::name_of_rows(routine);
        for column in &routine.returns.columns {
            known.insert(format!("{rows}.{}", column.name), "a column");
        }
    }
    let types = types::names(schema);
    let unknown = |option, what, name: &str, all: Vec<&str>| {
        use phlo_core::schema::suggest;
        let near = suggest::best(all, name, suggest::LENIENT);
        let hint = near.map_or_else(String::new, |near| format!("; perhaps `{near}` is meant"));
        Err(Error::UnknownName { option, what, name: name.to_owned(), hint })
    };
    for name in &options.schemas {
        let exists = known.keys().any(|full| full.split('.').next() == Some(name));
        if !exists {
            let mut all: Vec<_> = known.keys().filter_map(|full| full.split('.').next()).collect();
            all.dedup();
            return unknown("`schemas`", "the schema", name, all);
        }
    }
    for name in options.renames.keys() {
        if !known.contains_key(name) {
            let all = known.keys().map(String::as_str).collect();
            return unknown("`rename`", "the table, column or function", name, all);
        }
    }
    for name in &options.not_null {
        if known.get(name) != Some(&"a column") {
            let all = known.keys().map(String::as_str).collect();
            return unknown("`not_null`", "the column", name, all);
        }
    }
    for name in options.types.keys() {
        let is_type = types.contains(name.as_str()) || name.starts_with("pg_catalog.");
        if !is_type && known.get(name) != Some(&"a column") {
            let all = known.keys().chain(&types).map(String::as_str).collect();
            return unknown("`map_type`", "the type or column", name, all);
        }
    }
    Ok(())
}
