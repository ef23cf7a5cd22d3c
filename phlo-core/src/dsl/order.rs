//! Orders: what the rows of a query are ordered by, among it columns of rows that relations lead to.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        column::{Column, Place, Plain},
        filter::Filter,
        relation::{Cardinality, One, Relation},
        types::Comparable,
        value::Value,
    },
    request::{Direction, EmbedSelect, NullsOrder, Operation, OrderTerm, QuantifiedOperator},
};

/// Something that rows of table `T` can be ordered by: see [`Select::order`].
///
/// [`Select::order`]: crate::dsl::Select::order
#[diagnostic::on_unimplemented(
    message = "`{T}` has no order by `{Self}`",
    label = "neither a row nor what a relation of it leads to has this column",
    note = "rows are ordered by `COLUMN.asc()`, `COLUMN.desc()` or `COLUMN.asc().of(RELATION)`"
)]
pub trait Key<T> {
    /// What to order by.
    fn into_term(self) -> Term;
}

/// What to order by.
#[derive(Clone, Debug)]
pub struct Term {
    pub(crate) term: OrderTerm,
    /// The relation to the row that has the field, with its name; none for the row itself.
    pub(crate) relation: Option<(&'static str, EmbedSelect)>,
}

/// A key that rows of table `T` are ordered by.
pub struct Order<T, V, P = Plain> {
    column: Column<T, V, P>,
    direction: Direction,
    nulls: Option<NullsOrder>,
}

impl<T, V, P: Clone> Clone for Order<T, V, P> {
    fn clone(&self) -> Self {
        Self { column: self.column.clone(), direction: self.direction, nulls: self.nulls }
    }
}

impl<T, V, P: Copy> Copy for Order<T, V, P> {}

impl<T, V, P> fmt::Debug for Order<T, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.direction, self.column.name())
    }
}

impl<T, V: Value, P: Place> Column<T, V, P> {
    /// Smallest values first.
    pub fn asc(self) -> Order<T, V, P>
    where
        V: Comparable,
    {
        Order { column: self, direction: Direction::Ascending, nulls: None }
    }

    /// Largest values first.
    pub fn desc(self) -> Order<T, V, P>
    where
        V: Comparable,
    {
        Order { column: self, direction: Direction::Descending, nulls: None }
    }
}

impl<T, V, P: Place> Order<T, V, P> {
    /// Rows without a value first.
    #[must_use]
    pub fn nulls_first(self) -> Self {
        Self { nulls: Some(NullsOrder::First), ..self }
    }

    /// Rows without a value last.
    #[must_use]
    pub fn nulls_last(self) -> Self {
        Self { nulls: Some(NullsOrder::Last), ..self }
    }

    /// Orders the rows that a relation leads from, by the one that it leads to. It need not be
    /// selected.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::{directors, films::{self, Films}}};
    /// let query = select(Films)
    ///     .columns(films::TITLE)
    ///     .order(directors::NAME.asc().of(films::DIRECTOR))
    ///     .order(films::YEAR.desc());
    /// assert_eq!(
    ///     query.to_query_string(),
    ///     "select=title,director:directors!films_director_id_fkey()\
    ///      &order=director(name),year.desc",
    /// );
    /// ```
    pub fn of<U, K: AtMostOne>(self, relation: Relation<U, T, K>) -> OrderOf<U> {
        let term = Term { relation: Some((relation.name(), relation.select())), term: self.term() };
        OrderOf { term, of: PhantomData }
    }

    pub(crate) fn term(self) -> OrderTerm {
        OrderTerm {
            relation: None,
            field: self.column.field(),
            // The grammar leaves out what is usual, and so does this: both then ask the same.
            direction: (self.direction == Direction::Descending).then_some(self.direction),
            nulls: self.nulls,
        }
    }
}

impl<T, V> Order<T, V> {
    /// The rows that come after a value in this order, and those that have the value.
    pub(crate) fn beyond(self, value: String) -> (Filter<T>, Filter<T>) {
        let operator = match self.direction {
            Direction::Ascending => QuantifiedOperator::GreaterThan,
            Direction::Descending => QuantifiedOperator::LessThan,
        };
        (
            self.column.holds(Operation::Quantified(operator, None, value.clone())),
            self.column.holds(Operation::Quantified(QuantifiedOperator::Equal, None, value)),
        )
    }
}

#[diagnostic::do_not_recommend]
impl<T, V, P: Place> Key<T> for Order<T, V, P> {
    fn into_term(self) -> Term {
        Term { term: self.term(), relation: None }
    }
}

/// A key that rows of table `T` are ordered by, in the row that a relation leads to.
pub struct OrderOf<T> {
    term: Term,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for OrderOf<T> {
    fn clone(&self) -> Self {
        Self { term: self.term.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for OrderOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.term.fmt(f)
    }
}

#[diagnostic::do_not_recommend]
impl<T> Key<T> for OrderOf<T> {
    fn into_term(self) -> Term {
        self.term
    }
}

/// What leads to one row at most.
#[diagnostic::on_unimplemented(
    message = "there is no order by a relation to `{Self}` rows",
    label = "this relation may lead to several rows; an order needs one that leads to one at most"
)]
pub trait AtMostOne: Cardinality {}

#[diagnostic::do_not_recommend]
impl AtMostOne for One {}
