//! Requests whose SQL is known, as they stand in the files beside this one.
//!
//! Gives each as a plan against the library's schema. Knows neither what the SQL must be nor any
//! server that takes it.

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use phlo_core::{
    Result,
    parse::{self, Asked, Input, Options},
    plan::{self, Limits, Plan},
    request::Request,
    schema::{Ident, Schema},
};

/// What no URI can hold.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The topics, each with its requests.
pub(crate) const TOPICS: &[(&str, &str)] = &[
    ("read", include_str!("read.http")),
    ("filter", include_str!("filter.http")),
    ("order", include_str!("order.http")),
    ("embed", include_str!("embed.http")),
    ("spread", include_str!("spread.http")),
    ("aggregate", include_str!("aggregate.http")),
    ("insert", include_str!("insert.http")),
    ("update", include_str!("update.http")),
    ("delete", include_str!("delete.http")),
    ("call", include_str!("call.http")),
];

/// A request as it stands in a file.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// Everything but the title.
    pub(crate) text: &'a str,
    /// The method.
    pub(crate) method: &'a str,
    target: &'a str,
    headers: Vec<(String, &'a str)>,
    /// The body.
    pub(crate) body: &'a str,
}

/// The requests of a topic.
pub(crate) fn cases(topic: &str) -> impl Iterator<Item = Case<'_>> {
    topic.split("### ").skip(1).map(|block| {
        let (title, text) = block.split_once('\n').unwrap();
        let text = text.trim_end();
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        Case { title, text, method, target, headers, body }
    })
}

impl Case<'_> {
    /// The path and the query string as they are sent.
    pub(crate) fn encoded_target(&self) -> String {
        utf8_percent_encode(self.target, UNSAFE).to_string()
    }

    /// The request that it is.
    pub(crate) fn request(&self) -> Result<Request> {
        let target = self.encoded_target();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let input = Input {
            method: self.method,
            path,
            query,
            headers: &headers,
            body: &Bytes::copy_from_slice(self.body.as_bytes()),
        };
        let options = Options {
            schemas: vec![Ident::new("library"), Ident::new("archive")],
            ..Options::default()
        };
        if let Asked::Request(request) = parse::request(&input, &options)?.asked {
            Ok(*request)
        } else {
            panic!("{} is no request", self.title)
        }
    }

    /// What it means.
    pub(crate) fn plan(&self, schema: &Schema) -> Result<Plan> {
        plan::plan(schema, &self.request()?, &limits())
    }
}

/// The schema of the library that the tests with a database build.
pub(crate) fn schema() -> Schema {
    Schema::from_json(include_str!("../fixtures/library.json")).unwrap()
}

/// Everything is allowed.
pub(crate) fn limits() -> Limits {
    Limits {
        max_rows: Some(1000),
        aggregates: true,
        explain: true,
        extra_search_path: vec![Ident::new("tools")],
        ..Limits::default()
    }
}
