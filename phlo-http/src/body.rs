//! The body of a response: bytes that are there, or pieces that come from the database as the client
//! takes them. Looks after clients that take nothing; knows no request.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use phlo_core::{Code, Error, exec::BodyStream};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep},
};

/// The body of a response.
///
/// A long one comes in pieces, and has no length that is known before. If it can't be completed it
/// ends with an error, on which the connection has to be closed or the stream be reset: so hyper
/// does.
#[derive(Debug, Default)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    // OK because long bodies are rare, and short ones stay small.
    Pieces(Box<Pieces>),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

/// What became of a body in pieces.
#[derive(Debug)]
pub struct Ended {
    /// How many bytes were handed on to the client's connection.
    pub length: u64,
    /// Why it isn't complete, if the reason is known. The client may as well have hung up.
    pub error: Option<Error>,
}

type OnEnd = Box<dyn FnOnce(Ended) + Send>;

struct Pieces {
    held: Arc<Mutex<Held>>,
    length: u64,
    error: Option<Error>,
    on_end: Option<OnEnd>,
    watch: Option<AbortHandle>,
}

struct Held {
    /// None when the body is over, or the client has not asked for more in time.
    pieces: Option<BodyStream>,
    /// Since when the client has a piece and has not asked for another.
    given: Option<Instant>,
}

impl Body {
    /// A body in pieces.
    pub fn pieces(pieces: BodyStream) -> Self {
        Self(Kind::Pieces(Box::new(Pieces {
            held: Arc::new(Mutex::new(Held { pieces: Some(pieces), given: None })),
            length: 0,
            error: None,
            on_end: None,
            watch: None,
        })))
    }

    /// Whether it comes in pieces.
    pub fn is_in_pieces(&self) -> bool {
        matches!(self.0, Kind::Pieces(_))
    }

    /// Gives a body in pieces up when a client asks for no more for so long, and tells of its end.
    /// Does nothing to bodies that are there.
    pub(crate) fn watch(
        &mut self,
        patience: Duration,
        on_end: impl FnOnce(Ended) + Send + 'static,
    ) {
        if let Kind::Pieces(pieces) = &mut self.0 {
            let watched = watch(Arc::downgrade(&pieces.held), patience);
            pieces.watch = Some(tokio::spawn(watched).abort_handle());
            pieces.on_end = Some(Box::new(on_end));
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Kind::Pieces(pieces) => {
                pieces.poll(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Pieces(_) => SizeHint::default(),
        }
    }
}

impl Pieces {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let mut held = lock(&self.held);
        held.given = None;
        let Some(pieces) = &mut held.pieces else {
            let message = "The client has not read for too long.";
            return Poll::Ready(Some(Err(Error::new(Code::Internal, message))));
        };
        let piece = ready!(Pin::new(pieces).poll_next(cx));
        match piece {
            Some(Ok(piece)) => {
                held.given = Some(Instant::now());
                self.length += piece.len() as u64;
                Poll::Ready(Some(Ok(piece)))
            }
            Some(Err(error)) => {
                held.pieces = None;
                self.error = Some(error);
                let message = "The database has failed before the end of the answer.";
                Poll::Ready(Some(Err(Error::new(Code::Internal, message))))
            }
            None => {
                held.pieces = None;
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        if let Some(on_end) = self.on_end.take() {
            on_end(Ended { length: self.length, error: self.error.take() });
        }
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Takes the pieces away, and with them the connection to the database, when no more were asked for
/// in time. A client that reads nothing keeps its own connection from asking, so that this can't be
/// left to the body.
async fn watch(held: Weak<Mutex<Held>>, patience: Duration) {
    let mut pause = patience;
    loop {
        sleep(pause).await;
        let Some(held) = held.upgrade() else { return };
        let mut held = lock(&held);
        let waited = held.given.map_or(Duration::ZERO, |since| since.elapsed());
        if waited >= patience {
            held.pieces = None;
        }
        if held.pieces.is_none() {
            return;
        }
        pause = patience.saturating_sub(waited);
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // Whoever panicked was asking for a piece; whether there are more is clear all the same.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body::Body as _;

    use super::*;

    /// Pieces that come one by one, then an error or the end.
    struct Given(Vec<Result<Bytes, Error>>);

    impl Stream for Given {
        type Item = Result<Bytes, Error>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(if self.0.is_empty() { None } else { Some(self.0.remove(0)) })
        }
    }

    fn body(pieces: Vec<Result<Bytes, Error>>) -> Body {
        Body::pieces(BodyStream::new(Given(pieces)))
    }

    fn failure() -> Error {
        Error::new(Code::ConnectionLost, "gone")
    }

    async fn next(body: &mut Body) -> Option<Result<Bytes, Error>> {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    /// Says what became of a body.
    fn watched(body: &mut Body) -> Arc<Mutex<Option<Ended>>> {
        let told = Arc::<Mutex<Option<Ended>>>::default();
        let tell = Arc::clone(&told);
        body.watch(Duration::from_secs(10), move |ended| *tell.lock().unwrap() = Some(ended));
        told
    }

    #[tokio::test]
    async fn bytes_have_a_length() {
        let mut whole = Body::from(Bytes::from_static(b"abc"));
        assert_eq!(whole.size_hint().exact(), Some(3));
        assert!(!whole.is_end_stream());
        assert_eq!(next(&mut whole).await.unwrap().unwrap(), "abc");
        assert!(whole.is_end_stream() && next(&mut whole).await.is_none());
        assert!(Body::default().is_end_stream());
    }

    #[tokio::test]
    async fn pieces_tell_of_their_end() {
        let mut pieces = body(vec![Ok(Bytes::from_static(b"abc")), Ok(Bytes::from_static(b"de"))]);
        assert_eq!(pieces.size_hint().exact(), None);
        let told = watched(&mut pieces);
        while let Some(piece) = next(&mut pieces).await {
            assert!(!piece.unwrap().is_empty());
        }
        drop(pieces);
        let ended = told.lock().unwrap().take().unwrap();
        assert_eq!((ended.length, ended.error.is_none()), (5, true));
    }

    #[tokio::test]
    async fn an_error_is_kept_for_the_log_and_not_told() {
        let mut pieces = body(vec![Ok(Bytes::from_static(b"abc")), Err(failure())]);
        let told = watched(&mut pieces);
        assert!(next(&mut pieces).await.unwrap().is_ok());
        let error = next(&mut pieces).await.unwrap().unwrap_err();
        assert!(!error.to_string().contains("gone"), "{error}");
        drop(pieces);
        let ended = told.lock().unwrap().take().unwrap();
        assert_eq!(ended.error.unwrap().message(), "gone");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_for_nothing_is_given_up() {
        let piece = || Ok(Bytes::from_static(b"a"));
        let mut pieces = body(vec![piece(), piece(), piece(), piece()]);
        let _told = watched(&mut pieces);
        for _ in 0..3 {
            // To be slow is no reason.
            assert!(next(&mut pieces).await.unwrap().is_ok());
            sleep(Duration::from_secs(9)).await;
        }
        sleep(Duration::from_secs(11)).await;
        assert!(next(&mut pieces).await.unwrap().is_err());
    }
}
