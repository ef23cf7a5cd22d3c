//! The query string as a whole: each parameter goes to the production that its key asks for.
//!
//! Takes the encoded text, gives a query. What a name means is not its business.

use crate::{
    error::Result,
    parse::{
        Limits,
        cursor::Cursor,
        filter::{Place, parse_comparison},
        logic::{parse_logic, parse_logic_key},
        name::{parse_names, parse_path, parse_tree_path},
        order::parse_order,
        page::{Page, Span},
        params::{Parameter, Source, parse_parameters},
        select::parse_select,
    },
    request::{EmbedPath, Field, Filter, LogicTree, Query},
    schema::Ident,
};

/// What a value is that is not a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainValue {
    /// An error, as for tables.
    Refused,
    /// The argument of a function, as for functions that are read.
    Argument,
}

/// Reads a query string, with or without its question mark.
///
/// Fails with `PGRST100` where it doesn't follow the grammar, with `PGRST103` where a limit is
/// negative, and with `PGRST129` beyond the limits.
///
/// ```
/// use phlo_core::parse::{self, Limits, PlainValue};
///
/// let query = parse::query("select=id&age=gte.18&limit=10", PlainValue::Refused, &Limits::default())?;
/// assert_eq!(query.filters.len(), 1);
/// assert_eq!(query.root_range().limit, Some(10));
/// # Ok::<(), phlo_core::Error>(())
/// ```
pub fn query(text: &str, plain: PlainValue, limits: &Limits) -> Result<Query> {
    parse_query(text, plain, None, limits)
}

/// The same, with the rows that a `Range` header leaves.
pub(super) fn parse_query(
    text: &str,
    plain: PlainValue,
    header: Option<Span>,
    limits: &Limits,
) -> Result<Query> {
    let parameters = parse_parameters(text, Source::QueryString, limits.parameters)?;
    let sorted = sort(&parameters);
    let of_kind = |wanted| {
        sorted
            .iter()
            .filter(move |(kind, _, _)| *kind == wanted)
            .map(|(_, key, value)| (*key, *value))
    };
    let mut query = Query::default();
    // Errors come in the order of PostgREST, whatever the order of the parameters.
    for (key, value) in of_kind(Kind::Order) {
        let (path, _) = tree_path(key, limits)?;
        query.order.push((path, Cursor::parse(value, limits, "order", 0, parse_order)?));
    }
    for (key, value) in of_kind(Kind::Logic) {
        query.logic.push(logic(key, value, limits)?);
    }
    if let Some(value) = first(&parameters, "columns") {
        let names = Cursor::parse(value, limits, "columns parameter", 0, parse_names)?;
        query.columns = Some(names.into_iter().collect());
    }
    if let Some(value) = first(&parameters, "select") {
        query.select = Cursor::parse(value, limits, "select parameter", 0, parse_select)?;
    }
    for (key, value) in of_kind(Kind::Filter) {
        match filter(key, value, plain, limits)? {
            Condition::Filter(path, filter) => query.filters.push((path, filter)),
            Condition::Argument(name) => query.arguments.push((name, value.to_owned())),
        }
    }
    if let Some(value) = first(&parameters, "on_conflict") {
        let names = Cursor::parse(value, limits, "on_conflict parameter", 0, parse_names)?;
        query.on_conflict = Some(names);
    }
    for page in pages(&sorted, header.is_some(), limits)? {
        let range = match header {
            Some(header) if page.path.is_empty() => page.range_within(header)?,
            _ => page.range()?,
        };
        query.ranges.push((page.path, range));
    }
    Ok(query)
}

/// What a parameter is for, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Order,
    Logic,
    Limit,
    Offset,
    /// Parameters of which the first one counts.
    Single,
    Filter,
}

