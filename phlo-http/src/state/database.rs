//! Connections outside the pool, to read settings and the catalogue and to listen; and what goes
//! wrong with them, as errors of the engine.

use std::{error::Error as _, io};

use phlo_core::{Code, DatabaseError, Error};
use sqlx::{
    Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgListener, PgPoolOptions},
};

use crate::{
    config::{ConfigError, Verbosity},
    error::Failure,
    state::State,
};

/// The sqlstate of a password that is wrong.
const INVALID_PASSWORD: &str = "28P01";

/// Why configuration or schema could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A setting is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database can't be connected to, or has refused something.
    #[error("{}", text(.0))]
    Database(#[from] Error),
}

/// The message with its details, which say where and why a connection could not be made.
fn text(error: &Error) -> String {
    match error.details().and_then(|details| details.as_str()) {
        Some(details) => format!("{} {details}", error.message()),
        None => error.message().to_owned(),
    }
}

impl LoadError {
    /// The error as clients would see it, which is how PostgREST logs it.
    pub fn payload(&self) -> String {
        match self {
            Self::Config(error) => error.to_string(),
            Self::Database(error) => Failure::new(error, false).body(Verbosity::Verbose),
        }
    }

    /// Whether the database has refused the password, which trying again doesn't mend.
    pub fn is_refused_password(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let source = error.source().and_then(|source| source.downcast_ref::<sqlx::Error>());
        source
            .and_then(sqlx::Error::as_database_error)
            .is_some_and(|error| error.code().as_deref() == Some(INVALID_PASSWORD))
    }
}

/// A connection that listens.
#[derive(Debug)]
pub struct Listening {
    /// The connection.
    pub listener: PgListener,
    /// How the server calls itself.
    pub server: String,
    /// Where it is: `host:port`.
    pub place: String,
}

impl State {
    /// A connection outside the pool, to the first server that can be reached.
    ///
    /// # Errors
    ///
    /// None of the hosts can be connected to.
    pub async fn connect(&self) -> Result<PgConnection, LoadError> {
        let mut last = None;
        for options in self.target.sqlx_candidates() {
            match PgConnection::connect_with(&options).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(not_connected(error, &options)),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Code::Connection, "There is no server")).into())
    }

    /// A connection that listens on a channel, to the first server that notifications come from: a
    /// server in recovery has none.
    ///
    /// # Errors
    ///
    /// There is no such server.
    pub async fn listen(&self, channel: &str) -> Result<Listening, LoadError> {
        let mut last = None;
        for options in self.target.sqlx_candidates() {
            match listen_at(&options, channel).await {
                Ok(listening) => return Ok(listening),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Code::Connection, "There is no server")).into())
    }
}

async fn listen_at(options: &PgConnectOptions, channel: &str) -> Result<Listening, Error> {
    let failed = |error| not_connected(error, options);
    // A pool tries for long to connect; whether that is possible shows sooner without one.
    let mut connection = PgConnection::connect_with(options).await.map_err(failed)?;
    let question = "select version(), pg_is_in_recovery()";
    let (server, in_recovery) = sqlx::query_as::<_, (String, bool)>(question)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.ok();
    if in_recovery {
        let details = format!("{} is in recovery", place(options));
        return Err(
            Error::new(Code::Connection, "Database connection error.").with_details(details)
        );
    }
    let one = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = one.connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
    // When the connection is lost, that is to be known at once.
    listener.eager_reconnect(false);
    listener.listen(channel).await.map_err(failed)?;
    Ok(Listening { listener, server, place: place(options) })
}

/// How a server calls itself.
///
/// # Errors
///
/// The connection was lost.
pub(super) async fn server_name(connection: &mut PgConnection) -> Result<String, LoadError> {
    let row = connection.fetch_one("select version()").await.map_err(refused)?;
    Ok(sqlx::Row::try_get(&row, 0).map_err(refused)?)
}

fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => format!("{}:{}", folder.display(), options.get_port()),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// An error of the driver while it connected, in the words of libpq.
fn not_connected(error: sqlx::Error, options: &PgConnectOptions) -> Error {
    /// What the standard library says before the reason why a name has no address.
    const LOOKUP: &str = "failed to lookup address information: ";
    let port = options.get_port();
    let server = match options.get_socket() {
        Some(folder) => format!("server on socket \"{}/.s.PGSQL.{port}\"", folder.display()),
        None => format!("server at \"{}\", port {port}", options.get_host()),
    };
    let details = if let sqlx::Error::Io(io) = &error {
        match io.to_string().strip_prefix(LOOKUP) {
            Some(reason) => format!(
                "could not translate host name \"{}\" to address: {reason}\n",
                options.get_host()
            ),
            None => format!("connection to {server} failed: {}\n", explained(io, options)),
        }
    } else if let Some(report) = error.as_database_error() {
        // A server that refuses a connection ends it.
        format!("connection to {server} failed: FATAL:  {}\n", report.message())
    } else {
        format!("connection to {server} failed: {error}\n")
    };
    Error::new(Code::Connection, "Database connection error.")
        .with_details(details)
        .with_source(error)
}

/// What the system says, and what libpq asks in addition where nobody answers.
fn explained(error: &io::Error, options: &PgConnectOptions) -> String {
    let nobody = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
    let reason = error.to_string();
    // OK because the number of the error is of use to nobody who has its text.
    let reason = reason.split(" (os error").next().unwrap_or_default().to_owned();
    match (nobody, options.get_socket()) {
        (true, Some(_)) => format!(
            "{reason}\n\tIs the server running locally and accepting connections on that socket?"
        ),
        (true, None) => format!(
            "{reason}\n\tIs the server running on that host and accepting TCP/IP connections?"
        ),
        (false, _) => reason,
    }
}

/// An error of the driver on a connection that was made.
pub(super) fn refused(error: sqlx::Error) -> Error {
    let report = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .map(|error| {
            let mut report = DatabaseError::new(error.code(), error.message());
            report.detail = error.detail().map(str::to_owned);
            report.hint = error.hint().map(str::to_owned);
            report
        });
    match report {
        Some(report) => Error::database(report),
        None => Error::new(Code::ConnectionLost, "Database client error. Retrying the connection.")
            .with_details(error.to_string())
            .with_source(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(error: sqlx::Error, options: &PgConnectOptions) -> String {
        let error = not_connected(error, options);
        assert_eq!(error.code(), "PGRST000");
        error.details().unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn connections_fail_in_libpqs_words() {
        let host = PgConnectOptions::new_without_pgpass().host("no_host").port(5432);
        let lookup = "failed to lookup address information: Name or service not known";
        assert_eq!(
            details(sqlx::Error::Io(io::Error::other(lookup)), &host),
            "could not translate host name \"no_host\" to address: Name or service not known\n"
        );
        let socket = PgConnectOptions::new_without_pgpass().socket("/run/pg").port(5433);
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(
            details(sqlx::Error::Io(missing), &socket),
            "connection to server on socket \"/run/pg/.s.PGSQL.5433\" failed: No such file or \
             directory\n\tIs the server running locally and accepting connections on that \
             socket?\n"
        );
        assert_eq!(place(&socket), "/run/pg:5433");
    }

    #[test]
    fn errors_print_their_details() {
        let error = Error::new(Code::Connection, "Database connection error.").with_details("why");
        let error = LoadError::from(error);
        assert_eq!(error.to_string(), "Database connection error. why");
        assert_eq!(
            error.payload(),
            r#"{"code":"PGRST000","details":"why","hint":null,"message":"Database connection error."}"#
        );
        assert!(!error.is_refused_password());
    }
}
