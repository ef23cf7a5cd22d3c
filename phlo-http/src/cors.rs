//! Cross-origin requests: which pages may use the API from a browser.

use http::{HeaderMap, Method, StatusCode, header};

use crate::respond::Reply;

const METHODS: &str = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD";
const EXPOSED: &str = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, \
                       Location, Server, Transfer-Encoding, Range-Unit";
/// How long browsers may remember the answer, in seconds: a day.
const MAX_AGE: &str = "86400";

/// The answer to a preflight; none if the request isn't one.
pub fn preflight(allowed: &[String], method: &Method, headers: &HeaderMap) -> Option<Reply> {
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut reply = Reply::new(StatusCode::OK);
    if !allow_origin(&mut reply, allowed, headers) {
        return None;
    }
    reply.add(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    let mut requested = String::from("Authorization");
    if let Some(names) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        for name in String::from_utf8_lossy(names.as_bytes()).split(',') {
            requested.push_str(", ");
            requested.push_str(name.trim());
        }
    }
    for name in ["Accept", "Accept-Language", "Content-Language"] {
        requested.push_str(", ");
        requested.push_str(name);
    }
    reply.add(header::ACCESS_CONTROL_ALLOW_HEADERS, requested);
    reply.add(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Some(reply)
}

/// Tells the browser that a page may see a reply.
pub fn expose(reply: &mut Reply, allowed: &[String], headers: &HeaderMap) {
    if allow_origin(reply, allowed, headers) {
        reply.add(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

fn allow_origin(reply: &mut Reply, allowed: &[String], headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    if allowed.is_empty() {
        if !reply.has(&header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            reply.add(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        }
        return true;
    }
    let known = allowed.iter().any(|own| own.as_bytes() == origin.as_bytes());
    if known {
        reply.headers.retain(|(name, _)| name != header::ACCESS_CONTROL_ALLOW_ORIGIN);
        reply.add(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.as_bytes());
        reply.add(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn preflights_are_answered() {
        let asked = headers(&[
            (header::ORIGIN, "http://example.com"),
            (header::ACCESS_CONTROL_REQUEST_METHOD, "POST"),
            (header::ACCESS_CONTROL_REQUEST_HEADERS, "Foo,Bar"),
        ]);
        let reply = preflight(&[], &Method::OPTIONS, &asked).unwrap();
        assert!(reply.has(&header::ACCESS_CONTROL_ALLOW_METHODS));
        assert!(preflight(&[], &Method::GET, &asked).is_none());
        let others = ["http://other.com".to_owned()];
        assert!(preflight(&others, &Method::OPTIONS, &asked).is_none());
    }

    #[test]
    fn known_origins_are_echoed_with_credentials() {
        let asked = headers(&[(header::ORIGIN, "http://a.com")]);
        let mut reply = Reply::new(StatusCode::OK);
        expose(&mut reply, &["http://a.com".to_owned()], &asked);
        assert!(reply.has(&header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let mut reply = Reply::new(StatusCode::OK);
        expose(&mut reply, &["http://b.com".to_owned()], &asked);
        assert!(reply.headers.is_empty());
    }
}
