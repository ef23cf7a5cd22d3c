//! What is noted of a request on its way, for its answer and the log.

use std::time::{Duration, Instant};

use phlo_core::exec::Transaction;

use crate::timing::Timing;

/// What is noted of a request.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What took how long.
    pub(crate) timing: Timing,
    /// The statements that were run for it, if they are to be logged.
    pub(crate) queries: Vec<String>,
}

/// The statements of a transaction, without the values of their parameters.
pub(crate) fn statements(transaction: &Transaction) -> Vec<String> {
    let Transaction { settings, pre_request, main, after, .. } = transaction;
    [Some(settings), pre_request.as_ref(), Some(main), after.as_ref()]
        .into_iter()
        .flatten()
        .map(|statement| statement.sql.to_string())
        .collect()
}

/// How long it is since the clock was last looked at.
pub(crate) fn lap(clock: &mut Instant) -> Duration {
    let now = Instant::now();
    now.duration_since(std::mem::replace(clock, now))
}
