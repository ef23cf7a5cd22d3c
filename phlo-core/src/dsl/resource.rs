//! Tables as types: what a generated module says about each, and what can be selected of it.

use crate::{
    dsl::{
        record::Record,
        row::{Fields, Projection},
    },
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
        T::Row::project(to);
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
