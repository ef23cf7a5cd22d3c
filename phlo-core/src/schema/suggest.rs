//! "Did you mean": the known name that is most like an unknown one.
//!
//! Takes texts and gives one of them, by the same measure as PostgREST's hints (the Haskell library
//! `fuzzyset` 0.2 with its defaults), so that the same typing error gets the same hint: candidates
//! are ranked by the three-letter, or else two-letter sequences that they share with the text, and
//! the best of them by edit distance. Knows nothing of schemas; keeps nothing between calls.

use std::collections::BTreeMap;

/// How alike names must be to be suggested where a hint must not give away what exists.
pub const STRICT: f64 = 0.75;

/// How alike texts must be to be suggested at all.
pub const LENIENT: f64 = 0.33;

/// A schema with so many tables or more gets no suggestions of tables.
pub const TOO_MANY: usize = 500;

/// How many of the candidates with most sequences in common are compared by edit distance.
const FINALISTS: usize = 50;

/// The candidate most like `text`, if one is at least as much alike as `minimum` (0 to 1).
///
/// A candidate that differs in case alone is as good as equal. Among equals the earliest wins.
///
/// ```
/// use phlo_core::schema::suggest::{STRICT, best};
///
/// assert_eq!(best(["films", "actors"], "film", STRICT), Some("films"));
/// assert_eq!(best(["films", "actors"], "tickets", STRICT), None);
/// ```
pub fn best<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    text: &str,
    minimum: f64,
) -> Option<&'a str> {
    find(candidates, text, minimum).map(|found| match found {
        Found::Same(candidate) | Found::Alike(candidate) => candidate,
    })
}

/// Like [`best`], but nothing if a candidate equals `text` or differs in case alone: then the name
/// is not what was wrong.
pub fn best_other<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    text: &str,
    minimum: f64,
) -> Option<&'a str> {
    match find(candidates, text, minimum)? {
        Found::Same(_) => None,
        Found::Alike(candidate) => Some(candidate),
    }
}

enum Found<'a> {
    Same(&'a str),
    Alike(&'a str),
}

fn find<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    text: &str,
    minimum: f64,
) -> Option<Found<'a>> {
    let text = text.to_lowercase();
    let candidates: Vec<(&str, String)> =
        candidates.into_iter().map(|candidate| (candidate, candidate.to_lowercase())).collect();
    if let Some((candidate, _)) = candidates.iter().find(|(_, lower)| *lower == text) {
        return Some(Found::Same(candidate));
    }
    [3, 2].into_iter().find_map(|size| {
        let finalists = rank(&candidates, &text, size);
        closest(&finalists, &text, minimum).map(Found::Alike)
    })
}

/// The candidates that share a sequence of `size` letters with the text, most alike first.
fn rank<'a, 'c>(
    candidates: &'c [(&'a str, String)],
    text: &str,
    size: usize,
) -> Vec<&'c (&'a str, String)> {
    let wanted = sequences(text, size);
    let mut ranked: Vec<(f64, &(&str, String))> = candidates
        .iter()
        .filter_map(|candidate| {
            let offered = sequences(&candidate.1, size);
            let shared: f64 = offered
                .iter()
                .filter_map(|(sequence, count)| Some(count * wanted.get(sequence)?))
                .sum();
            // The cosine of the angle between both counts, but for the text's own length, which
            // is the same for all.
            let length = offered.values().map(|count| count * count).sum::<f64>().sqrt();
            (shared > 0.0).then_some((shared / length, candidate))
        })
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.into_iter().take(FINALISTS).map(|(_, candidate)| candidate).collect()
}

/// How often each sequence of `size` letters, at most three, stands in a text framed by hyphens.
fn sequences(text: &str, size: usize) -> BTreeMap<[char; 3], f64> {
    let letters = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == ',');
    let framed: Vec<char> = ['-'].into_iter().chain(letters).chain(['-']).collect();
    let mut counts = BTreeMap::new();
    for window in framed.windows(size) {
        let mut sequence = ['\0'; 3];
        sequence.iter_mut().zip(window).for_each(|(slot, letter)| *slot = *letter);
        *counts.entry(sequence).or_default() += 1.0;
    }
    counts
}

