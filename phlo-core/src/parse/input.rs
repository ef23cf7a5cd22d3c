//! A request as it came in, and the one function that reads all of it.
//!
//! Takes text and bytes, gives a request. Calls the productions in the order in which PostgREST
//! does, so that of several errors the same one is told.

use bytes::Bytes;

use crate::{
    error::{Code, Error, Result},
    parse::{
        accept::{accept, media_type},
        key,
        page::parse_span,
        payload::{Purpose, RowFormat, parse_payload},
        prefer::{TransactionOverride, preferences},
        query::{PlainValue, parse_query},
        target::{Deed, Target, parse_deed, parse_path, parse_schema},
    },
    request::{Action, Invocation, MediaType, Mutation, Output, Payload, Query, Request},
    schema::{Ident, QualifiedName},
};

/// A request as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path, still percent-encoded, without the query string.
    pub path: &'a str,
    /// The query string, still percent-encoded.
    pub query: &'a str,
    /// The headers in their order, by lower-case name.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a Bytes,
}

impl<'a> Input<'a> {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        debug_assert!(
            key::headers(self.method).contains(&name),
            "{name} is missing in the keys of requests"
        );
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| *value)
    }
}

/// What a server decides about the requests that it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The schemas that requests can choose from; the first one is used if they don't.
    pub schemas: Vec<Ident>,
    /// Whether requests may say how their transaction ends.
    pub transaction: TransactionOverride,
    /// What `/` is.
    pub root: Root,
    /// How much of a request is read before it is refused.
    pub limits: Limits,
}

/// What `/` is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// A document that describes the schema.
    #[default]
    Document,
    /// A function.
    Function(Ident),
    /// Nothing.
    Disabled,
}

/// How much of a request is read before it is refused with `PGRST129`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parameters of a query string.
    pub parameters: usize,
    /// Levels of embeds in `select`, of groups in `and` and `or`, and of a path into JSON.
    pub depth: usize,
    /// Items of one list: of `select` at one level, `order`, `in`, a group.
    pub list: usize,
    /// Fields of a form.
    pub form_fields: usize,
    /// How many times longer than a CSV body its JSON may be.
    pub csv_growth: usize,
}

impl Default for Limits {
    /// More than fits into a URL of 64 KiB, except that nesting ends at 32 levels.
    fn default() -> Self {
        Self { parameters: 1024, depth: 32, list: 32_768, form_fields: 65_536, csv_growth: 64 }
    }
}

/// What a request asks, and how its answer names the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What is asked.
    pub asked: Asked,
    /// Whether the schema was chosen from several, so that the answer is to name it in
    /// `Content-Profile`.
    pub schema_negotiated: bool,
}

/// What a request asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// To read, change or call something.
    Request(Box<Request>),
    /// A document that describes a schema.
    Document {
        /// The schema.
        schema: Ident,
        /// Whether a body is wanted.
        output: Output,
        /// Acceptable media types, the best first; never empty.
        accept: Vec<MediaType>,
    },
    /// Which methods a table has.
    DescribeTable(QualifiedName),
    /// Which methods a function has.
    DescribeFunction(QualifiedName),
    /// Which methods `/` has.
    DescribeRoot,
}

/// Reads a request.
///
/// Fails with the codes `PGRST1nn` that PostgREST has for requests that can't be read, and with
/// `PGRST129` beyond the limits.
///
/// ```
/// use bytes::Bytes;
/// use phlo_core::{parse::{self, Asked, Input, Options}, schema::Ident};
///
/// let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
/// let input = Input {
///     method: "GET",
///     path: "/films",
///     query: "select=title,director(name)&year=gte.1980&order=title",
///     headers: &[("prefer", "count=exact")],
///     body: &Bytes::new(),
/// };
/// let parsed = parse::request(&input, &options)?;
/// let Asked::Request(request) = parsed.asked else { panic!("not a request") };
/// assert_eq!(request.query.select.len(), 2);
/// # Ok::<(), phlo_core::Error>(())
/// ```
pub fn request(input: &Input<'_>, options: &Options) -> Result<Parsed> {
    read(input, options, Rows::Here)
}

