//! Typed queries on phlo's own pool: one trip over the network each, whoever the caller is.

use std::{future::poll_fn, sync::Arc};

use async_stream::try_stream;
use bytes::Bytes;
use futures_core::Stream;

use crate::{
    db::{
        Database,
        backend::{Backend, Work},
    },
    dsl::{Casts, Cell, Cells, Fields, Layout, Query},
    error::{Code, Error, Result},
    exec::{Executor, Results, Row, pipeline::Pool},
    plan::Parameters,
};

impl Backend for Pool {
    fn parameters(&self) -> Parameters {
        Parameters::Untyped
    }

    async fn run(&self, work: &Work) -> Result<Results> {
        match work {
            Work::As(transaction) => Executor::run(self, transaction).await,
            Work::Plain { main, access, guard } => {
                let transaction = Work::transaction(Arc::clone(main), *access, *guard);
                Executor::run(self, &transaction).await
            }
        }
    }

    async fn rows<R: Send>(
        &self,
        work: &Work,
        mut read: impl FnMut(&dyn Cells) -> Result<R> + Send,
    ) -> Result<Vec<R>> {
        let results = Backend::run(self, work).await?;
        results.main.iter().map(|row| read(&Values(row))).collect()
    }
}

fn decode<Q: Query>(query: &Q, row: &Row, layout: &Layout) -> Result<Q::Output> {
    query.read(&mut Fields::new(&Values(row), layout))
}

impl Database<Pool> {
    /// The rows that a query gives, one by one as they come: memory is needed for a few alone.
    ///
    /// A connection of the pool is in use until the end of the stream, or until it is dropped; see
    /// [`Pool::rows`].
    pub fn stream<'a, Q>(&'a self, query: Q) -> impl Stream<Item = Result<Q::Output>> + Send + 'a
    where
        Q: Query + Send + Sync + 'a,
        Q::Output: Send,
    {
        try_stream! {
            let (request, layout) = query.prepare(Casts::Yes);
            let transaction = self.typed_work(&request, None)?.into_transaction();
            let mut rows = std::pin::pin!(self.backend.rows(transaction));
            while let Some(row) = poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                yield decode(&query, &row?, &layout)?;
            }
        }
    }
}

/// The values of a row in the binary format.
struct Values<'a>(&'a [Option<Bytes>]);

impl Cells for Values<'_> {
    fn cell(&self, at: usize) -> Result<Cell<'_>> {
        let value = self.0.get(at).ok_or_else(|| {
            Error::new(Code::Internal, "A row has fewer columns than were selected")
        })?;
        Ok(value.as_deref().map_or(Cell::Null, Cell::Binary))
    }
}
