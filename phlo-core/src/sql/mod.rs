//! A plan as SQL: total, with every value bound. Looks nothing up and can't fail.

mod call;
mod envelope;
mod expr;
mod fragment;
mod mutate;
mod read;
pub mod session;

use sea_query::{PostgresQueryBuilder, SelectStatement, Value};

use crate::{
    plan::{Explain, Plan},
    request::{PlanFormat, PlanOption},
};

pub use self::call::call_with_text;

/// A statement with its parameters, ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The SQL; placeholders are exactly `$1..$n`, each used once.
    pub sql: String,
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
        Self { sql: sql.to_owned(), params, format: ResultFormat::Text }
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
            sql: format!("{}{}", explain_prefix(explain), statement.sql),
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

/// The planner's guess of the number of all rows, as JSON.
pub fn render_estimate(plan: &Plan) -> Statement {
    let statement = statement(&read::count(plan.action.read()));
    Statement { sql: format!("EXPLAIN (FORMAT JSON) {}", statement.sql), ..statement }
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
    let (sql, values) = query.build(PostgresQueryBuilder);
    Statement { sql, params: values.0.into_iter().map(param).collect(), format: ResultFormat::Text }
}

/// This crate binds text, bytes and the numbers of a range; nothing else can be in a statement.
fn param(value: Value) -> Param {
    if let Value::String(Some(text)) = value {
        Param::Text(text)
    } else if let Value::Bytes(Some(bytes)) = value {
        Param::Binary(bytes)
    } else if let Value::BigUnsigned(Some(number)) = value {
        Param::Number(i64::try_from(number).unwrap_or(i64::MAX))
    } else {
        Param::Null
    }
}
