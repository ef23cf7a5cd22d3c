//! A transaction whose answer is read as it is asked for. Takes one that has paused; gives pieces of
//! what is written of its rows. Decides when a piece is long enough; knows nothing of who reads it.

use std::{io, time::Duration};

use async_stream::try_stream;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::timeout;

use crate::{
    error::Result,
    exec::{
        decode,
        pipeline::{
            connection::Connection,
            pool::Lease,
            run::{Paused, Progress, Reached},
            script::{self, Step},
        },
        transaction::Transaction,
    },
};

/// How long a piece is at least, if rows come without a pause. Longer ones cost memory, shorter ones
/// cost a write to the client for each.
const PIECE: usize = 32 * 1024;

/// How long the database may pause before what there is of a piece is given.
const PAUSE: Duration = Duration::from_millis(5);

/// The pieces of a body. The first is what has gathered until the transaction paused.
pub(super) fn pieces(
    mut lease: Lease,
    transaction: Transaction,
    paused: Paused,
) -> impl Stream<Item = Result<Bytes>> + Send {
    try_stream! {
        let Paused { mut progress, names } = paused;
        let before = progress.results.before.take();
        let mut steps = script::steps(&transaction);
        for (step, name) in steps.iter_mut().zip(names) {
            step.name = name;
        }
        let mut longest = PIECE;
        let outcome = loop {
            // OK because the room for a piece is given back with it: what a client has not read yet
            // must not share memory with what is written meanwhile.
            let written = std::mem::replace(&mut progress.body, BytesMut::new());
            if !written.is_empty() {
                longest = longest.max(written.len().min(2 * PIECE));
                yield written.freeze();
            }
            progress.body.reserve(longest);
            match lease.connection()?.read_piece(&steps, &mut progress).await {
                Ok(Reached::Enough) => {}
                outcome => break outcome,
            }
        };
        let connection = lease.connection()?;
        let results = connection.conclude(&transaction, &steps, progress, outcome, false).await;
        let results = results.map_err(|failure| failure.error)?;
        decode::check_status(before.as_ref(), results.after.first())?;
        let last = results.written.body;
        // The slot in the pool is free as soon as the connection is.
        drop(lease);
        if !last.is_empty() {
            yield last;
        }
    }
}

impl Connection {
    /// Reads on until there is enough for a piece, the database pauses, or all was answered.
    async fn read_piece(
        &mut self,
        steps: &[Step<'_>],
        progress: &mut Progress,
    ) -> io::Result<Reached> {
        self.forget_received();
        loop {
            if progress.is_over(steps) && !self.is_owed() {
                return Ok(Reached::End);
            }
            let event = match self.try_next()? {
                Some(event) => event,
                None if progress.body.is_empty() => self.next().await?,
                None => match timeout(PAUSE, self.next()).await {
                    Ok(event) => event?,
                    Err(_) => return Ok(Reached::Enough),
                },
            };
            if let Some(reached) = self.take(event, steps, progress, PIECE)? {
                return Ok(reached);
            }
        }
    }
}
