//! Where to connect, as whom, and how safely. Made from a connection string and libpq's defaults;
//! opens no connection.

use std::{fmt, net::IpAddr, path::PathBuf, time::Duration};

use crate::{error::Result, exec::pipeline::defaults};

/// Finds a value of the environment by its name.
///
/// The engine never reads the environment itself: what starts the program hands it over.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where to connect, as whom, and how safely.
///
/// ```
/// # use phlo_core::exec::pipeline::Config;
/// let config = Config::parse("postgresql://ada:secret@db.example/films?sslmode=require", &|_| None)?;
/// assert_eq!(config.user(), "ada");
/// assert_eq!(config.database(), "films");
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), phlo_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// In the order in which they are tried; never empty.
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    /// For each address; none means that only the operating system's limit holds.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) tls: Tls,
    pub(super) channel_binding: ChannelBinding,
    pub(super) target: TargetSession,
    pub(super) keepalive: Option<Keepalive>,
}

/// One of the servers to try.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) address: Address,
    pub(super) port: u16,
    pub(super) password: Option<String>,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A name, which certificates are checked against, and the address if it needs no look-up.
    Tcp { name: String, ip: Option<IpAddr> },
    /// The folder of a Unix socket.
    Unix(PathBuf),
}

/// How the connection is encrypted, and the files for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) mode: SslMode,
    /// None means the certificates that the operating system trusts.
    pub(super) root_cert: Option<PathBuf>,
    pub(super) client_cert: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
}

/// When idle connections are probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keepalive {
    pub(super) idle: Option<Duration>,
    pub(super) interval: Option<Duration>,
    pub(super) count: Option<u32>,
}

/// Whether a connection is encrypted, and what is checked about the server. `sslmode` of libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server insists.
    Allow,
    /// Encrypted if the server can.
    Prefer,
    /// Always encrypted; the server's certificate is checked only if a root certificate is given.
    Require,
    /// Always encrypted, to a server whose certificate is trusted.
    VerifyCa,
    /// Always encrypted, to a server whose certificate is trusted and names the host.
    VerifyFull,
}

/// Whether the login is bound to the encrypted channel. `channel_binding` of libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server and its certificate allow it.
    Prefer,
    /// A server that can't do it is refused.
    Require,
}

/// Which of several servers will do. `target_session_attrs` of libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetSession {
    /// Any.
    Any,
    /// One that takes writes.
    ReadWrite,
    /// One that takes no writes.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// One that is in recovery if there is one, else any.
    PreferStandby,
}

impl Config {
    /// Reads a connection string of libpq, a URI or `keyword=value` pairs. What it doesn't say is
    /// looked up in the environment (`PGHOST`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, ...), in the
    /// password file, or is libpq's default.
    ///
    /// # Errors
    ///
    /// A string that doesn't follow the grammar, an unknown keyword, or no user name at all.
    pub fn parse(text: &str, env: Lookup<'_>) -> Result<Self> {
        defaults::complete(text, env)
    }

    /// The name of the login role.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Names the client in the server's logs and views, unless the connection string did.
    #[must_use]
    pub fn with_default_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name.get_or_insert_with(|| name.into());
        self
    }

    /// Takes the login role's password from elsewhere than the connection string.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        for host in &mut self.hosts {
            host.password = Some(password.to_owned());
        }
        self
    }

    /// Limits how long connecting to one address may take.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }
}

impl Host {
    /// The host as libpq's messages name it.
    pub(super) fn describe(&self) -> String {
        match &self.address {
            Address::Tcp { name, .. } => {
                format!("server at \"{name}\", port {}", self.port)
            }
            Address::Unix(folder) => {
                format!("server on socket \"{}/.s.PGSQL.{}\"", folder.display(), self.port)
            }
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("hosts", &self.hosts)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("application_name", &self.application_name)
            .field("options", &self.options)
            .field("connect_timeout", &self.connect_timeout)
            .field("tls", &self.tls)
            .field("channel_binding", &self.channel_binding)
            .field("target", &self.target)
            .field("keepalive", &self.keepalive)
            .finish()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("password", &self.password.as_ref().map(|_| "..."))
            .finish()
    }
}

#[cfg(feature = "sqlx")]
mod for_sqlx {
    use sqlx::postgres::{PgConnectOptions, PgSslMode};

