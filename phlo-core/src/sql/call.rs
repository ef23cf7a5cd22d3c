//! Function calls as SQL.

use sea_query::{Expr, SelectStatement};

use crate::{
    plan::{ArgumentValue, ArgumentsPlan, CallPlan, JsonRows, JsonShape, NamedArgument},
    schema::{Ident, QualifiedName},
    sql::{
        Statement,
        fragment::{
            array_literal, bytes, call, column, constant, fragment, name, qualified, rows_from,
            value,
        },
        mutate::{self, BODY},
        statement,
    },
};

/// The result of the function within the statement.
const CALL: &str = "phlo_call";

/// The value of a scalar function within the statement.
pub(crate) const SCALAR: &str = "pgrst_scalar";

/// The call, as a query of its result.
pub(crate) fn query(plan: &CallPlan) -> SelectStatement {
    let mut query = SelectStatement::new();
    let arguments = match &plan.arguments {
        ArgumentsPlan::Whole { body, type_name } => vec![whole(body, type_name)],
        ArgumentsPlan::Named(arguments) => arguments.iter().map(named).collect(),
        ArgumentsPlan::Json { rows, variadic } => {
            let mut row = SelectStatement::new();
            mutate::body_columns(&mut row, rows);
            if rows.shape == JsonShape::Array {
                // PostgREST 16: of an array of arguments the first one counts.
                row.limit(1);
            }
            query.from_subquery(row, BODY);
            from_body(rows, variadic.as_ref())
        }
    };
    let result = call(&plan.function, arguments);
    if plan.scalar {
        query.expr_as(result, SCALAR);
    } else {
        if plan.returning.is_empty() || plan.returning.iter().any(|name| *name == "*") {
            query.expr(fragment("$1.*", [name(&Ident::new(CALL))]));
        }
        for column_name in plan.returning.iter().filter(|name| **name != "*") {
            query.expr(column(&Ident::new(CALL), column_name));
        }
        query.from_function(rows_from(result), CALL);
    }
    query
}

/// The one value of a scalar function whose arguments need no query: what a request mostly calls.
pub(crate) fn value_of(plan: &CallPlan) -> Option<Expr> {
    if !(plan.single && plan.scalar) {
        return None;
    }
    let arguments = match &plan.arguments {
        ArgumentsPlan::Whole { body, type_name } => vec![whole(body, type_name)],
        ArgumentsPlan::Named(arguments) => arguments.iter().map(named).collect(),
        ArgumentsPlan::Json { .. } => return None,
    };
    Some(call(&plan.function, arguments))
}

fn whole(body: &[u8], type_name: &QualifiedName) -> Expr {
    if type_name.is_catalog("bytea") {
        return bytes(body);
    }
    let text = value(String::from_utf8_lossy(body));
    fragment("$1::$2", [text, qualified(type_name)])
}

fn named(argument: &NamedArgument) -> Expr {
    let parts = |text: String| [name(&argument.name), value(text), qualified(&argument.type_name)];
    match &argument.value {
        ArgumentValue::Single(text) => fragment("$1 := $2::$3", parts(text.clone())),
        ArgumentValue::Variadic(values) => {
            fragment("VARIADIC $1 := $2::$3", parts(array_literal(values)))
        }
    }
}

fn from_body(rows: &JsonRows, variadic: Option<&Ident>) -> Vec<Expr> {
    let body = Ident::new(BODY);
    rows.columns
        .iter()
        .map(|item| {
            let parts = [name(&item.name), column(&body, &item.name)];
            if variadic == Some(&item.name) {
                fragment("VARIADIC $1 := $2", parts)
            } else {
                fragment("$1 := $2", parts)
            }
        })
        .collect()
}

/// A call of a function with arguments of type `text`, for what a server asks on its own account.
///
/// ```
/// use phlo_core::{schema::QualifiedName, sql};
///
/// let statement = sql::call_with_text(&QualifiedName::new("auth", "find"), &["ann"]);
/// assert_eq!(statement.sql, r#"SELECT * FROM ROWS FROM("auth"."find" ($1::text)) AS "phlo_call""#);
/// ```
pub fn call_with_text(function: &QualifiedName, arguments: &[&str]) -> Statement {
    let arguments = arguments.iter().map(|text| fragment("$1::text", [value(*text)])).collect();
    let mut query = SelectStatement::new();
    query.expr(constant("*"));
    query.from_function(rows_from(call(function, arguments)), CALL);
    statement(&query)
}
