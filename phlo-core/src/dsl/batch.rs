//! New rows on their way into one statement. Takes rows one after the other, gives them to a request
//! as its payload.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::{
    dsl::{call::Members, write::NewRow},
    request::{JsonOrigin, Missing, Payload, Request},
    schema::Ident,
};

/// Some rows.
#[derive(Debug, Default)]
pub(crate) struct NewRows {
    /// An array that is still open.
    json: String,
    /// The columns that any of the rows gives.
    keys: BTreeSet<Ident>,
    /// Whether some give others than the rest.
    differ: bool,
}

impl NewRows {
    /// Adds a row.
    pub(crate) fn push(&mut self, row: &impl NewRow) {
        let mut members = Members::default();
        row.write(&mut members);
        let (object, keys) = members.finish();
        self.differ |= !self.is_empty() && keys != self.keys;
        self.json.push(if self.is_empty() { '[' } else { ',' });
        self.json.push_str(&object);
        self.keys.extend(keys);
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// How many bytes of JSON they are.
    #[cfg(any(feature = "pipeline", feature = "sqlx"))]
    pub(crate) fn len(&self) -> usize {
        self.json.len()
    }

    /// Makes them the rows of a request. Columns that some of them leave out take their default.
    pub(crate) fn put_into(mut self, request: &mut Request) {
        if self.json.is_empty() {
            self.json.push('[');
        }
        self.json.push(']');
        request.query.columns = self.differ.then(|| self.keys.clone());
        request.preferences.missing = self.differ.then_some(Missing::Default);
        request.payload = Some(Payload::Json {
            raw: Bytes::from(self.json),
            keys: self.keys,
            origin: JsonOrigin::Json,
        });
    }
}
