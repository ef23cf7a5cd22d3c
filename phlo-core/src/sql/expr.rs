//! Fields, filters and orders as expressions.

use sea_query::{Condition as Where, Expr, NullOrdering, Order, SelectStatement};

use crate::{
    plan::{
        Condition, EmbedPlan, EmbedShape, FieldPlan, FilterPlan, JoinCondition, OperationPlan,
        OrderPlan, SelectPlan, Typing,
    },
    request::{
        Aggregate, Direction, FtsOperator, IsValue, JsonKey, JsonStep, LogicOperator, NullsOrder,
        QuantifiedOperator, Quantifier, SimpleOperator,
    },
    schema::{Ident, QualifiedName},
    sql::fragment::{
        all_columns, array_literal, binary, builtin, call, column, fragment, iden, name, qualified,
        value,
    },
};

/// The column in which the rows of a to-many embed arrive.
pub(crate) const ROWS: &str = "phlo_rows";

/// A field: the column, or a place in its JSON.
pub(crate) fn field(alias: &Ident, field: &FieldPlan) -> Expr {
    let base = column(alias, &field.name);
    if field.path.is_empty() {
        return base;
    }
    let base = if field.to_jsonb { builtin("to_jsonb", [base]) } else { base };
    field.path.iter().fold(base, |base, step| match step {
        JsonStep::Arrow(JsonKey::Name(key)) => binary(base, "->", value(key)),
        JsonStep::Arrow(JsonKey::Index(index)) => fragment("$1->$2::int", [base, value(index)]),
        JsonStep::DoubleArrow(JsonKey::Name(key)) => binary(base, "->>", value(key)),
        JsonStep::DoubleArrow(JsonKey::Index(index)) => {
            fragment("$1->>$2::int", [base, value(index)])
        }
    })
}

/// A cast to a type of the schema, if there is one to make.
pub(crate) fn cast(expr: Expr, type_name: Option<&QualifiedName>) -> Expr {
    match type_name {
        None => expr,
        Some(type_name) => fragment("CAST($1 AS $2)", [expr, qualified(type_name)]),
    }
}

/// An aggregate, if there is one to make.
pub(crate) fn aggregate(
    expr: Expr,
    aggregate: Option<Aggregate>,
    cast_to: Option<&QualifiedName>,
) -> Expr {
    let function = match aggregate {
        None => return expr,
        Some(Aggregate::Sum) => "sum",
        Some(Aggregate::Avg) => "avg",
        Some(Aggregate::Max) => "max",
        Some(Aggregate::Min) => "min",
        Some(Aggregate::Count) => "count",
    };
    cast(builtin(function, [expr]), cast_to)
}

/// Selects a column, every column, or an aggregate.
pub(crate) fn select(query: &mut SelectStatement, alias: &Ident, item: &SelectPlan) {
    let star = item.field.name == "*" && item.field.path.is_empty();
    let base = match (item.whole_row, star) {
        (true, _) => name(alias),
        (false, true) if item.aggregate.is_some() => fragment("*", []),
        (false, true) => all_columns(alias),
        (false, false) => field(alias, &item.field),
    };
    let base = match &item.transform {
        Some(function) => call(function, vec![base]),
        None => base,
    };
    let expr =
        aggregate(cast(base, item.cast.as_ref()), item.aggregate, item.aggregate_cast.as_ref());
    let expr = if item.as_json { builtin("to_json", [expr]) } else { expr };
    match &item.alias {
        Some(alias) => query.expr_as(expr, iden(alias)),
        None => query.expr(expr),
    };
}

/// What must hold, all of it.
pub(crate) fn conditions(
    alias: &Ident,
    conditions: &[Condition],
    embed: &impl Fn(&Ident, bool) -> Expr,
) -> Where {
    joined(LogicOperator::And, conditions.iter().map(|it| condition(alias, it, embed)).collect())
}

fn condition(
    alias: &Ident,
    condition_plan: &Condition,
    embed: &impl Fn(&Ident, bool) -> Expr,
) -> Where {
    match condition_plan {
        Condition::Group { negated, operator, members } => {
            let members = members.iter().map(|it| condition(alias, it, embed)).collect();
            let group = joined(*operator, members);
            if *negated { group.not() } else { group }
        }
        Condition::Filter(plan) => Where::all().add(filter(alias, plan)),
        Condition::Embed { alias, present } => Where::all().add(embed(alias, *present)),
    }
}

/// How many conditions are joined in one chain.
const CHAIN: usize = 64;

