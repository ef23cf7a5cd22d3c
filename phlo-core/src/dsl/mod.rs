//! Typed queries: what is asked for in Rust, with tables, columns and relations as constants.
//!
//! Takes calls, gives the same [`Request`](crate::request::Request) that the URL grammar gives; sees
//! no text, no schema and no database. What makes no sense doesn't compile.
//!
//! The constants come from `phlo-schema-gen`: a module for each table, with its columns in capital
//! letters, its relations, a struct `Row`, and structs `Insert` and `Update` where it can be written
//! to; a struct for each function in the module `functions`, and a module for the rows of those that
//! return some of their own. A [`Database`](crate::db::Database) runs what is made of them.
//!
//! ```
//! # use phlo_core::dsl::sample::films;
//! use films::Films;
//! use phlo_core::dsl::select;
//!
//! let recent = select(Films).filter(films::YEAR.gte(2000)).order(films::TITLE.asc()).limit(10);
//! ```
//!
//! # What a query gives
//!
//! Whole rows, until [`columns`](Select::columns) says otherwise: a column, or a tuple of whatever
//! can be [selected](Selection), or a struct of your own, by [`record!`](crate::record).
//!
//! ```
//! # use phlo_core::dsl::{fields_of, select, sample::films::{self, Films}};
//! phlo_core::record! {
//!     struct Title: Films {
//!         id: i64 = films::ID,
//!         title: String = films::TITLE,
//!     }
//! }
//!
//! let titles = select(Films).columns((films::ID, films::TITLE));
//! let the_same = select(Films).columns(fields_of::<Title>());
//! ```
//!
//! # Of which rows
//!
//! A [`Column`] has a method for each operator that its type allows, and [`Filter`]s are joined with
//! `&`, `|` and `!`. Where there is a list of values, there is [`is_in`](Column::is_in), or a
//! comparison with [any](Column::like_any) or [all](Column::gt_all) of them.
//!
//! ```
//! # use phlo_core::dsl::{Search, select, sample::{films::{self, Films}, screenings::{self, Screenings}}};
//! let query = select(Films)
//!     .filter(films::YEAR.lt(1980) | films::RATING.is_null())
//!     .filter(!films::TITLE.like_any(["The %", "A %"]))
//!     .filter(films::TITLE.search(Search::words("alien")));
//! let in_june = select(Screenings)
//!     .filter(screenings::DURING.overlaps("[2024-06-01,2024-07-01)"))
//!     .filter(screenings::PRICES.contains(vec![8]));
//! ```
//!
//! # In which order, and how many
//!
//! ```
//! # use phlo_core::dsl::{select, sample::{directors, films::{self, Films}}};
//! // Rows are ordered by columns of their own, or of a row that a relation leads to.
//! let by_director = select(Films)
//!     .order(directors::NAME.asc().nulls_last().of(films::DIRECTOR))
//!     .order(films::YEAR.desc())
//!     .limit(20)
//!     .offset(40);
//! // The next page after a row that is known, which an index finds however far it is.
//! let next = select(Films).after((films::TITLE.asc(), films::ID.asc()), Some(("Alien", 7))).limit(20);
//! ```
//!
//! # More than one table
//!
//! What a [`Relation`] leads to is nested in each row: an `Option`, or a `Vec`. It has a selection,
//! conditions, an order and a limit of its own. A relation can also decide which rows there are.
//!
//! ```
//! # use phlo_core::dsl::{select, sample::{directors::{self, Directors}, films}};
//! let with_films = select(Directors)
//!     .columns((
//!         directors::NAME,
//!         directors::FILMS.columns(films::TITLE).filter(films::YEAR.gt(1990)).limit(3),
//!     ))
//!     .having(directors::FILMS.filter(films::YEAR.lt(1980)));
//! let without_films = select(Directors).lacking(directors::FILMS);
//! assert_eq!(
//!     with_films.to_query_string(),
//!     "select=name,films:films!films_director_id_fkey(title),\
//!      films_2:films!films_director_id_fkey!inner()\
//!      &films.limit=3&films.year=gt.1990&films_2.year=lt.1980",
//! );
//! ```
//!
//! # Inside JSON and arrays
//!
//! [`at`](Column::at) steps into JSON, and [`text_at`](Column::text_at) takes the text that is there.
//! The place is filtered by, ordered by and selected as a column is.
//!
//! ```
//! # use phlo_core::dsl::{select, sample::directors::{self, Directors}};
//! let query = select(Directors)
//!     .columns(directors::NOTES.at("lived").at(0).text_at("city"))
//!     .filter(directors::NOTES.at("born").gt(1930))
//!     .order(directors::NOTES.text_at("nickname").asc());
//! ```
//!
//! # Aggregates
//!
//! A query that selects one has a row for each combination of what else it selects.
//!
//! ```
//! # use phlo_core::dsl::{count_rows, select, sample::films::{self, Films}};
//! let per_director = select(Films).columns((films::DIRECTOR_ID, count_rows(), films::YEAR.max()));
//! ```
//!
//! # Changes
//!
//! Those of existing rows must say which. They give what they changed, if that is asked for.
//!
//! ```
//! # use phlo_core::dsl::{delete, insert, insert_all, update, sample::films::{self, Films}};
//! let added = insert(films::Insert::new("Alien")).returning(films::ID);
//! let some = ["Heat", "Ran"].map(films::Insert::new);
//! let unless_there = insert_all(some).or_ignore(films::TITLE);
//! let renamed = update(films::Update { title: Some("Aliens".into()), ..Default::default() })
//!     .filter(films::ID.eq(7))
//!     .returning_rows();
//! // Nothing is kept of a change of more rows than this.
//! let gone = delete(Films).filter(films::YEAR.lt(1900)).max_affected(100);
//! ```
//!
//! # Functions
//!
//! Values that one returns are given by [`Database::call`](crate::db::Database::call). Rows that one
//! returns are read as those of a table are.
//!
//! ```
//! # use phlo_core::dsl::{select_from, sample::{functions, search_films}};
//! let search = functions::SearchFilms { words: "alien".into(), limit: None };
//! let found = select_from(&search)
//!     .columns((search_films::ID, search_films::TITLE))
//!     .filter(search_films::ID.gt(100))
//!     .order(search_films::TITLE.asc());
//! // A parameter without a name takes everything.
//! let call = functions::CountMembers([("a", 1)].into_iter().collect());
//! ```
//!
//! # What doesn't compile
//!
//! - a column of another table: in `columns`, `filter`, `order` or anywhere else;
//! - a comparison to a value of another type than the column's;
//! - an operator that the type lacks, such as `like` of a number or `eq` of a `json`;
//! - an order by one of the many rows that a relation leads to;
//! - a new row without a required column, or with a generated one;
//! - any change of a view that can't be written to;
//! - an update or a delete that doesn't say of which rows: say `every_row` if you mean it.

