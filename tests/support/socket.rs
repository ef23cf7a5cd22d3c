//! A served service, and connections to it as clients have them.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use phlo_http::{run::Server, state::State};
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle, time};

use crate::support::{answer::Answer, ask::encode};

/// How long something is waited for that should take less than a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(20);

/// A running server.
#[derive(Debug)]
pub struct Served {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Served {
    pub(crate) fn start(state: &Arc<State>) -> Self {
        let server = Server::bind(Arc::clone(state)).unwrap();
        let port = server.port().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = server.run(async move {
            stopped.await.ok();
        });
        let running = tokio::spawn(async move {
            running.await.unwrap();
        });
        Self { port, stop: Some(stop), running }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection, as soon as there can be one: for at most half a minute.
    pub async fn open(&self) -> TcpStream {
        let deadline = time::Instant::now() + PATIENCE;
        loop {
            match TcpStream::connect(("127.0.0.1", self.port)).await {
                Ok(stream) => return stream,
                Err(error) if time::Instant::now() > deadline => panic!("{error}"),
                Err(_) => time::sleep(PAUSE).await,
            }
        }
    }

    /// A connection that speaks HTTP/1.1.
    pub async fn connect(&self) -> Socket {
        let stream = self.open().await;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Socket::Http1(sender)
    }

    /// A connection that speaks HTTP/2 from its first byte.
    pub async fn connect_http2(&self) -> Socket {
        let stream = self.open().await;
        let executor = TokioExecutor::new();
        let (sender, connection) = http2::handshake(executor, TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Socket::Http2(sender)
    }

    /// Asks on a connection of its own.
    pub async fn get(&self, target: &str) -> Answer {
        self.connect().await.send(get(target)).await.unwrap()
    }

    /// Asks again until the answer is as wanted, for at most half a minute; gives the last answer.
    pub async fn get_until(&self, target: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = time::Instant::now() + PATIENCE;
        loop {
            let answer = self.get(target).await;
            if wanted(&answer) || time::Instant::now() > deadline {
                return answer;
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Tells it to stop; ready when it has.
    pub fn stop(mut self) -> impl Future<Output = ()> {
        drop(self.stop.take());
        async move { self.running.await.unwrap() }
    }
}

/// A connection to a server.
#[derive(Debug)]
pub enum Socket {
    /// That speaks HTTP/1.1.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// That speaks HTTP/2.
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Socket {
    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// The connection was closed.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, hyper::Error> {
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        Ok(Answer::read(response).await)
    }

    /// Sends a `GET` request.
    ///
    /// # Errors
    ///
    /// The connection was closed.
    pub async fn get(&mut self, target: &str) -> Result<Answer, hyper::Error> {
        self.send(get(target)).await
    }
}

fn get(target: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().uri(encode(&format!("http://localhost{target}")));
    request.header("host", "localhost").body(Full::default()).unwrap()
}
