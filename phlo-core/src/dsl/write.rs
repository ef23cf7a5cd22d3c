//! Changes: new rows, new values, no more of some rows, and what is returned of them.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        batch::NewRows,
        call::Members,
        column::Column,
        filter::Filter,
        read::{Query, add, request},
        resource::{Deletable, Selection, Table},
        row::{Casts, Fields, Layout, Projection},
    },
    error::Result,
    request::{Action, Handling, Mutation, Payload, Representation, Request, Resolution},
    schema::Ident,
};

/// A struct that holds a new row: a table's `Insert`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no new row of a table",
    label = "a table's `Insert` is wanted here",
    note = "a view that can't be written to has none"
)]
pub trait NewRow {
    /// The table.
    type Table: Table;

    /// Writes the columns that are given.
    fn write(&self, to: &mut Members);
}

/// A struct that holds new values for rows: a table's `Update`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no new values for a table",
    label = "a table's `Update` is wanted here",
    note = "a view that can't be written to has none"
)]
pub trait Changes {
    /// The table.
    type Table: Table;

    /// Writes the columns that are given.
    fn write(&self, to: &mut Members);
}

/// A change that can be run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no change that can be run",
    label = "this is no complete change",
    note = "an update or a delete must say of which rows: by `filter`, or by `every_row`"
)]
pub trait Change {
    /// The request that it stands for.
    fn to_request(&self) -> Request;
}

/// A change that is kept, to be made again.
#[diagnostic::do_not_recommend]
impl<C: Change + ?Sized> Change for &C {
    fn to_request(&self) -> Request {
        (**self).to_request()
    }
}

/// Adds a row.
#[expect(clippy::needless_pass_by_value, reason = "what is written is given away")]
pub fn insert<R: NewRow>(row: R) -> Insert<R::Table> {
    let mut members = Members::default();
    row.write(&mut members);
    Insert::new(Some(members.into_payload()))
}

/// Adds rows, all in one statement. Columns that some of them leave out take their default.
pub fn insert_all<R: NewRow>(rows: impl IntoIterator<Item = R>) -> Insert<R::Table> {
    let mut all = NewRows::default();
    for row in rows {
        all.push(&row);
    }
    let mut insert = Insert::new(None);
    all.put_into(&mut insert.request);
    insert
}

/// New rows of table `T`.
#[must_use = "a change does nothing until it is run"]
pub struct Insert<T> {
    request: Request,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> Insert<T> {
    fn new(payload: Option<Payload>) -> Self {
        Self { request: change::<T>(Mutation::Insert, payload), table: PhantomData }
    }

    /// Updates rows that exist already: those that have the same values in unique columns.
    pub fn or_update(self, unique: impl Columns<T>) -> Self {
        self.resolve(Resolution::MergeDuplicates, unique)
    }

    /// Leaves rows that exist already as they are.
    pub fn or_ignore(self, unique: impl Columns<T>) -> Self {
        self.resolve(Resolution::IgnoreDuplicates, unique)
    }

    fn resolve(mut self, resolution: Resolution, unique: impl Columns<T>) -> Self {
        self.request.preferences.resolution = Some(resolution);
        self.request.query.on_conflict = Some(unique.names().into_iter().map(Ident::new).collect());
        self
    }
}

/// Columns of table `T`: one, or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no column of `{T}`, nor a tuple of them",
    label = "columns of `{T}` are wanted here"
)]
pub trait Columns<T> {
    /// Their names.
    fn names(self) -> Vec<&'static str>;
}

impl<T, V> Columns<T> for Column<T, V> {
    fn names(self) -> Vec<&'static str> {
        vec![self.name()]
    }
}

macro_rules! columns {
    ($($($name:ident $at:tt),*;)*) => {$(
        impl<T, $($name),*> Columns<T> for ($(Column<T, $name>,)*) {
            fn names(self) -> Vec<&'static str> {
                vec![$(self.$at.name()),*]
            }
        }
    )*};
}

columns! {
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}

