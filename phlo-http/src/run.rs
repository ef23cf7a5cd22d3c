//! Runs the server as a process: reads the configuration, listens, reloads, stops in order.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{signal::unix, sync::watch};

use crate::{
    admin::{Admin, LiveCheck},
    cli::Serve,
    config::{self, Config, DatabaseSettings, Environment, Loaded, Sources},
    listener, observe,
    server::{Listener, serve},
    service::Api,
    state::{LoadError, Origin, State},
};

/// Why the process could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The connection string is wrong.
    #[error(transparent)]
    Core(#[from] phlo_core::Error),
    /// The database can't be asked.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// An address can't be listened on, or the system has refused something else.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A running server isn't ready.
    #[error("{0}")]
    NotReady(String),
}

impl RunError {
    /// Names what was tried when the system refused.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Does what `serve` was asked to.
///
/// # Errors
///
/// The configuration is wrong; nothing can be listened on; a question to the database failed.
pub async fn run(options: &Serve) -> Result<(), RunError> {
    let environment = Environment::of_process()?;
    let loaded = load(options.file.clone(), &environment)?;
    if options.ready {
        return crate::ready::ask(&loaded.config).await;
    }
    let origin = Origin { file: options.file.clone(), environment };
    if options.dump_config || options.dump_schema {
        return dump(options, loaded.config, origin).await;
    }
    observe::start(loaded.config.log_level);
    tracing::info!("starting {}", crate::VERSION_TEXT);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let state = Arc::new(State::new(loaded.config, Some(origin))?);
    Server::bind(state)?.run(terminated()?).await;
    Ok(())
}

fn load(file: Option<PathBuf>, environment: &Environment) -> Result<Loaded, RunError> {
    let database = DatabaseSettings::default();
    Ok(config::load(&Sources {
        file: file.as_deref(),
        environment,
        database: &database,
        running: None,
    })?)
}

async fn dump(options: &Serve, config: Config, origin: Origin) -> Result<(), RunError> {
    let state = State::new(config, Some(origin))?;
    if state.live().config.db_config {
        // PostgREST prints what it has where the database can't be asked.
        if let Err(error) = state.load_config().await {
            if options.dump_schema {
                return Err(error.into());
            }
            writeln!(io::stderr(), "phlo-http: {error}").ok();
        }
    }
    let mut text = if options.dump_config {
        config::dump(&state.live().config)
    } else {
        state.load().await?;
        state.schema().map(|schema| schema.to_json()).unwrap_or_default()
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    io::stdout().write_all(text.as_bytes()).map_err(RunError::io("printing"))
}

/// Ready when the process is told to stop.
///
/// # Errors
///
/// The system has no room for signal handlers.
pub fn terminated() -> Result<impl Future<Output = ()>, RunError> {
    let signal = |kind| unix::signal(kind).map_err(RunError::io("listening for signals"));
    let mut terminate = signal(unix::SignalKind::terminate())?;
    let mut interrupt = signal(unix::SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A server that listens, and everything that runs beside it.
#[derive(Debug)]
pub struct Server {
    state: Arc<State>,
    main: Listener,
    admin: Option<Listener>,
}

impl Server {
    /// Binds the addresses of the configuration. Connections are accepted from then on, and
    /// answered once it [runs](Self::run).
    ///
    /// # Errors
    ///
    /// An address is taken or may not be used.
    pub fn bind(state: Arc<State>) -> Result<Self, RunError> {
        let live = state.live();
        let config = &live.config;
        let main = match &config.server_unix_socket {
            Some(path) => Listener::unix(path, config.server_unix_socket_mode),
            None => Listener::tcp(&config.server_host, config.server_port, config.server_reuseport),
        }
        .map_err(RunError::io("listening"))?;
        let admin = match (&config.admin_server_unix_socket, config.admin_server_port) {
            (Some(path), _) => Some(Listener::unix(path, config.admin_server_unix_socket_mode)),
            (None, Some(port)) => Some(Listener::tcp(&config.admin_server_host, port, false)),
            (None, None) => None,
        }
        .transpose()
        .map_err(RunError::io("listening for the admin server"))?;
        Ok(Self { state, main, admin })
    }

    /// The port of the API, if it has one.
    pub fn port(&self) -> Option<u16> {
        self.main.port()
    }

    /// Serves until `stop` is ready, then lets requests finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { state, main, admin } = self;
        let (stopping, stopped) = watch::channel(());
        let wait = |mut stopped: watch::Receiver<()>| async move {
            // An error means that the sender is gone, which says the same.
            stopped.changed().await.ok();
        };
        let mut background = tokio::task::JoinSet::new();
        let loading = Arc::clone(&state);
        background.spawn(async move { loading.keep_loaded().await });
        let listening = Arc::clone(&state);
        background.spawn(async move { listener::listen(&listening).await });
        let signalled = Arc::clone(&state);
        background.spawn(async move { reload_on_signals(&signalled).await });
        let live = Arc::new(Reachable::of(&main));
        tracing::info!("API server listening on {}", main.address());
        let admin_server = admin.map(|listener| {
            tracing::info!("Admin server listening on {}", listener.address());
            let check: Arc<dyn LiveCheck> = Arc::<Reachable>::clone(&live);
            let service = Admin::new(Arc::clone(&state), check);
            tokio::spawn(serve(listener, service, wait(stopped.clone())))
        });
        serve(main, Api::new(state), stop).await;
        live.up.store(false, Ordering::Release);
        drop(stopping);
        background.shutdown().await;
        if let Some(server) = admin_server {
            tokio::time::timeout(Duration::from_secs(1), server).await.ok();
        }
    }
}

/// Whether the main server can be reached: it runs, and its socket file is there.
#[derive(Debug)]
struct Reachable {
    up: AtomicBool,
    path: Option<PathBuf>,
}

impl Reachable {
    fn of(listener: &Listener) -> Self {
        let path = match listener {
            Listener::Tcp(_) => None,
            Listener::Unix(_, path) => Some(path.clone()),
        };
        Self { up: AtomicBool::new(true), path }
    }
}

impl LiveCheck for Reachable {
    fn is_live(&self) -> bool {
        self.up.load(Ordering::Acquire) && self.path.as_ref().is_none_or(|path| path.exists())
    }
}

/// PostgREST's signals: `SIGUSR1` reads the schema again, `SIGUSR2` the configuration.
async fn reload_on_signals(state: &State) {
    let signals = (
        unix::signal(unix::SignalKind::user_defined1()),
        unix::signal(unix::SignalKind::user_defined2()),
    );
    let (Ok(mut schema), Ok(mut config)) = signals else {
        tracing::warn!("signals can't be listened for; reload by NOTIFY instead");
        return;
    };
    loop {
        tokio::select! {
            _ = schema.recv() => state.reload().schema(),
            _ = config.recv() => state.reload().config(),
        }
    }
}
