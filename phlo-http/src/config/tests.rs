//! The configuration as a whole: defaults, every setting, older names, odd types and each error.

use std::fs;

use crate::config::{
    Config, DatabaseSettings, Environment, Sources, Warning, dump, error::ConfigError, load,
    values::Host,
};

/// What is dumped when nothing is set, and everything that differs.
fn dumped(differences: &[(&str, &str)]) -> String {
    let defaults = r#"admin-server-host = "!4"
admin-server-port = ""
admin-server-unix-socket = ""
admin-server-unix-socket-mode = "660"
client-error-verbosity = "verbose"
db-aggregates-enabled = false
db-anon-role = ""
db-channel = "pgrst"
db-channel-enabled = true
db-config = true
db-extra-search-path = "public"
db-hoisted-tx-settings = "statement_timeout,plan_filter.statement_cost_limit,default_transaction_isolation"
db-max-rows = ""
db-plan-enabled = false
db-pool = 10
db-pool-acquisition-timeout = 10
db-pool-automatic-recovery = true
db-pool-max-idletime = 30
db-pool-max-lifetime = 1800
db-pre-config = ""
db-pre-request = ""
db-prepared-statements = true
db-root-spec = ""
db-schemas = "public"
db-tx-end = "commit"
db-uri = "postgresql://"
jwt-aud = ""
jwt-cache-max-entries = 1000
jwt-role-claim-key = "$$.role"
jwt-secret = ""
jwt-secret-is-base64 = false
log-level = "error"
log-query = false
openapi-mode = "follow-privileges"
openapi-security-active = false
openapi-server-proxy-uri = ""
server-cors-allowed-origins = ""
server-host = "!4"
server-port = 3000
server-reuseport = false
server-timing-enabled = false
server-trace-header = ""
server-unix-socket = ""
server-unix-socket-mode = "660"
url-use-legacy-target-names = true
"#;
    let mut lines: Vec<_> = defaults
        .lines()
        .filter(|line| {
            let key = line.split(" = ").next().unwrap();
            differences.iter().all(|(other, _)| *other != key)
        })
        .map(str::to_owned)
        .chain(differences.iter().map(|(key, value)| format!("{key} = {value}")))
        .map(|line| line + "\n")
        .collect();
    lines.sort();
    lines.concat()
}

fn load_file(text: &str) -> Result<(Config, Vec<Warning>), ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phlo.conf");
    fs::write(&path, text).unwrap();
    let loaded = load(&Sources {
        file: Some(&path),
        environment: &Environment::new([("NAME", "interpolated")]),
        database: &DatabaseSettings::default(),
        running: None,
    })?;
    Ok((loaded.config, loaded.warnings))
}

fn load_environment(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = Environment::new(variables.iter().copied());
    let database = DatabaseSettings::default();
    let sources =
        Sources { file: None, environment: &environment, database: &database, running: None };
    load(&sources).map(|loaded| loaded.config)
}

