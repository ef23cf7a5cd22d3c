//! Relations: ways to rows of other tables, and what is wanted of these.

use std::{fmt, marker::PhantomData};

use serde_json::value::RawValue;

use crate::{
    dsl::{
        filter::Filter,
        order::{Key, Term},
        resource::{Selection, Table},
        row::{Fields, JsonCells, Object, Projection, broken},
    },
    error::Result,
    request::{EmbedSelect, JoinKind, Query, Range},
    schema::Ident,
};

/// How many rows a relation leads to.
pub trait Cardinality {
    /// What a query gives for them.
    type Of<R>;

    /// Puts the rows that there are into that.
    ///
    /// # Errors
    ///
    /// There are none where one is expected.
    fn collect<R>(
        rows: Option<&str>,
        name: &str,
        read: impl FnMut(&str) -> Result<R>,
    ) -> Result<Self::Of<R>>;
}

/// At most one row: an `Option`.
#[derive(Debug)]
pub struct One;

/// Exactly one row, since rows without it are left out.
#[derive(Debug)]
pub struct Present;

/// Any number of rows: a `Vec`.
#[derive(Debug)]
pub struct Many;

impl Cardinality for One {
    type Of<R> = Option<R>;

    fn collect<R>(
        rows: Option<&str>,
        _: &str,
        read: impl FnMut(&str) -> Result<R>,
    ) -> Result<Option<R>> {
        rows.map(read).transpose()
    }
}

impl Cardinality for Present {
    type Of<R> = R;

    fn collect<R>(
        rows: Option<&str>,
        name: &str,
        read: impl FnMut(&str) -> Result<R>,
    ) -> Result<R> {
        One::collect(rows, name, read)?.ok_or_else(|| broken(name, &"there is none"))
    }
}

impl Cardinality for Many {
    type Of<R> = Vec<R>;

    fn collect<R>(
        rows: Option<&str>,
        name: &str,
        mut read: impl FnMut(&str) -> Result<R>,
    ) -> Result<Vec<R>> {
        let elements: Vec<&RawValue> =
            serde_json::from_str(rows.unwrap_or("[]")).map_err(|error| broken(name, &error))?;
        elements.into_iter().map(|element| read(element.get())).collect()
    }
}

/// What a relation knows about its ends without holding values of it.
type Marks<T, U, K> = fn() -> (T, U, K);

/// A way from the rows of table `T` to those of table `U`, of which there are `K`.
///
/// By itself it selects their whole rows; [`columns`](Self::columns), [`filter`](Self::filter) and
/// the others say more precisely what is wanted.
pub struct Relation<T, U, K> {
    name: &'static str,
    target: &'static str,
    hint: Option<&'static str>,
    of: PhantomData<Marks<T, U, K>>,
}

/// A way to at most one row.
pub type ToOne<T, U> = Relation<T, U, One>;

/// A way to any number of rows.
pub type ToMany<T, U> = Relation<T, U, Many>;

impl<T, U, K> Clone for Relation<T, U, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, U, K> Copy for Relation<T, U, K> {}

impl<T, U, K> fmt::Debug for Relation<T, U, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relation({:?})", self.name)
    }
}

impl<T, U, K> Relation<T, U, K> {
    /// A relation with a name of its own, to what the grammar finds under `target`: a table, or a
    /// function that computes the relation.
    pub const fn new(name: &'static str, target: &'static str) -> Self {
        Self { name, target, hint: None, of: PhantomData }
    }

    /// Like [`new`](Self::new), where there are several ways to the target: `hint` says which, by
    /// the name of a constraint, a column or a table between.
    pub const fn via(name: &'static str, target: &'static str, hint: &'static str) -> Self {
        Self { name, target, hint: Some(hint), of: PhantomData }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The embed that it is, with nothing of its rows.
    pub(crate) fn select(&self) -> EmbedSelect {
        EmbedSelect {
            relation: Ident::new(self.target),
            alias: None,
            hint: self.hint.map(Ident::new),
            join: None,
            spread: false,
            select: Vec::new(),
        }
    }
}

impl<T, U: Table, K: Cardinality> Relation<T, U, K> {
    fn whole(self) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.columns(U::default())
    }

    /// Selects something else than whole rows.
    pub fn columns<S: Selection<U>>(self, selection: S) -> Embed<T, U, K, S> {
        Embed {
            relation: Relation {
                name: self.name,
                target: self.target,
                hint: self.hint,
                of: PhantomData,
            },
            kind: PhantomData,
            join: None,
            query: Query::default(),
            order: Vec::new(),
            related: Vec::new(),
            selection,
        }
    }

    /// Leads to rows that fulfil a condition alone.
    pub fn filter(self, condition: Filter<U>) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().filter(condition)
    }

    /// Orders the rows.
    pub fn order(self, key: impl Key<U>) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().order(key)
    }

    /// Leads to so many rows at most.
    pub fn limit(self, limit: u64) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().limit(limit)
    }

    /// Skips so many rows.
    pub fn offset(self, offset: u64) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().offset(offset)
    }

    /// Leads to rows alone that a relation of theirs leads from to something.
    pub fn having(self, relation: impl Related<U> + Send + Sync + 'static) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().having(relation)
    }

    /// Leads to rows alone that a relation of theirs leads from to nothing.
    pub fn lacking(self, relation: impl Related<U> + Send + Sync + 'static) -> Embed<T, U, K, U>
    where
        U: Default,
    {
        self.whole().lacking(relation)
    }
}

impl<T, U: Table + Default> Relation<T, U, One> {
    /// Leaves out rows that the relation leads from to nothing; see [`Embed::required`].
    pub fn required(self) -> Embed<T, U, Present, U> {
        self.whole().required()
    }
}

