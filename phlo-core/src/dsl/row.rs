//! Rows: what a query is to select, and how values are found in what the database sent.
//!
//! Takes columns and relations in the order in which a program reads them, gives the select list of
//! a request; then takes rows in the order of the statement, which puts relations last. Knows no
//! executor: cells come from whoever implements [`Cells`].

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    dsl::{
        order::Term,
        resource::Item,
        scalars::cell_of,
        value::{Cell, Unreadable, Value},
    },
    error::{Code, Error, Result},
    request::{
        Aggregate, Comparison, EmbedPath, EmbedSelect, Field, FieldSelect, Filter, IsValue,
        JoinKind, JsonKey, Operation, OrderTerm, Query, SelectItem,
    },
    schema::Ident,
};

/// The select list of a query, as it grows.
#[derive(Debug)]
pub struct Projection {
    casts: Casts,
    fields: Vec<SelectItem>,
    embeds: Vec<SelectItem>,
    /// Conditions, orders and ranges of embeds, and conditions on what there is of them.
    below: Query,
    layout: Layout,
}

/// Whether columns are cast to what can be read from the binary format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Casts {
    /// They are: the program reads the values.
    Yes,
    /// They are not: the caller wants JSON as the database writes it.
    No,
}

/// Where the values that a program reads are in the rows of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    slots: Vec<Slot>,
    fields: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    name: Ident,
    /// The place among fields, or among embeds.
    place: usize,
    /// The layout of an embed's rows.
    inner: Option<Layout>,
}

impl Projection {
    pub(crate) fn new(casts: Casts) -> Self {
        Self {
            casts,
            fields: Vec::new(),
            embeds: Vec::new(),
            below: Query::default(),
            layout: Layout::default(),
        }
    }

    pub(crate) fn columns(&mut self, items: &[Item]) {
        self.fields.reserve(items.len());
        self.layout.slots.reserve(items.len());
        for item in items {
            self.field(
                Ident::new(item.name),
                FieldSelect {
                    cast: self.cast(item.cast),
                    ..FieldSelect::new(Field::column(item.name))
                },
            );
        }
    }

    pub(crate) fn aggregate(
        &mut self,
        of: &Field,
        aggregate: Aggregate,
        cast: Option<&'static str>,
    ) {
        let name = last_name(of);
        let alias = self.unused(&match aggregate {
            Aggregate::Sum => format!("sum_{name}"),
            Aggregate::Avg => format!("avg_{name}"),
            Aggregate::Max => format!("max_{name}"),
            Aggregate::Min => format!("min_{name}"),
            Aggregate::Count if name == "*" => "count_rows".to_owned(),
            Aggregate::Count => format!("count_{name}"),
        });
        self.field(
            alias.clone(),
            FieldSelect {
                aggregate: Some(aggregate),
                aggregate_cast: self.cast(cast),
                alias: Some(alias),
                ..FieldSelect::new(of.clone())
            },
        );
    }

    /// A place in a column's JSON.
    pub(crate) fn part(&mut self, field: Field) {
        let alias = self.unused(last_name(&field));
        self.field(alias.clone(), FieldSelect { alias: Some(alias), ..FieldSelect::new(field) });
    }

    fn field(&mut self, name: Ident, select: FieldSelect) {
        self.layout.slots.push(Slot { name, place: self.fields.len(), inner: None });
        self.layout.fields += 1;
        self.fields.push(SelectItem::Field(select));
    }

    fn cast(&self, cast: Option<&'static str>) -> Option<String> {
        cast.filter(|_| self.casts == Casts::Yes).map(str::to_owned)
    }

    /// A projection of the same kind, for the rows of an embed.
    pub(crate) fn nested(&self) -> Self {
        Self::new(self.casts)
    }

    /// An embed that is read: its select list, and what holds for its rows.
    pub(crate) fn embed(&mut self, embed: EmbedSelect, name: &str, inner: Self, own: Query) {
        let alias = self.unused(name);
        let (select, below, layout) = inner.finish();
        self.layout.slots.push(Slot {
            name: alias.clone(),
            place: self.embeds.len(),
            inner: Some(layout),
        });
        self.attach(EmbedSelect { select, ..embed }, alias, own, below);
    }

    /// An embed that is not read, but decides which rows there are: those that it has rows of, if it
    /// is an inner join, or else those that it has none of.
    pub(crate) fn condition(&mut self, embed: EmbedSelect, name: &str, inner: Self, own: Query) {
        let absent = embed.join != Some(JoinKind::Inner);
        let alias = self.unused(name);
        let (select, below, _) = inner.finish();
        self.attach(EmbedSelect { select, ..embed }, alias.clone(), own, below);
        if absent {
            let comparison = Comparison { negated: false, operation: Operation::Is(IsValue::Null) };
            let filter = Filter { field: Field::column(alias), comparison };
            self.below.filters.push((EmbedPath::new(), filter));
        }
    }

