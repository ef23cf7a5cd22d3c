//! Conditions and orders, tied to the columns and embeds that they are about.

use crate::{
    error::{Code, Error, Result},
    plan::{
        Condition, Context, EmbedPlan, EmbedShape, FieldPlan, FilterPlan, OperationPlan, OrderPlan,
        Parameters, Typing,
        draft::{Draft, not_embedded},
    },
    request::{Filter, FtsOperator, IsValue, JsonStep, LogicTree, Operation, OrderTerm},
    schema::{Column, Ident, QualifiedName, Table},
};

/// The embeds of a level by the names that the request knows them by.
pub(crate) struct Embeds<'a, 'd> {
    pub(crate) drafts: &'a [Draft<'d>],
    pub(crate) plans: &'a [EmbedPlan],
}

impl Embeds<'_, '_> {
    pub(crate) const NONE: Embeds<'static, 'static> = Embeds { drafts: &[], plans: &[] };

    fn find(&self, name: &Ident) -> Option<&EmbedPlan> {
        let index = self.drafts.iter().position(|draft| draft.name() == Some(name))?;
        self.plans.get(index)
    }
}

impl Context<'_, '_> {
    /// A filter on a table's column, or on whether an embed has rows.
    pub(crate) fn plan_filter(
        &self,
        table: Option<&Table>,
        filter: &Filter,
        embeds: &Embeds<'_, '_>,
    ) -> Condition {
        let name = &filter.field.name;
        if filter.field.path.is_empty()
            && let Operation::Is(value @ (IsValue::Null | IsValue::NotNull)) =
                filter.comparison.operation
            && let Some(embed) = embeds.find(name)
        {
            let absent = (value == IsValue::Null) != filter.comparison.negated;
            return Condition::Embed { alias: embed.alias.clone(), present: !absent };
        }
        let column = table.and_then(|table| table.column(name));
        let operation = &filter.comparison.operation;
        // A column that the table doesn't have is computed, and may be a vector: left as it is.
        let is_vector = column.is_none_or(|column| column.base_type.is_catalog("tsvector"));
        let text_search = if let Operation::FullText(_, language, _) = operation
            && !is_vector
        {
            Some(language.clone())
        } else {
            None
        };
        let field = self.plan_field(table, &filter.field);
        Condition::Filter(FilterPlan {
            typing: self.plan_typing(table, column, &field),
            field,
            text_search,
            transform: column.and_then(|column| self.transform_from("text", &column.type_name)),
            negated: filter.comparison.negated,
            operation: plan_operation(operation),
        })
    }

    /// PostgreSQL takes a literal of no type to be of the type of what it is compared to; so does
    /// this where parameters have a type.
    fn plan_typing(
        &self,
        table: Option<&Table>,
        column: Option<&Column>,
        field: &FieldPlan,
    ) -> Typing {
        let returned = || self.returned.iter().find(|column| column.name == field.name);
        let cast = |name: &str| Typing::Cast(QualifiedName::new("pg_catalog", name));
        match (self.limits.parameters, field.path.last(), column) {
            (Parameters::Untyped, _, _) => Typing::Context,
            (Parameters::Text, Some(JsonStep::DoubleArrow(_)), _) => cast("text"),
            (Parameters::Text, Some(JsonStep::Arrow(_)), _) if field.to_jsonb => cast("jsonb"),
            (Parameters::Text, _, Some(column)) => Typing::Cast(column.base_type.clone()),
            (Parameters::Text, _, None) if table.is_none() => returned()
                .map_or_else(|| cast("text"), |column| Typing::Cast(column.base_type.clone())),
            // What isn't in the schema is taken for text; the database says if it is not.
            (Parameters::Text, _, None) => cast("text"),
        }
    }

    /// A tree of filters.
    pub(crate) fn plan_logic(
        &self,
        table: Option<&Table>,
        tree: &LogicTree,
        embeds: &Embeds<'_, '_>,
    ) -> Condition {
        match tree {
            LogicTree::Filter(filter) => self.plan_filter(table, filter, embeds),
            LogicTree::Group { negated, operator, members } => Condition::Group {
                negated: *negated,
                operator: *operator,
                members: members
                    .iter()
                    .map(|member| self.plan_logic(table, member, embeds))
                    .collect(),
            },
        }
    }

    /// A key to order by: of the table itself, or of an embed with at most one row.
    pub(crate) fn plan_order(
        &self,
        table: Option<&Table>,
        table_name: &Ident,
        term: &OrderTerm,
        embeds: &Embeds<'_, '_>,
    ) -> Result<OrderPlan> {
        let (embed, field) = match &term.relation {
            None => (None, self.plan_field(table, &term.field)),
            Some(relation) => {
                let embed = embeds.find(relation).ok_or_else(|| not_embedded(relation, None))?;
                if !matches!(embed.shape, EmbedShape::Object(_) | EmbedShape::SpreadOne(_)) {
                    return Err(not_to_one(table_name, relation));
                }
                (Some(embed.alias.clone()), self.plan_field(None, &term.field))
            }
        };
        Ok(OrderPlan { embed, field, direction: term.direction, nulls: term.nulls })
    }
}

fn plan_operation(operation: &Operation) -> OperationPlan {
    match operation {
        Operation::Simple(operator, value) => OperationPlan::Simple(*operator, value.clone()),
        Operation::Quantified(operator, quantifier, value) => {
            OperationPlan::Quantified(*operator, *quantifier, value.clone())
        }
        Operation::In(values) => OperationPlan::In(values.clone()),
        Operation::Is(value) => OperationPlan::Is(*value),
        Operation::IsDistinctFrom(value) => OperationPlan::IsDistinctFrom(value.clone()),
        Operation::FullText(operator, language, value) => {
            let operator: FtsOperator = *operator;
            OperationPlan::FullText(operator, language.clone(), value.clone())
        }
    }
}

fn not_to_one(table: &Ident, relation: &Ident) -> Error {
    Error::new(Code::RelatedOrder, format!("A related order on '{relation}' is not possible"))
        .with_details(format!(
            "'{table}' and '{relation}' do not form a many-to-one or one-to-one relationship"
        ))
}
