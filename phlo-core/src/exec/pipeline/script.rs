//! Turns a transaction into the messages that are sent for it. Takes a [`Transaction`] and what is
//! prepared already; gives bytes and the steps that answers are to be expected for. Sends nothing.

use std::io;

use bytes::BytesMut;
use postgres_protocol::{
    IsNull,
    message::frontend::{self, BindError},
};

use crate::{
    error::{Code, Error, Result},
    exec::{
        pipeline::statements::{Statements, Wanted},
        transaction::{End, Transaction},
    },
    plan::Access,
    schema::Isolation,
    sql::{Param, ResultFormat, Statement, session},
};

/// Makes an implicit transaction read-only, unless its settings do: PostgreSQL would warn about
/// `SET TRANSACTION` in one.
const READ_ONLY: &str = "SELECT pg_catalog.set_config('transaction_read_only', 'on', true)";

/// The type of parameters in the binary format.
const BYTEA: u32 = 17;

/// What a step is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Opens the transaction, or restricts it.
    Begin,
    /// Sets the role and the rest of the session.
    Settings,
    /// The function that checks every request.
    PreRequest,
    /// The statement whose rows are the answer.
    Main,
    /// The statement after it, whose rows are part of the answer.
    After,
    /// Checks deferred constraints.
    Constraints,
    /// Keeps the effects.
    Commit,
    /// Undoes the effects.
    Rollback,
}

/// One statement of the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step<'a> {
    pub(super) purpose: Purpose,
    /// The role that it runs as; empty for the login role.
    role: &'a str,
    sql: &'a str,
    params: &'a [Param],
    format: ResultFormat,
    pub(super) name: Name,
}

/// What a step's statement is called on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Nothing: it is prepared for this one use.
    Unnamed,
    /// It was prepared before.
    Known(u64),
    /// It is prepared on the way.
    New(u64),
}

/// How a sequence of messages ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The transaction is over, unless it was opened explicitly and not closed.
    Sync,
    /// The answers are asked for; the transaction stays open.
    Flush,
}

/// Whether statements are prepared for more than one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// They are, under names.
    Named,
    /// They are not: a pooler may hand the next transaction to another session of the server.
    Unnamed,
}

impl<'a> Step<'a> {
    fn new(purpose: Purpose, role: &'a str, sql: &'a str, params: &'a [Param]) -> Self {
        Self { purpose, role, sql, params, format: ResultFormat::Text, name: Name::Unnamed }
    }

    /// A step without parameters that the login role may do.
    pub(super) fn plain(purpose: Purpose, sql: &'static str) -> Self {
        Self::new(purpose, "", sql, &[])
    }

    /// The last step of a transaction that was opened explicitly.
    pub(super) fn end(end: End) -> Self {
        match end {
            End::Commit => Self::plain(Purpose::Commit, "COMMIT"),
            End::Rollback => Self::plain(Purpose::Rollback, "ROLLBACK"),
        }
    }

    /// A statement whose rows are wanted, as a role.
    pub(super) fn main(role: &'a str, statement: &'a Statement) -> Self {
        let step = Self::new(Purpose::Main, role, &statement.sql, &statement.params);
        Self { format: statement.format, ..step }
    }

    /// What its statement is found by among those that are prepared.
    pub(super) fn wanted(&self) -> Wanted<'a> {
        let binary = self.params.iter().enumerate().fold(0, |bits, (at, param)| match param {
            Param::Binary(_) => bits | 1_u64 << at.min(63),
            Param::Null | Param::Text(_) | Param::Number(_) | Param::Body(_) => bits,
        });
        Wanted { role: self.role, sql: self.sql, binary }
    }
}

/// Whether the end of a transaction depends on its rows, so that it takes two trips.
pub(super) fn waits_for_rows(transaction: &Transaction) -> bool {
    transaction.guard.is_some()
        && transaction.access == Access::ReadWrite
        && transaction.end == End::Commit
}