    use super::{Address, Config, Host, SslMode};

    impl Config {
        /// The same place for `sqlx`, to listen and to read the catalogue from.
        ///
        /// `sqlx` knows one host only: this is the first; see
        /// [`sqlx_candidates`](Self::sqlx_candidates).
        pub fn sqlx_options(&self) -> PgConnectOptions {
            let first = self.hosts.first();
            first.map_or_else(PgConnectOptions::new_without_pgpass, |host| self.for_host(host))
        }

        /// The same places for `sqlx`, in the order in which they are to be tried.
        pub fn sqlx_candidates(&self) -> Vec<PgConnectOptions> {
            self.hosts.iter().map(|host| self.for_host(host)).collect()
        }

        fn for_host(&self, host: &Host) -> PgConnectOptions {
            // `sqlx` takes the text of `options` as it is only from a URL.
            let mut options = match &self.options {
                Some(text) => {
                    let text: String = percent_encoding::percent_encode(
                        text.as_bytes(),
                        percent_encoding::NON_ALPHANUMERIC,
                    )
                    .collect();
                    format!("postgres://localhost/?options={text}").parse().ok()
                }
                None => None,
            }
            .unwrap_or_else(PgConnectOptions::new_without_pgpass);

            options = match &host.address {
                Address::Tcp { name, ip: None } => options.host(name),
                // OK because a name that is checked must not be replaced by its address.
                Address::Tcp { name, .. } if self.tls.mode == SslMode::VerifyFull => {
                    options.host(name)
                }
                Address::Tcp { ip: Some(ip), .. } => options.host(&ip.to_string()),
                Address::Unix(folder) => options.socket(folder),
            };
            options =
                options.port(host.port).username(&self.user).database(&self.database).ssl_mode(
                    match self.tls.mode {
                        SslMode::Disable => PgSslMode::Disable,
                        SslMode::Allow => PgSslMode::Allow,
                        SslMode::Prefer => PgSslMode::Prefer,
                        SslMode::Require => PgSslMode::Require,
                        SslMode::VerifyCa => PgSslMode::VerifyCa,
                        SslMode::VerifyFull => PgSslMode::VerifyFull,
                    },
                );
            if let Some(password) = &host.password {
                options = options.password(password);
            }
            if let Some(name) = &self.application_name {
                options = options.application_name(name);
            }
            if let Some(path) = &self.tls.root_cert {
                options = options.ssl_root_cert(path);
            }
            if let Some(path) = &self.tls.client_cert {
                options = options.ssl_client_cert(path);
            }
            if let Some(path) = &self.tls.client_key {
                options = options.ssl_client_key(path);
            }
            options
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn sqlx_connects_to_the_same_place() {
            let text = "host=/tmp,b port=1,2 user=u dbname=d options='-c geqo=off' \
                        application_name=a sslmode=verify-full";
            let config = Config::parse(text, &|_| None).unwrap();
            let [first, second] = <[_; 2]>::try_from(config.sqlx_candidates()).unwrap();
            assert_eq!(first.get_socket().unwrap().to_str(), Some("/tmp"));
            assert_eq!((second.get_host(), second.get_port()), ("b", 2));
            assert_eq!((second.get_username(), second.get_database()), ("u", Some("d")));
            assert_eq!(second.get_options(), Some("-c geqo=off"));
            assert_eq!(second.get_application_name(), Some("a"));
            assert!(matches!(second.get_ssl_mode(), PgSslMode::VerifyFull));
        }
    }
}
