//! The API as a hyper service: from HTTP to a reply and back.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc, task, time::Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use hyper::{Request, Response, ext::ReasonPhrase};

use crate::{
    body::{Body, Ended},
    config::Config,
    cors,
    error::Failure,
    handle::{self, Handled},
    observe::{self, Access},
    respond::Reply,
    state::{Live, State},
    unstoppable::Unstoppable,
    upload::{Bounds, Incoming},
};

/// The API. Cloning is cheap; all clones share one state.
///
/// As a service it has to be called within a Tokio runtime. When the future of a call is dropped,
/// because the client has hung up, a request that only reads is given up; one that may write goes
/// on to its end.
#[derive(Clone, Debug)]
pub struct Api {
    state: Arc<State>,
}

impl Api {
    /// An API on a state.
    pub fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let started = Instant::now();
        let live = self.state.live();
        let (mut parts, body) = request.into_parts();
        let origins = &live.config.server_cors_allowed_origins;
        let requests = self.state.metrics().requests();
        if let Some(reply) = cors::preflight(origins, &parts.method, &parts.headers) {
            requests.count(&parts.method, reply.status, started.elapsed());
            return into_response(reply, parts.version);
        }
        if handle::is_document_path(&parts.method, parts.uri.path()) {
            handle::ask_for_document(&mut parts);
        }
        let body = Incoming::receive(&parts, body, bounds(&live.config)).await;
        let mut handled = handle::handle(&self.state, &live, &parts, body).await;
        let mut reply = std::mem::take(&mut handled.reply);
        if live.config.server_timing_enabled {
            reply.add(HeaderName::from_static("server-timing"), handled.timing.to_string());
        }
        self.finish(&live, &parts, &mut reply);
        let (status, length) = (reply.status, content_length(&reply));
        if reply.body.is_in_pieces() {
            let (api, live, parts) = (self.clone(), Arc::clone(&live), parts.clone());
            let patience = live.config.server_send_timeout;
            reply.body.watch(patience, move |ended| {
                let Ended { length, error } = ended;
                if let Some(error) = error {
                    handled.code = Some(api.failed(&live, &error));
                }
                api.note(&live, &parts, &handled, (status, Some(length)), started);
            });
        } else {
            self.note(&live, &parts, &handled, (status, length), started);
        }
        let mut response = into_response(reply, parts.version);
        self.state.extensions().finish(&parts, &mut response);
        response
    }

    /// Counts and logs a request that was answered.
    fn note(
        &self,
        live: &Live,
        parts: &http::request::Parts,
        handled: &Handled,
        (status, length): (StatusCode, Option<u64>),
        started: Instant,
    ) {
        let took = started.elapsed();
        self.state.metrics().requests().count(&parts.method, status, took);
        observe::queries(&live.config, status, &handled.queries);
        observe::access(
            &live.config,
            &Access {
                parts,
                role: handled.role.as_deref(),
                status,
                length,
                code: handled.code.as_deref(),
                request_id: request_id(live, parts),
                took,
            },
        );
    }

    /// Logs what ended a body before its time, and gives its code.
    fn failed(&self, live: &Live, error: &phlo_core::Error) -> String {
        let failure = Failure::new(error, true);
        observe::broken_off(&live.config, error, &failure);
        if error.is_connection() {
            self.state.reload().schema();
        }
        failure.code
    }

    /// Adds what every response carries.
    fn finish(&self, live: &Live, parts: &http::request::Parts, reply: &mut Reply) {
        if !reply.has(&header::VARY) {
            reply.add(header::VARY, "Accept, Prefer, Range");
        }
        if reply.status == StatusCode::SERVICE_UNAVAILABLE {
            let wait = self.state.reload().retry_after();
            reply.add(header::RETRY_AFTER, wait.as_secs().to_string());
        }
        if let Some(trace) = &live.config.server_trace_header {
            let value = parts.headers.get(trace.name());
            reply.add(trace.name().clone(), value.map_or(&b""[..], HeaderValue::as_bytes));
        }
        cors::expose(reply, &live.config.server_cors_allowed_origins, &parts.headers);
        if !reply.has(&header::SERVER) {
            reply.add(header::SERVER, crate::SERVER_NAME);
        }
    }
}

fn bounds(config: &Config) -> Bounds {
    Bounds {
        whole: config.server_max_body_size,
        upload: config.server_max_upload_size,
        patience: config.server_receive_timeout,
    }
}

/// Whether a request changes nothing, so that nobody misses it when it is given up.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// What a request is known by to its sender: the value of the header that is handed through, or of
/// the usual one.
fn request_id<'a>(live: &Live, parts: &'a http::request::Parts) -> Option<&'a str> {
    let traced = live.config.server_trace_header.as_ref().map(|trace| trace.name().as_str());
    let value = traced.and_then(|name| parts.headers.get(name));
    value.or_else(|| parts.headers.get("x-request-id"))?.to_str().ok()
}

fn content_length(reply: &Reply) -> Option<u64> {
    let (_, value) = reply.headers.iter().find(|(name, _)| *name == header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn into_response(reply: Reply, version: Version) -> Response<Body> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = reply.status;
    *response.version_mut() = version;
    for (name, value) in reply.headers {
        response.headers_mut().append(name, value);
    }
    // A phrase with line breaks in it can't be sent; the usual one is.
    if let Some(reason) = reply.reason
        && let Ok(reason) = ReasonPhrase::try_from(reason)
    {
        response.extensions_mut().insert(reason);
    }
    response
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<B> hyper::service::Service<Request<B>> for Api
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        if is_safe(request.method()) {
            return Box::pin(async move { Ok(api.answer(request).await) });
        }
        // Whether its client waits for the answer must not decide whether a write takes place.
        Box::pin(Unstoppable::new(async move { Ok(api.answer(request).await) }))
    }
}

impl<B> tower_service::Service<Request<B>> for Api
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        // Requests wait for a connection of the pool, not here.
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        hyper::service::Service::call(self, request)
    }
}
