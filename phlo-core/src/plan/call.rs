//! Calls: which of several functions is meant, and what it is given.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::{
    error::{Code, Error, Result},
    plan::{
        Access, ArgumentValue, ArgumentsPlan, CallPlan, Condition, Context, JsonColumn, JsonRows,
        JsonShape, NamedArgument, ReadNode, mutate,
    },
    request::{Invocation, JsonOrigin, Payload, RawKind},
    schema::{Ident, Parameter, QualifiedName, Routine, Volatility, suggest},
};

/// Whether a call may write: not by GET, and not if the function promises not to.
pub(crate) fn access(routine: &Routine, invocation: Invocation) -> Access {
    match (invocation, routine.volatility) {
        (Invocation::Write, Volatility::Volatile) => Access::ReadWrite,
        (Invocation::Write, Volatility::Stable | Volatility::Immutable)
        | (Invocation::Read(_), _) => Access::ReadOnly,
    }
}

impl<'s> Context<'s, '_> {
    /// The function that a request means, by its name and the names of its arguments.
    ///
    /// # Errors
    ///
    /// No function fits, with the nearest; or several do.
    pub(crate) fn resolve_routine(
        &self,
        function: &Ident,
        invocation: Invocation,
    ) -> Result<&'s Routine> {
        let name = QualifiedName::new(self.request.schema.clone(), function.clone());
        let overloads = self.schema.routines(&name);
        let given = self.argument_names(invocation);
        let whole_body_type = self.whole_body_types(invocation);
        let by_name: Vec<_> = overloads
            .iter()
            .filter(|routine| accepts(routine, &given, self.is_raw_body()))
            .collect();
        let whole: Vec<_> =
            overloads.iter().filter(|routine| takes_whole_body(routine, whole_body_type)).collect();
        match (by_name.as_slice(), whole.as_slice()) {
            ([only], _) | ([], [only]) => Ok(only),
            ([], []) => Err(self.unknown_routine(&name, &given, invocation, overloads)),
            ([], several) | (several, _) => Err(ambiguous(several)),
        }
    }

    /// What the function is given, and what is needed of its result.
    pub(crate) fn resolve_call(
        &self,
        routine: &Routine,
        invocation: Invocation,
        read: &ReadNode,
    ) -> Result<CallPlan> {
        Ok(CallPlan {
            function: routine.name.clone(),
            arguments: self.arguments(routine, invocation)?,
            scalar: routine.returns_scalar() || routine.returns_set_of_scalar(),
            single: !routine.returns.is_set,
            void: routine.returns_void(),
            returning: returned_columns(read),
        })
    }

    fn argument_names(&self, invocation: Invocation) -> BTreeSet<&Ident> {
        match (invocation, &self.request.payload) {
            (Invocation::Read(_), _) => {
                self.request.query.arguments.iter().map(|(name, _)| name).collect()
            }
            (Invocation::Write, Some(Payload::Json { keys, .. })) => keys.iter().collect(),
            (Invocation::Write, Some(Payload::Form(pairs))) => {
                pairs.iter().map(|(name, _)| name).collect()
            }
            (Invocation::Write, Some(Payload::Raw { .. }) | None) => BTreeSet::new(),
        }
    }

    fn is_raw_body(&self) -> bool {
        matches!(self.request.payload, Some(Payload::Raw { .. }))
    }

    /// The types that the only parameter of a function may have to take the body as a whole.
    fn whole_body_types(&self, invocation: Invocation) -> &'static [&'static str] {
        match (invocation, &self.request.payload) {
            (Invocation::Write, Some(Payload::Json { origin: JsonOrigin::Json, .. })) => {
                &["json", "jsonb"]
            }
            (Invocation::Write, Some(Payload::Raw { kind, .. })) => match kind {
                RawKind::Text => &["text"],
                RawKind::Xml => &["xml"],
                RawKind::Bytes => &["bytea"],
                RawKind::Json => &["json", "jsonb"],
            },
            (Invocation::Write, Some(Payload::Json { .. } | Payload::Form(_)) | None)
            | (Invocation::Read(_), _) => &[],
        }
    }

    fn arguments(&self, routine: &Routine, invocation: Invocation) -> Result<ArgumentsPlan> {
        let given = self.argument_names(invocation);
        if let [only] = routine.parameters.as_slice()
            && only.name.is_empty()
        {
            return Ok(ArgumentsPlan::Whole {
                body: self.whole_body(),
                type_name: only.type_name.clone(),
            });
        }
        let parameters =
            routine.parameters.iter().filter(|parameter| given.contains(&parameter.name));
        match (invocation, &self.request.payload) {
            (Invocation::Read(_), _) => Ok(named(parameters, &self.request.query.arguments)),
            (Invocation::Write, Some(Payload::Form(pairs))) => Ok(named(parameters, pairs)),
            (Invocation::Write, Some(Payload::Json { raw, .. })) => {
                let variadic = routine.parameters.iter().find(|parameter| parameter.variadic);
                let columns: Vec<_> = parameters
                    .map(|parameter| JsonColumn {
                        name: parameter.name.clone(),
                        type_name: parameter.type_name.clone(),
                        from_text: false,
                        transform: None,
                        default: None,
                    })
                    .collect();
                if columns.is_empty() {
                    return Ok(ArgumentsPlan::Named(Vec::new()));
                }
                Ok(ArgumentsPlan::Json {
                    rows: JsonRows {
                        shape: JsonShape::of(raw),
                        body: raw.clone(),
                        columns,
                        defaults: false,
                    },
                    variadic: variadic.map(|parameter| parameter.name.clone()),
                })
            }
            (Invocation::Write, Some(Payload::Raw { .. }) | None) => {
                Ok(ArgumentsPlan::Named(Vec::new()))
            }
        }
    }

    fn whole_body(&self) -> Bytes {
        match &self.request.payload {
            Some(Payload::Json { raw, .. } | Payload::Raw { raw, .. }) => raw.clone(),
            Some(Payload::Form(_)) | None => Bytes::from_static(b"{}"),
        }
    }

    fn unknown_routine(
        &self,
        name: &QualifiedName,
        given: &BTreeSet<&Ident>,
        invocation: Invocation,
        overloads: &[Routine],
    ) -> Error {
        let list = given.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
        let (signature, parameters) = if given.is_empty() {
            (" without parameters".to_owned(), " without parameters".to_owned())
        } else {
            let plural = if given.len() > 1 { "s" } else { "" };
            (format!("({list})"), format!(" with parameter{plural} {list}"))
        };
        let (signature, searched) = match (invocation, &self.request.payload) {
            (Invocation::Write, Some(Payload::Raw { kind, .. })) => {
                let type_name = match kind {
                    RawKind::Text => "text",
                    RawKind::Xml => "xml",
                    RawKind::Bytes => "bytea",
                    RawKind::Json => "json/jsonb",
                };
                (String::new(), format!(" with a single unnamed {type_name} parameter"))
            }
            (Invocation::Write, Some(Payload::Json { origin: JsonOrigin::Json, .. })) => {
                (signature, format!("{parameters} or with a single unnamed json/jsonb parameter"))
            }
            (Invocation::Write, Some(Payload::Json { .. } | Payload::Form(_)) | None)
            | (Invocation::Read(_), _) => (signature, parameters),
        };
        Error::new(
            Code::UnknownFunction,
            format!("Could not find the function {name}{signature} in the schema cache"),
        )
        .with_details(format!(
            "Searched for the function {name}{searched}, but no matches were found in the schema \
             cache."
        ))
        .with_optional_hint(
            (!self.is_raw_body())
                .then(|| self.nearest_routine(name, &list, given, overloads))
                .flatten()
                .map(|near| {
                    format!("Perhaps you meant to call the function {}.{near}", name.schema)
                }),
        )
    }

    /// The nearest function by name; or, if there is one of that name, the nearest arguments.
    fn nearest_routine(
        &self,
        name: &QualifiedName,
        list: &str,
        given: &BTreeSet<&Ident>,
        overloads: &[Routine],
    ) -> Option<String> {
        if overloads.is_empty() {
            let mut names: Vec<_> = self
                .schema
                .all_routines()
                .filter(|routine| routine.name.schema == name.schema)
                .map(|routine| &*routine.name.name)
                .collect();
            names.dedup();
            return suggest::best(names, &name.name, suggest::STRICT).map(str::to_owned);
        }
        let signatures: Vec<_> = overloads
            .iter()
            .map(|routine| {
                let sorted: BTreeSet<_> =
                    routine.parameters.iter().map(|it| it.name.as_str()).collect();
                format!("({})", sorted.into_iter().collect::<Vec<_>>().join(", "))
            })
            .collect();
        let wanted = if given.is_empty() { "()".to_owned() } else { format!("({list})") };
        suggest::best(signatures.iter().map(String::as_str), &wanted, suggest::LENIENT)
            .map(|near| format!("{}{near}", name.name))
    }
}

