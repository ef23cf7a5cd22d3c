//! What a request means against a schema: every name resolved, everything that can be refused
//! refused, with a hint. Takes values, gives a value; does no I/O and writes no SQL.

mod call;
mod draft;
mod embed;
mod field;
mod filter;
mod guard;
mod model;
mod mutate;
mod negotiate;
mod plain;
mod read;
mod rows;
mod spread;
mod values;

use crate::{
    error::{Code, Error, Result},
    request::{
        Action, Count, Handling, Invocation, MediaType, Mutation, Output, Preferences, Range,
        Request,
    },
    schema::{Ident, QualifiedName, ReturnedColumn, Routine, Schema, suggest},
};

pub use self::guard::{Access, Guard, RowCount};
pub use self::model::{
    ActionPlan, ArgumentValue, ArgumentsPlan, BareChange, BodyPlan, CallPlan, Condition, Conflict,
    CountPlan, CustomArgument, Element, EmbedName, EmbedPlace, EmbedPlan, EmbedShape, Explain,
    FieldPlan, FilterPlan, JoinCondition, JsonColumn, JsonRows, JsonShape, LegacyTarget,
    MutationKind, MutationPlan, NamedArgument, OperationPlan, OrderPlan, Plan, ReadNode, RowsForm,
    RowsPlan, SelectPlan, Source, SpreadColumn, Typing,
};
pub(crate) use self::values::values;

/// What a server allows, and what it adds to every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rows of a read or call, at every level; none for no limit.
    pub max_rows: Option<u64>,
    /// Whether aggregates may be used.
    pub aggregates: bool,
    /// Whether the database's plans may be shown.
    pub explain: bool,
    /// Whether filters may name an embed by its table although it has an alias.
    pub legacy_target_names: bool,
    /// Schemas besides the request's own whose types a cast may name.
    pub extra_search_path: Vec<Ident>,
    /// What type the parameters of a statement have.
    pub parameters: Parameters,
}

/// What type the parameters of a statement have, which is the executor's to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameters {
    /// None: the database takes each as whatever its context wants, as it takes a quoted literal.
    #[default]
    Untyped,
    /// `text`, so that what is compared to something else must be cast.
    Text,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_rows: None,
            aggregates: false,
            explain: false,
            legacy_target_names: true,
            extra_search_path: vec![Ident::new("public")],
            parameters: Parameters::Untyped,
        }
    }
}

/// Resolves a request against a schema.
///
/// # Errors
///
/// Unknown or ambiguous tables, relationships, functions and columns; combinations that make no
/// sense or are not allowed; no acceptable media type. Names that only the database can judge, such
/// as computed columns, are left to it.
pub fn plan(schema: &Schema, request: &Request, limits: &Limits) -> Result<Plan> {
    let context = Context { schema, request, limits, returned: &[] };
    match &request.action {
        Action::Read { table, output } => context.plan_read(table, *output),
        Action::Mutate { table, mutation } => context.plan_mutate(table, *mutation),
        Action::Call { function, invocation } => context.plan_call(function, *invocation),
    }
}

/// The function that a call means; see [`plan`].
///
/// # Errors
///
/// No function fits, or several do.
pub fn find_routine<'s>(
    schema: &'s Schema,
    request: &Request,
    limits: &Limits,
) -> Result<&'s Routine> {
    let context = Context { schema, request, limits, returned: &[] };
    if let Action::Call { function, invocation } = &request.action {
        context.resolve_routine(function, *invocation)
    } else {
        Err(Error::new(Code::Internal, "Only calls mean a function"))
    }
}

/// What every step of planning can see.
#[derive(Clone, Copy)]
pub(crate) struct Context<'s, 'r> {
    pub(crate) schema: &'s Schema,
    pub(crate) request: &'r Request,
    pub(crate) limits: &'r Limits,
    /// The columns of what a function returns, where no table has them.
    pub(crate) returned: &'s [ReturnedColumn],
}

impl Context<'_, '_> {
    fn plan_read(&self, table: &Ident, output: Output) -> Result<Plan> {
        let name = self.resolve_table(table)?;
        let (node, legacy_targets) = self.plan_tree(&name, output)?;
        let body = self.negotiate(&name, None, &node)?;
        self.check_preferences()?;
        let count = self.plan_count(node.range);
        let rows = match body.explain {
            None => self.plan_rows(&name, &node, &body.body, count),
            Some(_) => None,
        };
        Ok(Plan {
            count,
            rows,
            guard: singular(&body.media),
            action: ActionPlan::Read(node),
            body: body.body,
            explain: body.explain,
            media: body.media,
            bare: None,
            access: Access::ReadOnly,
            isolation: None,
            settings: Vec::new(),
            applied: self.applied(None, false),
            legacy_targets,
        })
    }

    fn plan_mutate(&self, table: &Ident, mutation: Mutation) -> Result<Plan> {
        let name = self.resolve_table(table)?;
        let (node, legacy_targets) = self.plan_tree(&name, Output::Full)?;
        let change = self.resolve_mutation(&name, mutation, &node)?;
        self.check_preferences()?;
        let body = self.negotiate(&name, None, &node)?;
        let guard = match mutation {
            Mutation::Upsert => Some(Guard::PutKey),
            Mutation::Insert => singular(&body.media),
            Mutation::Update | Mutation::Delete => {
                singular(&body.media).or_else(|| self.max_affected())
            }
        };
        let has_key = self.schema.table(&name).is_some_and(|table| !table.primary_key.is_empty());
        let is_untyped = self.limits.parameters == Parameters::Untyped;
        let is_run = guard.is_none() && body.explain.is_none() && body.body == BodyPlan::Nothing;
        Ok(Plan {
            bare: if is_untyped && is_run { values::bare(&change) } else { None },
            action: ActionPlan::Mutate(change, node),
            body: body.body,
            explain: body.explain,
            media: body.media,
            rows: None,
            count: CountPlan::No,
            access: Access::ReadWrite,
            isolation: None,
            settings: Vec::new(),
            guard,
            applied: self.applied(Some(mutation), has_key),
            legacy_targets,
        })
    }

