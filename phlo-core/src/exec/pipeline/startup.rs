//! Opens a session: the first messages, the password, and what the server says about itself. Takes
//! a connection on which nothing was said yet; leaves it ready for a transaction.

use std::io;

use bytes::Buf;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{self, ScramSha256},
    },
    message::{
        backend::{AUTHENTICATION_TAG, BACKEND_KEY_DATA_TAG, ERROR_RESPONSE_TAG},
        frontend,
    },
};

use crate::{
    error::{DatabaseError, Severity},
    exec::pipeline::{
        config::{ChannelBinding, Config},
        connection::{Connection, Event, unexpected},
        report,
        script::Ending,
    },
};

/// What a session is opened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login<'a> {
    pub(super) config: &'a Config,
    pub(super) password: Option<&'a str>,
    /// The hash of the server's certificate, if the login can be bound to it.
    pub(super) end_point: Option<&'a [u8]>,
}

/// Why no session could be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The server's own words.
    #[error("{}: {}", severity(.0), .0.message)]
    Server(Box<DatabaseError>),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The login can't be done.
    #[error("{0}")]
    Login(&'static str),
}

fn severity(error: &DatabaseError) -> &'static str {
    match error.severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
        Severity::Panic => "PANIC",
    }
}

fn refused(report: &[u8]) -> Refusal {
    Refusal::Server(Box::new(report::parse(report)))
}

/// Opens a session.
pub(super) async fn log_in(connection: &mut Connection, login: Login<'_>) -> Result<(), Refusal> {
    let Config { user, database, application_name, options, .. } = login.config;
    let parameters = [
        ("user", Some(user.as_str())),
        ("database", Some(database)),
        ("client_encoding", Some("UTF8")),
        ("application_name", application_name.as_deref()),
        ("options", options.as_deref()),
    ];
    let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    frontend::startup_message(given, connection.queue().0)?;
    connection.queued(Ending::Sync);

    authenticate(connection, login).await?;
    loop {
        let event = connection.next().await?;
        let Event::Frame(frame) = event else { break };
        let mut body = connection.inbox.body(&frame);
        match frame.tag {
            BACKEND_KEY_DATA_TAG => {
                let process = body.try_get_i32().map_err(io::Error::other)?;
                let secret = body.try_get_i32().map_err(io::Error::other)?;
                connection.cancel_key.identify(process, secret);
            }
            ERROR_RESPONSE_TAG => return Err(refused(body)),
            tag => return Err(Refusal::Io(unexpected(tag))),
        }
    }
    connection.settle();
    Ok(())
}

/// What the server asks for.
enum Challenge {
    Done,
    Cleartext,
    Md5([u8; 4]),
    Sasl(Vec<String>),
    SaslContinue(Vec<u8>),
    SaslFinal(Vec<u8>),
    Unknown,
}

async fn challenge(connection: &mut Connection) -> Result<Challenge, Refusal> {
    let Event::Frame(frame) = connection.next().await? else {
        return Err(Refusal::Login("the server was ready before the login"));
    };
    let mut body = connection.inbox.body(&frame);
    match frame.tag {
        AUTHENTICATION_TAG => {}
        ERROR_RESPONSE_TAG => return Err(refused(body)),
        tag => return Err(Refusal::Io(unexpected(tag))),
    }
    Ok(match body.try_get_i32().map_err(io::Error::other)? {
        0 => Challenge::Done,
        3 => Challenge::Cleartext,
        5 => Challenge::Md5(body.try_into().map_err(io::Error::other)?),
        10 => Challenge::Sasl(
            body.split(|byte| *byte == 0)
                .filter(|name| !name.is_empty())
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect(),
        ),
        11 => Challenge::SaslContinue(body.to_vec()),
        12 => Challenge::SaslFinal(body.to_vec()),
        _ => Challenge::Unknown,
    })
}

async fn authenticate(connection: &mut Connection, login: Login<'_>) -> Result<(), Refusal> {
    let password = || login.password.ok_or(Refusal::Login("no password supplied"));
    // Only SCRAM can tell that nobody stands in between.
    let must_bind = login.config.channel_binding == ChannelBinding::Require;
    loop {
        match challenge(connection).await? {
            Challenge::Sasl(offered) => return scram(connection, &offered, login).await,
            Challenge::Done | Challenge::Cleartext | Challenge::Md5(_) if must_bind => {
                return Err(Refusal::Login(
                    "channel binding is required, but the server did not ask for it",
                ));
            }
            Challenge::Done => return Ok(()),
            Challenge::Cleartext => {
                frontend::password_message(password()?.as_bytes(), connection.queue().0)?;
            }
            Challenge::Md5(salt) => {
                let user = login.config.user.as_bytes();
                let hash = md5_hash(user, password()?.as_bytes(), salt);
                frontend::password_message(hash.as_bytes(), connection.queue().0)?;
            }
            Challenge::SaslContinue(_) | Challenge::SaslFinal(_) | Challenge::Unknown => {
                return Err(Refusal::Login("the server's authentication method is not supported"));
            }
        }
    }
}

async fn scram(
    connection: &mut Connection,
    offered: &[String],
    login: Login<'_>,
) -> Result<(), Refusal> {
    let password = login.password.ok_or(Refusal::Login("no password supplied"))?;
    let wish = login.config.channel_binding;
    let offers = |mechanism| offered.iter().any(|offered| offered == mechanism);
    let end_point = login.end_point.filter(|_| wish != ChannelBinding::Disable);
    let (mechanism, binding) = match end_point {
        Some(hash) if offers(sasl::SCRAM_SHA_256_PLUS) => {
            (sasl::SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(hash.to_vec()))
        }
        _ if wish == ChannelBinding::Require => {
            return Err(Refusal::Login("channel binding is required, but not possible"));
        }
        // To say that it was possible lets a server find out that somebody has changed its offer.
        Some(_) => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested()),
        None => (sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported()),
    };
    if !offers(mechanism) {
        return Err(Refusal::Login("the server's authentication method is not supported"));
    }

    let mut scram = ScramSha256::new(password.as_bytes(), binding);
    frontend::sasl_initial_response(mechanism, scram.message(), connection.queue().0)?;
    let Challenge::SaslContinue(data) = challenge(connection).await? else {
        return Err(Refusal::Login("the server did not go on with the login"));
    };
    scram.update(&data)?;
    frontend::sasl_response(scram.message(), connection.queue().0)?;
    let Challenge::SaslFinal(data) = challenge(connection).await? else {
        return Err(Refusal::Login("the server did not complete the login"));
    };
    // Proves that the server knows the password, too.
    scram.finish(&data)?;
    let Challenge::Done = challenge(connection).await? else {
        return Err(Refusal::Login("the server did not confirm the login"));
    };
    Ok(())
}
