//! Runs a transaction on a connection: one write, then the answers. Decides what an error means for
//! the connection and whether the same may be tried again; knows no pool, and not what becomes of a
//! transaction that has paused.

use std::io;

use bytes::BytesMut;
use postgres_protocol::message::backend::{
    BIND_COMPLETE_TAG, CLOSE_COMPLETE_TAG, COMMAND_COMPLETE_TAG, DATA_ROW_TAG,
    EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG, PARSE_COMPLETE_TAG, READY_FOR_QUERY_TAG,
};

use crate::{
    encode::RowWriter,
    error::{Code, DatabaseError, Error, Result, Severity},
    exec::{
        pipeline::{
            connection::{Connection, Event, Status, unexpected},
            inbox::Frame,
            report,
            script::{self, Ending, Name, Preparation, Purpose, Step},
        },
        transaction::{End, Results, Row, Transaction, check_guard},
    },
    plan::Access,
};

/// Why a transaction did not run, and what may be done about it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) remedy: Remedy,
}

/// What may be tried after a failure. Nothing was kept of the transaction if there is a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing.
    None,
    /// The same connection: a statement was prepared for an older schema.
    PrepareAnew,
    /// Another connection: the server had closed this one.
    Reconnect,
}

impl Failure {
    /// That of a connection that can't be used any more.
    fn lost(cause: io::Error, may_try_again: bool) -> Self {
        if cause.kind() == io::ErrorKind::FileTooLarge {
            let message = "The answer of the database is larger than allowed.";
            return Error::new(Code::TooLarge, message).into();
        }
        let remedy = if may_try_again { Remedy::Reconnect } else { Remedy::None };
        Self { error: connection_lost(cause), remedy }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, remedy: Remedy::None }
    }
}

/// How a transaction goes on after it was sent.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request, on the stack")]
pub(super) enum Begun {
    /// It is over.
    Over(Results),
    /// Its answer is longer than was asked for; the rest was not read yet.
    Paused(Paused),
}

/// A transaction whose answer was read in part.
#[derive(Debug)]
pub(super) struct Paused {
    pub(super) progress: Progress,
    /// What the statements of its steps are called.
    pub(super) names: Vec<Name>,
}

/// Where reading has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// The last answer.
    End,
    /// Enough for now.
    Enough,
}

/// How far the answers have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) results: Results,
    /// Writes the rows of the main statement, and what it has written.
    writer: Option<RowWriter>,
    pub(super) body: BytesMut,
    /// How many bytes of rows were taken that weren't written.
    pub(super) kept: usize,
    /// Which step the next answer belongs to.
    at: usize,
    /// The step at `at` has its parameters.
    bound: bool,
    /// The server has said anything about this transaction.
    answered: bool,
    /// The first error.
    refused: Option<DatabaseError>,
}

impl Progress {
    /// Whether the last step was answered, or one has failed.
    pub(super) fn is_over(&self, steps: &[Step<'_>]) -> bool {
        self.at >= steps.len() || self.refused.is_some()
    }
}

impl Connection {
    /// Runs a transaction until it is over, or until more than `most` bytes of rows have come of its
    /// main statement. After an error the connection is clean or broken.
    ///
    /// If the future is dropped, the connection is neither: see [`recover`](super::recover).
    pub(super) async fn begin(
        &mut self,
        transaction: &Transaction,
        preparation: Preparation,
        most: usize,
    ) -> Result<Begun, Failure> {
        let reused = self.uses > 0;
        self.uses += 1;
        let waits = script::waits_for_rows(transaction);
        let mut steps = script::steps(transaction);
        let ending = if waits { Ending::Flush } else { Ending::Sync };
        self.queue_steps(&mut steps, ending, preparation)?;

        let mut progress = Progress { writer: transaction.writer.clone(), ..Progress::default() };
        let mut outcome = self.exchange(&steps, &mut progress, most).await;
        if matches!(outcome, Ok(Reached::Enough)) {
            let names = steps.iter().map(|step| step.name).collect();
            return Ok(Begun::Paused(Paused { progress, names }));
        }
        let mut guarded = Ok(());
        if outcome.is_ok() {
            if let Some(guard) = transaction.guard.filter(|_| progress.refused.is_none()) {
                guarded = check_guard(guard, &progress.results.main);
            }
            if waits {
                let end = if guarded.is_ok() { End::Commit } else { End::Rollback };
                outcome = self.finish(end, preparation, &mut progress).await;
            }
        }
        let results = self.conclude(transaction, &steps, progress, outcome, reused).await?;
        guarded?;
        Ok(Begun::Over(results))
    }

