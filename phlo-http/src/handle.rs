//! The way of one request: who asks, what, and the reply. The only caller of the engine, but for
//! rows that come in batches.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, Version as HttpVersion, header, request::Parts};
use phlo_core::{
    Code, Error, Result,
    engine::{self, Answering, Prepared},
    exec::Executor,
    parse::{self, Asked, Input},
    plan::{self, Access},
    request::{Action, Caller, Invocation, MediaType, Output, Request},
    schema::{Ident, QualifiedName, Schema},
};

use crate::{
    auth::{self, Identity},
    config::OpenApiMode,
    error::Failure,
    extract::Extracted,
    insert::{self, About, Inserted},
    login,
    notes::{Notes, lap, statements},
    observe, openapi,
    respond::{self, Reply},
    state::{Live, PreparedRequest, State},
    timing::Timing,
    upload::Incoming,
};

/// A reply, and what is known about its request besides.
#[derive(Debug)]
pub struct Handled {
    /// The reply.
    pub reply: Reply,
    /// The role that it ran as, once that was known.
    pub role: Option<String>,
    /// What took how long.
    pub timing: Timing,
    /// The code of the error that it was answered with.
    pub code: Option<String>,
    /// The statements that were run for it, if they are to be logged.
    pub queries: Vec<String>,
}

/// Answers a request whose body has been read, or has begun.
pub async fn handle(state: &State, live: &Live, parts: &Parts, body: Incoming) -> Handled {
    let mut notes = Notes::default();
    let started = Instant::now();
    let authorization = parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let identity = match parts.extensions.get::<Arc<Identity>>() {
        // Only the program that this service is a part of can have put it there.
        Some(identity) => Ok(Arc::clone(identity)),
        None => live.authenticator.authenticate(authorization, auth::unix_now()),
    };
    notes.timing.jwt = started.elapsed();
    let (role, answered) = match identity {
        Err(error) => (None, Err((error, false))),
        Ok(identity) => {
            let answered = answer(state, live, parts, body, &identity, &mut notes).await;
            (Some(identity.role.clone()), answered.map_err(|error| (error, !identity.anonymous)))
        }
    };
    let (reply, code) = match answered {
        Ok(reply) => (reply, None),
        Err((error, authenticated)) => {
            let failure = Failure::new(&error, authenticated);
            observe::failure(&live.config, &error, &failure, state.timeouts());
            if error.is_connection() {
                // Whoever answers from now on may have another schema, or none.
                state.reload().schema();
            }
            let reply = respond::fail(&failure, live.config.client_error_verbosity);
            (reply, Some(failure.code))
        }
    };
    Handled { reply, role, timing: notes.timing, code, queries: notes.queries }
}

async fn answer(
    state: &State,
    live: &Live,
    parts: &Parts,
    body: Incoming,
    identity: &Arc<Identity>,
    notes: &mut Notes,
) -> Result<Reply> {
    let schema = state.schema().ok_or_else(no_schema)?;
    let body = match body {
        Incoming::Whole(body) => body?,
        Incoming::Begun(upload) => {
            let extracted = Extracted::new(parts);
            let caller = extracted.caller(parts.method.as_str(), identity);
            let headers = extracted.headers();
            let input = input(parts, &extracted, &headers, &NO_BODY);
            let about = About { state, live, schema: &schema, input: &input, parts };
            match Box::pin(insert::insert(about, caller, upload, notes)).await? {
                Inserted::Reply(reply) => return Ok(*reply),
                Inserted::Not(upload) => upload.whole().await?,
            }
        }
    };
    if login::is_login(live, &parts.method, parts.uri.path()) {
        return Box::pin(login::login(state, live, &body)).await;
    }
    let mut clock = Instant::now();
    let extracted = Extracted::new(parts);
    let caller = || extracted.caller(parts.method.as_str(), identity);
    if let Some(running) = state
        .extensions()
        .call(parts, &body, || Caller { claims: identity.claims.clone(), ..caller() })
    {
        let result = running?.await?;
        let mut reply = Reply::new(StatusCode::OK);
        reply.add(header::CONTENT_TYPE, "application/json; charset=utf-8");
        reply.add(header::CONTENT_LENGTH, result.len().to_string());
        reply.body = result.into();
        return Ok(reply);
    }
    let headers = extracted.headers();
    let input = input(parts, &extracted, &headers, &body);
    // A hook may make something else of each request.
    let key = if state.extensions().sees_requests() { None } else { input.key() };
    if let Some(asked) = key.as_deref().and_then(|key| live.plans.find(key, &schema, &body)) {
        notes.timing.parse = lap(&mut clock);
        return run(state, live, parts.version, &asked, &caller(), notes).await;
    }
    let parsed = parse::request(&input, &live.parse)?;
    notes.timing.parse = lap(&mut clock);
    match parsed.asked {
        Asked::Request(mut request) => {
            let mut caller = caller();
            state.extensions().prepare(&mut request, &mut caller)?;
            let plan = plan::plan(&schema, &request, &live.settings.limits)?;
            if live.settings.limits.legacy_target_names {
                observe::legacy_targets(&live.config, parts, &plan.legacy_targets);
            }
            let canonical_query = match &request.action {
                Action::Read { .. } => parse::canonical_query(extracted.query),
                Action::Mutate { .. } | Action::Call { .. } => String::new(),
            };
            let prepared = Prepared::new(*request, plan);
            notes.timing.plan = lap(&mut clock);
            let negotiated = parsed.schema_negotiated;
            let asked = PreparedRequest::new(prepared, canonical_query, negotiated, &schema);
            // Each use of a legacy name is logged, as it is planned.
            if let Some(key) = key.filter(|_| asked.prepared.plan().legacy_targets.is_empty()) {
                live.plans.keep(&key, &asked);
            }
            run(state, live, parts.version, &asked, &caller, notes).await
        }
        Asked::Document { schema: name, output, accept } => {
            let extended = state.extensions().describe(&schema, &name);
            let schema = extended.as_ref().unwrap_or(&schema);
            let document = Document { state, live, schema, name: &name };
            let caller = caller();
            let reply = Box::pin(document.reply(&caller, output, &accept, notes));
            let mut reply = reply.await?;
            if parsed.schema_negotiated {
                reply.add(http::HeaderName::from_static("content-profile"), name.as_str());
            }
            Ok(reply)
        }
        Asked::DescribeTable(name) => {
            let table = schema.table(&name).ok_or_else(|| plan::unknown_table(&schema, &name))?;
            Ok(respond::describe(&respond::allowed_on_table(table)))
        }
        Asked::DescribeFunction(name) => describe_function(&schema, live, name),
        Asked::DescribeRoot => Ok(respond::describe(respond::ALLOWED_ON_ROOT)),
    }
}

