//! The statement that tells a transaction who asks.

use sea_query::SelectStatement;
use serde_json::Value;

use crate::{
    plan::Access,
    request::Caller,
    schema::{Ident, QualifiedName},
    sql::{
        Param, ResultFormat, Statement,
        fragment::{call, constant, fragment, name},
        statement,
    },
};

/// What holds for a transaction besides its caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Context<'a> {
    /// Whether it may write.
    pub access: Access,
    /// The schema of the request.
    pub schema: &'a str,
    /// Schemas that are searched after it.
    pub extra_search_path: &'a [Ident],
    /// Settings of the role (`ALTER ROLE .. SET`), set before the role itself.
    pub role_settings: &'a [(String, String)],
    /// The time zone that the caller prefers.
    pub timezone: Option<&'a str>,
    /// Settings that the called function asks for.
    pub function_settings: &'a [(String, String)],
    /// Settings of the server's configuration.
    pub app_settings: &'a [(String, String)],
}

/// Keeps the values that were set from being sent back: rows that are skipped are computed all the
/// same.
const NO_ROWS: &str = " OFFSET 1";

/// What every transaction sets, as constant text, so that it is prepared once. What may not write
/// says so first.
macro_rules! always {
    ($($read_only:literal)?) => {
        concat!(
            "SELECT ",
            $($read_only, ", ",)?
            "pg_catalog.set_config('search_path', $1, true), \
             pg_catalog.set_config('role', $2, true), \
             pg_catalog.set_config('request.jwt.claims', $3, true), \
             pg_catalog.set_config('request.method', $4, true), \
             pg_catalog.set_config('request.path', $5, true), \
             pg_catalog.set_config('request.headers', $6, true), \
             pg_catalog.set_config('request.cookies', $7, true) \
             OFFSET 1"
        )
    };
}

const WRITE: &str = always!();
const READ: &str = always!("pg_catalog.set_config('transaction_read_only', 'on', true)");

/// The settings in the order of the constant text, for the statement of a role with settings of its
/// own. Those come before the role: then a privilege to set one (`GRANT SET ON PARAMETER`) is asked
/// of the login role.
const NAMES: [&str; 7] = [
    "search_path",
    "role",
    "request.jwt.claims",
    "request.method",
    "request.path",
    "request.headers",
    "request.cookies",
];

/// Whether settings begin by making the transaction read-only, as those made here do.
#[cfg(feature = "pipeline")]
pub(crate) fn is_read_only(settings: &Statement) -> bool {
    let first = settings.sql.strip_prefix("SELECT ");
    first.is_some_and(|first| first.starts_with(crate::sql::READ_ONLY_SETTING))
}

/// Sets everything in one statement, for this transaction only. The names of settings are constants
/// or bound.
pub fn settings(caller: &Caller, context: &Context<'_>) -> Statement {
    let values = [
        search_path(context),
        caller.role.clone(),
        claims(caller),
        caller.method.clone(),
        caller.path.clone(),
        caller.headers.clone(),
        caller.cookies.clone(),
    ];
    let timezone = context.timezone.map(|zone| ("timezone".to_owned(), zone.to_owned()));
    let mut rest =
        timezone.iter().chain(context.function_settings).chain(context.app_settings).peekable();
    let mut params = Vec::with_capacity(values.len());
    if context.role_settings.is_empty() && rest.peek().is_none() {
        params.extend(values.map(Param::Text));
        let sql = match context.access {
            Access::ReadOnly => READ,
            Access::ReadWrite => WRITE,
        };
        return Statement { sql: sql.into(), params, format: ResultFormat::Text };
    }
    let mut sql = String::from(match context.access {
        Access::ReadOnly => "SELECT pg_catalog.set_config('transaction_read_only', 'on', true)",
        Access::ReadWrite => "SELECT NULL",
    });
    for (place, (name, value)) in NAMES.into_iter().zip(values).enumerate() {
        if place == 1 {
            for pair in context.role_settings {
                set_named(&mut sql, &mut params, pair);
            }
        }
        params.push(Param::Text(value));
        sql.push_str(", pg_catalog.set_config('");
        sql.push_str(name);
        sql.push_str("', $");
        sql.push_str(itoa::Buffer::new().format(params.len()));
        sql.push_str(", true)");
    }
    for pair in rest {
        set_named(&mut sql, &mut params, pair);
    }
    sql.push_str(NO_ROWS);
    Statement { sql: sql.into(), params, format: ResultFormat::Text }
}

