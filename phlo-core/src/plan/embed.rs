//! Which relationship an embed means: the one place that decides which foreign key is followed.
//!
//! Takes names from the request and relationships from the schema; writes no SQL.

use serde_json::{Value, json};

use crate::{
    error::{Code, Error, Result},
    plan::Context,
    request::EmbedSelect,
    schema::{ForeignKey, Ident, Link, QualifiedName, Relationship, suggest},
};

impl<'s> Context<'s, '_> {
    /// The one relationship that leads from a table to what the embed names.
    ///
    /// # Errors
    ///
    /// None does, with the nearest name; or several do, with what tells them apart.
    pub(crate) fn resolve_relationship(
        &self,
        origin: &Ident,
        embed: &EmbedSelect,
    ) -> Result<&'s Relationship> {
        let schema = &self.request.schema;
        let source = QualifiedName::new(schema.clone(), origin.clone());
        let all = self.schema.relationships(&source);
        let mut found = all
            .iter()
            .filter(|way| way.target.schema == *schema)
            .filter(|way| is_meant(way, &embed.relation, embed.hint.as_ref()));
        match (found.next(), found.next()) {
            (None, _) => Err(self.no_relationship(&source, embed)),
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => {
                let candidates: Vec<_> = [first, second].into_iter().chain(found).collect();
                Err(ambiguous(origin, &embed.relation, &candidates))
            }
        }
    }

    fn no_relationship(&self, source: &QualifiedName, embed: &EmbedSelect) -> Error {
        let (parent, child, schema) = (&source.name, &embed.relation, &source.schema);
        let hint_used =
            embed.hint.as_ref().map(|hint| format!("' using the hint '{hint}")).unwrap_or_default();
        let ways = self.schema.relationships(source);
        let meant = if self.schema.table(source).is_some() && ways.is_empty() {
            // The name is right, but nothing leads from it.
            None
        } else if ways.is_empty() {
            let parents = self.schema.relationship_sources().filter(|it| it.schema == *schema);
            suggest::best(parents.map(|it| &*it.name), parent, suggest::LENIENT)
                .map(|near| (near, parent))
        } else {
            // A name that is right needs no suggestion: it is the hint that is wrong.
            let children = ways.iter().map(|way| &*way.target.name);
            suggest::best_other(children, child, suggest::LENIENT).map(|near| (near, child))
        };
        Error::new(
            Code::NoRelationship,
            format!(
                "Could not find a relationship between '{parent}' and '{child}' in the schema cache"
            ),
        )
        .with_details(format!(
            "Searched for a foreign key relationship between '{parent}' and '{child}{hint_used}' in \
             the schema '{schema}', but no matches were found."
        ))
        .with_optional_hint(
            meant.map(|(near, wrong)| format!("Perhaps you meant '{near}' instead of '{wrong}'.")),
        )
    }
}

/// Whether a relationship is what an embed names.
///
/// PostgREST 16: the target is a table, a constraint or a column of the origin; the hint is a
/// constraint, a column of either side, or a junction. A table that refers to itself is to-many by
/// its own name and to-one by the name of the column.
fn is_meant(way: &Relationship, target: &Ident, hint: Option<&Ident>) -> bool {
    let (key, is_many_to_one, is_one_to_many) = match &way.link {
        Link::Computed { function, .. } => return *target == function.name,
        Link::ManyToMany(junction) => {
            return !way.is_self
                && *target == way.target.name
                && hint.is_none_or(|hint| *hint == junction.table.name);
        }
        Link::ManyToOne(key) => (key, true, false),
        Link::OneToMany(key) => (key, false, true),
        Link::OneToOne { key, .. } => (key, false, false),
    };
    let by_name = *target == way.target.name;
    match (way.is_self, hint) {
        (true, None) => {
            (by_name && is_one_to_many)
                || (is_many_to_one && single_column(key, |(source, _)| source) == Some(target))
        }
        (true, Some(hint)) => {
            by_name && is_one_to_many && single_column(key, |(_, target)| target) == Some(hint)
        }
        (false, None) => {
            by_name
                || (!way.target_is_view
                    && (key.constraint == *target
                        || single_column(key, |(source, _)| source) == Some(target)))
        }
        (false, Some(hint)) => {
            by_name
                && (key.constraint == *hint
                    || single_column(key, |(source, _)| source) == Some(hint)
                    || single_column(key, |(_, target)| target) == Some(hint))
        }
    }
}

fn single_column(key: &ForeignKey, side: fn(&(Ident, Ident)) -> &Ident) -> Option<&Ident> {
    match key.columns.as_slice() {
        [pair] => Some(side(pair)),
        _ => None,
    }
}

fn ambiguous(parent: &Ident, child: &Ident, candidates: &[&Relationship]) -> Error {
    let hints: Vec<_> = candidates
        .iter()
        .filter_map(|way| Some(format!("'{}!{}'", way.target.name, hint_for(way)?)))
        .collect();
    Error::new(
        Code::AmbiguousRelationship,
        format!(
            "Could not embed because more than one relationship was found for '{parent}' and \
             '{child}'"
        ),
    )
    .with_details(Value::Array(candidates.iter().map(|way| describe(way)).collect()))
    .with_hint(format!(
        "Try changing '{child}' to one of the following: {}. Find the desired relationship in the \
         'details' key.",
        hints.join(", ")
    ))
}

fn hint_for(way: &Relationship) -> Option<&Ident> {
    match &way.link {
        Link::ManyToMany(junction) => Some(&junction.table.name),
        Link::ManyToOne(key) | Link::OneToMany(key) | Link::OneToOne { key, .. } => {
            Some(&key.constraint)
        }
        Link::Computed { .. } => None,
    }
}

fn describe(way: &Relationship) -> Value {
    let (source, target) = (&way.source.name, &way.target.name);
    let list = |columns: &mut dyn Iterator<Item = &Ident>| {
        columns.map(Ident::as_str).collect::<Vec<_>>().join(", ")
    };
    let by_key = |key: &ForeignKey| {
        let sources = list(&mut key.columns.iter().map(|(source, _)| source));
        let targets = list(&mut key.columns.iter().map(|(_, target)| target));
        format!("{} using {source}({sources}) and {target}({targets})", key.constraint)
    };
    let (cardinality, relationship) = match &way.link {
        Link::ManyToOne(key) => ("many-to-one", by_key(key)),
        Link::OneToMany(key) => ("one-to-many", by_key(key)),
        Link::OneToOne { key, .. } => ("one-to-one", by_key(key)),
        Link::ManyToMany(junction) => {
            let sources = list(&mut junction.source_columns.iter().map(|(_, column)| column));
            let targets = list(&mut junction.target_columns.iter().map(|(_, column)| column));
            let text = format!(
                "{} using {}({sources}) and {}({targets})",
                junction.table.name, junction.source_constraint, junction.target_constraint
            );
            ("many-to-many", text)
        }
        Link::Computed { function, .. } => ("computed", function.to_string()),
    };
    json!({
        "cardinality": cardinality,
        "embedding": format!("{source} with {target}"),
        "relationship": relationship,
    })
}
