//! Columns as constants that know their table and their type, and what they can be asked.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        filter::Filter,
        resource::{Item, Selection},
        row::{Fields, Projection},
        scalars::Json,
        types::{Container, Ordered, Overlapping, Searchable, Summable, Textual},
        value::{Operand, Scalar, Value},
    },
    error::Result,
    request::{
        self, Aggregate, Comparison, Direction, FtsOperator, IsValue, JsonKey, JsonStep,
        NullsOrder, Operation, OrderTerm, QuantifiedOperator, SimpleOperator,
    },
};

/// A column of table `T` with values of type `V`.
pub struct Column<T, V> {
    name: &'static str,
    of: PhantomData<fn() -> (T, V)>,
}

impl<T, V> Clone for Column<T, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V> Copy for Column<T, V> {}

impl<T, V> fmt::Debug for Column<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({:?})", self.name)
    }
}

impl<T, V> Column<T, V> {
    /// The column of that name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn aggregate<O>(self, aggregate: Aggregate) -> Aggregated<T, O> {
        Aggregated { name: self.name, aggregate, of: PhantomData }
    }

    fn filter(self, operation: Operation) -> Filter<T> {
        filter(request::Field::column(self.name), operation)
    }
}

/// A condition on a field.
pub(crate) fn filter<T>(field: request::Field, operation: Operation) -> Filter<T> {
    Filter::leaf(request::Filter { field, comparison: Comparison { negated: false, operation } })
}

impl<T, V: Value> Column<T, V> {
    /// The column as it is selected.
    pub const fn as_item(&self) -> Item {
        Item { name: self.name, cast: V::Scalar::CAST }
    }

    /// The value equals another. Null equals nothing; see [`is_null`](Self::is_null).
    pub fn eq(self, other: impl Operand<V::Scalar>) -> Filter<T> {
        self.compare(QuantifiedOperator::Equal, other)
    }

    /// The value is another one. Null is no other than anything; see
    /// [`is_distinct_from`](Self::is_distinct_from).
    pub fn ne(self, other: impl Operand<V::Scalar>) -> Filter<T> {
        self.filter(Operation::Simple(SimpleOperator::NotEqual, other.into_operand()))
    }

    /// The value is another one, null among them.
    pub fn is_distinct_from(self, other: impl Operand<V::Scalar>) -> Filter<T> {
        self.filter(Operation::IsDistinctFrom(other.into_operand()))
    }

    /// The value is one of a list; never, if the list is empty.
    pub fn is_in<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T> {
        self.filter(Operation::In(list.into_iter().map(|it| it.into_operand()).collect()))
    }

    /// There is no value.
    pub fn is_null(self) -> Filter<T> {
        self.filter(Operation::Is(IsValue::Null))
    }

    /// There is a value.
    pub fn is_not_null(self) -> Filter<T> {
        self.filter(Operation::Is(IsValue::NotNull))
    }

    /// How many rows have a value.
    pub fn count(self) -> Aggregated<T, i64> {
        self.aggregate(Aggregate::Count)
    }

    fn compare(self, operator: QuantifiedOperator, to: impl Operand<V::Scalar>) -> Filter<T> {
        self.filter(Operation::Quantified(operator, None, to.into_operand()))
    }

    /// Smallest values first.
    pub fn asc(self) -> Order<T, V> {
        self.order(Direction::Ascending)
    }

    /// Largest values first.
    pub fn desc(self) -> Order<T, V> {
        self.order(Direction::Descending)
    }

    fn order(self, direction: Direction) -> Order<T, V> {
        Order { column: self, direction, nulls: None }
    }
}

/// For columns whose type has an order.
impl<T, V: Value> Column<T, V> {
    /// The value is greater.
    pub fn gt(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::GreaterThan, other)
    }

    /// The value is greater or equal.
    pub fn gte(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::GreaterThanEqual, other)
    }

    /// The value is less.
    pub fn lt(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::LessThan, other)
    }

    /// The value is less or equal.
    pub fn lte(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Ordered,
    {
        self.compare(QuantifiedOperator::LessThanEqual, other)
    }

    /// The largest value; none of no rows.
    pub fn max(self) -> Aggregated<T, Option<V::Scalar>>
    where
        V::Scalar: Ordered,
    {
        self.aggregate(Aggregate::Max)
    }

    /// The smallest value; none of no rows.
    pub fn min(self) -> Aggregated<T, Option<V::Scalar>>
    where
        V::Scalar: Ordered,
    {
        self.aggregate(Aggregate::Min)
    }
}

/// For columns whose values can be added up.
impl<T, V: Value> Column<T, V> {
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
}

/// For columns of text. In patterns, `%` (or `*`) stands for any text and `_` for any character.
impl<T, V: Value> Column<T, V> {
    /// The text fits a pattern.
    pub fn like(self, pattern: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.filter(Operation::Quantified(QuantifiedOperator::Like, None, pattern.into()))
    }

    /// The text fits a pattern, in any case.
    pub fn ilike(self, pattern: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.filter(Operation::Quantified(QuantifiedOperator::ILike, None, pattern.into()))
    }

    /// The text fits a regular expression.
    pub fn matches(self, expression: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.filter(Operation::Quantified(QuantifiedOperator::Match, None, expression.into()))
    }

    /// The text fits a regular expression, in any case.
    pub fn imatches(self, expression: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.filter(Operation::Quantified(QuantifiedOperator::IMatch, None, expression.into()))
    }

