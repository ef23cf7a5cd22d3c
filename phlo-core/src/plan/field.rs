//! Columns, casts and the names that they get in the answer.
//!
//! Takes fields of the request and the table that they should be in. Columns that the table
//! doesn't have are passed on: they may be computed, and the database knows.

use crate::{
    error::{DatabaseError, Error, Result},
    plan::{Context, FieldPlan, SelectPlan},
    request::{Aggregate, Field, FieldSelect, JsonKey},
    schema::{Column, Ident, QualifiedName, Table},
};

impl Context<'_, '_> {
    /// A field of a table, ready to be written.
    pub(crate) fn plan_field(&self, table: Option<&Table>, field: &Field) -> FieldPlan {
        let column = table.and_then(|table| table.column(&field.name));
        // Columns that are JSON already are left as they are, or indexes on them would not apply.
        let is_json = column.is_some_and(|column| {
            column.type_name.is_catalog("json") || column.type_name.is_catalog("jsonb")
        });
        FieldPlan { name: field.name.clone(), path: field.path.clone(), to_jsonb: !is_json }
    }

    /// A selected field with its casts and name, not yet knowing what is around it.
    pub(crate) fn plan_select(
        &self,
        table: Option<&Table>,
        select: &FieldSelect,
    ) -> Result<SelectPlan> {
        let column = table.and_then(|table| table.column(&select.field.name));
        let transform = column.and_then(|column| self.output_transform(column));
        let alias = match (&select.alias, select.aggregate) {
            (Some(alias), _) => Some(alias.clone()),
            (None, Some(_)) => None,
            (None, None) => implied_alias(&select.field)
                .or_else(|| transform.as_ref().map(|_| select.field.name.clone())),
        };
        Ok(SelectPlan {
            field: self.plan_field(table, &select.field),
            whole_row: false,
            transform,
            cast: select.cast.as_deref().map(|name| self.resolve_type(name)).transpose()?,
            aggregate: select.aggregate,
            aggregate_cast: select
                .aggregate_cast
                .as_deref()
                .map(|name| self.resolve_type(name))
                .transpose()?,
            alias,
            as_json: false,
        })
    }

    /// Every column of a table by name, shown as its type asks for.
    pub(crate) fn plan_all_columns(&self, table: &Table) -> Vec<SelectPlan> {
        let select = |column: &Column| {
            let transform = self.output_transform(column);
            SelectPlan {
                field: self.plan_field(Some(table), &Field::column(column.name.clone())),
                whole_row: false,
                alias: transform.as_ref().map(|_| column.name.clone()),
                transform,
                cast: None,
                aggregate: None,
                aggregate_cast: None,
                as_json: false,
            }
        };
        table.columns.values().map(select).collect()
    }

    /// Whether any column is shown in another form than its own.
    pub(crate) fn has_output_transform(&self, table: &Table) -> bool {
        table.columns.values().any(|column| self.output_transform(column).is_some())
    }

    fn output_transform(&self, column: &Column) -> Option<QualifiedName> {
        self.transform_to(&column.type_name, "json")
    }

    /// The function that shows values of a type as one of `pg_catalog`.
    fn transform_to(&self, from: &QualifiedName, to: &str) -> Option<QualifiedName> {
        if !self.schema.has_representations() {
            return None;
        }
        self.schema.representation(from, &QualifiedName::new("pg_catalog", to)).cloned()
    }

    /// The function that reads values of a type from one of `pg_catalog`.
    pub(crate) fn transform_from(&self, from: &str, to: &QualifiedName) -> Option<QualifiedName> {
        if !self.schema.has_representations() {
            return None;
        }
        self.schema.representation(&QualifiedName::new("pg_catalog", from), to).cloned()
    }

    /// The type that a cast names: SQL's own names first, then the path's.
    ///
    /// # Errors
    ///
    /// The error that the database itself would give for a type that doesn't exist.
    pub(crate) fn resolve_type(&self, text: &str) -> Result<QualifiedName> {
        let folded = text.trim().to_lowercase();
        if let Some(name) = standard_type(&folded) {
            return Ok(QualifiedName::new("pg_catalog", name));
        }
        let catalog = Ident::new("pg_catalog");
        let path = [&catalog, &self.request.schema].into_iter();
        path.chain(&self.limits.extra_search_path)
            .map(|schema| QualifiedName::new(schema.clone(), folded.as_str()))
            .find(|name| self.schema.has_type(name))
            .ok_or_else(|| {
                let message = format!("type \"{folded}\" does not exist");
                Error::database(DatabaseError::new("42704", message))
            })
    }
}

/// The name that a path into JSON implies: its last key, or the column's.
fn implied_alias(field: &Field) -> Option<Ident> {
    let last_name = field.path.iter().rev().find_map(|step| match step.key() {
        JsonKey::Name(name) => Some(Ident::new(name)),
        JsonKey::Index(_) => None,
    });
    (!field.path.is_empty()).then(|| last_name.unwrap_or_else(|| field.name.clone()))
}

/// The name of an aggregate's column where PostgreSQL's own would not be known further out.
pub(crate) fn aggregate_name(aggregate: Aggregate) -> Ident {
    Ident::new(match aggregate {
        Aggregate::Sum => "sum",
        Aggregate::Avg => "avg",
        Aggregate::Max => "max",
        Aggregate::Min => "min",
        Aggregate::Count => "count",
    })
}

/// What SQL's own spelling of a type is called in `pg_catalog`.
fn standard_type(name: &str) -> Option<&'static str> {
    let words: Vec<_> = name.split_ascii_whitespace().collect();
    Some(match words.as_slice() {
        ["int" | "integer"] => "int4",
        ["smallint"] => "int2",
        ["bigint"] => "int8",
        ["boolean"] => "bool",
        ["real"] => "float4",
        ["float"] | ["double", "precision"] => "float8",
        ["dec" | "decimal"] => "numeric",
        ["character" | "char" | "nchar", "varying"]
        | ["national", "character" | "char", "varying"] => "varchar",
        ["character" | "char" | "nchar"] | ["national", "character" | "char"] => "bpchar",
        ["bit", "varying"] => "varbit",
        ["timestamp", "without", "time", "zone"] => "timestamp",
        ["timestamp", "with", "time", "zone"] => "timestamptz",
        ["time", "without", "time", "zone"] => "time",
        ["time", "with", "time", "zone"] => "timetz",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::JsonStep;

    #[test]
    fn paths_imply_names() {
        let field = |path: Vec<JsonStep>| Field { name: Ident::new("data"), path };
        let name = |text: &str| JsonStep::Arrow(JsonKey::Name(text.to_owned()));
        let index = |text: &str| JsonStep::Arrow(JsonKey::Index(text.to_owned()));
        assert_eq!(implied_alias(&field(vec![])), None);
        assert_eq!(implied_alias(&field(vec![name("a"), name("b")])), Some(Ident::new("b")));
        assert_eq!(implied_alias(&field(vec![name("a"), index("1")])), Some(Ident::new("a")));
        assert_eq!(implied_alias(&field(vec![index("1")])), Some(Ident::new("data")));
    }

    #[test]
    fn standard_spellings() {
        assert_eq!(standard_type("double precision"), Some("float8"));
        assert_eq!(standard_type("character varying"), Some("varchar"));
        assert_eq!(standard_type("timestamp with time zone"), Some("timestamptz"));
        assert_eq!(standard_type("text"), None);
    }
}
