//! Makes a configuration from what was written: each setting read, checked and given its default.
//!
//! The one place that decides which values are allowed. Reads the files that `@` names.

use std::{fs, path::PathBuf, time::Duration};

use phlo_core::schema::Ident;

use crate::config::{
    Sources,
    error::{ConfigError, Warning},
    model::{Config, SchemaSleep},
    role_path::RolePath,
    secret::{Encoding, JwtSecret},
    source::Source,
    uri,
    values::{
        DbUri, FunctionName, Host, LogFormat, LogLevel, OpenApiMode, SocketMode, TraceHeader,
        TxEnd, Verbosity,
    },
};

/// A year in seconds: the longest time that a setting can say.
const YEAR: u64 = 365 * 24 * 60 * 60;

/// Makes the configuration.
pub(super) fn build(source: &mut Source<'_>, sources: &Sources<'_>) -> Result<Config, ConfigError> {
    let default = Config::default();
    let server_host =
        source.text("server-host").map_or(default.server_host, |text| Host::parse(&text));
    let server_port = port(source, "server-port")?.unwrap_or(default.server_port);
    let jwt_secret_is_base64 = source.boolean("jwt-secret-is-base64").unwrap_or(false);
    Ok(Config {
        admin_server_host: source
            .text("admin-server-host")
            .map_or_else(|| server_host.clone(), |text| Host::parse(&text)),
        admin_server_port: admin_port(source, server_port)?,
        admin_server_unix_socket: source.text("admin-server-unix-socket").map(PathBuf::from),
        admin_server_unix_socket_mode: socket_mode(source, "admin-server-unix-socket-mode")?,
        app_settings: source.app_settings(),
        client_error_verbosity: choice(
            source,
            "client-error-verbosity",
            "Invalid client-error-verbosity. Check your configuration.",
            Verbosity::parse,
            Verbosity::ALLOWED,
        )?
        .unwrap_or(default.client_error_verbosity),
        db_aggregates_enabled: source.boolean("db-aggregates-enabled").unwrap_or(false),
        db_anon_role: source.text("db-anon-role"),
        db_channel: source.text("db-channel").unwrap_or(default.db_channel),
        db_channel_enabled: source.boolean("db-channel-enabled").unwrap_or(true),
        db_config: source.boolean("db-config").unwrap_or(true),
        db_extra_search_path: source
            .names_or_none("db-extra-search-path")
            .map_or(default.db_extra_search_path, |names| idents(&names)),
        db_hoisted_tx_settings: source
            .names("db-hoisted-tx-settings")
            .unwrap_or(default.db_hoisted_tx_settings),
        // PostgreSQL's LIMIT is a signed number.
        db_max_rows: source.integer("db-max-rows", 0..=i64::MAX.unsigned_abs())?,
        db_plan_enabled: source.boolean("db-plan-enabled").unwrap_or(false),
        db_pool: u32_or(source, "db-pool", default.db_pool)?,
        db_pool_acquisition_timeout: seconds(
            source,
            "db-pool-acquisition-timeout",
            default.db_pool_acquisition_timeout,
        )?,
        db_pool_automatic_recovery: source.boolean("db-pool-automatic-recovery").unwrap_or(true),
        db_pool_max_idletime: seconds(
            source,
            "db-pool-max-idletime",
            default.db_pool_max_idletime,
        )?,
        db_pool_max_lifetime: seconds(
            source,
            "db-pool-max-lifetime",
            default.db_pool_max_lifetime,
        )?,
        db_pre_config: function(source, "db-pre-config"),
        db_pre_request: function(source, "db-pre-request"),
        db_prepared_statements: source.boolean("db-prepared-statements").unwrap_or(true),
        db_root_spec: function(source, "db-root-spec"),
        db_schemas: schemas(source)?.unwrap_or(default.db_schemas),
        db_tx_end: choice(
            source,
            "db-tx-end",
            "Invalid transaction termination. Check your configuration.",
            TxEnd::parse,
            TxEnd::ALLOWED,
        )?
        .unwrap_or(default.db_tx_end),
        db_uri: db_uri(source, sources.running)?.unwrap_or(default.db_uri),
        jwt_aud: audience(source)?,
        jwt_cache_max_entries: cache_entries(source)?.unwrap_or(default.jwt_cache_max_entries),
        jwt_role_claim_key: role_path(source)?.unwrap_or(default.jwt_role_claim_key),
        jwt_secret: secret(source, jwt_secret_is_base64, sources.running)?,
        jwt_secret_is_base64,
        log_format: choice(
            source,
            "log-format",
            "Invalid log-format. Check your configuration.",
            LogFormat::parse,
            LogFormat::ALLOWED,
        )?
        .unwrap_or(default.log_format),
        log_level: choice(
            source,
            "log-level",
            "Invalid logging level. Check your configuration.",
            LogLevel::parse,
            LogLevel::ALLOWED,
        )?
        .unwrap_or(default.log_level),
        log_query: source.boolean("log-query").unwrap_or(false),
        login_schema: source.text("login-schema").map(Ident::from),
        login_token_lifetime: source
            .integer("login-token-lifetime", 1..=31_536_000)?
            .map_or(default.login_token_lifetime, Duration::from_secs),
        openapi_mode: choice(
            source,
            "openapi-mode",
            "Invalid openapi-mode. Check your configuration.",
            OpenApiMode::parse,
            OpenApiMode::ALLOWED,
        )?
        .unwrap_or(default.openapi_mode),
        openapi_security_active: source.boolean("openapi-security-active").unwrap_or(false),
        openapi_server_proxy_uri: proxy_uri(source)?,
        server_cors_allowed_origins: source
            .names("server-cors-allowed-origins")
            .unwrap_or_default(),
        server_host,
        server_max_body_size: source
            .integer("server-max-body-size", 1..=1 << 40)?
            .unwrap_or(default.server_max_body_size),
        server_max_upload_size: source.integer("server-max-upload-size", 1..=1 << 50)?,
        server_port,
        server_receive_timeout: source
            .integer("server-receive-timeout", 1..=31_536_000)?
            .map_or(default.server_receive_timeout, Duration::from_secs),
        server_reuseport: source.boolean("server-reuseport").unwrap_or(false),
        server_send_timeout: source
            .integer("server-send-timeout", 1..=YEAR)?
            .map_or(default.server_send_timeout, Duration::from_secs),
        server_timing_enabled: source.boolean("server-timing-enabled").unwrap_or(false),
        server_trace_header: trace_header(source)?,
        server_unix_socket: source.text("server-unix-socket").map(PathBuf::from),
        server_unix_socket_mode: socket_mode(source, "server-unix-socket-mode")?,
        url_use_legacy_target_names: source.boolean("url-use-legacy-target-names").unwrap_or(true),
        internal_schema_cache_query_sleep: SchemaSleep {
            before: milliseconds(source, "internal-schema-cache-query-sleep-before-queries")?,
            after: milliseconds(source, "internal-schema-cache-query-sleep")?,
        },
        role_settings: sources.database.roles.clone(),
    })
}

