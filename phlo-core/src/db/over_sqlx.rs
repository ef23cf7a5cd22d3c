//! Typed queries on `sqlx`: on its pool, or on a connection that may be in a transaction.

use async_stream::try_stream;
use futures_util::{Stream, TryStreamExt, lock::Mutex};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, postgres::PgRow};

use crate::{
    db::{Database, Work, backend::Backend},
    dsl::{Casts, Cells, Fields, Layout, Query},
    error::Result,
    exec::{
        Executor, Results, Transaction, check_guard,
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
        if let Work::Plain { main, guard: None, .. } = work {
            execution::each(self, main, "", take).await?;
        } else {
            let mut connection = self.acquire().await.map_err(execution::failure)?;
            let mut open = begin(&mut connection, work).await?;
            execution::each(&mut *open, work.main(), work.role(), take).await?;
            end(open, work, rows.len()).await?;
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
            Work::Plain { main, guard: None, .. } => {
                execution::each(&mut **connection, main, "", take).await?;
            }
            Work::As(transaction) if connection.is_in_transaction() => {
                if transaction.guard.is_none() {
                    return within(&mut connection, transaction, take).await.map(|()| rows);
                }
                // What must not be kept is undone, and nothing else of the transaction.
                let mut open = connection.begin().await.map_err(execution::failure)?;
                within(&mut open, transaction, take).await?;
                check(work, rows.len())?;
                open.commit().await.map_err(execution::failure)?;
            }
            Work::Plain { .. } | Work::As(_) => {
                let mut open = begin(&mut connection, work).await?;
                execution::each(&mut *open, work.main(), work.role(), take).await?;
                end(open, work, rows.len()).await?;
            }
        }
        Ok(rows)
    }
}

/// Begins the transaction of a unit of work.
async fn begin<'c>(
    connection: &'c mut PgConnection,
    work: &Work,
) -> Result<sqlx::Transaction<'c, Postgres>> {
    match work {
        // Within a transaction, a part of that.
        Work::Plain { .. } => connection.begin().await.map_err(execution::failure),
        Work::As(transaction) => {
            let begin = execution::beginning(transaction.access, transaction.isolation);
            let mut open = connection.begin_with(begin).await.map_err(execution::failure)?;
            execution::set(&mut open, transaction).await?;
            Ok(open)
        }
    }
}

/// Ends it, if there are as many rows as there may be; or else it is undone.
async fn end(open: sqlx::Transaction<'_, Postgres>, work: &Work, rows: usize) -> Result<()> {
    check(work, rows)?;
    match work {
        Work::Plain { .. } => open.commit().await.map_err(execution::failure),
        Work::As(transaction) => execution::finish(open, transaction.end).await,
    }
}

fn check(work: &Work, rows: usize) -> Result<()> {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    work.guard().map_or(Ok(()), |guard| guard.check(rows))
}

/// Runs a unit of work in a transaction that is open.
async fn within(
    connection: &mut PgConnection,
    transaction: &Transaction,
    take: impl FnMut(&PgCells<'_>) -> Result<()> + Send,
) -> Result<()> {
    let before = execution::enter(connection, transaction).await?;
    execution::each(&mut *connection, &transaction.main, &transaction.role, take).await?;
    execution::leave(connection, before).await
}

fn decode<Q: Query>(query: &Q, row: &PgRow, layout: &Layout) -> Result<Q::Output> {
    query.read(&mut Fields::new(&PgCells(row), layout))
}

async fn plain(connection: &mut PgConnection, work: &Work) -> Result<Results> {
    let Some(guard) = work.guard() else {
        let main = execution::all(connection, work.main(), "").await?;
        return Ok(Results { main, ..Results::default() });
    };
    // What must not be kept has to be undone.
    let mut open = begin(connection, work).await?;
    let main = execution::all(&mut open, work.main(), "").await?;
    check_guard(guard, &main)?;
    open.commit().await.map_err(execution::failure)?;
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
            let work = self.typed_work(&request, None)?;
            if let Work::Plain { main, guard: None, .. } = &work {
                let mut rows = std::pin::pin!(execution::stream(&self.backend, main, ""));
                while let Some(row) = rows.try_next().await? {
                    yield decode(&query, &row, &layout)?;
                }
            } else {
                let mut connection = self.backend.acquire().await.map_err(execution::failure)?;
                let mut open = begin(&mut connection, &work).await?;
                let mut count = 0;
                {
                    let (main, role) = (work.main(), work.role());
                    let mut rows = std::pin::pin!(execution::stream(&mut *open, main, role));
                    while let Some(row) = rows.try_next().await? {
                        count += 1;
                        yield decode(&query, &row, &layout)?;
                    }
                }
                end(open, &work, count).await?;
            }
        }
    }
}
