//! The request line and the profile headers: which resource of which schema, and what to do to it.
//!
//! Takes a method, a path and headers; gives a target and an action. Whether the resource exists
//! is not its business.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{
    error::{Code, Error, Result},
    parse::{Input, Root},
    request::{Action, Invocation, Mutation, Output},
    schema::Ident,
};

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/`
    Root,
    /// `/name`
    Table(Ident),
    /// `/rpc/name`
    Function(Ident),
}

/// What is to be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// To read, change or call it.
    Act(Action),
    /// To describe the schema.
    Document(Output),
    /// To say which methods it has.
    Describe,
}

/// Reads a path, still percent-encoded.
pub(super) fn parse_path(path: &str, root: &Root) -> Result<Target> {
    let wrong = || Error::new(Code::Path, "Invalid path specified in request URL");
    let name = |segment: &str| Ident::new(&decode(segment));
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let first = segments.next().unwrap_or_default();
    match (first, segments.next(), segments.next()) {
        ("", None, _) => match root {
            Root::Disabled => {
                Err(Error::new(Code::RootDisabled, "Root endpoint metadata is disabled"))
            }
            Root::Function(function) => Ok(Target::Function(function.clone())),
            Root::Document => Ok(Target::Root),
        },
        (table, None, _) => Ok(Target::Table(name(table))),
        (prefix, Some(function), None) if decode(prefix) == "rpc" => {
            Ok(Target::Function(name(function)))
        }
        _ => Err(wrong()),
    }
}

fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// Chooses a schema by `Content-Profile` for changes and calls, by `Accept-Profile` otherwise;
/// says whether the answer is to name it.
pub(super) fn parse_schema(input: &Input<'_>, schemas: &[Ident]) -> Result<(Ident, bool)> {
    let header = match input.method {
        "POST" | "PUT" | "PATCH" | "DELETE" => "content-profile",
        _ => "accept-profile",
    };
    let profile = input.header(header);
    let found = match profile {
        Some(profile) => schemas.iter().find(|schema| schema.as_str() == profile),
        None => schemas.first(),
    };
    match found {
        Some(schema) => Ok((schema.clone(), profile.is_some() || schemas.len() > 1)),
        None => {
            let names: Vec<_> = schemas.iter().map(Ident::as_str).collect();
            let message = format!("Invalid schema: {}", profile.unwrap_or_default());
            Err(Error::new(Code::UnknownSchema, message)
                .with_hint(format!("Only the following schemas are exposed: {}", names.join(", "))))
        }
    }
}

/// What a method does to a target.
pub(super) fn parse_deed(method: &str, target: &Target) -> Result<Deed> {
    let output = match method {
        "OPTIONS" => return Ok(Deed::Describe),
        "HEAD" => Some(Output::HeadersOnly),
        "GET" => Some(Output::Full),
        _ => None,
    };
    match target {
        Target::Root => output.map(Deed::Document).ok_or_else(|| unsupported(method)),
        Target::Function(function) => {
            let invocation = match (output, method) {
                (Some(output), _) => Invocation::Read(output),
                (None, "POST") => Invocation::Write,
                (None, _) => {
                    let message = format!("Cannot use the {method} method on RPC");
                    return Err(Error::new(Code::FunctionMethod, message));
                }
            };
            Ok(Deed::Act(Action::Call { function: function.clone(), invocation }))
        }
        Target::Table(table) => {
            let table = table.clone();
            let mutation = match (output, method) {
                (Some(output), _) => return Ok(Deed::Act(Action::Read { table, output })),
                (None, "POST") => Mutation::Insert,
                (None, "PUT") => Mutation::Upsert,
                (None, "PATCH") => Mutation::Update,
                (None, "DELETE") => Mutation::Delete,
                (None, _) => return Err(unsupported(method)),
            };
            Ok(Deed::Act(Action::Mutate { table, mutation }))
        }
    }
}

fn unsupported(method: &str) -> Error {
    Error::new(Code::Method, format!("Unsupported HTTP method: {method}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str, root: &Root) -> String {
        match parse_path(path, root) {
            Ok(Target::Root) => "root".to_owned(),
            Ok(Target::Table(name)) => format!("table {name}"),
            Ok(Target::Function(name)) => format!("function {name}"),
            Err(error) => format!("{}: {error}", error.code()),
        }
    }

    #[test]
    fn paths() {
        const WRONG: &str = "PGRST125: Invalid path specified in request URL";
        for (text, expected) in [
            ("/", "root"),
            ("", "root"),
            ("/items", "table items"),
            ("items", "table items"),
            ("/rpc", "table rpc"),
            ("/rpc/f", "function f"),
            ("/Escap3e;", "table Escap3e;"),
            ("/caf%C3%A9%20+", "table café +"),
            ("/a%2Fb", "table a/b"),
            ("/a%00b", "table a"),
            ("/%FF", "table \u{fffd}"),
            ("/items/", WRONG),
            ("//", WRONG),
            ("/items/1", WRONG),
            ("/rpc/f/", WRONG),
            ("/invalid/nested/paths", WRONG),
        ] {
            assert_eq!(path(text, &Root::Document), expected, "{text}");
        }
        assert_eq!(path("/", &Root::Function(Ident::new("root"))), "function root");
        assert_eq!(path("/", &Root::Disabled), "PGRST126: Root endpoint metadata is disabled");
        assert_eq!(path("/items", &Root::Disabled), "table items");
    }

    #[test]
    fn methods() {
        for (method, target, expected) in [
            ("GET", "/t", r#"Act(Read { table: "t", output: Full })"#),
            ("HEAD", "/t", r#"Act(Read { table: "t", output: HeadersOnly })"#),
            ("POST", "/t", r#"Act(Mutate { table: "t", mutation: Insert })"#),
            ("PUT", "/t", r#"Act(Mutate { table: "t", mutation: Upsert })"#),
            ("PATCH", "/t", r#"Act(Mutate { table: "t", mutation: Update })"#),
            ("DELETE", "/t", r#"Act(Mutate { table: "t", mutation: Delete })"#),
            ("OPTIONS", "/t", "Describe"),
            ("TRACE", "/t", "PGRST117: Unsupported HTTP method: TRACE"),
            ("get", "/t", "PGRST117: Unsupported HTTP method: get"),
            ("GET", "/rpc/f", r#"Act(Call { function: "f", invocation: Read(Full) })"#),
            ("HEAD", "/rpc/f", r#"Act(Call { function: "f", invocation: Read(HeadersOnly) })"#),
            ("POST", "/rpc/f", r#"Act(Call { function: "f", invocation: Write })"#),
            ("OPTIONS", "/rpc/f", "Describe"),
            ("DELETE", "/rpc/f", "PGRST101: Cannot use the DELETE method on RPC"),
            ("GET", "/", "Document(Full)"),
            ("HEAD", "/", "Document(HeadersOnly)"),
            ("OPTIONS", "/", "Describe"),
            ("POST", "/", "PGRST117: Unsupported HTTP method: POST"),
        ] {
            let target = parse_path(target, &Root::Document).unwrap();
            let got = match parse_deed(method, &target) {
                Ok(deed) => format!("{deed:?}"),
                Err(error) => format!("{}: {error}", error.code()),
            };
            assert_eq!(got, expected, "{method} {target:?}");
        }
    }

    #[test]
    fn profiles() {
        let body = bytes::Bytes::new();
        let two = [Ident::new("v1"), Ident::new("v \"2\"")];
        let one = &two[..1];
        let unknown = "PGRST106: Invalid schema: x";
        for (schemas, method, header, profile, expected) in [
            (one, "GET", "x", "", "v1 false"),
            (one, "GET", "accept-profile", "v1", "v1 true"),
            (&two, "GET", "x", "", "v1 true"),
            (&two, "GET", "accept-profile", "v \"2\"", "v \"2\" true"),
            (&two, "HEAD", "content-profile", "v \"2\"", "v1 true"),
            (&two, "POST", "content-profile", "v \"2\"", "v \"2\" true"),
            (&two, "PATCH", "accept-profile", "v \"2\"", "v1 true"),
            (&two, "GET", "accept-profile", "x", unknown),
            (&two, "DELETE", "content-profile", "x", unknown),
        ] {
            let headers = [(header, profile)];
            let input = Input { method, path: "/", query: "", headers: &headers, body: &body };
            let got = match parse_schema(&input, schemas) {
                Ok((schema, negotiated)) => format!("{schema} {negotiated}"),
                Err(error) => {
                    let hint = "Only the following schemas are exposed: v1, v \"2\"";
                    assert_eq!(error.hint(), Some(hint));
                    format!("{}: {error}", error.code())
                }
            };
            assert_eq!(got, expected, "{method} {header} {profile}");
        }
    }
}
