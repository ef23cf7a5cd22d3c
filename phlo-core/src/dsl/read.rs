//! Reads: which rows of a table or a function, and what of them.

use std::{fmt, marker::PhantomData};

use crate::{
    dsl::{
        call::TableFunction,
        filter::Filter,
        order::{Key, Order, Term},
        relation::{Related, Requirement, must_lead, must_not_lead},
        resource::{RowType, Selection, Table},
        row::{Casts, Fields, Layout, Projection},
        value::{Operand, Scalar, Value},
    },
    error::Result,
    request::{
        Action, EmbedPath, Invocation, MediaType, Output, Payload, Preferences, Query as Asked,
        Range, Request,
    },
    schema::Ident,
};

/// Something that gives rows: a read, or a change that returns what it changed.
pub trait Query {
    /// What it gives for each row.
    type Output;

    /// The request, and where its values will be.
    #[doc(hidden)]
    fn prepare(&self, casts: Casts) -> (Request, Layout);

    /// Reads what it gives for a row.
    ///
    /// # Errors
    ///
    /// The database sent something else than what was selected.
    #[doc(hidden)]
    fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output>;

    /// The request that the query stands for.
    fn to_request(&self) -> Request {
        self.prepare(Casts::No).0
    }
}

/// A query that is kept: to count its rows and to read them, for example.
#[diagnostic::do_not_recommend]
impl<Q: Query + ?Sized> Query for &Q {
    type Output = Q::Output;

    fn prepare(&self, casts: Casts) -> (Request, Layout) {
        (**self).prepare(casts)
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<Q::Output> {
        (**self).read(fields)
    }
}

/// Reads rows of a table or view: whole ones, until [`columns`](Select::columns) says otherwise.
pub fn select<T: Table>(table: T) -> Select<T, T> {
    let action = Action::Read { table: Ident::new(T::NAME), output: Output::Full };
    Select::new(table, request(T::SCHEMA, action, None))
}

/// Reads the rows that a function returns: those of a table, or of a type of their own.
///
/// They can be filtered, ordered and limited as those of a table can. A function that returns one
/// row gives it to [`Database::one`](crate::db::Database::one).
pub fn select_from<F: TableFunction<Table = R>, R: RowType + Default>(
    function: &F,
) -> Select<R, R> {
    let action = Action::Call { function: Ident::new(F::NAME), invocation: Invocation::Write };
    Select::new(R::default(), request(F::SCHEMA, action, Some(crate::dsl::call::payload(function))))
}

pub(crate) fn request(schema: &str, action: Action, payload: Option<Payload>) -> Request {
    Request {
        schema: Ident::new(schema),
        action,
        query: Asked::default(),
        payload,
        preferences: Preferences::default(),
        accept: vec![MediaType::Json],
    }
}

/// A read of rows of table `T` that gives `S` for each.
#[must_use = "a query does nothing until it is run"]
pub struct Select<T, S> {
    request: Request,
    selection: S,
    order: Vec<Term>,
    related: Vec<Requirement>,
    table: PhantomData<fn() -> T>,
}

impl<T, S: fmt::Debug> fmt::Debug for Select<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("request", &self.request)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

const ROOT: EmbedPath = Vec::new();

impl<T, S> Select<T, S> {
    fn new(selection: S, request: Request) -> Self {
        Self { request, selection, order: Vec::new(), related: Vec::new(), table: PhantomData }
    }

    /// Selects something else: columns, aggregates, relations, or a tuple of them.
    pub fn columns<N: Selection<T>>(self, selection: N) -> Select<T, N> {
        let Self { request, order, related, table, .. } = self;
        Select { request, selection, order, related, table }
    }

    /// Keeps rows that fulfil a condition. Several must all hold.
    pub fn filter(mut self, condition: Filter<T>) -> Self {
        condition.apply(&ROOT, &mut self.request.query);
        self
    }

    /// Keeps rows that a relation leads from to something, without selecting it.
    pub fn having(mut self, relation: impl Related<T> + Send + Sync + 'static) -> Self {
        self.related.push(must_lead(relation));
        self
    }

    /// Keeps rows that a relation leads from to nothing.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::{directors::{self, Directors}, films}};
    /// let without_classics =
    ///     select(Directors).columns(directors::ID).lacking(directors::FILMS.filter(films::YEAR.lt(1980)));
    /// assert_eq!(
    ///     without_classics.to_query_string(),
    ///     "select=id,films:films!films_director_id_fkey()&films.year=lt.1980&films=is.null",
    /// );
    /// ```
    pub fn lacking(mut self, relation: impl Related<T> + Send + Sync + 'static) -> Self {
        self.related.push(must_not_lead(relation));
        self
    }

    /// Orders the rows; those that are equal in one key by the next.
    ///
    /// A key is a column, a place in its JSON, or [one of a row](Order::of) that a relation leads
    /// to.
    pub fn order(mut self, key: impl Key<T>) -> Self {
        self.order.push(key.into_term());
        self
    }

