//! Changes: which rows of a body go where, which rows change, and what is returned of them.

use std::collections::BTreeSet;

use crate::{
    encode::Kind,
    error::{Code, Error, Result},
    plan::{
        Condition, Conflict, Context, EmbedPlan, JsonColumn, JsonRows, JsonShape, MutationKind,
        MutationPlan, ReadNode, Source, filter::Embeds,
    },
    request::{
        Filter, Missing, Mutation, Operation, Payload, QuantifiedOperator, Representation,
        Resolution,
    },
    schema::{Ident, QualifiedName, Table, suggest},
};

impl Context<'_, '_> {
    /// What a change does to a table.
    pub(crate) fn resolve_mutation(
        &self,
        name: &QualifiedName,
        mutation: Mutation,
        read: &ReadNode,
    ) -> Result<MutationPlan> {
        let table = self.schema.table(name).ok_or_else(|| {
            Error::new(Code::Internal, format!("The table '{name}' was found and is gone"))
        })?;
        let preferences = &self.request.preferences;
        let kind = match mutation {
            Mutation::Insert => MutationKind::Insert {
                rows: self.json_rows(table)?,
                conflict: self.conflict(table),
                conditions: Vec::new(),
                location: (preferences.representation == Some(Representation::HeadersOnly))
                    .then(|| table.primary_key.clone()),
            },
            Mutation::Upsert => {
                self.check_key_filters(table)?;
                MutationKind::Insert {
                    rows: JsonRows { defaults: false, ..self.json_rows(table)? },
                    conflict: Some(Conflict {
                        resolution: Resolution::MergeDuplicates,
                        columns: table.primary_key.clone(),
                    }),
                    conditions: self.root_conditions(table),
                    location: None,
                }
            }
            Mutation::Update => MutationKind::Update {
                values: self.json_rows(table)?,
                conditions: self.root_conditions(table),
            },
            Mutation::Delete => MutationKind::Delete { conditions: self.root_conditions(table) },
        };
        let returning = match preferences.representation {
            None | Some(Representation::Minimal) => Vec::new(),
            Some(Representation::Full | Representation::HeadersOnly) => {
                needed_columns(read, &table.primary_key)
            }
        };
        Ok(MutationPlan { table: name.clone(), kind, returning })
    }

    /// The conditions on the changed table itself.
    fn root_conditions(&self, table: &Table) -> Vec<Condition> {
        let query = &self.request.query;
        let root_filters = query.filters.iter().filter(|(path, _)| path.is_empty());
        let filters =
            root_filters.map(|(_, filter)| self.plan_filter(Some(table), filter, &Embeds::NONE));
        let root_logic = query.logic.iter().filter(|(path, _)| path.is_empty());
        let logic = root_logic.map(|(_, tree)| self.plan_logic(Some(table), tree, &Embeds::NONE));
        filters.chain(logic).collect()
    }

    fn conflict(&self, table: &Table) -> Option<Conflict> {
        let resolution = self.request.preferences.resolution?;
        let columns =
            self.request.query.on_conflict.clone().unwrap_or_else(|| table.primary_key.clone());
        (!columns.is_empty()).then_some(Conflict { resolution, columns })
    }

    /// PostgREST 16: a PUT names all and only the columns of the primary key, with `eq`.
    fn check_key_filters(&self, table: &Table) -> Result<()> {
        let query = &self.request.query;
        let is_equal = |filter: &Filter| {
            !filter.comparison.negated
                && matches!(
                    filter.comparison.operation,
                    Operation::Quantified(QuantifiedOperator::Equal, None, _)
                )
        };
        let named: BTreeSet<_> =
            query.filters.iter().map(|(_, filter)| &filter.field.name).collect();
        let key: BTreeSet<_> = table.primary_key.iter().collect();
        let exact = query.logic.is_empty()
            && !key.is_empty()
            && named == key
            && query.filters.iter().all(|(path, filter)| path.is_empty() && is_equal(filter));
        if exact {
            return Ok(());
        }
        Err(Error::new(
            Code::PutFilters,
            "Filters must include all and only primary key columns with 'eq' operators",
        ))
    }

    fn json_rows(&self, table: &Table) -> Result<JsonRows> {
        let (body, keys) = match &self.request.payload {
            Some(Payload::Json { raw, keys, .. }) => (raw.clone(), keys),
            Some(Payload::Form(_) | Payload::Raw { .. }) | None => {
                return Err(Error::new(Code::Body, "Empty or invalid json"));
            }
        };
        let mut columns = Vec::with_capacity(keys.len());
        for key in keys {
            columns.push(self.json_column(table, key)?);
        }
        Ok(JsonRows {
            shape: JsonShape::of(&body),
            body,
            columns,
            defaults: self.request.preferences.missing == Some(Missing::Default),
        })
    }

    fn json_column(&self, table: &Table, key: &Ident) -> Result<JsonColumn> {
        let Some(column) = table.column(key) else {
            return Err(unknown_column(table, key));
        };
        let transform = self.transform_from("json", &column.type_name);
        let is_scalar = matches!(Kind::of(&column.type_name), Some(Kind::Scalar(_)));
        let is_enum = !column.enum_labels.is_empty() && column.type_name == column.base_type;
        Ok(JsonColumn {
            name: column.name.clone(),
            from_text: transform.is_none() && (is_scalar || is_enum),
            type_name: match transform {
                Some(_) => QualifiedName::new("pg_catalog", "json"),
                None => column.type_name.clone(),
            },
            transform,
            default: column.default.clone(),
        })
    }
}

fn unknown_column(table: &Table, name: &Ident) -> Error {
    let near = suggest::best(table.columns.keys().map(|it| &**it), name, suggest::STRICT);
    Error::new(
        Code::UnknownColumn,
        format!("Could not find the '{name}' column of '{}' in the schema cache", table.name.name),
    )
    .with_optional_hint(near.map(|near| format!("Perhaps you meant the column '{near}'")))
}

/// The columns of a change or a call that must be at hand to read what is asked for: those that
/// are selected, those that embeds join on, and the primary key.
pub(crate) fn needed_columns(read: &ReadNode, primary_key: &[Ident]) -> Vec<Ident> {
    let star = || vec![Ident::new("*")];
    // A computed relationship takes the whole row.
    if read.embeds.iter().any(|embed| matches!(embed.node.from, Source::Function { .. })) {
        return star();
    }
    let mut names: BTreeSet<&Ident> = read.select.iter().map(|item| &item.field.name).collect();
    if names.iter().any(|name| **name == "*") {
        return star();
    }
    names.extend(read.embeds.iter().flat_map(|embed| joined_columns(embed, &read.alias)));
    names.extend(primary_key);
    names.into_iter().cloned().collect()
}

fn joined_columns<'a>(
    embed: &'a EmbedPlan,
    outer: &'a Ident,
) -> impl Iterator<Item = &'a Ident> + 'a {
    let sides = embed.node.joins.iter().flat_map(|join| [&join.left, &join.right]);
    sides.filter(move |(alias, _)| alias == outer).map(|(_, column)| column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_object_by_its_first_byte() {
        assert_eq!(JsonShape::of(b" \n{}"), JsonShape::Object);
        assert_eq!(JsonShape::of(b"[{}]"), JsonShape::Array);
        assert_eq!(JsonShape::of(b""), JsonShape::Array);
    }
}