fn kind(key: &str) -> Kind {
    // Quotes are no matter here: a name in quotes doesn't end in one of these words.
    match key.rsplit('.').next().unwrap_or(key) {
        "order" => Kind::Order,
        "and" | "or" => Kind::Logic,
        "limit" => Kind::Limit,
        "offset" => Kind::Offset,
        _ => match key {
            "select" | "columns" | "on_conflict" => Kind::Single,
            _ => Kind::Filter,
        },
    }
}

/// The parameters with what they are for; those without an equals sign don't count.
fn sort<'a>(parameters: &'a [Parameter<'_>]) -> Vec<(Kind, &'a str, &'a str)> {
    let given = parameters.iter().filter_map(|(key, value)| Some((&**key, value.as_deref()?)));
    given.map(|(key, value)| (kind(key), key, value)).collect()
}

fn first<'a>(parameters: &'a [Parameter<'_>], wanted: &str) -> Option<&'a str> {
    parameters.iter().find(|(key, _)| key == wanted)?.1.as_deref()
}

/// DIFFERS: PostgREST ignores what follows the last name of a key that it can read, as in
/// `id!=eq.1`.
fn tree_path(key: &str, limits: &Limits) -> Result<(EmbedPath, Field)> {
    // Most keys are the name of a column and nothing else.
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !key.is_empty() {
        return Ok((EmbedPath::new(), Field::column(key)));
    }
    Cursor::parse(key, limits, "tree path", 0, |cursor| {
        let path = parse_tree_path(cursor)?;
        cursor.end()?;
        Ok(path)
    })
}

fn logic(key: &str, value: &str, limits: &Limits) -> Result<(EmbedPath, LogicTree)> {
    let key = Cursor::parse(key, limits, "logic path", 0, parse_logic_key)?;
    let members = Cursor::parse(value, limits, "logic tree", key.prefix(), parse_logic)?;
    let tree = LogicTree::Group { negated: key.negated, operator: key.operator, members };
    Ok((key.path, tree))
}

enum Condition {
    Filter(EmbedPath, Filter),
    Argument(Ident),
}

fn filter(key: &str, value: &str, plain: PlainValue, limits: &Limits) -> Result<Condition> {
    // Every comparison has a dot.
    if plain == PlainValue::Argument && !value.contains('.') {
        return argument(key, limits).map(Condition::Argument);
    }
    let path = tree_path(key, limits);
    let comparison = Cursor::parse(value, limits, "filter", 0, |cursor| match plain {
        PlainValue::Refused => parse_comparison(cursor, Place::Parameter).map(Some),
        PlainValue::Argument => {
            cursor.optional(|cursor| parse_comparison(cursor, Place::Parameter))
        }
    });
    match comparison {
        Ok(None) => argument(key, limits).map(Condition::Argument),
        Ok(Some(comparison)) => {
            let (path, field) = path?;
            Ok(Condition::Filter(path, Filter { field, comparison }))
        }
        Err(error) => Err(path.err().unwrap_or(error)),
    }
}

/// The name of an argument: the last one of the path, whatever follows it, so that lists can be
/// written as `ids[]=1&ids[]=2`.
fn argument(key: &str, limits: &Limits) -> Result<Ident> {
    Cursor::parse(key, limits, "tree path", 0, parse_path).map(|(_, name)| name)
}

/// What is said about the rows of each level, in the order in which levels are first named.
fn pages(parameters: &[(Kind, &str, &str)], with_root: bool, limits: &Limits) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    if with_root {
        pages.push(Page::new(EmbedPath::new()));
    }
    for (kind, key, value) in parameters {
        if !matches!(kind, Kind::Limit | Kind::Offset) {
            continue;
        }
        let (path, _) = tree_path(key, limits)?;
        let index = match pages.iter().position(|page: &Page| page.path == path) {
            Some(index) => index,
            None => {
                pages.push(Page::new(path));
                pages.len() - 1
            }
        };
        if let Some(page) = pages.get_mut(index) {
            if *kind == Kind::Limit { page.set_limit(value) } else { page.set_offset(value) }
        }
    }
    Ok(pages)
}

