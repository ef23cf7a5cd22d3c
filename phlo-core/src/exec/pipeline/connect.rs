//! Finds a server that will do: goes through hosts, addresses and kinds of encryption in libpq's
//! order. Takes a configuration; gives a connection that is ready, or all the reasons why not.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, pki_types::ServerName};

use crate::{
    error::{Code, Error, Result},
    exec::pipeline::{
        binding,
        cancel::CancelKey,
        config::{Address, Config, Host, SslMode, TargetSession},
        connection::{Connection, Event},
        encrypt::{self, Answer, Encryption},
        pool::PoolOptions,
        roomy::make_roomy,
        startup::{self, Login, Refusal},
        statements::Statements,
        stream::{Place, Stream},
        tls,
    },
};

/// Opens connections to one of the servers of a configuration.
#[derive(Debug)]
pub(super) struct Connector {
    config: Config,
    tls: Option<Arc<ClientConfig>>,
    /// How long connecting to one address may take.
    timeout: Duration,
    /// How many statements a connection keeps.
    statements: usize,
    /// How many bytes an answer may have.
    longest_answer: usize,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Plain,
    EncryptedIfPossible,
    Encrypted,
}

/// Why a server will not do.
#[derive(Debug)]
struct Reason {
    text: String,
    source: Option<Refusal>,
    /// It was an encrypted connection that failed.
    encrypted: bool,
}

impl Connector {
    /// Reads certificates, if any are needed.
    pub(super) fn new(config: Config, options: &PoolOptions) -> Result<Self> {
        let remote = |host: &Host| matches!(host.address, Address::Tcp { .. });
        let tls =
            if config.hosts.iter().any(remote) { tls::client_config(&config.tls)? } else { None };
        Ok(Self {
            tls,
            timeout: config.connect_timeout.unwrap_or(options.acquire_timeout),
            statements: options.statement_capacity,
            longest_answer: options.max_answer_bytes.unwrap_or(usize::MAX),
            config,
        })
    }

    /// Opens a connection to the first server that will do.
    pub(super) async fn connect(&self) -> Result<Connection> {
        let passes = match self.config.target {
            TargetSession::PreferStandby => vec![TargetSession::Standby, TargetSession::Any],
            target @ (TargetSession::Any
            | TargetSession::ReadWrite
            | TargetSession::ReadOnly
            | TargetSession::Primary
            | TargetSession::Standby) => vec![target],
        };
        let mut reasons = Vec::new();
        let mut source = None;
        for target in passes {
            for host in &self.config.hosts {
                match self.connect_host(host, target).await {
                    Ok(connection) => return Ok(connection),
                    Err(reason) => {
                        let Reason { text, source: cause, .. } = reason;
                        reasons.push(format!("connection to {} failed: {text}", host.describe()));
                        source = cause.or(source);
                    }
                }
            }
        }
        let error = Error::new(Code::Connection, "Database connection error.")
            .with_details(reasons.join("\n"));
        Err(match source {
            Some(source) => error.with_source(source),
            None => error,
        })
    }

    async fn connect_host(&self, host: &Host, target: TargetSession) -> Result<Connection, Reason> {
        let mut last = Reason::new("the name has no address");
        for place in self.places(host).await? {
            for wish in self.wishes(&place) {
                let attempt = self.attempt(host, &place, *wish, target);
                last = match tokio::time::timeout(self.timeout, attempt).await {
                    Ok(Ok(connection)) => return Ok(connection),
                    Ok(Err(reason)) => reason,
                    Err(_) => Reason::new("timeout expired"),
                };
                // Only what encryption may have spoilt is tried again without it.
                if *wish == Wish::EncryptedIfPossible && !last.encrypted {
                    break;
                }
            }
        }
        Err(last)
    }

    async fn places(&self, host: &Host) -> Result<Vec<Place>, Reason> {
        Ok(match &host.address {
            Address::Unix(folder) => {
                vec![Place::Unix(folder.join(format!(".s.PGSQL.{}", host.port)))]
            }
            Address::Tcp { ip: Some(ip), .. } => vec![Place::Tcp(SocketAddr::new(*ip, host.port))],
            Address::Tcp { name, ip: None } => {
                let lookup = tokio::net::lookup_host((name.as_str(), host.port));
                match tokio::time::timeout(self.timeout, lookup).await {
                    Ok(found) => found.map_err(Refusal::Io)?.map(Place::Tcp).collect(),
                    Err(_) => return Err(Reason::new("timeout expired")),
                }
            }
        })
    }