/// Reads a request whose body comes later: one that adds the rows of a body that can be cut between
/// them, see [`RowReader`](crate::parse::RowReader). None if it isn't one.
///
/// The request has no payload.
///
/// # Errors
///
/// See [`request`].
pub fn request_without_rows(
    input: &Input<'_>,
    options: &Options,
) -> Result<Option<(Parsed, RowFormat)>> {
    let media_type = input.header("content-type").map(media_type);
    let Some(format) = media_type.as_ref().and_then(RowFormat::of) else { return Ok(None) };
    let target = parse_path(input.path, &options.root)?;
    let adds_rows = input.method == "POST" && matches!(target, Target::Table(_));
    if !adds_rows {
        return Ok(None);
    }
    Ok(Some((read(input, options, Rows::Later)?, format)))
}

/// Where the rows of a change are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// In the body.
    Here,
    /// In a body that is still to come.
    Later,
}

fn read(input: &Input<'_>, options: &Options, rows: Rows) -> Result<Parsed> {
    let target = parse_path(input.path, &options.root)?;
    let (schema, schema_negotiated) = parse_schema(input, &options.schemas)?;
    let asked = match (parse_deed(input.method, &target)?, target) {
        (Deed::Act(action), _) => {
            Asked::Request(Box::new(read_action(input, options, schema, action, rows)?))
        }
        (Deed::Document(output), _) => Asked::Document { schema, output, accept: accepted(input) },
        // DIFFERS: PostgREST reads the query string of these as well, and may find it wrong.
        (Deed::Describe, Target::Root) => Asked::DescribeRoot,
        (Deed::Describe, Target::Table(name)) => {
            Asked::DescribeTable(QualifiedName { schema, name })
        }
        (Deed::Describe, Target::Function(name)) => {
            Asked::DescribeFunction(QualifiedName { schema, name })
        }
    };
    Ok(Parsed { asked, schema_negotiated })
}

/// Reads a request to read a table or call a function: the shortest way for who has a path and a
/// query string, and no HTTP.
///
/// # Errors
///
/// See [`request`]; and a path that names nothing to read.
///
/// ```
/// use phlo_core::{parse, request::Action};
///
/// let request = parse::get("api", "/films", "select=title&year=gte.1980")?;
/// assert!(matches!(request.action, Action::Read { .. }));
/// # Ok::<(), phlo_core::Error>(())
/// ```
pub fn get(schema: &str, path: &str, query: &str) -> Result<Request> {
    let options = Options { schemas: vec![Ident::new(schema)], ..Options::default() };
    let input = Input { method: "GET", path, query, headers: &[], body: &Bytes::new() };
    if let Asked::Request(found) = request(&input, &options)?.asked {
        Ok(*found)
    } else {
        Err(Error::new(Code::Path, "The path names no table and no function")
            .with_hint("Name a table as '/films', a function as '/rpc/search'."))
    }
}

fn read_action(
    input: &Input<'_>,
    options: &Options,
    schema: Ident,
    action: Action,
    rows: Rows,
) -> Result<Request> {
    let plain = match action {
        Action::Call { invocation: Invocation::Read(_), .. } => PlainValue::Argument,
        Action::Call { .. } | Action::Read { .. } | Action::Mutate { .. } => PlainValue::Refused,
    };
    // RFC 9110: a Range header means something for GET alone.
    let range = if input.method == "GET" { input.header("range").map(parse_span) } else { None };
    let mut query = parse_query(input.query, plain, range, &options.limits)?;
    if let Action::Mutate { mutation: Mutation::Upsert, .. } = action
        && !query.root_range().is_all()
    {
        return Err(Error::new(
            Code::PutRange,
            "limit/offset querystring parameters are not allowed for PUT",
        ));
    }
    let payload = match rows {
        Rows::Here => read_payload(input, &action, &mut query, options)?,
        Rows::Later => None,
    };
    let prefer =
        input.headers.iter().filter(|(name, _)| *name == "prefer").map(|(_, value)| *value);
    Ok(Request {
        schema,
        action,
        query,
        payload,
        preferences: preferences(prefer, options.transaction),
        accept: accepted(input),
    })
}

