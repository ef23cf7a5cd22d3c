//! What requests carry besides their body: query parameters and headers.
//!
//! Takes tables and settings, gives parameters and references to them. The ones that all tables
//! share are components, and so is the filter of each column.

use std::{borrow::Cow, collections::BTreeSet};

use phlo_core::schema::Table;
use utoipa::openapi::{
    Ref, Required,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::{Object, Type},
};

use crate::openapi::{
    Settings,
    v3::{
        names::Names,
        types::{JsonType, Null},
    },
};

/// The keys of query parameters that mean something else than a column or an argument.
const RESERVED: [&str; 8] =
    ["select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"];
/// The parameters that choose rows, besides the filters of the columns.
pub(super) const LOGIC: [&str; 2] = ["and", "or"];
/// The parameters that choose a page of rows and what to show of them.
pub(super) const PAGE: [&str; 6] = ["select", "order", "limit", "offset", "range", "rangeUnit"];

/// A reference to a parameter of the document.
pub(super) fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/parameters/{name}"))
}

/// The parameters that all tables share, by name.
pub(super) fn shared(settings: &Settings<'_>) -> Vec<(&'static str, Parameter)> {
    let limit = match settings.max_rows {
        Some(most) => format!("The most rows to return; never more than {most}"),
        None => "The most rows to return".to_owned(),
    };
    let count = "`count=exact`, `count=planned` or `count=estimated`: count all rows, and tell \
                 their number in `Content-Range`";
    let returns = "`return=minimal` (usual), `return=headers-only` or `return=representation`: \
                   what to return of the changed rows";
    let missing = "`missing=default` or `missing=null` (usual): what a column named in `columns` \
                   becomes where the body doesn't give it";
    let affected = "`handling=strict, max-affected=n`: change nothing if more than so many rows \
                    would be";
    let resolution = "`resolution=merge-duplicates` or `resolution=ignore-duplicates`: update or \
                      leave rows that exist";
    let prefer = |wishes: &[&str]| header("Prefer", &wishes.join(".\n\n"));
    let mut all = vec![
        ("select", text("select", "What to return: `id,name,total:price::text,clients(name)`")),
        ("order", text("order", "The order of the rows: `name.desc.nullslast,id`")),
        ("limit", number("limit", &limit)),
        ("offset", number("offset", "How many rows to skip")),
        ("and", text("and", "Conditions that all hold: `(age.gte.18,age.lt.65)`")),
        ("or", text("or", "Conditions of which one holds: `(age.lt.18,status.is.null)`")),
        ("columns", text("columns", "The keys of the body to use; the others are ignored")),
        (
            "onConflict",
            text("on_conflict", "The columns of a unique constraint by which rows exist already"),
        ),
        ("range", header("Range", "The first and the last row to return: `0-24`")),
        ("rangeUnit", header("Range-Unit", "The unit of `Range`: `items`")),
        ("preferRead", prefer(&[count])),
        ("preferInsert", prefer(&[returns, resolution, missing, count])),
        ("preferUpdate", prefer(&[returns, missing, affected, count])),
        ("preferDelete", prefer(&[returns, affected, count])),
        ("preferPut", prefer(&[returns, count])),
        ("preferCall", prefer(&[affected, count])),
    ];
    if let Some(profile) = settings.profile {
        for kind in [Profile::Accept, Profile::Content] {
            let mut parameter = header(kind.header(), "The schema that the names belong to");
            let mut schema = Object::with_type(Type::String);
            schema.enum_values = Some(vec![profile.into()]);
            parameter.schema = Some(schema.into());
            parameter.required = Required::True;
            all.push((kind.component(), parameter));
        }
    }
    all
}

/// The header by which a request names the schema that it means.
#[derive(Clone, Copy)]
pub(super) enum Profile {
    /// That of requests that read.
    Accept,
    /// That of requests with a body, and of `DELETE`.
    Content,
}

impl Profile {
    /// The name of the parameter.
    pub(super) fn component(self) -> &'static str {
        match self {
            Self::Accept => "acceptProfile",
            Self::Content => "contentProfile",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Accept => "Accept-Profile",
            Self::Content => "Content-Profile",
        }
    }
}

