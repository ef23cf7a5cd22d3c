//! What requests and answers hold: bodies, their media types, and headers of answers.
//!
//! Takes names of schemas, gives bodies that refer to them. The ones that several operations share
//! are components.

use phlo_core::schema::{HandlerTarget, QualifiedName, Schema as Database};
use utoipa::openapi::{
    HeaderBuilder, Ref, RefOr, Required,
    content::Content,
    header::Header,
    request_body::{RequestBody, RequestBodyBuilder},
    response::{Response, ResponseBuilder, Responses, ResponsesBuilder},
    schema::{Array, KnownFormat, Object, OneOfBuilder, Schema, SchemaFormat, Type},
};

use crate::openapi::v3::{
    schemas,
    types::{JsonType, Null},
};

const JSON: &str = "application/json";
const ONE: &str = "application/vnd.pgrst.object+json";
const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

/// The names of the components of a table.
#[derive(Clone, Debug)]
pub(super) struct TableNames {
    /// A row as it is read.
    pub(super) row: String,
    /// A row as it is inserted.
    pub(super) insert: String,
    /// A row as it is updated.
    pub(super) update: String,
}

impl TableNames {
    /// What is appended to the name of a row.
    pub(super) const SUFFIXES: [&'static str; 3] = ["", "_insert", "_update"];

    /// The names that go with that of a row.
    pub(super) fn new(row: String) -> Self {
        Self { insert: format!("{row}_insert"), update: format!("{row}_update"), row }
    }
}

/// A reference to an answer of the document.
pub(super) fn response(name: &str) -> Ref {
    Ref::new(format!("#/components/responses/{name}"))
}

/// The name of the answer that holds rows.
pub(super) fn rows_name(names: &TableNames) -> String {
    format!("rows.{}", names.row)
}

/// Answers that all operations have: errors.
pub(super) fn with_errors() -> ResponsesBuilder {
    ResponsesBuilder::new()
        .response("4XX", response("error"))
        .response("default", response("error"))
}

/// Answers that hold rows, or a page of them.
pub(super) fn pages(of: &Ref) -> Responses {
    let mut part = of.clone();
    part.description = "Some of the rows that were counted".to_owned();
    with_errors().response("200", of.clone()).response("206", part).build()
}

/// The answers that all tables share, by name; the error is a schema of that name.
pub(super) fn shared_responses(error: &str) -> [(&'static str, Response); 3] {
    let content = Content::new(Some(schemas::reference(error)));
    let failed = ResponseBuilder::new().description("Why it failed").content(JSON, content);
    let counted = ResponseBuilder::new().description("How many rows there are");
    [
        ("error", failed.build()),
        ("counted", counted.header_ref("Content-Range", header("contentRange")).build()),
        ("empty", Response::new("Done")),
    ]
}

/// The headers that all answers share, by name.
pub(super) fn shared_headers() -> [(&'static str, Header); 2] {
    let describe = |text: &str| HeaderBuilder::new().description(Some(text)).build();
    [
        (
            "contentRange",
            describe("Which rows these are, and of how many: `0-24/3573` or `0-24/*`"),
        ),
        ("location", describe("Where the new row is, if it is one")),
    ]
}

/// An answer that holds rows of a table or function.
pub(super) fn rows(names: &TableNames, handlers: &[&str]) -> Response {
    with_rows(names, "Rows", handlers).build()
}

/// An answer that can hold new rows.
pub(super) fn created(names: &TableNames) -> Response {
    with_rows(names, "Created", &[]).header_ref("Location", header("location")).build()
}

fn with_rows(names: &TableNames, description: &str, handlers: &[&str]) -> ResponseBuilder {
    let row = schemas::reference(&names.row);
    let response = ResponseBuilder::new()
        .description(description)
        .header_ref("Content-Range", header("contentRange"))
        .content(JSON, Content::new(Some(Array::new(row.clone()))))
        .content(ONE, Content::new(Some(row)))
        .content(LINES, text())
        .content(CSV, text());
    with_handlers(response, handlers)
}

/// An answer that holds any other value.
pub(super) fn value(schema: impl Into<RefOr<Schema>>, handlers: &[&str]) -> Response {
    let content = Content::new(Some(schema));
    let response = ResponseBuilder::new().description("The result").content(JSON, content);
    with_handlers(response, handlers).build()
}

fn with_handlers(mut response: ResponseBuilder, handlers: &[&str]) -> ResponseBuilder {
    for media_type in handlers {
        response = response.content(*media_type, binary());
    }
    response
}

/// The media types that the user's own functions make of rows or of a function's result.
pub(super) fn handlers<'a>(database: &'a Database, of: &QualifiedName) -> Vec<&'a str> {
    let built_in = [JSON, ONE, LINES, CSV, "*/*"];
    [HandlerTarget::Relation(of.clone()), HandlerTarget::AnyElement]
        .iter()
        .flat_map(|target| database.media_handlers(target))
        .map(|handler| handler.resolved_media_type.as_str())
        .filter(|media_type| !built_in.contains(media_type))
        .collect()
}

/// The body that inserts one row or several.
pub(super) fn insert_body(names: &TableNames) -> RequestBody {
    let row = schemas::reference(&names.insert);
    let rows = OneOfBuilder::new().item(row.clone()).item(Array::new(row));
    RequestBodyBuilder::new()
        .content(JSON, Content::new(Some(rows)))
        .content(CSV, text())
        .content(LINES, text())
        .required(Some(Required::True))
        .build()
}

/// The body that holds one object of that schema.
pub(super) fn object_body(schema: impl Into<RefOr<Schema>>, required: Required) -> RequestBody {
    RequestBodyBuilder::new()
        .content(JSON, Content::new(Some(schema)))
        .required(Some(required))
        .build()
}

/// The body that is the argument of a function whose one parameter has no name.
pub(super) fn raw_body(type_name: &QualifiedName, required: Required) -> RequestBody {
    let body = RequestBodyBuilder::new().required(Some(required));
    let body = match type_name.name.as_str() {
        "bytea" => body.content("application/octet-stream", binary()),
        "text" => body.content("text/plain", text()),
        "xml" => body.content("text/xml", text()),
        _ => body.content(JSON, Content::new(Some(JsonType::Any(None).schema(Null::Allowed)))),
    };
    body.build()
}

fn text() -> Content {
    Content::new(Some(Object::with_type(Type::String)))
}

fn binary() -> Content {
    let mut schema = Object::with_type(Type::String);
    schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::Binary));
    Content::new(Some(schema))
}

fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}
