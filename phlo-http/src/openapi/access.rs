//! What a role may use in a schema: the question to the database, and its answer.
//!
//! Gives one statement that runs under the caller's role, reads the one JSON text that it returns,
//! and filters tables and functions by it. Sends nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use phlo_core::{
    schema::{QualifiedName, Routine, Table},
    sql::{Param, Statement},
};
use serde::Deserialize;

/// One row with one column of JSON text.
///
/// The privileges are those that PostgREST 16 looks at: any privilege on a relation or on one of
/// its columns makes the relation visible. Functions are told apart by the types of their input
/// parameters, which is what PostgreSQL tells overloads apart by. A type outside `pg_catalog` comes
/// with the label that the caller's search path gives it.
///
/// The schema is compared with a scalar rather than joined, so that privileges are looked up for
/// what is in the schema alone: they are the expensive part.
const SQL: &str = "\
WITH target AS (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
)
SELECT pg_catalog.json_build_object(
  'description', (
    SELECT pg_catalog.obj_description(target.oid, 'pg_namespace') FROM target
  ),
  'tables', (
    SELECT COALESCE(pg_catalog.json_agg(c.relname), '[]')
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = (SELECT target.oid FROM target)
    AND c.relkind IN ('v', 'r', 'm', 'f', 'p')
    AND NOT c.relispartition
    AND (
      pg_catalog.pg_has_role(c.relowner, 'USAGE')
      OR pg_catalog.has_table_privilege(
        c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
      )
      OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    )
  ),
  'routines', (
    SELECT COALESCE(
      pg_catalog.json_agg(
        pg_catalog.json_build_object('name', p.proname, 'parameters', parameters.list)
      ),
      '[]'
    )
    FROM pg_catalog.pg_proc p
    CROSS JOIN LATERAL (
      SELECT COALESCE(
        pg_catalog.json_agg(
          pg_catalog.json_build_object(
            'schema', n.nspname,
            'name', t.typname,
            'label', CASE
              WHEN n.nspname <> 'pg_catalog' THEN pg_catalog.format_type(t.oid, NULL)
            END
          )
          ORDER BY input.position
        ),
        '[]'
      ) AS list
      FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS input (type, position)
      JOIN pg_catalog.pg_type t ON t.oid = input.type
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    ) AS parameters
    WHERE p.pronamespace = (SELECT target.oid FROM target)
    AND p.prokind = 'f'
    AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
    AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
  )
)::text";

/// What a role may use in a schema, as the database says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    description: Option<String>,
    tables: BTreeSet<String>,
    routines: BTreeMap<String, BTreeSet<Vec<QualifiedName>>>,
    labels: BTreeMap<QualifiedName, String>,
}

impl Access {
    /// Adds functions that everybody may call, since they are not the database's.
    #[must_use]
    pub fn with(mut self, routines: impl IntoIterator<Item = Routine>) -> Self {
        for routine in routines {
            let types = routine.parameters.into_iter().map(|parameter| parameter.type_name);
            let overloads = self.routines.entry(routine.name.name.to_string()).or_default();
            overloads.insert(types.collect());
        }
        self
    }

    /// Asks what the current role may use in a schema. Returns one row with one JSON text, for
    /// [`parse`](Self::parse).
    pub fn statement(schema: &str) -> Statement {
        Statement::with_params(SQL, vec![Param::Text(schema.to_owned())])
    }

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// The text isn't what the statement returns.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice::<Answer>(json).map(Self::from)
    }

    /// The comment of the schema, as it is now.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How the caller's search path prints the types that aren't in `pg_catalog`.
    pub fn labels(&self) -> &BTreeMap<QualifiedName, String> {
        &self.labels
    }

    /// Keeps the tables and views that the role may use.
    pub fn filter_tables<'a>(&self, mut tables: Vec<&'a Table>) -> Vec<&'a Table> {
        tables.retain(|table| self.tables.contains(table.name.name.as_str()));
        tables
    }

    /// Keeps the functions that the role may call.
    pub fn filter_routines<'a>(&self, mut routines: Vec<&'a Routine>) -> Vec<&'a Routine> {
        routines.retain(|routine| {
            self.routines.get(routine.name.name.as_str()).is_some_and(|overloads| {
                let types: Vec<_> =
                    routine.parameters.iter().map(|it| it.type_name.clone()).collect();
                overloads.contains(&types)
            })
        });
        routines
    }
}

/// The answer as it comes.
#[derive(Deserialize)]
struct Answer {
    description: Option<String>,
    tables: Vec<String>,
    routines: Vec<AnswerRoutine>,
}

#[derive(Deserialize)]
struct AnswerRoutine {
    name: String,
    parameters: Vec<AnswerType>,
}

#[derive(Deserialize)]
struct AnswerType {
    #[serde(flatten)]
    name: QualifiedName,
    label: Option<String>,
}

impl From<Answer> for Access {
    fn from(answer: Answer) -> Self {
        let mut access = Self {
            description: answer.description,
            tables: answer.tables.into_iter().collect(),
            ..Self::default()
        };
        for routine in answer.routines {
            let mut types = Vec::with_capacity(routine.parameters.len());
            for parameter in routine.parameters {
                if let Some(label) = parameter.label {
                    access.labels.insert(parameter.name.clone(), label);
                }
                types.push(parameter.name);
            }
            access.routines.entry(routine.name).or_default().insert(types);
        }
        access
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::fixture;

    const ANSWER: &str = r#"{
        "description": "A comment",
        "tables": ["projects", "gone"],
        "routines": [
            {"name": "search", "parameters": [
                {"schema": "pg_catalog", "name": "text", "label": null}
            ]},
            {"name": "paint", "parameters": [
                {"schema": "shop", "name": "mood", "label": "mood"}
            ]}
        ]
    }"#;

    #[test]
    fn the_name_of_the_schema_is_bound() {
        let statement = Access::statement("a'b");
        assert_eq!(statement.params, [Param::Text("a'b".to_owned())]);
        assert_eq!(statement.sql.matches("$1").count(), 1);
        assert!(!statement.sql.contains("$2"));
    }

    #[test]
    fn keeps_what_the_database_names() {
        let access = Access::parse(ANSWER.as_bytes()).unwrap();
        let schema = fixture::schema();
        let shop = schema.tables().filter(|table| table.name.schema == "shop");
        let tables = access.filter_tables(shop.collect());
        assert_eq!(tables.iter().map(|it| it.name.name.as_str()).collect::<Vec<_>>(), ["projects"]);
        // There is an overload of `search` with two parameters, which the role may not call.
        let routines = access.filter_routines(schema.all_routines().collect());
        let kept: Vec<_> =
            routines.iter().map(|it| (it.name.name.as_str(), it.parameters.len())).collect();
        assert_eq!(kept, [("paint", 1), ("search", 1)]);
        assert_eq!(access.description(), Some("A comment"));
        assert_eq!(access.labels()[&QualifiedName::new("shop", "mood")], "mood");
    }

    #[test]
    fn refuses_other_answers() {
        assert!(Access::parse(b"[]").is_err());
        assert!(Access::parse(br#"{"tables": [], "routines": [{}]}"#).is_err());
    }
}
