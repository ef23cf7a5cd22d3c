//! What a server is to be like: collects wishes, checks them, and starts it.

use std::{fmt, net::TcpListener, path::PathBuf, time::Duration};

use crate::{
    account::Account,
    error::{Error, Result},
    installation::{Installation, OLDEST_VERSION},
    random,
    server::{Credentials, Server},
    supervisor::Launch,
};

/// What every server starts with. Its data is worth nothing after its end, so nothing is done to
/// keep it safe from crashes.
const SETTINGS: [(&str, &str); 11] = [
    ("listen_addresses", "127.0.0.1"),
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "32MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
];

/// How often another port is tried when somebody else has taken the chosen one.
const PORTS_TRIED: usize = 5;

/// A server that is yet to be started.
///
/// ```no_run
/// # fn main() -> Result<(), phlo_postgres::Error> {
/// let server = phlo_postgres::Server::builder()
///     .oldest_version(15)
///     .setting("log_statement", "all")
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Builder {
    bin_dir: Option<PathBuf>,
    oldest: u32,
    #[cfg(feature = "download")]
    download: Download,
    run_as: Option<String>,
    superuser: String,
    auth: Auth,
    settings: Vec<(String, String)>,
    timeout: Duration,
}

#[derive(Clone)]
enum Auth {
    RandomPassword,
    Password(String),
    Trust,
}

/// Whether an installation may be downloaded, and where to.
#[cfg(feature = "download")]
#[derive(Clone, Debug)]
enum Download {
    Never,
    IfMissing(Option<PathBuf>),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            bin_dir: None,
            oldest: OLDEST_VERSION,
            #[cfg(feature = "download")]
            download: Download::IfMissing(None),
            run_as: None,
            superuser: "postgres".to_owned(),
            auth: Auth::RandomPassword,
            settings: Vec::new(),
            timeout: Duration::from_secs(60),
        }
    }
}

impl Builder {
    /// Uses the programs in that directory, and looks nowhere else.
    #[must_use]
    pub fn bin_dir(self, dir: impl Into<PathBuf>) -> Self {
        Self { bin_dir: Some(dir.into()), ..self }
    }

    /// Passes over installations of an older major version.
    #[must_use]
    pub fn oldest_version(self, major: u32) -> Self {
        Self { oldest: major, ..self }
    }

    /// Fails if no installation is found, instead of downloading one.
    #[cfg(feature = "download")]
    #[must_use]
    pub fn no_download(self) -> Self {
        Self { download: Download::Never, ..self }
    }

    /// Keeps a downloaded installation there, instead of in the user's cache directory.
    #[cfg(feature = "download")]
    #[must_use]
    pub fn download_dir(self, dir: impl Into<PathBuf>) -> Self {
        Self { download: Download::IfMissing(Some(dir.into())), ..self }
    }

    /// Runs the server as that user of the operating system; only root can.
    ///
    /// Root's servers run as `postgres` or `nobody` otherwise, everybody else's as themselves.
    #[must_use]
    pub fn run_as(self, user: impl Into<String>) -> Self {
        Self { run_as: Some(user.into()), ..self }
    }

    /// Names the superuser; `postgres` otherwise.
    #[must_use]
    pub fn superuser(self, name: impl Into<String>) -> Self {
        Self { superuser: name.into(), ..self }
    }

    /// Sets the superuser's password; a random one otherwise.
    #[must_use]
    pub fn password(self, password: impl Into<String>) -> Self {
        Self { auth: Auth::Password(password.into()), ..self }
    }

    /// Asks nobody for a password.
    ///
    /// Everyone who can reach the machine's loopback interface is then a superuser of the server,
    /// and can run programs as the user that it runs as.
    #[must_use]
    pub fn trust(self) -> Self {
        Self { auth: Auth::Trust, ..self }
    }

    /// Sets one of the server's settings, such as `max_connections`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// How long the server may take until it accepts connections; 60 s otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Starts the server and returns when it accepts connections, after a second or so.
    ///
    /// # Errors
    ///
    /// Every [`Error`] says what to do about it.
    pub fn start(self) -> Result<Server> {
        let credentials = self.credentials()?;
        for (name, value) in &self.settings {
            check("a setting", name, value)?;
        }
        let installation = self.installation()?;
        let account = Account::choose(self.run_as.as_deref())?;
        let mut result = Err(Error::Start { log: "no port is free".to_owned() });
        for _ in 0..PORTS_TRIED {
            let launch = Launch {
                installation: &installation,
                account,
                superuser: &credentials.user,
                password: credentials.password.as_deref().unwrap_or_default(),
                auth: if credentials.password.is_some() { "scram-sha-256" } else { "trust" },
                port: free_port()?,
                settings: self.all_settings(),
            };
            let supervisor = launch.start()?;
            match supervisor.wait_until_ready(self.timeout) {
                Ok(()) => {
                    let port = launch.port;
                    return Ok(Server::new(supervisor, installation, credentials, port));
                }
                // The port was free a moment ago, but nothing can keep it so.
                Err(Error::Start { log })
                    if log.contains("could not create any TCP/IP sockets") =>
                {
                    result = Err(Error::Start { log });
                }
                Err(error) => return Err(error),
            }
        }
        result
    }

    fn credentials(&self) -> Result<Credentials> {
        let password = match &self.auth {
            Auth::RandomPassword => Some(random::hex::<16>()?),
            Auth::Password(password) => Some(password.clone()),
            Auth::Trust => None,
        };
        check("the superuser's name", &self.superuser, "")?;
        if let Some(password) = &password {
            check("the password", password, "")?;
        }
        Ok(Credentials { user: self.superuser.clone(), password })
    }

    fn installation(&self) -> Result<Installation> {
        if let Some(dir) = &self.bin_dir {
            return Installation::at(dir, self.oldest);
        }
        let found = Installation::find(self.oldest);
        #[cfg(feature = "download")]
        if let (Err(Error::NotInstalled { .. }), Download::IfMissing(dir)) =
            (&found, &self.download)
        {
            return Installation::download(dir.as_deref(), self.oldest);
        }
        found
    }

    fn all_settings(&self) -> Vec<(&str, &str)> {
        let given = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        SETTINGS.into_iter().chain(given).collect()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("bin_dir", &self.bin_dir)
            .field("oldest", &self.oldest)
            .field("run_as", &self.run_as)
            .field("superuser", &self.superuser)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Refuses what can't go through a line of text or a program's argument.
fn check(what: &'static str, name: &str, value: &str) -> Result<()> {
    let breaks = |text: &str| text.contains(['\n', '\r', '\0']);
    if name.is_empty() || breaks(name) || breaks(value) {
        return Err(Error::BadText { what });
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Error::io("could not find a free port on 127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_line_is_refused() {
        for builder in [
            Builder::default().password("two\nlines"),
            Builder::default().password(""),
            Builder::default().superuser("a\0b"),
            Builder::default().setting("", "on"),
            Builder::default().setting("log_statement", "all\n"),
        ] {
            assert!(matches!(builder.start(), Err(Error::BadText { .. })));
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let builder = Builder::default().password("secret");
        assert!(!format!("{builder:?}").contains("secret"));
    }
}
