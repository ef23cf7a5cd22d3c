//! Who makes the body: the one place that decides it.
//!
//! The database can make it, as one value, in every case. Where a result is flat, phlo takes plain
//! rows instead and writes the same bytes itself, which spares PostgreSQL most of the work on wide
//! or many rows.

use crate::{
    encode::{CsvRows, Elements, JsonRows, Kind, Layout, Nulls, RowWriter, Scalar},
    plan::{
        BodyPlan, Condition, Context, CountPlan, Element, EmbedName, EmbedPlan, EmbedShape,
        OperationPlan, Parameters, ReadNode, RowsForm, RowsPlan, SelectPlan,
    },
    request::{JsonStep, Output, QuantifiedOperator},
    schema::{Ident, QualifiedName, Table},
};

impl Context<'_, '_> {
    /// How phlo writes the body of a read itself; none where the database is to make it.
    pub(crate) fn plan_rows(
        &self,
        table: &QualifiedName,
        node: &ReadNode,
        body: &BodyPlan,
        count: CountPlan,
    ) -> Option<RowsPlan> {
        if self.limits.parameters == Parameters::Text {
            // An executor that types parameters has results in the binary format.
            return None;
        }
        let table = self.schema.table(table)?;
        if !comes_as_rows(node, count) {
            return None;
        }
        let sets_response = !self.is_plain(node);
        if sets_response && is_one_row(table, node) {
            // The database's own way is as good, and needs no other statement.
            return None;
        }
        let layout = match body {
            BodyPlan::Json { element: Element::Row, single: false, nulls_stripped: false } => {
                Some(Layout::Array)
            }
            BodyPlan::JsonLines { element: Element::Row, nulls_stripped: false } => {
                Some(Layout::Lines)
            }
            BodyPlan::Csv => None,
            BodyPlan::Json { .. } | BodyPlan::JsonLines { .. } => return elements(body),
            BodyPlan::Nothing | BodyPlan::GeoJson | BodyPlan::Value | BodyPlan::Custom { .. } => {
                return None;
            }
        };
        // The names of lifted columns are all that CSV needs of them; JSON needs their types.
        if node.grouped || layout.is_some() && node.embeds.iter().any(is_spread) {
            return elements(body);
        }
        let mut node = node.clone();
        let selected = if node.select.is_empty() && node.embeds.is_empty() {
            self.plan_all_columns(table)
        } else {
            self.with_stars_expanded(node.select, table)
        };
        let mut columns = Vec::with_capacity(selected.len() + node.embeds.len());
        node.select = selected;
        for item in &mut node.select {
            let name = item.alias.clone().unwrap_or_else(|| item.field.name.clone());
            let kind = self.kind(table, item).unwrap_or_else(|| {
                // CSV takes the text of any type as it is.
                item.as_json = layout.is_some();
                Kind::Scalar(Scalar::Json)
            });
            columns.push((name, kind));
        }
        for embed in &node.embeds {
            match &embed.shape {
                EmbedShape::Object(EmbedName::Shown(name))
                | EmbedShape::Array(EmbedName::Shown(name)) => {
                    columns.push((name.clone(), Kind::Scalar(Scalar::Json)));
                }
                EmbedShape::Object(EmbedName::Hidden) | EmbedShape::Array(EmbedName::Hidden) => {}
                EmbedShape::SpreadOne(lifted) | EmbedShape::SpreadMany { columns: lifted, .. } => {
                    for item in lifted {
                        if item.name == "*" {
                            return None;
                        }
                        columns
                            .push((item.alias.as_ref().unwrap_or(&item.name).clone(), Kind::TEXT));
                    }
                }
            }
        }
        let names = columns.iter().map(|(name, kind)| (name.as_str(), *kind));
        let writer = match layout {
            Some(layout) => RowWriter::Json(JsonRows::new(names, layout, Nulls::Kept)),
            None => RowWriter::Csv(CsvRows::new(names.map(|(name, _)| name))),
        };
        Some(RowsPlan { form: RowsForm::Columns(node), writer, sets_response })
    }

