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

use sea_query::{PostgresQueryBuilder, SelectStatement};

use crate::{
    plan::{Explain, Plan, RowsForm, RowsPlan},
    request::{PlanFormat, PlanOption},
};

pub use self::call::call_with_text;

/// Makes the transaction read-only, as one of the expressions of its settings.
///
/// An executor adds it to a transaction that may not write if the settings don't have it; to the
/// server it is cheaper among them than as a statement of its own. The function's schema is named,
/// as it should be in all settings: they run before anything is known about the search path.
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
}

/// The one statement of a plan; see `envelope` for the columns of its row.
pub fn render(plan: &Plan) -> Statement {
    let mut statement = statement(&envelope::envelope(plan));
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
    Statement { format: ResultFormat::Binary, ..statement(&envelope::rows(plan)) }
}

/// The statement of a read or call whose body phlo writes itself: its rows, each value as text.
pub fn render_for_writer(plan: &Plan, rows: &RowsPlan) -> Statement {
    match &rows.form {
        RowsForm::Columns(node) => statement(&read::query(node, read::JsonKind::of(node))),
        RowsForm::Elements { element, nulls_stripped } => {
            statement(&envelope::elements(plan, *element, *nulls_stripped))
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
    let mut written = writer::Writer::default();
    query.build_collect_into(PostgresQueryBuilder, &mut written);
    let writer::Writer { sql, params } = written;
    Statement { sql: sql.into(), params, format: ResultFormat::Text }
}
