//! Functions of the model: what they are given, and what they return.

use phlo_core::schema::{
    Ident, Parameter, QualifiedName, ReturnKind, ReturnedColumn, Returns, Routine, Schema,
};

use crate::{
    model::{
        ColumnModel, FunctionModel, FunctionResult, Given, Origin, ParameterModel, TableModel,
    },
    names::{Scope, camel, screaming, snake},
    options::Options,
    types::Types,
};

/// The functions of a schema, and the rows that they return and no table has.
pub(crate) fn models(
    schema: &Schema,
    options: &Options,
    types: &Types,
    name: &Ident,
    modules: &mut Scope,
) -> (Vec<FunctionModel>, Vec<TableModel>) {
    let mut scope = Scope::default();
    let mut functions = Vec::new();
    let mut records: Vec<TableModel> = Vec::new();
    for routine in schema.all_routines() {
        let whole = whole(&routine.parameters);
        // Arguments are given by name, so that those without one can't be, unless one is all.
        let unnamed = routine.parameters.iter().any(|parameter| parameter.name.is_empty());
        if routine.name.schema != *name
            || (unnamed && whole.is_none())
            || !options.takes(&routine.name)
        {
            continue;
        }
        let returns = match &routine.returns.kind {
            ReturnKind::Composite(row) if schema.table(row).is_some() && options.takes(row) => {
                FunctionResult::Rows(row.clone())
            }
            ReturnKind::Composite(_) if !routine.returns.columns.is_empty() => {
                let rows = name_of_rows(routine);
                let path = |it: &TableModel| format!("super::{}::{}", it.module, it.marker);
                // Functions share a type that has a name.
                let known =
                    records.iter().find(|it| it.name == *rows && !is_record(&routine.returns.kind));
                FunctionResult::Records(match known {
                    Some(known) => path(known),
                    None => {
                        let new = record(routine, rows, options, types, modules);
                        let path = path(&new);
                        records.push(new);
                        path
                    }
                })
            }
            ReturnKind::Composite(_) | ReturnKind::Scalar(_) => value(&routine.returns, types),
        };
        let mut fields = Scope::default();
        let wanted = options.rename(&routine.name.to_string(), &routine.name.name);
        functions.push(FunctionModel {
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
            whole,
            returns,
        });
    }
    (functions, records)
}

/// How the only parameter is written, if it has no name and takes everything.
fn whole(parameters: &[Parameter]) -> Option<&'static str> {
    let [only] = parameters else { return None };
    if !only.name.is_empty() || only.type_name.schema != "pg_catalog" {
        return None;
    }
    match only.type_name.name.as_str() {
        "json" | "jsonb" => Some("whole_json"),
        "text" => Some("whole_text"),
        "xml" => Some("whole_xml"),
        "bytea" => Some("whole_bytes"),
        _ => None,
    }
}

/// What is no row, as a type seen from the module of functions.
fn value(returns: &Returns, types: &Types) -> FunctionResult {
    FunctionResult::Value(match (&returns.kind, returns.is_set) {
        (ReturnKind::Composite(_), true) => "dsl::Set<dsl::Json>".into(),
        (ReturnKind::Composite(_), false) => "Option<dsl::Json>".into(),
        (ReturnKind::Scalar(value), _) if value.is_catalog("void") => "()".into(),
        (ReturnKind::Scalar(value), true) => {
            format!("dsl::Set<Option<{}>>", types.of_value(value))
        }
        (ReturnKind::Scalar(value), false) => format!("Option<{}>", types.of_value(value)),
    })
}

/// The name of the rows that a function returns: that of their type, or else its own.
pub(crate) fn name_of_rows(routine: &Routine) -> &QualifiedName {
    match &routine.returns.kind {
        ReturnKind::Composite(row) if !is_record(&routine.returns.kind) => row,
        ReturnKind::Composite(_) | ReturnKind::Scalar(_) => &routine.name,
    }
}

fn is_record(kind: &ReturnKind) -> bool {
    matches!(kind, ReturnKind::Composite(row) if row.is_catalog("record"))
}

fn record(
    routine: &Routine,
    name: &QualifiedName,
    options: &Options,
    types: &Types,
    modules: &mut Scope,
) -> TableModel {
    let wanted = options.rename(&name.to_string(), &name.name);
    let mut fields = Scope::default();
    let mut constants = Scope::default();
    let column = |column: &ReturnedColumn| {
        let full = format!("{name}.{}", column.name);
        let wanted = options.rename(&full, &column.name);
        ColumnModel {
            name: column.name.clone(),
            constant: constants.claim(screaming(wanted)),
            field: fields.claim(snake(wanted)),
            rust: types.of_returned(&full, column),
            // The database doesn't know.
            nullable: !options.not_null.contains(&full),
            label: column.type_label.clone(),
            description: None,
            is_key: false,
            given: Given::Never,
        }
    };
    TableModel {
        origin: Origin::Function,
        name: name.clone(),
        module: modules.claim(snake(wanted)),
        marker: Scope::with(&["Row"]).claim_type(camel(wanted)),
        kind: if is_record(&routine.returns.kind) { "rows of the function" } else { "type" },
        description: None,
        columns: routine.returns.columns.iter().map(column).collect(),
        relations: Vec::new(),
        insertable: false,
        updatable: false,
        deletable: false,
    }
}
