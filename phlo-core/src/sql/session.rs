//! The statement that tells a transaction who asks.

use sea_query::{Expr, SelectStatement};
use serde_json::{Map, Value};

use crate::{
    request::Caller,
    schema::{Ident, QualifiedName},
    sql::{
        Statement,
        fragment::{call, fragment, value},
        statement,
    },
};

/// What holds for a transaction besides its caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context<'a> {
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

/// Sets everything in one statement, for this transaction only.
///
/// The role's own settings come before the role: then a privilege to set one (`GRANT SET ON
/// PARAMETER`) is asked of the login role. The names of settings are constants or bound.
pub fn settings(caller: &Caller, context: &Context<'_>) -> Statement {
    let mut query = SelectStatement::new();
    query.expr(set("set_config('search_path', $1, true)", search_path(context)));
    for (name, setting) in context.role_settings {
        query.expr(set_named(name, setting));
    }
    query.expr(set("set_config('role', $1, true)", caller.role.clone()));
    query.expr(set("set_config('request.jwt.claims', $1, true)", claims(caller)));
    query.expr(set("set_config('request.method', $1, true)", caller.method.clone()));
    query.expr(set("set_config('request.path', $1, true)", caller.path.clone()));
    query.expr(set("set_config('request.headers', $1, true)", object(&caller.headers)));
    query.expr(set("set_config('request.cookies', $1, true)", object(&caller.cookies)));
    if let Some(timezone) = context.timezone {
        query.expr(set("set_config('timezone', $1, true)", timezone.to_owned()));
    }
    for (name, setting) in context.function_settings.iter().chain(context.app_settings) {
        query.expr(set_named(name, setting));
    }
    statement(&query)
}

/// Calls the function that runs before every request.
pub fn pre_request(function: &QualifiedName) -> Statement {
    let function = if function.schema.is_empty() {
        fragment("$1()", [crate::sql::fragment::name(&function.name)])
    } else {
        call(function, Vec::new())
    };
    let mut query = SelectStatement::new();
    query.expr(function);
    statement(&query)
}

fn set(template: &'static str, setting: String) -> Expr {
    fragment(template, [value(setting)])
}

fn set_named(name: &str, setting: &str) -> Expr {
    fragment("set_config($1, $2, true)", [value(name), value(setting)])
}

fn search_path(context: &Context<'_>) -> String {
    let mut path = quote(context.schema);
    for schema in context.extra_search_path {
        path.push_str(", ");
        path.push_str(&quote(schema));
    }
    path
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
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

fn object(pairs: &[(String, String)]) -> String {
    let members = pairs.iter().map(|(name, text)| (name.clone(), Value::String(text.clone())));
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}
