//! Queries, with their embeds as lateral joins or as columns, and the queries that count them.

use sea_query::{Expr, IntoTableRef, JoinType, SelectStatement, TableRef};

use crate::{
    plan::{
        EmbedName, EmbedPlace, EmbedPlan, EmbedShape, OrderPlan, ReadNode, SelectPlan, Source,
        SpreadColumn,
    },
    request::JoinKind,
    schema::Ident,
    sql::{
        expr::{self, ROWS},
        fragment::{
            all_columns, builtin, call, column, constant, fragment, iden, name, number, qualified,
            rows_from,
        },
    },
};

/// The changed rows, or the result of the function, within the statement.
pub(crate) const RESULT: &str = "phlo_result";

/// How JSON made within a statement is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonKind {
    /// As it was written.
    Json,
    /// Such that rows can be grouped by it.
    Jsonb,
}

impl JsonKind {
    /// `jsonb` only where it is grouped by: it costs time, and forgets the order of keys.
    pub(crate) fn of(node: &ReadNode) -> Self {
        if is_grouped(node) { Self::Jsonb } else { Self::Json }
    }

    fn cast(self, expr: Expr) -> Expr {
        match self {
            Self::Json => expr,
            Self::Jsonb => fragment("$1::jsonb", [expr]),
        }
    }
}

fn is_grouped(node: &ReadNode) -> bool {
    node.grouped || node.embeds.iter().any(|embed| is_grouped(&embed.node))
}

/// A query on one table, with its embeds.
pub(crate) fn query(node: &ReadNode, kind: JsonKind) -> SelectStatement {
    let mut query = SelectStatement::new();
    from(&mut query, node);
    let mut columns = Columns { query: &mut query, count: 0, groups: Vec::new() };
    if node.select.is_empty() && node.embeds.is_empty() {
        columns.query.expr(all_columns(&node.alias));
    }
    for item in &node.select {
        columns.group_unless(item.aggregate.is_some());
        expr::select(columns.query, &node.alias, item);
    }
    for embed in &node.embeds {
        embed_columns(&mut columns, embed, kind);
    }
    let groups = columns.groups;
    for embed in node.embeds.iter().filter(|embed| embed.place == EmbedPlace::Join) {
        join(&mut query, embed, kind);
    }
    for join in expr::joins(&node.joins) {
        query.and_where(join);
    }
    let embed = |alias: &Ident, present| expr::joined_embed(&node.embeds, alias, present);
    query.cond_where(expr::conditions(&node.alias, &node.conditions, &embed));
    if node.grouped {
        query.add_group_by(groups);
    }
    expr::order(&mut query, &node.order, |term| order_key(node, term));
    if let Some(limit) = node.range.limit {
        query.limit(limit);
    }
    if node.range.offset > 0 {
        query.offset(node.range.offset);
    }
    query
}

/// What a query is ordered by. A path into JSON that is grouped by is known by its place alone, as
/// its key is another parameter each time that it is written.
fn order_key(node: &ReadNode, term: &OrderPlan) -> Expr {
    let is_it = |item: &SelectPlan| {
        item.field == term.field
            && item.cast.is_none()
            && item.transform.is_none()
            && item.aggregate.is_none()
    };
    let place = if node.grouped && term.embed.is_none() && !term.field.path.is_empty() {
        // Behind all columns of what is no table, places aren't known.
        let is_one = |item: &&SelectPlan| item.aggregate.is_some() || item.field.name != "*";
        node.select.iter().take_while(is_one).position(is_it)
    } else {
        None
    };
    match place {
        Some(index) => number(index + 1),
        None => expr::field(term.embed.as_ref().unwrap_or(&node.alias), &term.field),
    }
}

/// The columns of a query, with the places of those that it may be grouped by.
struct Columns<'q> {
    query: &'q mut SelectStatement,
    count: usize,
    groups: Vec<Expr>,
}

impl Columns<'_> {
    fn group_unless(&mut self, is_aggregate: bool) {
        self.count += 1;
        if !is_aggregate {
            // By place: the same JSON path would be another expression, its key being a parameter.
            self.groups.push(number(self.count));
        }
    }
}

fn from(query: &mut SelectStatement, node: &ReadNode) {
    match &node.from {
        Source::Table(table) => {
            query.from_as((iden(&table.schema), iden(&table.name)), iden(&node.alias));
        }
        Source::Result => {
            query.from_as(RESULT, iden(&node.alias));
        }
        Source::Function { function, row_type, row } => {
            // The row may be one of a function's result, which has no type of its own.
            let argument = fragment("$1::$2", [name(row), qualified(row_type)]);
            query.from_function(rows_from(call(function, vec![argument])), iden(&node.alias));
        }
    }
    if let Some((table, alias)) = &node.junction {
        let table: TableRef = (iden(&table.schema), iden(&table.name)).into_table_ref();
        query.from(table.alias(iden(alias)));
    }
}

