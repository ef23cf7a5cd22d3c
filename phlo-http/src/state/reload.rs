//! Reading configuration and schema: at the start, on demand, and again until it works.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use phlo_core::{exec::introspect, schema::Schema};
use sqlx::{Connection, PgConnection};
use tokio::sync::Notify;

use crate::{
    config::{self, Config, DatabaseSettings, Sources},
    state::{
        Live, LoadError, Readiness, State,
        database::{refused, server_name},
    },
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// How long further demands are gathered after one was met.
const COOLDOWN: Duration = Duration::from_millis(100);

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
    /// Asks for the schema to be read again, and the settings of the database with it.
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

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Done,
    Failed,
}

impl State {
    /// Reads configuration and schema, then again whenever that is asked for; never returns.
    ///
    /// While that fails it is tried again after 1, 2, 4, .. at most 32 seconds, unless the
    /// configuration turns recovery off. If a reload fails, what was read before stays in use.
    pub async fn keep_loaded(&self) {
        if self.schema().is_none() {
            self.reload.schema();
        }
        let mut pause = Duration::ZERO;
        loop {
            if pause.is_zero() {
                self.reload.wake.notified().await;
            } else {
                tracing::info!(
                    "Attempting to reconnect to the database in {} seconds...",
                    pause.as_secs()
                );
                tokio::time::sleep(pause).await;
            }
            pause = match self.load_what_was_asked().await {
                Attempt::Failed if self.live().config.db_pool_automatic_recovery => {
                    (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE)
                }
                Attempt::Failed | Attempt::Done => Duration::ZERO,
            };
            self.reload.pause.store(pause.as_secs(), Ordering::Relaxed);
            if pause.is_zero() {
                tokio::time::sleep(COOLDOWN).await;
            }
        }
    }

    async fn load_what_was_asked(&self) -> Attempt {
        let schema = self.reload.schema.swap(false, Ordering::AcqRel);
        let config = self.reload.config.swap(false, Ordering::AcqRel);
        let db_config = self.live().config.db_config && self.origin.is_some();
        let mut connection = None;
        if schema || (config && db_config) {
            match self.connect().await {
                Ok(made) => connection = Some(made),
                Err(error) => {
                    self.reload.schema.fetch_or(schema, Ordering::AcqRel);
                    self.reload.config.fetch_or(config, Ordering::AcqRel);
                    self.not_connected(&error);
                    return Attempt::Failed;
                }
            }
        }
        if config || (schema && db_config) {
            match self.read_config(connection.as_mut()).await {
                Ok(()) if config => tracing::info!("Config reloaded"),
                Ok(()) => {}
                Err(LoadError::Config(error)) => {
                    tracing::error!("Failed reloading config: {error}")
                }
                // The settings that were read before stay in use.
                Err(error @ LoadError::Database(_)) => tracing::error!(
                    "Failed to query database settings for the config parameters. {}",
                    error.payload()
                ),
            }
        }
        let (true, Some(mut connection)) = (schema, connection) else { return Attempt::Done };
        // A server that can't even say its name fails below.
        if let Ok(server) = server_name(&mut connection).await {
            tracing::info!("Successfully connected to {server}");
        }
        let loaded = self.read_schema(&mut connection).await;
        connection.close().await.ok();
        if loaded.is_err() {
            self.reload.schema.store(true, Ordering::Release);
            return Attempt::Failed;
        }
        Attempt::Done
    }

    fn not_connected(&self, error: &LoadError) {
        self.set_readiness(Readiness::Failed);
        let payload = error.payload();
        if error.is_refused_password() {
            self.give_up(&format!("Failed to establish a connection. {payload}"));
            return;
        }
        tracing::error!("Failed to query the PostgreSQL version. {payload}");
        if !self.live().config.db_pool_automatic_recovery {
            self.give_up("Automatic recovery disabled, exiting.");
        }
    }

    /// Reads the configuration from where it came from, and from the database.
    ///
    /// # Errors
    ///
    /// A setting is not allowed; the database can't be asked.
    pub async fn load_config(&self) -> Result<(), LoadError> {
        if self.origin.is_none() || !self.live().config.db_config {
            return self.read_config(None).await;
        }
        let mut connection = self.connect().await?;
        let read = self.read_config(Some(&mut connection)).await;
        connection.close().await.ok();
        read
    }

