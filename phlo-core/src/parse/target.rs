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