fn closest<'a>(finalists: &[&(&'a str, String)], text: &str, minimum: f64) -> Option<&'a str> {
    let text: Vec<char> = text.chars().collect();
    let mut best: Option<(f64, &str)> = None;
    for (candidate, lower) in finalists {
        let lower: Vec<char> = lower.chars().collect();
        let (short, long) = (text.len().min(lower.len()), text.len().max(lower.len()));
        // At best the shorter one is a part of the longer. So a long text costs nothing unless a
        // candidate is about as long.
        if ratio(short, long) < minimum {
            continue;
        }
        let score = ratio(long - distance(&text, &lower).min(long), long);
        if score >= minimum && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[expect(clippy::cast_precision_loss, reason = "lengths of texts are far below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// How many letters must be changed, added or removed to make one text of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    // The distances from what was read of `a` to every start of `b`, the empty one aside.
    let mut row: Vec<usize> = (1..=b.len()).collect();
    for (read, letter) in a.iter().enumerate() {
        let (mut diagonal, mut left) = (read, read + 1);
        for (other, cell) in b.iter().zip(&mut row) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            left = changed.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(candidates: &[&str], text: &str, minimum: f64, expected: Option<&str>) {
        assert_eq!(best(candidates.iter().copied(), text, minimum), expected, "{text}");
    }

    #[test]
    fn names_of_parents_and_children() {
        check(&["films"], "film", LENIENT, Some("films"));
        let children = ["directors", "roles", "actors"];
        check(&children, "role", LENIENT, Some("roles"));
        check(&children, "noclosealternative", LENIENT, None);
        check(&children, "actors", LENIENT, Some("actors"));
        assert_eq!(best_other(children, "actors", LENIENT), None);
        assert_eq!(best_other(children, "Actors", LENIENT), None);
        assert_eq!(best_other(children, "actor", LENIENT), Some("actors"));
        let children = ["car_brands", "car_dealers", "car_model_sales", "car_racers"];
        check(&children, "car_model_sales_202101", LENIENT, Some("car_model_sales"));
        check(&["car_models"], "car_models_default", LENIENT, Some("car_models"));
    }

    #[test]
    fn names_of_functions_and_tables() {
        check(&["test", "another"], "testt", STRICT, Some("test"));
        check(&["test", "another"], "other", STRICT, None);
        check(&["test", "another"], "noclosealternative", STRICT, None);
        check(&["sayhello", "add_them"], "sayhell", STRICT, Some("sayhello"));
        let functions = ["unnamed_json_param", "unnamed_text_param", "unnamed_xml_param"];
        check(&functions, "unnamed_int_param", STRICT, Some("unnamed_text_param"));
        check(&["clients", "projects"], "projectx", STRICT, Some("projects"));
        check(&["clients", "projects"], "projecxx", STRICT, Some("projects"));
        check(&["clients", "projects"], "projexxx", STRICT, None);
    }

    #[test]
    fn lists_of_parameters() {
        let lists = ["(name, param, val)", "(attr, id)"];
        check(&lists, "(nam, pqaram, vall)", LENIENT, Some(lists[0]));
        check(&lists, "(param, val)", LENIENT, Some(lists[0]));
        check(&lists, "(attrs, id)", LENIENT, Some(lists[1]));
        check(&lists, "(id)", LENIENT, Some(lists[1]));
        check(&lists, "(noclosealternative)", LENIENT, None);
        check(&["(name)"], "(nam)", LENIENT, Some("(name)"));
        check(&["(a, b)"], "(a, b, smthelse)", LENIENT, Some("(a, b)"));
        check(&["()", "(x, y)", "()"], "(a, b)", LENIENT, Some("(x, y)"));
        let lists = ["()", "(a, b)", "(a, b, c)", "(a, b, c, d)"];
        check(&lists, "(wrong_arg)", LENIENT, None);
        check(&lists, "(a, b, wrong_arg)", LENIENT, Some("(a, b, c)"));
    }

    #[test]
    fn nothing_is_suggested_from_nothing() {
        check(&[], "x", LENIENT, None);
        check(&["films"], "", LENIENT, None);
        check(&[""], "films", LENIENT, None);
        check(&["(", ")"], "(", STRICT, Some("("));
        check(&["--"], "-", STRICT, None);
    }

    #[test]
    fn long_texts_are_cheap() {
        let text = "films".repeat(100_000);
        check(&["films", "actors"], &text, LENIENT, None);
    }

    #[test]
    fn distances_count_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
            ("flaw", "lawn", 2),
            ("é", "e", 1),
        ] {
            let (left, right): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
            assert_eq!(distance(&left, &right), expected, "{a} {b}");
        }
    }
}
