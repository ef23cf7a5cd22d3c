//! A query as text: what a query string would have to be to ask for it.
//!
//! Takes a query, gives a percent-encoded query string that the parser reads as the same query.
//! That holds for every query that the parser can give. A query made in another way can hold what
//! the grammar has no words for:
//!
//! - an embed named `count` that is no spread, or an alias on a spread;
//! - a cast of an aggregate where there is neither an aggregate nor a cast of the column;
//! - a cast or a text search configuration with other characters than letters, digits, `_`, `$` and
//!   spaces, or with spaces at its ends;
//! - a filter as a logic tree of its own, or a logic tree of an embed named `not`;
//! - an empty group, `order`, `columns` or `on_conflict`;
//! - an index into JSON that is no number;
//! - an argument whose value begins like a comparison;
//! - a limit of 0 with an offset, two ranges of one level, or numbers beyond 63 bits.

mod condition;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    request::{
        Aggregate, Direction, EmbedPath, EmbedSelect, Field, FieldSelect, Filter, JoinKind,
        JsonKey, JsonStep, LogicTree, NullsOrder, OrderTerm, Query, SelectItem,
        print::condition::{Place, comparison, group, logic_operator},
    },
    schema::Ident,
};

/// What is encoded: everything that a query string can't hold, or that means something in it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b':')
    .remove(b'!')
    .remove(b'$')
    .remove(b'@')
    .remove(b'/');

/// Words that a key ends in to be something else than a filter.
const RESERVED: [&str; 8] =
    ["select", "columns", "on_conflict", "order", "limit", "offset", "and", "or"];

impl Query {
    /// The query string that asks for this, without a question mark.
    ///
    /// ```
    /// use phlo_core::request::{Field, FieldSelect, Query, SelectItem};
    ///
    /// let select = vec![SelectItem::Field(FieldSelect::new(Field::column("a b")))];
    /// let query = Query { select, ..Query::default() };
    /// assert_eq!(query.to_query_string(), "select=%22a%20b%22");
    /// ```
    pub fn to_query_string(&self) -> String {
        let mut out = Out::default();
        if !self.select.is_empty() {
            out.parameter("select", &text(|to| select(to, &self.select)));
        }
        if let Some(columns) = &self.columns {
            out.parameter("columns", &text(|to| joined(to, columns, name)));
        }
        if let Some(columns) = &self.on_conflict {
            let value = text(|to| joined(to, columns, name));
            out.parameter("on_conflict", &value);
        }
        for (path, terms) in &self.order {
            let key = key(path, |to| to.push_str("order"));
            out.parameter(&key, &text(|to| joined(to, terms, order_term)));
        }
        for (path, range) in &self.ranges {
            if let Some(limit) = range.limit {
                out.parameter(&key(path, |to| to.push_str("limit")), &limit.to_string());
            }
            if range.limit.is_none() || range.offset > 0 {
                out.parameter(&key(path, |to| to.push_str("offset")), &range.offset.to_string());
            }
        }
        for (path, Filter { field: of, comparison: with }) in &self.filters {
            let key = key(path, |to| key_field(to, of));
            out.parameter(&key, &text(|to| comparison(to, with, Place::Parameter)));
        }
        for (path, tree) in &self.logic {
            let LogicTree::Group { negated, operator, members } = tree else { continue };
            let key = key(path, |to| logic_operator(to, *negated, *operator));
            out.parameter(&key, &text(|to| group(to, members)));
        }
        for (argument, value) in &self.arguments {
            out.parameter(&text(|to| key_name(to, argument)), value);
        }
        out.0
    }
}

/// The query string that is being written.
#[derive(Default)]
struct Out(String);

impl Out {
    fn parameter(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(utf8_percent_encode(key, ENCODED));
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, ENCODED));
    }
}

fn text(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}

fn joined<T>(to: &mut String, items: impl IntoIterator<Item = T>, write: impl Fn(&mut String, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            to.push(',');
        }
        write(to, item);
    }
}

