//! A request on its way to a service.

use std::{future::IntoFuture, pin::Pin};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    service::{Service, sign},
};

/// A request; waiting for it sends it.
#[derive(Debug)]
pub struct Ask<'a> {
    service: &'a Service,
    request: Request<Bytes>,
}

impl<'a> Ask<'a> {
    /// A request for a path with its query string; see [`encode`].
    pub(crate) fn new(service: &'a Service, method: &str, target: &str) -> Self {
        let request = Request::builder().method(method).uri(encode(target)).body(Bytes::new());
        Self { service, request: request.unwrap_or_else(|error| panic!("{target}: {error}")) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.request.headers_mut().append(name, HeaderValue::try_from(value).unwrap());
        self
    }

    /// Adds preferences.
    #[must_use]
    pub fn prefer(self, value: &str) -> Self {
        self.header("prefer", value)
    }

    /// Adds an acceptable media type.
    #[must_use]
    pub fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    /// Asks for one object.
    #[must_use]
    pub fn object(self) -> Self {
        self.accept("application/vnd.pgrst.object+json")
    }

    /// Asks with a token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Asks with a token of these claims.
    #[must_use]
    pub fn claims(self, claims: Value) -> Self {
        let token = sign(claims);
        self.token(&token)
    }

    /// Asks as a role.
    #[must_use]
    pub fn role(self, role: &str) -> Self {
        self.claims(json!({"role": role}))
    }

    /// Asks as a member of that name.
    #[must_use]
    pub fn member(self, name: &str) -> Self {
        self.claims(json!({"role": "member", "sub": name}))
    }

    /// Asks as somebody who may do everything in the library.
    #[must_use]
    pub fn librarian(self) -> Self {
        self.role("librarian")
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends a body of a media type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        let media_type = HeaderValue::try_from(media_type).unwrap();
        self.request.headers_mut().insert(header::CONTENT_TYPE, media_type);
        *self.request.body_mut() = body.into();
        self
    }
}

impl<'a> IntoFuture for Ask<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { service, request } = self;
        Box::pin(
            async move { Answer::read(service.api().answer(request.map(Full::new)).await).await },
        )
    }
}

/// Percent-encodes what no URI can hold, as browsers do; everything else stays as it is.
pub(crate) fn encode(target: &str) -> String {
    let mut encoded = String::new();
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_uri_can_hold_is_encoded() {
        assert_eq!(
            encode("/a?b->>c=eq.\"ö %25\"&d=(e)"),
            "/a?b-%3E%3Ec=eq.%22%C3%B6%20%25%22&d=(e)"
        );
    }
}
