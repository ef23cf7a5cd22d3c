//! Choices as a list of numbers, so that what is made from them shrinks with the list.

use std::collections::BTreeSet;

/// What every text of a client carries, and nothing of this crate or of the schema does.
pub(crate) const MARK: &str = "m4rk";

/// Texts that would do harm where text is taken for SQL, or lose their end.
const HOSTILE: &[&str] = &[
    "m4rk",
    "\"m4rk\"",
    "m4rk\"; drop table x; --",
    "m4rk'; drop table x; --",
    "' or m4rk = '1",
    "m4rk\" AS \"x",
    "\"\"m4rk\"\"\"",
    "$1m4rk$2",
    "$m4rk$",
    "m4rk\\",
    "\\'m4rk\\\"",
    "E'm4rk",
    "m4rk\0 more m4rk",
    "m4rk\n\r\t",
    "/* m4rk",
    "m4rk */ -- ",
    "?m4rk??",
    "{m4rk,\"m4rk\"}",
    "m4rk)",
    "(m4rk",
    "m4rk.m4rk",
    "*m4rk*",
    "m4rk\u{2019}\u{ff07}\u{201d}é漢\u{202e}",
    "m4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rkm4rk\"",
];

/// Choices yet to be made. When the list is at its end, the first of all is always chosen.
pub(crate) struct Choices<'a> {
    numbers: std::slice::Iter<'a, u16>,
    /// Every text that was made up.
    pub(crate) given: BTreeSet<String>,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Self { numbers: numbers.iter(), given: BTreeSet::new() }
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.numbers.next().copied().unwrap_or(0)) % bound.max(1)
    }

    /// Whether something rare happens: once in so many.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of several.
    pub(crate) fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// One of several, or none.
    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(2).then(|| make(self))
    }

    /// A few of something.
    pub(crate) fn few<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// A text that nobody has foreseen.
    pub(crate) fn text(&mut self) -> String {
        let text = self.of(HOSTILE).to_owned();
        self.given.insert(text.clone());
        text
    }

    /// One of several names, or one that nobody has foreseen.
    pub(crate) fn name(&mut self, names: &[&str]) -> String {
        if names.is_empty() || self.once_in(4) { self.text() } else { self.of(names).to_owned() }
    }
}
