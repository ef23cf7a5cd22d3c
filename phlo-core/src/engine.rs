//! The whole way in a few lines: a request in, an outcome out.

mod batches;
mod prepared;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::Result,
    exec::{End, Executor, Outcome, Transaction},
    plan::{self, Access, CountPlan, Limits, Parameters, Plan},
    request::{Caller, Request, TransactionEnd},
    schema::{Ident, Isolation, QualifiedName, Schema},
    sql::{self, Statement, session},
};

pub use self::{
    batches::{BATCH, PiecesOfRows, RowSource, can_come_in_batches, insert_rows},
    prepared::{Answering, Prepared},
};

/// What a server adds to every request.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What it allows.
    pub limits: Limits,
    /// Whether transactions are undone unless the caller asks otherwise.
    pub rollback_all: bool,
    /// A function that runs before every request.
    pub pre_request: Option<QualifiedName>,
    /// Settings of the configuration, as `(name, value)`.
    pub app_settings: Vec<(String, String)>,
    /// What holds for transactions of a role.
    pub roles: BTreeMap<String, RoleSettings>,
    /// How many bytes of a body are gathered, in the hope that it ends, before it is given in
    /// pieces; see [`Prepared::open`].
    pub longest_whole: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            rollback_all: false,
            pre_request: None,
            app_settings: Vec::new(),
            roles: BTreeMap::new(),
            longest_whole: 256 * 1024,
        }
    }
}

/// What holds for transactions of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Its settings (`ALTER ROLE .. SET`), as `(name, value)`.
    pub settings: Vec<(String, String)>,
    /// Its isolation level.
    pub isolation: Option<Isolation>,
}

/// What was planned for a request, and what came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The plan.
    pub plan: Plan,
    /// The outcome.
    pub outcome: Outcome,
}

/// Plans a request, runs it as its caller, and reads what came of it.
///
/// # Errors
///
/// Whatever a stage refuses; see [`plan::plan`] and [`Executor::run`].
pub async fn answer(
    executor: &impl Executor,
    schema: &Schema,
    settings: &Settings,
    request: Request,
    caller: &Caller,
) -> Result<Answer> {
    let plan = plan_for(executor.parameters(), schema, &request, &settings.limits)?;
    let prepared = Prepared::new(request, plan);
    let outcome = prepared.run(executor, settings, caller).await?;
    Ok(Answer { plan: prepared.into_plan(), outcome })
}

/// Plans a request for an executor whose statements have such parameters.
///
/// # Errors
///
/// See [`plan::plan`].
pub fn plan_for(
    parameters: Parameters,
    schema: &Schema,
    request: &Request,
    limits: &Limits,
) -> Result<Plan> {
    if parameters == limits.parameters {
        return plan::plan(schema, request, limits);
    }
    plan::plan(schema, request, &Limits { parameters, ..limits.clone() })
}

/// Everything that is sent to the database for a plan.
pub fn transaction(
    settings: &Settings,
    request: &Request,
    caller: &Caller,
    plan: &Plan,
) -> Transaction {
    with_statement(settings, request, caller, plan, Arc::new(render(plan)))
}

fn render(plan: &Plan) -> Statement {
    match (sql::render_change(plan), &plan.rows) {
        (Some(change), _) => change,
        (None, None) => sql::render(plan),
        (None, Some(rows)) => sql::render_for_writer(plan, rows),
    }
}

fn with_statement(
    settings: &Settings,
    request: &Request,
    caller: &Caller,
    plan: &Plan,
    main: Arc<Statement>,
) -> Transaction {
    let transaction = transaction_of(settings, request, caller, plan, main);
    match &plan.rows {
        None if plan.bare.is_some() => {
            Transaction { after: Some(sql::render_response_settings()), ..transaction }
        }
        None => transaction,
        Some(rows) => Transaction {
            writer: Some(rows.writer.clone()),
            after: (rows.sets_response || settings.pre_request.is_some())
                .then(sql::render_response_settings),
            ..transaction
        },
    }
}

/// Everything that is sent to the database for a plan whose statement is made already.
pub fn transaction_of(
    settings: &Settings,
    request: &Request,
    caller: &Caller,
    plan: &Plan,
    main: Arc<Statement>,
) -> Transaction {
    let estimates =
        matches!(plan.count, CountPlan::Planned | CountPlan::Query { estimate: true, .. });
    let frame = frame(
        settings,
        caller,
        plan.access,
        &request.schema,
        request.preferences.timezone.as_deref(),
        &plan.settings,
        request.preferences.transaction,
    );
    Transaction {
        isolation: plan.isolation.or(frame.isolation),
        main,
        after: (estimates && plan.explain.is_none()).then(|| sql::render_estimate(plan)),
        guard: plan.guard.filter(|_| plan.explain.is_none()),
        ..frame
    }
}

/// A transaction of a caller that does nothing yet.
pub fn frame(
    settings: &Settings,
    caller: &Caller,
    access: Access,
    schema: &Ident,
    timezone: Option<&str>,
    function_settings: &[(String, String)],
    preferred_end: Option<TransactionEnd>,
) -> Transaction {
    let role = settings.roles.get(&caller.role);
    let context = session::Context {
        access,
        schema,
        extra_search_path: &settings.limits.extra_search_path,
        role_settings: role.map_or(&[], |role| role.settings.as_slice()),
        timezone,
        function_settings,
        app_settings: &settings.app_settings,
    };
    let end = match (preferred_end, settings.rollback_all) {
        (Some(TransactionEnd::Rollback), _) | (None, true) => End::Rollback,
        (Some(TransactionEnd::Commit), _) | (None, false) => End::Commit,
    };
    Transaction {
        role: caller.role.clone(),
        access,
        isolation: role.and_then(|role| role.isolation),
        settings: session::settings(caller, &context),
        pre_request: settings.pre_request.as_ref().map(session::pre_request),
        main: Arc::new(Statement::constant("SELECT NULL")),
        writer: None,
        after: None,
        end,
        guard: None,
    }
}