/// Runs what was asked for, and replies.
async fn run(
    state: &State,
    live: &Live,
    version: HttpVersion,
    asked: &PreparedRequest,
    caller: &Caller,
    notes: &mut Notes,
) -> Result<Reply> {
    let mut clock = Instant::now();
    let prepared = &asked.prepared;
    if live.config.log_query {
        notes.queries = statements(&prepared.transaction(&live.settings, caller));
    }
    let (pool, settings) = (state.pool(), &live.settings);
    let answering = if version < HttpVersion::HTTP_11 {
        // A client of HTTP/1.0 takes the end of the connection for the end of the body, so that it
        // could not tell that a body in pieces isn't complete.
        prepared.run(pool, settings, caller).await.map(Answering::Whole)
    } else {
        prepared.open(pool, settings, caller).await
    };
    notes.timing.transaction = lap(&mut clock);
    let context = respond::Context {
        base_path: state.base_path(),
        canonical_query: &asked.canonical_query,
        schema_negotiated: asked.schema_negotiated,
        verbosity: live.config.client_error_verbosity,
    };
    let (request, plan) = (prepared.request(), prepared.plan());
    let reply = match answering? {
        Answering::Whole(outcome) => respond::respond(&context, request, plan, outcome)?,
        Answering::Pieces(head, pieces) => {
            respond::respond_in_pieces(&context, request, plan, &head, pieces)?
        }
    };
    notes.timing.response = lap(&mut clock);
    Ok(reply)
}

static NO_BODY: Bytes = Bytes::new();

fn input<'a>(
    parts: &'a Parts,
    extracted: &Extracted<'a>,
    headers: &'a [(&'a str, &'a str)],
    body: &'a Bytes,
) -> Input<'a> {
    Input {
        method: parts.method.as_str(),
        path: extracted.path,
        query: extracted.query,
        headers,
        body,
    }
}

fn no_schema() -> Error {
    Error::new(Code::NoSchema, "Could not query the database for the schema cache. Retrying.")
}

/// A function is described as a call without arguments would find it.
fn describe_function(schema: &Schema, live: &Live, name: QualifiedName) -> Result<Reply> {
    let request = Request {
        schema: name.schema,
        action: Action::Call {
            function: name.name,
            invocation: Invocation::Read(Output::HeadersOnly),
        },
        query: phlo_core::request::Query::default(),
        payload: None,
        preferences: phlo_core::request::Preferences::default(),
        accept: vec![MediaType::Any],
    };
    let routine = plan::find_routine(schema, &request, &live.settings.limits)?;
    Ok(respond::describe(respond::allowed_on_routine(routine)))
}

/// The document that describes a schema.
struct Document<'a> {
    state: &'a State,
    live: &'a Live,
    schema: &'a Schema,
    name: &'a Ident,
}

