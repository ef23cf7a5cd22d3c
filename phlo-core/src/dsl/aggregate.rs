//! Aggregates: one value over many rows.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        column::{Column, Place},
        resource::Selection,
        row::{Fields, Projection},
        types::{Extreme, Summable},
        value::{Scalar, Value},
    },
    error::Result,
    request::{Aggregate, Field},
};

/// An aggregate over the rows of table `T`, with values of type `V`.
///
/// A query that selects one has a row for each combination of what else it selects.
///
/// ```
/// # use phlo_core::dsl::{count_rows, select, sample::films::{self, Films}};
/// let by_director = select(Films)
///     .columns((films::DIRECTOR_ID, count_rows(), films::YEAR.min(), films::YEAR.avg()))
///     .order(films::DIRECTOR_ID.asc());
/// assert_eq!(
///     by_director.to_query_string(),
///     "select=director_id,count_rows:count(),min_year:year.min(),avg_year:year.avg()\
///      &order=director_id",
/// );
/// ```
pub struct Aggregated<T, V> {
    field: Field,
    aggregate: Aggregate,
    of: PhantomData<fn() -> (T, V)>,
}

impl<T, V> fmt::Debug for Aggregated<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.aggregate, self.field.name)
    }
}

/// How many rows there are, for each combination of what else is selected.
pub fn count_rows<T>() -> Aggregated<T, i64> {
    Aggregated { field: Field::column("*"), aggregate: Aggregate::Count, of: PhantomData }
}

impl<T, V: Value, P: Place> Column<T, V, P> {
    /// How many rows have a value.
    pub fn count(self) -> Aggregated<T, i64> {
        self.aggregate(Aggregate::Count)
    }

    /// The largest value; none of no rows.
    pub fn max(self) -> Aggregated<T, Option<V::Scalar>>
    where
        V::Scalar: Extreme,
    {
        self.aggregate(Aggregate::Max)
    }

    /// The smallest value; none of no rows.
    pub fn min(self) -> Aggregated<T, Option<V::Scalar>>
    where
        V::Scalar: Extreme,
    {
        self.aggregate(Aggregate::Min)
    }

    /// The sum of all values; none of no rows.
    pub fn sum<S: Summable>(self) -> Aggregated<T, Option<S::Sum>>
    where
        V: Value<Scalar = S>,
    {
        self.aggregate(Aggregate::Sum)
    }

    /// The mean of all values; none of no rows.
    pub fn avg<S: Summable>(self) -> Aggregated<T, Option<S::Mean>>
    where
        V: Value<Scalar = S>,
    {
        self.aggregate(Aggregate::Avg)
    }

    fn aggregate<O>(self, aggregate: Aggregate) -> Aggregated<T, O> {
        Aggregated { field: self.field(), aggregate, of: PhantomData }
    }
}

impl<T, V: Value> Selection<T> for Aggregated<T, V> {
    type Output = V;

    fn project(&self, to: &mut Projection) {
        to.aggregate(&self.field, self.aggregate, V::Scalar::CAST);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<V> {
        fields.next()
    }
}
