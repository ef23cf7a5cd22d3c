//! Units of work that stay open on a connection of the pool. Decides in which trips their statements
//! travel; knows no message of the protocol.

use std::{fmt, sync::Arc};

use crate::{
    error::Result,
    exec::{
        pipeline::{
            pool::{Lease, Pool},
            script::{self, Preparation, Step},
        },
        stepwise::{Stepwise, Unit, went_on},
        transaction::{End, Row, Transaction},
    },
    sql::Statement,
};

/// A unit of work on a connection of a [`Pool`].
///
/// When it is dropped before its end, the connection is cleaned as after any request that was given
/// up, and what was done is undone.
pub struct OpenUnit {
    lease: Lease,
    role: Arc<str>,
    preparation: Preparation,
    /// It has failed, so that there is nothing to go on with.
    failed: bool,
}

impl Stepwise for Pool {
    type Unit = OpenUnit;

    /// The beginning, the settings and the main statement are one trip.
    async fn start(&self, transaction: &Transaction) -> Result<(OpenUnit, Vec<Row>)> {
        let preparation = self.preparation();
        let mut lease = self.lease().await?;
        let mut steps = script::opening(transaction);
        loop {
            let connection = lease.connection()?;
            let begun = connection.run_steps(&mut steps, preparation).await;
            connection.uses += 1;
            match begun {
                Ok(rows) => {
                    let role = transaction.role.as_str().into();
                    return Ok((OpenUnit { lease, role, preparation, failed: false }, rows));
                }
                Err(failure) => lease.remedy(failure).await?,
            }
        }
    }
}

impl OpenUnit {
    /// A statement can't be tried again: the ones before it would be missing.
    async fn steps(&mut self, steps: &mut [Step<'_>]) -> Result<Vec<Row>> {
        if self.failed {
            return Err(went_on());
        }
        // Also if this future is dropped.
        self.failed = true;
        let rows = self.lease.connection()?.run_steps(steps, self.preparation).await;
        let rows = rows.map_err(|failure| failure.error)?;
        self.failed = false;
        Ok(rows)
    }
}

impl Unit for OpenUnit {
    async fn run(&mut self, statement: &Statement) -> Result<Vec<Row>> {
        let role = Arc::clone(&self.role);
        self.steps(&mut [Step::main(&role, statement)]).await
    }

    async fn end(mut self, end: End) -> Result<()> {
        self.steps(&mut script::closing(end)).await.map(drop)
    }
}

impl fmt::Debug for OpenUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenUnit").field("role", &self.role).finish_non_exhaustive()
    }
}
