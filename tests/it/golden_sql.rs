//! The SQL of the golden requests on a real server: every statement is one that it takes.
//!
//! The schema that the SQL was made from is that of the library as it is read here, so that neither
//! can change without the other.

#[path = "../../phlo-core/tests/golden/cases.rs"]
#[allow(dead_code, reason = "the snapshots need more of it")]
mod cases;

use std::{fmt::Write as _, fs};

use cases::{TOPICS, cases, limits, schema};
use phlo_core::{
    exec::introspect::{Options, introspect},
    plan::{self, Limits, Parameters, Plan},
    schema::{Contents, Schema},
    sql::{self, Param, Statement},
};
use phlo_tests::Database;
use sqlx::{AssertSqlSafe, PgConnection};

#[tokio::test]
async fn the_golden_schema_is_that_of_the_library() {
    let database = Database::read_only_library();
    let options = Options {
        schemas: vec!["library".into(), "archive".into()],
        extra_search_path: vec!["tools".into()],
        ..Options::default()
    };
    let found = introspect(&mut database.connect().await, &options).await.unwrap();
    if portable(&found) != portable(&schema()) {
        let path = std::env::temp_dir().join("library.json");
        fs::write(&path, found.to_json()).unwrap();
        panic!(
            "the library has changed; look at the difference, then \
             mv {} phlo-core/tests/fixtures/library.json",
            path.display()
        );
    }
}

/// What doesn't depend on the version of the server.
fn portable(schema: &Schema) -> Contents {
    let mut contents = schema.contents();
    contents.server_version = 0;
    contents.plain.clear();
    contents.types.retain(|name| name.schema != "pg_catalog");
    contents
}

#[tokio::test]
async fn postgresql_takes_every_golden_statement() {
    let schema = schema();
    let database = Database::read_only_library();
    let mut connection = database.connect().await;
    run(&mut connection, "set search_path = library, tools").await.unwrap();
    let (mut wrong, mut right) = (String::new(), 0);
    for (topic, requests) in TOPICS {
        for case in cases(requests) {
            let Ok(request) = case.request() else { continue };
            for parameters in [Parameters::Untyped, Parameters::Text] {
                let limits = Limits { parameters, ..limits() };
                let Ok(plan) = plan::plan(&schema, &request, &limits) else { continue };
                for statement in statements(&plan) {
                    match explain(&mut connection, &statement, parameters).await {
                        Ok(()) => right += 1,
                        Err(error) => writeln!(
                            wrong,
                            "{topic}: {} ({parameters:?}): {error}\n{}\n",
                            case.title, statement.sql
                        )
                        .unwrap(),
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(right > 250, "{right}");
}

/// Every form that the statement of a plan can have.
fn statements(plan: &Plan) -> Vec<Statement> {
    let plan = Plan { explain: None, ..plan.clone() };
    let mut statements = vec![sql::render(&plan), sql::render_rows(&plan)];
    statements.extend(plan.rows.as_ref().map(|rows| sql::render_for_writer(&plan, rows)));
    statements
}

/// Prepares a statement and has it planned with its values.
async fn explain(
    connection: &mut PgConnection,
    statement: &Statement,
    parameters: Parameters,
) -> Result<(), sqlx::Error> {
    let types: Vec<&str> = statement
        .params
        .iter()
        .map(|param| match (param, parameters) {
            (Param::Number(_), _) => "bigint",
            (Param::Binary(_), _) => "bytea",
            (Param::Null | Param::Text(_) | Param::Body(_), Parameters::Untyped) => "unknown",
            (Param::Null | Param::Text(_) | Param::Body(_), Parameters::Text) => "text",
        })
        .collect();
    let values: Vec<String> = statement.params.iter().map(literal).collect();
    let list = |items: String| if items.is_empty() { items } else { format!("({items})") };
    let (types, values) = (list(types.join(", ")), list(values.join(", ")));
    run(connection, &format!("prepare golden {types} as {}", statement.sql)).await?;
    let planned = run(connection, &format!("explain execute golden {values}")).await;
    run(connection, "deallocate golden").await?;
    planned
}

fn literal(param: &Param) -> String {
    match param {
        Param::Null => "null".to_owned(),
        Param::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Param::Body(body) => format!("'{}'", String::from_utf8_lossy(body).replace('\'', "''")),
        Param::Number(number) => number.to_string(),
        Param::Binary(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("'\\x{hex}'")
        }
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(|_| ())
}
