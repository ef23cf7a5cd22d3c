//! Names for components and operations, made from names of the database.
//!
//! OpenAPI allows letters, digits, `.`, `-` and `_` in them, and generated clients turn them into
//! names of types and files. Takes names, gives other names that are unique whatever their case.

use std::collections::{BTreeMap, BTreeSet};

/// The names of one kind that are taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// In lower case: some clients keep each type in a file, on disks that ignore case.
    taken: BTreeSet<String>,
}

impl Names {
    /// Gives each of the names a unique one, to which any of the suffixes can be appended.
    ///
    /// A name keeps as much of itself as it can. Where two clash, the one that needed the least
    /// change stays, and the other gets a suffix that depends on nothing but itself, so that a new
    /// table rarely renames the types of another.
    pub(super) fn assign<'a>(
        &mut self,
        names: impl IntoIterator<Item = &'a str>,
        suffixes: &[&str],
    ) -> BTreeMap<&'a str, String> {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_cached_key(|name| {
            let plain = sanitize(name);
            (plain != *name, plain.to_ascii_lowercase() != plain, *name)
        });
        names.into_iter().map(|name| (name, self.unique(name, suffixes))).collect()
    }

    /// Gives one name a unique one, to which any of the suffixes can be appended.
    pub(super) fn unique(&mut self, name: &str, suffixes: &[&str]) -> String {
        let plain = sanitize(name);
        let mut candidate = plain.clone();
        let mut hash = 0x811c_9dc5;
        loop {
            let keys: Vec<_> = suffixes
                .iter()
                .map(|suffix| format!("{candidate}{suffix}").to_ascii_lowercase())
                .collect();
            if keys.iter().all(|key| !self.taken.contains(key)) {
                self.taken.extend(keys);
                return candidate;
            }
            hash = fnv(hash, name);
            candidate = format!("{plain}_{hash:08x}");
        }
    }
}

/// Letters, digits and `_` alone; letters beyond ASCII by their number.
fn sanitize(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => plain.push(c),
            c if c.is_alphanumeric() => plain.push_str(&format!("u{:04X}", u32::from(c))),
            _ => plain.push('_'),
        }
    }
    if plain.is_empty() {
        plain.push('_');
    }
    plain
}

/// The FNV-1a hash, which is the same on every machine and in every version.
fn fnv(hash: u32, text: &str) -> u32 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign<'a>(names: &[&'a str]) -> Vec<(&'a str, String)> {
        Names::default().assign(names.iter().copied(), &[""]).into_iter().collect()
    }

    #[test]
    fn names_keep_what_they_can() {
        for (name, expect) in [
            ("projects", "projects"),
            ("100% done", "100__done"),
            ("a.b-c", "a_b_c"),
            ("naïve", "nau00EFve"),
            ("日本", "u65E5u672C"),
            ("", "_"),
            ("%", "_"),
        ] {
            assert_eq!(sanitize(name), expect);
        }
    }

    #[test]
    fn the_plainest_of_clashing_names_stays_whatever_the_order() {
        let one = assign(&["a b", "a_b", "A_B"]);
        assert_eq!(one, assign(&["A_B", "a_b", "a b"]));
        let [upper, spaced, plain] = one.as_slice() else { panic!("{one:?}") };
        assert_eq!(plain, &("a_b", "a_b".to_owned()));
        assert!(upper.1.starts_with("A_B_") && spaced.1.starts_with("a_b_"), "{one:?}");
    }

    #[test]
    fn a_suffix_depends_on_nothing_but_the_name() {
        let of = |names: &[&str]| assign(names).into_iter().find(|(it, _)| *it == "a b").unwrap().1;
        assert_eq!(of(&["a b", "a_b"]), of(&["a b", "a_b", "a-b", "z"]));
    }

    #[test]
    fn suffixed_names_are_taken_too() {
        let mut names = Names::default();
        let found = names.assign(["a", "a_insert"], &["", "_insert"]);
        assert_eq!(found["a"], "a");
        assert_ne!(found["a_insert"], "a_insert");
        assert_ne!(names.unique("a_insert", &[""]), "a_insert");
    }

    #[test]
    fn even_names_that_clash_with_a_suffix_end() {
        let mut names = Names::default();
        let found: BTreeSet<_> = (0..100).map(|_| names.unique("same", &[""])).collect();
        assert_eq!(found.len(), 100);
    }
}
