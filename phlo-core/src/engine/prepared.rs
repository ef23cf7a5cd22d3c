//! A request with all that is made of it before it is known who asks, and how it is run: whole, or
//! in pieces where its answer may be too long to be held. Decides which answers may come in pieces;
//! reads none.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    engine::{self, Settings},
    error::{Error, Result},
    exec::{self, BodyStream, Executor, Head, Opened, Outcome, Transaction},
    plan::{self, BareChange, CountPlan, Plan},
    request::{Caller, Request},
    sql::{Param, Statement},
};

/// SQLSTATE of a column that doesn't exist.
const UNDEFINED_COLUMN: &str = "42703";

/// A request with everything that is made of it before it is known who asks: made once, it can be
/// run often.
///
/// ```
/// use std::{future::poll_fn, pin::Pin};
///
/// use futures_core::Stream;
/// use phlo_core::engine::{self, Answering, Prepared, Settings};
/// use phlo_core::{Result, exec::Executor, request::{Caller, Request}, schema::Schema};
///
/// # async fn copy(pool: impl Executor, schema: Schema, request: Request) -> Result<()> {
/// let settings = Settings::default();
/// let plan = engine::plan_for(pool.parameters(), &schema, &request, &settings.limits)?;
/// let prepared = Prepared::new(request, plan);
/// match prepared.open(&pool, &settings, &Caller::new("web")).await? {
///     Answering::Whole(outcome) => println!("{} bytes", outcome.body.len()),
///     Answering::Pieces(_, mut pieces) => {
///         while let Some(piece) = poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx)).await {
///             println!("{} bytes more", piece?.len());
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    made: Arc<Made>,
    main: Arc<Statement>,
}

/// What is the same for all bodies of a shape.
#[derive(Debug)]
struct Made {
    request: Request,
    plan: Plan,
}

/// What comes of a request that may be answered in pieces.
#[derive(Debug)]
pub enum Answering {
    /// Everything: it was short, or it can't come in pieces.
    Whole(Outcome),
    /// What is known before the body, and the body.
    Pieces(Head, BodyStream),
}

impl Prepared {
    /// Writes the statement of a plan.
    pub fn new(request: Request, plan: Plan) -> Self {
        let main = Arc::new(engine::render(&plan));
        Self { made: Arc::new(Made { request, plan }), main }
    }

    /// The same without its body, for [`with_body`](Self::with_body). None if it has a body that is
    /// no JSON of keys and values: what was planned may depend on all of it.
    pub fn without_body(&self) -> Option<Self> {
        if self.request().payload.is_none() {
            return Some(self.clone());
        }
        let request = Request { payload: None, ..self.request().clone() };
        let mut plan = self.plan().clone();
        let mut main = Statement::clone(&self.main);
        if let Some(BareChange::OfValues(values)) = &mut plan.bare {
            values.clear();
            main.params.clear();
        } else {
            main.body()?;
            main.set_body(&Bytes::new());
        }
        plan.action.remove_body();
        Some(Self { made: Arc::new(Made { request, plan }), main: Arc::new(main) })
    }

    /// Whether a body is among the parameters of its statement.
    pub fn takes_body(&self) -> bool {
        self.plan().action.json().is_some()
    }

    /// The same with a body, which must be JSON of the same shape as the one that it was planned
    /// with: an object or an array, with the same keys. None if it has to be planned anew for its
    /// values.
    pub fn with_body(&self, body: &Bytes) -> Option<Self> {
        let mut main = Statement::clone(&self.main);
        if matches!(self.plan().bare, Some(BareChange::OfValues(_))) {
            let values = plan::values(self.plan().action.json()?, body)?;
            main.params =
                values.into_iter().map(|text| text.map_or(Param::Null, Param::Text)).collect();
        } else {
            main.set_body(body);
        }
        Some(Self { made: Arc::clone(&self.made), main: Arc::new(main) })
    }

    /// What was asked for; without a payload, if it was made [`without_body`](Self::without_body).
    pub fn request(&self) -> &Request {
        &self.made.request
    }

    /// What was planned for it. The body is in the [`statement`](Self::statement).
    pub fn plan(&self) -> &Plan {
        &self.made.plan
    }

    /// The plan, where nothing else is needed any more.
    pub(super) fn into_plan(self) -> Plan {
        match Arc::try_unwrap(self.made) {
            Ok(made) => made.plan,
            Err(shared) => shared.plan.clone(),
        }
    }

    /// The statement of the plan.
    pub fn statement(&self) -> &Statement {
        &self.main
    }

    /// Everything that is sent to the database.
    pub fn transaction(&self, settings: &Settings, caller: &Caller) -> Transaction {
        let main = Arc::clone(&self.main);
        engine::with_statement(settings, self.request(), caller, self.plan(), main)
    }

    /// Runs it as its caller.
    ///
    /// # Errors
    ///
    /// See [`Executor::run`].
    pub async fn run(
        &self,
        executor: &impl Executor,
        settings: &Settings,
        caller: &Caller,
    ) -> Result<Outcome> {
        match executor.run(&self.transaction(settings, caller)).await {
            Ok(results) => exec::decode(self.plan(), settings.limits.max_rows, results),
            Err(error) if self.is_stale(&error) => {
                Box::pin(self.run_without_rows(executor, settings, caller)).await
            }
            Err(error) => Err(error),
        }
    }

    /// Runs it as its caller, but holds no more of a long body than [`Settings::longest_whole`]
    /// bytes: what is longer is given in pieces, each read from the database when it is asked for.
    ///
    /// A body may come in pieces if phlo writes it from plain rows and nothing depends on their
    /// number. What the statement itself sets as `response.headers` comes too late then; if it sets
    /// `response.status`, the body ends with an error.
    ///
    /// # Errors
    ///
    /// See [`Executor::open`].
    pub async fn open(
        &self,
        executor: &impl Executor,
        settings: &Settings,
        caller: &Caller,
    ) -> Result<Answering> {
        let plan = self.plan();
        if plan.rows.is_none() || plan.count != CountPlan::No {
            return self.run(executor, settings, caller).await.map(Answering::Whole);
        }
        let transaction = self.transaction(settings, caller);
        match executor.open(&transaction, settings.longest_whole).await {
            Ok(Opened::Whole(results)) => {
                exec::decode(plan, settings.limits.max_rows, results).map(Answering::Whole)
            }
            Ok(Opened::Pieces(before, pieces)) => {
                Ok(Answering::Pieces(Head::decode(before)?, pieces))
            }
            Err(error) if self.is_stale(&error) => {
                let run = Box::pin(self.run_without_rows(executor, settings, caller));
                run.await.map(Answering::Whole)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a column may have been dropped after the schema was read: it is named only where
    /// phlo writes the rows itself, since `*` in the statement doesn't know it.
    fn is_stale(&self, error: &Error) -> bool {
        self.plan().rows.is_some() && error.code() == UNDEFINED_COLUMN
    }

    async fn run_without_rows(
        &self,
        executor: &impl Executor,
        settings: &Settings,
        caller: &Caller,
    ) -> Result<Outcome> {
        let plan = Plan { rows: None, ..self.plan().clone() };
        let mut main = engine::render(&plan);
        if let Some(body) = self.main.body() {
            main.set_body(body);
        }
        let main = Arc::new(main);
        let transaction = engine::with_statement(settings, self.request(), caller, &plan, main);
        let results = executor.run(&transaction).await?;
        exec::decode(&plan, settings.limits.max_rows, results)
    }
}
