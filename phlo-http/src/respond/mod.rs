//! Outcomes as responses: status, headers and body. Takes what was asked, planned and found; never
//! touches the database.

mod headers;
mod pieces;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use phlo_core::{
    Code, Error, Result,
    exec::Outcome,
    plan::{ActionPlan, LegacyTarget, MutationKind, Plan},
    request::{
        Action, Invocation, MediaType, Mutation, Output, Range, Representation, Request, Resolution,
    },
    schema::{Routine, Table, Volatility},
};

pub use self::{headers::preference_applied, pieces::respond_in_pieces};
use crate::{body::Body, config::Verbosity, error::Failure};

/// A response before it is HTTP.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The reason phrase of HTTP/1, if it isn't the usual one.
    pub reason: Option<String>,
    /// The headers, in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Body,
}

impl Reply {
    /// An empty reply.
    pub fn new(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header; one whose value can't be sent is left out.
    pub fn add(&mut self, name: HeaderName, value: impl AsRef<[u8]>) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
            self.headers.push((name, value));
        }
    }

    /// Whether it has a header.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(own, _)| own == name)
    }

    fn with_body(mut self, body: Bytes) -> Self {
        self.add(header::CONTENT_LENGTH, body.len().to_string());
        self.body = body.into();
        self
    }
}

/// What a response needs to know of the request besides the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The path under which clients find the API; empty for the root.
    pub base_path: &'a str,
    /// The query string in its canonical form; empty if there is none.
    pub canonical_query: &'a str,
    /// Whether the schema was chosen among several.
    pub schema_negotiated: bool,
    /// How much of an error clients are told.
    pub verbosity: Verbosity,
}

/// The response to what was done.
///
/// # Errors
///
/// A function has set `response.headers` or `response.status` to something that makes no response.
pub fn respond(
    context: &Context<'_>,
    request: &Request,
    plan: &Plan,
    outcome: Outcome,
) -> Result<Reply> {
    let headers = outcome.response_headers.as_deref().map(headers::parse).transpose()?;
    let status = outcome.response_status.as_deref().map(headers::parse_status).transpose()?;
    let mut reply = if plan.explain.is_some() {
        let mut reply = Reply::new(StatusCode::OK).with_body(outcome.body);
        content_type(&mut reply, context, request, &plan.media);
        reply
    } else {
        match &request.action {
            Action::Read { output, .. } => read(context, request, plan, outcome, *output),
            Action::Mutate { mutation, .. } => mutated(context, request, plan, outcome, *mutation),
            Action::Call { invocation, .. } => called(context, request, plan, outcome, *invocation),
        }
    };
    finish(&mut reply, plan, status, headers);
    Ok(reply)
}

/// What functions have set stands in the place of phlo's own; warnings come last.
fn finish(
    reply: &mut Reply,
    plan: &Plan,
    status: Option<StatusCode>,
    headers: Option<Vec<(HeaderName, HeaderValue)>>,
) {
    if let Some(status) = status {
        reply.status = status;
    }
    if let Some(headers) = headers {
        reply.headers.retain(|(name, _)| !headers.iter().any(|(own, _)| own == name));
        reply.headers.extend(headers);
    }
    warn_of_legacy_targets(reply, &plan.legacy_targets);
}

fn read(
    context: &Context<'_>,
    request: &Request,
    plan: &Plan,
    outcome: Outcome,
    output: Output,
) -> Reply {
    let range = plan.action.read().range;
    let (status, content_range) = page(request_range(request), &outcome);
    let body = if status == StatusCode::RANGE_NOT_SATISFIABLE {
        beyond_the_end(context, range, outcome.total)
    } else {
        outcome.body
    };
    let mut reply = Reply::new(status);
    reply.add(header::CONTENT_RANGE, content_range);
    content_location(&mut reply, context, request);
    if output == Output::Full {
        reply = reply.with_body(body);
    }
    content_type(&mut reply, context, request, &plan.media);
    preferences(&mut reply, plan);
    reply
}

