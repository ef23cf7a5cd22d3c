//! The command on a database of its own, with an answer that doesn't fit the memory that it may use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "whatever goes wrong here fails the test")]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use phlo_postgres::Server;

/// What the process may use at most, in KiB.
const MOST: u64 = 64 * 1024;
/// The first byte has to come within this part of the time that all take: the machine may be slow.
const FIRST_BYTE: u32 = 8;

struct Phlo {
    process: Child,
    port: u16,
}

impl Phlo {
    fn start(uri: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(env!("CARGO_BIN_EXE_phlo-http"))
            .env_clear()
            .env("PGRST_DB_URI", uri)
            .env("PGRST_DB_ANON_ROLE", "postgres")
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let phlo = Self { process, port };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "it doesn't listen");
            thread::sleep(Duration::from_millis(20));
        }
        phlo
    }

    /// The most memory that it has used so far, in KiB.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// The length of an answer in chunks, and how long its first byte took and all of it.
    fn length(&self, accept: &str) -> (usize, Duration, Duration) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("GET /numbers HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n");
        let started = Instant::now();
        stream.write_all(head.as_bytes()).unwrap();
        let (mut buffer, mut length, mut first, mut end) = (vec![0; 1 << 20], 0, None, Vec::new());
        while !end.ends_with(b"\r\n0\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the answer was broken off after {length} bytes");
            let (read, _) = buffer.split_at(read);
            if first.is_none() {
                assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"), "{accept}");
            }
            first.get_or_insert_with(|| started.elapsed());
            length += read.len();
            end.extend_from_slice(read.split_at(read.len().saturating_sub(7)).1);
            end.drain(..end.len().saturating_sub(7));
        }
        (length, first.unwrap(), started.elapsed())
    }
}

impl Drop for Phlo {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_answer() {
    let server = Server::start().unwrap();
    let rows = "create view numbers as
        select a * 1000 + b as id, 'number ' || b as name, null::int as nothing
        from generate_series(0, 999) a, generate_series(1, 1000) b";
    server.execute("postgres", rows).unwrap();
    let phlo = Phlo::start(&server.uri("postgres"));
    for (accept, least) in [
        ("application/json", 45_000_000),
        ("application/x-ndjson", 45_000_000),
        ("text/csv", 15_000_000),
        // Each row as JSON that the database makes.
        ("application/x-ndjson;nulls=stripped", 30_000_000),
    ] {
        let (length, first, all) = phlo.length(accept);
        assert!(length > least, "{accept}: {length} bytes");
        assert!(first < all / FIRST_BYTE, "{accept}: the first byte took {first:?} of {all:?}");
        let peak = phlo.peak();
        assert!(peak < MOST, "{accept}: {peak} KiB");
    }
}
