//! The command as a process while a long body comes in: how much memory it takes.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "whatever goes wrong here fails the test")]

use std::{
    fs,
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use phlo_postgres::Server;

/// How long the body is.
const LENGTH: usize = 128 << 20;

/// How much memory the process may take, in KiB.
const MOST: usize = 64 << 10;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Running {
    /// The most memory that it has had so far, in KiB.
    fn peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

fn connect(port: u16) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a request whose body is so many times the same piece; gives the answer.
fn send(port: u16, media_type: &str, first: &str, piece: &str, times: usize) -> String {
    let mut stream = connect(port);
    let length = first.len() + piece.len() * times;
    let head = format!(
        "POST /lines HTTP/1.1\r\nhost: x\r\ncontent-type: {media_type}\r\nconnection: close\r\n\
         prefer: count=exact\r\ncontent-length: {length}\r\n\r\n{first}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..times {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut answer = String::new();
    BufReader::new(stream).read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_long_body_takes_little_memory() {
    let server = Server::start().unwrap();
    server
        .execute(
            "postgres",
            "create role visitor; create schema api; create unlogged table api.lines (text text);
             grant usage on schema api to visitor; grant insert, select on api.lines to visitor;",
        )
        .unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let process = Command::new(env!("CARGO_BIN_EXE_phlo-http"))
        .env_clear()
        .env("PGRST_DB_URI", server.uri("postgres"))
        .env("PGRST_DB_SCHEMAS", "api")
        .env("PGRST_DB_ANON_ROLE", "visitor")
        .env("PGRST_SERVER_HOST", "127.0.0.1")
        .env("PGRST_SERVER_PORT", port.to_string())
        .env("PGRST_LOG_LEVEL", "crit")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(process);

    let text = "x".repeat(2000);
    // The first request waits until the schema is known.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !send(port, "text/csv", "text\n", "", 0).starts_with("HTTP/1.1 201") {
        assert!(Instant::now() < deadline, "nobody answers");
        thread::sleep(Duration::from_millis(20));
    }
    let mut expected = 0;
    for (media_type, first, line) in [
        ("text/csv", "text\n", format!("\"{text}\n\"\n")),
        ("application/x-ndjson", "", format!("{{\"text\": \"{text}\"}}\n")),
    ] {
        let piece = line.repeat(100);
        let times = LENGTH / 2 / piece.len();
        let answer = send(port, media_type, first, &piece, times);
        assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
        let rows = times * 100;
        assert!(answer.contains(&format!("content-range: */{rows}\r\n")), "{answer}");
        expected += rows;
        let peak = running.peak();
        assert!(peak < MOST, "{peak} KiB after {media_type}");
    }
    let count = "select count(*) from api.lines where length(text) in (2000, 2001)";
    assert_eq!(server.execute("postgres", count).unwrap().trim(), expected.to_string());
}