const EVERY_SETTING: &[(&str, &str)] = &[
    ("admin-server-host", "\"127.0.0.1\""),
    ("admin-server-port", "3001"),
    ("admin-server-unix-socket", "\"/tmp/admin.sock\""),
    ("admin-server-unix-socket-mode", "\"666\""),
    ("app.settings.a", "\"b\""),
    ("client-error-verbosity", "\"minimal\""),
    ("db-aggregates-enabled", "true"),
    ("db-anon-role", "\"root\""),
    ("db-channel", "\"other\""),
    ("db-channel-enabled", "false"),
    ("db-config", "false"),
    ("db-extra-search-path", "\"public,test\""),
    ("db-hoisted-tx-settings", "\"work_mem\""),
    ("db-max-rows", "1000"),
    ("db-plan-enabled", "true"),
    ("db-pool", "1"),
    ("db-pool-acquisition-timeout", "30"),
    ("db-pool-automatic-recovery", "false"),
    ("db-pool-max-idletime", "60"),
    ("db-pool-max-lifetime", "3600"),
    ("db-pre-config", "\"s.pre_config\""),
    ("db-pre-request", "\"check\""),
    ("db-prepared-statements", "false"),
    ("db-root-spec", "\"root_spec\""),
    ("db-schemas", "\"multi,tenant,setup\""),
    ("db-tx-end", "\"rollback-allow-override\""),
    ("db-uri", "\"tmp_db\""),
    ("jwt-aud", "\"https://phlo.example\""),
    ("jwt-cache-max-entries", "86400"),
    ("jwt-role-claim-key", "\"$$.user[0].real_role\""),
    ("jwt-secret", "\"c2VjdXJpdHl0aHJvdWdob2JzY3VyaXR5aW5iYXNlNjQ=\""),
    ("jwt-secret-is-base64", "true"),
    ("log-level", "\"info\""),
    ("log-query", "true"),
    ("openapi-mode", "\"ignore-privileges\""),
    ("openapi-security-active", "true"),
    ("openapi-server-proxy-uri", "\"https://phlo.example\""),
    ("server-cors-allowed-origins", "\"http://a.example,http://b.example\""),
    ("server-host", "\"0.0.0.0\""),
    ("server-max-body-size", "1000000"),
    ("server-max-upload-size", "2000000"),
    ("server-port", "80"),
    ("server-receive-timeout", "30"),
    ("server-reuseport", "true"),
    ("server-send-timeout", "15"),
    ("server-timing-enabled", "true"),
    ("server-trace-header", "\"X-Request-Id\""),
    ("server-unix-socket", "\"/tmp/server.sock\""),
    ("server-unix-socket-mode", "\"777\""),
    ("url-use-legacy-target-names", "false"),
];

#[test]
fn nothing_set_is_the_defaults() {
    let (config, warnings) = load_file("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(warnings, []);
    assert_eq!(dump(&config), dumped(&[]));
}

#[test]
fn every_setting_reads_and_dumps_and_reads_back() {
    let (config, warnings) = load_file(&dumped(EVERY_SETTING)).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(dump(&config), dumped(EVERY_SETTING));
    assert_ne!(config, Config::default());
}

#[test]
fn every_setting_reads_from_the_environment() {
    let variables: Vec<_> = EVERY_SETTING
        .iter()
        .map(|(key, value)| {
            let name = match key.strip_prefix("app.settings.") {
                Some(name) => format!("PGRST_APP_SETTINGS_{name}"),
                None => format!("PGRST_{}", key.to_uppercase().replace('-', "_")),
            };
            (name, value.trim_matches('"').replace("$$", "$"))
        })
        .collect();
    let variables: Vec<_> = variables.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(dump(&load_environment(&variables).unwrap()), dumped(EVERY_SETTING));
}

#[test]
fn odd_text_dumps_and_reads_back() {
    let mut config = Config::default();
    let text = "a\"b\\c$d$(e)\nf\tg\rh#i";
    config.app_settings.insert("app.settings.a".to_owned(), text.to_owned());
    assert_eq!(load_file(&dump(&config)).unwrap().0, config);
}

#[test]
fn older_names_are_read() {
    let file = r#"
        db-schema = "provided_through_alias"
        db-pool-timeout = 5
        max-rows = 1000
        pre-request = "check_alias"
        role-claim-key = "$$.aliased"
        root-spec = "open_alias"
        secret-is-base64 = true
    "#;
    let expected = dumped(&[
        ("db-max-rows", "1000"),
        ("db-pool-max-idletime", "5"),
        ("db-pre-request", "\"check_alias\""),
        ("db-root-spec", "\"open_alias\""),
        ("db-schemas", "\"provided_through_alias\""),
        ("jwt-role-claim-key", "\"$$.aliased\""),
        ("jwt-secret-is-base64", "true"),
    ]);
    assert_eq!(dump(&load_file(file).unwrap().0), expected);
}

#[test]
fn odd_types_are_the_defaults_with_a_warning() {
    let file = "app.settings.test = false\ndb-channel-enabled = 13\ndb-max-rows = true";
    let (config, warnings) = load_file(file).unwrap();
    assert_eq!(dump(&config), dumped(&[("app.settings.test", "\"Bool False\"")]));
    let keys: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        keys,
        [
            "The config `db-channel-enabled` is `13` where true or false is expected. Its default \
             is used.",
            "The config `db-max-rows` is `true` where a whole number is expected. Its default is \
             used.",
        ]
    );
}

