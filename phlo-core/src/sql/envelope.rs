//! The statement around a query: one row that holds the body and everything that headers need.

use sea_query::{CommonTableExpression, Expr, SelectStatement, WithClause};

use crate::{
    plan::{
        ActionPlan, BodyPlan, CountPlan, CustomArgument, Element, MutationKind, MutationPlan, Plan,
        ReadNode,
    },
    request::{Output, Resolution},
    schema::Ident,
    sql::{
        call::{self, SCALAR},
        fragment::{
            array_literal, binary, builtin, call as function_call, constant, fragment, name,
            qualified, value,
        },
        mutate,
        read::{self, JsonKind, RESULT},
    },
};

/// The rows of the query within the statement.
const ROW: &str = "phlo_row";

/// Wraps a plan's query into one row. The columns, all text but the body:
///
/// 1. the number of all rows, if they are counted;
/// 2. the number of rows;
/// 3. for changes, the key of the only new row, as a JSON array of `[column, value]`;
/// 4. the body;
/// 5. `response.headers` and 6. `response.status`, as functions have set them;
/// 7. for changes, the number of inserted rows, where some may have been updated instead.
pub(crate) fn envelope(plan: &Plan) -> SelectStatement {
    if let Some(query) = only_value(plan) {
        return query;
    }
    let node = plan.action.read();
    let mut query = SelectStatement::new();
    let mut with = WithClause::new();
    let mut needs_with = true;
    let rows = match &plan.action {
        ActionPlan::Read(node) if plan.body != BodyPlan::Csv => {
            needs_with = false;
            read::query(node, JsonKind::of(node))
        }
        ActionPlan::Read(node) => {
            // The header line looks at the rows a second time.
            with.cte(result(read::query(node, JsonKind::of(node))));
            all_results()
        }
        ActionPlan::Mutate(mutation, node) => {
            with.cte(result(mutate::mutation(mutation, None)));
            // What isn't returned by the change can't be selected, but need not be either.
            if plan.body == BodyPlan::Nothing {
                all_results()
            } else {
                read::query(node, JsonKind::of(node))
            }
        }
        ActionPlan::Call(call_plan, node) => {
            with.cte(result(call::query(call_plan)));
            read::query(node, JsonKind::of(node))
        }
    };
    if needs_with {
        query.with_cte(with);
    }
    let is_single = matches!(&plan.action, ActionPlan::Call(call, _) if call.single);
    let page = if is_single { "'1'::text" } else { "count(*)::text" };
    query.expr(total(plan.count, node, page));
    query.expr(constant(page));
    let mutation = match &plan.action {
        ActionPlan::Mutate(mutation, _) => Some(mutation),
        ActionPlan::Read(_) | ActionPlan::Call(..) => None,
    };
    if let Some(mutation) = mutation {
        query.expr(location(mutation));
    }
    query.expr(body(&plan.body, node));
    query.expr(constant("current_setting('response.headers', true)"));
    query.expr(constant("current_setting('response.status', true)"));
    if let Some(mutation) = mutation {
        query.expr(inserted(mutation));
    }
    query.from_subquery(rows, ROW);
    query
}

/// The envelope of a function's only value, where nothing else is asked of it: what is set is read
/// after the function was called, since it stands after it.
fn only_value(plan: &Plan) -> Option<SelectStatement> {
    let ActionPlan::Call(call, node) = &plan.action else { return None };
    let is_json = matches!(
        plan.body,
        BodyPlan::Json { element: Element::Scalar, single: true, nulls_stripped: false }
    );
    let is_bare = node.output == Output::Full
        && node.embeds.is_empty()
        && node.conditions.is_empty()
        && node.order.is_empty()
        && node.select.iter().all(|item| item.field.name == "*")
        && node.range.offset == 0
        && node.range.limit != Some(0);
    let is_counted = matches!(plan.count, CountPlan::Query { .. });
    let result = call::value_of(call).filter(|_| is_json && is_bare && !is_counted)?;
    let mut query = SelectStatement::new();
    query.expr(total(plan.count, node, "'1'::text"));
    query.expr(constant("'1'::text"));
    query.expr(builtin("coalesce", [builtin("to_json", [result]), constant("'null'")]));
    query.expr(constant("current_setting('response.headers', true)"));
    query.expr(constant("current_setting('response.status', true)"));
    Some(query)
}

/// The query of a plan without anything around it but what it reads from.
pub(crate) fn rows(plan: &Plan) -> SelectStatement {
    let node = plan.action.read();
    let mut query = read::query(node, JsonKind::of(node));
    let from = match &plan.action {
        ActionPlan::Read(_) => return query,
        ActionPlan::Mutate(mutation, _) => {
            if mutation.returning.is_empty() {
                // What isn't returned by the change can't be selected.
                query = all_results();
            }
            result(mutate::mutation(mutation, None))
        }
        ActionPlan::Call(call_plan, _) => result(call::query(call_plan)),
    };
    let mut with = WithClause::new();
    with.cte(from);
    query.with_cte(with);
    query
}

