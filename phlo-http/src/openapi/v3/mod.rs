//! The OpenAPI 3.1 document, for people and for generators of clients.
//!
//! Takes an [`Input`], gives a document as a value of `utoipa`. Says what a table or function takes
//! and gives as exactly as JSON Schema can; names what the database's names can't be in OpenAPI.

mod bodies;
mod embeds;
mod names;
mod parameters;
mod routines;
mod schemas;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use phlo_core::schema::{QualifiedName, Routine};
use utoipa::openapi::{
    Info, OpenApi, OpenApiBuilder, Paths, SecurityRequirement, Server, Tag,
    schema::Components,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use crate::openapi::{
    Input, text,
    v3::{bodies::TableNames, names::Names},
};

/// The tag of all functions.
const RPC_TAG: &str = "(rpc)";
/// The name of the security scheme.
const SECURITY: &str = "bearerAuth";
/// What may stand in a path as it is; braces in particular would mean a parameter.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is true of the whole document.
struct Context<'a> {
    input: &'a Input<'a>,
    /// The names of the components of each table.
    tables: BTreeMap<&'a str, TableNames>,
}

impl Context<'_> {
    /// The names of the components of a table, if the document describes it.
    fn names_of(&self, name: &QualifiedName) -> Option<&TableNames> {
        let schema = &self.input.tables.first()?.name.schema;
        (name.schema == **schema).then(|| self.tables.get(&*name.name))?
    }
}

/// Describes an API as OpenAPI 3.1.
pub fn document(input: &Input<'_>) -> OpenApi {
    let mut names = Names::default();
    let tables =
        names.assign(input.tables.iter().map(|table| &*table.name.name), &TableNames::SUFFIXES);
    let tables = tables.into_iter().map(|(name, row)| (name, TableNames::new(row))).collect();
    let context = Context { input, tables };
    let mut components = shared_components(input, &mut names);
    let mut paths = Paths::new();
    for table in &input.tables {
        if let Some(of_table) = context.tables.get(&*table.name.name) {
            let item = tables::item(&context, table, of_table, &mut components);
            paths.paths.insert(path("/", &table.name.name), item);
        }
    }
    let routines = overloads(&input.routines);
    let routine_names = Names::default().assign(routines.keys().copied(), &[""]);
    for (name, overloads) in &routines {
        let plain = routine_names.get(name).map_or(*name, String::as_str);
        let item = routines::item(&context, overloads, plain, &mut names, &mut components);
        paths.paths.insert(path("/rpc/", name), item);
    }
    let security = [SecurityRequirement::new(SECURITY, Vec::<String>::new())];
    OpenApiBuilder::new()
        .info(info(input))
        .servers(input.settings.proxy.map(|proxy| [Server::new(proxy.url())]))
        .paths(paths)
        .components(Some(components))
        .security(input.settings.security_active.then_some(security))
        .tags(Some(tags(input)))
        .build()
}

fn info(input: &Input<'_>) -> Info {
    let (title, description) = input
        .description
        .map_or_else(|| (input.settings.title.unwrap_or("REST API"), ""), text::split_comment);
    let mut info = Info::new(title, input.settings.version);
    let guide = "A parameter with the name of a column is a condition: `eq.1`, `neq.1`, `gt.1`, \
                 `gte.1`, `lt.1`, `lte.1`, `like.A*`, `ilike.a*`, `in.(1,2)`, `is.null`, \
                 `fts.word`, `cs.{1,2}`, and `not.` before any of them.";
    let parts = [description, guide].into_iter().filter(|part| !part.is_empty());
    info.description = Some(parts.collect::<Vec<_>>().join("\n\n"));
    info
}

fn shared_components(input: &Input<'_>, names: &mut Names) -> Components {
    let mut components = Components::new();
    let error = names.unique("api_error", &[""]);
    components.schemas.insert(error.clone(), schemas::error().into());
    for (name, parameter) in parameters::shared(&input.settings) {
        components.parameters.insert(name.to_owned(), parameter.into());
    }
    for (name, response) in bodies::shared_responses(&error) {
        components.responses.insert(name.to_owned(), response.into());
    }
    for (name, header) in bodies::shared_headers() {
        components.headers.insert(name.to_owned(), header.into());
    }
    if input.settings.security_active {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let scheme = SecurityScheme::Http(bearer.build());
        components.security_schemes.insert(SECURITY.to_owned(), scheme.into());
    }
    components
}

fn tags(input: &Input<'_>) -> Vec<Tag> {
    let tag = |name: &str, description: Option<&str>| {
        TagBuilder::new().name(name).description(description).build()
    };
    let mut tags: Vec<_> = input
        .tables
        .iter()
        .map(|table| tag(&table.name.name, table.description.as_deref()))
        .collect();
    let is_taken = input.tables.iter().any(|table| table.name.name == RPC_TAG);
    if !input.routines.is_empty() && !is_taken {
        tags.push(tag(RPC_TAG, Some("Functions")));
    }
    tags
}

/// Functions by name, with their overloads.
fn overloads<'a>(routines: &[&'a Routine]) -> BTreeMap<&'a str, Vec<&'a Routine>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for routine in routines {
        all.entry(&*routine.name.name).or_default().push(*routine);
    }
    all
}

fn path(before: &str, name: &str) -> String {
    format!("{before}{}", utf8_percent_encode(name, PATH))
}
