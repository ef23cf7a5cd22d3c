//! Servers that are really started: what they offer, and that nothing of them is left.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use phlo_postgres::{Error, Server};

/// Everything of a server that could be left behind.
struct Traces {
    dir: PathBuf,
    port: u16,
    processes: Vec<u32>,
}

impl Traces {
    fn of(server: &Server) -> Self {
        let dir = server.socket_dir().to_owned();
        let processes = processes_with(&dir);
        assert!(processes.len() >= 3, "two shells and a server, not {processes:?}");
        assert!(reachable(server.port()));
        Self { dir, port: server.port(), processes }
    }

    /// What is still there of it.
    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.dir.exists() {
            left.push(format!("{}", self.dir.display()));
        }
        if reachable(self.port) {
            left.push(format!("port {}", self.port));
        }
        left.extend(processes_with(&self.dir).iter().map(|pid| format!("process {pid}")));
        left
    }

    fn assert_gone_within(&self, limit: Duration) {
        let started = Instant::now();
        while !self.left().is_empty() && started.elapsed() < limit {
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.left(), Vec::<String>::new());
    }
}

fn reachable(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// The processes that name the directory in their arguments: the shells and the server.
fn processes_with(dir: &Path) -> Vec<u32> {
    let output = Command::new("ps").args(["-A", "-ww", "-o", "pid=,args="]).output().unwrap();
    let name = dir.to_str().unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(name))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_stopped_server_leaves_nothing() {
    let server = Server::start().unwrap();
    let traces = Traces::of(&server);
    assert_eq!(server.execute("postgres", "select 1 + 1, 'a'").unwrap(), "2|a");
    server.stop().unwrap();
    assert_eq!(traces.left(), Vec::<String>::new());
}

#[test]
fn a_dropped_server_leaves_nothing_though_somebody_is_connected() {
    let server = Server::builder().trust().start().unwrap();
    let traces = Traces::of(&server);
    let mut sleeper =
        server.psql("postgres").unwrap().args(["-c", "select pg_sleep(60)"]).spawn().unwrap();
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)'";
    while server.execute("postgres", busy).unwrap() != "1" {
        thread::sleep(Duration::from_millis(20));
    }
    drop(server);
    assert_eq!(traces.left(), Vec::<String>::new());
    assert!(!sleeper.wait().unwrap().success());
}

#[test]
fn two_servers_live_side_by_side() {
    let one = Server::builder().trust().start().unwrap();
    let other = Server::builder().superuser("boss").password("p@ss word").start().unwrap();
    assert_ne!(one.port(), other.port());
    one.create_database("only here").unwrap();
    let count = "select count(*) from pg_database where datname = 'only here'";
    assert_eq!(one.execute("postgres", count).unwrap(), "1");
    assert_eq!(other.execute("postgres", count).unwrap(), "0");
    assert_eq!(other.execute("postgres", "select current_user").unwrap(), "boss");
    drop(one);
    assert_eq!(other.execute("postgres", "select 1").unwrap(), "1");
}

#[test]
fn a_uri_connects_over_tcp_and_needs_its_password() {
    let server = Server::builder().superuser("b@ss").password("p:/?#ü").start().unwrap();
    server.create_database("a/b").unwrap();
    let ask = |uri: &str| {
        let sql = "select current_user || ' ' || current_database()";
        Command::new(server.installation().bin_dir().join("psql"))
            .args(["--no-psqlrc", "--no-password", "-Atc", sql, uri])
            .output()
            .unwrap()
    };
    let output = ask(&server.uri("a/b"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "b@ss a/b", "{output:?}");
    let output = ask(&server.uri_as("b@ss", Some("wrong"), "a/b"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("authentication failed"));
}

#[test]
fn databases_are_created_copied_and_dropped() {
    let server = Server::builder().trust().start().unwrap();
    server.create_database("template \"x\"").unwrap();
    server.execute("template \"x\"", "create table t as select 42 as answer").unwrap();
    server.create_database_from("template \"x\"", "copy").unwrap();
    assert_eq!(server.execute("copy", "select answer from t").unwrap(), "42");
    server.drop_database("copy").unwrap();
    server.drop_database("copy").unwrap();
    assert!(matches!(server.execute("copy", "select 1"), Err(Error::Script { .. })));
}

#[test]
fn a_script_stops_at_its_first_error_and_says_which() {
    let server = Server::builder().trust().start().unwrap();
    let script = "create table t (id int);\nselect 1/0;\ninsert into t values (1);";
    let error = server.execute("postgres", script).unwrap_err().to_string();
    assert!(error.contains("division by zero") && error.contains(":2:"), "{error}");
    assert_eq!(server.execute("postgres", "select count(*) from t").unwrap(), "0");
}

#[test]
fn scripts_and_results_may_be_larger_than_a_pipe() {
    let server = Server::builder().trust().start().unwrap();
    let line = format!("select '{}';\n", "x".repeat(1000));
    let printed = server.execute("postgres", &line.repeat(1000)).unwrap();
    assert_eq!(printed.lines().count(), 1000);
}

#[test]
fn settings_apply_and_later_ones_win() {
    let server = Server::builder()
        .trust()
        .setting("max_connections", "20")
        .setting("max_connections", "30")
        .setting("fsync", "on")
        .start()
        .unwrap();
    let sql = "select current_setting('max_connections'), current_setting('fsync'),
                      current_setting('server_encoding'), current_setting('timezone')";
    assert_eq!(server.execute("postgres", sql).unwrap(), "30|on|UTF8|UTC");
}

#[test]
fn letters_beyond_ascii_have_cases() {
    let server = Server::builder().trust().start().unwrap();
    let sql = "select upper('straße é') , 'É' ilike 'é', 'a' collate \"default\" > 'B'";
    assert_eq!(server.execute("postgres", sql).unwrap(), "STRAßE É|t|t");
}

#[test]
fn a_server_that_cannot_start_says_why_and_leaves_nothing() {
    let error = Server::builder().setting("shared_buffers", "plenty").start().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Start { .. }), "{text}");
    assert!(text.contains("invalid value for parameter \"shared_buffers\""), "{text}");
    assert_eq!(processes_with(Path::new("shared_buffers=plenty")), Vec::<u32>::new());
}

