//! Requests of any kind on a schema: names that are in it, names that are in nothing, and every
//! combination of what a request can say.

use std::collections::BTreeSet;

use bytes::Bytes;
use phlo_core::{
    request::{
        Action, Aggregate, Comparison, Count, Direction, EmbedPath, EmbedSelect, Field,
        FieldSelect, Filter, FtsOperator, Handling, Invocation, IsValue, JoinKind, JsonKey,
        JsonOrigin, JsonStep, LogicOperator, LogicTree, MediaType, Missing, Mutation, NullsOrder,
        Operation, OrderTerm, Output, Payload, PlanFormat, PlanOption, Preferences,
        QuantifiedOperator, Quantifier, Query, Range, RawKind, Representation, Request, Resolution,
        SelectItem, SimpleOperator, TransactionEnd,
    },
    schema::{Ident, Link, QualifiedName, Relationship, Schema},
};

use crate::choices::Choices;

const AGGREGATES: [Aggregate; 5] =
    [Aggregate::Sum, Aggregate::Avg, Aggregate::Max, Aggregate::Min, Aggregate::Count];
const SIMPLE: [SimpleOperator; 9] = [
    SimpleOperator::NotEqual,
    SimpleOperator::Contains,
    SimpleOperator::ContainedIn,
    SimpleOperator::Overlaps,
    SimpleOperator::StrictlyLeft,
    SimpleOperator::StrictlyRight,
    SimpleOperator::NotRightOf,
    SimpleOperator::NotLeftOf,
    SimpleOperator::Adjacent,
];
const QUANTIFIED: [QuantifiedOperator; 9] = [
    QuantifiedOperator::Equal,
    QuantifiedOperator::GreaterThanEqual,
    QuantifiedOperator::GreaterThan,
    QuantifiedOperator::LessThanEqual,
    QuantifiedOperator::LessThan,
    QuantifiedOperator::Like,
    QuantifiedOperator::ILike,
    QuantifiedOperator::Match,
    QuantifiedOperator::IMatch,
];
const FULL_TEXT: [FtsOperator; 4] =
    [FtsOperator::Fts, FtsOperator::Plain, FtsOperator::Phrase, FtsOperator::WebSearch];
const IS: [IsValue; 5] =
    [IsValue::Null, IsValue::NotNull, IsValue::True, IsValue::False, IsValue::Unknown];
const TYPES: [&str; 7] = ["text", "int", "genre", "double precision", "jsonb", "_text", "tools.x"];

/// Makes requests on a schema.
pub(crate) struct Maker<'s> {
    pub(crate) schema: &'s Schema,
}

/// Where fields are named: the columns that are there, and the embeds.
struct Place<'s> {
    table: QualifiedName,
    columns: Vec<&'s str>,
    ways: &'s [Relationship],
}

impl<'s> Maker<'s> {
    /// A request.
    pub(crate) fn request(&self, choices: &mut Choices<'_>) -> Request {
        let action = self.action(choices);
        let place = match &action {
            Action::Read { table, .. } | Action::Mutate { table, .. } => self.place(table),
            Action::Call { function, .. } => self.place_of_result(function),
        };
        let mut query = Query { select: self.items(choices, &place, 3), ..Query::default() };
        let mut paths = vec![EmbedPath::new()];
        collect_paths(&query.select, &mut EmbedPath::new(), &mut paths);
        query.filters = choices.few(4, |choices| (choices.of(&paths), filter(choices, &place)));
        query.logic = choices.few(2, |choices| (choices.of(&paths), tree(choices, &place, 3)));
        query.order = choices.few(2, |choices| {
            (choices.of(&paths), choices.few(3, |choices| order(choices, &place)))
        });
        query.ranges = choices.few(2, |choices| {
            let limit = choices.maybe(|choices| choices.below(9) as u64);
            (choices.of(&paths), Range { offset: choices.below(3) as u64, limit })
        });
        query.columns = choices.once_in(4).then(|| names(choices, &place).into_iter().collect());
        query.on_conflict = choices.once_in(4).then(|| names(choices, &place));
        if let Action::Call { function, .. } = &action {
            query.arguments = self.arguments(choices, function);
        }
        let payload = self.payload(choices, &action, &place);
        Request {
            schema: Ident::new("library"),
            payload,
            query,
            preferences: preferences(choices),
            accept: accept(choices),
            action,
        }
    }