/// The steps of a transaction; without its end if that depends on its rows.
pub(super) fn steps(transaction: &Transaction) -> Vec<Step<'_>> {
    let Transaction { role, access, isolation, settings, pre_request, main, after, end, .. } =
        transaction;
    let waits = waits_for_rows(transaction);
    // Without BEGIN and COMMIT a sequence up to its Sync is one transaction all the same, and
    // costs the server less. What must be said before the first snapshot needs BEGIN.
    let explicit = isolation.is_some() || *end == End::Rollback || waits;

    let mut steps = Vec::with_capacity(8);
    if explicit {
        steps.push(Step::plain(Purpose::Begin, begin(*isolation, *access)));
    } else if *access == Access::ReadOnly && !session::is_read_only(settings) {
        steps.push(Step::plain(Purpose::Begin, READ_ONLY));
    }
    steps.push(Step::new(Purpose::Settings, "", &settings.sql, &settings.params));
    for (purpose, statement) in [
        (Purpose::PreRequest, pre_request.as_ref()),
        (Purpose::Main, Some(main)),
        (Purpose::After, after.as_ref()),
    ] {
        if let Some(statement) = statement {
            let step = Step::new(purpose, role, &statement.sql, &statement.params);
            steps.push(Step { format: statement.format, ..step });
        }
    }
    if *end == End::Rollback {
        steps.push(constraints());
    }
    if explicit && !waits {
        steps.push(Step::end(*end));
    }
    steps
}

/// The steps that open a transaction and run its main statement; others come when there are any.
pub(super) fn opening(transaction: &Transaction) -> Vec<Step<'_>> {
    let Transaction { role, access, isolation, settings, pre_request, main, .. } = transaction;
    let mut steps = vec![
        Step::plain(Purpose::Begin, begin(*isolation, *access)),
        Step::new(Purpose::Settings, "", &settings.sql, &settings.params),
    ];
    if let Some(statement) = pre_request {
        let step = Step::main(role, statement);
        steps.push(Step { purpose: Purpose::PreRequest, ..step });
    }
    steps.push(Step::main(role, main));
    steps
}

/// The steps that end a transaction that was opened so.
pub(super) fn closing(end: End) -> Vec<Step<'static>> {
    match end {
        End::Commit => vec![Step::end(end)],
        End::Rollback => vec![constraints(), Step::end(end)],
    }
}

fn constraints() -> Step<'static> {
    Step::plain(Purpose::Constraints, "SET CONSTRAINTS ALL IMMEDIATE")
}

fn begin(isolation: Option<Isolation>, access: Access) -> &'static str {
    match (isolation, access) {
        (None, Access::ReadWrite) => "BEGIN",
        (None, Access::ReadOnly) => "BEGIN READ ONLY",
        (Some(Isolation::ReadCommitted), Access::ReadWrite) => {
            "BEGIN ISOLATION LEVEL READ COMMITTED"
        }
        (Some(Isolation::ReadCommitted), Access::ReadOnly) => {
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
        }
        (Some(Isolation::RepeatableRead), Access::ReadWrite) => {
            "BEGIN ISOLATION LEVEL REPEATABLE READ"
        }
        (Some(Isolation::RepeatableRead), Access::ReadOnly) => {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        }
        (Some(Isolation::Serializable), Access::ReadWrite) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        (Some(Isolation::Serializable), Access::ReadOnly) => {
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        }
    }
}