    /// Leaves the connection clean or broken after the last answer, and says what came of the
    /// transaction.
    pub(super) async fn conclude(
        &mut self,
        transaction: &Transaction,
        steps: &[Step<'_>],
        mut progress: Progress,
        mut outcome: io::Result<Reached>,
        reused: bool,
    ) -> Result<Results, Failure> {
        if outcome.is_ok() && self.status() != Status::Idle {
            outcome = match progress.refused {
                Some(_) => self.roll_back().await,
                None => Err(self.nonsense(READY_FOR_QUERY_TAG)),
            };
        }
        if !self.is_broken() {
            self.settle();
        }

        if let Some(refused) = progress.refused.take() {
            let remedy = self.remedy(steps, &progress, &refused, reused);
            return Err(Failure { error: Error::database(refused), remedy });
        }
        if let Err(cause) = outcome {
            let safe = transaction.access == Access::ReadOnly && !progress.answered;
            return Err(Failure::lost(cause, reused && safe));
        }
        if let Some(writer) = progress.writer {
            writer.finish(&mut progress.body);
            progress.results.written.body = progress.body.freeze();
        }
        Ok(progress.results)
    }

    /// Runs steps of a transaction that was opened explicitly, or opens it; gives the rows of the
    /// main statement among them. After an error nothing is left of the transaction.
    ///
    /// As long as no commit was among them it does no harm to try the same again.
    pub(super) async fn run_steps(
        &mut self,
        steps: &mut [Step<'_>],
        preparation: Preparation,
    ) -> Result<Vec<Row>, Failure> {
        let reused = self.uses > 0;
        self.queue_steps(steps, Ending::Sync, preparation)?;
        let mut progress = Progress::default();
        let mut outcome = self.exchange(steps, &mut progress, usize::MAX).await;
        if outcome.is_ok() && progress.refused.is_some() {
            outcome = self.roll_back().await;
        }
        if !self.is_broken() {
            self.settle();
        }
        if let Some(refused) = progress.refused.take() {
            let remedy = self.remedy(steps, &progress, &refused, reused);
            return Err(Failure { error: Error::database(refused), remedy });
        }
        match outcome {
            Ok(_) => Ok(progress.results.main),
            Err(cause) => Err(Failure::lost(cause, reused && !progress.answered)),
        }
    }

    fn queue_steps(
        &mut self,
        steps: &mut [Step<'_>],
        ending: Ending,
        preparation: Preparation,
    ) -> Result<()> {
        let (outbox, statements) = self.queue();
        script::write(steps, ending, preparation, statements, outbox)?;
        self.queued(ending);
        Ok(())
    }

    /// Sends what is queued and reads the answers to the steps, or as much of them as is asked for.
    async fn exchange(
        &mut self,
        steps: &[Step<'_>],
        progress: &mut Progress,
        most: usize,
    ) -> io::Result<Reached> {
        loop {
            // Without a Sync the server tells nothing after the last answer or the first error.
            let over = progress.is_over(steps);
            if over && !self.is_owed() {
                return Ok(Reached::End);
            }
            let event = self.next().await?;
            if let Some(reached) = self.take(event, steps, progress, most)? {
                return Ok(reached);
            }
        }
    }

    /// Takes what came from the server. Says where reading has come to, if it is to stop.
    pub(super) fn take(
        &mut self,
        event: Event,
        steps: &[Step<'_>],
        progress: &mut Progress,
        most: usize,
    ) -> io::Result<Option<Reached>> {
        match event {
            Event::Ready if self.is_owed() => {}
            Event::Ready if progress.is_over(steps) => return Ok(Some(Reached::End)),
            Event::Ready => return Err(self.nonsense(READY_FOR_QUERY_TAG)),
            Event::Frame(frame) => {
                if let Err(nonsense) = self.take_frame(&frame, steps, progress) {
                    self.give_up();
                    return Err(nonsense);
                }
                if frame.tag == DATA_ROW_TAG && progress.body.len() + progress.kept > most {
                    return Ok(Some(Reached::Enough));
                }
            }
        }
        Ok(self.is_broken().then_some(Reached::End))
    }

    fn take_frame(
        &mut self,
        frame: &Frame,
        steps: &[Step<'_>],
        progress: &mut Progress,
    ) -> io::Result<()> {
        if frame.tag == ERROR_RESPONSE_TAG {
            let refused = report::parse(self.inbox.body(frame));
            if refused.severity != Severity::Error {
                self.give_up();
            }
            // What comes after the first error is its consequence.
            progress.refused.get_or_insert(refused);
            return Ok(());
        }
        progress.answered = true;
        let Some(step) = steps.get(progress.at) else { return Err(self.nonsense(frame.tag)) };
        match frame.tag {
            CLOSE_COMPLETE_TAG => {}
            PARSE_COMPLETE_TAG => {
                if let Name::New(name) = step.name {
                    self.statements.confirm(step.wanted(), name);
                }
            }
            BIND_COMPLETE_TAG => progress.bound = true,
            DATA_ROW_TAG if step.purpose == Purpose::Main => match &mut progress.writer {
                None => {
                    progress.kept += self.inbox.body(frame).len();
                    progress.results.main.push(self.inbox.row(frame)?);
                }
                Some(writer) => {
                    if progress.results.written.rows == 0
                        && matches!(writer, RowWriter::Elements(_))
                    {
                        progress.results.before = Some(self.inbox.row(frame)?);
                    }
                    progress.results.written.rows += 1;
                    let values = self.inbox.values(frame)?;
                    if let Err(error) = writer.push(values, &mut progress.body) {
                        self.give_up();
                        return Err(io::Error::other(error));
                    }
                }
            },
            DATA_ROW_TAG if step.purpose == Purpose::After => {
                progress.results.after.push(self.inbox.row(frame)?);
            }
            DATA_ROW_TAG if step.purpose == Purpose::PreRequest => {
                progress.results.before = Some(self.inbox.row(frame)?);
            }
            DATA_ROW_TAG => {}
            COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG => {
                // COMMIT of a transaction that has failed succeeds, by rolling back.
                if step.purpose == Purpose::Commit && self.inbox.body(frame) != b"COMMIT\0" {
                    return Err(self.nonsense(frame.tag));
                }
                if step.purpose == Purpose::Main {
                    progress.results.changed = changed(self.inbox.body(frame));
                }
                progress.at += 1;
                progress.bound = false;
            }
            tag => return Err(self.nonsense(tag)),
        }
        Ok(())
    }

    /// Notes that the two sides don't understand each other any more.
    fn nonsense(&mut self, tag: u8) -> io::Error {
        self.give_up();
        unexpected(tag)
    }

    /// Ends a transaction that has waited for its rows.
    async fn finish(
        &mut self,
        end: End,
        preparation: Preparation,
        progress: &mut Progress,
    ) -> io::Result<Reached> {
        if self.is_broken() {
            return Ok(Reached::End);
        }
        if progress.refused.is_some() {
            // The server skips everything up to the Sync; both go in one trip.
            self.queue_sync();
            return self.roll_back().await;
        }
        let mut steps = [Step::end(end)];
        if let Err(error) = self.queue_steps(&mut steps, Ending::Sync, preparation) {
            self.give_up();
            return Err(io::Error::other(error));
        }
        let mut ended = Progress::default();
        let outcome = self.exchange(&steps, &mut ended, usize::MAX).await;
        progress.refused = ended.refused;
        outcome
    }

    async fn roll_back(&mut self) -> io::Result<Reached> {
        if self.is_broken() {
            return Ok(Reached::End);
        }
        self.queue_command("ROLLBACK")?;
        self.drain().await?;
        if self.is_clean() { Ok(Reached::End) } else { Err(self.nonsense(READY_FOR_QUERY_TAG)) }
    }

    /// What may be tried after an error of the server.
    fn remedy(
        &mut self,
        steps: &[Step<'_>],
        progress: &Progress,
        refused: &DatabaseError,
        reused: bool,
    ) -> Remedy {
        if self.is_broken() {
            // A server that ends the session before it answers anything has done nothing: the
            // answers to what it had done would have come first.
            let safe = reused && refused.severity == Severity::Fatal && !progress.answered;
            return if safe { Remedy::Reconnect } else { Remedy::None };
        }
        let Some(step) = steps.get(progress.at) else { return Remedy::None };
        if progress.bound {
            return Remedy::None;
        }
        let statements = &mut self.statements;
        match step.name {
            // Only this leads to another attempt, and in that one all statements are new.
            Name::Known(_) => {}
            Name::New(_) => {
                statements.believe(step.wanted());
                return Remedy::None;
            }
            Name::Unnamed => return Remedy::None,
        }
        match refused.sqlstate.as_str() {
            // The server has lost its statements.
            "26000" => statements.forget_all(),
            // A result of another type than before.
            "0A000" => {}
            // Types, functions and tables that are gone or are others now. Values that don't fit a
            // type mostly are the caller's fault, so that they are believed for a while.
            state if matches!(state.get(..2), Some("XX" | "42" | "22")) => {
                if !statements.is_suspect(step.wanted()) {
                    return Remedy::None;
                }
            }
            _ => return Remedy::None,
        }
        // The others may be stale for the same reason.
        for step in steps {
            statements.forget(step.wanted());
        }
        Remedy::PrepareAnew
    }
}

/// The number at the end of a command's tag, such as `INSERT 0 1`; zero for those without.
fn changed(tag: &[u8]) -> u64 {
    let tag = std::str::from_utf8(tag).unwrap_or_default().trim_end_matches('\0');
    tag.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn connection_lost(cause: io::Error) -> Error {
    Error::new(Code::ConnectionLost, "Database client error. Retrying the connection.")
        .with_details(cause.to_string())
        .with_source(cause)
}
