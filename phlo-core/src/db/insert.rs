//! Typed inserts of rows that come one after the other. Takes a stream, gives the number of rows;
//! what a row is written as is the business of `dsl`.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
};

use futures_core::Stream;

use crate::{
    db::{Backend, Database},
    dsl::{Change as _, Insert, NewRow, NewRows, Table},
    engine::{self, RowSource},
    error::Result,
    exec::Stepwise,
    plan::Plan,
    request::{Payload, Request},
    sql,
};

impl<B: Backend + Stepwise> Database<B> {
    /// Adds the rows of an insert, and after them those of a stream as they come, in one
    /// transaction: all of them, or none. Says how many rows it was.
    ///
    /// Memory is needed for a few times [`engine::BATCH`] bytes of rows, whatever their number. A
    /// connection is in use from the first of them to the last. Each batch is a statement of its own,
    /// so that triggers for each statement run as often, and a row can be met again that an earlier
    /// one has added.
    ///
    /// ```no_run
    /// # use futures_util::Stream;
    /// # use phlo_core::{Result, db::Database, dsl::{insert_all, sample::films}, exec::pipeline::Pool};
    /// # async fn load(db: Database<Pool>, found: impl Stream<Item = films::Insert> + Send) -> Result<()> {
    /// let none = Vec::<films::Insert>::new();
    /// let added = db.insert_stream(insert_all(none).or_ignore(films::TITLE), found).await?;
    /// println!("{added} new films");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all). Nothing is kept then, nor when the future is dropped.
    pub async fn insert_stream<T, R, S>(&self, insert: Insert<T>, rows: S) -> Result<u64>
    where
        T: Table,
        R: NewRow<Table = T>,
        S: Stream<Item = R> + Send,
    {
        let mut request = insert.to_request();
        let begin = |request: &Request, plan: &Plan| {
            self.work(request, plan, sql::render(plan)).into_transaction()
        };
        let mut source = Rows { first: true, over: false, rows: pin!(rows) };
        let (schema, limits) = (self.schema(), &self.shared.settings.limits);
        let backend = &self.backend;
        let answer =
            engine::insert_rows(backend, schema, limits, &mut request, begin, &mut source).await?;
        Ok(answer.outcome.rows)
    }
}

/// The rows of a stream, after those that are in the request already.
struct Rows<'a, S> {
    first: bool,
    over: bool,
    rows: Pin<&'a mut S>,
}

impl<R: NewRow, S: Stream<Item = R> + Send> RowSource for Rows<'_, S> {
    async fn next(&mut self, request: &mut Request) -> Result<bool> {
        let first = std::mem::take(&mut self.first);
        if first && !is_empty(request) {
            return Ok(true);
        }
        let mut batch = NewRows::default();
        while !self.over && batch.len() < engine::BATCH {
            match poll_fn(|cx| self.rows.as_mut().poll_next(cx)).await {
                Some(row) => batch.push(&row),
                None => self.over = true,
            }
        }
        if batch.is_empty() {
            return Ok(first);
        }
        batch.put_into(request);
        Ok(true)
    }
}

fn is_empty(request: &Request) -> bool {
    matches!(&request.payload, Some(Payload::Json { raw, .. }) if raw.as_ref() == b"[]")
}
