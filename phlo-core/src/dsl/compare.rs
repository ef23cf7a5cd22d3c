//! What columns and places within their JSON can be asked: an operator for each method, where the
//! type has it.

use crate::{
    dsl::{
        column::{Column, Place},
        filter::Filter,
        types::{Comparable, Container, Ordered, Overlapping, Spanning, Textual},
        value::{Operand, Scalar, Value},
    },
    request::{IsValue, Operation, QuantifiedOperator, Quantifier, SimpleOperator},
};

impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The value equals another. Null equals nothing; see [`is_null`](Self::is_null).
    pub fn eq(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
    {
        self.compare(QuantifiedOperator::Equal, other)
    }

    /// The value is another one. Null is no other than anything; see
    /// [`is_distinct_from`](Self::is_distinct_from).
    pub fn ne(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
    {
        self.simple(SimpleOperator::NotEqual, other)
    }

    /// The value is another one, null among them.
    pub fn is_distinct_from(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
    {
        self.holds(Operation::IsDistinctFrom(other.into_operand()))
    }

    /// The value is one of a list; never, if the list is empty.
    pub fn is_in<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
    {
        let list = list.into_iter().map(|it| it.into_operand());
        if V::Scalar::IS_ARRAY {
            return self.each(QuantifiedOperator::Equal, Quantifier::Any, list);
        }
        self.holds(Operation::In(list.collect()))
    }

    /// There is no value.
    pub fn is_null(self) -> Filter<T> {
        self.holds(Operation::Is(IsValue::Null))
    }

    /// There is a value.
    pub fn is_not_null(self) -> Filter<T> {
        self.holds(Operation::Is(IsValue::NotNull))
    }

    fn compare(self, operator: QuantifiedOperator, to: impl Operand<V::Scalar>) -> Filter<T> {
        self.holds(Operation::Quantified(operator, None, to.into_operand()))
    }

    fn simple(self, operator: SimpleOperator, to: impl Operand<V::Scalar>) -> Filter<T> {
        self.holds(Operation::Simple(operator, to.into_operand()))
    }
}

/// For types that have an order.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The value is greater.
    pub fn gt(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::GreaterThan, other)
    }

    /// The value is greater or equal.
    pub fn gte(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::GreaterThanEqual, other)
    }

    /// The value is less.
    pub fn lt(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::LessThan, other)
    }

    /// The value is less or equal.
    pub fn lte(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::LessThanEqual, other)
    }
}

/// For text. In patterns, `%` (or `*`) stands for any text and `_` for any character.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The text fits a pattern.
    pub fn like(self, pattern: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.holds(Operation::Quantified(QuantifiedOperator::Like, None, pattern.into()))
    }

    /// The text fits a pattern, in any case.
    pub fn ilike(self, pattern: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.holds(Operation::Quantified(QuantifiedOperator::ILike, None, pattern.into()))
    }

    /// The text fits a regular expression.
    pub fn matches(self, expression: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.holds(Operation::Quantified(QuantifiedOperator::Match, None, expression.into()))
    }

    /// The text fits a regular expression, in any case.
    pub fn imatches(self, expression: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.holds(Operation::Quantified(QuantifiedOperator::IMatch, None, expression.into()))
    }
}

/// For arrays, ranges and JSON.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The value has all of another.
    pub fn contains(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Container,
    {
        self.simple(SimpleOperator::Contains, other)
    }

    /// The value has nothing that another hasn't.
    pub fn contained_in(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Container,
    {
        self.simple(SimpleOperator::ContainedIn, other)
    }

    /// The value has something in common with another.
    pub fn overlaps(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Overlapping,
    {
        self.simple(SimpleOperator::Overlaps, other)
    }
}

/// For ranges and multiranges.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The range ends before another begins.
    ///
    /// A range can be given as text, as a [`Range`](crate::dsl::Range), or as one of Rust between
    /// values that can be in columns.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::screenings::{self, Screenings}};
    /// let over = screenings::DURING.left_of("[2024-06-01,2024-07-01)");
    /// assert_eq!(
    ///     select(Screenings).columns(screenings::ID).filter(over).to_query_string(),
    ///     "select=id&during=sl.%5B2024-06-01,2024-07-01)",
    /// );
    /// ```
    pub fn left_of(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Spanning,
    {
        self.simple(SimpleOperator::StrictlyLeft, other)
    }

    /// The range begins after another ends.
    pub fn right_of(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Spanning,
    {
        self.simple(SimpleOperator::StrictlyRight, other)
    }

    /// The range doesn't end after another.
    pub fn not_right_of(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Spanning,
    {
        self.simple(SimpleOperator::NotRightOf, other)
    }

    /// The range doesn't begin before another.
    pub fn not_left_of(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Spanning,
    {
        self.simple(SimpleOperator::NotLeftOf, other)
    }

    /// The range touches another, with nothing between them and nothing in common.
    pub fn adjacent_to(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Spanning,
    {
        self.simple(SimpleOperator::Adjacent, other)
    }
}

impl<T, V: Value<Scalar = bool>, P: Place> Column<T, V, P> {
    /// The value is true.
    pub fn is_true(self) -> Filter<T> {
        self.holds(Operation::Is(IsValue::True))
    }

    /// The value is false.
    pub fn is_false(self) -> Filter<T> {
        self.holds(Operation::Is(IsValue::False))
    }
}