    /// How phlo writes the body of a call itself, whose rows come as JSON; none where the database is
    /// to make it.
    pub(crate) fn plan_elements(
        &self,
        node: &ReadNode,
        body: &BodyPlan,
        count: CountPlan,
    ) -> Option<RowsPlan> {
        let is_text = self.limits.parameters == Parameters::Text;
        if is_text || !comes_as_rows(node, count) || is_limited_to_one(node) {
            return None;
        }
        elements(body)
    }

    fn with_stars_expanded(&self, select: Vec<SelectPlan>, table: &Table) -> Vec<SelectPlan> {
        let mut expanded = Vec::with_capacity(select.len());
        for item in select {
            if item.field.name == "*" && item.field.path.is_empty() {
                expanded.extend(self.plan_all_columns(table));
            } else {
                expanded.push(item);
            }
        }
        expanded
    }

    /// What a selected column's text is; none if only the database can turn it into JSON.
    fn kind(&self, table: &Table, item: &SelectPlan) -> Option<Kind> {
        if let Some(type_name) = &item.cast {
            return Kind::of(type_name);
        }
        if item.transform.is_some() {
            return Some(Kind::Scalar(Scalar::Json));
        }
        match item.field.path.last() {
            Some(JsonStep::Arrow(_)) => return Some(Kind::Scalar(Scalar::Json)),
            Some(JsonStep::DoubleArrow(_)) => return Some(Kind::Scalar(Scalar::Text)),
            None => {}
        }
        let column = table.column(&item.field.name)?;
        if !column.enum_labels.is_empty() {
            return Some(Kind::Scalar(Scalar::Text));
        }
        Kind::of(&column.base_type)
    }
}

/// Whether a body is wanted, and nothing about it that the database is asked in the same statement.
fn comes_as_rows(node: &ReadNode, count: CountPlan) -> bool {
    matches!(count, CountPlan::No | CountPlan::Page) && node.output == Output::Full
}

fn is_spread(embed: &EmbedPlan) -> bool {
    match &embed.shape {
        EmbedShape::SpreadOne(_) | EmbedShape::SpreadMany { .. } => true,
        EmbedShape::Object(_) | EmbedShape::Array(_) => false,
    }
}

/// Joins what the database makes of each row, where only it can: a body of any length can then come
/// in pieces.
fn elements(body: &BodyPlan) -> Option<RowsPlan> {
    let (layout, element, nulls_stripped) = match *body {
        // What stands between the elements of an array of values depends on their type.
        BodyPlan::Json { element: Element::Scalar, single: false, nulls_stripped: false } => {
            return None;
        }
        BodyPlan::Json { element, single: false, nulls_stripped } => {
            (Layout::Array, element, nulls_stripped)
        }
        BodyPlan::JsonLines { element, nulls_stripped } => (Layout::Lines, element, nulls_stripped),
        BodyPlan::Json { single: true, .. }
        | BodyPlan::Csv
        | BodyPlan::Nothing
        | BodyPlan::GeoJson
        | BodyPlan::Value
        | BodyPlan::Custom { .. } => return None,
    };
    let nulls = if nulls_stripped { Nulls::Stripped } else { Nulls::Kept };
    Some(RowsPlan {
        form: RowsForm::Elements { element, nulls_stripped },
        writer: RowWriter::Elements(Elements::new(layout, nulls)),
        sets_response: true,
    })
}

/// Whether at most one row can come.
fn is_one_row(table: &Table, node: &ReadNode) -> bool {
    let is_pinned = |key: &Ident| {
        node.conditions.iter().any(|condition| {
            matches!(condition, Condition::Filter(filter)
            if filter.field.name == *key
                && filter.field.path.is_empty()
                && !filter.negated
                && matches!(
                    filter.operation,
                    OperationPlan::Quantified(QuantifiedOperator::Equal, None, _)
                ))
        })
    };
    let has_key = !table.primary_key.is_empty() && table.primary_key.iter().all(is_pinned);
    has_key || is_limited_to_one(node)
}

fn is_limited_to_one(node: &ReadNode) -> bool {
    let is_total = node.grouped
        && node.embeds.is_empty()
        && node.select.iter().all(|item| item.aggregate.is_some());
    is_total || node.range.limit.is_some_and(|limit| limit <= 1)
}
