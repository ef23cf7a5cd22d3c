//! Serves a hyper service on a listener until it is told to stop, then lets requests finish.

mod listen;

use std::{future::Future, io, time::Duration};

use hyper::{Request, Response, body::Incoming, service::Service};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::listen::{Accepted, Bound, Listener};
use crate::observe::Peer;

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests may take to finish once the server is told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait before accepting again when the system has no room for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 256 * 1024;
/// The most streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;

/// Serves connections until `stop` is ready, then waits for those under way.
///
/// HTTP/1.1 and HTTP/2 (with prior knowledge) are told apart by their first bytes.
pub async fn serve<S, B>(listener: Listener, service: S, stop: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok(Accepted::Tcp(stream, peer)) => {
                spawn(&builder, &graceful, stream, introduced(&service, Some(Peer(peer))));
            }
            Ok(Accepted::Unix(stream)) => {
                spawn(&builder, &graceful, stream, introduced(&service, None));
            }
            Err(error) => pause_if_exhausted(&error).await,
        }
    }
    drop(listener);
    // A client that never finishes must not keep the process.
    tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.ok();
}

/// A service whose requests say where they come from.
fn introduced<S: Clone>(service: &S, peer: Option<Peer>) -> Introduced<S> {
    Introduced { service: service.clone(), peer }
}

struct Introduced<S> {
    service: S,
    peer: Option<Peer>,
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for Introduced<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        self.service.call(request)
    }
}

fn spawn<S, B>(
    builder: &Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: S,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: std::error::Error + Send + Sync + 'static,
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // What goes wrong on a connection is the client's affair: it hung up, or sent nonsense.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

async fn pause_if_exhausted(error: &io::Error) {
    let passes = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    );
    if !passes {
        tracing::warn!(%error, "no connection could be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