    /// An embed that is not read, but that rows are ordered by; and its name.
    fn aside(&mut self, embed: EmbedSelect, name: &str) -> Ident {
        let alias = self.unused(name);
        self.attach(embed, alias.clone(), Query::default(), Query::default());
        alias
    }

    /// What rows are ordered by, with the embeds that this needs: one for each relation.
    pub(crate) fn order(&mut self, terms: &[Term]) -> Vec<OrderTerm> {
        let mut embeds: Vec<(&EmbedSelect, Ident)> = Vec::new();
        let mut order = Vec::with_capacity(terms.len());
        for Term { term, relation } in terms {
            let Some((name, embed)) = relation else {
                order.push(term.clone());
                continue;
            };
            let known = embeds.iter().find(|(known, _)| *known == embed);
            let alias = match known {
                Some((_, alias)) => alias.clone(),
                None => {
                    let alias = self.aside(embed.clone(), name);
                    embeds.push((embed, alias.clone()));
                    alias
                }
            };
            order.push(OrderTerm { relation: Some(alias), ..term.clone() });
        }
        order
    }

    fn attach(&mut self, embed: EmbedSelect, alias: Ident, own: Query, below: Query) {
        for query in [own, below] {
            let under = |path: EmbedPath| -> EmbedPath {
                std::iter::once(alias.clone()).chain(path).collect()
            };
            let to = &mut self.below;
            to.filters.extend(query.filters.into_iter().map(|(path, it)| (under(path), it)));
            to.logic.extend(query.logic.into_iter().map(|(path, it)| (under(path), it)));
            to.order.extend(query.order.into_iter().map(|(path, it)| (under(path), it)));
            to.ranges.extend(query.ranges.into_iter().map(|(path, it)| (under(path), it)));
        }
        self.embeds.push(SelectItem::Embed(EmbedSelect { alias: Some(alias), ..embed }));
    }

    /// A name in the answer that nothing else has.
    fn unused(&self, wanted: &str) -> Ident {
        let is_used = |name: &str| {
            self.layout.slots.iter().any(|slot| slot.name == *name)
                || self.embeds.iter().any(|item| match item {
                    SelectItem::Embed(embed) => {
                        embed.alias.as_ref().is_some_and(|alias| alias == name)
                    }
                    SelectItem::Field(_) => false,
                })
        };
        if !is_used(wanted) {
            return Ident::new(wanted);
        }
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        numbered
            .into_iter()
            .find(|name| !is_used(name))
            .map_or_else(|| Ident::new(wanted), Ident::from)
    }

    /// The select list, what holds for embeds, and where values will be.
    pub(crate) fn finish(self) -> (Vec<SelectItem>, Query, Layout) {
        let mut select = self.fields;
        select.extend(self.embeds);
        (select, self.below, self.layout)
    }
}

/// The last name on the way to a field.
fn last_name(field: &Field) -> &str {
    let names = field.path.iter().rev().filter_map(|step| match step.key() {
        JsonKey::Name(name) => Some(name.as_str()),
        JsonKey::Index(_) => None,
    });
    names.into_iter().next().unwrap_or(&field.name)
}

/// The cells of a row, by their place in the statement.
pub trait Cells {
    /// What the database sent for a column.
    ///
    /// # Errors
    ///
    /// There is no such column.
    fn cell(&self, at: usize) -> Result<Cell<'_>>;
}

/// The values of a row, read one after the other.
#[expect(missing_debug_implementations, reason = "a row may be of any executor")]
pub struct Fields<'a> {
    cells: &'a dyn Cells,
    layout: &'a Layout,
    next: usize,
}

impl<'a> Fields<'a> {
    /// The values of a row.
    pub fn new(cells: &'a dyn Cells, layout: &'a Layout) -> Self {
        Self { cells, layout, next: 0 }
    }

    /// The next value.
    ///
    /// # Errors
    ///
    /// It is of another type, or null where that isn't expected.
    #[expect(clippy::should_implement_trait, reason = "each value may be of another type")]
    pub fn next<V: Value>(&mut self) -> Result<V> {
        let (cell, slot) = self.cell()?;
        V::read(cell).map_err(|error| unreadable::<V>(&slot.name, &error))
    }

    /// The next value as JSON, and the layout of the rows in it.
    pub(crate) fn nested(&mut self) -> Result<(Option<&'a str>, &'a Layout, &'a str)> {
        let (cell, slot) = self.cell()?;
        let json = match cell {
            Cell::Null => None,
            Cell::Json(json) => Some(json),
            Cell::Binary(bytes) => {
                let bytes = bytes.strip_prefix(&[1]).unwrap_or(bytes);
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| broken(&slot.name, &"it is not UTF-8"))?;
                (text != "null").then_some(text)
            }
        };
        let layout = slot.inner.as_ref().ok_or_else(|| broken(&slot.name, &"it has no rows"))?;
        Ok((json, layout, &slot.name))
    }

    fn cell(&mut self) -> Result<(Cell<'a>, &'a Slot)> {
        let slot = self.layout.slots.get(self.next).ok_or_else(|| {
            Error::new(Code::Internal, "More values are read of a row than were selected")
        })?;
        self.next += 1;
        let at = if slot.inner.is_some() { self.layout.fields + slot.place } else { slot.place };
        Ok((self.cells.cell(at)?, slot))
    }
}

