//! Agrees with a server on TLS, before anything else is said. Knows what is trusted only as a value
//! that was made elsewhere.

use std::{fmt, io, sync::Arc};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::exec::pipeline::stream::Stream;

/// How to encrypt a stream.
#[derive(Clone)]
pub(super) struct Encryption {
    pub(super) config: Arc<ClientConfig>,
    /// The host that the certificate is checked against.
    pub(super) host: ServerName<'static>,
}

/// What the server said to the wish for encryption.
#[derive(Debug)]
pub(super) enum Answer {
    Encrypted(Stream),
    /// It doesn't do it: the stream is as it was.
    Refused(Stream),
}

/// Asks for encryption, and encrypts the stream if the server agrees.
pub(super) async fn negotiate(mut stream: Stream, with: &Encryption) -> io::Result<Answer> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    stream.flush().await?;
    // Exactly one byte: what follows must come encrypted, or somebody else may have put it there.
    match stream.read_u8().await? {
        b'S' => {}
        b'N' => return Ok(Answer::Refused(stream)),
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "received invalid response to SSL negotiation",
            ));
        }
    }
    let Stream::Tcp(stream) = stream else {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    };
    let connector = TlsConnector::from(Arc::clone(&with.config));
    let stream = connector.connect(with.host.clone(), stream).await?;
    Ok(Answer::Encrypted(Stream::Tls(Box::new(stream))))
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encryption").field("host", &self.host).finish_non_exhaustive()
    }
}