/// Each row of a plan's query as JSON, with what functions have set as `response.headers` and
/// `response.status` when the first row came.
pub(crate) fn elements(plan: &Plan, element: Element, nulls_stripped: bool) -> SelectStatement {
    let mut query = SelectStatement::new();
    query.expr(json_element(element, nulls_stripped));
    // As a query of its own each is asked once, with the first row.
    query.expr(constant("(SELECT current_setting('response.headers', true))"));
    query.expr(constant("(SELECT current_setting('response.status', true))"));
    let node = plan.action.read();
    if let ActionPlan::Call(call_plan, _) = &plan.action {
        let mut with = WithClause::new();
        with.cte(result(call::query(call_plan)));
        query.with_cte(with);
    }
    query.from_subquery(read::query(node, JsonKind::of(node)), ROW);
    query
}

fn json_element(element: Element, nulls_stripped: bool) -> Expr {
    let row = Ident::new(ROW);
    let json = match element {
        Element::Row => builtin("row_to_json", [name(&row)]),
        Element::Scalar => {
            builtin("to_json", [crate::sql::fragment::column(&row, &Ident::new(SCALAR))])
        }
    };
    if nulls_stripped { builtin("json_strip_nulls", [json]) } else { json }
}

fn result(query: impl Into<sea_query::SubQueryStatement>) -> CommonTableExpression {
    CommonTableExpression::new().table_name(RESULT).query(query).to_owned()
}

fn all_results() -> SelectStatement {
    SelectStatement::new().expr(constant("*")).from(RESULT).to_owned()
}

fn total(count: CountPlan, node: &ReadNode, page: &'static str) -> Expr {
    match count {
        CountPlan::No | CountPlan::Planned => constant("NULL::text"),
        CountPlan::Page => constant(page),
        CountPlan::Query { limit, .. } => {
            let mut counted = read::count(node);
            if let Some(limit) = limit {
                counted.limit(limit);
            }
            let mut query = SelectStatement::new();
            query.expr(constant("count(*)::text"));
            query.from_subquery(counted, "phlo_count");
            Expr::SubQuery(None, Box::new(query.into()))
        }
    }
}

fn location(mutation: &MutationPlan) -> Expr {
    if let MutationKind::Insert { location: Some(key), .. } = &mutation.kind
        && !key.is_empty()
    {
        return fragment(
            "(SELECT json_agg(json_build_array(key, value))::text FROM (SELECT \
             row_to_json(phlo_result) AS phlo_new FROM phlo_result LIMIT 1) AS phlo_first, \
             json_each_text(phlo_new) WHERE key = ANY($1::text[]))",
            [value(array_literal(key))],
        );
    }
    constant("NULL::text")
}

fn inserted(mutation: &MutationPlan) -> Expr {
    if let MutationKind::Insert { conflict: Some(conflict), .. } = &mutation.kind
        && conflict.resolution == Resolution::MergeDuplicates
    {
        return mutate::inserted();
    }
    constant("NULL::text")
}

fn body(plan: &BodyPlan, node: &ReadNode) -> Expr {
    let row = Ident::new(ROW);
    let scalar = || crate::sql::fragment::column(&row, &Ident::new(SCALAR));
    if node.output == Output::HeadersOnly {
        return constant("''");
    }
    match plan {
        BodyPlan::Nothing => constant("''"),
        BodyPlan::Json { element, single, nulls_stripped } => {
            let element = match element {
                Element::Row => name(&row),
                Element::Scalar => scalar(),
            };
            let all = builtin("json_agg", [element]);
            let all = if *nulls_stripped { builtin("json_strip_nulls", [all]) } else { all };
            if *single {
                builtin("coalesce", [binary(all, "->", constant("0")), constant("'null'")])
            } else {
                builtin("coalesce", [all, constant("'[]'")])
            }
        }
        BodyPlan::JsonLines { element, nulls_stripped } => {
            let element = json_element(*element, *nulls_stripped);
            fragment(
                "coalesce(string_agg(translate(coalesce($1::text, 'null'), E'\\n\\r', '  ') || \
                 E'\\n', ''), '')",
                [element],
            )
        }
        BodyPlan::Csv => constant(
            "(SELECT coalesce(string_agg(phlo_key, ','), '') FROM (SELECT \
             json_object_keys(phlo_head) AS phlo_key FROM (SELECT row_to_json(phlo_result) AS \
             phlo_head FROM phlo_result LIMIT 1) AS phlo_first) AS phlo_keys) || E'\\n' || \
             coalesce(string_agg(substring(phlo_row::text, 2, length(phlo_row::text) - 2), E'\\n'), \
             '')",
        ),
        BodyPlan::GeoJson => fragment(
            "json_build_object('type', 'FeatureCollection', 'features', \
             coalesce(json_agg(ST_AsGeoJSON($1)::json), '[]'))",
            [name(&row)],
        ),
        BodyPlan::Value => scalar(),
        BodyPlan::Custom { function, argument } => {
            let argument = match argument {
                CustomArgument::Scalar => scalar(),
                CustomArgument::Row => name(&row),
                CustomArgument::RowOf(table) => fragment("$1::$2", [name(&row), qualified(table)]),
            };
            function_call(function, vec![argument])
        }
    }
}
