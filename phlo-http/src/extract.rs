//! An HTTP request as the engine takes it: text, and who asks.

use std::{borrow::Cow, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use phlo_core::{Code, Error, Result, request::Caller};

use crate::auth::Identity;

/// The head of a request as text. Headers that aren't UTF-8 are read as Latin-1, as RFC 9110 allows.
#[derive(Debug)]
pub struct Extracted<'a> {
    headers: Vec<(&'a str, Cow<'a, str>)>,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// The query string, still percent-encoded; empty if there is none.
    pub query: &'a str,
}

impl<'a> Extracted<'a> {
    /// Takes what the head of a request says.
    pub fn new(parts: &'a Parts) -> Self {
        let headers = parts.headers.iter();
        Self {
            headers: headers.map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
        }
    }

    /// The headers by lower-case name, in order.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, &**value)).collect()
    }

    /// Who asks, and what the database is told about it.
    pub fn caller(&self, method: &str, identity: &Identity) -> Caller {
        let (cookies, others): (Vec<_>, Vec<_>) =
            self.headers.iter().partition(|(name, _)| *name == "cookie");
        Caller {
            claims_json: Some(Arc::clone(&identity.claims_json)),
            method: method.to_owned(),
            path: self.path.to_owned(),
            // Cookies have a setting of their own.
            headers: object(others.into_iter().map(|(name, value)| (*name, &**value))),
            cookies: object(cookies.into_iter().flat_map(|(_, value)| parse_cookies(value))),
            ..Caller::new(identity.role.as_str())
        }
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn parse_cookies(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

/// A JSON object of strings; of two members with one name the last counts, for who reads it.
fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    for (name, value) in members {
        if json.len() > 1 {
            json.push(',');
        }
        string(&mut json, name);
        json.push(':');
        string(&mut json, value);
    }
    json.push('}');
    json
}

fn string(json: &mut String, text: &str) {
    json.push('"');
    let mut rest = text;
    // Hardly any text has something to escape in it.
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
        let (plain, special) = rest.split_at(at);
        json.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            // A header may hold a tab, and nothing else below the space.
            Some(control) => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            None => {}
        }
        rest = chars.as_str();
    }
    json.push_str(rest);
    json.push('"');
}

/// Reads a body whole, up to a limit.
///
/// # Errors
///
/// The body is longer than the limit, or ends early.
pub async fn read_body<B>(headers: &HeaderMap, body: B, limit: u64) -> Result<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(ended_early)?;
        let Ok(data) = frame.into_data() else { continue };
        let length = first.as_ref().map_or(whole.len(), Bytes::len) + data.len();
        if u64::try_from(length).is_ok_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        // A body of one piece, as most are, is not copied.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            None => whole.extend_from_slice(&data),
            Some(head) => {
                whole.reserve(room_for(declared).max(head.len() + data.len()));
                whole.extend_from_slice(&head);
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Room for a body of a length that its sender says, as far as that is believed before it comes.
pub(crate) fn room_for(declared: Option<u64>) -> usize {
    const BELIEVED: usize = 1 << 20;
    declared.map_or(0, |length| usize::try_from(length).map_or(BELIEVED, |it| it.min(BELIEVED)))
}

/// The error of a body whose sender has hung up, or broken the rules of HTTP.
pub(crate) fn ended_early<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::new(Code::Body, "The body ended before it was complete").with_source(error)
}

/// The length that a request says its body has.
pub(crate) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The error of a body of rows that is longer than the server takes.
pub(crate) fn upload_too_large(limit: u64) -> Error {
    Error::new(Code::TooLarge, "The body of the request is too large").with_details(format!(
        "This server takes bodies of rows of at most {limit} bytes, by the setting \
         'server-max-upload-size'."
    ))
}

pub(crate) fn too_large(limit: u64) -> Error {
    Error::new(Code::TooLarge, "The body of the request is too large")
        .with_details(format!("This server takes bodies of at most {limit} bytes."))
        .with_hint(
            "Send the rows in several requests, or have the setting 'server-max-body-size' raised.",
        )
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    async fn read(body: &'static [u8], limit: u64) -> Result<Bytes> {
        read_body(&HeaderMap::new(), Full::new(Bytes::from_static(body)), limit).await
    }

    #[tokio::test]
    async fn bodies_have_a_limit() {
        assert_eq!(read(b"12345", 5).await.unwrap(), "12345");
        assert_eq!(read(b"123456", 5).await.unwrap_err().kind(), Code::TooLarge);
        assert_eq!(read(b"", 5).await.unwrap(), "");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, http::HeaderValue::from_static("6"));
        let declared = read_body(&headers, Full::new(Bytes::new()), 5).await;
        assert_eq!(declared.unwrap_err().kind(), Code::TooLarge);
    }

    #[test]
    fn cookies_are_split_from_headers() {
        let mut request = http::Request::new(());
        request.headers_mut().insert("cookie", http::HeaderValue::from_static("a=1; b=x=y"));
        request.headers_mut().insert("x-other", http::HeaderValue::from_static("z"));
        let (parts, ()) = request.into_parts();
        let extracted = Extracted::new(&parts);
        let identity = crate::auth::Authenticator::new(&crate::config::Config {
            db_anon_role: Some("anon".to_owned()),
            ..crate::config::Config::default()
        })
        .authenticate(None, 0)
        .unwrap();
        let caller = extracted.caller("GET", &identity);
        assert_eq!(caller.cookies, r#"{"a":"1","b":"x=y"}"#);
        assert_eq!(caller.headers, r#"{"x-other":"z"}"#);
        assert_eq!(object([("a", "\"\\\t")].into_iter()), r#"{"a":"\"\\\u0009"}"#);
        assert_eq!(text(b"caf\xe9"), "café");
    }
}