    fn action(&self, choices: &mut Choices<'_>) -> Action {
        let output = choices.of(&[Output::Full, Output::Full, Output::HeadersOnly]);
        let tables: Vec<&str> = self.schema.tables().map(|table| &*table.name.name).collect();
        let table = |choices: &mut Choices<'_>| {
            if choices.once_in(20) { choices.text() } else { choices.of(&tables).to_owned() }.into()
        };
        match choices.below(4) {
            0 | 1 => Action::Read { table: table(choices), output },
            2 => {
                let mutations =
                    [Mutation::Insert, Mutation::Update, Mutation::Delete, Mutation::Upsert];
                Action::Mutate { table: table(choices), mutation: choices.of(&mutations) }
            }
            _ => {
                let functions: Vec<&str> =
                    self.schema.all_routines().map(|routine| &*routine.name.name).collect();
                let function = choices.of(&functions).into();
                let invocation = choices.of(&[Invocation::Write, Invocation::Read(output)]);
                Action::Call { function, invocation }
            }
        }
    }

    fn place(&self, table: &Ident) -> Place<'s> {
        let table = QualifiedName::new("library", table.clone());
        let columns = self.schema.table(&table);
        let columns = columns.map(|it| it.columns.keys().map(|it| &**it).collect());
        Place {
            ways: self.schema.relationships(&table),
            columns: columns.unwrap_or_default(),
            table,
        }
    }

    fn place_of_result(&self, function: &Ident) -> Place<'s> {
        let name = QualifiedName::new("library", function.clone());
        let relation = self.schema.routines(&name).first().and_then(|it| it.returned_relation());
        self.place(relation.map_or(function, |relation| &relation.name))
    }

    fn items(&self, choices: &mut Choices<'_>, place: &Place<'s>, depth: usize) -> Vec<SelectItem> {
        choices.few(4, |choices| {
            if depth > 0 && choices.once_in(3) {
                SelectItem::Embed(self.embed(choices, place, depth))
            } else {
                SelectItem::Field(field_select(choices, place))
            }
        })
    }

    fn embed(&self, choices: &mut Choices<'_>, place: &Place<'s>, depth: usize) -> EmbedSelect {
        let (relation, target) = match place.ways {
            [] => (choices.text(), place.table.clone()),
            _ if choices.once_in(10) => (choices.text(), place.table.clone()),
            ways => {
                let way = &ways[choices.below(ways.len())];
                (relation_name(choices, way), way.target.clone())
            }
        };
        let inner = self.place(&target.name);
        EmbedSelect {
            relation: relation.into(),
            alias: choices.maybe(|choices| choices.text().into()),
            hint: choices.once_in(5).then(|| choices.name(&["transfers_to", "boss_id"]).into()),
            join: choices.maybe(|choices| choices.of(&[JoinKind::Inner, JoinKind::Left])),
            spread: choices.once_in(4),
            select: self.items(choices, &inner, depth - 1),
        }
    }

    fn arguments(&self, choices: &mut Choices<'_>, function: &Ident) -> Vec<(Ident, String)> {
        self.parameters(function, choices)
            .into_iter()
            .map(|name| (name.into(), choices.text()))
            .collect()
    }

    /// The names of the parameters of one of a function's overloads, nearly always.
    fn parameters(&self, function: &Ident, choices: &mut Choices<'_>) -> Vec<String> {
        let name = QualifiedName::new("library", function.clone());
        let overloads = self.schema.routines(&name);
        let Some(routine) = overloads.get(choices.below(overloads.len())) else {
            return Vec::new();
        };
        let mut names: Vec<_> =
            routine.parameters.iter().map(|parameter| parameter.name.to_string()).collect();
        if choices.once_in(6) {
            names.push(choices.text());
        }
        names
    }

    fn payload(
        &self,
        choices: &mut Choices<'_>,
        action: &Action,
        place: &Place<'_>,
    ) -> Option<Payload> {
        let keys: Vec<String> = match action {
            Action::Read { .. } | Action::Mutate { mutation: Mutation::Delete, .. } => return None,
            Action::Call { invocation: Invocation::Read(_), .. } => return None,
            Action::Call { function, .. } => self.parameters(function, choices),
            Action::Mutate { mutation: Mutation::Upsert, .. } => {
                place.columns.iter().map(|&name| name.to_owned()).collect()
            }
            Action::Mutate { .. } => choices.few(4, |choices| choices.name(&place.columns)),
        };
        let text = choices.text();
        Some(match choices.below(8) {
            0 => Payload::Raw {
                raw: text.into(),
                kind: choices.of(&[RawKind::Text, RawKind::Xml, RawKind::Bytes, RawKind::Json]),
            },
            1 => Payload::Form(keys.into_iter().map(|key| (key.into(), text.clone())).collect()),
            _ => {
                let object: serde_json::Map<_, _> =
                    keys.iter().map(|key| (key.clone(), text.clone().into())).collect();
                let object = serde_json::Value::Object(object);
                let raw =
                    if choices.once_in(2) { format!("[{object}]") } else { object.to_string() };
                Payload::Json {
                    raw: if choices.once_in(9) { Bytes::from(text) } else { raw.into() },
                    keys: keys.into_iter().map(Ident::from).collect(),
                    origin: choices.of(&[
                        JsonOrigin::Json,
                        JsonOrigin::Csv,
                        JsonOrigin::Lines,
                        JsonOrigin::Form,
                    ]),
                }
            }
        })
    }
}

