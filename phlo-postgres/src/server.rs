//! A running server, and the databases in it.

use std::{
    fmt::{self, Write as _},
    path::Path,
    process::Command,
};

use crate::{
    builder::Builder,
    error::Result,
    installation::Installation,
    psql::{self, quote_identifier},
    supervisor::Supervisor,
};

/// A PostgreSQL server that lives as long as this value, and leaves nothing behind.
pub struct Server {
    supervisor: Supervisor,
    installation: Installation,
    credentials: Credentials,
    port: u16,
}

/// The superuser.
pub(crate) struct Credentials {
    pub(crate) user: String,
    /// None if nobody is asked for a password.
    pub(crate) password: Option<String>,
}

impl Server {
    /// Starts a server with the usual settings.
    ///
    /// # Errors
    ///
    /// Every [`Error`](crate::Error) says what to do about it.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// A server of which something is to be unusual.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        supervisor: Supervisor,
        installation: Installation,
        credentials: Credentials,
        port: u16,
    ) -> Self {
        Self { supervisor, installation, credentials, port }
    }

    /// The URI that connects to a database over TCP, as the superuser.
    pub fn uri(&self, database: &str) -> String {
        let Credentials { user, password } = &self.credentials;
        self.uri_as(user, password.as_deref(), database)
    }

    /// The URI that connects to a database over TCP, as any role.
    pub fn uri_as(&self, role: &str, password: Option<&str>, database: &str) -> String {
        let password = password.map(|it| format!(":{}", percent_encode(it))).unwrap_or_default();
        let (role, database) = (percent_encode(role), percent_encode(database));
        format!("postgresql://{role}{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its Unix socket; only the user that it runs as, and root, can reach it.
    pub fn socket_dir(&self) -> &Path {
        self.supervisor.dir()
    }

    /// The installation that it runs from.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Creates an empty database.
    ///
    /// # Errors
    ///
    /// [`Error::Script`](crate::Error::Script) if there is one of that name.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.administrate(&format!("create database {}", quote_identifier(name)))
    }

    /// Creates a database as a copy of another one, to which nobody may be connected.
    ///
    /// # Errors
    ///
    /// [`Error::Script`](crate::Error::Script) if the name is taken, or the template is in use.
    pub fn create_database_from(&self, template: &str, name: &str) -> Result<()> {
        let (template, name) = (quote_identifier(template), quote_identifier(name));
        self.administrate(&format!("create database {name} template {template}"))
    }

    /// Drops a database, and disconnects those who use it. It need not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Script`](crate::Error::Script) if the server doesn't allow it.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        let name = quote_identifier(name);
        self.administrate(&format!("drop database if exists {name} with (force)"))
    }

    /// Runs an SQL script through `psql` as the superuser, up to its first error, and returns what
    /// its queries print: a line for each row, with `|` between the columns.
    ///
    /// # Errors
    ///
    /// [`Error::Script`](crate::Error::Script) with what `psql` says about the first error.
    pub fn execute(&self, database: &str, sql: &str) -> Result<String> {
        let command = self.psql(database)?;
        psql::run(command, database, sql)
    }

    /// `psql`, ready to connect to a database as the superuser; nothing else is decided.
    ///
    /// # Errors
    ///
    /// [`Error::NoPsql`](crate::Error::NoPsql) if it is not installed.
    pub fn psql(&self, database: &str) -> Result<Command> {
        let mut command = psql::command(&self.installation)?;
        command
            .env("PGHOST", self.socket_dir())
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.credentials.user)
            .env("PGDATABASE", database);
        if let Some(password) = &self.credentials.password {
            command.env("PGPASSWORD", password);
        }
        Ok(command)
    }

    /// Stops the server and removes its files. Dropping it does the same, but can't say that it
    /// failed.
    ///
    /// # Errors
    ///
    /// [`Error::Stop`](crate::Error::Stop) if something is left.
    pub fn stop(mut self) -> Result<()> {
        self.supervisor.stop()
    }

    fn administrate(&self, sql: &str) -> Result<()> {
        self.execute("postgres", sql).map(|_| ())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("installation", &self.installation)
            .field("port", &self.port)
            .field("socket_dir", &self.socket_dir())
            .finish_non_exhaustive()
    }
}

/// Escapes everything but the unreserved characters of RFC 3986.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_stay_inside_their_part_of_a_uri() {
        assert_eq!(percent_encode("a-b_c.d~1"), "a-b_c.d~1");
        assert_eq!(percent_encode("p@ss:w/?ü"), "p%40ss%3Aw%2F%3F%C3%BC");
    }
}
