//! The configuration as a value: every setting with its type, its unit and its default.
//!
//! Knows no file, no environment and no text of a setting.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use phlo_core::schema::Ident;

use crate::config::{
    database::RoleSettings,
    role_path::RolePath,
    secret::JwtSecret,
    values::{
        DbUri, FunctionName, Host, LogFormat, LogLevel, OpenApiMode, SocketMode, TraceHeader,
        TxEnd, Verbosity,
    },
};

/// Everything that can be set. The fields are named as in the file, with `_` for `-`.
///
/// A value that never changes: a reload makes another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Where the admin server listens. Default: as `server_host`.
    pub admin_server_host: Host,
    /// The port of the admin server; without one there is none. Default: none.
    pub admin_server_port: Option<u16>,
    /// The Unix socket of the admin server, which comes before its port. Default: none.
    pub admin_server_unix_socket: Option<PathBuf>,
    /// The permissions of that socket. Default: 660.
    pub admin_server_unix_socket_mode: SocketMode,
    /// Settings for SQL to read, by their whole name: `app.settings.*`. Default: none.
    pub app_settings: BTreeMap<String, String>,
    /// What errors tell the client. Default: everything.
    pub client_error_verbosity: Verbosity,
    /// Whether aggregate functions may be called. Default: no.
    pub db_aggregates_enabled: bool,
    /// The role of requests without a token; without it they are refused. Default: none.
    pub db_anon_role: Option<String>,
    /// The channel on which reloads are asked for. Default: `pgrst`.
    pub db_channel: String,
    /// Whether that channel is listened to. Default: yes.
    pub db_channel_enabled: bool,
    /// Whether the database is asked for settings. Default: yes.
    pub db_config: bool,
    /// Schemas at the end of the search path of each request. Default: `public`.
    pub db_extra_search_path: Vec<Ident>,
    /// Settings of functions that hold for the whole transaction. Default: `statement_timeout`,
    /// `plan_filter.statement_cost_limit` and `default_transaction_isolation`.
    pub db_hoisted_tx_settings: Vec<String>,
    /// The most rows of an answer. Default: no limit.
    pub db_max_rows: Option<u64>,
    /// Whether the execution plan can be asked for. Default: no.
    pub db_plan_enabled: bool,
    /// The most connections to the database, at least 1. Default: 10.
    pub db_pool: u32,
    /// How long a request waits for a connection, in whole seconds. Default: 10.
    pub db_pool_acquisition_timeout: Duration,
    /// Whether lost connections are made again, rather than ending the server. Default: yes.
    pub db_pool_automatic_recovery: bool,
    /// After which time without use a connection is closed, in whole seconds. Default: 30.
    pub db_pool_max_idletime: Duration,
    /// After which time a connection is closed, in whole seconds. Default: 1800.
    pub db_pool_max_lifetime: Duration,
    /// The function that sets `pgrst.*` settings. Default: none.
    pub db_pre_config: Option<FunctionName>,
    /// The function that runs before each request's statement. Default: none.
    pub db_pre_request: Option<FunctionName>,
    /// Whether statements are prepared. Default: yes.
    pub db_prepared_statements: bool,
    /// The function that answers instead of the OpenAPI document. Default: none.
    pub db_root_spec: Option<FunctionName>,
    /// The exposed schemas, at least one; the first is the default. Default: `public`.
    pub db_schemas: Vec<Ident>,
    /// How transactions end. Default: with a commit.
    pub db_tx_end: TxEnd,
    /// How to reach the database; what it doesn't say, libpq's variables do. Default:
    /// `postgresql://`.
    pub db_uri: DbUri,
    /// The audience that tokens have to name if they name any. Default: any.
    pub jwt_aud: Option<String>,
    /// How many verified tokens are remembered; 0 for none. Default: 1000.
    pub jwt_cache_max_entries: usize,
    /// Where tokens say their role. Default: `$.role`.
    pub jwt_role_claim_key: RolePath,
    /// What verifies tokens; without it none is accepted. Default: none.
    pub jwt_secret: Option<JwtSecret>,
    /// Whether the secret was written in base64. Default: no.
    pub jwt_secret_is_base64: bool,
    /// How logs look. phlo's own. Default: as those of PostgREST.
    pub log_format: LogFormat,
    /// How much is logged. Default: answers with a status of 500 and above.
    pub log_level: LogLevel,
    /// Whether the SQL is logged too. Default: no.
    pub log_query: bool,
    /// The schema whose functions know the users of `/rpc/login`; without it there is no login.
    /// phlo's own. Default: none.
    pub login_schema: Option<Ident>,
    /// How long the tokens of `/rpc/login` are valid, in whole seconds. phlo's own. Default: 3600.
    pub login_token_lifetime: Duration,
    /// What the OpenAPI document shows. Default: what the role may use.
    pub openapi_mode: OpenApiMode,
    /// Whether the OpenAPI document says how to authenticate. Default: no.
    pub openapi_security_active: bool,
    /// The URI of the service in the OpenAPI document. Default: that of the server.
    pub openapi_server_proxy_uri: Option<String>,
    /// From which origins browsers may ask; empty for all. Default: all.
    pub server_cors_allowed_origins: Vec<String>,
    /// Where the server listens. Default: any IPv4 address.
    pub server_host: Host,
    /// The longest body of a request, in bytes; a longer one is refused with status 413. A body is
    /// held in memory whole, once for each request under way, unless its rows can be written as they
    /// come: then this is the longest row. phlo's own. Default: 10 MiB.
    pub server_max_body_size: u64,
    /// The longest body in bytes whose rows are written as they come; such a body isn't held in
    /// memory. phlo's own. Default: no limit.
    pub server_max_upload_size: Option<u64>,
    /// The port of the server; 0 for any that is free. Default: 3000.
    pub server_port: u16,
    /// How long each batch of rows of such a body may take to come, in whole seconds; a transaction
    /// is open meanwhile. phlo's own. Default: 60.
    pub server_receive_timeout: Duration,
    /// Whether other processes may listen on the same port. Default: no.
    pub server_reuseport: bool,
    /// How long a client may take nothing of a long answer before it is given up, in whole seconds:
    /// a long answer is read from the database as the client takes it, over a connection that nobody
    /// else has meanwhile. phlo's own. Default: 60.
    pub server_send_timeout: Duration,
    /// Whether answers say how long their parts took. Default: no.
    pub server_timing_enabled: bool,
    /// The header that is handed from a request to its answer. Default: none.
    pub server_trace_header: Option<TraceHeader>,
    /// The Unix socket of the server, which comes before its port. Default: none.
    pub server_unix_socket: Option<PathBuf>,
    /// The permissions of that socket. Default: 660.
    pub server_unix_socket_mode: SocketMode,
    /// Whether an embed can be called by its table's name though it has an alias. Default: yes.
    pub url_use_legacy_target_names: bool,
    /// What makes reading the schema slow, for tests of what happens meanwhile. Default: nothing.
    pub internal_schema_cache_query_sleep: SchemaSleep,
    /// What the database sets for each role that requests can have. Default: nothing.
    pub role_settings: BTreeMap<String, RoleSettings>,
}

