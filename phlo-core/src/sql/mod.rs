//! A plan as SQL: total, with every value bound. Looks nothing up and can't fail.

mod call;
mod envelope;
mod expr;
mod fragment;
mod mutate;
mod read;
pub mod session;
mod writer;

use std::borrow::Cow;

use bytes::Bytes;
use sea_query::{PostgresQueryBuilder, QueryStatementWriter, SelectStatement, SubQueryStatement};

use crate::{
    plan::{ActionPlan, Explain, Plan, RowsForm, RowsPlan},
    request::{PlanFormat, PlanOption},
};

pub use self::call::call_with_text;

/// Makes the transaction read-only, as one of the expressions of its settings.
///
/// An executor adds it to a transaction that may not write if the settings don't begin with it; to
/// the server it is cheaper among them than as a statement of its own. The function's schema is
/// named, as it should be in all settings: they run before anything is known about the search path.
pub const READ_ONLY_SETTING: &str = "pg_catalog.set_config('transaction_read_only', 'on', true)";

/// A statement with its parameters, ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The SQL; placeholders are exactly `$1..$n`, each used once.
    pub sql: Cow<'static, str>,
    /// The values of the placeholders, in order.
    pub params: Vec<Param>,
    /// How values of the result are wanted.
    pub format: ResultFormat,
}

/// How values of a result are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFormat {
    /// As PostgreSQL prints them.
    #[default]
    Text,
    /// As they are: text without change, and a `bytea` as its bytes.
    Binary,
}

impl Statement {
    /// A constant statement without parameters.
    pub fn constant(sql: &'static str) -> Self {
        Self::with_params(sql, Vec::new())
    }

    /// A constant statement with parameters, whose result comes as text.
    pub fn with_params(sql: &'static str, params: Vec<Param>) -> Self {
        Self { sql: Cow::Borrowed(sql), params, format: ResultFormat::Text }
    }

    /// The body of the request, if it is among the parameters.
    pub fn body(&self) -> Option<&Bytes> {
        self.params.iter().find_map(|param| match param {
            Param::Body(body) => Some(body),
            Param::Null | Param::Text(_) | Param::Number(_) | Param::Binary(_) => None,
        })
    }

    /// The same statement for another body of the same shape.
    pub(crate) fn set_body(&mut self, new: &Bytes) {
        for param in &mut self.params {
            if let Param::Body(body) = param {
                body.clone_from(new);
            }
        }
    }
}

/// A value bound to a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// SQL null.
    Null,
    /// Text of no declared type: PostgreSQL reads it as whatever the context wants.
    Text(String),
    /// A number of rows, as a `bigint`.
    Number(i64),
    /// A `bytea`, in the binary format.
    Binary(Vec<u8>),
    /// The JSON that came as the body of the request: text, not copied.
    Body(Bytes),
}

/// The one statement of a plan; see `envelope` for the columns of its row.
pub fn render(plan: &Plan) -> Statement {
    let mut statement = of_plan(&envelope::envelope(plan), plan);
    statement.format = ResultFormat::Binary;
    match &plan.explain {
        None => statement,
        Some(explain) => Statement {
            sql: format!("{}{}", explain_prefix(explain), statement.sql).into(),
            // A plan comes as lines of text, or as JSON.
            format: ResultFormat::Text,
            ..statement
        },
    }
}

/// The rows of a plan as they are, without an envelope: a column for each that is selected, in the
/// order of the request, its embeds after the others. Of a change without returned columns, none.
pub fn render_rows(plan: &Plan) -> Statement {
    Statement { format: ResultFormat::Binary, ..of_plan(&envelope::rows(plan), plan) }
}

/// The change of a plan and nothing else: it gives no rows. None for a plan that is to be sent in
/// another form.
pub(crate) fn render_change(plan: &Plan) -> Option<Statement> {
    let ActionPlan::Mutate(mutation, _) = &plan.action else { return None };
    Some(match mutate::mutation(mutation, Some(plan.bare.as_ref()?)) {
        SubQueryStatement::InsertStatement(insert) => of_plan(&insert, plan),
        SubQueryStatement::UpdateStatement(update) => of_plan(&update, plan),
        SubQueryStatement::DeleteStatement(delete) => of_plan(&delete, plan),
        SubQueryStatement::SelectStatement(_) | SubQueryStatement::WithStatement(_) => return None,
    })
}

/// The statement of a read or call whose body phlo writes itself: its rows, each value as text.
pub fn render_for_writer(plan: &Plan, rows: &RowsPlan) -> Statement {
    match &rows.form {
        RowsForm::Columns(node) => statement(&read::query(node, read::JsonKind::of(node))),
        RowsForm::Elements { element, nulls_stripped } => {
            of_plan(&envelope::elements(plan, *element, *nulls_stripped), plan)
        }
    }
}

/// What functions have set for the response, where no other statement says it.
pub fn render_response_settings() -> Statement {
    Statement::constant(
        "SELECT current_setting('response.headers', true), current_setting('response.status', true)",
    )
}

/// The planner's guess of the number of all rows, as JSON.
pub fn render_estimate(plan: &Plan) -> Statement {
    let statement = statement(&read::count(plan.action.read()));
    Statement { sql: format!("EXPLAIN (FORMAT JSON) {}", statement.sql).into(), ..statement }
}

fn explain_prefix(explain: &Explain) -> String {
    let mut prefix = String::from(match explain.format {
        PlanFormat::Text => "EXPLAIN (FORMAT TEXT",
        PlanFormat::Json => "EXPLAIN (FORMAT JSON",
    });
    for option in &explain.options {
        prefix.push_str(match option {
            PlanOption::Analyze => ", ANALYZE",
            PlanOption::Verbose => ", VERBOSE",
            PlanOption::Settings => ", SETTINGS",
            PlanOption::Buffers => ", BUFFERS",
            PlanOption::Wal => ", WAL",
        });
    }
    prefix.push_str(") ");
    prefix
}

fn statement(query: &SelectStatement) -> Statement {
    with_body(query, None)
}

/// A statement of a plan, which may have the body of the request in it.
fn of_plan(query: &impl QueryStatementWriter, plan: &Plan) -> Statement {
    with_body(query, plan.action.json().map(|rows| &rows.body))
}

fn with_body(query: &impl QueryStatementWriter, body: Option<&Bytes>) -> Statement {
    let mut written = writer::Writer::new(body);
    query.build_collect_into(PostgresQueryBuilder, &mut written);
    let writer::Writer { sql, params, .. } = written;
    Statement { sql: sql.into(), params, format: ResultFormat::Text }
}
