//! Media types, and the `Accept` header that ranks them.
//!
//! Takes header values, gives media types. What can be made of a result is for the plan to say.

use std::cmp::Reverse;

use crate::request::{MediaType, PlanFormat, PlanOption};

/// Reads an `Accept` header: its media types, the best first.
///
/// Ranks by `q`, then by how specific a media type is, then by position. Never empty: a header
/// that says nothing accepts everything.
///
/// ```
/// use phlo_core::{parse, request::MediaType};
///
/// let accept = parse::accept("text/csv;q=0.5, application/json");
/// assert_eq!(accept, [MediaType::Json, MediaType::Csv]);
/// ```
pub fn accept(header: &str) -> Vec<MediaType> {
    if header.is_empty() {
        return vec![MediaType::Any];
    }
    // The one that nearly every client sends.
    if header == "*/*" || header == "application/json" {
        return vec![media_type(header)];
    }
    let mut ranked: Vec<_> = header.split(',').map(rank).collect();
    ranked.sort_by(|a, b| b.quality.total_cmp(&a.quality).then(a.vagueness.cmp(&b.vagueness)));
    ranked.into_iter().map(|ranked| media_type(&ranked.text)).collect()
}

struct Ranked {
    text: String,
    quality: f64,
    vagueness: Reverse<i64>,
}

/// Everything from `;q=` on is no part of the media type; blanks aren't either.
fn rank(item: &str) -> Ranked {
    let mut text: String = item.chars().filter(|char| *char != ' ').collect();
    let mut quality = 1.0;
    if let Some(at) = text.find(";q=") {
        let number = text.get(at + 3..).unwrap_or_default();
        let number = number.split(';').next().unwrap_or_default();
        quality = parse_quality(number).unwrap_or(1.0);
        text.truncate(at);
    }
    let score = text.chars().fold(0, |score, char| match char {
        ';' => score + 1,
        '*' => score - 1,
        _ => score,
    });
    Ranked { text, quality, vagueness: Reverse(score) }
}

/// The number at the beginning of a text: `0.5` of `0.5x`.
fn parse_quality(text: &str) -> Option<f64> {
    let is_digit = |char: char| char.is_ascii_digit();
    let (_, rest) = split_while(text, is_digit);
    let rest = rest.strip_prefix('.').map_or(rest, |rest| split_while(rest, is_digit).1);
    text.strip_suffix(rest)?.parse().ok()
}

/// Reads a media type. Never fails: what phlo knows nothing about is `Other`.
///
/// ```
/// use phlo_core::{parse, request::MediaType};
///
/// assert_eq!(parse::media_type("Application/JSON; charset=utf-8"), MediaType::Json);
/// assert_eq!(parse::media_type("image/png"), MediaType::Other("image/png".to_owned()));
/// ```
pub fn media_type(text: &str) -> MediaType {
    read(text, 0)
}

fn read(text: &str, depth: usize) -> MediaType {
    let other = || MediaType::Other(text.to_owned());
    let Some((main, sub, rest)) = names(text) else { return other() };
    let (main, sub) = (main.to_ascii_lowercase(), sub.to_ascii_lowercase());
    let stripped = || parameter(rest, "nulls") == Some("stripped");
    match (main.as_str(), sub.as_str()) {
        ("application", "json") => MediaType::Json,
        ("application", "geo+json") => MediaType::GeoJson,
        ("text", "csv") => MediaType::Csv,
        ("text", "plain") => MediaType::Text,
        ("text", "xml") => MediaType::Xml,
        ("application", "openapi+json") => MediaType::OpenApi,
        ("application", "x-www-form-urlencoded") => MediaType::Form,
        ("application", "octet-stream") => MediaType::OctetStream,
        ("*", "*") => MediaType::Any,
        ("application", "x-ndjson" | "jsonl") => {
            MediaType::JsonLines { nulls_stripped: stripped() }
        }
        ("application", "vnd.pgrst.object" | "vnd.pgrst.object+json") => {
            MediaType::Object { nulls_stripped: stripped() }
        }
        ("application", "vnd.pgrst.array" | "vnd.pgrst.array+json") => {
            if stripped() {
                MediaType::ArrayStripped
            } else {
                MediaType::Json
            }
        }
        // A plan of a plan of a plan can't be written: quotes don't nest.
        ("application", "vnd.pgrst.plan" | "vnd.pgrst.plan+text") if depth < 2 => {
            plan(rest, PlanFormat::Text, depth)
        }
        ("application", "vnd.pgrst.plan+json") if depth < 2 => plan(rest, PlanFormat::Json, depth),
        _ => other(),
    }
}

fn plan(parameters: &str, format: PlanFormat, depth: usize) -> MediaType {
    let of = match parameter(parameters, "for") {
        Some(of) => read(of, depth + 1),
        None => MediaType::Json,
    };
    let asked = parameter(parameters, "options").unwrap_or_default();
    let options = [
        ("analyze", PlanOption::Analyze),
        ("verbose", PlanOption::Verbose),
        ("settings", PlanOption::Settings),
        ("buffers", PlanOption::Buffers),
        ("wal", PlanOption::Wal),
    ]
    .into_iter()
    .filter(|(name, _)| asked.split('|').any(|asked| asked == *name))
    .map(|(_, option)| option)
    .collect();
    MediaType::Plan { of: Box::new(of), format, options }
}

