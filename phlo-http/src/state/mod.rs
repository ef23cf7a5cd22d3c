//! What requests share: the configuration, the schema and the pool, each swapped as a whole.
//!
//! A request takes what it needs once, at its start, and keeps it: a reload never changes it under
//! way and never waits for it.

mod live;
mod metrics;
mod reload;

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use phlo_core::{
    exec::pipeline::{self, Pool, PoolOptions},
    schema::Schema,
};

pub use self::{
    live::Live,
    metrics::Metrics,
    reload::{LoadError, Reload},
};
use crate::{
    auth::password::{Hasher, HasherOptions, PasswordError},
    config::{Config, Environment},
};

/// Whether requests can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The schema is being read.
    Pending,
    /// The schema was read.
    Ready,
    /// The schema could not be read the last time.
    Failed,
}

/// Where the configuration is read from again on a reload.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The environment of the process when it started.
    pub environment: Environment,
}

/// What requests share.
#[derive(Debug)]
pub struct State {
    live: ArcSwap<Live>,
    schema: ArcSwapOption<Schema>,
    readiness: AtomicU8,
    pool: Pool,
    target: pipeline::Config,
    origin: Option<Origin>,
    reload: Reload,
    metrics: Metrics,
    /// Made for the first login: servers without one don't pay for it.
    hasher: OnceLock<Result<Hasher, PasswordError>>,
}

impl State {
    /// A state without a schema yet; [`load`](Self::load) reads it. Connects to nothing.
    ///
    /// Without an origin the configuration stays as it is.
    ///
    /// # Errors
    ///
    /// The connection string is not one.
    pub fn new(config: Config, origin: Option<Origin>) -> phlo_core::Result<Self> {
        let environment = origin.as_ref().map(|origin| &origin.environment);
        let lookup = |name: &str| environment?.get(name).map(str::to_owned);
        let target = pipeline::Config::parse(config.db_uri.expose(), &lookup)?
            .with_default_application_name(concat!("phlo ", env!("CARGO_PKG_VERSION")));
        let options = PoolOptions {
            max_connections: usize::try_from(config.db_pool).unwrap_or(usize::MAX),
            acquire_timeout: config.db_pool_acquisition_timeout,
            idle_timeout: Some(config.db_pool_max_idletime),
            max_lifetime: Some(config.db_pool_max_lifetime),
            prepared_statements: config.db_prepared_statements,
            ..PoolOptions::default()
        };
        Ok(Self {
            pool: Pool::new(target.clone(), options)?,
            live: ArcSwap::from_pointee(Live::new(config, None)),
            schema: ArcSwapOption::empty(),
            readiness: AtomicU8::new(Readiness::Pending as u8),
            target,
            origin,
            reload: Reload::default(),
            metrics: Metrics::default(),
            hasher: OnceLock::new(),
        })
    }

    /// The configuration and what is made from it.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// The schema, once it was read.
    pub fn schema(&self) -> Option<Arc<Schema>> {
        self.schema.load_full()
    }

    /// Uses a schema that was not read from the database: a snapshot, or one made for a test.
    pub fn set_schema(&self, schema: Schema) {
        self.schema.store(Some(Arc::new(schema)));
        self.set_readiness(Readiness::Ready);
    }

    /// The connections to the database.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether requests can be answered.
    pub fn readiness(&self) -> Readiness {
        match self.readiness.load(Ordering::Acquire) {
            ready if ready == Readiness::Ready as u8 => Readiness::Ready,
            failed if failed == Readiness::Failed as u8 => Readiness::Failed,
            _ => Readiness::Pending,
        }
    }

    fn set_readiness(&self, readiness: Readiness) {
        self.readiness.store(readiness as u8, Ordering::Release);
    }

    /// Asks for reloads.
    pub fn reload(&self) -> &Reload {
        &self.reload
    }

    /// Who verifies passwords.
    ///
    /// # Errors
    ///
    /// It could not be made.
    pub fn hasher(&self) -> Result<&Hasher, PasswordError> {
        let made = self.hasher.get_or_init(|| Hasher::new(HasherOptions::default()));
        made.as_ref().map_err(Clone::clone)
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What is counted, in the text format of Prometheus.
    pub fn metrics_text(&self) -> String {
        self.metrics.text(&self.pool.status(), &self.live().authenticator.cache_counts())
    }
}