/// The longest body of a request, if nothing else is set.
pub(super) const MAX_BODY_SIZE: u64 = 10 * 1024 * 1024;

/// How long a batch of rows may take to come: one of half a megabyte over a slow line.
pub(super) const RECEIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take nothing of a long answer, if nothing else is set.
pub(super) const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// How long tokens of the login are valid, if nothing else is set.
pub(super) const LOGIN_TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// The settings of functions that hold for the whole transaction, if nothing else is set.
pub(super) const HOISTED: [&str; 3] =
    ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"];

impl Default for Config {
    fn default() -> Self {
        Self {
            admin_server_host: Host::V4,
            admin_server_port: None,
            admin_server_unix_socket: None,
            admin_server_unix_socket_mode: SocketMode::DEFAULT,
            app_settings: BTreeMap::new(),
            client_error_verbosity: Verbosity::Verbose,
            db_aggregates_enabled: false,
            db_anon_role: None,
            db_channel: "pgrst".to_owned(),
            db_channel_enabled: true,
            db_config: true,
            db_extra_search_path: vec![Ident::new("public")],
            db_hoisted_tx_settings: HOISTED.map(str::to_owned).to_vec(),
            db_max_rows: None,
            db_plan_enabled: false,
            db_pool: 10,
            db_pool_acquisition_timeout: Duration::from_secs(10),
            db_pool_automatic_recovery: true,
            db_pool_max_idletime: Duration::from_secs(30),
            db_pool_max_lifetime: Duration::from_secs(1800),
            db_pre_config: None,
            db_pre_request: None,
            db_prepared_statements: true,
            db_root_spec: None,
            db_schemas: vec![Ident::new("public")],
            db_tx_end: TxEnd::Commit,
            db_uri: DbUri::new("postgresql://"),
            jwt_aud: None,
            jwt_cache_max_entries: 1000,
            jwt_role_claim_key: RolePath::default(),
            jwt_secret: None,
            jwt_secret_is_base64: false,
            log_format: LogFormat::Postgrest,
            log_level: LogLevel::Error,
            log_query: false,
            login_schema: None,
            login_token_lifetime: LOGIN_TOKEN_LIFETIME,
            openapi_mode: OpenApiMode::FollowPrivileges,
            openapi_security_active: false,
            openapi_server_proxy_uri: None,
            server_cors_allowed_origins: Vec::new(),
            server_host: Host::V4,
            server_max_body_size: MAX_BODY_SIZE,
            server_max_upload_size: None,
            server_port: 3000,
            server_receive_timeout: RECEIVE_TIMEOUT,
            server_reuseport: false,
            server_send_timeout: SEND_TIMEOUT,
            server_timing_enabled: false,
            server_trace_header: None,
            server_unix_socket: None,
            server_unix_socket_mode: SocketMode::DEFAULT,
            url_use_legacy_target_names: true,
            internal_schema_cache_query_sleep: SchemaSleep::default(),
            role_settings: BTreeMap::new(),
        }
    }
}

