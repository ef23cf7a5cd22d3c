//! The only place where SQL is written as text: constants of this crate, and what the catalogue
//! itself printed. Everything that comes from a request goes in as a bound value or an identifier.

use sea_query::{Alias, Asterisk, BinOper, Expr, Func, FunctionCall, Value};

use crate::schema::{CatalogSql, Ident, QualifiedName};

/// A constant template whose `$1`, `$2`.. are replaced by expressions.
#[expect(clippy::disallowed_methods, reason = "the template is a constant")]
pub(crate) fn fragment<const N: usize>(template: &'static str, parts: [Expr; N]) -> Expr {
    Expr::cust_with_exprs(template, parts)
}

/// Two expressions with a constant operator between them.
pub(crate) fn binary(left: Expr, operator: &'static str, right: Expr) -> Expr {
    Expr::Binary(Box::new(left), BinOper::Custom(operator), Box::new(right))
}

/// A call of one of PostgreSQL's own functions.
pub(crate) fn builtin<const N: usize>(function: &'static str, arguments: [Expr; N]) -> Expr {
    Func::cust(function).args(arguments).into()
}

/// Every column of something in the statement: `"alias".*`.
pub(crate) fn all_columns(alias: &Ident) -> Expr {
    Expr::col((iden(alias), Asterisk))
}

/// Constant SQL.
#[expect(clippy::disallowed_methods, reason = "the text is a constant")]
pub(crate) fn constant(text: &'static str) -> Expr {
    Expr::cust(text)
}

/// SQL that the catalogue printed, such as a default.
#[expect(clippy::disallowed_methods, reason = "the text was printed by the catalogue")]
pub(crate) fn catalog_sql(text: &CatalogSql) -> Expr {
    Expr::cust(format!("({})", text.as_str()))
}

/// An identifier of the statement.
pub(crate) fn iden(name: &Ident) -> Alias {
    Alias::new(name.as_str())
}

/// An identifier as an expression: `"name"`.
pub(crate) fn name(name: &Ident) -> Expr {
    Expr::col(iden(name))
}

/// A column of something in the statement: `"alias"."column"`.
pub(crate) fn column(alias: &Ident, column: &Ident) -> Expr {
    Expr::col((iden(alias), iden(column)))
}

/// A table, function or type: `"schema"."name"`.
pub(crate) fn qualified(name: &QualifiedName) -> Expr {
    Expr::col((iden(&name.schema), iden(&name.name)))
}

/// A value of the request: a placeholder of no declared type.
pub(crate) fn value(text: impl Into<String>) -> Expr {
    value_or_null(Some(text.into()))
}

/// A value of the request, or null: a placeholder of no declared type.
pub(crate) fn value_or_null(text: Option<String>) -> Expr {
    Expr::Value(Value::String(text))
}

/// What [`body`] is, as a value of `sea-query`: none that anything else in a statement has.
pub(super) const BODY: Value = Value::Char(None);

/// The body of the request: a placeholder of no declared type. There is one body, which whoever
/// writes the statement has.
pub(crate) fn body() -> Expr {
    Expr::Value(BODY)
}

/// Bytes of the request: a placeholder of type `bytea`.
pub(crate) fn bytes(bytes: &[u8]) -> Expr {
    Expr::Value(Value::Bytes(Some(bytes.to_vec())))
}

/// A constant number: `1`.
pub(crate) fn number(number: usize) -> Expr {
    Expr::Constant(Value::BigUnsigned(u64::try_from(number).ok()))
}

/// A call of one of the schema's functions.
pub(crate) fn call(function: &QualifiedName, arguments: Vec<Expr>) -> Expr {
    fragment("$1 $2", [qualified(function), Expr::Tuple(arguments)])
}

/// Something to select from that is a function: `ROWS FROM(..)`, which takes what a plain function
/// in `FROM` doesn't, column definitions and names with a schema among it.
pub(crate) fn rows_from(rows: Expr) -> FunctionCall {
    Func::cust("ROWS FROM").arg(rows)
}

/// The text of a PostgreSQL array: `{"a","b"}`.
pub(crate) fn array_literal<S: AsRef<str>>(elements: &[S]) -> String {
    let mut text = String::with_capacity(2 + elements.len() * 12);
    text.push('{');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        for c in element.as_ref().chars().take_while(|c| *c != '\0') {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use sea_query::{PostgresQueryBuilder, Query};

    use super::*;

    #[test]
    fn identifiers_are_quoted() {
        let hostile = Ident::new("a\"; drop table x; --");
        let (sql, _) =
            Query::select().expr(column(&Ident::new("t"), &hostile)).build(PostgresQueryBuilder);
        assert_eq!(sql, "SELECT \"t\".\"a\"\"; drop table x; --\"");
    }

    #[test]
    fn array_elements_are_escaped() {
        assert_eq!(array_literal(&["a", "b,c", "d\"e\\f"]), r#"{"a","b,c","d\"e\\f"}"#);
        assert_eq!(array_literal::<&str>(&[]), "{}");
    }

    #[test]
    fn calls_quote_their_names() {
        let expr = call(&QualifiedName::new("s", "f x"), vec![value("1"), value("2")]);
        let (sql, values) = Query::select().expr(expr).build(PostgresQueryBuilder);
        assert_eq!(sql, "SELECT \"s\".\"f x\" ($1, $2)");
        assert_eq!(values.0.len(), 2);
    }
}
