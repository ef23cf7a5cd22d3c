//! The admin server: whether the process lives, whether it is ready, what it has counted.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::Service};

use crate::state::{Readiness, State};

/// Answers `/live`, `/ready`, `/schema_cache` and `/metrics`; anything else is not found.
#[derive(Clone, Debug)]
pub struct Admin {
    state: Arc<State>,
    is_live: IsLive,
}

/// Whether the main server can be reached.
pub type IsLive = Arc<dyn LiveCheck>;

/// Tells whether the main server can be reached.
pub trait LiveCheck: std::fmt::Debug + Send + Sync {
    /// Whether it can.
    fn is_live(&self) -> bool;
}

impl Admin {
    /// The admin service of a server.
    pub fn new(state: Arc<State>, is_live: IsLive) -> Self {
        Self { state, is_live }
    }

    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let live = self.is_live.is_live();
        match path.trim_matches('/') {
            "live" if live => empty(StatusCode::OK),
            "live" => empty(StatusCode::INTERNAL_SERVER_ERROR),
            "ready" => empty(match self.state.readiness() {
                Readiness::Pending | Readiness::Failed => StatusCode::SERVICE_UNAVAILABLE,
                Readiness::Ready if !self.state.is_connected().await => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
                Readiness::Ready if live => StatusCode::OK,
                Readiness::Ready => StatusCode::INTERNAL_SERVER_ERROR,
            }),
            "schema_cache" => {
                let json = self.state.schema().map(|schema| schema.to_json()).unwrap_or_default();
                text("application/json; charset=utf-8", json)
            }
            "metrics" => text("text/plain; charset=utf-8", self.state.metrics_text()),
            _ => empty(StatusCode::NOT_FOUND),
        }
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn text(media: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(media));
    response
}

impl Service<Request<Incoming>> for Admin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let admin = self.clone();
        Box::pin(async move { Ok(admin.answer(request.method(), request.uri().path()).await) })
    }
}
