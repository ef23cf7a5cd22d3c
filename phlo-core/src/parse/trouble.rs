//! Why text could not be read: the place furthest on that was reached, and what was found and
//! expected there.
//!
//! Takes reports of single failures from the cursor, gives the one sentence that clients see.
//! Knows how reports add up; knows nothing of the grammar.

use std::fmt::Write as _;

/// What stood where something else was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Nothing: the text was over.
    End,
    /// This character.
    Char(char),
}

impl Found {
    fn new(found: Option<char>) -> Self {
        found.map_or(Self::End, Self::Char)
    }
}

/// What would have been right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Exactly this text; shown in quotes.
    Text(&'static str),
    /// Something with this name.
    Named(&'static str),
}

/// The name under which the end of the text is expected.
pub(super) const END: &str = "end of input";

/// What was in the way most recently, and what would have been right instead.
///
/// Reports at one place add up; a report further on replaces what came before. Several collections
/// can be open at once, each with what it expected at the end of one shared list.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    now: Mark,
    expected: Vec<Expected>,
}

/// One collection of reports.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// The offset of the place.
    at: usize,
    /// What stood there, as the first report had it.
    found: Option<Found>,
    /// Characters that stood before the place and must not.
    forbidden: [Option<char>; 2],
    /// Where its part of the list begins.
    from: usize,
}

impl Trouble {
    /// The offset of the place that was reached.
    pub(super) fn at(&self) -> usize {
        self.now.at
    }

    /// Something else was expected at a place.
    pub(super) fn report(&mut self, at: usize, found: Option<char>, expected: Option<Expected>) {
        if self.reaches(at) {
            self.now.found = self.now.found.or(Some(Found::new(found)));
            self.expected.extend(expected);
        }
    }

    /// A character stood right before a place, and must not.
    pub(super) fn forbid(&mut self, at: usize, found: char) {
        if self.reaches(at)
            && let Some(free) = self.now.forbidden.iter_mut().find(|slot| slot.is_none())
        {
            *free = Some(found);
        }
    }

    /// Forgets the collection: the text was read beyond it.
    pub(super) fn forget(&mut self) {
        self.expected.truncate(self.now.from);
        self.now = Mark { from: self.now.from, ..Mark::default() };
    }

    /// Says in one name what the collection expected.
    pub(super) fn rename(&mut self, name: &'static str) {
        if !self.is_empty() {
            self.expected.truncate(self.now.from);
            self.expected.push(Expected::Named(name));
        }
    }

    /// Begins a collection of its own; returns the one that it interrupts.
    pub(super) fn open(&mut self) -> Mark {
        let outer = self.now;
        self.now = Mark { from: self.expected.len(), ..Mark::default() };
        outer
    }

    /// Ends a collection of its own, keeping only what it found.
    pub(super) fn close_over(&mut self, outer: Mark) {
        self.expected.drain(outer.from..self.now.from);
        self.now.from = outer.from;
    }

    /// Ends a collection of its own, adding what it found to the one that it interrupted.
    pub(super) fn close(&mut self, outer: Mark) {
        let outer_is_empty = outer.is_empty() && outer.from == self.now.from;
        if outer_is_empty || (!self.is_empty() && self.now.at > outer.at) {
            self.close_over(outer);
        } else if self.is_empty() || self.now.at < outer.at {
            self.expected.truncate(self.now.from);
            self.now = outer;
        } else {
            let inner = self.now.forbidden;
            let found = outer.found.or(self.now.found);
            self.now = Mark { found, ..outer };
            for char in inner.into_iter().flatten() {
                self.forbid(outer.at, char);
            }
        }
    }

    /// Whether a report at a place counts; begins anew if it is the furthest.
    fn reaches(&mut self, at: usize) -> bool {
        if self.is_empty() || at > self.now.at {
            self.forget();
            self.now.at = at;
        }
        at == self.now.at
    }

    fn is_empty(&self) -> bool {
        self.now.is_empty() && self.expected.len() == self.now.from
    }

