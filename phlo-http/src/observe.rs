//! Logs: one line a request, on standard error, by the level that is configured.

use std::time::Duration;

use http::{StatusCode, header, request::Parts};

use crate::config::{Config, LogLevel};

/// What is logged of a request.
#[derive(Debug)]
pub struct Access<'a> {
    /// Its head.
    pub parts: &'a Parts,
    /// The role that it ran as, once that was known.
    pub role: Option<&'a str>,
    /// The status of its response.
    pub status: StatusCode,
    /// The length of that response's body, in bytes.
    pub length: usize,
    /// How long it took.
    pub took: Duration,
}

/// Logs a request, if its status is one that the level asks for.
pub fn access(config: &Config, access: &Access<'_>) {
    let wanted = match config.log_level {
        LogLevel::Crit => false,
        LogLevel::Error => access.status.is_server_error(),
        LogLevel::Warn => access.status.is_server_error() || access.status.is_client_error(),
        LogLevel::Info | LogLevel::Debug => true,
    };
    if !wanted {
        return;
    }
    let agent = access.parts.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
    tracing::info!(
        target: "phlo::access",
        method = access.parts.method.as_str(),
        path = access.parts.uri.path_and_query().map_or("/", |it| it.as_str()),
        status = access.status.as_u16(),
        role = access.role.unwrap_or("-"),
        bytes = access.length,
        milliseconds = access.took.as_secs_f64() * 1000.0,
        agent = agent.unwrap_or("-"),
    );
}

/// Sends logs to standard error, in colours on a terminal alone. To be called once, by a process
/// that has no logging of its own.
pub fn start(level: LogLevel) {
    let filter = match level {
        LogLevel::Crit => "phlo::access=info,error",
        LogLevel::Error => "phlo::access=info,phlo_http=info,error",
        LogLevel::Warn => "phlo::access=info,phlo_http=info,warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}
