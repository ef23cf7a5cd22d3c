//! The service on a database, asked without a socket.

use std::sync::Arc;

use phlo_core::schema::Schema;
use phlo_http::{
    auth,
    config::{self, DatabaseSettings, Environment, Sources},
    service::Api,
    state::{Origin, State},
};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::support::{ask::Ask, database::Database, socket::Served};

/// What tokens are signed with.
pub const SECRET: &str = "a secret of more than 32 characters, for tests alone";

/// What services of the library are set to unless a test says otherwise.
const LIBRARY: [(&str, &str); 7] = [
    ("db-schemas", "library,archive"),
    ("db-extra-search-path", "tools"),
    ("db-anon-role", "visitor"),
    ("jwt-secret", SECRET),
    ("server-host", "127.0.0.1"),
    ("server-port", "0"),
    ("app.settings.motto", "Read on"),
];

/// What services of the lakehouse sample are set to.
const LAKEHOUSE: [(&str, &str); 7] = [
    ("db-schemas", "api"),
    ("db-extra-search-path", ""),
    ("db-anon-role", "anon"),
    ("jwt-secret", SECRET),
    ("login-schema", "auth"),
    ("server-host", "127.0.0.1"),
    ("server-port", "0"),
];

/// A service on a database of its own.
#[derive(Debug)]
pub struct Service {
    api: Api,
    state: Arc<State>,
    database: Database,
}

impl Service {
    /// The library.
    pub async fn library() -> Self {
        Self::library_with(&[]).await
    }

    /// The library under other settings, named as in the file.
    pub async fn library_with(settings: &[(&str, &str)]) -> Self {
        let service = Self::unloaded_library(Database::library(), settings);
        service.load().await;
        service
    }

    /// The library for tests that write nothing, which is cheaper.
    pub async fn reading() -> Self {
        Self::reading_with(&[]).await
    }

    /// The same under other settings; they can't change what the schema is made from.
    pub async fn reading_with(settings: &[(&str, &str)]) -> Self {
        static SCHEMA: OnceCell<Schema> = OnceCell::const_new();
        let service = Self::unloaded_library(Database::read_only_library(), settings);
        let read = async || {
            service.load().await;
            Schema::clone(&service.state.schema().unwrap())
        };
        service.state.set_schema(SCHEMA.get_or_init(read).await.clone());
        service
    }

    /// The library before it knows the schema.
    pub fn unloaded_library(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::new(database, &LIBRARY, settings)
    }

    /// The lakehouse sample, with its login.
    pub async fn lakehouse() -> Self {
        let service = Self::new(Database::lakehouse(), &LAKEHOUSE, &[]);
        service.load().await;
        service
    }

    fn new(database: Database, base: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let uri = database.uri();
        let all = [("db-uri", uri.as_str())].into_iter().chain(base.iter().copied());
        let environment = Environment::new(
            all.chain(settings.iter().copied()).map(|(key, value)| (variable(key), value)),
        );
        let sources = Sources {
            file: None,
            environment: &environment,
            database: &DatabaseSettings::default(),
            running: None,
        };
        let loaded = config::load(&sources).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let state =
            Arc::new(State::new(loaded.config, Some(Origin { file: None, environment })).unwrap());
        Self { api: Api::new(Arc::clone(&state)), state, database }
    }

    /// Reads configuration and schema from the database.
    pub async fn load(&self) {
        self.state.load_config().await.unwrap();
        self.state.load().await.unwrap();
    }

    /// Serves on a port of its own, with everything that runs beside a server.
    pub fn serve(&self) -> Served {
        Served::start(&self.state)
    }

    /// The API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What its requests share.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Runs a script as the superuser; see [`Database::execute`].
    pub fn execute(&self, sql: &str) -> String {
        self.database.execute(sql)
    }

    /// A `GET` request.
    pub fn get(&self, target: &str) -> Ask<'_> {
        self.ask("GET", target)
    }

    /// A `POST` request.
    pub fn post(&self, target: &str, body: &Value) -> Ask<'_> {
        self.ask("POST", target).json(body)
    }

    /// A `PATCH` request.
    pub fn patch(&self, target: &str, body: &Value) -> Ask<'_> {
        self.ask("PATCH", target).json(body)
    }

    /// A `PUT` request.
    pub fn put(&self, target: &str, body: &Value) -> Ask<'_> {
        self.ask("PUT", target).json(body)
    }

    /// A `DELETE` request.
    pub fn delete(&self, target: &str) -> Ask<'_> {
        self.ask("DELETE", target)
    }

    /// A request of any method.
    pub fn ask(&self, method: &str, target: &str) -> Ask<'_> {
        Ask::new(self, method, target)
    }
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    match key.strip_prefix("app.settings.") {
        Some(name) => format!("PGRST_APP_SETTINGS_{name}"),
        None => format!("PGRST_{}", key.replace('-', "_").to_uppercase()),
    }
}

/// A token of these claims.
pub fn sign(claims: Value) -> String {
    let Value::Object(claims) = claims else { panic!("no claims: {claims}") };
    auth::sign(&claims, SECRET.as_bytes()).unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_have_variables() {
        assert_eq!(variable("db-max-rows"), "PGRST_DB_MAX_ROWS");
        assert_eq!(variable("app.settings.motto"), "PGRST_APP_SETTINGS_motto");
        assert!(sign(serde_json::json!({"role": "a"})).starts_with("eyJ"));
    }
}
