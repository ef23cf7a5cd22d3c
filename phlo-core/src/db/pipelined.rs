//! Typed queries on phlo's own pool: one trip over the network each, whoever the caller is.

use bytes::Bytes;

use crate::{
    db::backend::{Backend, Work},
    dsl::{Cell, Cells},
    error::{Code, Error, Result},
    exec::{Executor, Results, pipeline::Pool},
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
                let transaction = Work::transaction(main.clone(), *access, *guard);
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
