//! PostgreSQL's types in the words of JSON Schema: what their values look like in JSON.
//!
//! Takes the names of types and default expressions as the catalogue prints them; gives types,
//! formats and default values. Knows no tables.

use phlo_core::schema::QualifiedName;
use serde_json::Value;
use utoipa::openapi::schema::{Array, Object, Schema, SchemaFormat, SchemaType, Type};

/// What the values of a type look like in JSON.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum JsonType {
    /// Anything; PostgreSQL's name says more.
    Any(Option<String>),
    /// Values of one JSON type, in some format.
    One(Type, Option<String>),
    /// Arrays.
    Array(Box<Self>),
}

/// Whether null is among the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Null {
    /// It is.
    Allowed,
    /// It isn't.
    Forbidden,
}

impl JsonType {
    /// The type that PostgreSQL prints so, or that `pg_catalog` knows by that name.
    ///
    /// PostgreSQL writes numbers, booleans, arrays and its JSON types as such; what it doesn't know
    /// better becomes a string. Types of extensions can have a cast to `json` of their own, so
    /// that their values can be anything.
    pub(super) fn of_label(label: &str) -> Self {
        if let Some(element) = label.strip_suffix("[]") {
            return Self::Array(Box::new(Self::of_label(element)));
        }
        let (kind, format) = match label {
            "smallint" | "int2" | "integer" | "int4" => (Type::Integer, Some("int32")),
            "bigint" | "int8" => (Type::Integer, Some("int64")),
            "real" | "float4" => (Type::Number, Some("float")),
            "double precision" | "float8" => (Type::Number, Some("double")),
            "numeric" => (Type::Number, None),
            "boolean" | "bool" => (Type::Boolean, None),
            "date" => (Type::String, Some("date")),
            "timestamp with time zone" | "timestamptz" => (Type::String, Some("date-time")),
            "text" | "character varying" | "varchar" | "character" | "bpchar" => {
                (Type::String, None)
            }
            "json" | "jsonb" | "record" => return Self::Any(None),
            // Names of types outside `pg_catalog` come with their schema.
            _ if label.ends_with(".citext") => (Type::String, None),
            _ if label.contains('.') => return Self::Any(Some(label.to_owned())),
            _ => (Type::String, Some(label)),
        };
        Self::One(kind, format.map(str::to_owned))
    }

    /// The type of that name in a schema.
    pub(super) fn of_name(name: &QualifiedName) -> Self {
        if name.schema != "pg_catalog" {
            return Self::of_label(&name.to_string());
        }
        match name.name.strip_prefix('_') {
            Some(element) => Self::Array(Box::new(Self::of_label(element))),
            None => Self::of_label(&name.name),
        }
    }

    /// How the values are written in a URL: arrays and JSON as text.
    pub(super) fn in_url(self) -> Self {
        match self {
            Self::Any(format) => Self::One(Type::String, format),
            Self::Array(_) => Self::One(Type::String, None),
            Self::One(..) => self,
        }
    }

    /// The schema of the values.
    pub(super) fn schema(&self, null: Null) -> Schema {
        match self {
            Self::Array(element) => Self::array(element, null).into(),
            Self::Any(_) | Self::One(..) => self.object(null).into(),
        }
    }

    /// The schema of values that aren't arrays.
    pub(super) fn object(&self, null: Null) -> Object {
        let (kind, format) = match self {
            Self::Any(format) => (SchemaType::AnyValue, format.clone()),
            Self::One(kind, format) => (or_null(kind.clone(), null), format.clone()),
            Self::Array(_) => (or_null(Type::Array, null), None),
        };
        let mut object = Object::with_type(kind);
        object.format = format.map(SchemaFormat::Custom);
        object
    }

    /// The schema of arrays of a type.
    pub(super) fn array(element: &Self, null: Null) -> Array {
        // Any element of any array can be null in PostgreSQL; to say so would burden every client
        // with what hardly ever happens.
        let items = element.schema(Null::Forbidden);
        match null {
            Null::Allowed => Array::new_nullable(items),
            Null::Forbidden => Array::new(items),
        }
    }

    /// The value of a default expression, if it is a constant.
    pub(super) fn constant(&self, expression: &str) -> Option<Value> {
        let literal = string_literal(expression);
        match self {
            Self::One(Type::String, _) => literal.map(Value::String),
            Self::One(Type::Integer | Type::Number, _) => {
                serde_json::from_str(literal.as_deref().unwrap_or(expression))
                    .ok()
                    .filter(Value::is_number)
            }
            Self::One(Type::Boolean, _) => match expression {
                "true" => Some(true.into()),
                "false" => Some(false.into()),
                _ => None,
            },
            Self::Any(None) => serde_json::from_str(&literal?).ok(),
            Self::Array(_) if literal? == "{}" => Some(Value::Array(Vec::new())),
            Self::Any(Some(_))
            | Self::Array(_)
            | Self::One(Type::Object | Type::Array | Type::Null, _) => None,
        }
    }
}

