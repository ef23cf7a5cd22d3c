//! Runs typed queries: on a pool of `sqlx`, within a transaction of `sqlx` that is open, or on
//! phlo's own pipelined pool, as any role.
//!
//! Takes queries of [`crate::dsl`], gives their rows. Knows how a query becomes a unit of work;
//! what it means is the business of the stages below.

mod backend;
#[cfg(any(feature = "pipeline", feature = "sqlx"))]
mod insert;
#[cfg(feature = "sqlx")]
mod over_sqlx;
#[cfg(feature = "pipeline")]
mod pipelined;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    dsl::{self, Casts, Change, Query, ValueFunction},
    engine::{self, Settings},
    error::{Code, Error, Result},
    exec,
    plan::{Access, Guard, Limits, Plan, RowCount},
    request::{Action, Caller, Count, MediaType, Output, Request},
    schema::Schema,
    sql,
};

pub use self::backend::{Backend, Work};
#[cfg(feature = "sqlx")]
pub use self::over_sqlx::OnConnection;

/// A database with a known schema, and who uses it.
///
/// Cloning is cheap where it is for the pool.
///
/// Without [`as_role`](Self::as_role) queries run as the role that the pool logs in as, one
/// statement each, and no settings are made. With it each query is a transaction of its own that
/// sets the role and the claims, so that privileges and row-level security are those of the role.
#[derive(Clone)]
pub struct Database<B> {
    backend: B,
    shared: Arc<Shared>,
    caller: Option<Arc<Caller>>,
}

struct Shared {
    schema: Arc<Schema>,
    settings: Settings,
}

impl<B> fmt::Debug for Database<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl<B> Database<B> {
    /// A database with that schema: the one that types were generated from.
    pub fn new(backend: B, schema: impl Into<Arc<Schema>>) -> Self {
        let limits = Limits { aggregates: true, ..Limits::default() };
        let settings = Settings { limits, ..Settings::default() };
        Self::with_settings(backend, schema, settings)
    }

    /// Like [`new`](Self::new), with limits, settings of roles and the like.
    pub fn with_settings(backend: B, schema: impl Into<Arc<Schema>>, settings: Settings) -> Self {
        let shared = Shared { schema: schema.into(), settings };
        Self { backend, shared: Arc::new(shared), caller: None }
    }

    /// What is known about the database.
    pub fn schema(&self) -> &Schema {
        &self.shared.schema
    }

    /// The same database, used by another role.
    ///
    /// The role that the pool logs in as must be a member of it.
    #[must_use]
    pub fn as_role(&self, role: impl Into<String>) -> Self
    where
        B: Clone,
    {
        self.as_caller(Caller::new(role))
    }

    /// The same database, used by that caller.
    #[must_use]
    pub fn as_caller(&self, caller: Caller) -> Self
    where
        B: Clone,
    {
        Self { caller: Some(Arc::new(caller)), ..self.clone() }
    }

    /// Sets the claims of the caller, which functions and policies read as `request.jwt.claims`.
    ///
    /// Without a role they mean nothing.
    #[must_use]
    pub fn claims(mut self, claims: Map<String, Value>) -> Self {
        if let Some(caller) = &mut self.caller {
            let caller = Arc::make_mut(caller);
            caller.claims = claims;
            caller.claims_json = None;
        }
        self
    }
}

impl<B: Backend> Database<B> {
    /// All rows that a query gives.
    ///
    /// # Errors
    ///
    /// A table or column that the schema doesn't have; the database's own error; a value that isn't
    /// of the type that was generated for its column.
    pub async fn all<Q>(&self, query: Q) -> Result<Vec<Q::Output>>
    where
        Q: Query + Send + Sync,
        Q::Output: Send,
    {
        let (request, layout) = query.prepare(Casts::Yes);
        self.rows(&query, &request, &layout, None).await
    }

    /// The only row that a query gives.
    ///
    /// # Errors
    ///
    /// [`Code::Singular`] if it gives none, or several, and a change is then undone; and those of
    /// [`all`](Self::all).
    pub async fn one<Q>(&self, query: Q) -> Result<Q::Output>
    where
        Q: Query + Send + Sync,
        Q::Output: Send,
    {
        self.single(query, RowCount::One).await?.ok_or_else(|| {
            // OK because the count was checked: there is one.
            Error::new(Code::Singular, "The query gives no row")
        })
    }

    /// The only row that a query gives, if it gives one.
    ///
    /// # Errors
    ///
    /// [`Code::Singular`] if it gives several, and a change is then undone; and those of
    /// [`all`](Self::all).
    pub async fn optional<Q>(&self, query: Q) -> Result<Option<Q::Output>>
    where
        Q: Query + Send + Sync,
        Q::Output: Send,
    {
        self.single(query, RowCount::AtMostOne).await
    }

    async fn single<Q>(&self, query: Q, count: RowCount) -> Result<Option<Q::Output>>
    where
        Q: Query + Send + Sync,
        Q::Output: Send,
    {
        let (mut request, layout) = query.prepare(Casts::Yes);
        if !matches!(request.action, Action::Mutate { .. }) {
            // A second row is enough to know that there are several.
            limit(&mut request, 2);
        }
        let mut rows = self.rows(&query, &request, &layout, Some(count)).await?;
        Guard::Rows(count).check(u64::try_from(rows.len()).unwrap_or(u64::MAX))?;
        Ok(rows.pop())
    }

