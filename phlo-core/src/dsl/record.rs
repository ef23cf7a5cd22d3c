//! Structs that a query gives: some columns of a row, and what its relations lead to.

use std::marker::PhantomData;

use crate::{
    dsl::{
        resource::{Item, RowType, Selection},
        row::{Fields, Projection},
    },
    error::Result,
};

/// A struct that holds some of a table's row.
///
/// [`record!`](crate::record) makes one. A record can be selected, and is then what a query gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no row of a table",
    label = "a struct with columns of a table is wanted here"
)]
pub trait Record: Sized {
    /// The table, or the type of the rows that a function returns.
    type Table: RowType;
    /// The columns, in the order in which they are read; none if [`project`](Self::project) says
    /// what is selected.
    const COLUMNS: &'static [Item] = &[];

    /// Says what to select.
    fn project(to: &mut Projection) {
        to.columns(Self::COLUMNS);
    }

    /// Reads what was selected, in the same order.
    ///
    /// # Errors
    ///
    /// The database sent something else than the types of the fields.
    fn read(fields: &mut Fields<'_>) -> Result<Self>;
}

/// Selects a record: see [`fields_of`].
#[derive(Debug)]
pub struct Whole<R>(PhantomData<fn() -> R>);

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
    Whole(PhantomData)
}

impl<R: Record> Selection<R::Table> for Whole<R> {
    type Output = R;

    fn project(&self, to: &mut Projection) {
        R::project(to);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<R> {
        R::read(fields)
    }
}

/// Selects a field of a record.
#[doc(hidden)]
#[expect(clippy::needless_pass_by_value, reason = "a mistake is then shown where the value is")]
pub fn project_field<T>(filled: impl Selection<T>, to: &mut Projection) {
    filled.project(to);
}

/// Reads a field of a record.
#[doc(hidden)]
#[expect(clippy::needless_pass_by_value, reason = "a mistake is then shown where the value is")]
pub fn read_field<T, V>(
    filled: impl Selection<T, Output = V>,
    fields: &mut Fields<'_>,
) -> Result<V> {
    filled.read(fields)
}

/// Makes a struct of some columns of a table, and of what its relations lead to: a
/// [`Record`](crate::dsl::Record).
///
/// Each field says what it is filled with: a column, a place in JSON, an aggregate, or a relation.
/// [`fields_of`](crate::dsl::fields_of) selects it.
///
/// ```
/// # use phlo_core::dsl::{fields_of, select};
/// # mod api { pub use phlo_core::dsl::sample::{directors, films}; }
/// use api::{directors::{self, Directors}, films::{self, Films}};
///
/// phlo_core::record! {
///     struct Title: Films {
///         title: String = films::TITLE,
///         year: Option<i32> = films::YEAR,
///     }
/// }
///
/// phlo_core::record! {
///     struct Portrait: Directors {
///         name: String = directors::NAME,
///         born: Option<String> = directors::NOTES.text_at("born"),
///         films: Vec<Title> = directors::FILMS.columns(fields_of::<Title>()).limit(3),
///     }
/// }
///
/// let query = select(Directors).columns(fields_of::<Portrait>());
/// assert_eq!(
///     query.to_query_string(),
///     "select=name,born:notes-%3E%3Eborn,films:films!films_director_id_fkey(title,year)\
///      &films.limit=3",
/// );
/// ```
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $visible:vis struct $name:ident: $table:ty {
        $($(#[$field_meta:meta])* $field_visible:vis $field:ident: $type:ty = $filled:expr),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $visible struct $name {
            $($(#[$field_meta])* $field_visible $field: $type,)*
        }

        impl $crate::dsl::Record for $name {
            type Table = $table;

            fn project(to: &mut $crate::dsl::Projection) {
                $($crate::dsl::project_field::<$table>($filled, to);)*
            }

            fn read(fields: &mut $crate::dsl::Fields<'_>) -> $crate::error::Result<Self> {
                Ok(Self {
                    $($field: $crate::dsl::read_field::<$table, $type>($filled, fields)?,)*
                })
            }
        }
    };
}
