//! Calls of functions: their arguments, and what they return.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    dsl::{
        resource::RowType,
        scalars::{self, cell_of},
        value::{Cell, Scalar, Unreadable, Value, push_json_text},
    },
    error::{Code, Error, Result},
    request::{Action, Invocation, JsonOrigin, Payload, RawKind, Request},
    schema::Ident,
};

/// A function of the database with its arguments.
pub trait Function {
    /// The schema that it is in.
    const SCHEMA: &'static str;
    /// Its name.
    const NAME: &'static str;

    /// Writes the arguments.
    fn write(&self, to: &mut Members);
}

/// A function that returns rows: see [`select_from`](crate::dsl::select_from).
#[diagnostic::on_unimplemented(
    message = "`{Self}` returns no rows",
    label = "`select_from` needs a function that does; others are run by `call`"
)]
pub trait TableFunction: Function {
    /// What they are: rows of a table, or of a type of their own.
    type Table: RowType;
}

/// A function that returns values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` returns no values",
    label = "`call` needs a function that does; one that returns rows is read by `select_from`"
)]
pub trait ValueFunction: Function {
    /// What it returns.
    type Output: Returned;
}

/// What a function can return: a value, nothing, or any number of values.
pub trait Returned: Sized {
    /// Reads the answer to a call.
    ///
    /// # Errors
    ///
    /// It is something else.
    fn read(json: &str) -> Result<Self, Unreadable>;
}

impl<V: Value> Returned for V {
    fn read(json: &str) -> Result<Self, Unreadable> {
        match json {
            // A call that returns nothing is answered with nothing.
            "" | "null" => V::read(Cell::Null).or_else(|_| V::read(Cell::Json("null"))),
            json => V::read(Cell::Json(json)),
        }
    }
}

/// The values that a function returns: a set of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<V>(pub Vec<V>);

impl<V: Value> Returned for Set<V> {
    fn read(json: &str) -> Result<Self, Unreadable> {
        let elements: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|error| Unreadable::new(error.to_string()))?;
        elements.iter().map(|element| V::read(cell_of(element))).collect::<Result<_, _>>().map(Self)
    }
}

impl<V> IntoIterator for Set<V> {
    type Item = V;
    type IntoIter = std::vec::IntoIter<V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The request that a call stands for.
pub fn call_request<F: ValueFunction>(function: &F) -> Request {
    let action = Action::Call { function: Ident::new(F::NAME), invocation: Invocation::Write };
    crate::dsl::read::request(F::SCHEMA, action, Some(payload(function)))
}

/// Reads the answer to a call.
///
/// # Errors
///
/// It is something else than what the function returns.
pub fn read_answer<F: ValueFunction>(body: &[u8]) -> Result<F::Output> {
    let wrong = |error: &dyn std::fmt::Display| {
        let message = format!("The result of '{}.{}' can't be read: {error}", F::SCHEMA, F::NAME);
        Error::new(Code::Internal, message)
            .with_hint("Perhaps the database has changed: compare it to the schema's snapshot")
    };
    let json = std::str::from_utf8(body).map_err(|error| wrong(&error))?;
    F::Output::read(json).map_err(|error| wrong(&error))
}

pub(crate) fn payload(function: &impl Function) -> Payload {
    let mut members = Members::default();
    function.write(&mut members);
    members.into_payload()
}

/// The members of a JSON object, as they are written.
#[derive(Debug, Default)]
pub struct Members {
    json: String,
    keys: BTreeSet<Ident>,
    whole: Option<(RawKind, Bytes)>,
}

impl Members {
    /// Writes a value; null, if there is none.
    pub fn value<V: Value>(&mut self, name: &'static str, value: &V) {
        self.json.push(if self.keys.is_empty() { '{' } else { ',' });
        push_json_text(&mut self.json, name);
        self.json.push(':');
        match value.as_scalar() {
            Some(value) => value.write_json(&mut self.json),
            None => self.json.push_str("null"),
        }
        self.keys.insert(Ident::new(name));
    }

