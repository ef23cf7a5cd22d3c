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
    let mut query = Query::default();
    // Errors come in the order of PostgREST, whatever the order of the parameters.
    for (key, value) in of_kind(&parameters, Kind::Order) {
        let (path, _) = tree_path(key, limits)?;
        query.order.push((path, Cursor::parse(value, limits, "order", 0, parse_order)?));
    }
    for (key, value) in of_kind(&parameters, Kind::Logic) {
        query.logic.push(logic(key, value, limits)?);
    }
    if let Some(value) = first(&parameters, "columns") {
        let names = Cursor::parse(value, limits, "columns parameter", 0, parse_names)?;
        query.columns = Some(names.into_iter().collect());
    }
    if let Some(value) = first(&parameters, "select") {
        query.select = Cursor::parse(value, limits, "select parameter", 0, parse_select)?;
    }
    for (key, value) in of_kind(&parameters, Kind::Filter) {
        match filter(key, value, plain, limits)? {
            Condition::Filter(path, filter) => query.filters.push((path, filter)),
            Condition::Argument(name) => query.arguments.push((name, value.to_owned())),
        }
    }
    if let Some(value) = first(&parameters, "on_conflict") {
        let names = Cursor::parse(value, limits, "on_conflict parameter", 0, parse_names)?;
        query.on_conflict = Some(names);
    }
    for page in pages(&parameters, header.is_some(), limits)? {
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

/// The parameters of a kind; those without an equals sign don't count.
fn of_kind<'a>(
    parameters: &'a [Parameter<'_>],
    wanted: Kind,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    parameters
        .iter()
        .filter_map(|(key, value)| Some((&**key, value.as_deref()?)))
        .filter(move |(key, _)| kind(key) == wanted)
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
fn pages(parameters: &[Parameter<'_>], with_root: bool, limits: &Limits) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    if with_root {
        pages.push(Page::new(EmbedPath::new()));
    }
    for (key, value) in parameters {
        let (kind, Some(value)) = (kind(key), value) else { continue };
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
            if kind == Kind::Limit { page.set_limit(value) } else { page.set_offset(value) }
        }
    }
    Ok(pages)
}
