//! The one PostgreSQL server of a test run, and the templates that databases are copied from.

use std::sync::OnceLock;

use phlo_http::demo::sample;
use phlo_postgres::{Error, Server};

/// The password of the lakehouse sample's login role.
pub const LAKEHOUSE_PASSWORD: &str = "it's a secret";

/// Roles belong to the whole server.
const LIBRARY_ROLES: &str = include_str!("../fixtures/library/roles.sql");

/// The library, in the order in which it is built.
const LIBRARY: [&str; 6] = [
    include_str!("../fixtures/library/types.sql"),
    include_str!("../fixtures/library/tables.sql"),
    include_str!("../fixtures/library/rows.sql"),
    include_str!("../fixtures/library/views.sql"),
    include_str!("../fixtures/library/functions.sql"),
    include_str!("../fixtures/library/access.sql"),
];

/// A database that others are copied from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Template {
    /// Nothing.
    Empty,
    /// A small lending library that has one of everything; see `fixtures/library`.
    Library,
    /// The sample that comes with the server.
    Lakehouse,
}

/// The server, started by whoever asks first.
///
/// It is never dropped, since no test is the last one; its supervisor stops it and removes its
/// files when the process ends, however it ends.
pub fn cluster() -> &'static Server {
    static CLUSTER: OnceLock<Server> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let builder = Server::builder()
            .oldest_version(sample::OLDEST_VERSION)
            .setting("max_connections", "400")
            .setting("autovacuum", "off");
        let server = builder.start().unwrap_or_else(|error| panic!("no PostgreSQL: {error}"));
        // Roles and their passwords are the server's: whichever test comes first must find them as
        // any other does. The lakehouse sample keeps a password that is there.
        let password = LAKEHOUSE_PASSWORD.replace('\'', "''");
        let login = format!("create role authenticator login noinherit password '{password}';");
        server.execute("postgres", &(login + LIBRARY_ROLES)).unwrap();
        server
    })
}

/// The name of a template, made by whoever needs it first.
pub(crate) fn template(template: Template) -> &'static str {
    static LIBRARY_MADE: OnceLock<()> = OnceLock::new();
    static LAKEHOUSE_MADE: OnceLock<()> = OnceLock::new();
    match template {
        Template::Empty => "template0",
        Template::Library => {
            LIBRARY_MADE.get_or_init(|| {
                cluster().create_database("library").unwrap();
                cluster().execute("library", &LIBRARY.join("\n")).unwrap();
            });
            "library"
        }
        Template::Lakehouse => {
            LAKEHOUSE_MADE.get_or_init(|| {
                cluster().create_database("lakehouse").unwrap();
                load_lakehouse("lakehouse").unwrap();
            });
            "lakehouse"
        }
    }
}

/// Loads the lakehouse sample into a database.
///
/// # Errors
///
/// What the database says about the first script that fails.
pub fn load_lakehouse(database: &str) -> Result<String, Error> {
    let password = LAKEHOUSE_PASSWORD.replace('\'', "''");
    let setting = format!("set {} = '{password}';\n", sample::PASSWORD_SETTING);
    let scripts: Vec<&str> = sample::SCRIPTS.iter().map(|(_, sql)| *sql).collect();
    cluster().execute(database, &(setting + &scripts.join("\n")))
}
