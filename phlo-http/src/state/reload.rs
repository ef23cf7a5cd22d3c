//! Reading configuration and schema: at the start, on demand, and again until it works.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use phlo_core::{exec::introspect, schema::Schema};
use sqlx::{
    Connection, PgConnection,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::Notify;

use crate::{
    config::{self, Config, DatabaseSettings, Sources},
    state::{Live, Readiness, State},
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// How long further demands are gathered after one, before it is met.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// Demands for reloads. Several at once are met by one.
#[derive(Debug, Default)]
pub struct Reload {
    schema: AtomicBool,
    config: AtomicBool,
    /// The pause before the next attempt, in seconds.
    pause: AtomicU64,
    wake: Notify,
}

impl Reload {
    /// Asks for the schema to be read again.
    pub fn schema(&self) {
        self.schema.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Asks for the configuration to be read again.
    pub fn config(&self) {
        self.config.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// How long clients should wait before they try again.
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(self.pause.load(Ordering::Relaxed).max(1))
    }
}

impl State {
    /// Reads configuration and schema, then again whenever that is asked for; never returns.
    ///
    /// While the database can't be reached it is tried again after 1, 2, 4, .. at most 32 seconds.
    /// If a reload fails, what was read before stays in use.
    pub async fn keep_loaded(&self) {
        if self.schema().is_none() {
            self.reload.config();
            self.reload.schema();
        }
        let mut pause = Duration::ZERO;
        loop {
            if pause.is_zero() {
                self.reload.wake.notified().await;
                if self.schema().is_some() {
                    tokio::time::sleep(DEBOUNCE).await;
                }
            } else {
                tokio::time::sleep(pause).await;
            }
            pause = match self.load_what_was_asked().await {
                Ok(()) => Duration::ZERO,
                Err(error) => {
                    let next = (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE);
                    tracing::error!(%error, "loading failed; trying again in {} s", next.as_secs());
                    next
                }
            };
            self.reload.pause.store(pause.as_secs(), Ordering::Relaxed);
        }
    }

    async fn load_what_was_asked(&self) -> Result<(), LoadError> {
        if self.reload.config.swap(false, Ordering::AcqRel)
            && let Err(error) = self.load_config().await
        {
            if error.may_pass() {
                self.reload.config.store(true, Ordering::Release);
                self.set_readiness(Readiness::Failed);
                return Err(error);
            }
            tracing::error!(%error, "the configuration was not reloaded");
        }
        if self.reload.schema.swap(false, Ordering::AcqRel)
            && let Err(error) = self.load().await
        {
            self.reload.schema.store(true, Ordering::Release);
            return Err(error);
        }
        Ok(())
    }

    /// Reads the configuration from where it came from, and from the database.
    ///
    /// # Errors
    ///
    /// A setting is not allowed; the database can't be asked.
    pub async fn load_config(&self) -> Result<(), LoadError> {
        let Some(origin) = &self.origin else { return Ok(()) };
        let live = self.live();
        let database = if live.config.db_config {
            let mut connection = self.connect().await?;
            let found =
                config::read_database(&mut connection, live.config.db_pre_config.as_ref()).await;
            connection.close().await.ok();
            found?
        } else {
            DatabaseSettings::default()
        };
        let loaded = config::load(&Sources {
            file: origin.file.as_deref(),
            environment: &origin.environment,
            database: &database,
            running: Some(&live.config),
        })?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        for name in &loaded.waiting {
            tracing::warn!("{name} has changed; the new value waits for a restart");
        }
        self.live.store(Live::new(loaded.config, Some(&live)).into());
        Ok(())
    }

    /// Reads the schema from the database.
    ///
    /// # Errors
    ///
    /// The database can't be asked, or an exposed schema doesn't exist.
    pub async fn load(&self) -> Result<(), LoadError> {
        self.set_readiness(Readiness::Pending);
        let started = Instant::now();
        match self.read_schema().await {
            Ok(schema) => {
                self.metrics.schema_loaded(started.elapsed());
                tracing::info!(
                    tables = schema.tables().count(),
                    functions = schema.all_routines().count(),
                    "the schema was read in {:.1} ms",
                    started.elapsed().as_secs_f64() * 1000.0
                );
                self.set_schema(schema);
                Ok(())
            }
            Err(error) => {
                self.metrics.schema_failed();
                self.set_readiness(Readiness::Failed);
                Err(error)
            }
        }
    }

    async fn read_schema(&self) -> Result<Schema, LoadError> {
        let live = self.live();
        let options = introspection(&live.config);
        let mut connection = self.connect().await?;
        let schema = introspect::introspect(&mut connection, &options).await;
        connection.close().await.ok();
        Ok(schema?)
    }

    /// A connection that listens, outside the pool.
    ///
    /// # Errors
    ///
    /// The database can't be connected to.
    pub async fn listener(&self) -> Result<PgListener, sqlx::Error> {
        let options = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        PgListener::connect_with(&options.connect_with(self.target.sqlx_options()).await?).await
    }

    /// A connection of its own, outside the pool.
    ///
    /// # Errors
    ///
    /// None of the hosts can be connected to.
    pub async fn connect(&self) -> Result<PgConnection, LoadError> {
        let mut last = None;
        for options in self.target.sqlx_candidates() {
            match PgConnection::connect_with(&options).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(error),
            }
        }
        Err(LoadError::Database(last.unwrap_or(sqlx::Error::PoolClosed)))
    }
}

fn introspection(config: &Config) -> introspect::Options {
    introspect::Options {
        schemas: config.db_schemas.clone(),
        extra_search_path: config.db_extra_search_path.clone(),
        hoisted_settings: config.db_hoisted_tx_settings.clone(),
    }
}

/// Why configuration or schema could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A setting is not allowed.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The database can't be asked.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The catalogue can't be read.
    #[error(transparent)]
    Schema(#[from] phlo_core::Error),
}

impl LoadError {
    /// Whether trying again may help.
    fn may_pass(&self) -> bool {
        match self {
            Self::Config(_) => false,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
            }
            Self::Database(_) => true,
            Self::Schema(error) => error.is_connection(),
        }
    }
}