/// The key of a parameter: the names of embeds, then the rest.
fn key(path: &EmbedPath, rest: impl FnOnce(&mut String)) -> String {
    text(|to| {
        for embed in path {
            name(to, embed);
            to.push('.');
        }
        rest(to);
    })
}

fn key_field(to: &mut String, field: &Field) {
    key_name(to, &field.name);
    json_path(to, &field.path);
}

/// A name that is not to be taken for a word of the grammar.
fn key_name(to: &mut String, ident: &Ident) {
    if RESERVED.contains(&ident.as_str()) { quoted(to, ident) } else { name(to, ident) }
}

fn name(to: &mut String, ident: &Ident) {
    if is_plain(ident) { to.push_str(ident) } else { quoted(to, ident) }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn quoted(to: &mut String, text: &str) {
    to.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            to.push('\\');
        }
        to.push(char);
    }
    to.push('"');
}

fn field(to: &mut String, field: &Field) {
    name(to, &field.name);
    json_path(to, &field.path);
}

fn json_path(to: &mut String, path: &[JsonStep]) {
    for step in path {
        to.push_str(match step {
            JsonStep::Arrow(_) => "->",
            JsonStep::DoubleArrow(_) => "->>",
        });
        match step.key() {
            JsonKey::Index(index) => to.push_str(index),
            JsonKey::Name(key) if is_plain(key) && !starts_with_digit(key) => to.push_str(key),
            JsonKey::Name(key) => quoted(to, key),
        }
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_digit())
}

fn select(to: &mut String, items: &[SelectItem]) {
    joined(to, items, |to, item| match item {
        SelectItem::Field(field) => field_select(to, field),
        SelectItem::Embed(embed) => embed_select(to, embed),
    });
}

fn field_select(to: &mut String, item: &FieldSelect) {
    let FieldSelect { field: of, cast, aggregate, aggregate_cast, alias } = item;
    if let Some(alias) = alias {
        name(to, alias);
        to.push(':');
    }
    if of.is_star() && cast.is_none() && *aggregate == Some(Aggregate::Count) {
        to.push_str("count()");
    } else {
        if *item == FieldSelect::new(Field::column("*")) {
            to.push('*');
        } else {
            field(to, of);
        }
        self::cast(to, cast.as_deref());
        if let Some(aggregate) = aggregate {
            to.push('.');
            to.push_str(match aggregate {
                Aggregate::Sum => "sum()",
                Aggregate::Avg => "avg()",
                Aggregate::Max => "max()",
                Aggregate::Min => "min()",
                Aggregate::Count => "count()",
            });
        }
    }
    self::cast(to, aggregate_cast.as_deref());
}

fn cast(to: &mut String, cast: Option<&str>) {
    if let Some(cast) = cast {
        to.push_str("::");
        // Nothing but a blank is an empty name.
        to.push_str(if cast.is_empty() { " " } else { cast });
    }
}

fn embed_select(to: &mut String, embed: &EmbedSelect) {
    if embed.spread {
        to.push_str("...");
    } else if let Some(alias) = &embed.alias {
        name(to, alias);
        to.push(':');
    }
    name(to, &embed.relation);
    if let Some(hint) = &embed.hint {
        to.push('!');
        // A hint that begins like a kind of join would be taken for it.
        if hint.starts_with("left") || hint.starts_with("inner") {
            quoted(to, hint);
        } else {
            name(to, hint);
        }
    }
    to.push_str(match embed.join {
        None => "",
        Some(JoinKind::Inner) => "!inner",
        Some(JoinKind::Left) => "!left",
    });
    to.push('(');
    select(to, &embed.select);
    to.push(')');
}

