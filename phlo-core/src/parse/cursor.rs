//! A place in a text and the few ways to move on from it.
//!
//! Takes text, gives pieces of it, or the reason why a piece is not there. What failed is kept
//! until something is read beyond it, so that the error of a whole production names everything
//! that could have stood at the place furthest on. Knows nothing of the grammar.
//!
//! A production that fails after it has read something has failed for good; `attempt` is the way
//! to try something longer and go back.

use crate::{
    error::{Code, Error},
    parse::{
        Limits,
        trouble::{END, Expected, Trouble},
    },
};

/// Why a production ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text is something else; the cursor knows what was expected.
    Mismatch,
    /// Deeper than the limits allow.
    TooDeep,
    /// A list is longer than the limits allow.
    TooLong,
}

/// What a production gives.
pub(super) type Step<T> = Result<T, Stop>;

/// A place in a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    limits: Limits,
    trouble: Trouble,
}

impl<'a> Cursor<'a> {
    /// The beginning of a text.
    pub(super) fn new(text: &'a str, limits: &Limits) -> Self {
        Self { text, at: 0, depth: 0, limits: *limits, trouble: Trouble::default() }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The character that is next.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Moves on over text that was looked at.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        if bytes > 0 {
            self.trouble.forget();
        }
    }

    /// Exactly that text. Stops for good if only its beginning is there.
    pub(super) fn text(&mut self, text: &'static str) -> Step<()> {
        let rest = self.rest();
        if rest.starts_with(text) {
            self.skip(text.len());
            return Ok(());
        }
        let same: usize = text
            .chars()
            .zip(rest.chars())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let found = rest.get(same..).and_then(|rest| rest.chars().next());
        if same > 0 {
            self.trouble.forget();
        }
        self.trouble.report(self.at, found, Some(Expected::Text(text)));
        self.at += same;
        Err(Stop::Mismatch)
    }

    /// Whether that text is next; it is not read.
    pub(super) fn is_next(&mut self, text: &'static str) -> bool {
        let start = self.at;
        let outer = self.trouble.open();
        let there = self.text(text).is_ok();
        self.at = start;
        self.trouble.close(outer);
        there
    }

    /// The end of the text.
    pub(super) fn end(&mut self) -> Step<()> {
        match self.peek() {
            None => {
                self.trouble.report(self.at, None, Some(Expected::Named(END)));
                Ok(())
            }
            Some(char) => {
                self.trouble.report(self.at, Some(char), Some(Expected::Named(END)));
                self.trouble.forbid(self.at, char);
                Err(Stop::Mismatch)
            }
        }
    }

