//! A database for one test, dropped with it.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use sqlx::{Connection, PgConnection};

use crate::support::{
    cluster::{LAKEHOUSE_PASSWORD, Template, cluster, template},
    proxy::Proxy,
};

/// The login role of the library, and its password.
const LIBRARY_LOGIN: (&str, &str) = ("library_login", "at the desk");

/// A database.
#[derive(Debug)]
pub struct Database {
    name: String,
    login: Option<(&'static str, &'static str)>,
    /// Whether other tests use it too, so that it stays.
    shared: bool,
}

impl Database {
    /// A database with nothing in it.
    pub fn empty() -> Self {
        Self::copy(Template::Empty, None)
    }

    /// A copy of the library.
    pub fn library() -> Self {
        Self::copy(Template::Library, Some(LIBRARY_LOGIN))
    }

    /// The library that all tests share which write nothing; it doesn't take writes.
    pub fn read_only_library() -> Self {
        static MADE: OnceLock<()> = OnceLock::new();
        const NAME: &str = "read-only library";
        MADE.get_or_init(|| {
            cluster().create_database_from(template(Template::Library), NAME).unwrap();
            let never =
                "alter database \"read-only library\" set default_transaction_read_only = on";
            cluster().execute("postgres", never).unwrap();
        });
        Self { name: NAME.to_owned(), login: Some(LIBRARY_LOGIN), shared: true }
    }

    /// A copy of the lakehouse sample.
    pub fn lakehouse() -> Self {
        Self::copy(Template::Lakehouse, Some(("authenticator", LAKEHOUSE_PASSWORD)))
    }

    fn copy(from: Template, login: Option<(&'static str, &'static str)>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        cluster().create_database_from(template(from), &name).unwrap();
        Self { name, login, shared: false }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the service connects to, as its login role; as the superuser if there is none.
    pub fn uri(&self) -> String {
        match self.login {
            Some((role, password)) => cluster().uri_as(role, Some(password), &self.name),
            None => cluster().uri(&self.name),
        }
    }

    /// The same, through a proxy.
    pub fn uri_through(&self, proxy: &Proxy) -> String {
        let port = format!(":{}/", cluster().port());
        self.uri().replace(&port, &format!(":{}/", proxy.port()))
    }

    /// Runs a script as the superuser, and returns what it prints: a line for each row, with `|`
    /// between the columns. Blocks.
    pub fn execute(&self, sql: &str) -> String {
        cluster().execute(&self.name, sql).unwrap()
    }

    /// A connection as the superuser.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&cluster().uri(&self.name)).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.shared {
            return;
        }
        let name = std::mem::take(&mut self.name);
        // On a thread of its own: PostgreSQL waits here for sessions that are still logging in, and
        // theirs may be waiting for the thread that the test runs on. What is left goes with the
        // server; a test that has failed must not fail again here.
        thread::spawn(move || cluster().drop_database(&name).ok());
    }
}
