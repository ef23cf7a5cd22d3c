//! Changes as SQL, and the rows that they take from a JSON body.

use sea_query::{
    ConditionalStatement, DeleteStatement, Expr, InsertStatement, OnConflict, Returning,
    ReturningClause, SelectStatement, SubQueryStatement, UpdateStatement,
};

use crate::{
    plan::{
        BareChange, Condition, Conflict, JsonColumn, JsonRows, JsonShape, MutationKind,
        MutationPlan,
    },
    request::Resolution,
    schema::{Ident, QualifiedName},
    sql::{
        expr,
        fragment::{
            body, call, catalog_sql, column, constant, fragment, iden, name, number, qualified,
            rows_from, value, value_or_null,
        },
    },
};

/// The rows of the body within the statement.
pub(crate) const BODY: &str = "phlo_body";

/// The change, with what it returns of the changed rows; a bare one gives no rows.
pub(crate) fn mutation(plan: &MutationPlan, bare: Option<&BareChange>) -> SubQueryStatement {
    let returning = bare.is_none().then(|| returning(&plan.table, &plan.returning));
    match &plan.kind {
        MutationKind::Insert { rows, conflict, conditions, .. } => {
            let values = match bare {
                Some(BareChange::OfValues(values)) => Some(values.as_slice()),
                Some(BareChange::OfBody) | None => None,
            };
            insert(plan, rows, values, conflict.as_ref(), conditions, returning)
        }
        MutationKind::Update { values, .. } if values.columns.is_empty() => nothing(plan),
        MutationKind::Update { values, conditions } => {
            let mut update = UpdateStatement::new();
            update.table((iden(&plan.table.schema), iden(&plan.table.name)));
            for item in &values.columns {
                update.value(iden(&item.name), column(&Ident::new(BODY), &item.name));
            }
            let mut row = SelectStatement::new();
            body_columns(&mut row, values);
            row.limit(1);
            update.from(sea_query::TableRef::SubQuery(Box::new(row), BODY.into()));
            restrict(&mut update, &plan.table.name, conditions);
            if let Some(returning) = returning {
                update.returning(returning);
            }
            update.into()
        }
        MutationKind::Delete { conditions } => {
            let mut delete = DeleteStatement::new();
            delete.from_table((iden(&plan.table.schema), iden(&plan.table.name)));
            restrict(&mut delete, &plan.table.name, conditions);
            if let Some(returning) = returning {
                delete.returning(returning);
            }
            delete.into()
        }
    }
}

/// A change that changes nothing, with the columns that it would have returned.
fn nothing(plan: &MutationPlan) -> SubQueryStatement {
    let mut query = SelectStatement::new();
    if plan.returning.is_empty() {
        query.expr(constant("NULL"));
    }
    for column_name in &plan.returning {
        query.expr(table_column(&plan.table.name, column_name));
    }
    query.from((iden(&plan.table.schema), iden(&plan.table.name)));
    query.and_where(constant("FALSE"));
    query.into()
}

fn insert(
    plan: &MutationPlan,
    rows: &JsonRows,
    values: Option<&[Option<String>]>,
    conflict: Option<&Conflict>,
    conditions: &[Condition],
    returning: Option<ReturningClause>,
) -> SubQueryStatement {
    let mut insert = InsertStatement::new();
    insert.into_table((iden(&plan.table.schema), iden(&plan.table.name)));
    let merges = conflict.is_some_and(|it| it.resolution == Resolution::MergeDuplicates);
    if rows.columns.is_empty() {
        match rows.count_empty() {
            0 => return nothing(plan),
            count => insert.or_default_values_many(count),
        };
    } else if let Some(values) = values {
        // The first parameters of the statement, and there are no others.
        insert.columns(rows.columns.iter().map(|item| iden(&item.name)));
        // There are as many values as columns.
        if insert.values(values.iter().map(|text| value_or_null(text.clone()))).is_err() {
            return nothing(plan);
        }
    } else {
        insert.columns(rows.columns.iter().map(|item| iden(&item.name)));
        let mut query = SelectStatement::new();
        body_columns(&mut query, rows);
        let mut outer = SelectStatement::new();
        for item in &rows.columns {
            outer.expr(column(&Ident::new(BODY), &item.name));
        }
        outer.from_subquery(query, BODY);
        if merges {
            outer.and_where(count_inserted(Step::Up));
        }
        restrict(&mut outer, &Ident::new(BODY), conditions);
        // Without columns of its own the select can't fail to match those of the insert.
        if insert.select_from(outer).is_err() {
            return nothing(plan);
        }
    }
    if let Some(conflict) = conflict {
        insert.on_conflict(on_conflict(conflict, &rows.columns));
    }
    if let Some(returning) = returning {
        insert.returning(returning);
    }
    insert.into()
}