    /// The text has the words of a query as one types it into a search box.
    pub fn search(self, query: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Searchable,
    {
        self.filter(Operation::FullText(FtsOperator::WebSearch, None, query.into()))
    }

    /// The text has the words of a query, as they are in a language known to the database.
    pub fn search_in(self, language: impl Into<String>, query: impl Into<String>) -> Filter<T>
    where
        V::Scalar: Searchable,
    {
        let operator = FtsOperator::WebSearch;
        self.filter(Operation::FullText(operator, Some(language.into()), query.into()))
    }
}

/// For columns of arrays, ranges and JSON.
impl<T, V: Value> Column<T, V> {
    /// The value has all of another.
    pub fn contains(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Container,
    {
        self.filter(Operation::Simple(SimpleOperator::Contains, other.into_operand()))
    }

    /// The value has nothing that another hasn't.
    pub fn contained_in(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Container,
    {
        self.filter(Operation::Simple(SimpleOperator::ContainedIn, other.into_operand()))
    }

    /// The value has something in common with another.
    pub fn overlaps(self, other: impl Operand<V::Scalar>) -> Filter<T>
    where
        V::Scalar: Overlapping,
    {
        self.filter(Operation::Simple(SimpleOperator::Overlaps, other.into_operand()))
    }
}

impl<T, V: Value<Scalar = bool>> Column<T, V> {
    /// The value is true.
    pub fn is_true(self) -> Filter<T> {
        self.filter(Operation::Is(IsValue::True))
    }

    /// The value is false.
    pub fn is_false(self) -> Filter<T> {
        self.filter(Operation::Is(IsValue::False))
    }
}

impl<T, V: Value<Scalar = Json>> Column<T, V> {
    /// The text of a member of the JSON object.
    pub fn text_at(self, key: impl Into<String>) -> JsonText<T> {
        let path = vec![JsonStep::DoubleArrow(JsonKey::Name(key.into()))];
        JsonText { field: request::Field { name: self.name.into(), path }, of: PhantomData }
    }
}

/// The text of a member of a JSON column; null where there is none.
#[derive(Debug)]
pub struct JsonText<T> {
    field: request::Field,
    of: PhantomData<fn() -> T>,
}

impl<T> JsonText<T> {
    /// The text equals another.
    pub fn eq(self, other: impl Into<String>) -> Filter<T> {
        filter(self.field, Operation::Quantified(QuantifiedOperator::Equal, None, other.into()))
    }

    /// There is no text.
    pub fn is_null(self) -> Filter<T> {
        filter(self.field, Operation::Is(IsValue::Null))
    }
}

impl<T> Selection<T> for JsonText<T> {
    type Output = Option<String>;

    fn project(&self, to: &mut Projection) {
        let key = self.field.path.last().map(JsonStep::key);
        let name = match key {
            Some(JsonKey::Name(name) | JsonKey::Index(name)) => name.as_str(),
            None => self.field.name.as_str(),
        };
        to.json_text(name, self.field.clone());
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output> {
        fields.next()
    }
}

impl<T, V: Value> Selection<T> for Column<T, V> {
    type Output = V;

    fn project(&self, to: &mut Projection) {
        to.columns(&[self.as_item()]);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<V> {
        fields.next()
    }
}

/// An aggregate over the rows of table `T`, with values of type `V`.
///
/// A query that selects one has a row for each combination of what else it selects.
pub struct Aggregated<T, V> {
    name: &'static str,
    aggregate: Aggregate,
    of: PhantomData<fn() -> (T, V)>,
}

impl<T, V> fmt::Debug for Aggregated<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.aggregate, self.name)
    }
}

/// How many rows there are, for each combination of what else is selected.
pub fn count_rows<T>() -> Aggregated<T, i64> {
    Aggregated { name: "*", aggregate: Aggregate::Count, of: PhantomData }
}

impl<T, V: Value> Selection<T> for Aggregated<T, V> {
    type Output = V;

    fn project(&self, to: &mut Projection) {
        to.aggregate(self.name, self.aggregate, V::Scalar::CAST);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<V> {
        fields.next()
    }
}

/// A key that rows of table `T` are ordered by.
pub struct Order<T, V> {
    column: Column<T, V>,
    direction: Direction,
    nulls: Option<NullsOrder>,
}

impl<T, V> Clone for Order<T, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V> Copy for Order<T, V> {}

impl<T, V> fmt::Debug for Order<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.direction, self.column.name)
    }
}

impl<T, V> Order<T, V> {
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

    pub(crate) fn term(self) -> OrderTerm {
        OrderTerm {
            relation: None,
            field: request::Field::column(self.column.name),
            // The grammar leaves out what is usual, and so does this: both then ask the same.
            direction: (self.direction == Direction::Descending).then_some(self.direction),
            nulls: self.nulls,
        }
    }

    /// The rows that come after a value in this order, and those that have the value.
    pub(crate) fn beyond(self, value: String) -> (Filter<T>, Filter<T>) {
        let operator = match self.direction {
            Direction::Ascending => QuantifiedOperator::GreaterThan,
            Direction::Descending => QuantifiedOperator::LessThan,
        };
        (
            self.column.filter(Operation::Quantified(operator, None, value.clone())),
            self.column.filter(Operation::Quantified(QuantifiedOperator::Equal, None, value)),
        )
    }
}