/// One of the names that a way can be called by.
fn relation_name(choices: &mut Choices<'_>, way: &Relationship) -> String {
    let other = match &way.link {
        Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. } => {
            &*key.constraint
        }
        Link::ManyToMany(junction) => &*junction.table.name,
        Link::Computed { function, .. } => &*function.name,
    };
    if choices.once_in(5) || matches!(way.link, Link::Computed { .. }) {
        other.to_owned()
    } else {
        way.target.name.to_string()
    }
}

fn collect_paths(items: &[SelectItem], path: &mut EmbedPath, paths: &mut Vec<EmbedPath>) {
    for item in items {
        if let SelectItem::Embed(embed) = item {
            path.push(embed.alias.clone().unwrap_or_else(|| embed.relation.clone()));
            paths.push(path.clone());
            collect_paths(&embed.select, path, paths);
            path.pop();
        }
    }
}

fn names(choices: &mut Choices<'_>, place: &Place<'_>) -> Vec<Ident> {
    let names: BTreeSet<_> =
        choices.few(3, |choices| choices.name(&place.columns)).into_iter().collect();
    names.into_iter().map(Ident::from).collect()
}

fn field(choices: &mut Choices<'_>, place: &Place<'_>) -> Field {
    Field {
        name: choices.name(&place.columns).into(),
        path: if choices.once_in(3) { choices.few(3, json_step) } else { Vec::new() },
    }
}

fn json_step(choices: &mut Choices<'_>) -> JsonStep {
    let key = match choices.below(3) {
        0 => JsonKey::Index(choices.of(&["0", "-1", "99"]).to_owned()),
        _ => JsonKey::Name(choices.text()),
    };
    if choices.once_in(2) { JsonStep::DoubleArrow(key) } else { JsonStep::Arrow(key) }
}

fn field_select(choices: &mut Choices<'_>, place: &Place<'_>) -> FieldSelect {
    let field = if choices.once_in(6) { Field::column("*") } else { field(choices, place) };
    let cast = |choices: &mut Choices<'_>| {
        choices.once_in(5).then(|| {
            if choices.once_in(6) { choices.text() } else { choices.of(&TYPES).to_owned() }
        })
    };
    FieldSelect {
        field,
        cast: cast(choices),
        aggregate: choices.once_in(5).then(|| choices.of(&AGGREGATES)),
        aggregate_cast: cast(choices),
        alias: choices.maybe(|choices| choices.text().into()),
    }
}