fn order_term(to: &mut String, term: &OrderTerm) {
    match &term.relation {
        Some(relation) => {
            name(to, relation);
            to.push('(');
            field(to, &term.field);
            to.push(')');
        }
        None => field(to, &term.field),
    }
    to.push_str(match term.direction {
        None => "",
        Some(Direction::Ascending) => ".asc",
        Some(Direction::Descending) => ".desc",
    });
    to.push_str(match term.nulls {
        None => "",
        Some(NullsOrder::First) => ".nullsfirst",
        Some(NullsOrder::Last) => ".nullslast",
    });
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;

    use super::*;
    use crate::request::{
        Comparison, IsValue, LogicOperator, Operation, QuantifiedOperator, Range,
    };

    fn printed(query: &Query) -> String {
        percent_decode_str(&query.to_query_string()).decode_utf8_lossy().into_owned()
    }

    fn filter(name: &str, operation: Operation) -> Filter {
        let comparison = Comparison { negated: false, operation };
        Filter { field: Field::column(name), comparison }
    }

    fn eq(name: &str, value: &str) -> Filter {
        let operation = Operation::Quantified(QuantifiedOperator::Equal, None, value.to_owned());
        filter(name, operation)
    }

    #[test]
    fn only_what_must_be_is_quoted() {
        for (name, value, expected) in [
            ("id", "1", "id=eq.1"),
            ("a b", "x y", "\"a b\"=eq.x y"),
            ("a.b", "x,y", "\"a.b\"=eq.x,y"),
            ("a\"b\\c", "\"", "\"a\\\"b\\\\c\"=eq.\""),
            ("order", "order", "\"order\"=eq.order"),
            ("", "", "\"\"=eq."),
        ] {
            let query = Query { filters: vec![(vec![], eq(name, value))], ..Query::default() };
            assert_eq!(printed(&query), expected);
        }
    }

    #[test]
    fn everything_is_encoded_that_a_url_cannot_hold() {
        let query = Query {
            filters: vec![(vec![Ident::new("r")], eq("é", "a&b=c;d+e%20#?\u{0}\"(*)"))],
            ..Query::default()
        };
        assert_eq!(
            query.to_query_string(),
            "r.%22%C3%A9%22=eq.a%26b%3Dc%3Bd%2Be%2520%23%3F%00%22(*)"
        );
    }

    #[test]
    fn members_of_groups_quote_their_values() {
        let members = vec![
            LogicTree::Filter(eq("a", "x,y")),
            LogicTree::Group {
                negated: true,
                operator: LogicOperator::And,
                members: vec![
                    LogicTree::Filter(filter("b", Operation::Is(IsValue::Null))),
                    LogicTree::Filter(filter(
                        "c",
                        Operation::In(vec!["1".to_owned(), String::new(), "2)".to_owned()]),
                    )),
                ],
            },
        ];
        let tree = LogicTree::Group { negated: false, operator: LogicOperator::Or, members };
        let query = Query { logic: vec![(vec![Ident::new("r")], tree)], ..Query::default() };
        assert_eq!(printed(&query), r#"r.or=(a.eq."x,y",not.and(b.is.null,c.in.(1,"","2)")))"#);
    }

    #[test]
    fn ranges_say_no_more_than_needed() {
        for (range, expected) in [
            (Range::ALL, "offset=0"),
            (Range { offset: 0, limit: Some(5) }, "limit=5"),
            (Range { offset: 5, limit: None }, "offset=5"),
            (Range { offset: 5, limit: Some(1) }, "limit=1&offset=5"),
        ] {
            let query = Query { ranges: vec![(vec![], range)], ..Query::default() };
            assert_eq!(printed(&query), expected);
        }
        assert_eq!(printed(&Query::default()), "");
    }

    #[test]
    fn hints_are_not_taken_for_joins() {
        let embed = |hint: &str| EmbedSelect {
            relation: Ident::new("r"),
            alias: Some(Ident::new("a")),
            hint: Some(Ident::new(hint)),
            join: Some(JoinKind::Inner),
            spread: false,
            select: vec![SelectItem::Field(FieldSelect::new(Field::column("*")))],
        };
        for (hint, expected) in
            [("fk", "select=a:r!fk!inner(*)"), ("leftover", "select=a:r!\"leftover\"!inner(*)")]
        {
            let select = vec![SelectItem::Embed(embed(hint))];
            assert_eq!(printed(&Query { select, ..Query::default() }), expected);
        }
    }
}
