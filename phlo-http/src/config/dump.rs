//! Prints a configuration as a file that reads back as the same.
//!
//! The text is that of PostgREST's `--dump-config`, secrets included. Reads nothing.

use std::{fmt::Display, path::PathBuf};

use phlo_core::schema::Ident;

use crate::config::{
    model::{Config, LOGIN_TOKEN_LIFETIME, MAX_BODY_SIZE, RECEIVE_TIMEOUT, SEND_TIMEOUT},
    secret::{Encoding, JwtSecret},
    values::{FunctionName, LogFormat, TraceHeader},
};

/// Prints every setting, one a line, in the order of the alphabet.
///
/// What PostgREST doesn't know is printed only if it differs from its default. Secrets are printed
/// as they are.
///
/// ```
/// use phlo_http::config::{Config, dump};
///
/// assert!(dump(&Config::default()).contains("\nserver-port = 3000\n"));
/// ```
pub fn dump(config: &Config) -> String {
    let encoding = if config.jwt_secret_is_base64 { Encoding::Base64 } else { Encoding::Text };
    let function = |name: &Option<FunctionName>| {
        quoted(name.as_ref().map(ToString::to_string).unwrap_or_default())
    };
    let path = |path: &Option<PathBuf>| {
        quoted(path.as_ref().map(|path| path.display().to_string()).unwrap_or_default())
    };
    let text = |text: &Option<String>| quoted(text.as_deref().unwrap_or_default());
    let mut settings = vec![
        ("admin-server-host", quoted(config.admin_server_host.as_str())),
        ("admin-server-port", number(config.admin_server_port)),
        ("admin-server-unix-socket", path(&config.admin_server_unix_socket)),
        ("admin-server-unix-socket-mode", quoted(config.admin_server_unix_socket_mode.to_string())),
        ("client-error-verbosity", quoted(config.client_error_verbosity.as_str())),
        ("db-aggregates-enabled", config.db_aggregates_enabled.to_string()),
        ("db-anon-role", text(&config.db_anon_role)),
        ("db-channel", quoted(&config.db_channel)),
        ("db-channel-enabled", config.db_channel_enabled.to_string()),
        ("db-config", config.db_config.to_string()),
        ("db-extra-search-path", names(&config.db_extra_search_path)),
        ("db-hoisted-tx-settings", quoted(config.db_hoisted_tx_settings.join(","))),
        ("db-max-rows", number(config.db_max_rows)),
        ("db-plan-enabled", config.db_plan_enabled.to_string()),
        ("db-pool", config.db_pool.to_string()),
        ("db-pool-acquisition-timeout", config.db_pool_acquisition_timeout.as_secs().to_string()),
        ("db-pool-automatic-recovery", config.db_pool_automatic_recovery.to_string()),
        ("db-pool-max-idletime", config.db_pool_max_idletime.as_secs().to_string()),
        ("db-pool-max-lifetime", config.db_pool_max_lifetime.as_secs().to_string()),
        ("db-pre-config", function(&config.db_pre_config)),
        ("db-pre-request", function(&config.db_pre_request)),
        ("db-prepared-statements", config.db_prepared_statements.to_string()),
        ("db-root-spec", function(&config.db_root_spec)),
        ("db-schemas", names(&config.db_schemas)),
        ("db-tx-end", quoted(config.db_tx_end.as_str())),
        ("db-uri", quoted(config.db_uri.expose())),
        ("jwt-aud", text(&config.jwt_aud)),
        ("jwt-cache-max-entries", config.jwt_cache_max_entries.to_string()),
        ("jwt-role-claim-key", quoted(config.jwt_role_claim_key.to_string())),
        (
            "jwt-secret",
            quoted(
                config
                    .jwt_secret
                    .as_ref()
                    .map_or_else(String::new, |secret: &JwtSecret| secret.dump(encoding)),
            ),
        ),
        ("jwt-secret-is-base64", config.jwt_secret_is_base64.to_string()),
        ("log-level", quoted(config.log_level.as_str())),
        ("log-query", config.log_query.to_string()),
        ("openapi-mode", quoted(config.openapi_mode.as_str())),
        ("openapi-security-active", config.openapi_security_active.to_string()),
        ("openapi-server-proxy-uri", text(&config.openapi_server_proxy_uri)),
        ("server-cors-allowed-origins", quoted(config.server_cors_allowed_origins.join(","))),
        ("server-host", quoted(config.server_host.as_str())),
        ("server-port", config.server_port.to_string()),
        ("server-reuseport", config.server_reuseport.to_string()),
        ("server-timing-enabled", config.server_timing_enabled.to_string()),
        (
            "server-trace-header",
            quoted(config.server_trace_header.as_ref().map_or("", TraceHeader::as_str)),
        ),
        ("server-unix-socket", path(&config.server_unix_socket)),
        ("server-unix-socket-mode", quoted(config.server_unix_socket_mode.to_string())),
        ("url-use-legacy-target-names", config.url_use_legacy_target_names.to_string()),
    ];
    if config.log_format != LogFormat::Postgrest {
        settings.push(("log-format", quoted(config.log_format.as_str())));
    }
    if let Some(schema) = &config.login_schema {
        settings.push(("login-schema", quoted(schema)));
    }
    if config.login_token_lifetime != LOGIN_TOKEN_LIFETIME {
        settings.push(("login-token-lifetime", config.login_token_lifetime.as_secs().to_string()));
    }
    if config.server_max_body_size != MAX_BODY_SIZE {
        settings.push(("server-max-body-size", config.server_max_body_size.to_string()));
    }
    if let Some(size) = config.server_max_upload_size {
        settings.push(("server-max-upload-size", size.to_string()));
    }
    if config.server_receive_timeout != RECEIVE_TIMEOUT {
        let seconds = config.server_receive_timeout.as_secs();
        settings.push(("server-receive-timeout", seconds.to_string()));
    }
    if config.server_send_timeout != SEND_TIMEOUT {
        settings.push(("server-send-timeout", config.server_send_timeout.as_secs().to_string()));
    }
    let app_settings = config.app_settings.iter().map(|(key, value)| (key.as_str(), quoted(value)));
    let mut lines: Vec<_> = settings
        .into_iter()
        .chain(app_settings)
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    lines.sort();
    lines.concat()
}

fn number(number: Option<impl Display>) -> String {
    number.map_or_else(|| "\"\"".to_owned(), |number| number.to_string())
}

fn names(names: &[Ident]) -> String {
    quoted(names.iter().map(Ident::as_str).collect::<Vec<_>>().join(","))
}

/// DIFFERS: PostgREST escapes quotes alone, and `$` in one setting, so that not all of what it
/// prints reads back.
fn quoted(text: impl AsRef<str>) -> String {
    let mut quoted = String::from("\"");
    for c in text.as_ref().chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '$' => quoted.push_str("$$"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