    fn plan_call(&self, function: &Ident, invocation: Invocation) -> Result<Plan> {
        let routine = self.resolve_routine(function, invocation)?;
        let relation = QualifiedName::new(
            routine.name.schema.clone(),
            routine.returned_relation().map_or(&routine.name.name, |it| &it.name).clone(),
        );
        let output = match invocation {
            Invocation::Read(output) => output,
            Invocation::Write => Output::Full,
        };
        let of_result = Context { returned: &routine.returns.columns, ..*self };
        let (node, legacy_targets) = of_result.plan_tree(&relation, output)?;
        let call = self.resolve_call(routine, invocation, &node)?;
        let body = self.negotiate(&relation, Some(routine), &node)?;
        self.check_preferences()?;
        let max_affected = self.max_affected();
        if max_affected.is_some() && !routine.returns.is_set {
            return Err(Error::new(
                Code::MaxAffectedFunction,
                "Function must return SETOF or TABLE when max-affected preference is used with \
                 handling=strict",
            ));
        }
        let count = self.plan_count(node.range);
        let access = call::access(routine, invocation);
        let guard = singular(&body.media).or(max_affected);
        let streams = routine.returns.is_set
            && access == Access::ReadOnly
            && guard.is_none()
            && body.explain.is_none();
        let rows = if streams { self.plan_elements(&node, &body.body, count) } else { None };
        Ok(Plan {
            action: ActionPlan::Call(call, node),
            body: body.body,
            explain: body.explain,
            rows,
            bare: None,
            count,
            guard,
            media: body.media,
            access,
            isolation: routine.isolation,
            settings: routine.settings.clone(),
            applied: Preferences {
                max_affected: self.request.preferences.max_affected,
                ..self.applied(None, false)
            },
            legacy_targets,
        })
    }

    /// The table that the request names.
    pub(crate) fn resolve_table(&self, table: &Ident) -> Result<QualifiedName> {
        let name = QualifiedName::new(self.request.schema.clone(), table.clone());
        if self.schema.table(&name).is_some() {
            return Ok(name);
        }
        Err(unknown_table(self.schema, &name))
    }

    fn plan_count(&self, range: Range) -> CountPlan {
        match self.request.preferences.count {
            None => CountPlan::No,
            Some(Count::Planned) => CountPlan::Planned,
            Some(Count::Exact) if range.is_all() && self.limits.max_rows.is_none() => {
                CountPlan::Page
            }
            Some(Count::Exact) => CountPlan::Query { limit: None, estimate: false },
            Some(Count::Estimated) => CountPlan::Query {
                limit: self.limits.max_rows.map(|rows| rows.saturating_add(1)),
                estimate: true,
            },
        }
    }

    fn check_preferences(&self) -> Result<()> {
        let preferences = &self.request.preferences;
        if preferences.handling == Some(Handling::Strict) && !preferences.invalid.is_empty() {
            return Err(Error::new(
                Code::Preferences,
                "Invalid preferences given with handling=strict",
            )
            .with_details(format!("Invalid preferences: {}", preferences.invalid.join(", "))));
        }
        Ok(())
    }

    fn max_affected(&self) -> Option<Guard> {
        let preferences = &self.request.preferences;
        (preferences.handling == Some(Handling::Strict))
            .then_some(preferences.max_affected)
            .flatten()
            .map(Guard::MaxAffected)
    }

    /// The preferences that have a meaning for this action.
    fn applied(&self, mutation: Option<Mutation>, has_key: bool) -> Preferences {
        let given = &self.request.preferences;
        let insert = mutation == Some(Mutation::Insert);
        let update = mutation == Some(Mutation::Update);
        let delete = mutation == Some(Mutation::Delete);
        let resolves = insert && (has_key || self.request.query.on_conflict.is_some());
        Preferences {
            resolution: given.resolution.filter(|_| resolves),
            representation: given.representation.filter(|_| mutation.is_some()),
            count: given.count,
            transaction: given.transaction,
            missing: given.missing.filter(|_| insert || update),
            handling: given.handling,
            timezone: given.timezone.clone(),
            max_affected: given.max_affected.filter(|_| update || delete),
            invalid: Vec::new(),
        }
    }
}

fn singular(media: &MediaType) -> Option<Guard> {
    matches!(media, MediaType::Object { .. }).then_some(Guard::Singular)
}

/// The error for a table that doesn't exist, with the nearest that does.
pub fn unknown_table(schema: &Schema, name: &QualifiedName) -> Error {
    let names = schema.tables().filter(|it| it.name.schema == name.schema);
    let hint = suggest::best(names.map(|it| &*it.name.name), &name.name, suggest::STRICT)
        .map(|near| format!("Perhaps you meant the table '{}.{near}'", name.schema));
    Error::new(Code::UnknownTable, format!("Could not find the table '{name}' in the schema cache"))
        .with_optional_hint(hint)
}