/// PostgREST 16: all required parameters are given, and nothing that is no parameter.
fn accepts(routine: &Routine, given: &BTreeSet<&Ident>, raw_body: bool) -> bool {
    if routine.parameters.is_empty() {
        return given.is_empty() && !raw_body;
    }
    let required =
        routine.parameters.iter().filter(|it| it.required).all(|it| given.contains(&it.name));
    required && given.iter().all(|name| routine.parameters.iter().any(|it| it.name == **name))
}

fn takes_whole_body(routine: &Routine, types: &[&str]) -> bool {
    match routine.parameters.as_slice() {
        [only] => only.name.is_empty() && types.iter().any(|name| only.type_name.is_catalog(name)),
        _ => false,
    }
}

fn named<'a>(
    parameters: impl Iterator<Item = &'a Parameter>,
    given: &[(Ident, String)],
) -> ArgumentsPlan {
    let argument = |parameter: &Parameter| {
        let mut values = given
            .iter()
            .filter(|(name, _)| *name == parameter.name)
            .map(|(_, value)| value.clone());
        let value = if parameter.variadic {
            ArgumentValue::Variadic(values.collect())
        } else {
            // PostgREST 16: of a repeated argument that isn't variadic the last one counts.
            ArgumentValue::Single(values.next_back().unwrap_or_default())
        };
        NamedArgument {
            name: parameter.name.clone(),
            type_name: parameter.type_name.clone(),
            value,
        }
    };
    ArgumentsPlan::Named(parameters.map(argument).collect())
}