/// Gives rows new values. Which rows is still to be said.
#[expect(clippy::needless_pass_by_value, reason = "what is written is given away")]
pub fn update<C: Changes>(changes: C) -> Unscoped<Update<C::Table>> {
    let mut members = Members::default();
    changes.write(&mut members);
    let request = change::<C::Table>(Mutation::Update, Some(members.into_payload()));
    Unscoped(Update { request, table: PhantomData })
}

/// Deletes rows. Which rows is still to be said.
pub fn delete<T: Deletable>(_: T) -> Unscoped<Delete<T>> {
    Unscoped(Delete { request: change::<T>(Mutation::Delete, None), table: PhantomData })
}

fn change<T: Table>(mutation: Mutation, payload: Option<Payload>) -> Request {
    let action = Action::Mutate { table: Ident::new(T::NAME), mutation };
    request(T::SCHEMA, action, payload)
}

/// A change of rows that doesn't say yet of which.
#[derive(Debug)]
#[must_use = "a change does nothing until it is said which rows it is for"]
pub struct Unscoped<C>(C);

/// New values for rows of table `T`.
#[must_use = "a change does nothing until it is run"]
pub struct Update<T> {
    request: Request,
    table: PhantomData<fn() -> T>,
}

/// No more of rows of table `T`.
#[must_use = "a change does nothing until it is run"]
pub struct Delete<T> {
    request: Request,
    table: PhantomData<fn() -> T>,
}

macro_rules! scopes {
    ($($change:ident),*) => {$(
        impl<T> Unscoped<$change<T>> {
            /// Changes rows that fulfil a condition.
            pub fn filter(self, condition: Filter<T>) -> $change<T> {
                self.0.filter(condition)
            }

            /// Changes every row of the table that the caller may.
            pub fn every_row(self) -> $change<T> {
                self.0
            }
        }

        impl<T> $change<T> {
            /// Changes rows that fulfil this condition too.
            pub fn filter(mut self, condition: Filter<T>) -> Self {
                condition.apply(&Vec::new(), &mut self.request.query);
                self
            }

            /// Undoes the change if it is one of more rows than so many.
            ///
            /// ```
            /// # use phlo_core::dsl::{delete, sample::films::{self, Films}};
            /// let careful = delete(Films).filter(films::TITLE.like("Alien%")).max_affected(3);
            /// ```
            pub fn max_affected(mut self, most: u64) -> Self {
                self.request.preferences.handling = Some(Handling::Strict);
                self.request.preferences.max_affected = Some(most);
                self
            }
        }
    )*};
}

scopes!(Update, Delete);

macro_rules! changes {
    ($($change:ident),*) => {$(
        impl<T> fmt::Debug for $change<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($change)).field("request", &self.request).finish()
            }
        }

        impl<T> Change for $change<T> {
            fn to_request(&self) -> Request {
                self.request.clone()
            }
        }

        impl<T: Table + Default> $change<T> {
            /// Gives the changed rows, whole.
            pub fn returning_rows(self) -> Returning<T, T> {
                self.returning(T::default())
            }

            /// Gives columns of the changed rows.
            pub fn returning<S: Selection<T>>(self, selection: S) -> Returning<T, S> {
                Returning { request: self.request, selection, table: PhantomData }
            }
        }
    )*};
}

changes!(Insert, Update, Delete);

/// A change of rows of table `T` that gives `S` for each.
#[must_use = "a change does nothing until it is run"]
pub struct Returning<T, S> {
    request: Request,
    selection: S,
    table: PhantomData<fn() -> T>,
}

impl<T, S: fmt::Debug> fmt::Debug for Returning<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returning")
            .field("request", &self.request)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

impl<T, S: Selection<T>> Query for Returning<T, S> {
    type Output = S::Output;

    fn prepare(&self, casts: Casts) -> (Request, Layout) {
        let mut projection = Projection::new(casts);
        self.selection.project(&mut projection);
        let (select, below, layout) = projection.finish();
        let mut request = self.request.clone();
        request.preferences.representation = Some(Representation::Full);
        add(&mut request.query, select, below);
        (request, layout)
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<S::Output> {
        self.selection.read(fields)
    }
}