fn choice<T>(
    source: &mut Source<'_>,
    key: &str,
    sentence: &str,
    parse: impl Fn(&str) -> Option<T>,
    allowed: &str,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = source.text(key) else { return Ok(None) };
    parse(&text).map(Some).ok_or_else(|| ConfigError::invalid(key, sentence, &text, allowed))
}

fn port(source: &mut Source<'_>, key: &str) -> Result<Option<u16>, ConfigError> {
    let port = source.integer(key, 0..=u16::MAX.into())?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}

fn admin_port(source: &mut Source<'_>, server_port: u16) -> Result<Option<u16>, ConfigError> {
    let port = port(source, "admin-server-port")?;
    if port == Some(server_port) {
        return Err(ConfigError::new(format!(
            "admin-server-port cannot be the same as server-port, which is {server_port}"
        )));
    }
    Ok(port)
}

fn u32_or(source: &mut Source<'_>, key: &str, default: u32) -> Result<u32, ConfigError> {
    let number = source.integer(key, 1..=i32::MAX.unsigned_abs().into())?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(default))
}

fn seconds(source: &mut Source<'_>, key: &str, default: Duration) -> Result<Duration, ConfigError> {
    Ok(source.integer(key, 0..=YEAR)?.map_or(default, Duration::from_secs))
}

fn milliseconds(source: &mut Source<'_>, key: &str) -> Result<Duration, ConfigError> {
    Ok(source.integer(key, 0..=YEAR)?.map_or(Duration::ZERO, Duration::from_millis))
}

