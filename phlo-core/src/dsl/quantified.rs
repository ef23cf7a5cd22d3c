//! Comparisons with any one, or with every one, of several values.
//!
//! The methods that end in `_any` ask whether a comparison holds for at least one of a list, those
//! in `_all` whether it holds for each. Of an empty list, none holds and all hold.

use crate::{
    dsl::{
        column::{Column, Place},
        filter::Filter,
        types::{Comparable, Ordered, Textual},
        value::{Operand, Scalar, Value},
    },
    request::{Operation, QuantifiedOperator, Quantifier},
};

impl<T, V: Value, P: Place> Column<T, V, P> {
    fn quantified(
        self,
        operator: QuantifiedOperator,
        quantifier: Quantifier,
        list: impl Iterator<Item = String>,
    ) -> Filter<T> {
        // The text of an array of the database.
        let array = list.collect::<Vec<_>>().to_text().into_owned();
        self.holds(Operation::Quantified(operator, Some(quantifier), array))
    }

    /// The same as one comparison for each.
    pub(crate) fn each(
        self,
        operator: QuantifiedOperator,
        quantifier: Quantifier,
        list: impl Iterator<Item = String>,
    ) -> Filter<T> {
        let compare = |value| self.clone().holds(Operation::Quantified(operator, None, value));
        let comparisons = list.map(compare);
        let never = || self.clone().is_null() & self.clone().is_not_null();
        match quantifier {
            Quantifier::Any => comparisons.reduce(|a, b| a | b).unwrap_or_else(never),
            Quantifier::All => comparisons.reduce(|a, b| a & b).unwrap_or_else(|| !never()),
        }
    }

    fn compare_each<O: Operand<V::Scalar>>(
        self,
        operator: QuantifiedOperator,
        quantifier: Quantifier,
        list: impl IntoIterator<Item = O>,
    ) -> Filter<T> {
        let list = list.into_iter().map(|it| it.into_operand());
        if V::Scalar::IS_ARRAY {
            self.each(operator, quantifier, list)
        } else {
            self.quantified(operator, quantifier, list)
        }
    }

    fn fits_each<S: Into<String>>(
        self,
        operator: QuantifiedOperator,
        quantifier: Quantifier,
        list: impl IntoIterator<Item = S>,
    ) -> Filter<T> {
        self.quantified(operator, quantifier, list.into_iter().map(Into::into))
    }
}

/// With any or all of several values.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The value equals one of these at least.
    pub fn eq_any<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
    {
        self.compare_each(QuantifiedOperator::Equal, Quantifier::Any, list)
    }

    /// The value equals each of these.
    pub fn eq_all<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
    {
        self.compare_each(QuantifiedOperator::Equal, Quantifier::All, list)
    }

    /// The value is greater than one of these at least.
    pub fn gt_any<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::GreaterThan, Quantifier::Any, list)
    }

    /// The value is greater than each of these.
    pub fn gt_all<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::GreaterThan, Quantifier::All, list)
    }

    /// The value is greater than, or equal to, one of these at least.
    pub fn gte_any<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::GreaterThanEqual, Quantifier::Any, list)
    }

    /// The value is greater than, or equal to, each of these.
    pub fn gte_all<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::GreaterThanEqual, Quantifier::All, list)
    }

    /// The value is less than one of these at least.
    pub fn lt_any<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::LessThan, Quantifier::Any, list)
    }

    /// The value is less than each of these.
    pub fn lt_all<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::LessThan, Quantifier::All, list)
    }

    /// The value is less than, or equal to, one of these at least.
    pub fn lte_any<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::LessThanEqual, Quantifier::Any, list)
    }

    /// The value is less than, or equal to, each of these.
    pub fn lte_all<O: Operand<V::Scalar>>(self, list: impl IntoIterator<Item = O>) -> Filter<T>
    where
        V: Comparable,
        V::Scalar: Ordered,
    {
        self.compare_each(QuantifiedOperator::LessThanEqual, Quantifier::All, list)
    }
}

/// With any or all of several patterns.
impl<T, V: Value, P: Place> Column<T, V, P> {
    /// The text fits one of these patterns at least.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::films::{self, Films}};
    /// let query = select(Films).columns(films::ID).filter(films::TITLE.like_any(["A%", "B%"]));
    /// assert_eq!(
    ///     query.to_query_string(),
    ///     "select=id&title=like(any).%7B%22A%25%22,%22B%25%22%7D",
    /// );
    /// ```
    pub fn like_any<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::Like, Quantifier::Any, list)
    }

    /// The text fits each of these patterns.
    pub fn like_all<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::Like, Quantifier::All, list)
    }

    /// The text fits one of these patterns at least, in any case.
    pub fn ilike_any<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::ILike, Quantifier::Any, list)
    }

    /// The text fits each of these patterns, in any case.
    pub fn ilike_all<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::ILike, Quantifier::All, list)
    }

    /// The text fits one of these regular expressions at least.
    pub fn matches_any<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::Match, Quantifier::Any, list)
    }

    /// The text fits each of these regular expressions.
    pub fn matches_all<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::Match, Quantifier::All, list)
    }

    /// The text fits one of these regular expressions at least, in any case.
    pub fn imatches_any<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::IMatch, Quantifier::Any, list)
    }

    /// The text fits each of these regular expressions, in any case.
    pub fn imatches_all<S: Into<String>>(self, list: impl IntoIterator<Item = S>) -> Filter<T>
    where
        V::Scalar: Textual,
    {
        self.fits_each(QuantifiedOperator::IMatch, Quantifier::All, list)
    }
}
