//! The endpoint of a function, which its overloads share.
//!
//! Takes the overloads of a function, gives its operations and the schemas that they refer to.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use phlo_core::schema::{Parameter, ReturnKind, Routine, Volatility};
use utoipa::openapi::{
    PathItem, RefOr, Required, Responses,
    path::{OperationBuilder, Parameter as UrlParameter},
    request_body::RequestBody,
    schema::{AnyOfBuilder, Array, Object, Schema},
};

use crate::openapi::{
    text,
    v3::{
        bodies,
        context::{Context, RPC_TAG},
        names::Names,
        parameters::{self, PAGE, Profile},
        schemas,
        types::{JsonType, Null},
    },
};

/// A function with its overloads.
pub(super) struct Function<'a> {
    /// Its name in the database.
    pub(super) name: &'a str,
    /// Its name in the document.
    plain: String,
    overloads: Vec<&'a Routine>,
    /// The name of the schema of each overload's arguments; none where it takes no object.
    arguments: Vec<Option<String>>,
}

/// Collects overloads, and settles the names of their components.
pub(super) fn functions<'a>(routines: &[&'a Routine], names: &mut Names) -> Vec<Function<'a>> {
    let mut all = BTreeMap::<&str, Vec<&Routine>>::new();
    for routine in routines {
        all.entry(&routine.name.name).or_default().push(routine);
    }
    let mut plain_names = Names::default().assign(all.keys().copied(), &[""]);
    all.into_iter()
        .map(|(name, overloads)| {
            let plain = plain_names.remove(name).unwrap_or_default();
            let takes_object = |it: &Routine| !takes_body(it) && !it.parameters.is_empty();
            let arguments = overloads
                .iter()
                .map(|it| {
                    takes_object(it).then(|| names.unique(&format!("{plain}_arguments"), &[""]))
                })
                .collect();
            Function { name, plain, overloads, arguments }
        })
        .collect()
}

/// The schemas of a function's arguments by name.
pub(super) fn schemas(function: &Function<'_>) -> impl Iterator<Item = (String, Schema)> {
    let overloads = function.overloads.iter().zip(&function.arguments);
    overloads.filter_map(|(routine, name)| Some((name.clone()?, arguments_object(routine))))
}

/// The operations on a function.
pub(super) fn item(context: &Context<'_>, function: &Function<'_>) -> PathItem {
    let Function { plain, overloads, .. } = function;
    let mut item = PathItem::default();
    let quiet: Vec<_> = overloads
        .iter()
        .copied()
        .filter(|it| it.volatility != Volatility::Volatile && !takes_body(it))
        .collect();
    if !quiet.is_empty() {
        let arguments = arguments(&quiet);
        let taken = arguments.iter().map(|it| parameters::identifier(&it.name)).collect();
        let operation = begin(context, &quiet, format!("get_{plain}"), Profile::Accept, &taken);
        let operation = arguments.into_iter().fold(operation, OperationBuilder::parameter);
        item.get = Some(operation.responses(responses(context, &quiet)).build());
    }
    let operation =
        begin(context, overloads, format!("call_{plain}"), Profile::Content, &BTreeSet::new())
            .request_body(body(function))
            .responses(responses(context, overloads));
    item.post = Some(operation.build());
    item
}

fn begin(
    context: &Context<'_>,
    overloads: &[&Routine],
    id: String,
    profile: Profile,
    taken: &BTreeSet<String>,
) -> OperationBuilder {
    let mut shared = Vec::new();
    if context.input.settings.profile.is_some() {
        shared.push(profile.component());
    }
    if overloads.iter().any(|it| it.returned_relation().is_some()) {
        // An argument is worth more than a page parameter that clients would confuse it with.
        shared.extend(PAGE.iter().filter(|name| !taken.contains(&parameters::identifier(name))));
    }
    shared.push("preferCall");
    let name = overloads.first().map_or("", |it| &it.name.name);
    let comment = overloads.iter().find_map(|it| it.description.as_deref());
    let (summary, rest) = comment.map_or_else(
        || (format!("Call {name}"), ""),
        |comment| {
            let (first, rest) = text::split_comment(comment);
            (first.to_owned(), rest)
        },
    );
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .tag(RPC_TAG)
        .summary(Some(summary))
        .description((!rest.is_empty()).then_some(rest));
    shared.into_iter().map(parameters::reference).fold(operation, OperationBuilder::parameter_ref)
}