    /// The sentence: `unexpected "x" expecting "a", "b" or digit`.
    pub(super) fn sentence(&self) -> String {
        let mut unexpected = Vec::new();
        for char in self.now.forbidden.into_iter().flatten() {
            add(&mut unexpected, format!("{char:?}"));
        }
        // What must not stand there says more than what stands there.
        let over = unexpected.is_empty() && self.now.found == Some(Found::End);
        if unexpected.is_empty() {
            unexpected.extend(self.now.found.map(|found| match found {
                Found::End => END.to_owned(),
                Found::Char(char) => quoted(char.encode_utf8(&mut [0; 4])),
            }));
        }
        let mut expected = Vec::new();
        for item in self.expected.iter().skip(self.now.from) {
            match *item {
                Expected::Named(END) if over => {}
                Expected::Named(name) => add(&mut expected, name.to_owned()),
                Expected::Text(text) => add(&mut expected, quoted(text)),
            }
        }
        let mut sentence = String::new();
        enumerate(&mut sentence, "unexpected ", &unexpected);
        enumerate(&mut sentence, "expecting ", &expected);
        if sentence.is_empty() { "unknown parse error".to_owned() } else { sentence }
    }
}

impl Mark {
    /// Whether nothing was found; what was expected is for the list to say.
    fn is_empty(&self) -> bool {
        self.found.is_none() && self.forbidden.iter().all(Option::is_none)
    }
}

/// Text in double quotes, with escapes.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn add(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Writes `a, b or c` with a word before it, if there is anything to write.
fn enumerate(sentence: &mut String, word: &str, items: &[String]) {
    let Some((last, rest)) = items.split_last() else { return };
    if !sentence.is_empty() {
        sentence.push(' ');
    }
    sentence.push_str(word);
    if !rest.is_empty() {
        let _ = write!(sentence, "{} or ", rest.join(", "));
    }
    sentence.push_str(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Option<Expected> = Some(Expected::Text("a"));
    const B: Option<Expected> = Some(Expected::Named("digit"));

    #[test]
    fn reports_at_one_place_add_up() {
        let mut trouble = Trouble::default();
        trouble.report(3, Some('x'), A);
        trouble.report(3, Some('y'), B);
        trouble.report(3, Some('x'), A);
        assert_eq!(trouble.sentence(), r#"unexpected "x" expecting "a" or digit"#);
    }

    #[test]
    fn the_furthest_place_counts() {
        let mut trouble = Trouble::default();
        trouble.report(3, Some('x'), A);
        trouble.report(5, None, B);
        trouble.report(4, Some('z'), A);
        assert_eq!(
            (trouble.at(), trouble.sentence().as_str()),
            (5, "unexpected end of input expecting digit")
        );
    }

    #[test]
    fn a_collection_of_its_own_joins_the_one_around_it() {
        for (place, sentence) in [
            (2, r#"unexpected "x" expecting "a""#),
            (3, r#"unexpected "x" expecting "a" or digit"#),
            (4, r#"unexpected "y" expecting digit"#),
        ] {
            let mut trouble = Trouble::default();
            trouble.report(3, Some('x'), A);
            let outer = trouble.open();
            trouble.report(place, Some('y'), B);
            trouble.close(outer);
            assert_eq!(trouble.sentence(), sentence, "at {place}");
        }
    }

    #[test]
    fn an_empty_collection_changes_nothing() {
        let mut trouble = Trouble::default();
        trouble.report(3, Some('x'), A);
        let outer = trouble.open();
        trouble.rename("nothing");
        trouble.close(outer);
        assert_eq!(trouble.sentence(), r#"unexpected "x" expecting "a""#);
    }

    #[test]
    fn forbidden_characters_come_first() {
        let mut trouble = Trouble::default();
        trouble.report(3, Some('"'), A);
        assert_eq!(trouble.sentence(), r#"unexpected "\"" expecting "a""#);
        trouble.forbid(3, '\'');
        assert_eq!(trouble.sentence(), r#"unexpected '\'' expecting "a""#);
        assert_eq!(Trouble::default().sentence(), "unknown parse error");
    }

    #[test]
    fn at_the_end_nobody_expects_the_end() {
        let mut trouble = Trouble::default();
        trouble.report(3, None, A);
        trouble.report(3, None, Some(Expected::Named(END)));
        assert_eq!(trouble.sentence(), r#"unexpected end of input expecting "a""#);
    }
}
