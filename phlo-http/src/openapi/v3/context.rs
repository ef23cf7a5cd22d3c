//! What is true of the whole 3.1 document: the names in it, and its parts as lists.
//!
//! Takes an [`Input`], settles the names of components once, and gives paths and components one at a
//! time, so that a document can be written without being in memory as a whole.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use phlo_core::schema::{QualifiedName, Table};
use utoipa::openapi::{
    Info, PathItem, SecurityRequirement, Server, Tag,
    header::Header,
    path::Parameter,
    response::Response,
    schema::Schema,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use crate::openapi::{
    Input, text,
    v3::{
        bodies::{self, TableNames},
        names::Names,
        parameters,
        routines::{self, Function},
        schemas, tables,
    },
};

/// The tag of all functions.
pub(super) const RPC_TAG: &str = "(rpc)";
/// The name of the security scheme.
const SECURITY: &str = "bearerAuth";
/// What may stand in a path as it is; braces in particular would mean a parameter.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is true of the whole document.
pub(super) struct Context<'a> {
    /// What the document describes.
    pub(super) input: &'a Input<'a>,
    /// The names of the components of each table.
    pub(super) tables: BTreeMap<&'a str, TableNames>,
    functions: Vec<Function<'a>>,
    /// The name of the schema of errors.
    error: String,
}

impl<'a> Context<'a> {
    /// Settles the names of all components.
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        let mut names = Names::default();
        let tables =
            names.assign(input.tables.iter().map(|table| &*table.name.name), &TableNames::SUFFIXES);
        let tables = tables.into_iter().map(|(name, row)| (name, TableNames::new(row))).collect();
        let error = names.unique("api_error", &[""]);
        let functions = routines::functions(&input.routines, &mut names);
        Self { input, tables, functions, error }
    }

    /// The names of the components of a table, if the document describes it.
    pub(super) fn names_of(&self, name: &QualifiedName) -> Option<&TableNames> {
        let schema = &self.input.tables.first()?.name.schema;
        (name.schema == *schema).then(|| self.tables.get(&*name.name))?
    }

    /// The endpoints by path.
    pub(super) fn paths(&self) -> impl Iterator<Item = (String, PathItem)> {
        let of_tables = self
            .named_tables()
            .map(|(table, names)| (path("/", &table.name.name), tables::item(self, table, names)));
        let of_functions = self
            .functions
            .iter()
            .map(|function| (path("/rpc/", function.name), routines::item(self, function)));
        of_tables.chain(of_functions)
    }

    /// The schemas by name.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (String, Schema)> {
        let error = (self.error.clone(), schemas::error());
        let of_tables = self
            .named_tables()
            .flat_map(|(table, names)| schemas::of_table(self.input, table, names));
        let of_functions = self.functions.iter().flat_map(routines::schemas);
        std::iter::once(error).chain(of_tables).chain(of_functions)
    }

    /// The answers by name.
    pub(super) fn responses(&self) -> impl Iterator<Item = (String, Response)> {
        let shared = bodies::shared_responses(&self.error).map(|(name, it)| (name.to_owned(), it));
        let of_tables = self.named_tables().map(|(table, names)| {
            let handlers = bodies::handlers(self.input.schema, &table.name);
            (bodies::rows_name(names), bodies::rows(names, &handlers))
        });
        shared.into_iter().chain(of_tables)
    }

    /// The parameters by name.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, Parameter)> {
        let shared = parameters::shared(&self.input.settings);
        let of_tables =
            self.named_tables().flat_map(|(table, names)| parameters::filters(table, &names.row));
        shared.into_iter().map(|(name, it)| (name.to_owned(), it)).chain(of_tables)
    }

    /// The headers of answers by name.
    pub(super) fn headers(&self) -> impl Iterator<Item = (String, Header)> {
        bodies::shared_headers().map(|(name, header)| (name.to_owned(), header)).into_iter()
    }

    /// The security scheme by name, if security is active.
    pub(super) fn security_schemes(&self) -> impl Iterator<Item = (String, SecurityScheme)> {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let scheme = (SECURITY.to_owned(), SecurityScheme::Http(bearer.build()));
        self.input.settings.security_active.then_some(scheme).into_iter()
    }

    /// What every operation asks for, if security is active.
    pub(super) fn security(&self) -> Option<[SecurityRequirement; 1]> {
        let requirement = SecurityRequirement::new(SECURITY, Vec::<String>::new());
        self.input.settings.security_active.then_some([requirement])
    }

    /// Where the API is, if that isn't where the document came from.
    pub(super) fn servers(&self) -> Option<[Server; 1]> {
        let settings = &self.input.settings;
        match settings.proxy {
            Some(proxy) => Some([Server::new(proxy.url())]),
            None if settings.base_path.is_empty() => None,
            None => Some([Server::new(settings.base_path)]),
        }
    }

    /// The title and description of the API.
    pub(super) fn info(&self) -> Info {
        let settings = &self.input.settings;
        let (title, description) = self
            .input
            .description
            .map_or_else(|| (settings.title.unwrap_or("REST API"), ""), text::split_comment);
        let guide = "A parameter with the name of a column is a condition: `eq.1`, `neq.1`, \
                     `gt.1`, `gte.1`, `lt.1`, `lte.1`, `like.A*`, `ilike.a*`, `in.(1,2)`, \
                     `is.null`, `fts.word`, `cs.{1,2}`, and `not.` before any of them.";
        let parts = [description, guide].into_iter().filter(|part| !part.is_empty());
        let mut info = Info::new(title, settings.version);
        info.description = Some(parts.collect::<Vec<_>>().join("\n\n"));
        info
    }

    /// A tag for each table, and one for the functions.
    pub(super) fn tags(&self) -> Vec<Tag> {
        let tag = |name: &str, description: Option<&str>| {
            TagBuilder::new().name(name).description(description).build()
        };
        let tables = self.input.tables.iter();
        let mut tags: Vec<_> =
            tables.map(|it| tag(&it.name.name, it.description.as_deref())).collect();
        if !self.functions.is_empty() && !self.tables.contains_key(RPC_TAG) {
            tags.push(tag(RPC_TAG, Some("Functions")));
        }
        tags
    }

    fn named_tables(&self) -> impl Iterator<Item = (&'a Table, &TableNames)> {
        self.input
            .tables
            .iter()
            .filter_map(|table| Some((*table, self.tables.get(&*table.name.name)?)))
    }
}

fn path(before: &str, name: &str) -> String {
    format!("{before}{}", utf8_percent_encode(name, PATH))
}
