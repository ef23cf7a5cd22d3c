//! Asks the admin server of a running process whether it is ready: `--ready`.

use std::{fmt::Display, io, time::Duration};

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

/// Asks once; gives what is to be printed if it is ready.
///
/// # Errors
///
/// There is no admin server in the configuration, or none that has one address; it doesn't answer;
/// it isn't ready.
pub(crate) async fn ask(config: &Config) -> Result<String, RunError> {
    let not_ready = |text: String| RunError::NotReady(format!("ERROR: {text}"));
    let (url, status) = match (&config.admin_server_unix_socket, config.admin_server_port) {
        (Some(path), _) => {
            let url = format!("unix:{}:/ready", path.display());
            let answer = async { status(UnixStream::connect(path).await?, "localhost").await };
            (url, in_time(answer).await)
        }
        (None, Some(port)) => {
            let host = name(&config.admin_server_host).map_err(not_ready)?;
            let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            let url = format!("http://{shown}:{port}/ready");
            let answer = async { status(TcpStream::connect((host, port)).await?, &shown).await };
            (url, in_time(answer).await)
        }
        (None, None) => {
            let text = "Admin server is not running. Please check admin-server-port config.";
            return Err(not_ready(text.to_owned()));
        }
    };
    match status {
        Ok(status) if status.starts_with('2') => Ok(format!("OK: {url}")),
        Ok(status) => Err(not_ready(format!("{url} is not ready: {status}"))),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(not_ready(format!("connection refused to {url}")))
        }
        Err(error) => Err(not_ready(format!("{url}: {error}"))),
    }
}

/// The name of one host; a pattern stands for several.
fn name(host: &Host) -> Result<&str, String> {
    match host {
        Host::Name(name) => Ok(name),
        Host::Any | Host::AnyV4First | Host::V4 | Host::AnyV6First | Host::V6 => Err(format!(
            "The `--ready` flag cannot be used when server-host is configured as \"{}\". Please \
             update your server-host config to \"localhost\".",
            host.as_str()
        )),
    }
}

async fn in_time(answer: impl Future<Output = io::Result<String>>) -> io::Result<String> {
    tokio::time::timeout(TIMEOUT, answer).await.map_err(io::Error::from)?
}

/// The status line of `/ready`, without the version.
async fn status(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: impl Display,
) -> io::Result<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(config: Config) -> String {
        ask(&config).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn the_configuration_has_to_name_one_server() {
        let none = Config::default();
        assert!(asked(none).await.starts_with("ERROR: Admin server is not running."));
        let several = Config { admin_server_port: Some(1), ..Config::default() };
        assert!(asked(several).await.contains("is configured as \"!4\""));
    }

    #[tokio::test]
    async fn nobody_may_be_there() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = Config {
            admin_server_host: Host::Name("127.0.0.1".to_owned()),
            admin_server_port: Some(free),
            ..Config::default()
        };
        assert_eq!(
            asked(config).await,
            format!("ERROR: connection refused to http://127.0.0.1:{free}/ready")
        );
    }
}