fn or_null(kind: Type, null: Null) -> SchemaType {
    match null {
        Null::Allowed => [kind, Type::Null].into_iter().collect(),
        Null::Forbidden => kind.into(),
    }
}

/// The text of an expression that is a string literal, with or without a cast to some type.
fn string_literal(expression: &str) -> Option<String> {
    let mut rest = expression.strip_prefix('\'')?;
    let mut text = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        text.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return is_cast(after).then_some(text),
        }
    }
}

/// Whether the text is nothing but a cast, and not the beginning of a longer expression.
fn is_cast(text: &str) -> bool {
    let is_type = |name: &str| {
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '.' | '"' | '[' | ']'))
    };
    text.is_empty() || text.strip_prefix("::").is_some_and(is_type)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(schema: &Schema) -> Value {
        serde_json::to_value(schema).unwrap()
    }

    #[test]
    fn labels_and_catalogue_names_mean_the_same() {
        let cases = [
            ("smallint", "int2", json!({ "type": "integer", "format": "int32" })),
            ("integer", "int4", json!({ "type": "integer", "format": "int32" })),
            ("bigint", "int8", json!({ "type": "integer", "format": "int64" })),
            ("real", "float4", json!({ "type": "number", "format": "float" })),
            ("double precision", "float8", json!({ "type": "number", "format": "double" })),
            ("numeric", "numeric", json!({ "type": "number" })),
            ("boolean", "bool", json!({ "type": "boolean" })),
            ("date", "date", json!({ "type": "string", "format": "date" })),
            (
                "timestamp with time zone",
                "timestamptz",
                json!({ "type": "string", "format": "date-time" }),
            ),
            ("uuid", "uuid", json!({ "type": "string", "format": "uuid" })),
            ("bytea", "bytea", json!({ "type": "string", "format": "bytea" })),
            ("text", "text", json!({ "type": "string" })),
            ("character varying", "varchar", json!({ "type": "string" })),
            ("character", "bpchar", json!({ "type": "string" })),
            ("json", "json", json!({})),
            ("jsonb", "jsonb", json!({})),
            (
                "integer[]",
                "_int4",
                json!({ "type": "array", "items": { "type": "integer", "format": "int32" } }),
            ),
            ("jsonb[]", "_jsonb", json!({ "type": "array", "items": {} })),
        ];
        for (label, name, expect) in cases {
            let of_label = JsonType::of_label(label).schema(Null::Forbidden);
            assert_eq!(written(&of_label), expect, "{label}");
            let name = QualifiedName::new("pg_catalog", name);
            let of_name = JsonType::of_name(&name).schema(Null::Forbidden);
            assert_eq!(written(&of_name), expect, "{name}");
        }
    }

    #[test]
    fn types_of_users_can_be_anything() {
        let geometry = JsonType::of_label("public.geometry").schema(Null::Allowed);
        assert_eq!(written(&geometry), json!({ "format": "public.geometry" }));
        let name = QualifiedName::new("shop", "_mood");
        let schema = JsonType::of_name(&name).schema(Null::Allowed);
        assert_eq!(written(&schema), json!({ "format": "shop._mood" }));
        let text = JsonType::of_label("public.citext").schema(Null::Forbidden);
        assert_eq!(written(&text), json!({ "type": "string" }));
    }

    #[test]
    fn null_is_a_type() {
        let text = JsonType::of_label("text").schema(Null::Allowed);
        assert_eq!(written(&text), json!({ "type": ["string", "null"] }));
        let texts = JsonType::of_label("text[]").schema(Null::Allowed);
        let expect = json!({ "type": ["array", "null"], "items": { "type": "string" } });
        assert_eq!(written(&texts), expect);
        assert_eq!(written(&JsonType::of_label("json").schema(Null::Allowed)), json!({}));
    }

    #[test]
    fn constants_are_told_from_expressions() {
        let cases = [
            ("text", "'it''s'::text", Some(json!("it's"))),
            ("character varying", "'a'::character varying", Some(json!("a"))),
            ("text", "'a'", Some(json!("a"))),
            ("text", "''::text", Some(json!(""))),
            ("text", "('a'::text || 'b'::text)", None),
            ("text", "'a'::text || 'b'::text", None),
            ("text", "'a", None),
            ("text", "CURRENT_USER", None),
            ("text", "NULL::text", None),
            ("integer", "42", Some(json!(42))),
            ("integer", "'-1'::integer", Some(json!(-1))),
            ("integer", "nextval('a'::regclass)", None),
            ("numeric", "0.5", Some(json!(0.5))),
            ("numeric", "'NaN'::numeric", None),
            ("boolean", "true", Some(json!(true))),
            ("boolean", "(1 = 1)", None),
            ("jsonb", "'{\"a\": [1]}'::jsonb", Some(json!({ "a": [1] }))),
            ("text[]", "'{}'::text[]", Some(json!([]))),
            ("text[]", "'{a}'::text[]", None),
            ("public.mood", "'{}'::public.mood", None),
        ];
        for (label, expression, expect) in cases {
            assert_eq!(JsonType::of_label(label).constant(expression), expect, "{expression}");
        }
    }
}
