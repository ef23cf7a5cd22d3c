//! Asks the admin server of a running process whether it is ready: `--ready`.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::{
    config::{Config, Host},
    run::RunError,
};

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks once.
///
/// # Errors
///
/// There is no admin server in the configuration; it doesn't answer; it isn't ready.
pub(crate) async fn ask(config: &Config) -> Result<(), RunError> {
    let host = match &config.admin_server_host {
        Host::Name(name) => name.clone(),
        Host::Any | Host::AnyV4First | Host::V4 => "127.0.0.1".to_owned(),
        Host::AnyV6First | Host::V6 => "::1".to_owned(),
    };
    let failed = |error: io::Error| RunError::NotReady(format!("ERROR: {error}"));
    let asked = async {
        match (&config.admin_server_unix_socket, config.admin_server_port) {
            (Some(path), _) => {
                let stream = UnixStream::connect(path).await.map_err(failed)?;
                status(stream, "localhost").await.map_err(failed)
            }
            (None, Some(port)) => {
                let stream = TcpStream::connect((host.as_str(), port)).await.map_err(failed)?;
                status(stream, &host).await.map_err(failed)
            }
            (None, None) => Err(RunError::NotReady(
                "ERROR: Admin server is not running. Please check admin-server-port config."
                    .to_owned(),
            )),
        }
    };
    let status = tokio::time::timeout(TIMEOUT, asked).await.map_err(|_| {
        RunError::NotReady(format!("ERROR: no answer within {} s", TIMEOUT.as_secs()))
    })??;
    if status.starts_with("200") {
        return Ok(());
    }
    Err(RunError::NotReady(format!("ERROR: the server is not ready: {status}")))
}

/// The status line of `/ready`, without the version.
async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> io::Result<String> {
    let request = format!("GET /ready HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // The status line is all that counts, and it is short.
    stream.take(1024).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head);
    let line = head.lines().next().unwrap_or_default();
    line.split_once(' ')
        .map(|(_, status)| status.to_owned())
        .ok_or_else(|| io::Error::other("the answer isn't HTTP"))
}
