//! The private PostgreSQL with the data of the bench, and what SQL says of it.
//!
//! Starts and asks it; knows nothing of HTTP.

use phlo_postgres::Server;
use serde_json::Value;

use crate::{
    error::{Error, Result},
    options::Options,
    scenario::{Answer, Scenario},
};

/// The name of the database.
pub(crate) const NAME: &str = "bench";
/// The role that the server and pgbench connect as.
pub(crate) const LOGIN: &str = "authenticator";
/// Its password. It opens nothing but data that everybody has.
pub(crate) const PASSWORD: &str = "throw-away";

const DATA: &str = include_str!("data.sql");

/// A running PostgreSQL.
#[derive(Debug)]
pub(crate) struct Database {
    server: Server,
    /// The process above all others of it.
    pub(crate) process: u32,
}

/// The right answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Truth {
    Json { body: Value, total: Option<String> },
    Csv(String),
    Stored(Value),
}

impl Database {
    /// Starts it and loads the data.
    pub(crate) fn start(options: &Options) -> Result<Self> {
        let connections = options.connections.get() + options.pool.get() + 10;
        let mut builder = Server::builder()
            .oldest_version(15)
            .setting("shared_buffers", "128MB")
            .setting("max_connections", connections.to_string());
        if let Some(directory) = &options.postgres {
            builder = builder.bin_dir(directory);
        }
        let server = builder.start()?;
        server.create_database(NAME)?;
        server.execute(NAME, DATA)?;
        // The background would do it while something is measured.
        server.execute(NAME, "vacuum (analyze, freeze)")?;
        let process =
            server.execute(NAME, "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")?;
        let process = process
            .trim()
            .parse()
            .map_err(|_| Error::NotReady(format!("{process:?} is no process")))?;
        Ok(Self { server, process })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// The version of PostgreSQL.
    pub(crate) fn version(&self) -> Result<String> {
        let version = self.server.execute(NAME, "show server_version")?;
        Ok(version.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Where the server connects to.
    pub(crate) fn uri(&self) -> String {
        self.server.uri_as(LOGIN, Some(PASSWORD), NAME)
    }

    /// Removes what inserts have left.
    pub(crate) fn empty_intake(&self) -> Result<()> {
        self.server.execute(NAME, "truncate api.intake restart identity; checkpoint")?;
        Ok(())
    }

    /// What the request of a scenario has to give.
    pub(crate) fn truth(&self, scenario: &Scenario) -> Result<Truth> {
        let sql = &scenario.sql;
        let rows = format!("select coalesce(json_agg(t), '[]') from ({sql}) t");
        Ok(match scenario.answer {
            Answer::Rows => Truth::Json { body: self.json(scenario, &rows)?, total: None },
            Answer::Value => Truth::Json { body: self.json(scenario, sql)?, total: None },
            Answer::Counted(total) => Truth::Json {
                body: self.json(scenario, &rows)?,
                total: Some(self.ask(scenario, total)?.trim().to_owned()),
            },
            Answer::Csv => Truth::Csv(self.csv(scenario)?),
            Answer::Stored => {
                Truth::Stored(parse(scenario, scenario.body.as_deref().unwrap_or_default())?)
            }
        })
    }

    /// The rows that inserts have left, as they were sent.
    pub(crate) fn stored(&self, scenario: &Scenario) -> Result<Value> {
        let sql = "select coalesce(json_agg(t), '[]') from \
                   (select label, pieces, weight_kg, detail from api.intake order by id) t";
        self.json(scenario, sql)
    }

    fn json(&self, scenario: &Scenario, sql: &str) -> Result<Value> {
        parse(scenario, &self.ask(scenario, sql)?)
    }

    /// A row is a composite value without its parentheses: PostgREST's notion of CSV.
    fn csv(&self, scenario: &Scenario) -> Result<String> {
        let sql = &scenario.sql;
        let header = format!(
            "select string_agg(key, ',') from json_object_keys( \
             (select to_json(t) from ({sql}) t limit 1)) as key"
        );
        let rows = format!("select substring(t::text, 2, length(t::text) - 2) from ({sql}) t");
        let (header, rows) = (self.ask(scenario, &header)?, self.ask(scenario, &rows)?);
        Ok(format!("{}\n{rows}", header.trim_end()))
    }

    /// What a statement prints, run as the caller of a scenario.
    fn ask(&self, scenario: &Scenario, sql: &str) -> Result<String> {
        let (role, claims) = (scenario.caller.role(), scenario.caller.claims());
        // A `do` prints nothing.
        let script = format!(
            "begin;\n\
             do $$ begin perform set_config('request.jwt.claims', '{claims}', true); end $$;\n\
             set local role {role};\n{sql};\ncommit;\n"
        );
        Ok(self.server.execute(NAME, &script)?)
    }
}

fn parse(scenario: &Scenario, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::Wrong {
        scenario: scenario.name,
        why: format!("SQL gives no JSON: {error}"),
    })
}