/// Sets what has a name that is bound as well.
fn set_named(sql: &mut String, params: &mut Vec<Param>, (name, value): &(String, String)) {
    for (start, text) in [(", pg_catalog.set_config($", name), (", $", value)] {
        params.push(Param::Text(text.clone()));
        sql.push_str(start);
        sql.push_str(itoa::Buffer::new().format(params.len()));
    }
    sql.push_str(", true)");
}

/// Calls the function that runs before every request.
pub fn pre_request(function: &QualifiedName) -> Statement {
    let function = if function.schema.is_empty() {
        fragment("$1()", [name(&function.name)])
    } else {
        call(function, Vec::new())
    };
    let mut query = SelectStatement::new();
    query.expr(function);
    // Where the statement after it is long, this is all that can be known of them before the body.
    query.expr(constant("current_setting('response.headers', true)"));
    query.expr(constant("current_setting('response.status', true)"));
    statement(&query)
}

fn search_path(context: &Context<'_>) -> String {
    let mut path = String::with_capacity(32);
    quote(&mut path, context.schema);
    for schema in context.extra_search_path {
        path.push_str(", ");
        quote(&mut path, schema);
    }
    path
}

fn quote(path: &mut String, name: &str) {
    path.push('"');
    for c in name.chars() {
        if c == '"' {
            path.push('"');
        }
        path.push(c);
    }
    path.push('"');
}

/// The claims as JSON, the role that holds among them.
fn claims(caller: &Caller) -> String {
    if let Some(json) = &caller.claims_json {
        return json.to_string();
    }
    let mut claims = caller.claims.clone();
    claims.insert("role".to_owned(), Value::String(caller.role.clone()));
    Value::Object(claims).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context<'a>(role_settings: &'a [(String, String)]) -> Context<'a> {
        Context {
            access: Access::ReadOnly,
            schema: "a\"b",
            extra_search_path: &[],
            role_settings,
            timezone: None,
            function_settings: &[],
            app_settings: &[],
        }
    }

    /// Which setting each placeholder is the value of, by the text of the statement.
    fn values(statement: &Statement) -> Vec<(String, String)> {
        let texts: Vec<_> = statement
            .params
            .iter()
            .map(|param| if let Param::Text(text) = param { text.as_str() } else { "" })
            .collect();
        let value = |text: &str| match text.trim().strip_prefix('$') {
            Some(number) => texts[number.parse::<usize>().unwrap() - 1].to_owned(),
            None => text.trim().trim_matches('\'').to_owned(),
        };
        let calls = statement.sql.split("set_config(").skip(1);
        calls
            .map(|call| {
                let mut arguments = call.split(')').next().unwrap().split(',');
                (value(arguments.next().unwrap()), value(arguments.next().unwrap()))
            })
            .collect()
    }

    #[test]
    fn what_may_not_write_is_told_so() {
        let own = [("statement_timeout".to_owned(), "5s".to_owned())];
        for role_settings in [&[][..], &own] {
            let read = settings(&Caller::new("x"), &context(role_settings));
            let first = format!("SELECT {},", crate::sql::READ_ONLY_SETTING);
            assert!(read.sql.starts_with(&first), "{}", read.sql);
            let context = Context { access: Access::ReadWrite, ..context(role_settings) };
            let write = settings(&Caller::new("x"), &context);
            assert!(!write.sql.contains("read_only"), "{}", write.sql);
        }
    }

    #[test]
    fn settings_of_the_role_come_before_it() {
        let own = [("statement_timeout".to_owned(), "5s".to_owned())];
        let caller = Caller { method: "GET".to_owned(), ..Caller::new("analyst") };
        let found = values(&settings(&caller, &context(&own)));
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names[..4],
            ["transaction_read_only", "search_path", "statement_timeout", "role"]
        );
        assert_eq!(found[2].1, "5s");
        assert_eq!(found[3].1, "analyst");
        // The same settings, whether the role has its own or not.
        let mut without = found.clone();
        without.remove(2);
        assert_eq!(values(&settings(&caller, &context(&[]))), without);
    }

    #[test]
    fn the_search_path_is_quoted() {
        let found = values(&settings(&Caller::new("x"), &context(&[])));
        assert_eq!(found[1], ("search_path".to_owned(), "\"a\"\"b\"".to_owned()));
        assert_eq!(found[3].1, r#"{"role":"x"}"#);
    }
}
