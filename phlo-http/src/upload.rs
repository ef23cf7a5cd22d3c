//! The body of a request as it comes in: whole, or begun where it is long and its rows can be
//! written as they come. Decides how much of a body is held; knows no row.

use std::{
    fmt,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{Method, header, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use phlo_core::{
    Code, Error, Result,
    engine::{self, PiecesOfRows, RowSource},
    parse::{self, BatchLimits, RowFormat, RowReader},
    request::Request,
};
use tokio::time::timeout;

use crate::extract;

/// How long the rest of a body is read that nobody wants any more, so that its sender finds the
/// answer instead of a connection that was closed while it was sending.
const LINGER: Duration = Duration::from_secs(5);

/// How much of bodies is held, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest body in bytes that is held whole, and the longest row of one that isn't.
    pub whole: u64,
    /// The longest body in bytes whose rows are written as they come; none for any length.
    pub upload: Option<u64>,
    /// How long each batch of rows may take to come. A connection to the database waits for it.
    pub patience: Duration,
}

/// A body.
#[derive(Debug)]
pub enum Incoming {
    /// All of it.
    Whole(Result<Bytes>),
    /// The beginning of a body of lines.
    Begun(Box<Upload>),
}

/// A body of which a part has come.
pub struct Upload {
    head: Bytes,
    rest: Rest,
    bounds: Bounds,
}

/// What is still to come of a body.
struct Rest {
    body: Option<Pin<Box<UnsyncBoxBody<Bytes, Error>>>>,
    /// How many bytes have come, with those before.
    length: u64,
    longest: Option<u64>,
}

impl Incoming {
    /// Reads a body, or its beginning if it is long and may hold rows that can be written as they
    /// come.
    pub async fn receive<B>(parts: &Parts, body: B, bounds: Bounds) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        if !may_hold_rows(parts) {
            return Self::Whole(extract::read_body(&parts.headers, body, bounds.whole).await);
        }
        let body = body.map_err(extract::ended_early).boxed_unsync();
        match Upload::begin(parts, body, bounds).await {
            Ok(Ok(whole)) => Self::Whole(Ok(whole)),
            Ok(Err(upload)) => Self::Begun(Box::new(upload)),
            Err(error) => Self::Whole(Err(error)),
        }
    }
}

/// By what is plain to see; whether it does is for the grammar to say.
fn may_hold_rows(parts: &Parts) -> bool {
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    parts.method == Method::POST
        && media_type.is_some_and(|text| RowFormat::of(&parse::media_type(text)).is_some())
}

impl Upload {
    /// The whole body if it is short, otherwise a beginning of it.
    async fn begin(
        parts: &Parts,
        body: UnsyncBoxBody<Bytes, Error>,
        bounds: Bounds,
    ) -> Result<Result<Bytes, Self>> {
        let declared = extract::declared_length(&parts.headers);
        let mut rest = Rest { body: Some(Box::pin(body)), length: 0, longest: bounds.upload };
        rest.check(declared.unwrap_or(0))?;
        let enough = bounds.batch();
        let mut head = BytesMut::with_capacity(extract::room_for(declared));
        while head.len() <= enough {
            match rest.next().await {
                Some(piece) => head.extend_from_slice(&piece?),
                None => return Ok(Ok(head.freeze())),
            }
        }
        Ok(Err(Self { head: head.freeze(), rest, bounds }))
    }

    /// Reads the rest as well, for a request that needs the body as a whole.
    ///
    /// # Errors
    ///
    /// The body is longer than what is held, or ends early.
    pub async fn whole(mut self) -> Result<Bytes> {
        let limit = self.bounds.whole;
        let mut whole = BytesMut::from(self.head);
        loop {
            if u64::try_from(whole.len()).is_ok_and(|length| length > limit) {
                return Err(extract::too_large(limit));
            }
            match self.rest.next().await {
                Some(piece) => whole.extend_from_slice(&piece?),
                None => return Ok(whole.freeze()),
            }
        }
    }

    /// The rows of the body, for the request that it belongs to.
    pub fn rows(self, format: RowFormat, request: &Request, limits: &parse::Limits) -> Rows {
        let Self { head, rest, bounds } = self;
        let batch = BatchLimits {
            batch: bounds.batch(),
            row: usize::try_from(bounds.whole).unwrap_or(usize::MAX),
        };
        let reader = RowReader::new(format, request.query.columns.as_ref(), limits, batch);
        let pieces = Pieces { head: Some(head), rest };
        Rows { rows: PiecesOfRows::new(reader, pieces), patience: bounds.patience }
    }
}

impl Bounds {
    fn batch(self) -> usize {
        usize::try_from(self.whole).unwrap_or(usize::MAX).min(engine::BATCH)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("length", &self.rest.length).finish_non_exhaustive()
    }
}

/// The rows of a body, as they come.
pub struct Rows {
    rows: PiecesOfRows<Pieces>,
    patience: Duration,
}

impl RowSource for Rows {
    async fn next(&mut self, request: &mut Request) -> Result<bool> {
        match timeout(self.patience, self.rows.next(request)).await {
            Ok(next) => next,
            Err(_) => {
                Err(Error::new(Code::Body, "The body comes too slowly").with_details(format!(
                    "{} bytes of rows must come within {} seconds.",
                    engine::BATCH,
                    self.patience.as_secs()
                )))
            }
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// A body in pieces, its beginning first.
struct Pieces {
    head: Option<Bytes>,
    rest: Rest,
}

impl Stream for Pieces {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        match self.head.take() {
            Some(head) => Poll::Ready(Some(Ok(head))),
            None => self.rest.poll_next(cx),
        }
    }
}

impl Rest {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        while let Some(body) = &mut self.body {
            let Some(frame) = ready!(body.as_mut().poll_frame(cx)) else {
                self.body = None;
                break;
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            // Trailers say nothing that matters here.
            let Ok(data) = frame.into_data() else { continue };
            self.length = self.length.saturating_add(data.len() as u64);
            let checked = self.check(self.length);
            return Poll::Ready(Some(checked.map(|()| data)));
        }
        Poll::Ready(None)
    }

    async fn next(&mut self) -> Option<Result<Bytes>> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    fn check(&self, length: u64) -> Result<()> {
        match self.longest {
            Some(longest) if length > longest => Err(extract::upload_too_large(longest)),
            Some(_) | None => Ok(()),
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(mut body) = self.body.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                let rest = pin!(async { while let Some(Ok(_)) = body.frame().await {} });
                // OK because what is left after that is closed.
                let _ = timeout(LINGER, rest).await;
            });
        }
    }
}