fn read_payload(
    input: &Input<'_>,
    action: &Action,
    query: &mut Query,
    options: &Options,
) -> Result<Option<Payload>> {
    let (purpose, takes_columns) = match action {
        Action::Mutate { mutation: Mutation::Insert | Mutation::Update, .. } => {
            (Some(Purpose::Rows), true)
        }
        Action::Mutate { mutation: Mutation::Upsert, .. } => (Some(Purpose::Rows), false),
        Action::Call { invocation: Invocation::Write, .. } => (Some(Purpose::Arguments), true),
        Action::Call { invocation: Invocation::Read(_), .. }
        | Action::Mutate { mutation: Mutation::Delete, .. }
        | Action::Read { .. } => (None, false),
    };
    // Where `columns` means nothing it must follow the grammar all the same.
    if !takes_columns {
        query.columns = None;
    }
    let Some(purpose) = purpose else { return Ok(None) };
    let media_type = input.header("content-type").map_or(MediaType::Json, media_type);
    parse_payload(input.body, &media_type, purpose, query.columns.as_ref(), &options.limits)
        .map(Some)
}

fn accepted(input: &Input<'_>) -> Vec<MediaType> {
    input.header("accept").map_or_else(|| vec![MediaType::Any], accept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::JsonOrigin;
    use crate::request::{Count, Range};

    fn read(line: &str, headers: &[(&str, &str)], body: &'static str) -> Result<Parsed> {
        let (method, url) = line.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let body = Bytes::from_static(body.as_bytes());
        let options = Options { schemas: vec![Ident::new("api")], ..Options::default() };
        request(&Input { method, path, query, headers, body: &body }, &options)
    }

    fn asked(line: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
        let Asked::Request(request) = read(line, headers, body).unwrap().asked else {
            panic!("{line} is no request")
        };
        *request
    }

    fn failed(line: &str, headers: &[(&str, &str)], body: &'static str) -> String {
        let error = read(line, headers, body).unwrap_err();
        format!("{}: {error}", error.code())
    }

    #[test]
    fn a_read() {
        let headers = [
            ("accept", "text/csv"),
            ("prefer", "count=exact"),
            ("range", "0-4"),
            ("prefer", "blue"),
        ];
        let request = asked("GET /films?id=eq.1&columns=a&limit=10", &headers, "ignored");
        assert_eq!(request.schema, "api");
        let table = Ident::new("films");
        assert_eq!(request.action, Action::Read { table, output: Output::Full });
        assert_eq!(request.query.filters.len(), 1);
        assert_eq!(request.query.columns, None);
        assert_eq!(request.query.root_range(), Range { offset: 0, limit: Some(5) });
        assert_eq!(request.payload, None);
        assert_eq!(request.preferences.count, Some(Count::Exact));
        assert_eq!(request.preferences.invalid, ["blue"]);
        assert_eq!(request.accept, [MediaType::Csv]);
    }

    #[test]
    fn the_range_header_is_for_get_alone() {
        let headers = [("range", "5-9")];
        let range = Range { offset: 5, limit: Some(5) };
        for (line, expected) in [
            ("GET /t", range),
            ("GET /rpc/f", range),
            ("HEAD /t", Range::ALL),
            ("DELETE /t", Range::ALL),
            ("POST /rpc/f", Range::ALL),
        ] {
            assert_eq!(asked(line, &headers, "").query.root_range(), expected, "{line}");
        }
        let crossed = "PGRST103: Requested range not satisfiable";
        assert_eq!(failed("GET /t", &[("range", "1-0")], ""), crossed);
    }

    #[test]
    fn changes_and_calls_read_the_body() {
        let json = |raw: &'static str, keys: &[&str]| {
            let keys = keys.iter().map(|key| Ident::new(key)).collect();
            let raw = Bytes::from_static(raw.as_bytes());
            Some(Payload::Json { raw, keys, origin: JsonOrigin::Json })
        };
        for (line, body, expected) in [
            ("POST /t", "{\"a\":1}", json("{\"a\":1}", &["a"])),
            ("PATCH /t", "{\"a\":1}", json("{\"a\":1}", &["a"])),
            ("PUT /t?id=eq.1", "{\"a\":1}", json("{\"a\":1}", &["a"])),
            ("POST /t?columns=a,b", "x", json("x", &["a", "b"])),
            ("PATCH /t?columns=a", "x", json("x", &["a"])),
            ("PUT /t?columns=b", "{\"a\":1}", json("{\"a\":1}", &["a"])),
            ("POST /rpc/f?columns=a", "x", json("x", &["a"])),
            ("POST /rpc/f", "", json("{}", &[])),
            ("DELETE /t", "x", None),
            ("GET /rpc/f", "x", None),
        ] {
            assert_eq!(asked(line, &[], body).payload, expected, "{line}");
        }
    }

    #[test]
    fn arguments_are_for_functions_that_are_read() {
        let query = asked("GET /rpc/f?a=1&b=eq.2", &[], "").query;
        assert_eq!(query.arguments, [(Ident::new("a"), "1".to_owned())]);
        assert_eq!(query.filters.len(), 1);
        let code = |line| failed(line, &[], "{}").split(':').next().unwrap().to_owned();
        assert_eq!(code("POST /rpc/f?a=1"), "PGRST100");
        assert_eq!(code("GET /t?a=1"), "PGRST100");
    }

    #[test]
    fn a_put_has_no_range() {
        let expected = "PGRST114: limit/offset querystring parameters are not allowed for PUT";
        for line in ["PUT /t?limit=1", "PUT /t?limit=0", "PUT /t?offset=1"] {
            assert_eq!(failed(line, &[], "{}"), expected, "{line}");
        }
        assert!(read("PUT /t?r.limit=1&limit=x&offset=0", &[], "{}").is_ok());
    }

    #[test]
    fn what_is_no_request() {
        let named = |name| QualifiedName::new("api", name);
        for (line, expected) in [
            ("OPTIONS /", Asked::DescribeRoot),
            ("OPTIONS /t?x=y", Asked::DescribeTable(named("t"))),
            ("OPTIONS /rpc/f", Asked::DescribeFunction(named("f"))),
            (
                "GET /?x=y",
                Asked::Document {
                    schema: Ident::new("api"),
                    output: Output::Full,
                    accept: vec![MediaType::Any],
                },
            ),
        ] {
            assert_eq!(read(line, &[], "").unwrap().asked, expected, "{line}");
        }
    }

    #[test]
    fn the_first_error_is_that_of_the_path() {
        for (line, expected) in [
            ("X /a/b?x=y", "PGRST125: Invalid path specified in request URL"),
            ("X /a?x=y", "PGRST106: Invalid schema: none"),
        ] {
            assert_eq!(failed(line, &[("accept-profile", "none")], "x"), expected);
        }
        assert_eq!(failed("X /a?x=y", &[], "x"), "PGRST117: Unsupported HTTP method: X");
        assert!(failed("POST /a?x=y", &[], "x").starts_with("PGRST100"));
        assert!(failed("POST /a?limit=-1", &[], "x").starts_with("PGRST103"));
        assert!(failed("POST /a", &[], "x").starts_with("PGRST102"));
    }
}
