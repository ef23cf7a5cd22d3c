//! Whether a read runs PostgreSQL's own code alone, so that it can't set anything for the response.
//!
//! Takes a planned read and the tables that it names; whatever it doesn't know for sure is no.

use crate::{
    plan::{Condition, Context, EmbedShape, FieldPlan, ReadNode, SelectPlan, Source},
    schema::Table,
};

impl Context<'_, '_> {
    /// Whether nothing that belongs to somebody else runs for a read: no function, view, policy,
    /// cast or operator.
    pub(crate) fn is_plain(&self, node: &ReadNode) -> bool {
        let Source::Table(name) = &node.from else { return false };
        let Some(table) = self.schema.table(name) else { return false };
        let junction = node.junction.as_ref().map(|(junction, _)| junction);
        std::iter::once(name).chain(junction).all(|name| self.schema.is_plain(name))
            && node.select.iter().all(|item| is_plain_selection(table, item))
            && node.conditions.iter().all(|condition| is_plain_condition(table, condition))
            && node.order.iter().all(|key| key.embed.is_none() && is_column(table, &key.field))
            && node.embeds.iter().all(|embed| {
                matches!(embed.shape, EmbedShape::Object(_) | EmbedShape::Array(_))
                    && self.is_plain(&embed.node)
            })
    }
}

fn is_plain_selection(table: &Table, item: &SelectPlan) -> bool {
    let is_changed = item.whole_row
        || item.transform.is_some()
        || item.cast.is_some()
        || item.aggregate.is_some()
        || item.aggregate_cast.is_some();
    !is_changed && (item.field.name == "*" || is_column(table, &item.field))
}

fn is_plain_condition(table: &Table, condition: &Condition) -> bool {
    match condition {
        Condition::Group { members, .. } => {
            members.iter().all(|member| is_plain_condition(table, member))
        }
        Condition::Filter(filter) => filter.transform.is_none() && is_column(table, &filter.field),
        Condition::Embed { .. } => true,
    }
}

/// What isn't a column is computed.
fn is_column(table: &Table, field: &FieldPlan) -> bool {
    table.column(&field.name).is_some()
}