#[cfg(test)]
pub(super) mod tests {
    use percent_encoding::percent_decode_str;

    use super::*;

    /// The query as it is printed, without percent signs, or the whole of the error.
    pub(in crate::parse) fn read(text: &str, plain: PlainValue) -> String {
        match query(text, plain, &Limits::default()) {
            Ok(query) => {
                let printed = query.to_query_string();
                percent_decode_str(&printed).decode_utf8_lossy().into_owned()
            }
            Err(error) => match error.details().and_then(|details| details.as_str()) {
                Some(details) => format!("{} {error}: {details}", error.code()),
                None => format!("{} {error}", error.code()),
            },
        }
    }

    /// Checks what becomes of query strings of requests for tables.
    pub(in crate::parse) fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(read(text, PlainValue::Refused), *expected, "{text}");
        }
    }

    /// Checks what becomes of values of one parameter; errors are told without their beginning.
    pub(in crate::parse) fn check_values(key: &str, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            let got = read(&format!("{key}={}", text.replace('+', "%2B")), PlainValue::Refused);
            let start = format!("{key}=");
            let got = match got.split_once("(line 1, column ") {
                Some((_, error)) if got.starts_with("PGRST100") => error.replacen("): ", ": ", 1),
                _ => got.strip_prefix(&start).unwrap_or(&got).to_owned(),
            };
            assert_eq!(got, *expected, "{text}");
        }
    }

    #[test]
    fn the_key_decides() {
        check(&[
            ("", ""),
            ("?select=a&b=eq.1", "select=a&b=eq.1"),
            ("b=eq.1&select=a&b=eq.2", "select=a&b=eq.1&b=eq.2"),
            ("a", ""),
            ("select=a&select=b", "select=a"),
            ("select&select=b", ""),
            ("columns=b,a,b&on_conflict=b,a,b", "columns=a,b&on_conflict=b,a,b"),
            ("r.order=a&order=b", "r.order=a&order=b"),
            ("limit=5&r.offset=2&r.s.limit=1&offset=1", "limit=5&offset=1&r.offset=2&r.s.limit=1"),
            ("\"order\"=eq.1&\"select\"=eq.2", "\"order\"=eq.1&\"select\"=eq.2"),
            ("r.\"limit\"=eq.1", "r.\"limit\"=eq.1"),
            ("order->a=eq.1", "\"order\"->a=eq.1"),
            ("\"a.b\"=eq.1&\"c\\\"d\"=eq.2", "\"a.b\"=eq.1&\"c\\\"d\"=eq.2"),
            ("a.b.c->d->>0=eq.1", "a.b.c->d->>0=eq.1"),
            ("caf%C3%A9=eq.%C3%A9", "\"café\"=eq.é"),
            ("\"a%00b\"=eq.1", "a=eq.1"),
        ]);
    }

    #[test]
    fn errors_come_in_a_fixed_order() {
        let order = r#"PGRST100 "failed to parse order ()" (line 1, column 1): "#;
        let order =
            format!("{order}unexpected end of input expecting field name (* or [a..z0..9_$])");
        let text = "id=0&select=(&columns=&or=()&order=&limit=-1";
        assert_eq!(read(text, PlainValue::Refused), order);
        let columns = r#"PGRST100 "failed to parse columns parameter ()" (line 1, column 1): "#;
        let columns =
            format!("{columns}unexpected end of input expecting field name (* or [a..z0..9_$])");
        assert_eq!(read("id=0&select=(&columns=&limit=-1", PlainValue::Refused), columns);
    }

    #[test]
    fn keys_are_read_to_their_end() {
        let path = |key: &str, column: usize, details: &str| {
            format!(
                r#"PGRST100 "failed to parse tree path ({key})" (line 1, column {column}): {details}"#
            )
        };
        for (text, expected) in [
            (
                "id!=eq.1",
                path(
                    "id!",
                    3,
                    r#"unexpected '!' expecting letter, digit, "-", delimiter (.), "->>", "->" or end of input"#,
                ),
            ),
            (
                "=eq.1",
                path("", 1, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
            ),
            (
                "a.=eq.1",
                path("a.", 3, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
            ),
            (
                "a(.limit=1",
                path(
                    "a(.limit",
                    2,
                    r#"unexpected '(' expecting letter, digit, "-", delimiter (.), "->>", "->" or end of input"#,
                ),
            ),
        ] {
            assert_eq!(read(text, PlainValue::Refused), expected, "{text}");
        }
    }

    #[test]
    fn plain_values_are_arguments_of_functions() {
        for (text, expected) in [
            ("a=1&b=eq.2&a=", "b=eq.2&a=1&a="),
            ("a=eq&b=in&c=not", "a=eq&b=in&c=not"),
            ("a=x.y&b=1.5&c=eq5.1", "a=x.y&b=1.5&c=eq5.1"),
            ("ids[]=1&ids[]=2", "ids=1&ids=2"),
            ("r.a=1&b->c=2", "a=1&b=2"),
            ("\"limit\"=1&limit=2", "limit=2&\"limit\"=1"),
            (
                "a=in.5",
                r#"PGRST100 "failed to parse filter (in.5)" (line 1, column 4): unexpected "5" expecting "(""#,
            ),
            (
                "a=not.5",
                r#"PGRST100 "failed to parse filter (not.5)" (line 1, column 5): unexpected "5" expecting operator (eq, gt, ...)"#,
            ),
            (
                "!=1",
                r#"PGRST100 "failed to parse tree path (!)" (line 1, column 1): unexpected "!" expecting field name (* or [a..z0..9_$])"#,
            ),
        ] {
            assert_eq!(read(text, PlainValue::Argument), expected, "{text}");
        }
        check(&[(
            "id=0",
            r#"PGRST100 "failed to parse filter (0)" (line 1, column 1): unexpected "0" expecting "not" or operator (eq, gt, ...)"#,
        )]);
    }

    #[test]
    fn negative_limits_are_refused_at_every_level() {
        for text in ["limit=-1", "r.limit=-1"] {
            let expected = "PGRST103 Requested range not satisfiable: \
                            Limit should be greater than or equal to zero.";
            assert_eq!(read(text, PlainValue::Refused), expected);
        }
    }

    #[test]
    fn limits_bound_depth_lists_and_parameters() {
        let limits = Limits { depth: 2, list: 3, parameters: 2, ..Limits::default() };
        for (text, code) in [
            ("select=a(b(c))", ""),
            ("select=a(b(c(d)))", "PGRST129"),
            ("or=(a.is.null,and(b.eq.1))", ""),
            ("or=(a.is.null,and(b.eq.1,or(c.eq.1)))", "PGRST129"),
            ("a=in.(1,2,3)", ""),
            ("a=in.(1,2,3,4)", "PGRST129"),
            ("select=a,b,c,d", "PGRST129"),
            ("order=a,b,c,d", "PGRST129"),
            ("columns=a,b,c,d", "PGRST129"),
            ("a->b->>c=eq.1", ""),
            ("a->b->c->d=eq.1", "PGRST129"),
            ("a=eq.1&b=eq.2", ""),
            ("a=eq.1&b=eq.2&c=eq.3", "PGRST129"),
        ] {
            let result = query(text, PlainValue::Refused, &limits);
            assert_eq!(
                result.err().map_or(String::new(), |it| it.code().to_owned()),
                code,
                "{text}"
            );
        }
        let deep = "select=".to_owned() + &"a(".repeat(100_000);
        let error = query(&deep, PlainValue::Refused, &Limits::default()).unwrap_err();
        assert_eq!(error.message(), "The query string is nested too deeply");
    }
}
