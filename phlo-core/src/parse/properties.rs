//! What holds for every query and for every request, however it was made.

use bytes::Bytes;
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    parse::{self, Asked, Input, Limits, Options, PlainValue, Root, TransactionOverride},
    request::{
        Aggregate, Comparison, Direction, EmbedPath, EmbedSelect, Field, FieldSelect, Filter,
        FtsOperator, IsValue, JoinKind, JsonKey, JsonStep, LogicOperator, LogicTree, NullsOrder,
        Operation, OrderTerm, QuantifiedOperator, Quantifier, Query, Range, SelectItem,
        SimpleOperator,
    },
    schema::Ident,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2500, ..ProptestConfig::default() })]

    /// A printed query reads as the same query.
    #[test]
    fn printing_is_the_way_back(query in any_query()) {
        let text = query.to_query_string();
        let plain =
            if query.arguments.is_empty() { PlainValue::Refused } else { PlainValue::Argument };
        prop_assert_eq!(parse::query(&text, plain, &Limits::default()).unwrap(), query, "{}", text);
    }

    /// What was read can be printed and read again.
    #[test]
    fn reading_is_stable(text in any_query_string()) {
        for plain in [PlainValue::Refused, PlainValue::Argument] {
            if let Ok(query) = parse::query(&text, plain, &Limits::default()) {
                let printed = query.to_query_string();
                let again = parse::query(&printed, plain, &Limits::default());
                prop_assert_eq!(again.unwrap(), query, "{}", printed);
            }
        }
    }

    /// Every request is answered, with a request or with an error that says something.
    #[test]
    fn reading_returns(
        method in select(vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"]),
        path in any_path(),
        query in any_query_string(),
        headers in vec(any_header(), 0..5),
        body in any_body(),
        root in select(vec![Root::Document, Root::Disabled, Root::Function(Ident::new("f"))]),
    ) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let options = Options {
            schemas: vec![Ident::new("a"), Ident::new("b")],
            transaction: TransactionOverride::Allowed,
            root,
            limits: Limits { depth: 4, list: 16, parameters: 16, ..Limits::default() },
        };
        let body = Bytes::from(body);
        let input =
            Input { method, path: &path, query: &query, headers: &headers, body: &body };
        match parse::request(&input, &options) {
            Ok(parsed) => {
                if let Asked::Request(request) = parsed.asked {
                    prop_assert!(!request.accept.is_empty());
                    prop_assert!(request.query.filters.len() <= 16);
                }
            }
            Err(error) => {
                prop_assert!(error.code().starts_with("PGRST1"), "{:?}", error);
                prop_assert!(!error.message().is_empty());
            }
        }
    }
}

/// A name with whatever may be in one. There is no NUL in an identifier.
fn any_text() -> impl Strategy<Value = String> {
    let hard = [
        "a", "B", "9", "_", "$", " ", "-", "->", ".", ",", ":", "::", "(", ")", "\"", "\\", "*",
        "!", "{", "}", "&", ";", "=", "+", "%", "%41", "?", "#", "/", "é", "漢", "\t", "\n",
        "count", "left", "inner", "not", "and", "or", "order", "limit", "select", "null", "eq",
        "in",
    ];
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,5}",
        3 => vec(select(hard.to_vec()), 0..5).prop_map(|parts| parts.concat()),
        1 => "[^\u{0}]{0,4}",
    ]
}

fn any_name() -> impl Strategy<Value = Ident> {
    any_text().prop_map(Ident::from)
}

/// A word as casts and text search configurations are made of.
fn any_word() -> impl Strategy<Value = String> {
    "([a-z0-9_$é]([a-z0-9_$ é]{0,4}[a-z0-9_$é])?)?"
}

fn any_path_to_embed() -> impl Strategy<Value = EmbedPath> {
    vec(any_name(), 0..3)
}

fn any_field() -> impl Strategy<Value = Field> {
    let key =
        prop_oneof![any_text().prop_map(JsonKey::Name), "-?[0-9]{1,3}".prop_map(JsonKey::Index),];
    let step = (key, any::<bool>()).prop_map(|(key, text)| {
        if text { JsonStep::DoubleArrow(key) } else { JsonStep::Arrow(key) }
    });
    (any_name(), vec(step, 0..3)).prop_map(|(name, path)| Field { name, path })
}

