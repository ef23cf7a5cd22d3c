//! Which statements a connection has prepared on the server. Gives numbers, which are the names on
//! the server; sends nothing.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    time::{Duration, Instant},
};

use foldhash::quality::RandomState as TextHasher;
use indexmap::{Equivalent, IndexMap};

/// Statements whose text is longer than this are not kept: what clients write must not fill memory.
const LONGEST: usize = 32 * 1024;

/// How long a statement is believed after it has failed when it was new.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// The statements that a connection has prepared, the most recently used ones only.
///
/// They are kept by role and text: PostgreSQL checks the permission for a function that it inlines
/// when it plans, so that a statement carries the permissions of the role that ran it first.
#[derive(Debug)]
pub(super) struct Statements {
    /// Found by hashing long texts, for each request. There are few, so that texts made to share a
    /// hash do no harm.
    prepared: IndexMap<Key, Prepared, TextHasher>,
    capacity: usize,
    /// Counts lookups; tells which statement was used last.
    clock: u64,
    /// The last name given.
    last: u64,
    /// Names that were sent and that the server has not confirmed.
    sent: Vec<u64>,
    /// Names that the server is still to forget.
    doomed: Vec<u64>,
}

/// What tells one prepared statement from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted<'a> {
    /// The role that it is planned as; empty for the login role.
    pub(super) role: &'a str,
    /// Its text.
    pub(super) sql: &'a str,
    /// Which parameters are declared as `bytea`, as bits. Types that are declared can change what
    /// the text means.
    pub(super) binary: u64,
}

/// A [`Wanted`] that is kept.
#[derive(Debug)]
struct Key {
    role: Box<str>,
    sql: Box<str>,
    binary: u64,
}

#[derive(Debug)]
struct Prepared {
    name: u64,
    used: u64,
    /// When it has failed although it was new.
    failed_new: Option<Instant>,
}

impl Key {
    fn borrow(&self) -> Wanted<'_> {
        Wanted { role: &self.role, sql: &self.sql, binary: self.binary }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.borrow() == other.borrow()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrow().hash(state);
    }
}

impl Equivalent<Key> for Wanted<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.borrow()
    }
}