    /// How many rows a query gives, if it isn't limited.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn count<Q: Query + Send + Sync>(&self, query: Q) -> Result<u64> {
        let (mut request, _) = query.prepare(Casts::No);
        request.preferences.count = Some(Count::Exact);
        match &mut request.action {
            Action::Read { output, .. } => *output = Output::HeadersOnly,
            Action::Call { .. } | Action::Mutate { .. } => {}
        }
        limit(&mut request, 0);
        let outcome = self.answer(&request).await?.outcome;
        Ok(outcome.total.unwrap_or(outcome.rows))
    }

    /// About how many rows a query gives, if it isn't limited: as many as the planner guesses, which
    /// takes no longer for many than for few. Those of a function are counted.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn estimate<Q: Query + Send + Sync>(&self, query: Q) -> Result<u64> {
        let (request, _) = query.prepare(Casts::No);
        if !matches!(request.action, Action::Read { .. }) {
            return self.count(query).await;
        }
        let plan = self.plan(&request)?;
        let work = self.work(&request, &plan, sql::render_estimate(&plan));
        let results = self.backend.run(&work).await?;
        exec::estimate(&results.main)
            .ok_or_else(|| Error::new(Code::Internal, "The planner's guess could not be read"))
    }

    /// The rows that a query gives as a JSON array, as the database writes it.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn json<Q: Query + Send + Sync>(&self, query: Q) -> Result<Bytes> {
        Ok(self.answer(&query.to_request()).await?.outcome.body)
    }

    /// Makes a change and says how many rows it was.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn execute<C: Change + Send + Sync>(&self, change: C) -> Result<u64> {
        Ok(self.answer(&change.to_request()).await?.outcome.rows)
    }

    /// Makes a change of one row; it is undone if there are none, or several.
    ///
    /// # Errors
    ///
    /// [`Code::Singular`] if it is not one row; and those of [`all`](Self::all).
    pub async fn execute_one<C: Change + Send + Sync>(&self, change: C) -> Result<()> {
        let mut request = change.to_request();
        request.accept = vec![MediaType::Object { nulls_stripped: false }];
        match self.answer(&request).await {
            Err(error) if error.kind() == Code::Singular => {
                let message = "The change is not one of exactly one row";
                Err(Error::new(Code::Singular, message).with_source(error))
            }
            answer => answer.map(|_| ()),
        }
    }

    /// Calls a function that returns values.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub async fn call<F: ValueFunction + Send + Sync>(&self, function: F) -> Result<F::Output> {
        let answer = self.answer(&dsl::call_request(&function)).await?;
        dsl::read_answer::<F>(&answer.outcome.body)
    }

    /// Answers any request: one that was parsed from a URL, or made by hand.
    ///
    /// # Errors
    ///
    /// Whatever a stage refuses.
    pub async fn answer(&self, request: &Request) -> Result<engine::Answer> {
        let mut plan = self.plan(request)?;
        let work = match &self.caller {
            Some(caller) => {
                let settings = &self.shared.settings;
                Work::As(engine::transaction(settings, request, caller, &plan))
            }
            None => {
                // The one row of the envelope is all that is read then.
                (plan.rows, plan.bare) = (None, None);
                self.work(request, &plan, sql::render(&plan))
            }
        };
        let results = self.backend.run(&work).await?;
        let outcome = exec::decode(&plan, self.shared.settings.limits.max_rows, results)?;
        Ok(engine::Answer { plan, outcome })
    }

    async fn rows<Q>(
        &self,
        query: &Q,
        request: &Request,
        layout: &dsl::Layout,
        count: Option<RowCount>,
    ) -> Result<Vec<Q::Output>>
    where
        Q: Query + Send + Sync,
        Q::Output: Send,
    {
        let work = self.typed_work(request, count)?;
        let read = |cells: &dyn dsl::Cells| query.read(&mut dsl::Fields::new(cells, layout));
        self.backend.rows(&work, read).await
    }

    fn typed_work(&self, request: &Request, count: Option<RowCount>) -> Result<Work> {
        let plan = self.plan(request)?;
        let mut work = self.work(request, &plan, sql::render_rows(&plan));
        let most = match plan.guard {
            Some(Guard::MaxAffected(most)) => Some(RowCount::AtMost(most)),
            Some(Guard::Singular | Guard::PutKey | Guard::Rows(_)) | None => None,
        };
        // Of what changes nothing there is nothing to undo.
        work.give_rows(count.or(most).filter(|_| plan.access == Access::ReadWrite));
        Ok(work)
    }

    fn plan(&self, request: &Request) -> Result<Plan> {
        let Shared { schema, settings } = &*self.shared;
        engine::plan_for(self.backend.parameters(), schema, request, &settings.limits)
    }

    fn work(&self, request: &Request, plan: &Plan, main: sql::Statement) -> Work {
        let main = Arc::new(main);
        match &self.caller {
            None => Work::Plain { main, access: plan.access, guard: plan.guard },
            Some(caller) => {
                Work::As(engine::transaction_of(&self.shared.settings, request, caller, plan, main))
            }
        }
    }
}

fn limit(request: &mut Request, most: u64) {
    let range = request.query.root_range().capped(Some(most));
    request.query.ranges.retain(|(path, _)| !path.is_empty());
    request.query.ranges.push((Vec::new(), range));
}