/// Appends the messages of the steps, and gives each step its name. Nothing is appended if there
/// is an error.
pub(super) fn write(
    steps: &mut [Step<'_>],
    ending: Ending,
    preparation: Preparation,
    statements: &mut Statements,
    out: &mut BytesMut,
) -> Result<()> {
    let start = out.len();
    let written = write_all(steps, preparation, statements, out);
    if let Err(error) = written {
        out.truncate(start);
        let (code, message) = if steps.iter().any(|step| step.sql.contains('\0')) {
            (Code::Internal, "A statement has a zero byte in its text.")
        } else {
            (Code::TooLarge, "The request is too large for the database.")
        };
        return Err(Error::new(code, message).with_source(error));
    }
    statements.closed();
    match ending {
        Ending::Sync => frontend::sync(out),
        Ending::Flush => frontend::flush(out),
    }
    Ok(())
}

fn write_all(
    steps: &mut [Step<'_>],
    preparation: Preparation,
    statements: &mut Statements,
    out: &mut BytesMut,
) -> io::Result<()> {
    let values = steps.iter().flat_map(|step| step.params).map(|param| match param {
        Param::Null => 8,
        Param::Number(_) => 32,
        Param::Text(text) => text.len() + 8,
        Param::Binary(bytes) => bytes.len() + 8,
        Param::Body(body) => body.len() + 8,
    });
    out.reserve(values.sum::<usize>() + steps.len() * 64);

    // In front, where no failing step can make the server skip them.
    for name in statements.doomed() {
        frontend::close(b'S', itoa::Buffer::new().format(*name), out)?;
    }
    for step in steps {
        step.name = match preparation {
            Preparation::Unnamed => Name::Unnamed,
            Preparation::Named => match statements.find(step.wanted()) {
                Some(name) => Name::Known(name),
                None => statements.name(step.wanted()).map_or(Name::Unnamed, Name::New),
            },
        };
        write_step(step, out)?;
    }
    Ok(())
}

fn write_step(step: &Step<'_>, out: &mut BytesMut) -> io::Result<()> {
    let mut digits = itoa::Buffer::new();
    let name = match step.name {
        Name::Unnamed => "",
        Name::Known(name) | Name::New(name) => digits.format(name),
    };
    let is_binary = |param: &Param| matches!(param, Param::Binary(_));
    // To say nothing of types and formats means untyped text, as nearly all parameters are.
    let declared = if step.params.iter().any(is_binary) { step.params } else { &[] };

    if !matches!(step.name, Name::Known(_)) {
        let types = declared.iter().map(|param| if is_binary(param) { BYTEA } else { 0 });
        frontend::parse(name, step.sql, types, out)?;
    }
    let formats = declared.iter().map(|param| i16::from(is_binary(param)));
    let bound = frontend::bind(
        "",
        name,
        formats,
        step.params,
        |param, out| {
            Ok(match param {
                Param::Null => IsNull::Yes,
                Param::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    IsNull::No
                }
                Param::Number(number) => {
                    out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
                    IsNull::No
                }
                Param::Binary(bytes) => {
                    out.extend_from_slice(bytes);
                    IsNull::No
                }
                Param::Body(body) => {
                    out.extend_from_slice(body);
                    IsNull::No
                }
            })
        },
        // One format stands for all columns.
        (step.format == ResultFormat::Binary).then_some(1),
        out,
    );
    bound.map_err(|error| match error {
        BindError::Conversion(error) => io::Error::other(error),
        BindError::Serialization(error) => error,
    })?;
    frontend::execute("", 0, out)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::Guard;

    fn transaction(access: Access) -> Transaction {
        Transaction {
            role: "web".to_owned(),
            access,
            isolation: None,
            settings: Statement::constant("settings"),
            pre_request: None,
            main: Arc::new(Statement::constant("main")),
            writer: None,
            after: None,
            end: End::Commit,
            guard: None,
        }
    }

    fn texts(transaction: &Transaction) -> Vec<&str> {
        steps(transaction).iter().map(|step| step.sql).collect()
    }

    /// The tags of the messages.
    fn tags(mut bytes: &[u8]) -> String {
        let mut tags = String::new();
        while let Some((tag, rest)) = bytes.split_first() {
            let length = i32::from_be_bytes(rest[..4].try_into().unwrap());
            tags.push(char::from(*tag));
            bytes = &rest[usize::try_from(length).unwrap()..];
        }
        tags
    }

    #[test]
    fn transactions_are_implicit_where_they_can_be() {
        assert_eq!(texts(&transaction(Access::ReadOnly)), [READ_ONLY, "settings", "main"]);
        assert_eq!(texts(&transaction(Access::ReadWrite)), ["settings", "main"]);
        let mut folded = transaction(Access::ReadOnly);
        folded.settings.sql = format!("{READ_ONLY}, 1").into();
        assert_eq!(texts(&folded), [&*folded.settings.sql, "main"]);
        let all = Transaction {
            pre_request: Some(Statement::constant("pre")),
            after: Some(Statement::constant("after")),
            ..transaction(Access::ReadWrite)
        };
        assert_eq!(texts(&all), ["settings", "pre", "main", "after"]);
    }

    #[test]
    fn isolation_is_said_first() {
        let serializable = Transaction {
            isolation: Some(Isolation::Serializable),
            ..transaction(Access::ReadOnly)
        };
        let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY";
        assert_eq!(texts(&serializable), [begin, "settings", "main", "COMMIT"]);
    }

    #[test]
    fn undoing_checks_constraints_first() {
        let undone = Transaction { end: End::Rollback, ..transaction(Access::ReadWrite) };
        let check = "SET CONSTRAINTS ALL IMMEDIATE";
        assert_eq!(texts(&undone), ["BEGIN", "settings", "main", check, "ROLLBACK"]);
    }

    #[test]
    fn only_a_write_that_is_kept_waits_for_its_rows() {
        let guarded =
            |access, end| Transaction { guard: Some(Guard::Singular), end, ..transaction(access) };
        let write = guarded(Access::ReadWrite, End::Commit);
        assert!(waits_for_rows(&write));
        assert_eq!(texts(&write), ["BEGIN", "settings", "main"]);
        assert!(!waits_for_rows(&guarded(Access::ReadOnly, End::Commit)));
        assert!(!waits_for_rows(&guarded(Access::ReadWrite, End::Rollback)));
    }

    #[test]
    fn only_the_main_part_belongs_to_the_role() {
        let transaction = Transaction {
            pre_request: Some(Statement::constant("pre")),
            end: End::Rollback,
            ..transaction(Access::ReadWrite)
        };
        let roles: Vec<_> = steps(&transaction).iter().map(|step| step.role).collect();
        assert_eq!(roles, ["", "", "web", "web", "", ""]);
    }

    #[test]
    fn a_statement_is_parsed_once() {
        let transaction = transaction(Access::ReadWrite);
        let mut statements = Statements::new(8);
        let mut out = BytesMut::new();
        let mut write = |statements: &mut Statements, preparation| {
            let mut steps = steps(&transaction);
            out.clear();
            write(&mut steps, Ending::Sync, preparation, statements, &mut out).unwrap();
            let tags = tags(&out);
            (tags, steps.iter().map(|step| (step.wanted(), step.name)).collect::<Vec<_>>())
        };
        let (sent, names) = write(&mut statements, Preparation::Named);
        assert_eq!(sent, "PBEPBES");
        let [(settings, Name::New(one)), (main, Name::New(two))] = names[..] else {
            panic!("{names:?}")
        };
        statements.confirm(settings, one);
        statements.confirm(main, two);
        let (sent, names) = write(&mut statements, Preparation::Named);
        assert_eq!(sent, "BEBES");
        assert_eq!(names, [(settings, Name::Known(one)), (main, Name::Known(two))]);

        statements.forget(main);
        assert_eq!(write(&mut statements, Preparation::Named).0, "CBEPBES");
        assert_eq!(write(&mut statements, Preparation::Unnamed).0, "PBEPBES");
    }

    #[test]
    fn binary_parameters_are_declared() {
        let params = [Param::Text("t".to_owned()), Param::Binary(vec![0, 255]), Param::Null];
        let mut step = Step::new(Purpose::Main, "", "x", &params);
        assert_eq!(step.wanted().binary, 0b10);
        step.name = Name::New(7);
        let mut out = BytesMut::new();
        write_step(&step, &mut out).unwrap();
        let parse = b"P\0\0\0\x16\x37\0x\0\0\x03\0\0\0\0\0\0\0\x11\0\0\0\0";
        let bind = b"B\0\0\0\x22\0\x37\0\0\x03\0\0\0\x01\0\0\0\x03\
            \0\0\0\x01t\0\0\0\x02\0\xff\xff\xff\xff\xff\0\0";
        let execute = b"E\0\0\0\x09\0\0\0\0\0";
        assert_eq!(out.as_ref(), [&parse[..], bind, execute].concat());
    }

    #[test]
    fn what_cannot_be_sent_is_not_sent_in_part() {
        let mut transaction = transaction(Access::ReadWrite);
        Arc::make_mut(&mut transaction.main).sql = "select '\0'".into();
        let (mut statements, mut out) = (Statements::new(8), BytesMut::new());
        let mut write = |transaction: &Transaction| {
            let mut steps = steps(transaction);
            let error =
                write(&mut steps, Ending::Sync, Preparation::Named, &mut statements, &mut out);
            (error.unwrap_err().kind(), out.len())
        };
        assert_eq!(write(&transaction), (Code::Internal, 0));
        Arc::make_mut(&mut transaction.main).sql = "main".into();
        Arc::make_mut(&mut transaction.main).params = vec![Param::Null; 70_000];
        assert_eq!(write(&transaction), (Code::TooLarge, 0));
    }
}
