//! The request as a tree: each embed with the filters, orders and ranges that its path names.
//!
//! Takes the request alone; knows no schema. Refuses paths that lead to nothing.

use std::sync::LazyLock;

use crate::{
    error::{Code, Error, Result},
    plan::LegacyTarget,
    request::{
        Action, EmbedSelect, Field, FieldSelect, Filter, LogicTree, OrderTerm, Range, Request,
        SelectItem,
    },
    schema::Ident,
};

/// Every column.
static STAR: LazyLock<FieldSelect> =
    LazyLock::new(|| FieldSelect::new(Field::column(Ident::new("*"))));

/// A level of the request.
#[derive(Debug, Default)]
pub(crate) struct Draft<'a> {
    /// The embed that makes this level; none for the root.
    pub(crate) embed: Option<&'a EmbedSelect>,
    pub(crate) fields: Vec<&'a FieldSelect>,
    pub(crate) children: Vec<Self>,
    pub(crate) filters: Vec<&'a Filter>,
    pub(crate) logic: Vec<&'a LogicTree>,
    pub(crate) order: &'a [OrderTerm],
    pub(crate) range: Range,
    legacy: bool,
}

impl<'a> Draft<'a> {
    /// Sorts what the request says into the levels that it says it of.
    pub(crate) fn new(request: &'a Request, legacy_names: bool) -> Result<Self> {
        let query = &request.query;
        let mut root = Self::level(None, &query.select);
        if query.select.is_empty() {
            // PostgREST 16: an empty select list means every column.
            root.fields.push(&STAR);
        }
        // The conditions of a change say which rows change; they don't hide changed rows.
        let changes = matches!(request.action, Action::Mutate { .. });
        for (path, filter) in &query.filters {
            if !(changes && path.is_empty()) {
                root.at(path, legacy_names)?.filters.push(filter);
            }
        }
        for (path, order) in &query.order {
            root.at(path, legacy_names)?.order = order;
        }
        if !changes {
            for (path, range) in &query.ranges {
                root.at(path, legacy_names)?.range = *range;
            }
        }
        for (path, tree) in &query.logic {
            if !(changes && path.is_empty()) {
                root.at(path, legacy_names)?.logic.push(tree);
            }
        }
        Ok(root)
    }

    fn level(embed: Option<&'a EmbedSelect>, select: &'a [SelectItem]) -> Self {
        let mut level = Self { embed, ..Self::default() };
        for item in select {
            match item {
                SelectItem::Field(field) => level.fields.push(field),
                SelectItem::Embed(embed) => {
                    level.children.push(Self::level(Some(embed), &embed.select));
                }
            }
        }
        level
    }

    /// The name of this level in the answer.
    pub(crate) fn name(&self) -> Option<&'a Ident> {
        self.embed.map(|embed| embed.alias.as_ref().unwrap_or(&embed.relation))
    }

    fn at(&mut self, path: &[Ident], legacy_names: bool) -> Result<&mut Self> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(self);
        };
        let found = self.children.iter().position(|child| child.is_named(name, legacy_names));
        // Where names of tables are not allowed, say which alias was meant.
        let meant = self.children.iter().find_map(|child| child.legacy_target(name));
        let Some(child) = found.and_then(|index| self.children.get_mut(index)) else {
            return Err(not_embedded(name, meant.as_ref()));
        };
        child.legacy |= child.legacy_target(name).is_some();
        child.at(rest, legacy_names)
    }

    fn is_named(&self, name: &Ident, legacy_names: bool) -> bool {
        self.name() == Some(name)
            || (legacy_names && self.embed.is_some_and(|embed| embed.relation == *name))
    }

    fn legacy_target(&self, name: &Ident) -> Option<LegacyTarget> {
        let embed = self.embed?;
        let alias = embed.alias.as_ref()?;
        (embed.relation == *name && alias != name)
            .then(|| LegacyTarget { relation: name.clone(), alias: alias.clone() })
    }

    /// The embeds that were named by their table although they have an alias, in order.
    pub(crate) fn legacy_targets(&self) -> Vec<LegacyTarget> {
        let own = self
            .embed
            .filter(|_| self.legacy)
            .and_then(|embed| self.legacy_target(&embed.relation));
        own.into_iter().chain(self.children.iter().flat_map(Self::legacy_targets)).collect()
    }
}

/// The error for a path that leads to no embed.
pub(crate) fn not_embedded(name: &Ident, legacy: Option<&LegacyTarget>) -> Error {
    let error = Error::new(
        Code::NotEmbedded,
        format!("'{name}' is not an embedded resource in this request"),
    );
    match legacy {
        Some(target) => error
            .with_details("Target names are not allowed in filters if they have an alias")
            .with_hint(format!(
                "Change '{}' to '{}' in filters, orders or limits.",
                target.relation, target.alias
            )),
        None => error.with_hint(format!(
            "Verify that '{name}' is included in the 'select' query parameter."
        )),
    }
}