/// How long reading the schema sleeps, for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemaSleep {
    /// Before the first query.
    pub before: Duration,
    /// After the last one.
    pub after: Duration,
}

impl Config {
    /// Keeps what is fixed while a server runs; names the settings whose change waits for a
    /// restart.
    #[must_use]
    pub fn keeping_fixed(mut self, running: &Self) -> (Self, Vec<&'static str>) {
        let mut waiting = Vec::new();
        macro_rules! keep {
            ($($field:ident = $key:literal,)*) => {
                $(if self.$field != running.$field {
                    self.$field.clone_from(&running.$field);
                    waiting.push($key);
                })*
            };
        }
        keep! {
            admin_server_host = "admin-server-host",
            admin_server_port = "admin-server-port",
            admin_server_unix_socket = "admin-server-unix-socket",
            admin_server_unix_socket_mode = "admin-server-unix-socket-mode",
            db_pool = "db-pool",
            db_pool_acquisition_timeout = "db-pool-acquisition-timeout",
            db_pool_max_idletime = "db-pool-max-idletime",
            db_pool_max_lifetime = "db-pool-max-lifetime",
            db_uri = "db-uri",
            server_host = "server-host",
            server_port = "server-port",
            server_reuseport = "server-reuseport",
            server_unix_socket = "server-unix-socket",
            server_unix_socket_mode = "server-unix-socket-mode",
        }
        (self, waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;

    #[test]
    fn what_is_fixed_is_kept() {
        let running = Config::default();
        let changed = Config {
            admin_server_host: Host::Any,
            admin_server_port: Some(1),
            admin_server_unix_socket: Some("a".into()),
            admin_server_unix_socket_mode: SocketMode::parse("777").unwrap(),
            db_pool: 1,
            db_pool_acquisition_timeout: Duration::ZERO,
            db_pool_max_idletime: Duration::ZERO,
            db_pool_max_lifetime: Duration::ZERO,
            db_uri: DbUri::new("x"),
            server_host: Host::Any,
            server_port: 1,
            server_reuseport: true,
            server_unix_socket: Some("b".into()),
            server_unix_socket_mode: SocketMode::parse("777").unwrap(),
            log_query: true,
            ..Config::default()
        };
        let (kept, waiting) = changed.keeping_fixed(&running);
        let fixed: Vec<_> = KEYS.iter().filter(|key| !key.reloadable).map(|key| key.name).collect();
        assert_eq!(waiting, fixed);
        assert_eq!(kept, Config { log_query: true, ..running });
    }
}
