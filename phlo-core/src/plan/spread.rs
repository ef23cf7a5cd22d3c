//! Spreads: the columns of an embed lifted into the row around it.
//!
//! Aggregates in an embed with at most one row are lifted too, as far out as the next level that
//! isn't such a spread itself: there they run over something.

use crate::{
    error::{Code, Error, Result},
    plan::{
        EmbedName, EmbedPlan, EmbedShape, FieldPlan, OrderPlan, ReadNode, SelectPlan, SpreadColumn,
        field,
    },
    schema::Ident,
};

/// What becomes of aggregates when columns are lifted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifted {
    /// They are taken from the level and go with the columns.
    WithAggregates,
    /// They stay.
    AsTheyAre,
}

/// Whether an embed lifts a column with an aggregate.
pub(crate) fn is_aggregated(embed: &EmbedPlan) -> bool {
    match &embed.shape {
        EmbedShape::SpreadOne(columns) => columns.iter().any(|column| column.aggregate.is_some()),
        EmbedShape::Object(_) | EmbedShape::Array(_) | EmbedShape::SpreadMany { .. } => false,
    }
}

/// The columns that a level offers to the level around it.
pub(crate) fn lift(
    select: &mut [SelectPlan],
    embeds: &mut [EmbedPlan],
    aggregates: Lifted,
) -> Vec<SpreadColumn> {
    let mut columns = Vec::new();
    for item in select {
        if let (Some(aggregate), None) = (item.aggregate, &item.alias) {
            let name = field::aggregate_name(aggregate);
            // The level around it must know the name, so it is given rather than implied.
            columns.push(lift_field(item, name.clone(), aggregates));
            item.alias = Some(name);
        } else {
            let name = item.alias.clone().unwrap_or_else(|| item.field.name.clone());
            columns.push(lift_field(item, name, aggregates));
        }
    }
    for embed in embeds {
        match &mut embed.shape {
            EmbedShape::Object(EmbedName::Shown(name))
            | EmbedShape::Array(EmbedName::Shown(name)) => {
                columns.push(SpreadColumn {
                    name: name.clone(),
                    aggregate: None,
                    aggregate_cast: None,
                    alias: None,
                });
            }
            EmbedShape::Object(EmbedName::Hidden) | EmbedShape::Array(EmbedName::Hidden) => {}
            EmbedShape::SpreadOne(inner) => {
                columns.extend(inner.iter().cloned());
                if aggregates == Lifted::WithAggregates {
                    for column in inner {
                        column.aggregate = None;
                        column.aggregate_cast = None;
                        column.alias = None;
                    }
                }
            }
            EmbedShape::SpreadMany { columns: inner, .. } => columns.extend(inner.iter().cloned()),
        }
    }
    columns
}

fn lift_field(item: &mut SelectPlan, name: Ident, aggregates: Lifted) -> SpreadColumn {
    if aggregates == Lifted::AsTheyAre {
        return SpreadColumn { name, aggregate: item.aggregate, aggregate_cast: None, alias: None };
    }
    let aggregate = item.aggregate.take();
    SpreadColumn {
        // PostgreSQL would name the column after the aggregate.
        alias: aggregate.is_some().then(|| name.clone()),
        name,
        aggregate,
        aggregate_cast: item.aggregate_cast.take(),
    }
}

/// The shape of a spread with many rows: an array for each column, all in the same order.
///
/// # Errors
///
/// Aggregates: it is not clear what they would run over.
pub(crate) fn many(
    alias: &Ident,
    node: &mut ReadNode,
    columns: Vec<SpreadColumn>,
) -> Result<EmbedShape> {
    if columns.iter().any(|column| column.aggregate.is_some()) {
        return Err(Error::new(Code::NotImplemented, "Feature not implemented").with_details(
            "Aggregates are not implemented for one-to-many or many-to-many spreads.",
        ));
    }
    let mut order_columns = Vec::new();
    let mut order = Vec::new();
    // DIFFERS: PostgREST takes any rows up to a limit and orders those. Which rows are the first is
    // decided by their order, so that it counts where they are limited too.
    let terms =
        if node.range.is_all() { std::mem::take(&mut node.order) } else { node.order.clone() };
    for (index, term) in terms.into_iter().enumerate() {
        // What is ordered by must be selected inside to be seen where the arrays are made.
        let name = Ident::new(&format!("{alias}_order_{index}"));
        let select = SelectPlan {
            field: term.field,
            whole_row: false,
            transform: None,
            cast: None,
            aggregate: None,
            aggregate_cast: None,
            alias: Some(name.clone()),
            as_json: false,
        };
        order_columns.push((term.embed, select));
        order.push(OrderPlan {
            embed: None,
            field: FieldPlan { name, path: Vec::new(), to_jsonb: false },
            direction: term.direction,
            nulls: term.nulls,
        });
    }
    Ok(EmbedShape::SpreadMany { columns, order_columns, order })
}
