//! The `Prefer` header (RFC 7240).
//!
//! Takes the values of the headers in their order, gives the preferences that phlo knows and a
//! list of those that it doesn't. Whether the latter are errors is for the plan to say.

use crate::request::{
    Count, Handling, Missing, Preferences, Representation, Resolution, TransactionEnd,
};

/// Whether a request may say how its transaction ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransactionOverride {
    /// `tx=commit` and `tx=rollback` are understood, and change nothing.
    #[default]
    Ignored,
    /// They are followed.
    Allowed,
}

/// Reads preferences from the values of `Prefer` headers.
///
/// The first preference of a kind counts. Never fails: what means nothing is kept in `invalid`.
///
/// ```
/// use phlo_core::{parse::{self, TransactionOverride}, request::Count};
///
/// let headers = ["return=minimal, count=exact", "count=planned, blue"];
/// let preferences = parse::preferences(headers, TransactionOverride::Ignored);
/// assert_eq!(preferences.count, Some(Count::Exact));
/// assert_eq!(preferences.invalid, ["blue"]);
/// ```
pub fn preferences<'a>(
    headers: impl IntoIterator<Item = &'a str>,
    transaction: TransactionOverride,
) -> Preferences {
    let mut preferences = Preferences::default();
    let mut max_affected_seen = false;
    let items = headers.into_iter().filter(|header| !header.is_empty());
    for item in items.flat_map(|header| header.split(',')).map(str::trim) {
        if let Some(zone) = item.strip_prefix("timezone=") {
            set(&mut preferences.timezone, zone.to_owned());
        } else if let Some(number) = item.strip_prefix("max-affected=") {
            // A number that can't be read is not replaced by a later one.
            if !max_affected_seen {
                // Less than nothing is nothing.
                let number = number.trim().parse::<i64>().ok();
                preferences.max_affected = number.map(|number| number.max(0).unsigned_abs());
            }
            max_affected_seen = true;
        } else if !set_word(&mut preferences, item, transaction) {
            preferences.invalid.push(item.to_owned());
        }
    }
    preferences
}

/// Takes one of the preferences that are written as fixed words; false if it is none of them.
fn set_word(to: &mut Preferences, item: &str, transaction: TransactionOverride) -> bool {
    match item {
        "resolution=merge-duplicates" => set(&mut to.resolution, Resolution::MergeDuplicates),
        "resolution=ignore-duplicates" => set(&mut to.resolution, Resolution::IgnoreDuplicates),
        "return=representation" => set(&mut to.representation, Representation::Full),
        "return=minimal" => set(&mut to.representation, Representation::Minimal),
        "return=headers-only" => set(&mut to.representation, Representation::HeadersOnly),
        "count=exact" => set(&mut to.count, Count::Exact),
        "count=planned" => set(&mut to.count, Count::Planned),
        "count=estimated" => set(&mut to.count, Count::Estimated),
        "missing=default" => set(&mut to.missing, Missing::Default),
        "missing=null" => set(&mut to.missing, Missing::Null),
        "handling=strict" => set(&mut to.handling, Handling::Strict),
        "handling=lenient" => set(&mut to.handling, Handling::Lenient),
        "tx=commit" | "tx=rollback" if transaction == TransactionOverride::Ignored => {}
        "tx=commit" => set(&mut to.transaction, TransactionEnd::Commit),
        "tx=rollback" => set(&mut to.transaction, TransactionEnd::Rollback),
        _ => return false,
    }
    true
}

fn set<T>(to: &mut Option<T>, value: T) {
    to.get_or_insert(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Preferences {
        preferences(headers.iter().copied(), TransactionOverride::Allowed)
    }

    #[test]
    fn one_header_may_hold_many() {
        let header = "resolution=ignore-duplicates, count=exact, timezone=America/Los_Angeles, \
                      max-affected=100";
        let expected = Preferences {
            resolution: Some(Resolution::IgnoreDuplicates),
            count: Some(Count::Exact),
            timezone: Some("America/Los_Angeles".to_owned()),
            max_affected: Some(100),
            ..Preferences::default()
        };
        assert_eq!(read(&[header]), expected);
    }

    #[test]
    fn many_headers_add_up() {
        let expected = Preferences {
            resolution: Some(Resolution::IgnoreDuplicates),
            count: Some(Count::Exact),
            missing: Some(Missing::Null),
            handling: Some(Handling::Lenient),
            max_affected: Some(5999),
            invalid: vec!["invalid".to_owned()],
            ..Preferences::default()
        };
        let headers = [
            "resolution=ignore-duplicates",
            "count=exact",
            "missing=null",
            "handling=lenient",
            "invalid",
            "max-affected=5999",
        ];
        assert_eq!(read(&headers), expected);
    }

    #[test]
    fn blanks_are_no_matter() {
        let header = "count=exact,    tx=commit   ,return=representation , missing=default, \
                      handling=strict, anything";
        let expected = Preferences {
            representation: Some(Representation::Full),
            count: Some(Count::Exact),
            transaction: Some(TransactionEnd::Commit),
            missing: Some(Missing::Default),
            handling: Some(Handling::Strict),
            invalid: vec!["anything".to_owned()],
            ..Preferences::default()
        };
        assert_eq!(read(&[header]), expected);
    }

    #[test]
    fn the_first_of_a_kind_counts() {
        for (headers, expected) in [
            (&["tx=commit, tx=rollback"][..], Some(TransactionEnd::Commit)),
            (&["tx=rollback", "tx=commit"], Some(TransactionEnd::Rollback)),
            (&["TX=rollback", "tx=commit"], Some(TransactionEnd::Commit)),
        ] {
            assert_eq!(read(headers).transaction, expected, "{headers:?}");
        }
        assert_eq!(read(&["timezone=UTC, timezone=x"]).timezone.as_deref(), Some("UTC"));
        assert_eq!(read(&["max-affected=x, max-affected=1"]).max_affected, None);
        assert_eq!(read(&["max-affected=-1"]).max_affected, Some(0));
    }

    #[test]
    fn a_choice_of_transaction_may_be_ignored() {
        let preferences = preferences(["tx=rollback, tx=x"], TransactionOverride::Ignored);
        assert_eq!(preferences.transaction, None);
        assert_eq!(preferences.invalid, ["tx=x"]);
    }

    #[test]
    fn everything_else_is_invalid() {
        assert_eq!(read(&[""]).invalid, [""; 0]);
        assert_eq!(read(&["count=exact,,Count=exact"]).invalid, ["", "Count=exact"]);
    }
}