/// Whether the whole body is the argument.
fn takes_body(routine: &Routine) -> bool {
    matches!(routine.parameters.as_slice(), [only] if only.name.is_empty())
}

/// The arguments in a URL: those of all overloads, and only those are required that all require.
fn arguments(overloads: &[&Routine]) -> Vec<UrlParameter> {
    let mut found = IndexMap::<_, (&Parameter, usize)>::new();
    for parameter in overloads.iter().flat_map(|it| &it.parameters) {
        let (_, required) = found.entry(&parameter.name).or_insert((parameter, 0));
        *required += usize::from(parameter.required);
    }
    found
        .into_values()
        .map(|(parameter, required)| {
            let kind = JsonType::of_label(&parameter.type_label);
            let required =
                if required == overloads.len() { Required::True } else { Required::False };
            // PostgREST 16: a variadic parameter takes its key as often as it comes; other arrays
            // are written as `{..}`.
            match parameter.variadic {
                true => parameters::variadic(&parameter.name, &kind, required),
                false => parameters::argument(&parameter.name, kind, required),
            }
        })
        .collect()
}

fn body(function: &Function<'_>) -> Option<RequestBody> {
    let required = |all: bool| if all { Required::True } else { Required::False };
    let needs = |it: &&Routine| it.parameters.iter().any(|parameter| parameter.required);
    if let [only] = function.overloads.as_slice()
        && let [parameter] = only.parameters.as_slice()
        && takes_body(only)
    {
        return Some(bodies::raw_body(&parameter.type_name, required(parameter.required)));
    }
    let mut kinds = function.arguments.iter().flatten().map(|name| schemas::reference(name));
    let first = kinds.next()?;
    let mut kinds = kinds.peekable();
    let schema: RefOr<Schema> = if kinds.peek().is_none() {
        first.into()
    } else {
        let any = AnyOfBuilder::new().item(first);
        Schema::from(kinds.fold(any, AnyOfBuilder::item).build()).into()
    };
    Some(bodies::object_body(schema, required(function.overloads.iter().all(needs))))
}

fn arguments_object(routine: &Routine) -> Schema {
    let mut object = Object::new();
    object.description.clone_from(&routine.description);
    for parameter in &routine.parameters {
        let name = parameter.name.to_string();
        // Any argument can be null, but generated clients are better off without.
        let schema = JsonType::of_label(&parameter.type_label).schema(Null::Forbidden);
        object.properties.insert(name.clone(), schema.into());
        if parameter.required {
            object.required.push(name);
        }
    }
    object.into()
}

/// The answers of the overloads, which are those of the first unless they differ.
fn responses(context: &Context<'_>, overloads: &[&Routine]) -> Responses {
    let Some((first, rest)) = overloads.split_first() else {
        return bodies::with_errors().build();
    };
    if rest.iter().any(|it| it.returns != first.returns) {
        let any = bodies::value(JsonType::Any(None).schema(Null::Allowed), &[]);
        return bodies::with_errors().response("200", any).build();
    }
    if first.returns_void() {
        return bodies::with_errors().response("204", bodies::response("empty")).build();
    }
    let handlers = bodies::handlers(context.input.schema, &first.name);
    let relation = first.returned_relation().and_then(|name| context.names_of(name));
    let schema: RefOr<Schema> = match (&first.returns.kind, relation) {
        (_, Some(names)) if first.returns.is_set => {
            let response = bodies::response(&bodies::rows_name(names));
            return bodies::pages(&response);
        }
        (_, Some(names)) => schemas::reference(&names.row).into(),
        (ReturnKind::Composite(_), None) => Object::new().into(),
        (ReturnKind::Scalar(name), None) => JsonType::of_name(name).schema(Null::Allowed).into(),
    };
    let schema = if first.returns.is_set { Array::new(schema).into() } else { schema };
    bodies::with_errors().response("200", bodies::value(schema, &handlers)).build()
}
