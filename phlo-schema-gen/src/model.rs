//! What is to be written: the schema with names and types of Rust, and nothing left to decide.

use std::collections::BTreeMap;

use phlo_core::schema::{Generated, Ident, QualifiedName, ReturnKind, Schema, Table};

use crate::{
    error::{Error, Result},
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
    pub(crate) functions: Vec<FunctionModel>,
}

/// A table or view.
#[derive(Debug)]
pub(crate) struct TableModel {
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
    pub(crate) returns: FunctionResult,
}

/// What a function returns.
#[derive(Debug)]
pub(crate) enum FunctionResult {
    /// Rows of a table.
    Rows(QualifiedName),
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
    SchemaModel {
        name: name.clone(),
        module: scope.claim(snake(name)),
        description: schema.description(name).map(str::to_owned),
        tables,
        functions: function_models(schema, options, types, name),
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

fn function_models(
    schema: &Schema,
    options: &Options,
    types: &Types,
    name: &Ident,
) -> Vec<FunctionModel> {
    let mut scope = Scope::default();
    let mut models = Vec::new();
    for routine in schema.all_routines() {
        // Arguments are given by name, so that those without one can't be.
        let unnamed = routine.parameters.iter().any(|parameter| parameter.name.is_empty());
        if routine.name.schema != *name || unnamed || !options.takes(&routine.name) {
            continue;
        }
        let mut fields = Scope::default();
        let set = routine.returns.is_set;
        let returns = match &routine.returns.kind {
            ReturnKind::Composite(row) if schema.table(row).is_some() && options.takes(row) => {
                FunctionResult::Rows(row.clone())
            }
            ReturnKind::Composite(_) if set => FunctionResult::Value("dsl::Set<dsl::Json>".into()),
            ReturnKind::Composite(_) => FunctionResult::Value("Option<dsl::Json>".into()),
            ReturnKind::Scalar(value) if value.is_catalog("void") => {
                FunctionResult::Value("()".into())
            }
            ReturnKind::Scalar(value) if set => {
                FunctionResult::Value(format!("dsl::Set<Option<{}>>", types.of_value(value)))
            }
            ReturnKind::Scalar(value) => {
                FunctionResult::Value(format!("Option<{}>", types.of_value(value)))
            }
        };
        let wanted = options.rename(&routine.name.to_string(), &routine.name.name);
        models.push(FunctionModel {
            name: routine.name.clone(),
            rust: scope.claim_type(camel(wanted)),
            description: routine.description.clone(),
            parameters: routine
                .parameters
                .iter()
                .map(|parameter| ParameterModel {
                    name: parameter.name.clone(),
                    field: fields.claim(snake(&parameter.name)),
                    rust: types.of_value(&parameter.type_name),
                    required: parameter.required && !parameter.variadic,
                    label: parameter.type_label.clone(),
                })
                .collect(),
            returns,
        });
    }
    models
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

    fn rename<'a>(&'a self, full: &str, otherwise: &'a str) -> &'a str {
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
