//! Columns as constants that know their table and their type, and places within their JSON.
//!
//! What can be asked of them is in `compare` and `quantified`, how rows are ordered by them in
//! `order`, and what there is over many of them in `aggregate`.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        filter::Filter,
        resource::{Item, Selection},
        row::{Fields, Projection},
        value::{Scalar, Value},
    },
    error::Result,
    request::{self, Comparison, JsonStep, Operation},
};

/// A column of table `T` with values of type `V`; or a place within its JSON, if `P` is [`Inside`].
pub struct Column<T, V, P = Plain> {
    name: &'static str,
    place: P,
    of: PhantomData<fn() -> (T, V)>,
}

/// Where the values of a column are: in the column itself.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// Where the values of a column are: inside its JSON, some steps further.
#[derive(Clone, Debug)]
pub struct Inside(Vec<JsonStep>);

/// Where the values of a column are: [`Plain`] or [`Inside`].
pub trait Place: sealed::Steps + Clone + fmt::Debug {}

impl<P: sealed::Steps + Clone + fmt::Debug> Place for P {}

mod sealed {
    use crate::request::JsonStep;

    pub trait Steps {
        fn steps(self) -> Vec<JsonStep>;
    }

    impl Steps for super::Plain {
        fn steps(self) -> Vec<JsonStep> {
            Vec::new()
        }
    }

    impl Steps for super::Inside {
        fn steps(self) -> Vec<JsonStep> {
            self.0
        }
    }
}

impl<T, V, P: Clone> Clone for Column<T, V, P> {
    fn clone(&self) -> Self {
        Self { name: self.name, place: self.place.clone(), of: PhantomData }
    }
}

impl<T, V, P: Copy> Copy for Column<T, V, P> {}

impl<T, V, P> fmt::Debug for Column<T, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({:?})", self.name)
    }
}

impl<T, V> Column<T, V> {
    /// The column of that name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, place: Plain, of: PhantomData }
    }
}

impl<T, V: Value> Column<T, V> {
    /// The column as it is selected.
    pub const fn as_item(&self) -> Item {
        Item { name: self.name, cast: V::Scalar::CAST }
    }
}

impl<T, V, P> Column<T, V, P> {
    /// The name of the column.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T, V, P: Place> Column<T, V, P> {
    /// The field of a request that it is.
    pub(crate) fn field(self) -> request::Field {
        request::Field { name: self.name.into(), path: self.place.steps() }
    }

    /// A place one step further inside.
    pub(crate) fn step<W>(self, step: JsonStep) -> Column<T, W, Inside> {
        let mut steps = self.place.steps();
        steps.push(step);
        Column { name: self.name, place: Inside(steps), of: PhantomData }
    }

    /// A condition on it.
    pub(crate) fn holds(self, operation: Operation) -> Filter<T> {
        let comparison = Comparison { negated: false, operation };
        Filter::leaf(request::Filter { field: self.field(), comparison })
    }
}

impl<T, V: Value, P: Place> Selection<T> for Column<T, V, P> {
    type Output = V;

    fn project(&self, to: &mut Projection) {
        let field = self.clone().field();
        if field.path.is_empty() {
            to.columns(&[Item { name: self.name, cast: V::Scalar::CAST }]);
        } else {
            to.part(field);
        }
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<V> {
        fields.next()
    }
}