#[test]
fn a_superuser_that_initdb_refuses_is_reported_in_its_words() {
    let error = Server::builder().superuser("pg_boss").start().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Initdb { .. }), "{text}");
    assert!(text.contains("pg_boss"), "{text}");
}

/// Not a test: the program that the tests below kill.
#[test]
#[ignore = "is run by other tests"]
fn owner() {
    let server = Server::builder().trust().start().unwrap();
    println!("\nserver {} {}", server.port(), server.socket_dir().display());
    match env::var_os("PHLO_TEST_END").unwrap().to_str().unwrap() {
        "panic" => panic!("as asked"),
        #[expect(clippy::exit, reason = "this is about a program that exits")]
        "exit" => std::process::exit(3),
        "abort" => std::process::abort(),
        _ => thread::sleep(Duration::from_secs(120)),
    }
}

/// Runs `owner`, lets `end` end it, and waits for everything of its server to go.
fn assert_clean_after(how: &str, end: impl FnOnce(&Traces, u32)) {
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(["owner", "--exact", "--ignored", "--nocapture"])
        .env("PHLO_TEST_END", how)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(owner.stdout.take().unwrap());
    let line = output.lines().map(Result::unwrap).find(|it| it.starts_with("server ")).unwrap();
    let mut words = line.split(' ').skip(1);
    let port = words.next().unwrap().parse().unwrap();
    let dir = PathBuf::from(words.next().unwrap());
    let processes = processes_with(&dir);
    let traces = Traces { dir, port, processes };
    end(&traces, owner.id());
    owner.wait().unwrap();
    traces.assert_gone_within(Duration::from_secs(10));
}

#[test]
fn nothing_is_left_when_the_owner_is_killed() {
    assert_clean_after("sleep", |traces, owner| {
        assert!(traces.processes.len() >= 3);
        kill("-KILL", owner);
    });
}

#[test]
fn nothing_is_left_when_owner_and_supervisor_are_killed() {
    assert_clean_after("sleep", |traces, owner| {
        // The first shell is the parent of the others.
        kill("-KILL", *traces.processes.iter().min().unwrap());
        kill("-KILL", owner);
    });
}

#[test]
fn nothing_is_left_when_the_owner_panics_exits_or_aborts() {
    for how in ["panic", "exit", "abort"] {
        assert_clean_after(how, |_, _| ());
    }
}

#[test]
fn a_server_whose_supervisor_was_killed_can_still_be_stopped() {
    let server = Server::builder().trust().start().unwrap();
    let traces = Traces::of(&server);
    kill("-KILL", *traces.processes.iter().min().unwrap());
    server.stop().unwrap();
    assert_eq!(traces.left(), Vec::<String>::new());
}

#[test]
fn a_server_that_was_killed_is_cleaned_up() {
    let server = Server::builder().trust().start().unwrap();
    let traces = Traces::of(&server);
    let pid_file = fs::read_to_string(traces.dir.join("data/postmaster.pid")).unwrap();
    kill("-QUIT", pid_file.lines().next().unwrap().parse().unwrap());
    traces_without_port(&traces);
    server.stop().unwrap();
    assert_eq!(traces.left(), Vec::<String>::new());
}

/// Waits until the server is gone, though its supervisor isn't.
fn traces_without_port(traces: &Traces) {
    let started = Instant::now();
    while reachable(traces.port) {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_interrupt_from_the_terminal_does_not_reach_the_server() {
    let server = Server::builder().trust().start().unwrap();
    let output = Command::new("ps").args(["-A", "-o", "pid=,pgid="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let group = |pid: u32| -> u32 {
        let mut lines =
            text.lines().map(|line| line.split_whitespace().map(|it| it.parse::<u32>()));
        lines
            .find_map(|mut words| {
                (words.next()?.ok()? == pid).then(|| words.next()?.ok()).flatten()
            })
            .unwrap()
    };
    let own = group(std::process::id());
    for pid in processes_with(server.socket_dir()) {
        assert_ne!(group(pid), own);
    }
}

#[cfg(feature = "download")]
mod download {
    use super::*;

    /// Not a test: wants a version that nobody has, where no host can be reached.
    #[test]
    #[ignore = "is run by another test"]
    fn seeker() {
        let dir = tempfile::tempdir().unwrap();
        let error = Server::builder().oldest_version(999).download_dir(dir.path()).start();
        println!("\nerror {}", error.unwrap_err());
    }

    #[test]
    fn where_nothing_can_be_downloaded_the_error_says_what_to_install() {
        let output = Command::new(env::current_exe().unwrap())
            .args(["download::seeker", "--exact", "--ignored", "--nocapture"])
            // The discard port, where nobody listens.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let error = text.lines().find(|line| line.starts_with("error ")).unwrap();
        assert!(error.contains("none could be downloaded"), "{error}");
        assert!(error.contains("apt install postgresql"), "{error}");
    }

    #[test]
    fn a_download_can_be_forbidden() {
        let error = Server::builder().oldest_version(999).no_download().start().unwrap_err();
        assert!(matches!(error, Error::NotInstalled { .. }), "{error}");
    }
}
