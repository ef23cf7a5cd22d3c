//! Writes JSON and CSV from plain rows, byte for byte as PostgreSQL would.
//!
//! Takes values in PostgreSQL's text format, as they come over the wire, and the [`Kind`] of each
//! column; gives what `json_agg(row)`, `row_to_json(row)` or `row::text` would have given. Knows
//! nothing of plans, requests and connections.
//!
//! # What the session must have
//!
//! - `client_encoding` is `UTF8`.
//! - `DateStyle` is one of the `ISO` ones, for JSON with dates and timestamps: `to_json` writes them
//!   in ISO form whatever the setting is. Another style is found out and refused.
//!
//! Nothing else matters: `IntervalStyle`, `TimeZone`, `bytea_output`, `extra_float_digits` and
//! `lc_monetary` change a value's text and what `to_json` makes of it in the same way.
//!
//! # Example
//!
//! ```
//! use bytes::BytesMut;
//! use phlo_core::encode::{JsonRows, Kind, Layout, Nulls};
//! use phlo_core::schema::QualifiedName;
//!
//! let kind = |name| Kind::of(&QualifiedName::new("pg_catalog", name)).unwrap();
//! let columns = [("id", kind("int8")), ("at", kind("timestamptz")), ("tags", kind("_text"))];
//! let mut rows = JsonRows::new(columns, Layout::Array, Nulls::Kept);
//! let mut out = BytesMut::new();
//! rows.push([Some(&b"7"[..]), Some(b"2024-01-02 03:04:05+00"), Some(b"{a,NULL}")], &mut out)?;
//! rows.push([Some(&b"8"[..]), None, None], &mut out)?;
//! rows.finish(&mut out);
//! assert_eq!(
//!     out,
//!     "[{\"id\":7,\"at\":\"2024-01-02T03:04:05+00:00\",\"tags\":[\"a\",null]}, \n \
//!      {\"id\":8,\"at\":null,\"tags\":null}]",
//! );
//! # Ok::<(), phlo_core::Error>(())
//! ```

mod array;
mod chunk;
mod csv;
mod elements;
mod json;
mod kind;
#[cfg(test)]
mod properties;
mod scan;
mod value;

pub(crate) use self::value::put_scalar;
pub use self::{
    chunk::{Chunks, RowWriter},
    csv::CsvRows,
    elements::Elements,
    json::{JsonRows, Layout, Nulls},
    kind::{Kind, Scalar},
};