    /// Gives so many rows at most.
    pub fn limit(self, limit: u64) -> Self {
        self.range(|range| Range { limit: Some(limit), ..range })
    }

    /// Skips so many rows. [`after`](Self::after) is faster for far pages.
    pub fn offset(self, offset: u64) -> Self {
        self.range(|range| Range { offset, ..range })
    }

    fn range(mut self, change: impl FnOnce(Range) -> Range) -> Self {
        let range = change(self.request.query.root_range());
        let ranges = &mut self.request.query.ranges;
        ranges.retain(|(path, _)| !path.is_empty());
        ranges.push((ROOT, range));
        self
    }

    /// Orders by keys, and starts after the row that has these values of them: the next page, found
    /// by an index however far it is. The keys together should be unique, and never null.
    ///
    /// ```
    /// # use phlo_core::dsl::{select, sample::films::{self, Films}};
    /// let page = select(Films)
    ///     .columns(films::ID)
    ///     .after((films::YEAR.desc(), films::ID.asc()), Some((1979, 7)))
    ///     .limit(20);
    /// assert_eq!(
    ///     page.to_query_string(),
    ///     "select=id&order=year.desc,id&limit=20&or=(year.lt.1979,and(year.eq.1979,id.gt.7))",
    /// );
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "keys are given like those of `order`")]
    pub fn after<K: Keys<T, L>, L>(mut self, keys: K, last: Option<L>) -> Self {
        let own = |term| Term { term, relation: None };
        self.order.extend(keys.terms().into_iter().map(own));
        match last {
            Some(last) => self.filter(keys.beyond(last)),
            None => self,
        }
    }
}

impl<T, S: Selection<T>> Select<T, S> {
    /// The query string that asks the same of a server, without casts that only serve programs.
    pub fn to_query_string(&self) -> String {
        self.prepare(Casts::No).0.query.to_query_string()
    }
}

impl<T, S: Selection<T>> Query for Select<T, S> {
    type Output = S::Output;

    fn prepare(&self, casts: Casts) -> (Request, Layout) {
        let mut projection = Projection::new(casts);
        self.selection.project(&mut projection);
        for require in &self.related {
            require(&mut projection);
        }
        let order = projection.order(&self.order);
        let (select, below, layout) = projection.finish();
        let mut request = self.request.clone();
        if !order.is_empty() {
            request.query.order.push((ROOT, order));
        }
        add(&mut request.query, select, below);
        (request, layout)
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<S::Output> {
        self.selection.read(fields)
    }
}

/// Adds a select list and what holds for its embeds to a query.
pub(crate) fn add(query: &mut Asked, select: Vec<crate::request::SelectItem>, below: Asked) {
    query.select = select;
    query.filters.extend(below.filters);
    query.logic.extend(below.logic);
    query.order.extend(below.order);
    query.ranges.extend(below.ranges);
}

/// Keys of an order, whose values are a row's place in it.
#[diagnostic::on_unimplemented(
    message = "`{L}` is no place in the order of `{Self}`",
    label = "there must be a value for each key, of the type of its column"
)]
pub trait Keys<T, L> {
    /// The order.
    fn terms(&self) -> Vec<crate::request::OrderTerm>;

    /// The condition that a row comes after a place.
    fn beyond(&self, last: L) -> Filter<T>;
}

impl<T, S: Scalar, L: Operand<S>> Keys<T, L> for Order<T, S> {
    fn terms(&self) -> Vec<crate::request::OrderTerm> {
        vec![self.term()]
    }

    fn beyond(&self, last: L) -> Filter<T> {
        Self::beyond(*self, last.into_operand()).0
    }
}

impl<T, A, B, L, M> Keys<T, (L, M)> for (Order<T, A>, Order<T, B>)
where
    A: Value,
    B: Value,
    L: Operand<A::Scalar>,
    M: Operand<B::Scalar>,
{
    fn terms(&self) -> Vec<crate::request::OrderTerm> {
        vec![self.0.term(), self.1.term()]
    }

    fn beyond(&self, last: (L, M)) -> Filter<T> {
        let (after, same) = self.0.beyond(last.0.into_operand());
        after | (same & self.1.beyond(last.1.into_operand()).0)
    }
}

impl<T, A, B, C, L, M, N> Keys<T, (L, M, N)> for (Order<T, A>, Order<T, B>, Order<T, C>)
where
    A: Value,
    B: Value,
    C: Value,
    L: Operand<A::Scalar>,
    M: Operand<B::Scalar>,
    N: Operand<C::Scalar>,
{
    fn terms(&self) -> Vec<crate::request::OrderTerm> {
        vec![self.0.term(), self.1.term(), self.2.term()]
    }

    fn beyond(&self, last: (L, M, N)) -> Filter<T> {
        let (after, same) = self.0.beyond(last.0.into_operand());
        let (next, equal) = self.1.beyond(last.1.into_operand());
        after | (same & (next | (equal & self.2.beyond(last.2.into_operand()).0)))
    }
}
