//! The command as a process without a database: what it prints, what it logs, how it ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "whatever goes wrong here fails the test")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// The command with nothing in its environment but what is given.
fn phlo(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phlo-http"));
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null());
    command
}

fn output(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    phlo(arguments, environment).output().unwrap()
}

/// What a command prints that succeeds.
fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = output(arguments, environment);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that fails with the exit code 1.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = output(arguments, environment);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_version_names_both() {
    for flag in ["--version", "-v"] {
        let version = printed(&[flag], &[]);
        assert!(version.starts_with("phlo-http ") && version.contains("PostgREST 16"), "{version}");
    }
}

#[test]
fn the_example_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("example.conf");
    fs::write(&path, printed(&["--example"], &[])).unwrap();
    let without = [("PGRST_DB_CONFIG", "false")];
    let dumped = printed(&["--dump-config", path.to_str().unwrap()], &without);
    assert_eq!(dumped, printed(&["--dump-config"], &without));
    assert!(dumped.contains("server-port = 3000\n"), "{dumped}");
}

#[test]
fn what_is_dumped_reads_back_as_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dumped.conf");
    let environment = [
        ("PGRST_DB_CONFIG", "false"),
        ("PGRST_DB_URI", "postgresql://user:pa$$word@host/db"),
        ("PGRST_DB_SCHEMAS", "one, \"two"),
        ("PGRST_LOG_FORMAT", "json"),
        ("PGRST_APP_SETTINGS_motto", "a\\b"),
    ];
    let dumped = printed(&["--dump-config"], &environment);
    assert!(dumped.contains("log-format = \"json\"\n"), "{dumped}");
    fs::write(&path, &dumped).unwrap();
    assert_eq!(printed(&["--dump-config", path.to_str().unwrap()], &[]), dumped);
}

