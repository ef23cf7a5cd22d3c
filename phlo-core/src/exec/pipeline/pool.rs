//! A bounded number of connections, handed to one transaction at a time. Decides when connections
//! are opened, kept and closed; knows no message of the protocol.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_core::Stream;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError},
    time::timeout,
};
use tracing::debug;

use crate::{
    error::{Code, Error, Result},
    exec::{
        BodyStream, Opened,
        pipeline::{
            config::Config,
            connect::Connector,
            connection::Connection,
            recover::recover,
            run::{Begun, Failure, Remedy},
            script::Preparation,
            streaming,
        },
        transaction::{Executor, Results, Row, Transaction},
    },
    plan::Access,
};

/// What a [`Pool`] may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections at most.
    pub max_connections: usize,
    /// How long a request waits for a connection, and for one to be opened unless the connection
    /// string says otherwise.
    pub acquire_timeout: Duration,
    /// How long a connection may lie idle before it is closed.
    pub idle_timeout: Option<Duration>,
    /// How old a connection may grow before it is closed.
    pub max_lifetime: Option<Duration>,
    /// Whether statements are prepared once and kept. Turn it off behind a pooler that gives each
    /// transaction another session, such as PgBouncer in transaction mode.
    pub prepared_statements: bool,
    /// Statements that a connection keeps at most.
    pub statement_capacity: usize,
    /// Bytes of the answer to one transaction that may be held at once. A longer one that isn't
    /// taken in pieces is an error, and costs its connection. None means that only the server's
    /// limits hold.
    pub max_answer_bytes: Option<usize>,
    /// How long the cleaning of a connection may take whose request was given up. Then it is
    /// closed.
    pub recovery_timeout: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            idle_timeout: Some(Duration::from_secs(30)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
            prepared_statements: true,
            statement_capacity: 256,
            max_answer_bytes: None,
            recovery_timeout: Duration::from_secs(5),
        }
    }
}

/// How a [`Pool`] is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections at most.
    pub max: usize,
    /// Connections that are open.
    pub size: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Requests that have waited in vain, since the pool was made.
    pub timeouts: u64,
    /// Connections that were opened, since the pool was made.
    pub opened: u64,
    /// Requests that were given up half-way, since the pool was made.
    pub abandoned: u64,
}

/// An executor that sends a whole transaction at once, over connections of its own.
///
/// Connections are opened when they are needed, and the one that was used last is used first.
/// Requests are served in the order in which they came. When the last clone of a pool is dropped,
/// its connections are closed.
///
/// Each transaction has a connection for itself, but not a session of the server: a function can
/// leave something behind that lasts longer than its transaction, such as a parameter
/// (`set_config(.., false)`), a temporary table or a lock, and the next transaction on the
/// connection finds it. The pool does not clean up after such functions, since that would cost
/// every request. What decides about permissions is out of their reach if the settings of every
/// transaction set the role, the claims and the search path, by functions whose schema they name.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    options: PoolOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<IdleList>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    numbered: AtomicU64,
    size: AtomicUsize,
    waiting: AtomicUsize,
    timeouts: AtomicU64,
    opened: AtomicU64,
    abandoned: AtomicU64,
}

#[derive(Default)]
struct IdleList {
    /// The one that was used last is at the end.
    connections: Vec<Idle>,
    /// Connections of an earlier generation are not kept.
    generation: u64,
    /// Somebody looks after connections that lie idle too long.
    swept: bool,
}

struct Idle {
    pooled: Pooled,
    since: Instant,
}

/// A connection that the pool counts.
struct Pooled {
    /// What it is called in the log.
    number: u64,
    connection: Connection,
    generation: u64,
    _counted: Counted,
}

/// Counts something as long as it lives.
struct Counted(Arc<Counts>, fn(&Counts) -> &AtomicUsize);