    fn wishes(&self, place: &Place) -> &'static [Wish] {
        match (place, self.config.tls.mode) {
            // Nobody listens in on a Unix socket.
            (Place::Unix(_), _) | (_, SslMode::Disable) => &[Wish::Plain],
            (_, SslMode::Allow) => &[Wish::Plain, Wish::Encrypted],
            (_, SslMode::Prefer) => &[Wish::EncryptedIfPossible, Wish::Plain],
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => &[Wish::Encrypted],
        }
    }

    async fn attempt(
        &self,
        host: &Host,
        place: &Place,
        wish: Wish,
        target: TargetSession,
    ) -> Result<Connection, Reason> {
        let mut stream = Stream::open(place, self.config.keepalive).await.map_err(Refusal::Io)?;
        let mut encryption = None;
        if wish != Wish::Plain {
            let with = self.encryption(host)?;
            match encrypt::negotiate(stream, &with).await.map_err(Reason::of_encryption)? {
                Answer::Encrypted(encrypted) => {
                    stream = encrypted;
                    encryption = Some(with);
                }
                Answer::Refused(plain) if wish == Wish::EncryptedIfPossible => stream = plain,
                Answer::Refused(_) => {
                    return Err(Reason::new("server does not support SSL, but SSL was required"));
                }
            }
        }

        let encrypted = encryption.is_some();
        let end_point = binding::end_point(&stream);
        let cancel_key = CancelKey::new(place.clone(), encryption);
        let statements = Statements::new(self.statements);
        let mut connection = Connection::new(stream, cancel_key, statements, self.longest_answer);
        let login = Login {
            config: &self.config,
            password: host.password.as_deref(),
            end_point: end_point.as_deref(),
        };
        let opened = startup::log_in(&mut connection, login).await;
        if let Err(refusal) = opened {
            connection.give_up();
            return Err(Reason { encrypted, ..Reason::from(refusal) });
        }
        check_target(&mut connection, target).await?;
        make_roomy(&mut connection).await.map_err(Refusal::Io)?;
        Ok(connection)
    }

    fn encryption(&self, host: &Host) -> Result<Encryption, Reason> {
        let name = match &host.address {
            Address::Tcp { name, .. } => ServerName::try_from(name.clone()).ok(),
            Address::Unix(_) => None,
        };
        match (&self.tls, name) {
            (Some(config), Some(host)) => Ok(Encryption { config: Arc::clone(config), host }),
            _ => Err(Reason::new("the host has no name that a certificate could be checked for")),
        }
    }
}

impl Reason {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), source: None, encrypted: false }
    }

    fn of_encryption(error: io::Error) -> Self {
        Self { encrypted: true, ..Self::from(Refusal::Io(error)) }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self { text: refusal.to_string(), source: Some(refusal), encrypted: false }
    }
}

/// Whether the session is of the wanted kind. Asks the server, which all versions answer alike.
async fn check_target(connection: &mut Connection, target: TargetSession) -> Result<(), Reason> {
    const ASK: &str = "SELECT pg_catalog.pg_is_in_recovery(), \
                       pg_catalog.current_setting('transaction_read_only')";
    if matches!(target, TargetSession::Any | TargetSession::PreferStandby) {
        return Ok(());
    }
    connection.queue_command(ASK).map_err(Refusal::Io)?;
    let mut answer = None;
    while let Event::Frame(frame) = connection.next().await.map_err(Refusal::Io)? {
        if frame.tag == postgres_protocol::message::backend::DATA_ROW_TAG {
            answer = Some(connection.inbox.row(&frame).map_err(Refusal::Io)?);
        }
    }
    connection.settle();
    let Some([Some(recovery), Some(read_only)]) = answer.as_deref() else {
        return Err(Reason::new("the server did not tell its kind of session"));
    };
    let (recovery, read_only) = (recovery.as_ref() == b"t", read_only.as_ref() == b"on");
    let (fits, otherwise) = match target {
        TargetSession::ReadWrite => (!read_only, "session is read-only"),
        TargetSession::ReadOnly => (read_only, "session is not read-only"),
        TargetSession::Primary => (!recovery, "server is in hot standby mode"),
        TargetSession::Standby => (recovery, "server is not in hot standby mode"),
        TargetSession::Any | TargetSession::PreferStandby => (true, ""),
    };
    if fits { Ok(()) } else { Err(Reason::new(otherwise)) }
}
