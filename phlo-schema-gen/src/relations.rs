//! Relations of the model: each under a name of its own, and in words that mean it and no other.

use phlo_core::{
    plan::{self, ActionPlan, EmbedShape, Limits, ReadNode, Source},
    request::{
        Action, EmbedSelect, Field, FieldSelect, MediaType, Output, Preferences, Query, Request,
        SelectItem,
    },
    schema::{Ident, Link, QualifiedName, Relationship, Schema},
};

use crate::{
    model::{Model, RelationModel},
    names::{Scope, screaming, snake},
    options::Options,
};

/// Adds the relations between the tables of the model.
pub(crate) fn add(model: &mut Model, schema: &Schema, options: &Options) {
    for schema_model in &mut model.schemas {
        for table in &mut schema_model.tables {
            let all = schema.relationships(&table.name);
            let ways: Vec<&Relationship> =
                all.iter().filter(|way| options.takes(&way.target)).collect();
            let mut scope = Scope::default();
            for column in &table.columns {
                scope.claim(column.constant.clone());
            }
            for way in &ways {
                let Some(words) = words(schema, way) else { continue };
                let name = snake(&name(way, &ways));
                let name = name.trim_start_matches("r#");
                let wanted = screaming(name);
                let constant = scope.claim(wanted.clone());
                // A condition on a column of that name would be taken for one on the relation.
                let name =
                    if constant == wanted { name.to_owned() } else { constant.to_lowercase() };
                table.relations.push(RelationModel {
                    constant,
                    name,
                    target: words.target.to_string(),
                    hint: words.hint.map(|hint| hint.to_string()),
                    to_one: way.is_to_one(),
                    table: way.target.clone(),
                    description: description(way),
                });
            }
        }
    }
}

/// A name that says where the way leads, and by what, if there are several to the same table.
fn name(way: &Relationship, all: &[&Relationship]) -> String {
    let target = &way.target.name;
    let several = all
        .iter()
        .filter(|other| other.target == way.target && other.is_to_one() == way.is_to_one())
        .nth(1)
        .is_some();
    match &way.link {
        Link::ManyToOne(key) | Link::OneToOne { key, target_holds_key: false } => {
            match key.columns.as_slice() {
                [(column, _)] if !way.source_is_view || several => {
                    column.strip_suffix("_id").filter(|name| !name.is_empty()).map_or_else(
                        || {
                            if several {
                                format!("{target}_by_{column}")
                            } else {
                                target.to_string()
                            }
                        },
                        str::to_owned,
                    )
                }
                _ if several => format!("{target}_by_{}", key.constraint),
                _ => target.to_string(),
            }
        }
        Link::OneToMany(key) | Link::OneToOne { key, .. } => {
            let columns: Vec<_> = key.columns.iter().map(|(_, column)| column.as_str()).collect();
            if several || way.is_self {
                format!("{target}_by_{}", columns.join("_"))
            } else {
                target.to_string()
            }
        }
        Link::ManyToMany(junction) if several => format!("{target}_via_{}", junction.table.name),
        Link::ManyToMany(_) => target.to_string(),
        Link::Computed { function, .. } => function.name.to_string(),
    }
}

fn description(way: &Relationship) -> String {
    let list = |columns: Vec<&str>| columns.join("`, `");
    let target = &way.target;
    match &way.link {
        Link::ManyToOne(key) | Link::OneToOne { key, target_holds_key: false } => {
            let columns = list(key.columns.iter().map(|(source, _)| source.as_str()).collect());
            format!("The row of `{target}` that `{columns}` refers to.")
        }
        Link::OneToMany(key) => {
            let columns = list(key.columns.iter().map(|(_, target)| target.as_str()).collect());
            format!("The rows of `{target}` whose `{columns}` refers to the row.")
        }
        Link::OneToOne { key, .. } => {
            let columns = list(key.columns.iter().map(|(_, target)| target.as_str()).collect());
            format!("The row of `{target}` whose `{columns}` refers to the row.")
        }
        Link::ManyToMany(junction) => {
            format!("The rows of `{target}` that the row is tied to by `{}`.", junction.table)
        }
        Link::Computed { function, to_one: true } => {
            format!("The row of `{target}` that `{function}` gives for the row.")
        }
        Link::Computed { function, .. } => {
            format!("The rows of `{target}` that `{function}` gives for the row.")
        }
    }
}

/// What a request says to mean a way.
struct Words {
    target: Ident,
    hint: Option<Ident>,
}

/// Words that mean this way and no other; none, if the grammar has none.
fn words(schema: &Schema, way: &Relationship) -> Option<Words> {
    let target = &way.target.name;
    let hinted = |hint: &Ident| Words { target: target.clone(), hint: Some(hint.clone()) };
    let plain = |target: &Ident| Words { target: target.clone(), hint: None };
    // First what goes on to mean it when other ways are added.
    let mut candidates = match &way.link {
        Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
            let mut candidates = vec![hinted(&key.constraint), plain(&key.constraint)];
            for (source, target) in &key.columns {
                candidates.extend([hinted(source), hinted(target), plain(source)]);
            }
            candidates
        }
        Link::ManyToMany(junction) => {
            vec![hinted(&junction.table.name), hinted(&junction.source_constraint)]
        }
        Link::Computed { function, .. } => vec![plain(&function.name)],
    };
    candidates.push(plain(target));
    candidates.into_iter().find(|words| means(schema, way, words))
}

fn means(schema: &Schema, way: &Relationship, words: &Words) -> bool {
    let star = || vec![SelectItem::Field(FieldSelect::new(Field::column("*")))];
    let embed = EmbedSelect {
        relation: words.target.clone(),
        alias: Some(Ident::new("way")),
        hint: words.hint.clone(),
        join: None,
        spread: false,
        select: star(),
    };
    let request = Request {
        schema: way.source.schema.clone(),
        action: Action::Read { table: way.source.name.clone(), output: Output::Full },
        query: Query { select: vec![SelectItem::Embed(embed)], ..Query::default() },
        payload: None,
        preferences: Preferences::default(),
        accept: vec![MediaType::Json],
    };
    let Ok(plan) = plan::plan(schema, &request, &Limits::default()) else { return false };
    let ActionPlan::Read(node) = &plan.action else { return false };
    let Some(found) = node.embeds.first() else { return false };
    let to_one = matches!(found.shape, EmbedShape::Object(_));
    to_one == way.is_to_one() && follows(&found.node, way)
}

fn follows(node: &ReadNode, way: &Relationship) -> bool {
    let pairs = |columns: &[(Ident, Ident)]| -> Vec<(Ident, Ident)> {
        let mut pairs = columns.to_vec();
        pairs.sort();
        pairs
    };
    let joined = || {
        let mut joined: Vec<(Ident, Ident)> =
            node.joins.iter().map(|join| (join.right.1.clone(), join.left.1.clone())).collect();
        joined.sort();
        joined
    };
    let is_table = |name: &QualifiedName| matches!(&node.from, Source::Table(it) if it == name);
    match &way.link {
        Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
            is_table(&way.target) && node.junction.is_none() && joined() == pairs(&key.columns)
        }
        Link::ManyToMany(junction) => {
            is_table(&way.target)
                && node.junction.as_ref().is_some_and(|(table, _)| *table == junction.table)
        }
        Link::Computed { function, .. } => {
            matches!(&node.from, Source::Function { function: it, .. } if it == function)
        }
    }
}