    /// Writes a value if one is given.
    pub fn given<V: Value>(&mut self, name: &'static str, value: &Option<V>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// Writes JSON for a function's only parameter, which has no name and takes all of it.
    pub fn whole_json<S: Scalar>(&mut self, value: &S) {
        let mut json = String::new();
        value.write_json(&mut json);
        self.whole = Some((RawKind::Json, Bytes::from(json)));
    }

    /// Writes text for a function's only parameter, which has no name.
    pub fn whole_text<S: Scalar>(&mut self, value: &S) {
        self.whole = Some((RawKind::Text, Bytes::from(value.to_text().into_owned())));
    }

    /// Writes XML for a function's only parameter, which has no name.
    pub fn whole_xml<S: Scalar>(&mut self, value: &S) {
        self.whole = Some((RawKind::Xml, Bytes::from(value.to_text().into_owned())));
    }

    /// Writes bytes for a function's only parameter, which has no name.
    pub fn whole_bytes<S: Scalar>(&mut self, value: &S) {
        let text = value.to_text();
        let bytes = match scalars::Bytes::from_text(&text) {
            Ok(scalars::Bytes(bytes)) => bytes,
            // What isn't in PostgreSQL's own form is taken as it is.
            Err(_) => text.into_owned().into_bytes(),
        };
        self.whole = Some((RawKind::Bytes, Bytes::from(bytes)));
    }

    pub(crate) fn finish(mut self) -> (String, BTreeSet<Ident>) {
        if self.keys.is_empty() {
            self.json.push('{');
        }
        self.json.push('}');
        (self.json, self.keys)
    }

    pub(crate) fn into_payload(mut self) -> Payload {
        if let Some((kind, raw)) = self.whole.take() {
            return Payload::Raw { raw, kind };
        }
        let (json, keys) = self.finish();
        Payload::Json { raw: Bytes::from(json), keys, origin: JsonOrigin::Json }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_written_as_json() {
        let mut members = Members::default();
        members.value("a", &1_i32);
        members.given("b", &None::<i32>);
        members.given("c", &Some(None::<String>));
        members.value("d\"", &Some("x\"y".to_owned()));
        let (json, keys) = members.finish();
        assert_eq!(json, r#"{"a":1,"c":null,"d\"":"x\"y"}"#);
        assert_eq!(keys.len(), 3);
        assert_eq!(Members::default().finish().0, "{}");
    }

    #[test]
    fn a_parameter_without_a_name_takes_everything() {
        let payload = |write: &dyn Fn(&mut Members)| {
            let mut members = Members::default();
            write(&mut members);
            members.into_payload()
        };
        let raw = |kind, raw: &'static [u8]| Payload::Raw { raw: Bytes::from_static(raw), kind };
        let json = scalars::Json::from(vec![1]);
        assert_eq!(payload(&|to| to.whole_json(&json)), raw(RawKind::Json, b"[1]"));
        let text = "a\"b".to_owned();
        assert_eq!(payload(&|to| to.whole_text(&text)), raw(RawKind::Text, b"a\"b"));
        assert_eq!(payload(&|to| to.whole_xml(&text)), raw(RawKind::Xml, b"a\"b"));
        let bytes = scalars::Bytes(vec![0, 255]);
        assert_eq!(payload(&|to| to.whole_bytes(&bytes)), raw(RawKind::Bytes, b"\x00\xff"));
    }

    #[test]
    fn what_is_returned_is_read_from_json() {
        assert_eq!(<Option<i32> as Returned>::read("null"), Ok(None));
        assert_eq!(<i32 as Returned>::read("7"), Ok(7));
        assert_eq!(<() as Returned>::read(""), Ok(()));
        assert_eq!(Set::<Option<i32>>::read("[1, null]"), Ok(Set(vec![Some(1), None])));
        assert!(Set::<i32>::read("{}").is_err());
    }
}