    /// All characters of a kind, perhaps none.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|char| !fits(char)).unwrap_or(rest.len());
        self.skip(end);
        self.trouble.report(self.at, self.peek(), None);
        rest.get(..end).unwrap_or_default()
    }

    /// All blanks, perhaps none.
    pub(super) fn blanks(&mut self) {
        self.take_while(|char| matches!(char, ' ' | '\t'));
    }

    /// That the text, which is one character, is not next; it is not read.
    pub(super) fn not_next(&mut self, text: &'static str) -> Step<()> {
        match self.peek() {
            Some(char) if self.rest().starts_with(text) => {
                self.trouble.forbid(self.at + text.len(), char);
                Err(Stop::Mismatch)
            }
            _ => {
                self.expect(Some(Expected::Text(text)));
                Ok(())
            }
        }
    }

    /// That the text ends here, or one of these characters is next; it is not read.
    pub(super) fn boundary(&mut self, allowed: &[char]) -> Step<()> {
        match self.peek() {
            Some(char) if !allowed.contains(&char) => {
                self.trouble.forbid(self.at + char.len_utf8(), char);
                Err(Stop::Mismatch)
            }
            next => {
                self.trouble.report(self.at, next, None);
                Ok(())
            }
        }
    }

    /// Reports that something else was expected.
    pub(super) fn mismatch<T>(&mut self, expected: Option<Expected>) -> Step<T> {
        self.expect(expected);
        Err(Stop::Mismatch)
    }

    /// Fails for a reason that is not in the text.
    pub(super) fn refuse<T>(&self) -> Step<T> {
        Err(Stop::Mismatch)
    }

    /// Notes what could have stood here as well.
    pub(super) fn expect(&mut self, expected: Option<Expected>) {
        self.trouble.report(self.at, self.peek(), expected);
    }

    /// The production, or the place where it began.
    pub(super) fn attempt<T>(&mut self, production: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        let start = self.at;
        let outer = self.trouble.open();
        let result = production(self);
        if result.is_ok() && self.at > start {
            self.trouble.close_over(outer);
        } else {
            self.at = start;
            self.trouble.close(outer);
        }
        result
    }

    /// The production, or nothing if not even its beginning is there.
    pub(super) fn optional<T>(
        &mut self,
        production: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Step<Option<T>> {
        let start = self.at;
        match production(self) {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Mismatch) if self.at == start => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// The production; where not even its beginning is there, its name is what was expected.
    pub(super) fn named<T>(
        &mut self,
        name: &'static str,
        production: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Step<T> {
        let start = self.at;
        let outer = self.trouble.open();
        let result = production(self);
        if self.at > start {
            self.trouble.close_over(outer);
        } else {
            self.trouble.rename(name);
            self.trouble.close(outer);
        }
        result
    }

    /// The production as often as it is there, perhaps never.
    pub(super) fn repeat(&mut self, mut production: impl FnMut(&mut Self) -> Step<()>) -> Step<()> {
        while self.optional(&mut production)?.is_some() {
            // What could have continued the last one is not what is missing now.
            self.trouble.forget();
        }
        Ok(())
    }

    /// Adds the production to a list as often as it is there.
    pub(super) fn many<T>(
        &mut self,
        mut list: Vec<T>,
        mut production: impl FnMut(&mut Self) -> Step<T>,
    ) -> Step<Vec<T>> {
        let longest = self.limits.list;
        self.repeat(|cursor| {
            list.push(production(cursor)?);
            if list.len() > longest { Err(Stop::TooLong) } else { Ok(()) }
        })?;
        Ok(list)
    }

    /// One production or more, separated.
    pub(super) fn list<T>(
        &mut self,
        mut separator: impl FnMut(&mut Self) -> Step<()>,
        mut production: impl FnMut(&mut Self) -> Step<T>,
    ) -> Step<Vec<T>> {
        let first = production(self)?;
        self.many(vec![first], |cursor| {
            separator(cursor)?;
            production(cursor)
        })
    }

    /// The production between blanks.
    pub(super) fn spaced<T>(&mut self, production: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        self.blanks();
        let value = production(self)?;
        self.blanks();
        Ok(value)
    }

    /// The production, one level down.
    pub(super) fn nested<T>(&mut self, production: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        if self.depth >= self.limits.depth {
            return Err(Stop::TooDeep);
        }
        self.depth += 1;
        let result = production(self);
        self.depth -= 1;
        result
    }

    /// Refuses so many levels if that is too many.
    pub(super) fn allow_levels(&self, levels: usize) -> Step<()> {
        if levels > self.limits.depth { Err(Stop::TooDeep) } else { Ok(()) }
    }

    /// Whether the production is not inside another of its kind.
    pub(super) fn is_outermost(&self) -> bool {
        self.depth == 0
    }

    /// Reads a whole text as one production.
    ///
    /// `what` is what it was to be, and `prefix` how many characters precede the text for the
    /// count of columns.
    pub(super) fn parse<T>(
        text: &'a str,
        limits: &Limits,
        what: &str,
        prefix: usize,
        production: impl FnOnce(&mut Self) -> Step<T>,
    ) -> Result<T, Error> {
        let mut cursor = Self::new(text, limits);
        production(&mut cursor).map_err(|stop| match stop {
            Stop::Mismatch => {
                let (line, column) = position(text, cursor.trouble.at(), prefix);
                Error::new(
                    Code::Grammar,
                    format!("\"failed to parse {what} ({text})\" (line {line}, column {column})"),
                )
                .with_details(cursor.trouble.sentence())
            }
            Stop::TooDeep => Error::new(Code::TooLarge, "The query string is nested too deeply")
                .with_details(format!("A {what} may have {} levels.", limits.depth)),
            Stop::TooLong => Error::new(Code::TooLarge, "A list in the query string is too long")
                .with_details(format!("A list of a {what} may have {} items.", limits.list)),
        })
    }
}

/// The line and column of an offset, both from 1. A tab leads to the next multiple of 8.
fn position(text: &str, at: usize, prefix: usize) -> (usize, usize) {
    let (mut line, mut column) = (1, 1 + prefix);
    for char in text.get(..at).unwrap_or(text).chars() {
        match char {
            '\n' => (line, column) = (line + 1, 1),
            '\t' => column += 8 - (column - 1) % 8,
            _ => column += 1,
        }
    }
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place and the reason where a production fails.
    fn fail<T: std::fmt::Debug>(
        text: &str,
        production: impl FnOnce(&mut Cursor<'_>) -> Step<T>,
    ) -> String {
        let error = Cursor::parse(text, &Limits::default(), "x", 0, production).unwrap_err();
        let place = error.message().rsplit('(').next().unwrap_or_default().to_owned();
        format!("{place} {}", error.details().and_then(|it| it.as_str()).unwrap_or_default())
    }

    #[test]
    fn what_could_have_continued_is_expected_as_well() {
        let message = fail("aab", |cursor| {
            cursor.take_while(|char| char == 'a');
            cursor.expect(Some(Expected::Text("a")));
            cursor.text("c")
        });
        assert_eq!(message, r#"line 1, column 3) unexpected "b" expecting "a" or "c""#);
    }

    #[test]
    fn reading_on_forgets_what_was_expected() {
        let message = fail("ab", |cursor| {
            cursor.optional(|cursor| cursor.text("x"))?;
            cursor.text("a")?;
            cursor.text("c")
        });
        assert_eq!(message, r#"line 1, column 2) unexpected "b" expecting "c""#);
    }

    #[test]
    fn an_attempt_goes_back_and_remembers_how_far_it_came() {
        let message = fail("abx", |cursor| {
            let attempt = cursor.optional(|cursor| {
                cursor.attempt(|cursor| {
                    cursor.text("ab")?;
                    cursor.text("c")
                })
            })?;
            assert_eq!((attempt, cursor.rest()), (None, "abx"));
            cursor.text("y")
        });
        assert_eq!(message, r#"line 1, column 3) unexpected "x" expecting "c""#);
    }

    #[test]
    fn half_a_word_is_no_way_back() {
        let message = fail("abx", |cursor| {
            if cursor.optional(|cursor| cursor.text("abc"))?.is_none() {
                cursor.text("abx")?;
            }
            Ok(())
        });
        assert_eq!(message, r#"line 1, column 1) unexpected "x" expecting "abc""#);
    }

    #[test]
    fn a_name_stands_for_what_a_production_begins_with() {
        let production = |cursor: &mut Cursor<'_>| {
            cursor.named("thing", |cursor| {
                cursor.optional(|cursor| cursor.text("a"))?;
                cursor.text("b")
            })
        };
        assert_eq!(fail("x", production), r#"line 1, column 1) unexpected "x" expecting thing"#);
        assert_eq!(fail("ax", production), r#"line 1, column 2) unexpected "x" expecting "b""#);
    }

    #[test]
    fn looking_ahead_reads_nothing() {
        let message = fail("ab", |cursor| {
            assert!(cursor.is_next("a"));
            assert!(!cursor.is_next("ac"));
            cursor.text("b")
        });
        assert_eq!(message, r#"line 1, column 1) unexpected "b" expecting "ac" or "b""#);
    }

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        for (text, at, prefix, expected) in [
            ("abc", 0, 0, (1, 1)),
            ("abc", 2, 2, (1, 5)),
            ("é漢x", 5, 0, (1, 3)),
            ("a\tb", 2, 0, (1, 9)),
            ("a\nbc", 3, 7, (2, 2)),
            ("abc", 3, 0, (1, 4)),
        ] {
            assert_eq!(position(text, at, prefix), expected, "{text:?} {at}");
        }
    }
}