impl Statements {
    /// Room for so many statements.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            prepared: IndexMap::default(),
            capacity: capacity.max(1),
            clock: 0,
            // Behind a pooler, connections may meet the statements of others unawares. Then the
            // server is to say that it doesn't know a name, and not to run something else.
            last: RandomState::new().build_hasher().finish() >> 1,
            sent: Vec::new(),
            doomed: Vec::new(),
        }
    }

    /// The name of a statement that the server knows.
    pub(super) fn find(&mut self, wanted: Wanted<'_>) -> Option<u64> {
        self.clock += 1;
        let prepared = self.prepared.get_mut(&wanted)?;
        prepared.used = self.clock;
        Some(prepared.name)
    }

    /// Whether an error may come from this statement having been prepared for an older schema.
    pub(super) fn is_suspect(&self, wanted: Wanted<'_>) -> bool {
        self.prepared
            .get(&wanted)
            .is_some_and(|it| it.failed_new.is_none_or(|when| when.elapsed() > BELIEVED_FOR))
    }

    /// Notes that a statement has failed although it was new: it is not to blame.
    pub(super) fn believe(&mut self, wanted: Wanted<'_>) {
        if let Some(prepared) = self.prepared.get_mut(&wanted) {
            prepared.failed_new = Some(Instant::now());
        }
    }

    /// A name for a statement that is about to be sent, if it is to be kept.
    pub(super) fn name(&mut self, wanted: Wanted<'_>) -> Option<u64> {
        if wanted.sql.len() > LONGEST {
            return None;
        }
        self.last += 1;
        self.sent.push(self.last);
        Some(self.last)
    }

    /// Notes that the server has prepared a statement. The one that was not used for longest makes
    /// room for it.
    pub(super) fn confirm(&mut self, wanted: Wanted<'_>, name: u64) {
        self.sent.retain(|sent| *sent != name);
        if self.prepared.len() >= self.capacity {
            // Looking through all of them is cheap beside preparing one.
            let oldest = self.prepared.values().enumerate().min_by_key(|(_, it)| it.used);
            if let Some((_, prepared)) =
                oldest.map(|(at, _)| at).and_then(|at| self.prepared.swap_remove_index(at))
            {
                self.doomed.push(prepared.name);
            }
        }
        let Wanted { role, sql, binary } = wanted;
        let key = Key { role: role.into(), sql: sql.into(), binary };
        let prepared = Prepared { name, used: self.clock, failed_new: None };
        let replaced = self.prepared.insert(key, prepared);
        self.doomed.extend(replaced.map(|prepared| prepared.name));
    }

    /// Forgets a statement, here and on the server.
    pub(super) fn forget(&mut self, wanted: Wanted<'_>) {
        let forgotten = self.prepared.swap_remove(&wanted);
        self.doomed.extend(forgotten.map(|prepared| prepared.name));
    }

    /// Forgets all statements, here and on the server.
    pub(super) fn forget_all(&mut self) {
        self.doomed.extend(self.prepared.drain(..).map(|(_, prepared)| prepared.name));
    }

    /// Notes that nothing more will be confirmed. The server may know what it did not confirm to
    /// this side, and closing a statement that isn't there does no harm.
    pub(super) fn settle(&mut self) {
        self.doomed.append(&mut self.sent);
    }

    /// The names that the server is to forget.
    pub(super) fn doomed(&self) -> &[u64] {
        &self.doomed
    }

    /// Notes that the server was told what to forget.
    pub(super) fn closed(&mut self) {
        self.doomed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted<'a>(role: &'a str, sql: &'a str) -> Wanted<'a> {
        Wanted { role, sql, binary: 0 }
    }

    fn prepare(statements: &mut Statements, role: &str, sql: &str) -> u64 {
        let name = statements.name(wanted(role, sql)).unwrap();
        statements.confirm(wanted(role, sql), name);
        name
    }

    #[test]
    fn roles_share_nothing() {
        let mut statements = Statements::new(4);
        let name = prepare(&mut statements, "a", "select 1");
        assert_eq!(statements.find(wanted("a", "select 1")), Some(name));
        assert_eq!(statements.find(wanted("b", "select 1")), None);
        assert_eq!(statements.find(wanted("a", "select 2")), None);
        // Where the role ends and the text begins is part of the key.
        assert_eq!(statements.find(wanted("asel", "ect 1")), None);
        assert_eq!(statements.find(Wanted { binary: 1, ..wanted("a", "select 1") }), None);
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let mut statements = Statements::new(2);
        let one = prepare(&mut statements, "", "1");
        let two = prepare(&mut statements, "", "2");
        assert_eq!(statements.find(wanted("", "1")), Some(one));
        let three = prepare(&mut statements, "", "3");
        assert_eq!(statements.doomed(), [two]);
        assert_eq!(statements.find(wanted("", "1")), Some(one));
        assert_eq!(statements.find(wanted("", "2")), None);
        assert_eq!(statements.find(wanted("", "3")), Some(three));
    }

    #[test]
    fn what_was_not_confirmed_is_closed() {
        let mut statements = Statements::new(2);
        let lost = statements.name(wanted("", "1")).unwrap();
        let kept = prepare(&mut statements, "", "2");
        statements.settle();
        assert_eq!(statements.doomed(), [lost]);
        assert_eq!(statements.find(wanted("", "2")), Some(kept));
    }

    #[test]
    fn a_statement_prepared_twice_is_closed_once() {
        let mut statements = Statements::new(2);
        let first = prepare(&mut statements, "", "1");
        let second = prepare(&mut statements, "", "1");
        assert_eq!(statements.doomed(), [first]);
        statements.closed();
        statements.forget(wanted("", "1"));
        statements.forget(wanted("", "1"));
        assert_eq!(statements.doomed(), [second]);
    }

    #[test]
    fn connections_share_no_names() {
        let mut names: Vec<_> = (0..100)
            .flat_map(|_| {
                let mut statements = Statements::new(3);
                ["1", "2"].map(|sql| prepare(&mut statements, "", sql))
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 200);
    }

    #[test]
    fn long_statements_are_not_kept() {
        let mut statements = Statements::new(3);
        assert_eq!(statements.name(wanted("", &"x".repeat(LONGEST + 1))), None);
        statements.settle();
        assert!(statements.doomed().is_empty());
    }

    #[test]
    fn all_can_be_forgotten() {
        let mut statements = Statements::new(3);
        let names = [prepare(&mut statements, "a", "1"), prepare(&mut statements, "b", "1")];
        statements.forget_all();
        assert_eq!(statements.doomed(), names);
        assert_eq!(statements.find(wanted("a", "1")), None);
    }

    #[test]
    fn what_has_failed_when_it_was_new_is_not_suspect() {
        let mut statements = Statements::new(3);
        assert!(!statements.is_suspect(wanted("", "1")));
        prepare(&mut statements, "", "1");
        assert!(statements.is_suspect(wanted("", "1")));
        statements.believe(wanted("", "1"));
        assert!(!statements.is_suspect(wanted("", "1")));
        let long_ago = Instant::now().checked_sub(BELIEVED_FOR * 2);
        statements.prepared.get_mut(&wanted("", "1")).unwrap().failed_new = long_ago;
        assert!(statements.is_suspect(wanted("", "1")));
    }
}
