//! Tables as types: what a generated module says about each, and what can be selected of it.

use crate::{
    dsl::row::{Fields, Projection},
    error::Result,
};

/// A table or view, as a type that stands for it.
///
/// ```
/// use phlo_core::dsl::{Column, Fields, Item, Record, Table};
///
/// /// The films of the catalogue.
/// #[derive(Clone, Copy, Debug)]
/// struct Films;
///
/// impl Table for Films {
///     const SCHEMA: &'static str = "api";
///     const NAME: &'static str = "films";
///     type Row = Film;
/// }
///
/// const ID: Column<Films, i64> = Column::new("id");
/// const TITLE: Column<Films, String> = Column::new("title");
///
/// #[derive(Debug)]
/// struct Film {
///     id: i64,
///     title: String,
/// }
///
/// impl Record for Film {
///     type Table = Films;
///     const COLUMNS: &'static [Item] = &[ID.as_item(), TITLE.as_item()];
///
///     fn read(fields: &mut Fields<'_>) -> phlo_core::Result<Self> {
///         Ok(Self { id: fields.next()?, title: fields.next()? })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no table",
    label = "a table's type is wanted here, such as `Films` of a module `films`"
)]
pub trait Table: Copy {
    /// The schema that it is in.
    const SCHEMA: &'static str;
    /// Its name.
    const NAME: &'static str;
    /// A whole row of it.
    type Row: Record<Table = Self>;
}

/// A type that stands for rows: those of a table, or those that a function returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stands for no rows",
    label = "a table's type is wanted here, such as `Films` of a module `films`"
)]
pub trait RowType: Copy {
    /// A whole row.
    type Row: Record<Table = Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Table> RowType for T {
    type Row = <T as Table>::Row;
}

/// A table whose rows can be deleted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is read-only: its rows can't be deleted",
    label = "this view can't be written to"
)]
pub trait Deletable: Table {}

/// A struct that holds some columns of a table's row.
///
/// [`record!`](crate::record) makes one. A record can be selected, and is then what a query gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of a table",
    label = "a struct with columns of a table is wanted here"
)]
pub trait Record: Sized {
    /// The table, or the type of the rows that a function returns.
    type Table: RowType;
    /// The columns, in the order in which they are read.
    const COLUMNS: &'static [Item];

    /// Reads the columns.
    ///
    /// # Errors
    ///
    /// The database sent something else than the columns' types.
    fn read(fields: &mut Fields<'_>) -> Result<Self>;
}

/// A column as it is to be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    pub(crate) name: &'static str,
    pub(crate) cast: Option<&'static str>,
}

/// What a query can give for each row: a column, an aggregate, a relation, a table's whole row, or
/// a tuple of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be selected from `{T}`",
    label = "this is no column or relation of `{T}`",
    note = "a query can select columns, aggregates and relations of its own table, and tuples of up \
            to twelve of them"
)]
pub trait Selection<T> {
    /// What it gives.
    type Output;

    /// Says what to select.
    fn project(&self, to: &mut Projection);

    /// Reads what was selected, in the same order.
    ///
    /// # Errors
    ///
    /// The database sent something else.
    fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output>;
}

/// A table stands for its whole row.
impl<T: RowType> Selection<T> for T {
    type Output = T::Row;

    fn project(&self, to: &mut Projection) {
        to.columns(T::Row::COLUMNS);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<T::Row> {
        T::Row::read(fields)
    }
}

macro_rules! tuples {
    ($($(($name:ident $at:tt))*;)*) => {$(
        impl<T, $($name: Selection<T>),*> Selection<T> for ($($name,)*) {
            type Output = ($($name::Output,)*);

            fn project(&self, to: &mut Projection) {
                $(self.$at.project(to);)*
            }

            fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output> {
                Ok(($(self.$at.read(fields)?,)*))
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0) (B 1);
    (A 0) (B 1) (C 2);
    (A 0) (B 1) (C 2) (D 3);
    (A 0) (B 1) (C 2) (D 3) (E 4);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9) (K 10);
    (A 0) (B 1) (C 2) (D 3) (E 4) (F 5) (G 6) (H 7) (I 8) (J 9) (K 10) (L 11);
}

/// Selects a record: see [`fields_of`].
#[derive(Debug)]
pub struct Whole<R>(std::marker::PhantomData<fn() -> R>);

/// A record as a selection: a query gives values of that struct.
///
/// ```
/// # use phlo_core::dsl::{fields_of, select};
/// # mod api { pub use phlo_core::dsl::sample::films; }
/// use api::films::{self, Films};
///
/// phlo_core::record! {
///     /// What a list of films shows.
///     pub struct Title: Films {
///         id: i64 = films::ID,
///         title: String = films::TITLE,
///     }
/// }
///
/// let query = select(Films).columns(fields_of::<Title>());
/// assert_eq!(query.to_query_string(), "select=id,title");
/// ```
pub fn fields_of<R: Record>() -> Whole<R> {
    Whole(std::marker::PhantomData)
}

impl<R: Record> Selection<R::Table> for Whole<R> {
    type Output = R;

    fn project(&self, to: &mut Projection) {
        to.columns(R::COLUMNS);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<R> {
        R::read(fields)
    }
}

/// Makes a struct of some columns of a table: a [`Record`](crate::dsl::Record).
///
/// Each field names its column. See [`fields_of`](crate::dsl::fields_of) for how to select it.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $visible:vis struct $name:ident: $table:ty {
        $($(#[$field_meta:meta])* $field_visible:vis $field:ident: $type:ty = $column:expr),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $visible struct $name {
            $($(#[$field_meta])* $field_visible $field: $type,)*
        }

        impl $crate::dsl::Record for $name {
            type Table = $table;
            const COLUMNS: &'static [$crate::dsl::Item] = &[$({
                // A field whose type isn't the column's is an error here.
                const COLUMN: $crate::dsl::Column<$table, $type> = $column;
                COLUMN.as_item()
            }),*];

            fn read(fields: &mut $crate::dsl::Fields<'_>) -> $crate::error::Result<Self> {
                Ok(Self { $($field: fields.next()?,)* })
            }
        }
    };
}

/// Makes a module of what `phlo-schema-gen` has generated in the crate's build script.
///
/// ```ignore
/// phlo_core::include_schema!(pub mod api);
/// ```
#[macro_export]
macro_rules! include_schema {
    ($(#[$meta:meta])* $visible:vis mod $name:ident) => {
        $(#[$meta])*
        #[allow(dead_code, unreachable_pub, reason = "not everything generated is used")]
        $visible mod $name {
            include!(concat!(env!("OUT_DIR"), "/phlo.rs"));
        }
    };
}
