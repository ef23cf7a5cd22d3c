//! Inserts whose rows come in batches: one statement for each, all in one transaction.
//!
//! Takes a request without rows and whoever has them, gives one outcome. Holds one batch at a time,
//! and asks for the next one only when the database is done with the last.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
};

use bytes::Bytes;
use futures_core::Stream;

use crate::{
    engine::{Answer, plan_for},
    error::Result,
    exec::{self, Outcome, Results, Row, Stepwise, Transaction, Unit},
    parse::RowReader,
    plan::{Guard, Limits, Plan},
    request::{Action, MediaType, Mutation, Representation, Request},
    schema::Schema,
    sql,
};

/// How many bytes of JSON make a batch, about. At this length the database takes far longer for the
/// rows than for anything else that a statement costs, and whoever makes batches needs no more
/// memory than a few times this.
pub const BATCH: usize = 1 << 19;

/// Whoever has the rows of an insert.
pub trait RowSource: Send {
    /// Puts the next rows into a request as its payload. Says whether there were any, which is so
    /// the first time at least: no rows are rows too.
    fn next(&mut self, request: &mut Request) -> impl Future<Output = Result<bool>> + Send;
}

/// Whether the rows of a request can come in batches: it only adds rows, and doesn't want them back.
///
/// What is returned of rows would have to be held until all are written.
pub fn can_come_in_batches(request: &Request) -> bool {
    let explains = request.accept.iter().any(|media| matches!(media, MediaType::Plan { .. }));
    matches!(request.action, Action::Mutate { mutation: Mutation::Insert, .. })
        && request.preferences.representation != Some(Representation::Full)
        && !explains
}

/// Adds the rows of a source, in one transaction: all of them, or none.
///
/// `begin` says everything about the transaction but the later batches, such as
/// [`transaction`](crate::engine::transaction) does. Each batch is a statement of its own, so that
/// triggers for each statement run once a batch. Rows are counted over all batches, and conditions on
/// their number hold for all of them.
///
/// If the future is dropped, or the source fails, nothing is kept.
///
/// # Errors
///
/// Whatever a stage refuses of any batch; whatever the source fails with.
pub async fn insert_rows(
    executor: &impl Stepwise,
    schema: &Schema,
    limits: &Limits,
    request: &mut Request,
    begin: impl FnOnce(&Request, &Plan) -> Transaction + Send,
    source: &mut impl RowSource,
) -> Result<Answer> {
    let parameters = executor.parameters();
    let plan_batch = |request: &Request| {
        // Of a unit that stays open only rows are read.
        plan_for(parameters, schema, request, limits).map(|plan| Plan { bare: None, ..plan })
    };
    source.next(request).await?;
    let plan = plan_batch(request)?;
    let first = begin(request, &plan);
    let (guard, end) = (first.guard, first.end);
    let (mut unit, rows) = executor.start(&first).await?;
    drop(first);
    let mut total = Outcome::default();
    add(&mut total, &plan, rows)?;
    while source.next(request).await? {
        let plan = plan_batch(request)?;
        let rows = unit.run(&sql::render(&plan)).await?;
        add(&mut total, &plan, rows)?;
    }
    guard.map_or(Ok(()), |guard: Guard| guard.check(total.rows))?;
    unit.end(end).await?;
    Ok(Answer { plan, outcome: total })
}

/// Adds what came of a batch to what came of those before.
fn add(total: &mut Outcome, plan: &Plan, main: Vec<Row>) -> Result<()> {
    let results = Results { main, ..Results::default() };
    // The limit is for rows that are read.
    let outcome = exec::decode(plan, None, results)?;
    total.rows += outcome.rows;
    if total.location.is_empty() {
        total.location = outcome.location;
    }
    // The settings of functions and the number of inserted rows hold for the transaction so far.
    total.response_headers = outcome.response_headers;
    total.response_status = outcome.response_status;
    total.inserted = outcome.inserted;
    Ok(())
}

/// Rows that come as pieces of bytes, cut anywhere.
#[derive(Debug)]
pub struct PiecesOfRows<S> {
    reader: RowReader,
    pieces: S,
    piece: Bytes,
    over: bool,
}

impl<S> PiecesOfRows<S> {
    /// The rows that a reader finds in pieces.
    pub fn new(reader: RowReader, pieces: S) -> Self {
        Self { reader, pieces, piece: Bytes::new(), over: false }
    }
}

impl<S: Stream<Item = Result<Bytes>> + Send + Unpin> RowSource for PiecesOfRows<S> {
    async fn next(&mut self, request: &mut Request) -> Result<bool> {
        // What is written already need not be held while the next rows come.
        request.payload = None;
        while !self.over {
            request.payload = self.reader.read(&mut self.piece)?;
            if request.payload.is_some() {
                return Ok(true);
            }
            match poll_fn(|cx| Pin::new(&mut self.pieces).poll_next(cx)).await {
                Some(piece) => self.piece = piece?,
                None => {
                    self.over = true;
                    request.payload = self.reader.finish()?;
                }
            }
        }
        Ok(request.payload.is_some())
    }
}
