//! Conditions on the rows of a table.

use std::{
    fmt,
    marker::PhantomData,
    ops::{BitAnd, BitOr, Not},
};

use crate::request::{self, EmbedPath, LogicOperator, LogicTree, Query};

/// A condition on rows of table `T`.
///
/// Conditions are joined with `&` and `|`, and turned around with `!`.
///
/// ```
/// # use phlo_core::dsl::{select, sample::films::{self, Films}};
/// let classics = films::YEAR.lt(1980) & !films::TITLE.like("The %");
/// let query = select(Films).filter(classics | films::RATING.is_null());
/// assert_eq!(
///     query.to_query_string(),
///     "select=id,title,year,rating,director_id,added_at\
///      &or=(and(year.lt.1980,title.not.like.The%20%25),rating.is.null)",
/// );
/// ```
#[must_use]
pub struct Filter<T> {
    tree: LogicTree,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Filter<T> {
    fn clone(&self) -> Self {
        Self::new(self.tree.clone())
    }
}

impl<T> fmt::Debug for Filter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl<T> Filter<T> {
    fn new(tree: LogicTree) -> Self {
        Self { tree, of: PhantomData }
    }

    pub(crate) fn leaf(filter: request::Filter) -> Self {
        Self::new(LogicTree::Filter(filter))
    }

    fn join(self, operator: LogicOperator, other: Self) -> Self {
        let mut members = self.into_members(operator);
        members.extend(other.into_members(operator));
        Self::new(LogicTree::Group { negated: false, operator, members })
    }

    /// The members of a group of that kind; anything else by itself.
    fn into_members(self, wanted: LogicOperator) -> Vec<LogicTree> {
        match self.tree {
            LogicTree::Group { negated: false, operator, members } if operator == wanted => members,
            tree @ (LogicTree::Group { .. } | LogicTree::Filter(_)) => vec![tree],
        }
    }

    /// Adds the condition to what holds at a level of a request.
    pub(crate) fn apply(self, path: &EmbedPath, to: &mut Query) {
        for tree in self.into_members(LogicOperator::And) {
            match tree {
                LogicTree::Filter(filter) => to.filters.push((path.clone(), filter)),
                group @ LogicTree::Group { .. } => to.logic.push((path.clone(), group)),
            }
        }
    }
}

impl<T> BitAnd for Filter<T> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.join(LogicOperator::And, other)
    }
}

impl<T> BitOr for Filter<T> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.join(LogicOperator::Or, other)
    }
}

impl<T> Not for Filter<T> {
    type Output = Self;

    fn not(self) -> Self {
        let mut tree = self.tree;
        match &mut tree {
            LogicTree::Filter(filter) => filter.comparison.negated = !filter.comparison.negated,
            LogicTree::Group { negated, .. } => *negated = !*negated,
        }
        Self::new(tree)
    }
}