/// The type, the subtype and what follows.
fn names(text: &str) -> Option<(&str, &str, &str)> {
    let (main, rest) = split_while(text, |char| char.is_alphanumeric() || ".*".contains(char));
    let rest = rest.strip_prefix('/')?;
    let (sub, rest) = split_while(rest, |char| char.is_alphanumeric() || ".*+-".contains(char));
    (!main.is_empty() && !sub.is_empty()).then_some((main, sub, rest))
}

/// The value of a parameter: the last one of that name, before the first that can't be read.
fn parameter<'a>(mut text: &'a str, wanted: &str) -> Option<&'a str> {
    let mut found = None;
    while let Some((name, value, rest)) = next_parameter(text) {
        if name.eq_ignore_ascii_case(wanted) {
            found = Some(value);
        }
        text = rest;
    }
    found
}

fn next_parameter(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start().strip_prefix(';')?.trim_start();
    let (name, text) = split_while(text, |char| char.is_alphanumeric() || char == '-');
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = match text.strip_prefix('"') {
        Some(text) => text.split_once('"')?,
        None => split_while(text, |char| char.is_alphanumeric() || "|-".contains(char)),
    };
    // Quotes may hold nothing; without them there is a value or no parameter.
    let has_value = text.starts_with('"') || !value.is_empty();
    (!name.is_empty() && has_value).then_some((name, value, rest))
}

fn split_while(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|char| !fits(char)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(of: MediaType, format: PlanFormat, options: &[PlanOption]) -> MediaType {
        MediaType::Plan { of: Box::new(of), format, options: options.to_vec() }
    }

    #[test]
    fn media_types() {
        use MediaType::{Csv, Json, Object, Other, Text, Xml};
        let other = |text: &str| Other(text.to_owned());
        for (text, expected) in [
            ("application/json", Json),
            ("application/json;charset=utf-8", Json),
            ("ApplicatIon/vnd.PgRsT.object+json", Object { nulls_stripped: false }),
            ("application/vnd.pgrst.object", Object { nulls_stripped: false }),
            ("application/vnd.pgrst.object+json;nulls=stripped", Object { nulls_stripped: true }),
            ("application/vnd.pgrst.object;NULLS=stripped", Object { nulls_stripped: true }),
            ("application/vnd.pgrst.object;nulls=Stripped", Object { nulls_stripped: false }),
            ("application/vnd.pgrst.array+json;nulls=stripped", MediaType::ArrayStripped),
            ("application/vnd.pgrst.array+json", Json),
            ("application/x-ndjson", MediaType::JsonLines { nulls_stripped: false }),
            ("application/jsonl;charset=utf-8", MediaType::JsonLines { nulls_stripped: false }),
            ("application/X-NDJSON;nulls=stripped", MediaType::JsonLines { nulls_stripped: true }),
            ("application/vnd.pgrst.plan;", plan(Json, PlanFormat::Text, &[])),
            (
                "application/vnd.pgrst.plan;for=\"application/json\"",
                plan(Json, PlanFormat::Text, &[]),
            ),
            (
                "application/vnd.pgrst.plan ; for=\"text/xml\" ; options=analyze",
                plan(Xml, PlanFormat::Text, &[PlanOption::Analyze]),
            ),
            (
                "application/vnd.pgrst.plan+json;for=\"text/csv\";options=wal|verbose|x",
                plan(Csv, PlanFormat::Json, &[PlanOption::Verbose, PlanOption::Wal]),
            ),
            (
                "application/vnd.pgrst.plan+json;options=\"settings|buffers\";for=text",
                plan(other("text"), PlanFormat::Json, &[PlanOption::Settings, PlanOption::Buffers]),
            ),
            ("text/plain", Text),
            ("text/plain,text/csv", Text),
            ("*/*", MediaType::Any),
            ("text/*", other("text/*")),
            ("application/vnd.twkb", other("application/vnd.twkb")),
            ("Image/PNG;x=1", other("Image/PNG;x=1")),
            ("json", other("json")),
            ("/json", other("/json")),
            ("text/", other("text/")),
            ("", other("")),
        ] {
            assert_eq!(media_type(text), expected, "{text}");
        }
    }

    #[test]
    fn plans_of_plans_end() {
        let text = "application/vnd.pgrst.plan;for=\"application/vnd.pgrst.plan;for=x\"";
        let inner = plan(MediaType::Other("x".to_owned()), PlanFormat::Text, &[]);
        assert_eq!(media_type(text), plan(inner, PlanFormat::Text, &[]));
    }

    #[test]
    fn accept_headers() {
        use MediaType::{Any, Csv, Json, Text};
        for (header, expected) in [
            ("", vec![Any]),
            ("*/*", vec![Any]),
            ("text/csv, application/json", vec![Csv, Json]),
            ("text/csv;q=0.8, application/json", vec![Json, Csv]),
            ("text/csv; q=0.8, application/json;q=0.9, */*", vec![Any, Json, Csv]),
            ("*/*, text/csv", vec![Csv, Any]),
            ("text/plain, text/csv;header=present", vec![Csv, Text]),
            ("text/csv;q=x, text/plain;q=0.1;level=1", vec![Csv, Text]),
            ("text/csv;q=0.5.5, text/plain;q=1.", vec![Text, Csv]),
            ("unknown/type, text/csv", vec![MediaType::Other("unknown/type".to_owned()), Csv]),
        ] {
            assert_eq!(accept(header), expected, "{header}");
        }
    }
}