fn called(
    context: &Context<'_>,
    request: &Request,
    plan: &Plan,
    outcome: Outcome,
    invocation: Invocation,
) -> Reply {
    let (status, content_range) = page(request_range(request), &outcome);
    let is_void = matches!(&plan.action, ActionPlan::Call(call, _) if call.void);
    let mut reply = Reply::new(if is_void { StatusCode::NO_CONTENT } else { status });
    reply.add(header::CONTENT_RANGE, content_range);
    preferences(&mut reply, plan);
    if is_void {
        return reply;
    }
    let body = if status == StatusCode::RANGE_NOT_SATISFIABLE {
        beyond_the_end(context, plan.action.read().range, outcome.total)
    } else {
        outcome.body
    };
    if invocation != Invocation::Read(Output::HeadersOnly) {
        reply = reply.with_body(body);
    }
    content_type(&mut reply, context, request, &plan.media);
    reply
}

fn mutated(
    context: &Context<'_>,
    request: &Request,
    plan: &Plan,
    outcome: Outcome,
    mutation: Mutation,
) -> Reply {
    let shown = request.preferences.representation == Some(Representation::Full);
    let counted = request.preferences.count.is_some().then_some(outcome.rows);
    let inserted = outcome.inserted.unwrap_or(0) > 0;
    let status = match mutation {
        Mutation::Insert => {
            // Where rows were merged and none of them is new, nothing was created.
            if merges(plan) && !inserted { StatusCode::OK } else { StatusCode::CREATED }
        }
        Mutation::Upsert if shown && inserted => StatusCode::CREATED,
        Mutation::Upsert | Mutation::Update | Mutation::Delete if shown => StatusCode::OK,
        Mutation::Upsert | Mutation::Update | Mutation::Delete => StatusCode::NO_CONTENT,
    };
    let mut reply = Reply::new(status);
    match mutation {
        Mutation::Insert => {
            if outcome.rows == 1 && !outcome.location.is_empty() {
                let place = location(request, &outcome.location);
                reply.add(header::LOCATION, format!("{}{place}", context.base_path));
            }
            reply.add(header::CONTENT_RANGE, content_range(None, counted));
        }
        Mutation::Update => {
            let last = outcome.rows.checked_sub(1);
            reply.add(header::CONTENT_RANGE, content_range(last.map(|last| (0, last)), counted));
        }
        Mutation::Delete => reply.add(header::CONTENT_RANGE, content_range(None, counted)),
        Mutation::Upsert => {}
    }
    preferences(&mut reply, plan);
    if shown {
        reply = reply.with_body(outcome.body);
        content_type(&mut reply, context, request, &plan.media);
    } else if mutation == Mutation::Insert {
        reply = reply.with_body(Bytes::new());
    }
    reply
}

/// Whether existing rows may have been updated, so that inserted ones were counted.
fn merges(plan: &Plan) -> bool {
    if let ActionPlan::Mutate(mutation, _) = &plan.action
        && let MutationKind::Insert { conflict: Some(conflict), .. } = &mutation.kind
    {
        conflict.resolution == Resolution::MergeDuplicates
    } else {
        false
    }
}

/// The page that was asked for, before the server's own limit.
fn request_range(request: &Request) -> Range {
    request.query.root_range()
}

/// Status and `Content-Range` of a page.
fn page(range: Range, outcome: &Outcome) -> (StatusCode, String) {
    let end = range.offset.saturating_add(outcome.rows);
    let status = match outcome.total {
        None => StatusCode::OK,
        Some(total) if range.offset > total => StatusCode::RANGE_NOT_SATISFIABLE,
        Some(total) if outcome.rows < total => StatusCode::PARTIAL_CONTENT,
        Some(_) => StatusCode::OK,
    };
    let rows = (end > range.offset).then(|| (range.offset, end - 1));
    (status, content_range(rows, outcome.total))
}

fn content_range(rows: Option<(u64, u64)>, total: Option<u64>) -> String {
    let rows = match rows {
        Some((first, last)) if total != Some(0) => format!("{first}-{last}"),
        Some(_) | None => "*".to_owned(),
    };
    match total {
        Some(total) => format!("{rows}/{total}"),
        None => format!("{rows}/*"),
    }
}

fn beyond_the_end(context: &Context<'_>, range: Range, total: Option<u64>) -> Bytes {
    let error = Error::new(Code::Range, "Requested range not satisfiable").with_details(format!(
        "An offset of {} was requested, but there are only {} rows.",
        range.offset,
        total.unwrap_or(0)
    ));
    Bytes::from(Failure::new(&error, true).body(context.verbosity))
}

fn content_location(reply: &mut Reply, context: &Context<'_>, request: &Request) {
    if let Action::Read { table, .. } = &request.action {
        let mut place = format!("{}/{table}", context.base_path);
        if !context.canonical_query.is_empty() {
            place.push('?');
            place.push_str(context.canonical_query);
        }
        reply.add(header::CONTENT_LOCATION, place);
    }
}