fn on_conflict(conflict: &Conflict, columns: &[JsonColumn]) -> OnConflict {
    let mut clause = OnConflict::columns(conflict.columns.iter().map(iden));
    match conflict.resolution {
        Resolution::MergeDuplicates if !columns.is_empty() => {
            clause.update_columns(columns.iter().map(|item| iden(&item.name)));
            clause.action_and_where(count_inserted(Step::Down));
        }
        Resolution::MergeDuplicates | Resolution::IgnoreDuplicates => {
            clause.do_nothing();
        }
    }
    clause
}

#[derive(Clone, Copy)]
enum Step {
    Up,
    Down,
}

/// Counts inserted rows in a setting: up for each row, down again where it only updated one.
fn count_inserted(step: Step) -> Expr {
    constant(match step {
        Step::Up => {
            "set_config('phlo.inserted', (coalesce(nullif(current_setting('phlo.inserted', true), \
             '')::int, 0) + 1)::text, true) <> '0'"
        }
        Step::Down => {
            "set_config('phlo.inserted', (coalesce(nullif(current_setting('phlo.inserted', true), \
             '')::int, 0) - 1)::text, true) <> '-1'"
        }
    })
}

/// The number of inserted rows, once they are.
pub(crate) fn inserted() -> Expr {
    constant("nullif(current_setting('phlo.inserted', true), '')")
}

/// No condition is written as none, for extensions that refuse such changes.
fn restrict(query: &mut impl ConditionalStatement, alias: &Ident, conditions: &[Condition]) {
    if !conditions.is_empty() {
        // A change has no embeds to look at.
        query.cond_where(expr::conditions(alias, conditions, &|_, _| constant("TRUE")));
    }
}

fn returning(table: &QualifiedName, columns: &[Ident]) -> ReturningClause {
    if columns.is_empty() {
        // Only the number of rows counts.
        return Returning::new().exprs([number(1)]);
    }
    Returning::new().exprs(columns.iter().map(|name| table_column(&table.name, name)))
}

fn table_column(table: &Ident, column_name: &Ident) -> Expr {
    if column_name == "*" { fragment("$1.*", [name(table)]) } else { column(table, column_name) }
}

/// Selects the columns of a JSON body, each as its type.
pub(crate) fn body_columns(query: &mut SelectStatement, rows: &JsonRows) {
    for item in &rows.columns {
        match &item.transform {
            None => query.expr(name(&item.name)),
            Some(function) => {
                query.expr_as(call(function, vec![name(&item.name)]), iden(&item.name))
            }
        };
    }
    query.from_function(rows_from(json_rows(rows)), "phlo_json");
}

/// `json_to_record[set](body) AS ("column" type, ..)`.
fn json_rows(rows: &JsonRows) -> Expr {
    let body = body();
    let definitions = rows
        .columns
        .iter()
        .map(|item| fragment("$1 $2", [name(&item.name), qualified(&item.type_name)]))
        .collect();
    let definitions = Expr::Tuple(definitions);
    match (rows.shape, rows.defaults) {
        (JsonShape::Object, false) => {
            fragment("json_to_record($1::json) AS $2", [body, definitions])
        }
        (JsonShape::Array, false) => {
            fragment("json_to_recordset($1::json) AS $2", [body, definitions])
        }
        (JsonShape::Object, true) => fragment(
            "jsonb_to_record($1 || $2::jsonb) AS $3",
            [defaults(&rows.columns), body, definitions],
        ),
        (JsonShape::Array, true) => fragment(
            "jsonb_to_recordset((SELECT jsonb_agg($1 || element) FROM jsonb_array_elements($2::jsonb) \
             AS element)) AS $3",
            [defaults(&rows.columns), body, definitions],
        ),
    }
}

/// A JSON object of the columns' defaults.
fn defaults(columns: &[JsonColumn]) -> Expr {
    let pairs = columns.iter().filter_map(|item| {
        let default = item.default.as_ref()?;
        Some([fragment("$1::text", [value(item.name.as_str())]), catalog_sql(default)])
    });
    fragment("jsonb_build_object $1", [Expr::Tuple(pairs.flatten().collect())])
}