fn embed_columns(columns: &mut Columns<'_>, embed: &EmbedPlan, kind: JsonKind) {
    match &embed.shape {
        EmbedShape::Object(EmbedName::Shown(shown)) => {
            columns.group_unless(false);
            let row = builtin("row_to_json", [name(&embed.alias)]);
            columns.query.expr_as(kind.cast(row), iden(shown));
        }
        EmbedShape::Array(EmbedName::Shown(shown)) => {
            columns.group_unless(false);
            let rows = match embed.place {
                EmbedPlace::Join => column(&embed.alias, &Ident::new(ROWS)),
                EmbedPlace::Column => Expr::SubQuery(None, Box::new(array(embed, kind).into())),
            };
            columns.query.expr_as(builtin("coalesce", [rows, constant("'[]'")]), iden(shown));
        }
        EmbedShape::Object(EmbedName::Hidden) | EmbedShape::Array(EmbedName::Hidden) => {}
        EmbedShape::SpreadOne(spread) => {
            for item in spread {
                columns.group_unless(item.aggregate.is_some());
                spread_column(columns.query, &embed.alias, item);
            }
        }
        EmbedShape::SpreadMany { columns: spread, .. } => {
            for item in spread {
                columns.group_unless(false);
                spread_column(columns.query, &embed.alias, item);
            }
        }
    }
}

fn spread_column(query: &mut SelectStatement, alias: &Ident, item: &SpreadColumn) {
    if item.name == "*" {
        query.expr(all_columns(alias));
        return;
    }
    let base = column(alias, &item.name);
    let expr = expr::aggregate(base, item.aggregate, item.aggregate_cast.as_ref());
    match &item.alias {
        Some(alias) => query.expr_as(expr, iden(alias)),
        None => query.expr(expr),
    };
}

fn join(outer: &mut SelectStatement, embed: &EmbedPlan, kind: JsonKind) {
    let join_type = match embed.join {
        JoinKind::Inner => JoinType::InnerJoin,
        JoinKind::Left => JoinType::LeftJoin,
    };
    let alias = iden(&embed.alias);
    let (rows, always) = match &embed.shape {
        EmbedShape::Object(_) | EmbedShape::SpreadOne(_) => (query(&embed.node, kind), true),
        EmbedShape::Array(_) => (array(embed, kind), false),
        EmbedShape::SpreadMany { columns, order_columns, order } => {
            let mut inner = query(&embed.node, kind);
            for (source, item) in order_columns {
                expr::select(&mut inner, source.as_ref().unwrap_or(&embed.node.alias), item);
            }
            let mut rows = SelectStatement::new();
            rows.expr_as(json_agg(&embed.alias, kind), ROWS);
            for item in columns {
                let array = spread_array(&embed.alias, item, order, kind);
                rows.expr_as(array, iden(item.alias.as_ref().unwrap_or(&item.name)));
            }
            rows.from_subquery(inner, alias.clone());
            (rows, false)
        }
    };
    let on = match embed.join {
        // An aggregate always gives a row; it is null if it ran over none.
        JoinKind::Inner if !always => {
            fragment("$1 IS NOT NULL", [column(&embed.alias, &Ident::new(ROWS))])
        }
        JoinKind::Inner | JoinKind::Left => constant("TRUE"),
    };
    outer.join_lateral(join_type, rows, alias, on);
}

/// One row with the rows of an embed as an array; null if there are none.
fn array(embed: &EmbedPlan, kind: JsonKind) -> SelectStatement {
    let mut rows = SelectStatement::new();
    rows.expr_as(json_agg(&embed.alias, kind), ROWS);
    rows.from_subquery(query(&embed.node, kind), iden(&embed.alias));
    rows
}

fn json_agg(alias: &Ident, kind: JsonKind) -> Expr {
    kind.cast(builtin("json_agg", [name(alias)]))
}

fn spread_array(alias: &Ident, item: &SpreadColumn, order: &[OrderPlan], kind: JsonKind) -> Expr {
    let element = expr::aggregate_order(column(alias, &item.name), alias, order);
    kind.cast(fragment("coalesce(json_agg($1), '[]')", [element]))
}

/// A query with a row for each row of another, without its limits: something to count.
///
/// Embeds that hide rows become `EXISTS`, which is all that counting needs of them.
pub(crate) fn count(node: &ReadNode) -> SelectStatement {
    let mut query = SelectStatement::new();
    query.expr(number(1));
    from(&mut query, node);
    for join in expr::joins(&node.joins) {
        query.and_where(join);
    }
    let embed = |alias: &Ident, present| {
        let found = node.embeds.iter().find(|embed| embed.alias == *alias);
        match (found, present) {
            (Some(embed), true) => Expr::exists(count(&embed.node)),
            (Some(embed), false) => fragment("NOT $1", [Expr::exists(count(&embed.node))]),
            (None, _) => constant("TRUE"),
        }
    };
    query.cond_where(expr::conditions(&node.alias, &node.conditions, &embed));
    for embed in node.embeds.iter().filter(|embed| embed.join == JoinKind::Inner) {
        query.and_where(Expr::exists(count(&embed.node)));
    }
    query
}
