//! What is told about requests: one event for each, one for each failure that operators care
//! about, and the SQL if that is wanted. Takes finished requests; decides by the level of the
//! configuration, and leaves where events go to the process.

mod clock;
mod debounce;
mod event;
mod lines;
mod logs;

use std::{net::IpAddr, time::Duration};

use http::{StatusCode, header, request::Parts};
use phlo_core::{Code, Error, plan::LegacyTarget};

pub use self::{debounce::Debounce, logs::start};
use crate::{
    config::{Config, LogLevel, Verbosity},
    error::Failure,
};

/// The target of the events of requests.
const ACCESS: &str = "phlo::access";
/// The target of the events of failures.
const FAILURE: &str = "phlo::failure";
/// The target of the events of statements.
const QUERY: &str = "phlo::query";

/// The address that a request came from. Who accepts the connection adds it to the request's
/// extensions; requests over a Unix socket have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// What is logged of a request.
#[derive(Debug)]
pub struct Access<'a> {
    /// Its head.
    pub parts: &'a Parts,
    /// The role that it ran as, once that was known.
    pub role: Option<&'a str>,
    /// The status of its response.
    pub status: StatusCode,
    /// The length of that response's body in bytes, if the response says it.
    pub length: Option<u64>,
    /// The code of the error that it was answered with.
    pub code: Option<&'a str>,
    /// What the request is known by elsewhere.
    pub request_id: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
}

/// Whether requests with a status are logged.
pub fn is_wanted(level: LogLevel, status: StatusCode) -> bool {
    match level {
        LogLevel::Crit => false,
        LogLevel::Error => status.is_server_error(),
        LogLevel::Warn => status.is_server_error() || status.is_client_error(),
        LogLevel::Info | LogLevel::Debug => true,
    }
}

/// Logs a request, if its status is one that the level asks for.
pub fn access(config: &Config, access: &Access<'_>) {
    if !is_wanted(config.log_level, access.status) {
        return;
    }
    let text = |name| access.parts.headers.get(name).and_then(|value| value.to_str().ok());
    let peer = access.parts.extensions.get::<Peer>().map(|peer| peer.0.to_string());
    let version = format!("{:?}", access.parts.version);
    tracing::info!(
        target: ACCESS,
        peer,
        method = access.parts.method.as_str(),
        path = access.parts.uri.path_and_query().map_or("/", |it| it.as_str()),
        version,
        status = access.status.as_u16(),
        role = access.role,
        bytes = access.length,
        duration_ms = access.took.as_secs_f64() * 1000.0,
        request_id = access.request_id,
        code = access.code,
        referer = text(header::REFERER),
        agent = text(header::USER_AGENT),
    );
}

/// Logs an error of the database or of the connection to it. Those of clients are in the log of
/// requests, by their status.
///
/// Requests that wait for a connection in vain come in numbers: they are logged at most once in a
/// few seconds.
pub fn failure(config: &Config, error: &Error, failure: &Failure, timeouts: &Debounce) {
    let is_operators = matches!(
        error.kind(),
        Code::Database | Code::Connection | Code::ConnectionLost | Code::NoSchema | Code::Internal
    );
    if config.log_level < LogLevel::Error || !failure.status.is_server_error() {
        return;
    }
    let log = |message: &str, error: &str| tracing::error!(target: FAILURE, error, "{message}");
    if is_operators {
        log(error.message(), &failure.body(Verbosity::Verbose));
    } else if error.kind() == Code::PoolTimeout {
        let (message, body) = (error.message().to_owned(), failure.body(Verbosity::Verbose));
        timeouts.call(move || log(&message, &body));
    }
}

/// Logs what broke an answer off whose head was sent already: its status tells nothing of it.
pub fn broken_off(config: &Config, error: &Error, failure: &Failure) {
    if config.log_level >= LogLevel::Error {
        let body = failure.body(Verbosity::Verbose);
        tracing::error!(target: FAILURE, error = body, "An answer was broken off: {}", error.message());
    }
}

/// Warns of embeds that a request names by their table although they have an alias.
pub fn legacy_targets(config: &Config, parts: &Parts, targets: &[LegacyTarget]) {
    if targets.is_empty() || config.log_level < LogLevel::Warn {
        return;
    }
    let changes: Vec<_> = targets
        .iter()
        .map(|target| format!("`{}` to `{}`", target.relation, target.alias))
        .collect();
    tracing::warn!(
        "WARNING: Embedded resource was referenced by relation name even though it has an alias. \
         This is deprecated and will stop working in a future release."
    );
    tracing::warn!(
        "Update filters, orders or limits that use {} in `{} {}`",
        changes.join(", "),
        parts.method,
        parts.uri.path_and_query().map_or("/", |it| it.as_str())
    );
}

/// Logs the statements of a request, if its status is one that the level asks for.
pub fn queries(config: &Config, status: StatusCode, statements: &[String]) {
    if !is_wanted(config.log_level, status) {
        return;
    }
    for statement in statements {
        tracing::info!(target: QUERY, "{statement}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_choose_by_status() {
        let wanted = |level| {
            [200, 404, 500].map(|status| is_wanted(level, StatusCode::from_u16(status).unwrap()))
        };
        assert_eq!(wanted(LogLevel::Crit), [false, false, false]);
        assert_eq!(wanted(LogLevel::Error), [false, false, true]);
        assert_eq!(wanted(LogLevel::Warn), [false, true, true]);
        assert_eq!(wanted(LogLevel::Info), [true, true, true]);
    }
}
