//! Typed queries on `sqlx`: on its pool, or on a connection that may be in a transaction.

use async_stream::try_stream;
use futures_util::{Stream, TryStreamExt, lock::Mutex};
use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgRow};

use crate::{
    db::{Database, Work, backend::Backend},
    dsl::{Casts, Cells, Fields, Layout, Query},
    error::Result,
    exec::{
        Executor, Results, check_guard,
        sqlx::{self as execution, PgCells},
    },
    plan::Parameters,
};

impl Backend for PgPool {
    fn parameters(&self) -> Parameters {
        Parameters::Text
    }

    async fn run(&self, work: &Work) -> Result<Results> {
        match work {
            Work::As(transaction) => Executor::run(self, transaction).await,
            Work::Plain { guard: Some(_), .. } => {
                // What must not be kept has to be undone.
                let mut open = self.begin().await.map_err(execution::failure)?;
                let results = plain(&mut open, work).await?;
                open.commit().await.map_err(execution::failure)?;
                Ok(results)
            }
            Work::Plain { .. } => {
                let mut connection = self.acquire().await.map_err(execution::failure)?;
                plain(&mut connection, work).await
            }
        }
    }

    async fn rows<R: Send>(
        &self,
        work: &Work,
        mut read: impl FnMut(&dyn Cells) -> Result<R> + Send,
    ) -> Result<Vec<R>> {
        let mut rows = Vec::new();
        let take = |cells: &PgCells<'_>| {
            rows.push(read(cells)?);
            Ok(())
        };
        match work {
            Work::Plain { main, .. } => execution::each(self, main, "", take).await?,
            Work::As(transaction) => {
                let begin = execution::beginning(transaction.access, transaction.isolation);
                let mut open = self.begin_with(begin).await.map_err(execution::failure)?;
                execution::set(&mut open, transaction).await?;
                execution::each(&mut *open, &transaction.main, &transaction.role, take).await?;
                execution::finish(open, transaction.end).await?;
            }
        }
        Ok(rows)
    }
}

/// Runs on a connection that somebody else has, one query after the other.
#[derive(Debug)]
pub struct OnConnection<'c>(Mutex<&'c mut PgConnection>);

impl<B> Database<B> {
    /// The same database, over a connection of `sqlx`; if that is in a transaction, within it.
    ///
    /// Several queries are then one transaction together, also as several roles: the role and the
    /// claims hold for each query alone. Whoever began the transaction ends it.
    ///
    /// ```no_run
    /// # use phlo_core::{Result, db::Database, dsl::{self, sample::films::{self, Films}}};
    /// # use sqlx::PgPool;
    /// # async fn rename(pool: PgPool, db: Database<PgPool>) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut transaction = pool.begin().await?;
    /// let within = db.as_role("editor").on(&mut transaction);
    /// let added = within.one(dsl::insert(films::Insert::new("Alien")).returning(films::ID)).await?;
    /// within.execute(dsl::delete(Films).filter(films::ID.lt(added))).await?;
    /// drop(within);
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<'c>(&self, connection: &'c mut PgConnection) -> Database<OnConnection<'c>> {
        Database {
            backend: OnConnection(Mutex::new(connection)),
            shared: std::sync::Arc::clone(&self.shared),
            caller: self.caller.clone(),
        }
    }
}

impl Backend for OnConnection<'_> {
    fn parameters(&self) -> Parameters {
        Parameters::Text
    }

    async fn run(&self, work: &Work) -> Result<Results> {
        let mut connection = self.0.lock().await;
        match work {
            Work::As(transaction) => execution::run_on(&mut connection, transaction).await,
            Work::Plain { .. } => plain(&mut connection, work).await,
        }
    }

    async fn rows<R: Send>(
        &self,
        work: &Work,
        mut read: impl FnMut(&dyn Cells) -> Result<R> + Send,
    ) -> Result<Vec<R>> {
        let mut connection = self.0.lock().await;
        let mut rows = Vec::new();
        let take = |cells: &PgCells<'_>| {
            rows.push(read(cells)?);
            Ok(())
        };
        match work {
            Work::Plain { main, .. } => {
                execution::each(&mut **connection, main, "", take).await?;
            }
            Work::As(transaction) if connection.is_in_transaction() => {
                let before = execution::enter(&mut connection, transaction).await?;
                let (main, role) = (&transaction.main, &transaction.role);
                execution::each(&mut **connection, main, role, take).await?;
                execution::leave(&mut connection, before).await?;
            }
            Work::As(transaction) => {
                let begin = execution::beginning(transaction.access, transaction.isolation);
                let mut open = connection.begin_with(begin).await.map_err(execution::failure)?;
                execution::set(&mut open, transaction).await?;
                execution::each(&mut *open, &transaction.main, &transaction.role, take).await?;
                execution::finish(open, transaction.end).await?;
            }
        }
        Ok(rows)
    }
}

fn decode<Q: Query>(query: &Q, row: &PgRow, layout: &Layout) -> Result<Q::Output> {
    query.read(&mut Fields::new(&PgCells(row), layout))
}

async fn plain(connection: &mut PgConnection, work: &Work) -> Result<Results> {
    let main = execution::all(connection, work.main(), "").await?;
    if let Work::Plain { guard: Some(guard), .. } = work {
        check_guard(*guard, &main)?;
    }
    Ok(Results { main, ..Results::default() })
}

impl Database<PgPool> {
    /// The rows that a query gives, one by one as they come: memory is needed for one alone.
    ///
    /// A connection of the pool is in use until the end of the stream, or until it is dropped.
    ///
    /// ```no_run
    /// # use phlo_core::{Result, db::Database, dsl::{select, sample::films::{self, Films}}};
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn print(db: Database<sqlx::PgPool>) -> Result<()> {
    /// let mut titles = std::pin::pin!(db.stream(select(Films).columns(films::TITLE)));
    /// while let Some(title) = titles.try_next().await? {
    ///     println!("{title}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<'a, Q>(&'a self, query: Q) -> impl Stream<Item = Result<Q::Output>> + Send + 'a
    where
        Q: Query + Send + Sync + 'a,
        Q::Output: Send,
    {
        try_stream! {
            let (request, layout) = query.prepare(Casts::Yes);
            let work = self.typed_work(&request)?;
            match &work {
                Work::Plain { main, .. } => {
                    let mut rows = std::pin::pin!(execution::stream(&self.backend, main, ""));
                    while let Some(row) = rows.try_next().await? {
                        yield decode(&query, &row, &layout)?;
                    }
                }
                Work::As(transaction) => {
                    let begin = execution::beginning(transaction.access, transaction.isolation);
                    let mut open =
                        self.backend.begin_with(begin).await.map_err(execution::failure)?;
                    execution::set(&mut open, transaction).await?;
                    {
                        let (main, role) = (&transaction.main, &transaction.role);
                        let mut rows = std::pin::pin!(execution::stream(&mut *open, main, role));
                        while let Some(row) = rows.try_next().await? {
                            yield decode(&query, &row, &layout)?;
                        }
                    }
                    execution::finish(open, transaction.end).await?;
                }
            }
        }
    }
}
