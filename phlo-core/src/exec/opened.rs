//! A unit of work whose body is too long to be held: what is known before it, and its pieces. Says
//! what such a body promises; reads none.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;

use crate::{
    error::Result,
    exec::{Results, Row},
};

/// What has come of a unit of work that may be long.
#[derive(Debug)]
pub enum Opened {
    /// Everything: it was short.
    Whole(Results),
    /// The body in pieces, and what is known [before](Results::before) it.
    Pieces(Option<Row>, BodyStream),
}

/// A body in pieces, made as it is asked for.
///
/// Nothing is read from the database unless a piece is asked for, so that whoever is slow makes the
/// database wait. The last piece is given only when the database has confirmed the end of the
/// transaction: a body that ends without an error is complete. After an error nothing more comes.
///
/// It has a connection to itself. When it is dropped before its end, the database is told to stop,
/// and the connection is cleaned before it goes to anybody else.
pub struct BodyStream(Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>);

impl BodyStream {
    /// A body of these pieces.
    pub fn new(pieces: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self(Box::pin(pieces))
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").finish_non_exhaustive()
    }
}