mod aggregate;
pub mod as_json;
mod batch;
mod call;
mod column;
mod compare;
mod filter;
mod foreign;
mod json;
mod order;
mod quantified;
mod range;
mod read;
mod record;
mod relation;
mod resource;
mod row;
#[doc(hidden)]
pub mod sample;
mod scalars;
mod search;
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

#[cfg(any(feature = "pipeline", feature = "sqlx"))]
pub(crate) use self::batch::NewRows;
pub use self::{
    aggregate::{Aggregated, count_rows},
    call::{Function, Members, Returned, Set, TableFunction, ValueFunction},
    column::{Column, Inside, Place, Plain},
    filter::Filter,
    json::{Document, JsonPart, JsonText, PlainJson, Step},
    order::{AtMostOne, Key, Order, OrderOf, Term},
    read::{Keys, Query, Select, select, select_from},
    record::{Record, Whole, fields_of, project_field, read_field},
    relation::{Cardinality, Embed, Many, One, Present, Related, Relation, ToMany, ToOne},
    resource::{Deletable, Item, RowType, Selection, Table},
    scalars::{Bytes, Json},
    search::Search,
    types::{
        Comparable, Container, Date, Decimal, Extreme, Interval, Money, Multirange, Ordered, Other,
        Overlapping, Range, Searchable, Spanning, Summable, Textual, TimeOfDay, Timestamp,
        Timestamptz, Tsvector, Uuid,
    },
    value::{Cell, Newtype, Operand, Scalar, Unreadable, Value},
    write::{
        Change, Changes, Columns, Delete, Insert, NewRow, Returning, Unscoped, Update, delete,
        insert, insert_all, update,
    },
};
#[doc(hidden)] // What generated code and executors are made of.
pub use self::{
    call::{call_request, read_answer},
    row::{Casts, Cells, Fields, Layout, Projection},
};