/// Joins conditions; many of them in groups of groups, since each link of a chain is a level deeper
/// than the one before, and it is written by recursion.
fn joined(operator: LogicOperator, mut members: Vec<Where>) -> Where {
    let chain = |members: &mut dyn Iterator<Item = Where>| {
        let none = match operator {
            LogicOperator::And => Where::all(),
            LogicOperator::Or => Where::any(),
        };
        members.fold(none, Where::add)
    };
    while members.len() > CHAIN {
        let mut rest = members.into_iter().peekable();
        members = Vec::new();
        while rest.peek().is_some() {
            members.push(chain(&mut rest.by_ref().take(CHAIN)));
        }
    }
    chain(&mut members.into_iter())
}

/// Whether an embed that is joined to the query has rows.
pub(crate) fn joined_embed(embeds: &[EmbedPlan], alias: &Ident, present: bool) -> Expr {
    let is_one = embeds.iter().any(|embed| {
        embed.alias == *alias
            && matches!(embed.shape, EmbedShape::Object(_) | EmbedShape::SpreadOne(_))
    });
    // A row is null as a whole only if there is none; its columns may all be null.
    let rows = if is_one { name(alias) } else { column(alias, &Ident::new(ROWS)) };
    if present {
        fragment("$1 IS DISTINCT FROM NULL", [rows])
    } else {
        fragment("$1 IS NOT DISTINCT FROM NULL", [rows])
    }
}

/// The columns that tie a query to the one around it.
pub(crate) fn joins(joins: &[JoinCondition]) -> impl Iterator<Item = Expr> + '_ {
    joins.iter().map(|join| {
        let left = column(&join.left.0, &join.left.1);
        binary(left, "=", column(&join.right.0, &join.right.1))
    })
}

/// A comparison.
fn filter(alias: &Ident, plan: &FilterPlan) -> Expr {
    let left = field(alias, &plan.field);
    let left = match &plan.text_search {
        None => left,
        Some(None) => fragment("to_tsvector($1)", [left]),
        Some(Some(language)) => fragment("to_tsvector($1::regconfig, $2)", [value(language), left]),
    };
    // A value that the user's own function reads; a plain one is read as the field's type.
    let read = |text: &str| match &plan.transform {
        Some(function) => call(function, vec![value(text)]),
        None => typed(text, &plan.typing),
    };
    let expr = match &plan.operation {
        OperationPlan::Simple(operator, text) => binary(left, simple(*operator), read(text)),
        OperationPlan::Quantified(operator, quantifier, text) => {
            let right = match operator {
                QuantifiedOperator::Like | QuantifiedOperator::ILike => {
                    pattern(text.replace('*', "%"), *quantifier, &plan.typing)
                }
                QuantifiedOperator::Match | QuantifiedOperator::IMatch => {
                    pattern(text.clone(), *quantifier, &plan.typing)
                }
                _ if quantifier.is_some() && plan.transform.is_none() => {
                    typed_array(text.clone(), &plan.typing)
                }
                QuantifiedOperator::Equal
                | QuantifiedOperator::GreaterThanEqual
                | QuantifiedOperator::GreaterThan
                | QuantifiedOperator::LessThanEqual
                | QuantifiedOperator::LessThan => read(text),
            };
            let right = match quantifier {
                None => right,
                Some(Quantifier::Any) => builtin("ANY", [right]),
                Some(Quantifier::All) => builtin("ALL", [right]),
            };
            binary(left, quantified(*operator), right)
        }
        OperationPlan::In(values) => in_list(left, values, plan),
        OperationPlan::Is(is) => fragment(is_value(*is), [left]),
        OperationPlan::IsDistinctFrom(text) => {
            fragment("$1 IS DISTINCT FROM $2", [left, typed(text, &plan.typing)])
        }
        OperationPlan::FullText(operator, language, text) => {
            let query = full_text(*operator);
            match language {
                None => fragment(query.0, [left, value(text)]),
                Some(language) => fragment(query.1, [left, value(language), value(text)]),
            }
        }
    };
    if plan.negated { fragment("NOT $1", [expr]) } else { expr }
}

/// A pattern, which is text whatever it is compared to, or an array of patterns.
fn pattern(text: String, quantifier: Option<Quantifier>, typing: &Typing) -> Expr {
    match (quantifier, typing) {
        (None, _) | (Some(_), Typing::Context) => value(text),
        (Some(_), Typing::Cast(_)) => fragment("$1::text::text[]", [value(text)]),
    }
}

/// A value that is read as the type of what it is compared to.
fn typed(text: &str, typing: &Typing) -> Expr {
    match typing {
        Typing::Context => value(text),
        Typing::Cast(type_name) => fragment("$1::text::$2", [value(text), qualified(type_name)]),
    }
}

/// An array of such values. An array of arrays has no type of its own to be cast to: the database
/// says so.
fn typed_array(array: String, typing: &Typing) -> Expr {
    match typing {
        Typing::Context => value(array),
        Typing::Cast(type_name) => fragment("$1::text::$2[]", [value(array), qualified(type_name)]),
    }
}

