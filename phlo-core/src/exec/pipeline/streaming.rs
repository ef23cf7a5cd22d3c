//! A transaction whose answer is read as it is asked for. Takes one that has paused; gives pieces of
//! what is written of its rows, or the rows. Decides when a piece is long enough; knows nothing of
//! who reads it.

use std::{io, mem, time::Duration};

use async_stream::try_stream;
use bytes::Bytes;
use futures_core::Stream;
use tokio::time::timeout;

use crate::{
    error::Result,
    exec::{
        decode,
        pipeline::{
            connection::Connection,
            pool::{Lease, Pool},
            run::{Begun, Paused, Progress, Reached},
            script::{self, Name, Step},
        },
        transaction::{Row, Transaction},
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
        let steps = named_steps(&transaction, &names);
        let outcome = loop {
            // Each piece has memory of its own: one that the client has not read yet must not share
            // it with what is written meanwhile.
            let written = mem::take(&mut progress.body);
            // A longer one was long because of a long row, and the next may have one too.
            let room = written.len().clamp(PIECE, 2 * PIECE);
            if !written.is_empty() {
                yield written.freeze();
            }
            progress.body.reserve(room);
            match lease.connection()?.read_piece(&steps, &mut progress).await {
                Ok(Reached::Enough) => {}
                outcome => break outcome,
            }
        };
        let connection = lease.connection()?;
        let results = connection.conclude(&transaction, &steps, progress, outcome, false).await;
        let results = results.map_err(|failure| failure.error)?;
        decode::check_status(before.as_ref(), results.after.first())?;
        // The slot in the pool is free as soon as the connection is.
        drop(lease);
        let last = results.written.body;
        if !last.is_empty() {
            yield last;
        }
    }
}

/// The rows of a transaction without a writer.
pub(super) fn rows(
    pool: Pool,
    transaction: Transaction,
) -> impl Stream<Item = Result<Row>> + Send + 'static {
    try_stream! {
        let (begun, mut lease) = pool.begin(&transaction, PIECE).await?;
        let results = match begun {
            Begun::Over(results) => results,
            Begun::Paused(Paused { mut progress, names }) => {
                let steps = named_steps(&transaction, &names);
                let outcome = loop {
                    progress.kept = 0;
                    for row in mem::take(&mut progress.results.main) {
                        yield row;
                    }
                    match lease.connection()?.read_piece(&steps, &mut progress).await {
                        Ok(Reached::Enough) => {}
                        outcome => break outcome,
                    }
                };
                let connection = lease.connection()?;
                let results =
                    connection.conclude(&transaction, &steps, progress, outcome, false).await;
                results.map_err(|failure| failure.error)?
            }
        };
        drop(lease);
        for row in results.main {
            yield row;
        }
    }
}

/// The steps of a transaction that was sent already.
fn named_steps<'a>(transaction: &'a Transaction, names: &[Name]) -> Vec<Step<'a>> {
    let mut steps = script::steps(transaction);
    for (step, name) in steps.iter_mut().zip(names) {
        step.name = *name;
    }
    steps
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
                None if progress.body.is_empty() && progress.kept == 0 => self.next().await?,
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
