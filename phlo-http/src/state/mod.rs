//! What requests share: the configuration, the schema and the pool, each swapped as a whole.
//!
//! A request takes what it needs once, at its start, and keeps it: a reload never changes it under
//! way and never waits for it.

mod database;
mod live;
mod metrics;
mod plan_cache;
mod reload;
mod requests;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use phlo_core::{
    exec::pipeline::{self, Pool, PoolOptions},
    schema::Schema,
};
use tokio::sync::watch;

pub use self::{
    database::{Listening, LoadError},
    live::Live,
    metrics::Metrics,
    plan_cache::{PlanCache, PreparedRequest},
    reload::Reload,
    requests::Requests,
};
use crate::{
    auth::password::{Hasher, HasherOptions, PasswordError},
    config::{Config, Environment, Warning},
    extension::Extensions,
    observe::Debounce,
};

/// Whether requests can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The schema is being read for the first time.
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
    /// Tells of every new configuration.
    configured: watch::Sender<()>,
    schema: ArcSwapOption<Schema>,
    readiness: watch::Sender<Readiness>,
    listening: AtomicBool,
    pool: Pool,
    target: pipeline::Config,
    origin: Option<Origin>,
    reload: Reload,
    metrics: Metrics,
    timeouts: Debounce,
    /// What was warned of when the configuration was read the last time.
    warned: Mutex<Vec<Warning>>,
    /// Whether there is no use in going on.
    hopeless: watch::Sender<bool>,
    extensions: Extensions,
    base_path: String,
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
            configured: watch::Sender::new(()),
            schema: ArcSwapOption::empty(),
            readiness: watch::Sender::new(Readiness::Pending),
            listening: AtomicBool::new(false),
            target,
            origin,
            reload: Reload::default(),
            metrics: Metrics::default(),
            timeouts: Debounce::default(),
            warned: Mutex::default(),
            hopeless: watch::Sender::new(false),
            extensions: Extensions::default(),
            base_path: String::new(),
            hasher: OnceLock::new(),
        })
    }

    /// Adds what a program has of its own: functions, and hooks around requests.
    #[must_use]
    pub fn with_extensions(self, extensions: Extensions) -> Self {
        Self { extensions, ..self }
    }

    /// What the program has added.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Says under which path clients find the API, where that isn't the root: `/api`.
    ///
    /// For programs that take the path away before they ask, as `nest` of axum does. `Location` and
    /// `Content-Location` then begin with it, and so does the address in OpenAPI documents unless
    /// the configuration names a proxy. Without it they are those of PostgREST, which knows of no
    /// such path.
    #[must_use]
    pub fn with_base_path(self, path: &str) -> Self {
        let path = path.trim_matches('/');
        let base_path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Self { base_path, ..self }
    }

    /// The path under which clients find the API: empty, or one like `/api`.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The configuration and what is made from it.
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    fn set_live(&self, live: Live) {
        self.live.store(Arc::new(live));
        self.configured.send_replace(());
    }

    /// Tells of every configuration that is put into use from now on.
    pub fn configurations(&self) -> watch::Receiver<()> {
        self.configured.subscribe()
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
        *self.readiness.borrow()
    }

    fn set_readiness(&self, readiness: Readiness) {
        self.readiness.send_replace(readiness);
    }

    /// Waits for the first attempt to read the schema, or for the first that succeeds.
    pub async fn wait_for_schema(&self, wanted: Wanted) {
        let mut readiness = self.readiness.subscribe();
        let is_enough = |readiness: &Readiness| match wanted {
            Wanted::Attempt => *readiness != Readiness::Pending,
            Wanted::Success => *readiness == Readiness::Ready,
        };
        // The sender lives as long as this state.
        readiness.wait_for(is_enough).await.ok();
    }

    /// Whether the database can be reached: by the connection that listens, or else by any.
    pub async fn is_connected(&self) -> bool {
        if self.live().config.db_channel_enabled {
            self.listening.load(Ordering::Acquire)
        } else {
            self.pool.server_version().await.is_ok()
        }
    }

    /// Notes whether somebody listens to the database.
    pub fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Ordering::Release);
    }

    /// Asks for reloads.
    pub fn reload(&self) -> &Reload {
        &self.reload
    }

    /// Logs why there is no use in going on, and has the process stop.
    pub fn give_up(&self, reason: &str) {
        tracing::error!("{reason}");
        self.hopeless.send_replace(true);
    }

    /// Ready when there is no use in going on.
    pub async fn given_up(&self) {
        self.hopeless.subscribe().wait_for(|hopeless| *hopeless).await.ok();
    }

    /// Logs warnings, except those that were logged when the configuration was read before.
    pub fn warn(&self, warnings: &[Warning]) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.iter().filter(|warning| !warned.contains(warning)) {
            tracing::warn!("{warning}");
        }
        *warned = warnings.to_vec();
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

    /// What gathers the log of requests that have waited for a connection in vain.
    pub fn timeouts(&self) -> &Debounce {
        &self.timeouts
    }

    /// What is counted, in the text format of Prometheus.
    pub fn metrics_text(&self) -> String {
        self.metrics.text(&self.pool.status(), &self.live().authenticator.cache_counts())
    }
}

/// How far reading the schema has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It was tried.
    Attempt,
    /// It was read.
    Success,
}
