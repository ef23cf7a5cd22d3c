//! Units of work that stay open in a transaction of `sqlx`.

use sqlx::{PgPool, Postgres};

use crate::{
    error::Result,
    exec::{
        sqlx::{all, beginning, failure, finish, set},
        stepwise::{Stepwise, Unit, went_on},
        transaction::{End, Row, Transaction},
    },
    sql::Statement,
};

/// A unit of work in a transaction of its own, which `sqlx` rolls back when it is dropped.
#[derive(Debug)]
pub struct OpenUnit {
    open: sqlx::Transaction<'static, Postgres>,
    role: String,
    /// It has failed. PostgreSQL would take its commit, and undo it.
    failed: bool,
}

impl Stepwise for PgPool {
    type Unit = OpenUnit;

    async fn start(&self, transaction: &Transaction) -> Result<(OpenUnit, Vec<Row>)> {
        let begin = beginning(transaction.access, transaction.isolation);
        let mut open = self.begin_with(begin).await.map_err(failure)?;
        set(&mut open, transaction).await?;
        let mut unit = OpenUnit { open, role: transaction.role.clone(), failed: false };
        let rows = unit.run(&transaction.main).await?;
        Ok((unit, rows))
    }
}

impl OpenUnit {
    fn check(&self) -> Result<()> {
        if self.failed { Err(went_on()) } else { Ok(()) }
    }
}

impl Unit for OpenUnit {
    async fn run(&mut self, statement: &Statement) -> Result<Vec<Row>> {
        self.check()?;
        // Also if this future is dropped.
        self.failed = true;
        let rows = all(&mut self.open, statement, &self.role).await?;
        self.failed = false;
        Ok(rows)
    }

    async fn end(self, end: End) -> Result<()> {
        self.check()?;
        finish(self.open, end).await
    }
}
