//! Asks a server to stop what a connection is doing, over a second connection as the protocol
//! wants it. Waits for no answer to the first.

use std::{fmt, io};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::exec::pipeline::{
    encrypt::{self, Encryption},
    stream::{Place, Stream},
};

/// What it takes to interrupt a session.
#[derive(Clone)]
pub(super) struct CancelKey {
    place: Place,
    /// How the session itself is encrypted.
    encryption: Option<Encryption>,
    process: i32,
    secret: i32,
}

impl CancelKey {
    /// A key for a session at a place, before the session has a number.
    pub(super) fn new(place: Place, encryption: Option<Encryption>) -> Self {
        Self { place, encryption, process: 0, secret: 0 }
    }

    /// Notes the number of the session, and what proves the right to interrupt it.
    pub(super) fn identify(&mut self, process: i32, secret: i32) {
        self.process = process;
        self.secret = secret;
    }

    /// Asks the server to interrupt the session. When this returns without an error, the server
    /// has signalled the session, or has found nothing to do.
    pub(super) async fn cancel(&self) -> io::Result<()> {
        let mut stream = Stream::open(&self.place, None).await?;
        if let Some(encryption) = &self.encryption {
            stream = match encrypt::negotiate(stream, encryption).await? {
                encrypt::Answer::Encrypted(stream) => stream,
                encrypt::Answer::Refused(_) => {
                    return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
                }
            };
        }
        let mut message = BytesMut::new();
        frontend::cancel_request(self.process, self.secret, &mut message);
        stream.write_all(&message).await?;
        stream.flush().await?;
        // The server closes the connection when it has signalled the session.
        let mut nothing = [0; 16];
        while matches!(stream.read(&mut nothing).await, Ok(read) if read > 0) {}
        Ok(())
    }
}

impl fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelKey").field("place", &self.place).finish_non_exhaustive()
    }
}