/// The filter of each column of a table that is a component of that name, in the order of the
/// columns.
///
/// A column has none whose name clients would confuse with another parameter's, such as `Order`:
/// generators refuse the whole operation. Conditions on it can be written in `and`.
pub(super) fn filters(table: &Table, component: &str) -> Vec<(String, Parameter)> {
    let mut taken: BTreeSet<_> = RESERVED.iter().map(|name| identifier(name)).collect();
    let mut filters = Vec::with_capacity(table.columns.len());
    let mut names = Names::default();
    for column in table.columns.values() {
        if taken.insert(identifier(&column.name)) {
            let mut parameter = text(&url_key(&column.name), "");
            parameter.description.clone_from(&column.description);
            let plain = names.unique(&column.name, &[""]);
            filters.push((format!("filter.{component}.{plain}"), parameter));
        }
    }
    filters
}

/// What is left of a name in the identifiers that generated clients make of it.
pub(super) fn identifier(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A condition on a column of the primary key that `PUT` can't be without.
pub(super) fn key_filter(name: &str) -> Parameter {
    let mut parameter = text(&url_key(name), "Part of the key of the row: `eq.value`");
    parameter.required = Required::True;
    parameter
}

/// An argument of a function in a URL.
pub(super) fn argument(name: &str, kind: JsonType, required: Required) -> Parameter {
    let description = match &kind {
        JsonType::Array(_) => Some("An array: `{1,2,3}`"),
        JsonType::Any(_) | JsonType::One(..) => None,
    };
    repeatable(name, &kind.in_url(), required).description(description).build()
}

/// An argument that takes its key as often as it comes, if it is an array.
pub(super) fn variadic(name: &str, kind: &JsonType, required: Required) -> Parameter {
    repeatable(name, kind, required).build()
}

fn repeatable(name: &str, kind: &JsonType, required: Required) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(url_key(name))
        .parameter_in(ParameterIn::Query)
        .required(required)
        .schema(Some(kind.schema(Null::Forbidden)))
}

/// A column or argument as the key of a query parameter.
///
/// PostgREST 16: names with reserved characters stand in double quotes. So do names that would mean
/// something else: a column called `limit` is no limit.
fn url_key(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | ' ');
    let is_plain = name.chars().all(plain) && name.trim() == name && !RESERVED.contains(&name);
    // Parsers differ about a dash at either end, and an argument without a name has none.
    if name.is_empty() || is_plain && !name.starts_with('-') && !name.ends_with('-') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn text(name: &str, description: &str) -> Parameter {
    parameter(ParameterIn::Query, name, description, Object::with_type(Type::String))
}

fn number(name: &str, description: &str) -> Parameter {
    let mut schema = Object::with_type(Type::Integer);
    schema.minimum = Some(0_usize.into());
    parameter(ParameterIn::Query, name, description, schema)
}

fn header(name: &str, description: &str) -> Parameter {
    parameter(ParameterIn::Header, name, description, Object::with_type(Type::String))
}

fn parameter(place: ParameterIn, name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::fixture;

    #[test]
    fn columns_that_clients_would_confuse_with_a_parameter_have_no_filter() {
        let columns = ["id", "Order", "a b", "a_b", "on_conflict", "x"];
        let columns = columns.iter().map(|name| fixture::column(name, "text")).collect();
        let filters = filters(&fixture::table("t", columns), "t");
        let names: Vec<_> =
            filters.iter().map(|(name, it)| (name.as_str(), it.name.as_str())).collect();
        assert_eq!(names, [("filter.t.id", "id"), ("filter.t.a_b", "a b"), ("filter.t.x", "x")]);
    }

    #[test]
    fn keys_are_quoted_where_the_grammar_would_read_something_else() {
        for (name, expect) in [
            ("id", "id"),
            ("due date", "due date"),
            ("with-dash", "with-dash"),
            ("größe", "größe"),
            ("", ""),
            ("order", "\"order\""),
            ("a.b", "\"a.b\""),
            ("a->b", "\"a->b\""),
            (" a", "\" a\""),
            ("-a", "\"-a\""),
            ("50%", "\"50%\""),
            ("say \"x\"\\", "\"say \\\"x\\\"\\\\\""),
        ] {
            assert_eq!(url_key(name), expect);
        }
    }
}
