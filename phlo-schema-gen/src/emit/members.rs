//! What `serde` and `utoipa` are told of fields, so that JSON is what the HTTP API sends and takes.

use crate::{
    emit::Emitter,
    model::{ColumnModel, Given},
    types::{EnumModel, is_enum_or_domain},
    write::{Writer, text},
};

/// Of which struct a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What is read: every member is there.
    Row,
    /// A new row: what isn't required may be left out.
    Insert,
    /// New values: everything may be left out.
    Update,
}

impl Role {
    /// Whether a member may be left out.
    fn may_lack(self, column: &ColumnModel) -> bool {
        match self {
            Self::Row => false,
            Self::Insert => column.given != Given::Required,
            Self::Update => true,
        }
    }

    /// Whether nothing and null are two things.
    fn tells_null(self, column: &ColumnModel) -> bool {
        self.may_lack(column) && (self == Self::Update || column.given != Given::OrNull)
    }

    fn may_be_null(self, column: &ColumnModel) -> bool {
        match self {
            Self::Row | Self::Update => column.nullable,
            Self::Insert => column.nullable && column.given != Given::Required,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Row => "Row",
            Self::Insert => "Insert",
            Self::Update => "Update",
        }
    }
}

impl Emitter<'_> {
    /// The name of a struct in documents of `utoipa`, where all modules are one.
    pub(super) fn title(&self, to: &mut Writer, schema: &str, marker: &str, role: Role) {
        if self.options.utoipa {
            let schema = if self.model.nested { format!("{schema}::") } else { String::new() };
            to.attribute("schema", &[format!("as = {schema}{marker}{}", role.suffix())]);
        }
    }

    /// The attributes of a field.
    pub(super) fn attributes(&self, to: &mut Writer, column: &ColumnModel, role: Role) {
        let field = column.field.strip_prefix("r#").unwrap_or(&column.field);
        let renamed = (column.name != *field).then(|| format!("rename = {}", text(&column.name)));
        if self.options.serde {
            let mut items: Vec<_> = renamed.clone().into_iter().collect();
            items.extend(serde(column, role));
            to.attribute("serde", &items);
        }
        if self.options.utoipa {
            let mut items: Vec<_> = renamed.filter(|_| !self.options.serde).into_iter().collect();
            let optional = role.may_lack(column) || role.may_be_null(column);
            items.extend(shown(&column.rust, optional));
            if role == Role::Row && column.nullable {
                items.push("required".to_owned());
            }
            to.attribute("schema", &items);
        }
    }

    /// A domain, which is a struct around another type.
    pub(super) fn domain_struct(&self, to: &mut Writer, rust: &str, inner: &str) {
        let visible = self.visible;
        if self.options.utoipa {
            to.attribute("schema", &shown(inner, false));
        }
        let help = self.options.serde && needs_help(inner);
        let attribute = if help { "#[serde(with = \"dsl::as_json\")] " } else { "" };
        let field = format!("{attribute}{visible} {inner}");
        to.tuple_struct(&format!("{visible} struct {rust}"), &field);
    }

    /// An enum as `utoipa` sees it: text, which is one of its labels.
    pub(super) fn enum_schema(&self, to: &mut Writer, item: &EnumModel) {
        if !self.options.utoipa {
            return;
        }
        let rust = &item.rust;
        to.gap();
        to.block(&format!("impl utoipa::PartialSchema for {rust}"), |to| {
            let returns = "utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>";
            to.function("fn schema", &[], returns, |to| {
                let labels: Vec<_> = item.labels.iter().map(|(label, _)| text(label)).collect();
                to.assign_array("let labels: &[&str]", &labels);
                to.line("utoipa::openapi::schema::ObjectBuilder::new()");
                to.line("    .schema_type(utoipa::openapi::schema::Type::String)");
                to.line("    .enum_values(Some(labels.iter().copied()))");
                to.line("    .into()");
            });
        });
        to.gap();
        to.line(&format!("impl utoipa::ToSchema for {rust} {{}}"));
    }
}