fn unreadable<V>(name: &str, error: &Unreadable) -> Error {
    let wanted = std::any::type_name::<V>();
    Error::new(Code::Internal, format!("The value of '{name}' can't be read as {wanted}: {error}"))
        .with_hint("Perhaps the database has changed: compare it to the schema's snapshot")
}

pub(crate) fn broken(name: &str, error: &dyn fmt::Display) -> Error {
    Error::new(Code::Internal, format!("The rows of '{name}' can't be read: {error}"))
}

/// An object of JSON, as a row.
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A row within JSON: members are found by name, since `jsonb` orders them in its own way.
pub(crate) struct JsonCells<'a> {
    object: Object<'a>,
    layout: &'a Layout,
}

impl<'a> JsonCells<'a> {
    pub(crate) fn new(object: Object<'a>, layout: &'a Layout) -> Self {
        Self { object, layout }
    }
}

impl Cells for JsonCells<'_> {
    fn cell(&self, at: usize) -> Result<Cell<'_>> {
        let at_slot = |slot: &&Slot| {
            at == if slot.inner.is_some() { self.layout.fields + slot.place } else { slot.place }
        };
        let slot = self.layout.slots.iter().find(at_slot);
        let name = slot.map_or("", |slot| slot.name.as_str());
        let members = &self.object.0;
        let found = members
            .get(at)
            .filter(|(key, _)| key == name)
            .or_else(|| members.iter().find(|(key, _)| key == name));
        match found {
            Some((_, json)) => Ok(cell_of(json)),
            None => Err(broken(name, &"it is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embed(relation: &str) -> EmbedSelect {
        EmbedSelect {
            relation: Ident::new(relation),
            alias: None,
            hint: None,
            join: None,
            spread: false,
            select: Vec::new(),
        }
    }

    const ID: Item = Item { name: "id", cast: None };
    const DAY: Item = Item { name: "day", cast: Some("text") };

    struct Texts(Vec<Option<&'static str>>);

    impl Cells for Texts {
        fn cell(&self, at: usize) -> Result<Cell<'_>> {
            Ok(self.0[at].map_or(Cell::Null, Cell::Json))
        }
    }

    #[test]
    fn relations_come_last_in_the_statement() {
        let mut projection = Projection::new(Casts::Yes);
        let mut inner = projection.nested();
        inner.columns(&[ID]);
        projection.embed(embed("roles"), "roles", inner, Query::default());
        projection.columns(&[ID, DAY]);
        let (select, below, layout) = projection.finish();
        let query = Query { select, ..below };
        assert_eq!(query.to_query_string(), "select=id,day::text,roles:roles(id)");
        let row = Texts(vec![Some("1"), Some("\"x\""), Some("[{\"id\":7}]")]);
        let mut fields = Fields::new(&row, &layout);
        let (json, inner, name) = fields.nested().unwrap();
        assert_eq!((json, name), (Some("[{\"id\":7}]"), "roles"));
        assert_eq!(inner.slots.len(), 1);
        assert_eq!(fields.next::<i64>().unwrap(), 1);
        assert_eq!(fields.next::<String>().unwrap(), "x");
        assert!(fields.next::<i64>().is_err());
    }

    #[test]
    fn names_are_used_once() {
        let mut projection = Projection::new(Casts::No);
        projection.columns(&[ID, DAY]);
        projection.embed(embed("a"), "id", projection.nested(), Query::default());
        projection.condition(embed("a"), "id", projection.nested(), Query::default());
        let (select, ..) = projection.finish();
        let query = Query { select, ..Query::default() };
        assert_eq!(query.to_query_string(), "select=id,day,id_2:a(),id_3:a()");
    }

    #[test]
    fn members_are_found_by_name() {
        let mut projection = Projection::new(Casts::No);
        projection.columns(&[ID, DAY]);
        let (.., layout) = projection.finish();
        let object = serde_json::from_str(r#"{"day": null, "id": 7}"#).unwrap();
        let cells = JsonCells::new(object, &layout);
        let mut fields = Fields::new(&cells, &layout);
        assert_eq!(fields.next::<i32>().unwrap(), 7);
        let error = fields.next::<String>().unwrap_err();
        assert_eq!(
            error.message(),
            "The value of 'day' can't be read as alloc::string::String: it is null"
        );
    }
}