/// The columns of a function's result that are selected, joined or filtered on.
fn returned_columns(read: &ReadNode) -> Vec<Ident> {
    let mut names = mutate::needed_columns(read, &[]);
    if names.is_empty() || names.iter().any(|name| *name == "*") {
        return names;
    }
    let mut add = |name: &Ident| {
        if !names.contains(name) {
            names.push(name.clone());
        }
    };
    for condition in &read.conditions {
        filtered_columns(condition, &mut add);
    }
    names
}

fn filtered_columns(condition: &Condition, add: &mut impl FnMut(&Ident)) {
    match condition {
        Condition::Group { members, .. } => {
            for member in members {
                filtered_columns(member, add);
            }
        }
        Condition::Filter(filter) => add(&filter.field.name),
        Condition::Embed { .. } => {}
    }
}

fn ambiguous(candidates: &[&Routine]) -> Error {
    let signatures: Vec<_> = candidates
        .iter()
        .map(|routine| {
            let parameters: Vec<_> = routine
                .parameters
                .iter()
                .map(|it| format!("{} => {}", it.name, it.type_label))
                .collect();
            format!("{}({})", routine.name, parameters.join(", "))
        })
        .collect();
    Error::new(
        Code::AmbiguousFunction,
        format!(
            "Could not choose the best candidate function between: {}",
            signatures.join(", ")
        ),
    )
    .with_hint(
        "Try renaming the parameters or the function itself in the database so function overloading \
         can be resolved",
    )
}