impl Document<'_> {
    async fn reply(
        &self,
        caller: &Caller,
        output: Output,
        accept: &[MediaType],
        notes: &mut Notes,
    ) -> Result<Reply> {
        let version = Version::of(accept)?;
        let body = match self.live.config.openapi_mode {
            OpenApiMode::IgnorePrivileges => self.write(
                version,
                &openapi::Input::everything(self.schema, self.name, self.settings()),
            ),
            OpenApiMode::FollowPrivileges | OpenApiMode::Disabled => {
                let own = self.state.extensions().routines(self.name);
                let access = self.access(caller, notes).await?.with(own);
                self.write(
                    version,
                    &openapi::Input::accessible(self.schema, self.name, &access, self.settings()),
                )
            }
        };
        let mut reply = Reply::new(StatusCode::OK);
        reply.add(header::CONTENT_TYPE, version.content_type());
        if output == Output::Full {
            reply.add(header::CONTENT_LENGTH, body.len().to_string());
            reply.body = Bytes::from(body).into();
        }
        Ok(reply)
    }

    fn settings(&self) -> openapi::Settings<'_> {
        let config = &self.live.config;
        let is_default = config.db_schemas.first() == Some(self.name);
        openapi::Settings {
            host: config.server_host.as_str(),
            port: config.server_port,
            proxy: self.live.proxy.as_ref(),
            base_path: self.state.base_path(),
            security_active: config.openapi_security_active,
            version: crate::POSTGREST_VERSION,
            docs_version: "v16",
            title: None,
            profile: (!is_default).then_some(self.name.as_str()),
            max_rows: config.db_max_rows,
        }
    }

    /// What the caller's role may use, as the database says.
    async fn access(&self, caller: &Caller, notes: &mut Notes) -> Result<openapi::Access> {
        let mut transaction = engine::frame(
            &self.live.settings,
            caller,
            Access::ReadOnly,
            self.name,
            None,
            &[],
            None,
        );
        transaction.main = Arc::new(openapi::Access::statement(self.name));
        if self.live.config.log_query {
            notes.queries = statements(&transaction);
        }
        let results = self.state.pool().run(&transaction).await?;
        let json = results.main.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        openapi::Access::parse(&json.unwrap_or_default()).map_err(|error| {
            Error::new(Code::Internal, "What the role may use could not be read").with_source(error)
        })
    }

    fn write(&self, version: Version, input: &openapi::Input<'_>) -> String {
        match version {
            Version::Swagger => openapi::swagger(input).to_string(),
            // A document is plain data; it can't fail to be written.
            Version::OpenApi => openapi::document(input).to_json().unwrap_or_default(),
        }
    }
}

/// Which document is wanted.
#[derive(Clone, Copy)]
enum Version {
    /// OpenAPI 2.0, as PostgREST gives.
    Swagger,
    /// OpenAPI 3.1.
    OpenApi,
}

impl Version {
    /// The first acceptable document. 3.1 is asked for by its own media type.
    fn of(accept: &[MediaType]) -> Result<Self> {
        let found = accept.iter().find_map(|media| match media {
            MediaType::OpenApi | MediaType::Json | MediaType::Any => Some(Self::Swagger),
            MediaType::Other(name) if is_openapi_3(name) => Some(Self::OpenApi),
            MediaType::Other(_)
            | MediaType::GeoJson
            | MediaType::Csv
            | MediaType::Text
            | MediaType::Xml
            | MediaType::Form
            | MediaType::OctetStream
            | MediaType::ArrayStripped
            | MediaType::JsonLines { .. }
            | MediaType::Object { .. }
            | MediaType::Plan { .. } => None,
        });
        found.ok_or_else(|| {
            let names: Vec<_> = accept.iter().map(MediaType::to_string).collect();
            Error::new(
                Code::MediaType,
                format!("None of these media types are available: {}", names.join(", ")),
            )
        })
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Swagger => "application/openapi+json; charset=utf-8",
            Self::OpenApi => "application/vnd.oai.openapi+json;version=3.1; charset=utf-8",
        }
    }
}

/// The media type of OpenAPI documents from version 3.0 on.
const OPENAPI_3: &str = "application/vnd.oai.openapi+json";

fn is_openapi_3(name: &str) -> bool {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    name.to_ascii_lowercase().starts_with(OPENAPI_3)
}

/// Whether a request asks for the document of OpenAPI 3.1 by the path that it has besides its media
/// type.
pub fn is_document_path(method: &Method, path: &str) -> bool {
    (method == Method::GET || method == Method::HEAD) && path == "/openapi.json"
}

/// Turns a request for that path into one for the root with the document's media type.
pub fn ask_for_document(parts: &mut Parts) {
    parts.uri = Uri::from_static("/");
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static(OPENAPI_3));
}