/// What `serde` is told of a field, its name aside.
fn serde(column: &ColumnModel, role: Role) -> Vec<String> {
    let mut items = Vec::new();
    if role.may_lack(column) {
        items.push("default".to_owned());
        items.push("skip_serializing_if = \"Option::is_none\"".to_owned());
    }
    let way = match (needs_help(&column.rust), role.tells_null(column)) {
        (true, true) => Some("with = \"dsl::as_json::given\""),
        (true, false) => Some("with = \"dsl::as_json\""),
        (false, true) => Some("deserialize_with = \"dsl::as_json::present\""),
        (false, false) => None,
    };
    items.extend(way.map(str::to_owned));
    items
}

/// Whether `serde` alone would write something else than the database does: null for what is no
/// number, or whatever another crate likes.
fn needs_help(rust: &str) -> bool {
    let element = element(rust);
    let foreign = element.strip_prefix("dsl::").is_some_and(|name| name.contains("::"));
    matches!(element, "f32" | "f64") || foreign
}

/// What `utoipa` is told of a type that it doesn't know.
fn shown(rust: &str, optional: bool) -> Vec<String> {
    const KNOWN: [&str; 7] = ["bool", "i16", "i32", "i64", "f32", "f64", "String"];
    let element = element(rust);
    let own = !element.contains("dsl::");
    if KNOWN.contains(&element) || is_enum_or_domain(element) || own {
        return Vec::new();
    }
    let short = element.split('<').next().unwrap_or(element).rsplit("::").next();
    let (kind, format) = match short.unwrap_or(element) {
        "Json" | "PlainJson" => ("Value", None),
        "Decimal" => ("f64", None),
        "Date" | "NaiveDate" => ("String", Some("format = Date")),
        "Uuid" => ("String", Some("format = \"uuid\"")),
        // In `jiff` a timestamp is a moment; in the database it is not.
        "Timestamp" if element.contains("jiff") => ("String", Some("format = DateTime")),
        "Timestamptz" | "OffsetDateTime" => ("String", Some("format = DateTime")),
        "DateTime" if !element.contains("civil") => ("String", Some("format = DateTime")),
        _ => ("String", None),
    };
    let kind = rust.replacen(element, kind, 1);
    let is_list = kind.starts_with("Vec<");
    let kind = if optional { format!("Option<{kind}>") } else { kind };
    let mut items = vec![format!("value_type = {kind}")];
    items.extend(format.filter(|_| !is_list).map(str::to_owned));
    items
}

/// The type of the elements of an array, or of their elements; any other type itself.
fn element(rust: &str) -> &str {
    match rust.strip_prefix("Vec<").and_then(|rest| rest.strip_suffix('>')) {
        Some(inside) => element(inside),
        None => rust,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_as_their_json() {
        let moment = "dsl::chrono::DateTime<dsl::chrono::Utc>";
        for (rust, optional, expected) in [
            ("i32", true, ""),
            ("super::types::Rating", true, ""),
            ("crate::Email", false, ""),
            ("dsl::Json", false, "value_type = Value"),
            ("dsl::Decimal", true, "value_type = Option<f64>"),
            ("Vec<dsl::Date>", true, "value_type = Option<Vec<String>>"),
            ("dsl::Timestamp", false, "value_type = String"),
            ("dsl::jiff::Timestamp", false, "value_type = String, format = DateTime"),
            ("dsl::jiff::civil::DateTime", false, "value_type = String"),
            (moment, false, "value_type = String, format = DateTime"),
            ("dsl::uuid::Uuid", true, "value_type = Option<String>, format = \"uuid\""),
        ] {
            assert_eq!(shown(rust, optional).join(", "), expected, "{rust}");
        }
    }

    #[test]
    fn help_is_for_floats_and_other_crates() {
        assert!(needs_help("f64") && needs_help("Vec<f32>"));
        assert!(needs_help("dsl::uuid::Uuid"));
        assert!(!needs_help("i64") && !needs_help("dsl::Decimal") && !needs_help("crate::Id"));
    }
}
