//! What the body of a request holds.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::schema::Ident;

/// What the body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// JSON: an object, or an array of objects with the same keys.
    ///
    /// With `columns` in the query string the bytes are forwarded unread, and may be anything.
    Json {
        /// The JSON as it came (or as it was made from CSV or a form).
        raw: Bytes,
        /// The keys of every object; those of `columns` if it was given.
        keys: BTreeSet<Ident>,
        /// What it was before it was JSON.
        origin: JsonOrigin,
    },
    /// A form: arguments of a function, whose names may repeat.
    Form(Vec<(Ident, String)>),
    /// Bytes for a function with a single unnamed parameter, of the body's media type.
    ///
    /// Of a body in JSON it is not known that it is meant so; a typed call says it.
    Raw {
        /// The bytes.
        raw: Bytes,
        /// What they are.
        kind: RawKind,
    },
}

/// What JSON was before it was JSON. A function takes it as a whole only as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonOrigin {
    /// JSON.
    Json,
    /// Lines of CSV.
    Csv,
    /// Lines of JSON.
    Lines,
    /// The fields of a form.
    Form,
}

/// What raw bytes are; decides the type of the parameter that takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawKind {
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/octet-stream`
    Bytes,
    /// `application/json`
    Json,
}
