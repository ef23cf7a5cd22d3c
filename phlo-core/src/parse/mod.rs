//! The URL grammar: text in, a request out. Never sees the schema.
//!
//! Takes a method, a path, a query string, headers and a body; gives what was asked, or an error
//! with a position. Does no I/O, keeps nothing, and never panics: whatever a client sends is read
//! once, within [`Limits`]. The grammar itself is written down in `docs/grammar.md`.

mod accept;
mod cursor;
mod filter;
mod input;
mod key;
mod logic;
mod name;
mod order;
mod page;
mod params;
mod payload;
mod prefer;
mod query;
mod select;
mod target;
mod trouble;

#[cfg(test)]
mod properties;

pub use self::{
    accept::{accept, media_type},
    input::{Asked, Input, Limits, Options, Parsed, Root, get, request, request_without_rows},
    page::range_header,
    params::canonical_query,
    payload::{BatchLimits, RowFormat, RowReader},
    prefer::{TransactionOverride, preferences},
    query::{PlainValue, query},
};