fn socket_mode(source: &mut Source<'_>, key: &str) -> Result<SocketMode, ConfigError> {
    let Some(text) = source.text(key) else { return Ok(SocketMode::DEFAULT) };
    SocketMode::parse(&text).map_err(|why| {
        ConfigError::new(format!(
            "Invalid {key}: {why}. It is \"{text}\"; allowed: octal digits from 600 to 777"
        ))
    })
}

fn idents(names: &[String]) -> Vec<Ident> {
    names.iter().map(|name| Ident::new(name)).collect()
}

fn function(source: &mut Source<'_>, key: &str) -> Option<FunctionName> {
    source.text(key).map(|text| FunctionName::parse(&text))
}

fn schemas(source: &mut Source<'_>) -> Result<Option<Vec<Ident>>, ConfigError> {
    let Some(names) = source.names("db-schemas") else { return Ok(None) };
    for catalog in ["pg_catalog", "information_schema"] {
        if names.iter().any(|name| name == catalog) {
            return Err(ConfigError::new(format!(
                "db-schemas does not allow schema: '{catalog}'. Allowed: any other schemas, \
                 between commas"
            )));
        }
    }
    if names.is_empty() {
        return Err(ConfigError::new(
            "db-schemas names no schema. Allowed: one or more schemas, between commas",
        ));
    }
    Ok(Some(idents(&names)))
}

/// A running server keeps its database: the file that names it is not read again.
fn db_uri(source: &mut Source<'_>, running: Option<&Config>) -> Result<Option<DbUri>, ConfigError> {
    if let Some(running) = running {
        return Ok(Some(running.db_uri.clone()));
    }
    let Some(text) = source.text("db-uri") else { return Ok(None) };
    let Some(file) = text.strip_prefix('@') else { return Ok(Some(DbUri::new(text))) };
    let content = fs::read_to_string(file).map_err(|error| {
        ConfigError::new(format!("db-uri: cannot read the file {file}: {error}"))
    })?;
    Ok(Some(DbUri::new(content.trim())))
}

fn audience(source: &mut Source<'_>) -> Result<Option<String>, ConfigError> {
    match source.text("jwt-aud") {
        // RFC 7519: text with a colon has to be a URI.
        Some(text) if text.contains(':') && !uri::is_uri(&text) => Err(ConfigError::invalid(
            "jwt-aud",
            "jwt-aud should be a string or a valid URI.",
            &text,
            "text without a colon, or a URI",
        )),
        text => Ok(text),
    }
}

fn cache_entries(source: &mut Source<'_>) -> Result<Option<usize>, ConfigError> {
    let entries = source.integer("jwt-cache-max-entries", 0..=10_000_000)?;
    Ok(entries.and_then(|entries| usize::try_from(entries).ok()))
}

fn role_path(source: &mut Source<'_>) -> Result<Option<RolePath>, ConfigError> {
    let Some(text) = source.text("jwt-role-claim-key") else { return Ok(None) };
    let path = RolePath::parse(&text)?;
    if path.is_legacy() {
        source.warnings.push(Warning::LegacyRolePath { path: path.to_string() });
    }
    Ok(Some(path))
}

fn secret(
    source: &mut Source<'_>,
    is_base64: bool,
    running: Option<&Config>,
) -> Result<Option<JwtSecret>, ConfigError> {
    let Some(text) = source.text("jwt-secret") else { return Ok(None) };
    let encoding = if is_base64 { Encoding::Base64 } else { Encoding::Text };
    let running = running.and_then(|running| running.jwt_secret.as_ref());
    JwtSecret::read(&text, encoding, running, &mut source.warnings).map(Some)
}

fn proxy_uri(source: &mut Source<'_>) -> Result<Option<String>, ConfigError> {
    match source.text("openapi-server-proxy-uri") {
        Some(text) if !uri::is_base(&text) => Err(ConfigError::invalid(
            "openapi-server-proxy-uri",
            "Malformed proxy uri, a correct example: https://example.com:8443/basePath.",
            &text,
            "an absolute http or https URI, without user, query and fragment",
        )),
        text => Ok(text),
    }
}

fn trace_header(source: &mut Source<'_>) -> Result<Option<TraceHeader>, ConfigError> {
    choice(
        source,
        "server-trace-header",
        "Invalid server-trace-header.",
        TraceHeader::parse,
        "the name of a header",
    )
}
