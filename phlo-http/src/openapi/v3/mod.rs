//! The OpenAPI 3.1 document, for people and for generators of clients.
//!
//! Takes an [`Input`], gives a document as a value of `utoipa` or as something to be written. Says
//! what a table or function takes and gives as exactly as JSON Schema can; names what the
//! database's names can't be in OpenAPI.

mod bodies;
mod context;
mod embeds;
mod names;
mod parameters;
mod routines;
mod schemas;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::openapi::{OpenApi, OpenApiBuilder, OpenApiVersion, Paths, schema::Components};

use crate::openapi::{Input, lazy::Entries, v3::context::Context};

/// Describes an API as OpenAPI 3.1, as a value to be merged with other documents.
///
/// To write a document, [`Document`] needs a small part of the memory.
pub fn document(input: &Input<'_>) -> OpenApi {
    let context = Context::new(input);
    let mut paths = Paths::new();
    paths.paths.extend(context.paths());
    let mut components = Components::new();
    components.schemas.extend(context.schemas().map(|(name, it)| (name, it.into())));
    components.responses.extend(context.responses().map(|(name, it)| (name, it.into())));
    components.parameters.extend(context.parameters().map(|(name, it)| (name, it.into())));
    components.headers.extend(context.headers().map(|(name, it)| (name, it.into())));
    components
        .security_schemes
        .extend(context.security_schemes().map(|(name, it)| (name, it.into())));
    OpenApiBuilder::new()
        .info(context.info())
        .servers(context.servers())
        .paths(paths)
        .components(Some(components))
        .security(context.security())
        .tags(Some(context.tags()))
        .build()
}

/// An OpenAPI 3.1 document to be written: the same as [`document`] gives, made while it is written.
pub struct Document<'a>(Context<'a>);

impl<'a> Document<'a> {
    /// Describes an API.
    pub fn new(input: &'a Input<'a>) -> Self {
        Self(Context::new(input))
    }
}

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(self.0.input).finish()
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(context) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("openapi", &OpenApiVersion::default())?;
        map.serialize_entry("info", &context.info())?;
        if let Some(servers) = context.servers() {
            map.serialize_entry("servers", &servers)?;
        }
        map.serialize_entry("paths", &Entries(|| context.paths()))?;
        map.serialize_entry("components", &LazyComponents(context))?;
        if let Some(security) = context.security() {
            map.serialize_entry("security", &security)?;
        }
        map.serialize_entry("tags", &context.tags())?;
        map.end()
    }
}

struct LazyComponents<'a>(&'a Context<'a>);

impl Serialize for LazyComponents<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(context) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &Entries(|| context.schemas()))?;
        map.serialize_entry("responses", &Entries(|| context.responses()))?;
        map.serialize_entry("parameters", &Entries(|| context.parameters()))?;
        map.serialize_entry("headers", &Entries(|| context.headers()))?;
        if context.input.settings.security_active {
            map.serialize_entry("securitySchemes", &Entries(|| context.security_schemes()))?;
        }
        map.end()
    }
}
