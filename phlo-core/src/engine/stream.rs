//! The way of a request whose answer may be too long to be held. Decides which answers may come in
//! pieces; reads none.

use crate::{
    engine::{self, Settings},
    error::Result,
    exec::{self, BodyStream, Executor, Head, Opened, Outcome},
    plan::{CountPlan, Plan},
    request::{Caller, Request},
};

/// What comes of a request that may be answered in pieces.
#[derive(Debug)]
pub enum Answering {
    /// Everything: it was short, or it can't come in pieces.
    Whole(Outcome),
    /// What is known before the body, and the body.
    Pieces(Head, BodyStream),
}

/// Runs what was planned, like [`run`](engine::run), but holds no more of a long body than
/// [`Settings::longest_whole`] bytes: what is longer is given in pieces, each read from the database
/// when it is asked for.
///
/// A body may come in pieces if phlo writes it from plain rows and nothing depends on their number.
/// What the statement itself sets as `response.headers` comes too late then; if it sets
/// `response.status`, the body ends with an error.
///
/// ```
/// use std::future::poll_fn;
/// use std::pin::Pin;
///
/// use futures_core::Stream;
/// use phlo_core::engine::{self, Answering, Settings};
/// use phlo_core::{Result, exec::Executor, request::{Caller, Request}, schema::Schema};
///
/// # async fn copy(pool: impl Executor, schema: Schema, request: Request) -> Result<()> {
/// let settings = Settings::default();
/// let plan = engine::plan_for(pool.parameters(), &schema, &request, &settings.limits)?;
/// match engine::open(&pool, &settings, &request, &Caller::new("web"), &plan).await? {
///     Answering::Whole(outcome) => println!("{} bytes", outcome.body.len()),
///     Answering::Pieces(_, mut pieces) => {
///         while let Some(piece) = poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx)).await {
///             println!("{} bytes more", piece?.len());
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`Executor::open`].
pub async fn open(
    executor: &impl Executor,
    settings: &Settings,
    request: &Request,
    caller: &Caller,
    plan: &Plan,
) -> Result<Answering> {
    if plan.rows.is_none() || plan.count != CountPlan::No {
        return engine::run(executor, settings, request, caller, plan).await.map(Answering::Whole);
    }
    let transaction = engine::transaction(settings, request, caller, plan);
    match executor.open(&transaction, settings.longest_whole).await {
        Ok(Opened::Whole(results)) => {
            exec::decode(plan, settings.limits.max_rows, results).map(Answering::Whole)
        }
        Ok(Opened::Pieces(before, pieces)) => Ok(Answering::Pieces(Head::decode(before)?, pieces)),
        Err(error) if engine::is_stale(plan, &error) => {
            engine::run_without_rows(executor, settings, request, caller, plan)
                .await
                .map(Answering::Whole)
        }
        Err(error) => Err(error),
    }
}