impl Counted {
    fn new(counts: &Arc<Counts>, which: fn(&Counts) -> &AtomicUsize) -> Self {
        which(counts).fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counts), which)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    /// A pool that has no connection yet.
    ///
    /// # Errors
    ///
    /// Certificates that can't be read.
    pub fn new(config: Config, options: PoolOptions) -> Result<Self> {
        let max = options.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let options = PoolOptions { max_connections: max, ..options };
        let connector = Connector::new(config, &options)?;
        Ok(Self(Arc::new(Shared {
            connector,
            options,
            permits: Arc::new(Semaphore::new(max)),
            idle: Mutex::default(),
            counts: Arc::default(),
        })))
    }

    /// How the pool is doing.
    pub fn status(&self) -> PoolStatus {
        let counts = &self.0.counts;
        PoolStatus {
            max: self.0.options.max_connections,
            size: counts.size.load(Ordering::Relaxed),
            idle: self.0.idle().connections.len(),
            waiting: counts.waiting.load(Ordering::Relaxed),
            timeouts: counts.timeouts.load(Ordering::Relaxed),
            opened: counts.opened.load(Ordering::Relaxed),
            abandoned: counts.abandoned.load(Ordering::Relaxed),
        }
    }

    /// The version that a server calls itself by, over a connection of the pool.
    ///
    /// # Errors
    ///
    /// No connection, or none in time.
    pub async fn server_version(&self) -> Result<String> {
        let lease = self.lease().await?;
        let version =
            lease.pooled.as_ref().and_then(|it| it.connection.parameter("server_version"));
        Ok(version.unwrap_or_default().to_owned())
    }

    /// Closes all connections: idle ones now, the others when they are returned.
    pub fn clear(&self) {
        let closed = {
            let mut idle = self.0.idle();
            idle.generation += 1;
            std::mem::take(&mut idle.connections)
        };
        drop(closed);
    }

    /// The rows of a transaction's main statement as they come: memory is needed for a few alone.
    ///
    /// Nothing is read from the database unless a row is asked for. The transaction is kept or
    /// undone before the stream ends, so that an error may come after the last row. If the stream is
    /// dropped before its end, the statement is stopped if it still runs; that of a write mostly
    /// doesn't, since PostgreSQL makes all changes before it gives the first row.
    pub fn rows(
        &self,
        transaction: Transaction,
    ) -> impl Stream<Item = Result<Row>> + Send + 'static {
        streaming::rows(self.clone(), transaction)
    }

    /// Runs a transaction until it is over or has paused, on a connection that is its own till then.
    pub(super) async fn begin(
        &self,
        transaction: &Transaction,
        most: usize,
    ) -> Result<(Begun, Lease)> {
        let preparation = self.preparation();
        let mut lease = self.lease().await?;
        loop {
            match lease.connection()?.begin(transaction, preparation, most).await {
                Ok(begun) => return Ok((begun, lease)),
                Err(failure) => lease.remedy(failure).await?,
            }
        }
    }

    /// Whether statements are prepared for more than one use.
    pub(super) fn preparation(&self) -> Preparation {
        match self.0.options.prepared_statements {
            true => Preparation::Named,
            false => Preparation::Unnamed,
        }
    }

    /// A connection that nobody else uses.
    pub(super) async fn lease(&self) -> Result<Lease> {
        debug!("Trying to borrow a connection from pool");
        let lease = self.find().await?;
        let number = lease.pooled.as_ref().map_or(0, |pooled| pooled.number);
        debug!("Connection {number} is used");
        debug!("Borrowed a connection from the pool");
        Ok(lease)
    }

    async fn find(&self) -> Result<Lease> {
        let permit = self.permit().await?;
        while let Some(mut pooled) = self.0.take_idle() {
            if pooled.connection.is_alive() {
                return Ok(Lease {
                    pooled: Some(pooled),
                    permit: Some(permit),
                    pool: self.0.clone(),
                });
            }
        }
        // Boxed, as all that is rare: each request has room for it otherwise.
        let pooled = Box::pin(self.0.open()).await?;
        Ok(Lease { pooled: Some(pooled), permit: Some(permit), pool: self.0.clone() })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        let permits = &self.0.permits;
        match Arc::clone(permits).try_acquire_owned() {
            Ok(permit) => return Ok(permit),
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {}
        }
        let _waiting = Counted::new(&self.0.counts, |counts| &counts.waiting);
        let wait = Arc::clone(permits).acquire_owned();
        match timeout(self.0.options.acquire_timeout, wait).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => {
                self.0.counts.timeouts.fetch_add(1, Ordering::Relaxed);
                let message = "Timed out acquiring connection from connection pool.";
                Err(Error::new(Code::PoolTimeout, message))
            }
        }
    }
}

impl Executor for Pool {
    async fn run(&self, transaction: &Transaction) -> Result<Results> {
        match self.begin(transaction, usize::MAX).await? {
            (Begun::Over(results), _) => Ok(results),
            (Begun::Paused(_), _) => {
                Err(Error::new(Code::Internal, "A transaction has paused without being asked to."))
            }
        }
    }