#[test]
fn a_configuration_is_dumped_where_no_database_can_be_asked() {
    let output = output(&["--dump-config"], &[("PGHOST", "/nowhere"), ("PGUSER", "nobody")]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("db-config = true\n"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("connection to server on socket \"/nowhere/.s.PGSQL.5432\""), "{said}");
}

#[test]
fn what_is_wrong_with_a_configuration_ends_the_process() {
    for (variable, value, sentence) in [
        ("PGRST_LOG_LEVEL", "never", "Invalid logging level. Check your configuration."),
        ("PGRST_LOG_FORMAT", "xml", "Invalid log-format. Check your configuration."),
        ("PGRST_OPENAPI_MODE", "x", "Invalid openapi-mode. Check your configuration."),
        ("PGRST_JWT_SECRET", "short", "The JWT secret must be at least 32 characters long."),
        ("PGRST_SERVER_UNIX_SOCKET_MODE", "800", "server-unix-socket-mode"),
        ("PGRST_DB_SCHEMAS", "pg_catalog", "db-schemas does not allow schema: 'pg_catalog'"),
        ("PGRST_ADMIN_SERVER_PORT", "3000", "admin-server-port cannot be the same as server-port"),
        ("PGRST_ADMIN_SERVER_PORT", "-1", "admin-server-port is -1"),
    ] {
        // Both when it is to be shown, and when it is to be used.
        for arguments in [&["--dump-config"][..], &[]] {
            let said = refused(arguments, &[(variable, value)]);
            assert!(said.contains(sentence), "{variable}={value}: {said}");
        }
    }
    let said = refused(&["--dump-config", "/nowhere/phlo.conf"], &[]);
    assert!(said.contains("/nowhere/phlo.conf"), "{said}");
}

#[test]
fn readiness_is_asked_of_the_admin_server() {
    let said = refused(&["--ready"], &[]);
    assert!(said.contains("Admin server is not running."), "{said}");
    let port = free_port().to_string();
    let environment =
        [("PGRST_ADMIN_SERVER_HOST", "127.0.0.1"), ("PGRST_ADMIN_SERVER_PORT", port.as_str())];
    let said = refused(&["--ready"], &environment);
    let expected = format!("ERROR: connection refused to http://127.0.0.1:{port}/ready");
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn without_recovery_a_missing_database_ends_the_process() {
    let environment = [
        ("PGHOST", "/nowhere"),
        ("PGUSER", "nobody"),
        ("PGRST_SERVER_HOST", "127.0.0.1"),
        ("PGRST_SERVER_PORT", "0"),
        ("PGRST_DB_POOL_AUTOMATIC_RECOVERY", "false"),
    ];
    let said = refused(&[], &environment);
    assert!(said.contains("Automatic recovery disabled, exiting."), "{said}");
}

/// A running server, its log on standard error, and its log of requests on standard output.
struct Running {
    process: Child,
    port: u16,
}

impl Running {
    /// A server whose database is nowhere.
    fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let port = free_port();
        let log = |name| fs::File::create(folder.join(name)).unwrap();
        let process = phlo(&[], environment)
            .env("PGHOST", "/nowhere")
            .env("PGUSER", "nobody")
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string())
            .env("PGRST_DB_ANON_ROLE", "visitor")
            .stdout(log("requests"))
            .stderr(log("log"))
            .spawn()
            .unwrap();
        Self { process, port }
    }

    /// The status line of the answer to a request, as soon as there is one.
    fn status(&self, path: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
                let head = format!(
                    "GET {path} HTTP/1.1\r\nhost: x\r\nuser-agent: test\r\nx-request-id: 42\r\n\
                     connection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                let mut lines = BufReader::new(stream).lines();
                return lines.next().unwrap().unwrap();
            }
            assert!(Instant::now() < deadline, "nobody answers");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as an operator does; gives its logs: of requests, and of everything else.
    fn stop(mut self, folder: &Path) -> (String, String) {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success());
        assert!(self.process.wait().unwrap().success());
        let read = |name| fs::read_to_string(folder.join(name)).unwrap();
        (read("requests"), read("log"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn logs_are_postgrests() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]);
    assert_eq!(running.status("/films?id=eq.1"), "HTTP/1.1 503 Service Unavailable");
    let port = running.port;
    let (requests, log) = running.stop(folder.path());
    let (before, after) = requests.split_once(" [").unwrap();
    assert_eq!(before, "127.0.0.1 - visitor");
    let (time, after) = after.split_once("] ").unwrap();
    assert_eq!(time.len(), "28/Nov/2026:17:00:39 +0000".len());
    assert_eq!(after, "\"GET /films?id=eq.1 HTTP/1.1\" 503 119 \"\" \"test\"\n");
    for line in [
        "Starting phlo-http ",
        &format!("API server listening on 127.0.0.1:{port}\n"),
        "Failed to query the PostgreSQL version. {\"code\":\"PGRST000\",\"details\":\"connection to",
        "{\"code\":\"PGRST002\",\"details\":null,\"hint\":null,\"message\":\"Could not query",
        "Attempting to reconnect to the database in 1 seconds...",
        "Received termination unix signal SIGTERM",
    ] {
        assert!(log.contains(line), "{line} is missing in\n{log}");
    }
}

#[test]
fn logs_can_be_json() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[("PGRST_LOG_FORMAT", "json")]);
    running.status("/films");
    let (requests, log) = running.stop(folder.path());
    let parse = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    let request = parse(requests.trim_end());
    for (field, value) in [
        ("level", Value::from("info")),
        ("method", Value::from("GET")),
        ("path", Value::from("/films")),
        ("status", Value::from(503)),
        ("role", Value::from("visitor")),
        ("bytes", Value::from(119)),
        ("request_id", Value::from("42")),
        ("code", Value::from("PGRST002")),
    ] {
        assert_eq!(request.get(field), Some(&value), "{field} of {request}");
    }
    assert!(request["duration_ms"].as_f64().is_some_and(|it| it >= 0.0), "{request}");
    assert!(request["timestamp"].as_str().is_some_and(|it| it.ends_with('Z')), "{request}");
    let events: Vec<_> = log.lines().map(parse).collect();
    let failure = events.iter().find(|it| it["target"] == "phlo::failure").unwrap();
    assert_eq!(failure["level"], "error");
    assert_eq!(failure["error"]["code"], "PGRST002");
}

#[test]
fn the_admin_server_tells_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let admin = free_port();
    let text = admin.to_string();
    let environment =
        [("PGRST_ADMIN_SERVER_HOST", "127.0.0.1"), ("PGRST_ADMIN_SERVER_PORT", text.as_str())];
    let running = Running::start(folder.path(), &environment);
    running.status("/films");
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", admin)).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("/live").starts_with("HTTP/1.1 200 "));
    assert!(ask("/ready").starts_with("HTTP/1.1 503 "));
    assert!(ask("/config").starts_with("HTTP/1.1 404 "));
    let metrics = ask("/metrics");
    let counted = "http_requests_total{method=\"GET\",status=\"503\"} 1.0\n";
    assert!(metrics.contains(counted), "{metrics}");
    let environment = [("PGRST_ADMIN_SERVER_HOST", "127.0.0.1"), environment[1]];
    let said = refused(&["--ready"], &environment);
    assert!(said.contains(&format!("http://127.0.0.1:{admin}/ready")), "{said}");
    running.stop(folder.path());
}