    /// Without a connection the database is not asked.
    async fn read_config(&self, connection: Option<&mut PgConnection>) -> Result<(), LoadError> {
        let Some(origin) = &self.origin else { return Ok(()) };
        let live = self.live();
        let database = match connection.filter(|_| live.config.db_config) {
            Some(connection) => {
                config::read_database(connection, live.config.db_pre_config.as_ref())
                    .await
                    .map_err(refused)?
            }
            None => DatabaseSettings::default(),
        };
        let loaded = config::load(&Sources {
            file: origin.file.as_deref(),
            environment: &origin.environment,
            database: &database,
            running: Some(&live.config),
        })?;
        self.warn(&loaded.warnings);
        for name in &loaded.waiting {
            tracing::warn!("{name} has changed; the new value waits for a restart");
        }
        self.set_live(Live::new(loaded.config, Some(&live)));
        Ok(())
    }

    /// Reads the schema from the database.
    ///
    /// # Errors
    ///
    /// The database can't be asked, or an exposed schema doesn't exist.
    pub async fn load(&self) -> Result<(), LoadError> {
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(error) => {
                self.set_readiness(Readiness::Failed);
                return Err(error);
            }
        };
        let loaded = self.read_schema(&mut connection).await;
        connection.close().await.ok();
        loaded
    }

    async fn read_schema(&self, connection: &mut PgConnection) -> Result<(), LoadError> {
        let live = self.live();
        let started = Instant::now();
        match query_schema(connection, &live.config).await {
            Ok(schema) => {
                let queried = Instant::now();
                let summary = summary(&schema);
                self.schema.store(Some(schema.into()));
                // Sessions remember the catalogue, so that those from before are not used again.
                self.pool.clear();
                tracing::debug!("Database connection pool flushed");
                self.metrics.schema_loaded(queried - started);
                let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
                tracing::info!(
                    "Schema cache queried in {:.1} milliseconds",
                    milliseconds(queried - started)
                );
                tracing::info!("Schema cache loaded {summary}");
                tracing::info!(
                    "Schema cache loaded in {:.1} milliseconds",
                    milliseconds(queried.elapsed())
                );
                self.set_readiness(Readiness::Ready);
                Ok(())
            }
            Err(error) => {
                let error = LoadError::from(error);
                self.metrics.schema_failed();
                self.set_readiness(Readiness::Failed);
                tracing::error!(
                    "Failed to load the schema cache using db-schemas={} and \
                     db-extra-search-path={}. {}",
                    live.config.db_schemas.join(","),
                    live.config.db_extra_search_path.join(","),
                    error.payload()
                );
                Err(error)
            }
        }
    }
}

async fn query_schema(connection: &mut PgConnection, config: &Config) -> phlo_core::Result<Schema> {
    let options = introspect::Options {
        schemas: config.db_schemas.clone(),
        extra_search_path: config.db_extra_search_path.clone(),
        hoisted_settings: config.db_hoisted_tx_settings.clone(),
    };
    sleep(connection, config.internal_schema_cache_query_sleep.before).await?;
    let schema = introspect::introspect(connection, &options).await?;
    sleep(connection, config.internal_schema_cache_query_sleep.after).await?;
    Ok(schema)
}

/// Lets the server sleep, so that tests can see what happens while the schema is read.
async fn sleep(connection: &mut PgConnection, duration: Duration) -> phlo_core::Result<()> {
    if duration.is_zero() {
        return Ok(());
    }
    let sleep = sqlx::query("select pg_sleep($1)").bind(duration.as_secs_f64());
    sleep.execute(connection).await.map_err(refused)?;
    Ok(())
}

/// What there is of each kind, for logs.
fn summary(schema: &Schema) -> String {
    format!(
        "{} Relations, {} Relationships, {} RPCs, {} Domain Representations, {} Media Type \
         Handlers",
        schema.tables().count(),
        schema.relationship_sources().count(),
        schema.all_routines().count(),
        schema.representation_count(),
        schema.all_media_handlers().count(),
    )
}
