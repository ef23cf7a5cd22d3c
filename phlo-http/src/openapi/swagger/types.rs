//! PostgreSQL's types in the words of OpenAPI 2.0, as PostgREST maps them.
//!
//! Takes the labels that PostgreSQL prints and its default expressions; gives types, formats and
//! default values. Knows no tables.

use serde_json::{Map, Value};

use crate::openapi::swagger::put_some;

/// The `type` of a schema; none means any.
pub(super) fn type_of(label: &str) -> Option<&'static str> {
    match label {
        "boolean" => Some("boolean"),
        "smallint" | "integer" | "bigint" => Some("integer"),
        "numeric" | "real" | "double precision" => Some("number"),
        "json" | "jsonb" => None,
        _ if label.ends_with("[]") => Some("array"),
        _ => Some("string"),
    }
}

/// The `format` of a schema.
pub(super) fn format_of(label: &str) -> &str {
    match label {
        "smallint" | "integer" => "int32",
        "bigint" => "int64",
        _ => label,
    }
}

/// The label of the elements of an array.
pub(super) fn element_of(label: &str) -> &str {
    label.strip_suffix("[]").unwrap_or(label)
}

/// The `items` of a schema, if it is an array.
pub(super) fn items_of(label: &str) -> Option<Value> {
    (type_of(label) == Some("array")).then(|| {
        let mut items = Map::new();
        put_some(&mut items, "type", type_of(element_of(label)));
        Value::Object(items)
    })
}

/// The `default` of a schema: the default expression, where it happens to read as JSON.
///
/// PostgREST takes the text between the quotes of a string literal, or else the whole expression,
/// as a JSON string without escaping it, so that defaults with a double quote are left out.
pub(super) fn default_of(label: &str, expression: &str) -> Option<Value> {
    if type_of(label) != Some("string") {
        return serde_json::from_str(expression).ok();
    }
    let literal = expression.strip_suffix(label).and_then(|rest| rest.strip_suffix("::"));
    let text = literal.map_or(expression, |literal| literal.trim_matches('\''));
    serde_json::from_str(&format!("\"{text}\"")).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_and_formats() {
        let cases = [
            ("character varying", Some("string"), "character varying"),
            ("text", Some("string"), "text"),
            ("boolean", Some("boolean"), "boolean"),
            ("smallint", Some("integer"), "int32"),
            ("integer", Some("integer"), "int32"),
            ("bigint", Some("integer"), "int64"),
            ("numeric", Some("number"), "numeric"),
            ("real", Some("number"), "real"),
            ("double precision", Some("number"), "double precision"),
            ("json", None, "json"),
            ("jsonb", None, "jsonb"),
            ("text[]", Some("array"), "text[]"),
            ("test.mood", Some("string"), "test.mood"),
        ];
        for (label, kind, format) in cases {
            assert_eq!((type_of(label), format_of(label)), (kind, format), "{label}");
        }
        assert_eq!(items_of("bigint[]"), Some(json!({ "type": "integer" })));
        assert_eq!(items_of("json[]"), Some(json!({})));
        assert_eq!(items_of("json"), None);
    }

    #[test]
    fn defaults() {
        let cases = [
            ("text", "'default'::text", json!("default")),
            ("boolean", "false", json!(false)),
            ("integer", "42", json!(42)),
            ("numeric", "42.2", json!(42.2)),
            ("date", "'1900-01-01'::date", json!("1900-01-01")),
            ("time without time zone", "'13:00:00'::time without time zone", json!("13:00:00")),
            ("uuid", "gen_random_uuid()", json!("gen_random_uuid()")),
            ("text", "''::text", json!("")),
            ("text", "'a\\nb'::text", json!("a\nb")),
        ];
        for (label, expression, expect) in cases {
            assert_eq!(default_of(label, expression), Some(expect), "{expression}");
        }
        for (label, expression) in [
            ("integer", "nextval('a_id_seq'::regclass)"),
            ("integer", "'-1'::integer"),
            ("text[]", "'{}'::text[]"),
            ("jsonb", "'{}'::jsonb"),
            ("text", "'say \"x\"'::text"),
        ] {
            assert_eq!(default_of(label, expression), None, "{expression}");
        }
    }
}
