//! One connection to a server, and what is known about its state. Moves bytes and keeps count of
//! the answers that the server owes; knows no transaction.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::{
    backend::{
        ERROR_RESPONSE_TAG, NOTICE_RESPONSE_TAG, NOTIFICATION_RESPONSE_TAG, PARAMETER_STATUS_TAG,
        READY_FOR_QUERY_TAG,
    },
    frontend,
};
use tokio::io::{AsyncReadExt, AsyncWrite};

use crate::{
    error::Severity,
    exec::pipeline::{
        cancel::CancelKey,
        inbox::{Frame, Inbox},
        report,
        script::Ending,
        statements::Statements,
        stream::Stream,
    },
};

/// What is left of a buffer after a large request.
const KEEP: usize = 64 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    pub(super) inbox: Inbox,
    /// What is still to be sent.
    outbox: BytesMut,
    /// How many bytes of an answer were read.
    received: usize,
    /// How many there may be.
    most: usize,
    /// Some of what was sent may still be in the stream's own buffer.
    unflushed: bool,
    /// How often the server still has to say that it is ready.
    owed: u32,
    /// Something was sent after which the server was not asked to be ready.
    open: bool,
    status: Status,
    /// It can't be used any more.
    broken: bool,
    pub(super) statements: Statements,
    /// What the server reports about itself.
    parameters: BTreeMap<String, String>,
    pub(super) cancel_key: CancelKey,
    pub(super) opened: Instant,
    /// How many transactions it was used for.
    pub(super) uses: u64,
}

/// Where the server says that the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// In no transaction.
    Idle,
    /// In a transaction.
    Open,
    /// In a transaction that has failed.
    Failed,
}

/// What came from the server.
#[derive(Debug)]
pub(super) enum Event {
    /// It is ready: one answer less is owed.
    Ready,
    /// Part of an answer.
    Frame(Frame),
}

impl Connection {
    /// A connection on which nothing was said yet.
    pub(super) fn new(
        stream: Stream,
        cancel_key: CancelKey,
        statements: Statements,
        most: usize,
    ) -> Self {
        Self {
            stream,
            inbox: Inbox::default(),
            outbox: BytesMut::with_capacity(4096),
            received: 0,
            most,
            unflushed: false,
            owed: 0,
            open: false,
            status: Status::Idle,
            broken: false,
            statements,
            parameters: BTreeMap::new(),
            cancel_key,
            opened: Instant::now(),
            uses: 0,
        }
    }