    async fn open(&self, transaction: &Transaction, most: usize) -> Result<Opened> {
        // Whether a write is kept must not depend on how its answer is read.
        let may_pause = transaction.writer.is_some()
            && transaction.guard.is_none()
            && transaction.access == Access::ReadOnly;
        if !may_pause {
            return self.run(transaction).await.map(Opened::Whole);
        }
        Ok(match self.begin(transaction, most).await? {
            (Begun::Over(results), _) => Opened::Whole(results),
            (Begun::Paused(paused), lease) => {
                let before = paused.progress.results.before.clone();
                let pieces = streaming::pieces(lease, transaction.clone(), paused);
                Opened::Pieces(before, BodyStream::new(pieces))
            }
        })
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, IdleList> {
        // A list of connections is valid whatever its last user was doing when it panicked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Pooled> {
        let generation = self.idle().generation;
        let counted = Counted::new(&self.counts, |counts| &counts.size);
        let number = self.counts.numbered.fetch_add(1, Ordering::Relaxed) + 1;
        debug!("Connection {number} is being established");
        let connection = match self.connector.connect().await {
            Ok(connection) => connection,
            Err(error) => {
                debug!("Connection {number} is terminated due to network error");
                return Err(error);
            }
        };
        debug!("Connection {number} is available due to connection establishment");
        self.counts.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Pooled { number, connection, generation, _counted: counted })
    }

    fn take_idle(&self) -> Option<Pooled> {
        loop {
            let Idle { pooled, since } = self.idle().connections.pop()?;
            if !self.is_over(&pooled, since) {
                return Some(pooled);
            }
        }
    }

    /// Whether a connection is too old, or has been idle for too long.
    fn is_over(&self, pooled: &Pooled, since: Instant) -> bool {
        let PoolOptions { idle_timeout, max_lifetime, .. } = self.options;
        idle_timeout.is_some_and(|limit| since.elapsed() > limit)
            || max_lifetime.is_some_and(|limit| pooled.connection.opened.elapsed() > limit)
    }

    /// Keeps a clean connection for the next request.
    fn put_back(self: &Arc<Self>, pooled: Pooled) {
        let since = Instant::now();
        let mut idle = self.idle();
        let number = pooled.number;
        if pooled.generation != idle.generation || self.is_over(&pooled, since) {
            drop(idle);
            debug!("Connection {number} is terminated due to release");
            return;
        }
        debug!("Connection {number} is available due to session success");
        idle.connections.push(Idle { pooled, since });
        let limits = [self.options.idle_timeout, self.options.max_lifetime];
        if !idle.swept
            && let Some(shortest) = limits.into_iter().flatten().min()
            && let Ok(runtime) = Handle::try_current()
        {
            idle.swept = true;
            runtime.spawn(sweep(Arc::downgrade(self), shortest));
        }
    }
}

/// Closes connections that nobody uses for too long, until none is left.
async fn sweep(pool: Weak<Shared>, shortest: Duration) {
    // Often enough for a limit to mean something, and rarely enough to cost nothing.
    let pause = (shortest / 2).max(Duration::from_millis(10));
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        let over: Vec<_> = idle
            .connections
            .extract_if(.., |it| {
                pool.is_over(&it.pooled, it.since) || !it.pooled.connection.is_alive()
            })
            .collect();
        idle.swept = !idle.connections.is_empty();
        let is_done = !idle.swept;
        drop(idle);
        drop(over);
        if is_done {
            return;
        }
    }
}

/// A connection in use. When it is dropped, the connection goes back to the pool if it is clean; if
/// a request was given up half-way, after it was cleaned.
pub(super) struct Lease {
    pooled: Option<Pooled>,
    /// Dropped after the connection, so that there are never more connections than permits.
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Shared>,
}

impl Lease {
    pub(super) fn connection(&mut self) -> Result<&mut Connection> {
        match &mut self.pooled {
            Some(pooled) => Ok(&mut pooled.connection),
            None => Err(Error::new(Code::Internal, "A connection was used after its return.")),
        }
    }

    /// Does what must be done before the same is tried again. Each remedy helps once: statements are
    /// new the second time, and so is a connection.
    ///
    /// # Errors
    ///
    /// That of the failure, if there is no remedy; no connection.
    pub(super) async fn remedy(&mut self, failure: Failure) -> Result<()> {
        match failure.remedy {
            Remedy::None => return Err(failure.error),
            Remedy::PrepareAnew => {}
            Remedy::Reconnect => {
                self.pooled = None;
                self.pooled = Some(Box::pin(self.pool.open()).await?);
            }
        }
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut pooled) = self.pooled.take() else { return };
        if pooled.connection.is_clean() {
            self.pool.put_back(pooled);
        } else if !pooled.connection.is_broken() {
            self.pool.counts.abandoned.fetch_add(1, Ordering::Relaxed);
            let (permit, limit) = (self.permit.take(), self.pool.options.recovery_timeout);
            let pool = Arc::downgrade(&self.pool);
            // Without a runtime the connection is closed, and the server undoes the request.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move {
                    recover(&mut pooled.connection, limit).await;
                    match pool.upgrade() {
                        Some(pool) if pooled.connection.is_clean() => pool.put_back(pooled),
                        _ => drop(pooled),
                    }
                    drop(permit);
                });
            }
        }
    }
}
