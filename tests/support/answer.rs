//! What came back, and how tests say what they expect.

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use serde_json::Value;

/// An answer with its body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn read<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    /// A header; empty if it isn't there, joined by `, ` if it is there several times.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
    }

    /// Checks the status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// Checks that it is a success with this JSON.
    #[expect(clippy::needless_pass_by_value, reason = "it is given as `json!(..)`")]
    #[track_caller]
    pub fn gives(&self, expected: Value) -> &Self {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        assert_eq!(self.json(), expected);
        self
    }

    /// Checks that it is an error with this status and this body, all of it: the code, the message,
    /// the details and the hint.
    #[track_caller]
    pub fn refuses(&self, status: u16, expected: Value) -> &Self {
        assert_eq!((self.status, self.json()), (status, expected));
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
        self
    }

    /// The code of the error that it is.
    #[track_caller]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_else(|| panic!("{}", self.text())).to_owned()
    }

    /// Checks a header.
    #[track_caller]
    pub fn has(&self, name: &str, value: &str) -> &Self {
        assert_eq!(self.header(name), value, "{name}");
        self
    }
}