fn any_field_select() -> impl Strategy<Value = FieldSelect> {
    let aggregate = select(vec![
        Aggregate::Sum,
        Aggregate::Avg,
        Aggregate::Max,
        Aggregate::Min,
        Aggregate::Count,
    ]);
    let field = prop_oneof![4 => any_field(), 1 => Just(Field::column("*"))];
    let rest = (option::of(any_word()), option::of(aggregate), option::of(any_word()));
    (field, rest, option::of(any_name())).prop_map(|(field, rest, alias)| {
        let (cast, aggregate, aggregate_cast) = rest;
        // With neither an aggregate nor a cast of the column, a cast is one of the column.
        let has_aggregate = aggregate.is_some() || cast.is_some();
        let aggregate_cast = aggregate_cast.filter(|_| has_aggregate);
        FieldSelect { field, cast, aggregate, aggregate_cast, alias }
    })
}

fn any_select() -> impl Strategy<Value = Vec<SelectItem>> {
    let field = any_field_select().prop_map(SelectItem::Field);
    let item = field.prop_recursive(3, 12, 3, |item| {
        let join = option::of(select(vec![JoinKind::Inner, JoinKind::Left]));
        let names = (any_name(), option::of(any_name()), option::of(any_name()));
        (names, join, any::<bool>(), vec(item, 0..3)).prop_map(
            |((relation, alias, hint), join, spread, select)| {
                // `count(` is an aggregate, and a spread has no name.
                let is_count = !spread && relation == "count";
                let relation = if is_count { Ident::new("counts") } else { relation };
                let alias = alias.filter(|_| !spread);
                SelectItem::Embed(EmbedSelect { relation, alias, hint, join, spread, select })
            },
        )
    });
    vec(item, 0..4)
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let simple = select(vec![
        SimpleOperator::NotEqual,
        SimpleOperator::Contains,
        SimpleOperator::ContainedIn,
        SimpleOperator::Overlaps,
        SimpleOperator::StrictlyLeft,
        SimpleOperator::StrictlyRight,
        SimpleOperator::NotRightOf,
        SimpleOperator::NotLeftOf,
        SimpleOperator::Adjacent,
    ]);
    let quantified = select(vec![
        QuantifiedOperator::Equal,
        QuantifiedOperator::GreaterThanEqual,
        QuantifiedOperator::GreaterThan,
        QuantifiedOperator::LessThanEqual,
        QuantifiedOperator::LessThan,
        QuantifiedOperator::Like,
        QuantifiedOperator::ILike,
        QuantifiedOperator::Match,
        QuantifiedOperator::IMatch,
    ]);
    let is = select(vec![
        IsValue::Null,
        IsValue::NotNull,
        IsValue::True,
        IsValue::False,
        IsValue::Unknown,
    ]);
    let fts = select(vec![
        FtsOperator::Fts,
        FtsOperator::Plain,
        FtsOperator::Phrase,
        FtsOperator::WebSearch,
    ]);
    let quantifier = option::of(select(vec![Quantifier::Any, Quantifier::All]));
    prop_oneof![
        (simple, any_text()).prop_map(|(operator, value)| Operation::Simple(operator, value)),
        (quantified, quantifier, any_text())
            .prop_map(|(operator, how, value)| Operation::Quantified(operator, how, value)),
        vec(any_text(), 0..4).prop_map(Operation::In),
        is.prop_map(Operation::Is),
        any_text().prop_map(Operation::IsDistinctFrom),
        (fts, option::of(any_word()), any_text())
            .prop_map(|(operator, language, value)| Operation::FullText(operator, language, value)),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    (any_field(), any::<bool>(), any_operation()).prop_map(|(field, negated, operation)| Filter {
        field,
        comparison: Comparison { negated, operation },
    })
}

fn group_of(members: impl Strategy<Value = Vec<LogicTree>>) -> impl Strategy<Value = LogicTree> {
    (any::<bool>(), select(vec![LogicOperator::And, LogicOperator::Or]), members)
        .prop_map(|(negated, operator, members)| LogicTree::Group { negated, operator, members })
}

fn any_group() -> impl Strategy<Value = LogicTree> {
    let member = any_filter()
        .prop_map(LogicTree::Filter)
        .prop_recursive(3, 12, 3, |member| group_of(vec(member, 1..3)));
    group_of(vec(member, 1..3))
}

fn any_order() -> impl Strategy<Value = Vec<OrderTerm>> {
    let direction = option::of(select(vec![Direction::Ascending, Direction::Descending]));
    let nulls = option::of(select(vec![NullsOrder::First, NullsOrder::Last]));
    let term = (option::of(any_name()), any_field(), direction, nulls).prop_map(
        |(relation, field, direction, nulls)| OrderTerm { relation, field, direction, nulls },
    );
    vec(term, 1..4)
}

fn any_range() -> impl Strategy<Value = Range> {
    (0..1000_u64, option::of(0..1000_u64)).prop_map(|(offset, limit)| match limit {
        Some(0) => Range { offset: 0, limit },
        _ => Range { offset, limit },
    })
}

fn any_query() -> impl Strategy<Value = Query> {
    let filters = vec((any_path_to_embed(), any_filter()), 0..3);
    let no_not = any_path_to_embed()
        .prop_map(|path| path.into_iter().filter(|name| *name != "not").collect::<EmbedPath>());
    let logic = vec((no_not, any_group()), 0..2);
    let order = vec((any_path_to_embed(), any_order()), 0..2);
    let ranges = vec((any_path_to_embed(), any_range()), 0..3).prop_map(|mut ranges| {
        // There is one range for each path.
        ranges.sort_by(|(a, _), (b, _)| a.cmp(b));
        ranges.dedup_by(|(a, _), (b, _)| a == b);
        ranges
    });
    let columns = option::of(proptest::collection::btree_set(any_name(), 1..3));
    let on_conflict = option::of(vec(any_name(), 1..3));
    // An argument that begins like a comparison would be one.
    let value = any_text().prop_map(|text| format!("={text}"));
    let arguments = vec((any_name(), value), 0..3);
    (any_select(), filters, logic, order, ranges, columns, on_conflict, arguments).prop_map(
        |(select, filters, logic, order, ranges, columns, on_conflict, arguments)| Query {
            select,
            filters,
            logic,
            order,
            ranges,
            columns,
            on_conflict,
            arguments,
        },
    )
}

/// Text that is nearly a query string: the words of the grammar in any order.
fn any_query_string() -> impl Strategy<Value = String> {
    let words = [
        "select=",
        "order=",
        "and=",
        "or=",
        "columns=",
        "limit=",
        "offset=",
        "on_conflict=",
        "&",
        "&",
        "&",
        ";",
        "=",
        "a",
        "b",
        "rel",
        "id=eq.",
        "id",
        "(",
        ")",
        "(",
        ")",
        ",",
        ".",
        "->",
        "->>",
        "-",
        "\"",
        "\\",
        "eq.",
        "in.(",
        "is.null",
        "not.",
        "fts(",
        "(any)",
        "and(",
        "or(",
        "::",
        "*",
        "!",
        "inner",
        "...",
        "count()",
        ".sum()",
        "asc",
        "desc",
        "nullsfirst",
        "%00",
        "%ff",
        "%22",
        "+",
        " ",
        "é",
        "{",
        "}",
        "1",
        "-1",
        "99999999999999999999",
    ];
    prop_oneof![
        6 => vec(select(words.to_vec()), 0..24).prop_map(|words| words.concat()),
        3 => (any_query(), any::<prop::sample::Index>(), select(words.to_vec())).prop_map(
            |(query, place, word)| {
                let text = query.to_query_string();
                let place = place.index(text.len() + 1);
                let (before, after) = text.split_at(place);
                let after = after.get(1..).unwrap_or_default();
                format!("{before}{word}{after}")
            },
        ),
        1 => any::<String>(),
    ]
}

fn any_path() -> impl Strategy<Value = String> {
    let parts = ["/", "/", "rpc", "items", "%2F", "%ff", "%", "é", "+", " ", "..", "?"];
    prop_oneof![
        vec(select(parts.to_vec()), 0..5).prop_map(|parts| parts.concat()),
        Just("/items".to_owned()),
        Just("/rpc/f".to_owned()),
        any::<String>(),
    ]
}

fn any_header() -> impl Strategy<Value = (&'static str, String)> {
    let parts = [
        "application/",
        "json",
        "text/",
        "csv",
        "vnd.pgrst.plan",
        ";",
        "for=",
        "\"",
        "q=",
        "0.5",
        "*/*",
        ",",
        " ",
        "=",
        "tx=",
        "rollback",
        "count=exact",
        "max-affected=",
        "-1",
        "0-",
        "9",
        "a",
        "b",
        "é",
        "+json",
        "options=analyze|",
        "x-www-form-urlencoded",
        "plain",
    ];
    let value = prop_oneof![
        vec(select(parts.to_vec()), 0..8).prop_map(|parts| parts.concat()),
        Just("text/csv".to_owned()),
        Just("application/x-www-form-urlencoded".to_owned()),
        Just("a".to_owned()),
        any::<String>(),
    ];
    let names =
        ["accept", "prefer", "range", "content-type", "accept-profile", "content-profile", "x"];
    (select(names.to_vec()), value)
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "null", "\"", "\\", "\\u0000", "\n",
        "\r", "a", "=", "&", "%ff", "NULL", "é", "1e999", " ",
    ];
    prop_oneof![
        vec(select(parts.to_vec()), 0..16).prop_map(|parts| parts.concat().into_bytes()),
        vec(any::<u8>(), 0..32),
    ]
}