fn filter(choices: &mut Choices<'_>, place: &Place<'_>) -> Filter {
    let operation = match choices.below(6) {
        0 => Operation::Simple(choices.of(&SIMPLE), choices.text()),
        1 => {
            let quantifier =
                choices.maybe(|choices| choices.of(&[Quantifier::Any, Quantifier::All]));
            Operation::Quantified(choices.of(&QUANTIFIED), quantifier, choices.text())
        }
        2 => Operation::In(choices.few(3, Choices::text)),
        3 => Operation::Is(choices.of(&IS)),
        4 => Operation::IsDistinctFrom(choices.text()),
        _ => {
            let language = choices.maybe(Choices::text);
            Operation::FullText(choices.of(&FULL_TEXT), language, choices.text())
        }
    };
    Filter {
        field: field(choices, place),
        comparison: Comparison { negated: choices.once_in(3), operation },
    }
}

fn tree(choices: &mut Choices<'_>, place: &Place<'_>, depth: usize) -> LogicTree {
    if depth == 0 || choices.once_in(3) {
        return LogicTree::Filter(filter(choices, place));
    }
    let mut members = choices.few(3, |choices| tree(choices, place, depth - 1));
    members.push(LogicTree::Filter(filter(choices, place)));
    LogicTree::Group {
        negated: choices.once_in(2),
        operator: choices.of(&[LogicOperator::And, LogicOperator::Or]),
        members,
    }
}

fn order(choices: &mut Choices<'_>, place: &Place<'_>) -> OrderTerm {
    OrderTerm {
        relation: choices.once_in(5).then(|| choices.name(&["authors", "books"]).into()),
        field: field(choices, place),
        direction: choices
            .maybe(|choices| choices.of(&[Direction::Ascending, Direction::Descending])),
        nulls: choices.maybe(|choices| choices.of(&[NullsOrder::First, NullsOrder::Last])),
    }
}

fn preferences(choices: &mut Choices<'_>) -> Preferences {
    let resolutions = [Resolution::MergeDuplicates, Resolution::IgnoreDuplicates];
    let representations =
        [Representation::Full, Representation::HeadersOnly, Representation::Minimal];
    Preferences {
        resolution: choices.maybe(|choices| choices.of(&resolutions)),
        representation: choices.maybe(|choices| choices.of(&representations)),
        count: choices
            .maybe(|choices| choices.of(&[Count::Exact, Count::Planned, Count::Estimated])),
        transaction: choices
            .maybe(|choices| choices.of(&[TransactionEnd::Commit, TransactionEnd::Rollback])),
        missing: choices.maybe(|choices| choices.of(&[Missing::Default, Missing::Null])),
        handling: choices.maybe(|choices| choices.of(&[Handling::Lenient, Handling::Strict])),
        timezone: choices.maybe(Choices::text),
        max_affected: choices.maybe(|choices| choices.below(5) as u64),
        invalid: Vec::new(),
    }
}

fn accept(choices: &mut Choices<'_>) -> Vec<MediaType> {
    let media = match choices.below(13) {
        0..=3 => MediaType::Any,
        4 => MediaType::Json,
        5 => MediaType::Csv,
        6 => MediaType::Object { nulls_stripped: choices.once_in(2) },
        7 => MediaType::ArrayStripped,
        8 => MediaType::GeoJson,
        9 => MediaType::from_name("text/x-names"),
        10 => MediaType::Plan {
            of: Box::new(choices.of(&[MediaType::Json, MediaType::Csv])),
            format: choices.of(&[PlanFormat::Json, PlanFormat::Text]),
            options: vec![PlanOption::Analyze],
        },
        11 => MediaType::JsonLines { nulls_stripped: choices.once_in(2) },
        _ => return vec![MediaType::Other(choices.text()), MediaType::Json],
    };
    vec![media]
}