#[test]
fn the_older_notation_of_the_role_path_dumps_canonically() {
    let (config, warnings) = load_file(r#"jwt-role-claim-key = ".roles[?(@ ^== \"r\")]""#).unwrap();
    let expected = r#"".\"roles\"[?(@ ^== \"r\")]""#;
    assert_eq!(dump(&config), dumped(&[("jwt-role-claim-key", expected)]));
    assert!(matches!(warnings.as_slice(), [Warning::LegacyRolePath { .. }]));
}

#[test]
fn the_admin_server_listens_where_the_server_does() {
    let config = load_environment(&[("PGRST_SERVER_HOST", "::1")]).unwrap();
    assert_eq!(config.admin_server_host, Host::Name("::1".to_owned()));
}

#[test]
fn values_that_are_not_allowed_are_refused() {
    for (variables, expected) in [
        (
            [("PGRST_LOG_LEVEL", "never")].as_slice(),
            "Invalid logging level. Check your configuration. log-level is \"never\"; allowed: \
             crit, error, warn, info, debug",
        ),
        (
            &[("PGRST_DB_TX_END", "random")],
            "Invalid transaction termination. Check your configuration. db-tx-end is \"random\"; \
             allowed: commit, commit-allow-override, rollback, rollback-allow-override",
        ),
        (
            &[("PGRST_OPENAPI_MODE", "follow-")],
            "Invalid openapi-mode. Check your configuration. openapi-mode is \"follow-\"; \
             allowed: follow-privileges, ignore-privileges, disabled",
        ),
        (
            &[("PGRST_CLIENT_ERROR_VERBOSITY", "invalid")],
            "Invalid client-error-verbosity. Check your configuration. client-error-verbosity is \
             \"invalid\"; allowed: minimal, verbose",
        ),
        (
            &[("PGRST_SERVER_UNIX_SOCKET_MODE", "577")],
            "Invalid server-unix-socket-mode: needs to be between 600 and 777. It is \"577\"; \
             allowed: octal digits from 600 to 777",
        ),
        (
            &[("PGRST_ADMIN_SERVER_UNIX_SOCKET_MODE", "800")],
            "Invalid admin-server-unix-socket-mode: not an octal. It is \"800\"; allowed: octal \
             digits from 600 to 777",
        ),
        (
            &[("PGRST_SERVER_PORT", "3000"), ("PGRST_ADMIN_SERVER_PORT", "3000")],
            "admin-server-port cannot be the same as server-port, which is 3000",
        ),
        (&[("PGRST_SERVER_PORT", "65536")], "server-port is 65536; allowed: 0 to 65535"),
        (&[("PGRST_DB_POOL", "0")], "db-pool is 0; allowed: 1 to 2147483647"),
        (
            &[("PGRST_DB_POOL_MAX_LIFETIME", "-1")],
            "db-pool-max-lifetime is -1; allowed: 0 to 31536000",
        ),
        (
            &[("PGRST_DB_SCHEMAS", "public, pg_catalog")],
            "db-schemas does not allow schema: 'pg_catalog'. Allowed: any other schemas, between \
             commas",
        ),
        (
            &[("PGRST_DB_SCHEMA", "information_schema")],
            "db-schemas does not allow schema: 'information_schema'. Allowed: any other schemas, \
             between commas",
        ),
        (
            &[("PGRST_DB_SCHEMAS", " , ")],
            "db-schemas names no schema. Allowed: one or more schemas, between commas",
        ),
        (
            &[("PGRST_JWT_AUD", "http://%%localhorst.invalid")],
            "jwt-aud should be a string or a valid URI. jwt-aud is \
             \"http://%%localhorst.invalid\"; allowed: text without a colon, or a URI",
        ),
        (
            &[("PGRST_OPENAPI_SERVER_PROXY_URI", "htp:/@@localhorst.invalid")],
            "Malformed proxy uri, a correct example: https://example.com:8443/basePath. \
             openapi-server-proxy-uri is \"htp:/@@localhorst.invalid\"; allowed: an absolute http \
             or https URI, without user, query and fragment",
        ),
        (
            &[("PGRST_JWT_ROLE_CLAIM_KEY", "1234")],
            "failed to parse role-claim-key value (1234): expected `.` or `[`, found `1234`. \
             Allowed: a JSONPath, such as $.role",
        ),
        (
            &[("PGRST_SERVER_TRACE_HEADER", "no header")],
            "Invalid server-trace-header. server-trace-header is \"no header\"; allowed: the name \
             of a header",
        ),
        (
            &[("PGRST_JWT_SECRET", "short_secret")],
            "The JWT secret must be at least 32 characters long.",
        ),
        (
            &[("PGRST_JWT_SECRET", "no base-64!"), ("PGRST_JWT_SECRET_IS_BASE64", "true")],
            "jwt-secret is not valid base64, which jwt-secret-is-base64 = true asks for",
        ),
        (
            &[("PGRST_SERVER_MAX_BODY_SIZE", "0")],
            "server-max-body-size is 0; allowed: 1 to 1099511627776",
        ),
    ] {
        assert_eq!(load_environment(variables).unwrap_err().message(), expected);
    }
    let error = load_environment(&[("PGRST_DB_URI", "@/no/such/file")]).unwrap_err();
    assert!(error.message().starts_with("db-uri: cannot read the file /no/such/file: "));
    let error = load_file("yaml:\n  a: b").unwrap_err();
    assert!(error.message().ends_with("line 1: expected `=` after `yaml`, found `:`"), "{error}");
}

#[test]
fn empty_text_is_the_default() {
    let config = load_environment(&[
        ("PGRST_LOG_LEVEL", ""),
        ("PGRST_DB_TX_END", ""),
        ("PGRST_DB_MAX_ROWS", ""),
        ("PGRST_ADMIN_SERVER_PORT", ""),
        ("PGRST_DB_ANON_ROLE", ""),
    ]);
    assert_eq!(config.unwrap(), Config::default());
    let config = load_environment(&[("PGRST_DB_EXTRA_SEARCH_PATH", "")]).unwrap();
    assert!(config.db_extra_search_path.is_empty());
}

#[test]
fn connection_strings_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uri");
    fs::write(&path, "postgres://u:p@h/d\n").unwrap();
    let variable = format!("@{}", path.display());
    let config = load_environment(&[("PGRST_DB_URI", &variable)]).unwrap();
    assert_eq!(config.db_uri.expose(), "postgres://u:p@h/d");
}

#[test]
fn a_reload_changes_what_may_change() {
    let running = Config { server_port: 80, ..Config::default() };
    let environment = Environment::new([("PGRST_SERVER_PORT", "81"), ("PGRST_DB_URI", "@gone")]);
    let database = DatabaseSettings {
        settings: vec![("db_max_rows".to_owned(), "7".to_owned())],
        ..DatabaseSettings::default()
    };
    let loaded = load(&Sources {
        file: None,
        environment: &environment,
        database: &database,
        running: Some(&running),
    })
    .unwrap();
    assert_eq!(loaded.config, Config { db_max_rows: Some(7), ..running });
    assert_eq!(loaded.waiting, ["server-port"]);
}
