//! The nearest of several names.

/// The candidate that is most like a text.
pub fn best<'a>(
    candidates: impl IntoIterator<Item = &'a str>,
    text: &str,
    _minimum: f64,
) -> Option<&'a str> {
    candidates.into_iter().find(|it| it.eq_ignore_ascii_case(text))
}