    /// What the server reported about itself under a name, such as `server_version`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Whether the server is in no transaction and nothing is under way.
    pub(super) fn is_clean(&self) -> bool {
        !self.broken
            && self.owed == 0
            && !self.open
            && self.status == Status::Idle
            && self.outbox.is_empty()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    /// Whether part of a request was not sent yet.
    pub(super) fn has_unsent(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether the server still owes an answer.
    pub(super) fn is_owed(&self) -> bool {
        self.owed > 0
    }

    /// Whether the server was not asked to be ready since something was sent.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Notes that nothing more can be expected of this connection.
    pub(super) fn give_up(&mut self) {
        self.broken = true;
    }

    /// Where messages to be sent are added, and what is prepared already.
    pub(super) fn queue(&mut self) -> (&mut BytesMut, &mut Statements) {
        (&mut self.outbox, &mut self.statements)
    }

    /// Notes how the messages that were added end.
    pub(super) fn queued(&mut self, ending: Ending) {
        match ending {
            Ending::Sync => {
                self.owed += 1;
                self.open = false;
            }
            Ending::Flush => self.open = true,
        }
    }

    /// Asks the server to be ready, whatever else it was asked for.
    pub(super) fn queue_sync(&mut self) {
        frontend::sync(&mut self.outbox);
        self.queued(Ending::Sync);
    }

    /// Adds a command without parameters, which stands alone.
    pub(super) fn queue_command(&mut self, sql: &'static str) -> io::Result<()> {
        frontend::query(sql, &mut self.outbox)?;
        self.queued(Ending::Sync);
        Ok(())
    }

    /// The next thing that comes from the server. Sends what is to be sent at the same time, so
    /// that neither side waits for ever for the other to read.
    ///
    /// Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> io::Result<Event> {
        loop {
            if let Some(event) = self.try_next()? {
                return Ok(event);
            }
            if let Err(error) = poll_fn(|cx| self.poll_turn(cx)).await {
                self.broken = true;
                return Err(error);
            }
        }
    }

    /// The next thing that has come from the server, if all of it was read already.
    pub(super) fn try_next(&mut self) -> io::Result<Option<Event>> {
        let event = self.take_event();
        self.broken |= event.is_err();
        event
    }

    /// Begins to count anew how much of an answer was read: what came before is not held any more.
    pub(super) fn forget_received(&mut self) {
        self.received = 0;
    }

    /// Reads until the server owes nothing, and forgets what it said.
    pub(super) async fn drain(&mut self) -> io::Result<()> {
        while self.owed > 0 {
            if let Event::Frame(frame) = self.next().await?
                && frame.tag == ERROR_RESPONSE_TAG
                && self.is_end(&frame)
            {
                self.broken = true;
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
        }
        self.settle();
        Ok(())
    }

    /// Whether an error report says that the session is over.
    fn is_end(&self, frame: &Frame) -> bool {
        report::parse(self.inbox.body(frame)).severity != Severity::Error
    }

    /// Puts everything in order after the last answer.
    pub(super) fn settle(&mut self) {
        self.received = 0;
        self.statements.settle();
        self.inbox.settle();
        if self.outbox.is_empty() && self.outbox.capacity() > KEEP {
            self.outbox = BytesMut::with_capacity(4096);
        }
    }

    /// Whether the connection can be used, as far as can be told without asking the server: a
    /// server that closes a session says so at once.
    pub(super) fn is_alive(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            match self.poll_read(&mut cx) {
                Poll::Pending => return !self.broken,
                Poll::Ready(Err(_)) => {
                    self.broken = true;
                    return false;
                }
                Poll::Ready(Ok(())) => match self.take_event() {
                    // Settings and notices may come at any time; nothing else was asked for.
                    Ok(None) => {}
                    Ok(Some(_)) | Err(_) => {
                        self.broken = true;
                        return false;
                    }
                },
            }
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.outbox) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero)));
                }
                Poll::Ready(Ok(sent)) => {
                    self.outbox.advance(sent);
                    self.unflushed = true;
                }
                // What the server has said before it closed tells more than the failed write.
                Poll::Ready(Err(error)) => match self.poll_read(cx) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                    Poll::Ready(Err(_)) | Poll::Pending => return Poll::Ready(Err(error)),
                },
                Poll::Pending => break,
            }
        }
        if self.unflushed && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.unflushed = false;
        }
        self.poll_read(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let room = self.inbox.room();
        let read = pin!(self.stream.read_buf(room));
        match ready!(read.poll(cx))? {
            0 => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "server closed the connection unexpectedly",
            ))),
            read => {
                self.inbox.note_read();
                self.received += read;
                if self.received > self.most {
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::FileTooLarge)));
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// The next event among what was read already.
    fn take_event(&mut self) -> io::Result<Option<Event>> {
        while let Some(frame) = self.inbox.next()? {
            match frame.tag {
                READY_FOR_QUERY_TAG => {
                    self.owed = self.owed.checked_sub(1).ok_or_else(|| unexpected(frame.tag))?;
                    self.status = match self.inbox.body(&frame) {
                        b"I" => Status::Idle,
                        b"T" => Status::Open,
                        b"E" => Status::Failed,
                        _ => return Err(unexpected(frame.tag)),
                    };
                    return Ok(Some(Event::Ready));
                }
                PARAMETER_STATUS_TAG => self.note_parameter(&frame),
                NOTICE_RESPONSE_TAG | NOTIFICATION_RESPONSE_TAG => {}
                _ => return Ok(Some(Event::Frame(frame))),
            }
        }
        Ok(None)
    }

    fn note_parameter(&mut self, frame: &Frame) {
        let mut parts = self.inbox.body(frame).split(|byte| *byte == 0);
        let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (name, value) = (text(), text());
        self.parameters.insert(name, value);
    }
}

/// The error of a message that makes no sense where it came.
pub(super) fn unexpected(tag: u8) -> io::Error {
    let tag = char::from(tag).escape_default();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the server sent a message '{tag}' that was not expected"),
    )
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.broken || !self.outbox.is_empty() {
            return;
        }
        // A courtesy: without it the server finds out all the same.
        let mut goodbye = BytesMut::new();
        frontend::terminate(&mut goodbye);
        let mut cx = Context::from_waker(Waker::noop());
        if Pin::new(&mut self.stream).poll_write(&mut cx, &goodbye).is_ready() {
            let _ = Pin::new(&mut self.stream).poll_flush(&mut cx);
        }
    }
}
