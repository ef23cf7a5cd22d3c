//! What the tests of the executor share: a server, databases of their own, small transactions.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use phlo_core::plan::Access;
use phlo_core::{
    exec::{
        End, Executor, Results, Transaction,
        pipeline::{Config, Pool, PoolOptions},
    },
    sql::{Param, ResultFormat, Statement},
};
use phlo_postgres::Server;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// One server for all tests. It ends with the process.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().unwrap())
}

/// The URI of a new database, for the superuser.
pub(crate) async fn database(name: &'static str) -> String {
    tokio::task::spawn_blocking(move || {
        server().create_database(name).unwrap();
        server().uri(name)
    })
    .await
    .unwrap()
}

/// The URI of a new database and a pool on it.
pub(crate) async fn database_and_pool(name: &'static str, max: usize) -> (String, Pool) {
    let uri = database(name).await;
    let pool = pool(&uri, max);
    (uri, pool)
}

pub(crate) fn config(uri: &str) -> Config {
    Config::parse(uri, &|_| None).unwrap()
}

pub(crate) fn pool(uri: &str, max: usize) -> Pool {
    pool_with(uri, PoolOptions { max_connections: max, ..PoolOptions::default() })
}

pub(crate) fn pool_with(uri: &str, options: PoolOptions) -> Pool {
    Pool::new(config(uri), options).unwrap()
}

/// The same URI, to another port.
pub(crate) fn at_port(uri: &str, port: u16) -> String {
    uri.replace(&format!(":{}/", server().port()), &format!(":{port}/"))
}

/// Runs any SQL over a connection of its own.
pub(crate) async fn sql(uri: &str, text: &str) {
    let mut connection = PgConnection::connect_with(&config(uri).sqlx_options()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The first value of the first row, over a connection of its own.
pub(crate) async fn ask(uri: &str, query: &str) -> String {
    let mut connection = PgConnection::connect_with(&config(uri).sqlx_options()).await.unwrap();
    let text = format!("select ({query})::text");
    let value: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    value.unwrap_or_default()
}

pub(crate) fn statement(sql: &str, params: &[&str]) -> Statement {
    let params = params.iter().map(|text| Param::Text((*text).to_owned())).collect();
    Statement { sql: sql.to_owned().into(), params, format: ResultFormat::Text }
}

/// What sets the role and the claims, as the engine does it.
pub(crate) fn settings(role: &str, claims: &str) -> Statement {
    statement(
        "select pg_catalog.set_config('search_path', $1, true), \
         pg_catalog.set_config('role', $2, true), \
         pg_catalog.set_config('request.jwt.claims', $3, true)",
        &["public", role, claims],
    )
}

pub(crate) fn read(role: &str, sql: &str, params: &[&str]) -> Transaction {
    Transaction {
        role: role.to_owned(),
        access: Access::ReadOnly,
        isolation: None,
        settings: settings(role, "{}"),
        pre_request: None,
        main: Arc::new(statement(sql, params)),
        writer: None,
        after: None,
        end: End::Commit,
        guard: None,
    }
}

pub(crate) fn write(role: &str, sql: &str, params: &[&str]) -> Transaction {
    Transaction { access: Access::ReadWrite, ..read(role, sql, params) }
}

/// The first value of the first row.
pub(crate) fn value(results: &Results) -> Option<&str> {
    text(results.main.first()?.first()?.as_ref()?)
}

fn text(bytes: &Bytes) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Runs a query as the superuser and gives its first value.
pub(crate) async fn run(pool: &Pool, query: &str) -> phlo_core::Result<Option<String>> {
    let results = pool.run(&write("postgres", query, &[])).await?;
    Ok(value(&results).map(str::to_owned))
}
