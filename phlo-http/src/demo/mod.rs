//! `phlo-http demo`: a private PostgreSQL with the lakehouse sample, served.

mod print;
pub mod sample;

use std::{io, sync::Arc, time::Instant};

use phlo_core::schema::Ident;
use phlo_postgres::Server as Postgres;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    auth,
    cli::Demo,
    config::{Config, DbUri, Host, JwtSecret, LogFormat, LogLevel},
    observe,
    run::{RunError, Server, terminated},
    state::State,
};

/// The database of the sample.
const DATABASE: &str = "lakehouse";
/// The login role of the API.
const LOGIN_ROLE: &str = "authenticator";
/// The most rows of an answer, as the sample's users expect.
const MAX_ROWS: u64 = 10_000;
/// How long the printed token is valid, in seconds: a day.
const TOKEN_LIFETIME: i64 = 86_400;

/// Why the demo could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no PostgreSQL, or it doesn't start.
    #[error(transparent)]
    Postgres(#[from] phlo_postgres::Error),
    /// The sample can't be loaded.
    #[error("loading {script}: {source}")]
    Sample {
        /// What was loaded.
        script: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The API doesn't start.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The schema of the sample can't be read.
    #[error(transparent)]
    Load(#[from] crate::state::LoadError),
    /// A token can't be made.
    #[error(transparent)]
    Core(#[from] phlo_core::Error),
    /// The system has refused something.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Starts everything, prints how to use it, serves until it is told to stop, removes everything.
///
/// # Errors
///
/// See [`DemoError`].
pub async fn run(options: &Demo) -> Result<(), DemoError> {
    let started = Instant::now();
    observe::start(|| (LogLevel::Error, LogFormat::Postgrest));
    let stop = terminated()?;
    print::progress("starting PostgreSQL");
    let bin_dir = options.postgres.clone();
    let postgres = blocking(move || {
        let builder = Postgres::builder().oldest_version(sample::OLDEST_VERSION);
        match bin_dir {
            Some(bin_dir) => builder.bin_dir(bin_dir),
            None => builder,
        }
        .start()
    })
    .await?;
    print::progress("loading the lakehouse sample");
    let password = random_text();
    let database = postgres.uri("postgres");
    load_sample(&database, &postgres.uri(DATABASE), &password).await?;
    let state = Arc::new(State::new(
        config(options, &postgres.uri_as(LOGIN_ROLE, Some(&password), DATABASE)),
        None,
    )?);
    state.load().await?;
    let server = Server::bind(Arc::clone(&state))?;
    let port = server.port().unwrap_or(options.port);
    print::welcome(&print::Welcome {
        base: format!("http://127.0.0.1:{port}"),
        analyst: sign(&state, "analyst")?,
        admin: sign(&state, "admin")?,
        took: started.elapsed(),
    })?;
    server.run(stop).await?;
    print::progress("stopping PostgreSQL");
    drop(state);
    blocking(move || postgres.stop()).await?;
    print::done();
    Ok(())
}

/// Work that blocks, off the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> phlo_postgres::Result<T> + Send + 'static,
) -> Result<T, DemoError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(io::Error::other(error).into()),
    }
}

async fn load_sample(server: &str, database: &str, password: &str) -> Result<(), DemoError> {
    let failed = |script| move |source| DemoError::Sample { script, source };
    let mut connection = PgConnection::connect(server).await.map_err(failed("the server"))?;
    let create = AssertSqlSafe(format!("create database {DATABASE}"));
    sqlx::raw_sql(create).execute(&mut connection).await.map_err(failed("the database"))?;
    connection.close().await.ok();
    let mut connection = PgConnection::connect(database).await.map_err(failed("the database"))?;
    sqlx::query("select set_config($1, $2, false)")
        .bind(sample::PASSWORD_SETTING)
        .bind(password)
        .execute(&mut connection)
        .await
        .map_err(failed("the password"))?;
    for (name, script) in sample::SCRIPTS {
        sqlx::raw_sql(*script).execute(&mut connection).await.map_err(failed(name))?;
    }
    connection.close().await.ok();
    Ok(())
}

fn config(options: &Demo, uri: &str) -> Config {
    Config {
        db_uri: DbUri::new(uri),
        db_schemas: vec![Ident::new("api")],
        db_anon_role: Some("anon".to_owned()),
        db_aggregates_enabled: true,
        db_plan_enabled: true,
        db_max_rows: Some(MAX_ROWS),
        db_config: false,
        jwt_secret: JwtSecret::from_bytes(random_text().as_bytes()).ok(),
        login_schema: Some(Ident::new("auth")),
        openapi_security_active: true,
        server_host: Host::Name("127.0.0.1".to_owned()),
        server_port: options.port,
        ..Config::default()
    }
}

/// A token of one of the sample's users, as the login would give.
fn sign(state: &State, user: &str) -> phlo_core::Result<String> {
    let user_id = format!("{user}_001");
    let claims = [
        ("sub", Value::from(user)),
        ("username", Value::from(user)),
        ("user_id", Value::from(user_id)),
        ("email", Value::from(format!("{user}@phlo.local"))),
        ("role", Value::from(user)),
        ("exp", Value::from(auth::unix_now() + TOKEN_LIFETIME)),
    ];
    let claims: Map<_, _> =
        claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    state.live().authenticator.sign(&claims)
}

/// Text that nobody can guess, made anew at each start.
fn random_text() -> String {
    use argon2::password_hash::phc::SaltString;
    let half = || SaltString::generate().to_string();
    format!("{}{}{}", half(), half(), half())
}
