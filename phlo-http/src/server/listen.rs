//! Sockets to listen on: addresses of a host pattern, or a path.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::{Host, SocketMode};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 2048;

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// At an address and port.
    Tcp(TcpListener),
    /// At a path, which is removed when the listener is dropped.
    Unix(UnixListener, PathBuf),
}

/// An address that is taken, but at which nobody can connect yet.
#[derive(Debug)]
pub enum Bound {
    /// An address and port.
    Tcp(Socket),
    /// A path, and the permissions of the socket there; nothing is at the path yet that was not
    /// there before.
    Unix(PathBuf, SocketMode),
}

/// An accepted connection.
#[derive(Debug)]
pub enum Accepted {
    /// Over TCP, from an address.
    Tcp(TcpStream, IpAddr),
    /// Over a Unix socket.
    Unix(UnixStream),
}

impl Bound {
    /// Takes the first address of a host that is free; port 0 takes any that is free.
    ///
    /// # Errors
    ///
    /// The host has no address, or none can be taken: somebody listens there, or it may not be
    /// used.
    pub fn tcp(host: &Host, port: u16, reuse_port: bool) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in addresses(host, port)? {
            match bind(address, reuse_port) {
                Ok(socket) => return Ok(Self::Tcp(socket)),
                Err(error) => last = error,
            }
        }
        Err(io::Error::new(last.kind(), format!("{}:{port}: {last}", host.as_str())))
    }

    /// Chooses a path at which there may be a socket that an earlier process left there.
    ///
    /// # Errors
    ///
    /// The path is something else than a socket.
    pub fn unix(path: &Path, mode: SocketMode) -> io::Result<Self> {
        let is_free = fs::symlink_metadata(path).map_or(true, |it| it.file_type().is_socket());
        if is_free {
            return Ok(Self::Unix(path.to_owned(), mode));
        }
        let text = format!("{}: something else than a socket is there", path.display());
        Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
    }

    /// Lets clients connect.
    ///
    /// # Errors
    ///
    /// Somebody else has done so first; the path can't be written.
    pub fn listen(self) -> io::Result<Listener> {
        match self {
            Self::Tcp(socket) => {
                socket.listen(BACKLOG)?;
                Ok(Listener::Tcp(TcpListener::from_std(socket.into())?))
            }
            Self::Unix(path, mode) => {
                let named = |error: io::Error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                };
                if path.exists() {
                    fs::remove_file(&path).map_err(named)?;
                }
                let listener = UnixListener::bind(&path).map_err(named)?;
                let mode = fs::Permissions::from_mode(mode.bits());
                fs::set_permissions(&path, mode).map_err(named)?;
                Ok(Listener::Unix(listener, path))
            }
        }
    }

    /// The port, if it has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok()?.as_socket().map(|it| it.port()),
            Self::Unix(..) => None,
        }
    }
}

impl Listener {
    /// Waits for a connection.
    ///
    /// # Errors
    ///
    /// That of the system; most pass by, such as too many open files.
    pub async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                // An IPv4 client of an IPv6 socket is shown as what it is.
                Ok(Accepted::Tcp(stream, peer.ip().to_canonical()))
            }
            Self::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }

    /// The port, if it has one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Self::Unix(..) => None,
        }
    }

    /// Whether connections can still be made: a path may have been removed.
    pub fn is_reachable(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Unix(_, path) => path.exists(),
        }
    }

    /// Where it listens, as text for logs.
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => {
                listener.local_addr().map_or_else(|error| error.to_string(), |it| it.to_string())
            }
            Self::Unix(_, path) => path.display().to_string(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // It may be gone already, or belong to a process that has taken its place.
            fs::remove_file(path).ok();
        }
    }
}

/// The addresses of a host, the preferred first.
fn addresses(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    let v4 = || SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    let v6 = || SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
    Ok(match host {
        Host::Any | Host::AnyV4First => vec![v4(), v6()],
        Host::AnyV6First => vec![v6(), v4()],
        Host::V4 => vec![v4()],
        Host::V6 => vec![v6()],
        Host::Name(name) => (name.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?
            .collect(),
    })
}

fn bind(address: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_zero_takes_a_free_one() {
        let local = Host::Name("127.0.0.1".to_owned());
        let bound = Bound::tcp(&local, 0, false).unwrap();
        let port = bound.port().unwrap();
        assert_ne!(port, 0);
        let early = TcpStream::connect(("127.0.0.1", port)).await;
        assert_eq!(early.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let listener = bound.listen().unwrap();
        assert_eq!(listener.port(), Some(port));
        TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let Accepted::Tcp(_, peer) = listener.accept().await.unwrap() else { panic!() };
        assert_eq!(peer, IpAddr::V4(Ipv4Addr::LOCALHOST));
        let taken = Bound::tcp(&local, port, false);
        assert!(taken.unwrap_err().to_string().contains(&port.to_string()));
    }

    #[tokio::test]
    async fn a_socket_that_was_left_behind_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("phlo.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let bound = Bound::unix(&path, SocketMode::DEFAULT).unwrap();
        assert!(path.exists());
        let listener = bound.listen().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        drop(listener);
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        assert!(Bound::unix(&path, SocketMode::DEFAULT).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