/// `= ANY(array)` rather than `IN`: it takes an empty list, and one statement serves all lengths.
fn in_list(left: Expr, values: &[String], plan: &FilterPlan) -> Expr {
    let array = array_literal(values);
    match &plan.transform {
        None => binary(left, "=", builtin("ANY", [typed_array(array, &plan.typing)])),
        Some(function) => {
            let each = call(function, vec![fragment("unnest($1::text[])", [value(array)])]);
            fragment("$1 = ANY(SELECT $2)", [left, each])
        }
    }
}

const fn simple(operator: SimpleOperator) -> &'static str {
    match operator {
        SimpleOperator::NotEqual => "<>",
        SimpleOperator::Contains => "@>",
        SimpleOperator::ContainedIn => "<@",
        SimpleOperator::Overlaps => "&&",
        SimpleOperator::StrictlyLeft => "<<",
        SimpleOperator::StrictlyRight => ">>",
        SimpleOperator::NotRightOf => "&<",
        SimpleOperator::NotLeftOf => "&>",
        SimpleOperator::Adjacent => "-|-",
    }
}

const fn quantified(operator: QuantifiedOperator) -> &'static str {
    match operator {
        QuantifiedOperator::Equal => "=",
        QuantifiedOperator::GreaterThanEqual => ">=",
        QuantifiedOperator::GreaterThan => ">",
        QuantifiedOperator::LessThanEqual => "<=",
        QuantifiedOperator::LessThan => "<",
        QuantifiedOperator::Like => "LIKE",
        QuantifiedOperator::ILike => "ILIKE",
        QuantifiedOperator::Match => "~",
        QuantifiedOperator::IMatch => "~*",
    }
}

const fn is_value(value: IsValue) -> &'static str {
    match value {
        IsValue::Null => "$1 IS NULL",
        IsValue::NotNull => "$1 IS NOT NULL",
        IsValue::True => "$1 IS TRUE",
        IsValue::False => "$1 IS FALSE",
        IsValue::Unknown => "$1 IS UNKNOWN",
    }
}

/// The templates without and with a text search configuration.
const fn full_text(operator: FtsOperator) -> (&'static str, &'static str) {
    match operator {
        FtsOperator::Fts => ("$1 @@ to_tsquery($2)", "$1 @@ to_tsquery($2::regconfig, $3)"),
        FtsOperator::Plain => {
            ("$1 @@ plainto_tsquery($2)", "$1 @@ plainto_tsquery($2::regconfig, $3)")
        }
        FtsOperator::Phrase => {
            ("$1 @@ phraseto_tsquery($2)", "$1 @@ phraseto_tsquery($2::regconfig, $3)")
        }
        FtsOperator::WebSearch => {
            ("$1 @@ websearch_to_tsquery($2)", "$1 @@ websearch_to_tsquery($2::regconfig, $3)")
        }
    }
}

/// Orders the rows of a query.
pub(crate) fn order(
    query: &mut SelectStatement,
    terms: &[OrderPlan],
    key: impl Fn(&OrderPlan) -> Expr,
) {
    for term in terms {
        let expr = key(term);
        let direction = match term.direction {
            Some(Direction::Descending) => Order::Desc,
            Some(Direction::Ascending) | None => Order::Asc,
        };
        match term.nulls {
            Some(NullsOrder::First) => {
                query.order_by_expr_with_nulls(expr, direction, NullOrdering::First)
            }
            Some(NullsOrder::Last) => {
                query.order_by_expr_with_nulls(expr, direction, NullOrdering::Last)
            }
            None => query.order_by_expr(expr, direction),
        };
    }
}

/// The order within an aggregate: ` ORDER BY ..`, or nothing.
pub(crate) fn aggregate_order(element: Expr, alias: &Ident, terms: &[OrderPlan]) -> Expr {
    let key = |term: &OrderPlan| {
        let expr = field(term.embed.as_ref().unwrap_or(alias), &term.field);
        let template = match (term.direction, term.nulls) {
            (None | Some(Direction::Ascending), None) => "$1 ASC",
            (None | Some(Direction::Ascending), Some(NullsOrder::First)) => "$1 ASC NULLS FIRST",
            (None | Some(Direction::Ascending), Some(NullsOrder::Last)) => "$1 ASC NULLS LAST",
            (Some(Direction::Descending), None) => "$1 DESC",
            (Some(Direction::Descending), Some(NullsOrder::First)) => "$1 DESC NULLS FIRST",
            (Some(Direction::Descending), Some(NullsOrder::Last)) => "$1 DESC NULLS LAST",
        };
        fragment(template, [expr])
    };
    let mut keys = terms.iter().map(key);
    let Some(first) = keys.next() else { return element };
    let list = keys.fold(first, |list, key| fragment("$1, $2", [list, key]));
    fragment("$1 ORDER BY $2", [element, list])
}