impl<T, U: Table + Default> Relation<T, U, Many> {
    /// Leaves out rows that the relation leads from to nothing.
    pub fn required(self) -> Embed<T, U, Many, U> {
        self.whole().required()
    }
}

impl<T, U: Table + Default, K: Cardinality> Selection<T> for Relation<T, U, K> {
    type Output = K::Of<U::Row>;

    fn project(&self, to: &mut Projection) {
        self.whole().project(to);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output> {
        self.whole().read(fields)
    }
}

/// Rows of table `U` within each row of table `T`.
pub struct Embed<T, U, K, S> {
    relation: Relation<T, U, ()>,
    kind: PhantomData<fn() -> K>,
    join: Option<JoinKind>,
    query: Query,
    order: Vec<Term>,
    related: Vec<Requirement>,
    selection: S,
}

impl<T, U, K, S: fmt::Debug> fmt::Debug for Embed<T, U, K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embed")
            .field("relation", &self.relation.name)
            .field("selection", &self.selection)
            .finish_non_exhaustive()
    }
}

impl<T, U, K, S> Embed<T, U, K, S> {
    /// Leads to rows that fulfil a condition alone.
    #[must_use]
    pub fn filter(mut self, condition: Filter<U>) -> Self {
        condition.apply(&Vec::new(), &mut self.query);
        self
    }

    /// Orders the rows; those that are equal in one key by the next.
    #[must_use]
    pub fn order(mut self, key: impl Key<U>) -> Self {
        self.order.push(key.into_term());
        self
    }

    /// Leads to so many rows at most.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        let range = Range { limit: Some(limit), ..self.query.root_range() };
        self.query.ranges = vec![(Vec::new(), range)];
        self
    }

    /// Skips so many rows.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        let range = Range { offset, ..self.query.root_range() };
        self.query.ranges = vec![(Vec::new(), range)];
        self
    }

    /// Leads to rows alone that a relation of theirs leads from to something.
    #[must_use]
    pub fn having(mut self, relation: impl Related<U> + Send + Sync + 'static) -> Self {
        self.related.push(must_lead(relation));
        self
    }

    /// Leads to rows alone that a relation of theirs leads from to nothing.
    #[must_use]
    pub fn lacking(mut self, relation: impl Related<U> + Send + Sync + 'static) -> Self {
        self.related.push(must_not_lead(relation));
        self
    }

    fn select(&self) -> EmbedSelect {
        EmbedSelect { join: self.join, ..self.relation.select() }
    }
}

impl<T, U, S> Embed<T, U, One, S> {
    /// Leaves out rows that the relation leads from to nothing, so that there always is one.
    #[must_use]
    pub fn required(self) -> Embed<T, U, Present, S> {
        let Self { relation, query, order, related, selection, .. } = self;
        let (kind, join) = (PhantomData, Some(JoinKind::Inner));
        Embed { relation, kind, join, query, order, related, selection }
    }
}

impl<T, U, S> Embed<T, U, Many, S> {
    /// Leaves out rows that the relation leads from to nothing.
    #[must_use]
    pub fn required(self) -> Self {
        Self { join: Some(JoinKind::Inner), ..self }
    }
}

impl<T, U, K: Cardinality, S: Selection<U>> Selection<T> for Embed<T, U, K, S> {
    type Output = K::Of<S::Output>;

    fn project(&self, to: &mut Projection) {
        let mut inner = to.nested();
        self.selection.project(&mut inner);
        for require in &self.related {
            require(&mut inner);
        }
        let mut own = self.query.clone();
        if !self.order.is_empty() {
            own.order.push((Vec::new(), inner.order(&self.order)));
        }
        to.embed(self.select(), self.relation.name, inner, own);
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<Self::Output> {
        let (json, layout, name) = fields.nested()?;
        K::collect(json, name, |row| {
            let object: Object<'_> =
                serde_json::from_str(row).map_err(|error| broken(name, &error))?;
            let cells = JsonCells::new(object, layout);
            self.selection.read(&mut Fields::new(&cells, layout))
        })
    }
}

/// A relation that must lead somewhere, or nowhere, for a row to be there: of a query's `having` or
/// `lacking`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no relation of `{T}`",
    label = "a relation of `{T}` is wanted here",
    note = "relations are constants of a table's module, such as `films::DIRECTOR`"
)]
pub trait Related<T> {
    /// Adds the relation, which must lead somewhere if it is an inner join.
    fn relate(&self, join: JoinKind, to: &mut Projection);
}

#[diagnostic::do_not_recommend]
impl<T, U: Table + Default, K: Cardinality> Related<T> for Relation<T, U, K> {
    fn relate(&self, join: JoinKind, to: &mut Projection) {
        self.whole().relate(join, to);
    }
}

#[diagnostic::do_not_recommend]
impl<T, U, K, S> Related<T> for Embed<T, U, K, S> {
    fn relate(&self, join: JoinKind, to: &mut Projection) {
        let mut inner = to.nested();
        for require in &self.related {
            require(&mut inner);
        }
        let join = (join == JoinKind::Inner).then_some(join);
        let select = EmbedSelect { join, ..self.select() };
        to.condition(select, self.relation.name, inner, self.query.clone());
    }
}

/// Adds a relation that must lead somewhere, or nowhere.
pub(crate) type Requirement = Box<dyn Fn(&mut Projection) + Send + Sync>;

pub(crate) fn must_lead<T>(relation: impl Related<T> + Send + Sync + 'static) -> Requirement {
    Box::new(move |to| relation.relate(JoinKind::Inner, to))
}

pub(crate) fn must_not_lead<T>(relation: impl Related<T> + Send + Sync + 'static) -> Requirement {
    Box::new(move |to| relation.relate(JoinKind::Left, to))
}
