//! Runs the server as a process: reads the configuration, listens, reloads, stops in order.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
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
    config::{self, Config, DatabaseSettings, Environment, Loaded, LogFormat, LogLevel, Sources},
    listener, observe,
    server::{Bound, Listener, serve},
    service::Api,
    state::{LoadError, Origin, State, Wanted},
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
    /// There was no use in going on, for a reason that was logged.
    #[error("stopped, for the reason in the log")]
    GivenUp,
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
    let loaded = load(options.file.as_deref(), &environment)?;
    if options.ready {
        return print(&crate::ready::ask(&loaded.config).await?);
    }
    let origin = Origin { file: options.file.clone(), environment };
    if options.dump_config {
        return dump_config(loaded.config, origin).await;
    }
    let state = Arc::new(State::new(loaded.config, Some(origin))?);
    if options.dump_schema {
        return dump_schema(&state).await;
    }
    // The log doesn't keep the state, and with it the connections, from being dropped at the end.
    let logged = Arc::downgrade(&state);
    observe::start(move || {
        logged.upgrade().map_or((LogLevel::Error, LogFormat::Postgrest), |state| {
            let live = state.live();
            (live.config.log_level, live.config.log_format)
        })
    });
    tracing::info!("Starting {}...", crate::VERSION_TEXT);
    state.warn(&loaded.warnings);
    Server::bind(state)?.run(terminated()?).await
}

fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, RunError> {
    let database = DatabaseSettings::default();
    Ok(config::load(&Sources { file, environment, database: &database, running: None })?)
}

/// Prints the configuration with the settings of the database, or without them where it can't be
/// asked.
async fn dump_config(config: Config, origin: Origin) -> Result<(), RunError> {
    if !config.db_config {
        return print(&config::dump(&config));
    }
    let asked = async {
        let state = State::new(config.clone(), Some(origin)).map_err(LoadError::from)?;
        state.load_config().await?;
        Ok(state.live())
    };
    match asked.await {
        Ok(live) => print(&config::dump(&live.config)),
        Err(error @ LoadError::Config(_)) => Err(error.into()),
        Err(error @ LoadError::Database(_)) => {
            writeln!(io::stderr(), "phlo-http: {error}").ok();
            print(&config::dump(&config))
        }
    }
}

async fn dump_schema(state: &State) -> Result<(), RunError> {
    state.load_config().await?;
    state.load().await?;
    print(&state.schema().map(|schema| schema.to_json()).unwrap_or_default())
}

fn print(text: &str) -> Result<(), RunError> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}");
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
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!("Received termination unix signal {name}");
    })
}

/// A server that listens, and everything that runs beside it.
#[derive(Debug)]
pub struct Server {
    state: Arc<State>,
    main: Bound,
    admin: Option<Listener>,
}

impl Server {
    /// Takes the addresses of the configuration. Connections are accepted once it
    /// [runs](Self::run).
    ///
    /// # Errors
    ///
    /// An address is taken or may not be used.
    pub fn bind(state: Arc<State>) -> Result<Self, RunError> {
        let live = state.live();
        let config = &live.config;
        let main = match &config.server_unix_socket {
            Some(path) => Bound::unix(path, config.server_unix_socket_mode),
            None => Bound::tcp(&config.server_host, config.server_port, config.server_reuseport),
        }
        .map_err(RunError::io("listening"))?;
        let admin = match (&config.admin_server_unix_socket, config.admin_server_port) {
            (Some(path), _) => Some(Bound::unix(path, config.admin_server_unix_socket_mode)),
            (None, Some(port)) => Some(Bound::tcp(&config.admin_server_host, port, false)),
            (None, None) => None,
        }
        .map(|bound| bound.and_then(Bound::listen))
        .transpose()
        .map_err(RunError::io("listening for the admin server"))?;
        Ok(Self { state, main, admin })
    }

    /// The port of the API, if it has one.
    pub fn port(&self) -> Option<u16> {
        self.main.port()
    }

    /// Serves until `stop` is ready, then lets requests finish.
    ///
    /// Clients can connect when reading the schema was tried, or with `server-reuseport` when it
    /// was read: until then another process that shares the port answers them.
    ///
    /// # Errors
    ///
    /// There was no use in going on: the database refuses the password, or it was lost and the
    /// configuration turns recovery off. Another process took the port meanwhile.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self { state, main, admin } = self;
        let (stopping, stopped) = watch::channel(());
        let wait = |mut stopped: watch::Receiver<()>| async move {
            // An error means that the sender is gone, which says the same.
            stopped.changed().await.ok();
        };
        let mut background = tokio::task::JoinSet::new();
        let listening = Arc::clone(&state);
        background.spawn(async move { listener::listen(&listening).await });
        let loading = Arc::clone(&state);
        background.spawn(async move { loading.keep_loaded().await });
        let signalled = Arc::clone(&state);
        background.spawn(async move { reload_on_signals(&signalled).await });
        let live = Arc::new(Reachable::of(&main));
        let admin_server = admin.map(|listener| {
            tracing::info!("Admin server listening on {}", listener.address());
            let check: Arc<dyn LiveCheck> = Arc::<Reachable>::clone(&live);
            let service = Admin::new(Arc::clone(&state), check);
            tokio::spawn(serve(listener, service, wait(stopped.clone())))
        });
        let served = serve_when_loaded(&state, main, &live, stop).await;
        live.up.store(false, Ordering::Release);
        drop(stopping);
        background.shutdown().await;
        if let Some(server) = admin_server {
            tokio::time::timeout(Duration::from_secs(1), server).await.ok();
        }
        served
    }
}

async fn serve_when_loaded(
    state: &Arc<State>,
    main: Bound,
    reachable: &Reachable,
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let reuses = state.live().config.server_reuseport;
    let wanted = if reuses { Wanted::Success } else { Wanted::Attempt };
    let mut stop = std::pin::pin!(stop);
    tokio::select! {
        biased;
        () = &mut stop => return Ok(()),
        () = state.given_up() => return Err(RunError::GivenUp),
        () = state.wait_for_schema(wanted) => {}
    }
    let main = main.listen().map_err(RunError::io("listening"))?;
    reachable.up.store(true, Ordering::Release);
    tracing::info!("API server listening on {}", main.address());
    let mut given_up = false;
    let stop = async {
        tokio::select! {
            () = stop => {}
            () = state.given_up() => given_up = true,
        }
    };
    serve(main, Api::new(Arc::clone(state)), stop).await;
    if given_up { Err(RunError::GivenUp) } else { Ok(()) }
}

/// Whether the main server can be reached: it runs, and its socket file is there.
#[derive(Debug)]
struct Reachable {
    up: AtomicBool,
    path: Option<PathBuf>,
}

impl Reachable {
    fn of(bound: &Bound) -> Self {
        let path = match bound {
            Bound::Tcp(_) => None,
            Bound::Unix(path, _) => Some(path.clone()),
        };
        Self { up: AtomicBool::new(false), path }
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
