//! The server that is measured, as a process of its own.
//!
//! Starts it with its usual settings, and asks it one request at a time.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    num::NonZeroU32,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
};

use crate::{
    error::{Error, Result},
    http::Connection,
    scenario::{Caller, SECRET, Scenario},
};

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// What it can answer as soon as it knows the schema.
const READY: &[u8] = b"GET /carriers?limit=0 HTTP/1.1\r\nHost: bench\r\n\r\n";

/// How often it is asked until then.
const POLL: Duration = Duration::from_millis(20);

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Api {
    /// Never read: dropping it ends the process.
    _child: Child,
    pub(crate) process: u32,
    pub(crate) address: SocketAddr,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_range: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Api {
    /// Starts it, and returns when it answers.
    pub(crate) async fn start(program: &Path, uri: &str, pool: NonZeroU32) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("PGRST_") || name.starts_with("PG") {
                command.env_remove(&*name);
            }
        }
        let mut child = command
            .env("PGRST_DB_URI", uri)
            .env("PGRST_DB_SCHEMAS", "api")
            .env("PGRST_DB_ANON_ROLE", Caller::Visitor.role())
            .env("PGRST_DB_POOL", pool.to_string())
            .env("PGRST_JWT_SECRET", SECRET)
            .env("PGRST_LOG_LEVEL", "crit")
            .env("PGRST_SERVER_HOST", address.ip().to_string())
            .env("PGRST_SERVER_PORT", address.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io(format!("could not run {}", program.display())))?;
        let process = child.id().ok_or_else(|| Error::NotReady("it has ended".to_owned()))?;
        let started = Instant::now();
        let mut last = "it doesn't listen".to_owned();
        while started.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().map_err(Error::io("the server"))? {
                let mut log = String::new();
                if let Some(mut output) = child.stderr.take() {
                    output.read_to_string(&mut log).await.map_err(Error::io("the server's log"))?;
                }
                return Err(Error::NotReady(format!("{status}\n{}", log.trim_end())));
            }
            match ask(address, READY).await {
                Ok(reply) if reply.status == 200 => {
                    if let Some(mut output) = child.stderr.take() {
                        // A pipe that nobody reads stops who writes to it.
                        tokio::spawn(async move {
                            tokio::io::copy(&mut output, &mut tokio::io::sink()).await.ok();
                        });
                    }
                    return Ok(Self { _child: child, process, address });
                }
                Ok(reply) => last = format!("it answers with {}", reply.status),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(POLL).await;
        }
        Err(Error::NotReady(last))
    }

    /// Asks once, on a connection of its own.
    pub(crate) async fn ask(&self, scenario: &Scenario) -> Result<Reply> {
        let failed = Error::io(format!("{}: no answer", scenario.name));
        ask(self.address, &scenario.request()).await.map_err(failed)
    }
}

async fn ask(address: SocketAddr, request: &[u8]) -> std::io::Result<Reply> {
    let mut body = Vec::new();
    let mut connection = Connection::open(address).await?;
    let head = connection.ask(request, |piece| body.extend_from_slice(piece)).await?;
    Ok(Reply { status: head.status, content_range: head.content_range, body })
}

fn free_address() -> Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(Error::io("could not find a free port on 127.0.0.1"))
}
