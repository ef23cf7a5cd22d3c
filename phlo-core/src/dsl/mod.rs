//! Typed queries: what is asked for in Rust, with tables, columns and relations as constants.
//!
//! Takes calls, gives the same [`Request`](crate::request::Request) that the URL grammar gives; sees
//! no text, no schema and no database. What makes no sense doesn't compile.
//!
//! The constants come from `phlo-schema-gen`: a module for each table, with its columns in capital
//! letters, a struct `Row`, and structs `Insert` and `Update` where it can be written to.
//!
//! ```
//! # use phlo_core::dsl::sample::{directors, films};
//! use directors::Directors;
//! use films::Films;
//! use phlo_core::dsl::{delete, insert, select, update};
//!
//! // Whole rows, or some columns as a tuple, filtered and in order.
//! let new = select(Films).filter(films::YEAR.gte(2000)).order(films::TITLE.asc()).limit(10);
//! let titles = select(Films).columns((films::ID, films::TITLE));
//!
//! // Rows of other tables within each row, with filters of their own.
//! let with_films = select(Directors).columns((
//!     directors::NAME,
//!     directors::FILMS.columns(films::TITLE).filter(films::YEAR.gt(1990)).limit(3),
//! ));
//! assert_eq!(
//!     with_films.to_query_string(),
//!     "select=name,films:films!films_director_id_fkey(title)&films.limit=3&films.year=gt.1990",
//! );
//!
//! // Aggregates, grouped by what else is selected.
//! let per_year = select(Films).columns((films::YEAR, films::ID.count()));
//!
//! // Changes. Those of existing rows must say which.
//! let added = insert(films::Insert::new("Alien")).returning(films::ID);
//! let renamed = update(films::Update { title: Some("Aliens".into()), ..Default::default() })
//!     .filter(films::ID.eq(7));
//! let gone = delete(Films).filter(films::YEAR.lt(1900));
//! ```
//!
//! A [`Database`](crate::db::Database) runs them.
//!
//! # What doesn't compile
//!
//! - a column of another table: in `columns`, `filter`, `order` or anywhere else;
//! - a comparison to a value of another type than the column's;
//! - an operator that the type lacks, such as `like` of a number or `gt` of JSON;
//! - a new row without a required column, or with a generated one;
//! - any change of a view that can't be written to;
//! - an update or a delete that doesn't say of which rows: say `every_row` if you mean it.

pub mod as_json;
mod call;
mod column;
mod filter;
mod foreign;
mod read;
mod relation;
mod resource;
mod row;
#[doc(hidden)]
pub mod sample;
mod scalars;
mod types;
mod value;
mod write;

#[cfg(feature = "chrono")]
pub use chrono;
#[cfg(feature = "jiff")]
pub use jiff;
#[cfg(feature = "rust_decimal")]
pub use rust_decimal;
#[cfg(feature = "time")]
pub use time;
#[cfg(feature = "uuid")]
pub use uuid;

pub use self::{
    call::{
        Function, Members, Returned, Set, TableFunction, ValueFunction, call_request, read_answer,
    },
    column::{Aggregated, Column, JsonText, Order, count_rows},
    filter::Filter,
    read::{Keys, Query, Select, select, select_from},
    relation::{Cardinality, Embed, Many, One, Present, Related, Relation, ToMany, ToOne},
    resource::{Deletable, Item, Record, Selection, Table, Whole, fields_of},
    row::{Casts, Cells, Fields, Layout, Projection},
    scalars::{Bytes, Json},
    types::{
        Container, Date, Decimal, Interval, Money, Ordered, Other, Overlapping, Range, Searchable,
        Summable, Textual, TimeOfDay, Timestamp, Timestamptz, Tsvector, Uuid,
    },
    value::{Cell, Newtype, Operand, Scalar, Unreadable, Value},
    write::{
        Change, Changes, Columns, Delete, Insert, NewRow, Returning, Unscoped, Update, delete,
        insert, insert_all, update,
    },
};
