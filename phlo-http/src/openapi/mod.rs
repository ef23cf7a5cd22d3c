//! Describes a schema as an OpenAPI document: 2.0 as PostgREST writes it, and 3.1.
//!
//! Takes tables, functions and comments as values, and gives a document as a value. Both documents
//! are pure functions of their input: the same schema gives the same bytes. Doesn't know who asks,
//! which media type was accepted, or how a document travels.

mod access;
#[cfg(test)]
mod fixture;
mod lazy;
mod proxy;
mod swagger;
mod text;
mod v3;

use std::collections::BTreeMap;

use phlo_core::schema::{QualifiedName, Routine, Schema, Table};

pub use self::{
    access::Access,
    proxy::Proxy,
    swagger::{Swagger, swagger},
    v3::{Document, document},
};

/// What a document describes.
///
/// ```
/// use phlo_core::schema::Schema;
/// use phlo_http::openapi::{Document, Input, Settings, swagger};
///
/// let schema = Schema::default(); // As introspection finds it.
/// let settings = Settings { title: Some("Orders"), ..Settings::default() };
/// let input = Input::everything(&schema, "api", settings);
/// assert_eq!(swagger(&input)["swagger"], "2.0");
/// let text = serde_json::to_string(&Document::new(&input))?;
/// assert!(text.starts_with(r#"{"openapi":"3.1.0","info":{"title":"Orders""#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// Where the relationships of the tables are found.
    pub schema: &'a Schema,
    /// The tables and views to describe, all of one schema, sorted by name.
    pub tables: Vec<&'a Table>,
    /// The functions to describe, all of that schema, sorted by name; overloads side by side.
    pub routines: Vec<&'a Routine>,
    /// The comment of the schema: its first line is the title, the rest the description.
    pub description: Option<&'a str>,
    /// How the caller's search path prints the types of parameters, where that is known to differ
    /// from the labels in the schema.
    pub labels: Option<&'a BTreeMap<QualifiedName, String>>,
    /// What the server knows about itself.
    pub settings: Settings<'a>,
}

/// What a server tells about itself in a document.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The host that the server listens on, as configured: `!4` and the like mean all interfaces.
    pub host: &'a str,
    /// The port that it listens on.
    pub port: u16,
    /// Where clients find it, if that is behind a proxy.
    pub proxy: Option<&'a Proxy>,
    /// The path under which clients find it, if that is behind none; empty for the root.
    pub base_path: &'a str,
    /// Whether the document says that requests carry a token.
    pub security_active: bool,
    /// The version of the API: `16.2`.
    pub version: &'a str,
    /// The version of PostgREST's manual that 2.0 documents link to: `v16`.
    pub docs_version: &'a str,
    /// The title of 3.1 documents for a schema without a comment.
    pub title: Option<&'a str>,
    /// The schema that clients have to name in `Accept-Profile` and `Content-Profile`, if it isn't
    /// the one that they get unasked.
    pub profile: Option<&'a str>,
    /// The most rows of an answer.
    pub max_rows: Option<u64>,
}

impl Default for Settings<'_> {
    /// A server without configuration, of the version of PostgREST that phlo behaves like.
    fn default() -> Self {
        Self {
            host: "!4",
            port: 3000,
            proxy: None,
            base_path: "",
            security_active: false,
            version: "16.2",
            docs_version: "v16",
            title: None,
            profile: None,
            max_rows: None,
        }
    }
}

impl<'a> Input<'a> {
    /// Describes everything in a schema, whoever may use it (`openapi-mode = ignore-privileges`).
    pub fn everything(schema: &'a Schema, name: &str, settings: Settings<'a>) -> Self {
        Self {
            schema,
            tables: schema.tables().filter(|table| table.name.schema == name).collect(),
            routines: schema.all_routines().filter(|routine| routine.name.schema == name).collect(),
            description: schema.description(name),
            labels: None,
            settings,
        }
    }

    /// Describes what a role may use in a schema (`openapi-mode = follow-privileges`).
    pub fn accessible(
        schema: &'a Schema,
        name: &str,
        access: &'a Access,
        settings: Settings<'a>,
    ) -> Self {
        let everything = Self::everything(schema, name, settings);
        Self {
            tables: access.filter_tables(everything.tables),
            routines: access.filter_routines(everything.routines),
            description: access.description(),
            labels: Some(access.labels()),
            ..everything
        }
    }
}