fn content_type(reply: &mut Reply, context: &Context<'_>, request: &Request, media: &MediaType) {
    reply.add(header::CONTENT_TYPE, media_header(media));
    if context.schema_negotiated {
        reply.add(HeaderName::from_static("content-profile"), request.schema.as_str());
    }
}

/// A media type as it is sent.
pub fn media_header(media: &MediaType) -> String {
    if media.has_charset() { format!("{media}; charset=utf-8") } else { media.to_string() }
}

fn preferences(reply: &mut Reply, plan: &Plan) {
    if let Some(applied) = preference_applied(&plan.applied) {
        reply.add(HeaderName::from_static("preference-applied"), applied);
    }
}

/// What stands for itself in the value of a query parameter.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn location(request: &Request, key: &[(String, Option<String>)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let Action::Mutate { table, .. } = &request.action else {
        return String::new();
    };
    let pairs: Vec<_> = key
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{}={}", encode(name), encode(&format!("eq.{value}"))),
            None => format!("{}={}", encode(name), encode("is.null")),
        })
        .collect();
    format!("/{table}?{}", pairs.join("&"))
}

/// What can be done with a table, from the schema alone: not what the caller may do.
pub fn allowed_on_table(table: &Table) -> String {
    let mut methods = String::from("OPTIONS,GET,HEAD");
    let mut allow = |condition: bool, method: &str| {
        if condition {
            methods.push(',');
            methods.push_str(method);
        }
    };
    allow(table.insertable, "POST");
    allow(table.insertable && table.updatable && !table.primary_key.is_empty(), "PUT");
    allow(table.updatable, "PATCH");
    allow(table.deletable, "DELETE");
    methods
}

/// What can be done with a function.
pub fn allowed_on_routine(routine: &Routine) -> &'static str {
    match routine.volatility {
        Volatility::Volatile => "OPTIONS,POST",
        Volatility::Stable | Volatility::Immutable => "OPTIONS,GET,HEAD,POST",
    }
}

/// What can be done with the root.
pub const ALLOWED_ON_ROOT: &str = "OPTIONS,GET,HEAD";

/// The answer to `OPTIONS`.
pub fn describe(allowed: &str) -> Reply {
    let mut reply = Reply::new(StatusCode::OK).with_body(Bytes::new());
    reply.add(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    reply.add(header::ALLOW, allowed);
    reply
}

/// Warns of embeds that were named by their table although they have an alias.
fn warn_of_legacy_targets(reply: &mut Reply, targets: &[LegacyTarget]) {
    if targets.is_empty() {
        return;
    }
    let changes: Vec<_> = targets
        .iter()
        .map(|target| format!("`{}` to `{}`", target.relation, target.alias))
        .collect();
    let text = format!(
        "299 PostgRESTv{} \"Embedded resource was referenced by relation name even though it has an \
         alias. This is deprecated and will stop working in a future release. Update {} in query \
         string filters, orders or limits.\"",
        crate::POSTGREST_VERSION,
        changes.join(", ")
    );
    reply.add(header::WARNING, text);
}

/// A failure as a reply.
pub fn fail(failure: &Failure, verbosity: Verbosity) -> Reply {
    let mut reply = Reply::new(failure.status).with_body(Bytes::from(failure.body(verbosity)));
    reply.reason.clone_from(&failure.reason);
    reply.add(header::CONTENT_TYPE, "application/json; charset=utf-8");
    reply
        .add(HeaderName::from_static("proxy-status"), format!("PostgREST; error={}", failure.code));
    reply.headers.extend(failure.headers.iter().cloned());
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_their_status_and_range() {
        let outcome = |rows, total| Outcome { rows, total, ..Outcome::default() };
        let check = |offset, rows, total, status: u16, range: &str| {
            let (found, header) = page(Range { offset, limit: None }, &outcome(rows, total));
            assert_eq!((found.as_u16(), header.as_str()), (status, range));
        };
        check(0, 15, None, 200, "0-14/*");
        check(0, 0, None, 200, "*/*");
        check(0, 2, Some(5), 206, "0-1/5");
        check(5, 0, Some(5), 206, "*/5");
        check(6, 0, Some(5), 416, "*/5");
        check(0, 0, Some(0), 200, "*/0");
        check(0, 5, Some(5), 200, "0-4/5");
    }
}
