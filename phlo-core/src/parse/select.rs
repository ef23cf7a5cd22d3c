//! `select`: columns, aggregates and embeds.

use crate::{
    parse::{
        cursor::{Cursor, Step},
        name::{Name, parse_field, parse_identifier, parse_name},
    },
    request::{Aggregate, EmbedSelect, Field, FieldSelect, JoinKind, SelectItem},
    schema::Ident,
};

/// `a,b:c::text,rel(*),...other(d.sum())`; may be empty.
pub(super) fn parse_select(cursor: &mut Cursor<'_>) -> Step<Vec<SelectItem>> {
    let items = cursor.optional(|cursor| {
        cursor.list(|cursor| cursor.spaced(|cursor| cursor.text(",")), parse_item)
    })?;
    Ok(items.unwrap_or_default())
}

fn parse_item(cursor: &mut Cursor<'_>) -> Step<SelectItem> {
    let head = match cursor.optional(|cursor| cursor.attempt(parse_spread))? {
        Some(embed) => Some(embed),
        None => cursor.optional(|cursor| cursor.attempt(parse_relation))?,
    };
    let Some(mut embed) = head else { return parse_field_select(cursor).map(SelectItem::Field) };
    cursor.text("(")?;
    embed.select = cursor.nested(parse_select)?;
    cursor.text(")")?;
    Ok(SelectItem::Embed(embed))
}

/// `...rel!hint!inner` before its parenthesis.
fn parse_spread(cursor: &mut Cursor<'_>) -> Step<EmbedSelect> {
    cursor.spaced(|cursor| {
        cursor.text("...")?;
        let name = parse_name(cursor)?;
        parse_embed_end(cursor, &name, None, true)
    })
}

/// `alias:rel!hint!inner` before its parenthesis.
fn parse_relation(cursor: &mut Cursor<'_>) -> Step<EmbedSelect> {
    cursor.spaced(|cursor| {
        let alias = parse_alias(cursor)?;
        let name = parse_name(cursor)?;
        // `count()` is an aggregate.
        if name == "count" {
            return cursor.refuse();
        }
        parse_embed_end(cursor, &name, alias, false)
    })
}

fn parse_embed_end(
    cursor: &mut Cursor<'_>,
    name: &Name<'_>,
    alias: Option<Name<'_>>,
    spread: bool,
) -> Step<EmbedSelect> {
    let (mut hint, mut join) = (None, None);
    for _ in 0..2 {
        match cursor.optional(parse_embed_parameter)? {
            // The first of a kind counts.
            Some(EmbedParameter::Hint(name)) => hint = hint.or(Some(name)),
            Some(EmbedParameter::Join(kind)) => join = join.or(Some(kind)),
            None => {}
        }
    }
    if !cursor.is_next("(") {
        return cursor.refuse();
    }
    Ok(EmbedSelect {
        relation: Ident::new(name),
        alias: alias.map(|alias| Ident::new(&alias)),
        hint,
        join,
        spread,
        select: Vec::new(),
    })
}

enum EmbedParameter {
    Hint(Ident),
    Join(JoinKind),
}

fn parse_embed_parameter(cursor: &mut Cursor<'_>) -> Step<EmbedParameter> {
    cursor.text("!")?;
    for (word, kind) in [("left", JoinKind::Left), ("inner", JoinKind::Inner)] {
        if cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text(word)))?.is_some() {
            return Ok(EmbedParameter::Join(kind));
        }
    }
    let hint = cursor.attempt(parse_name)?;
    Ok(EmbedParameter::Hint(Ident::new(&hint)))
}

fn parse_alias<'a>(cursor: &mut Cursor<'a>) -> Step<Option<Name<'a>>> {
    cursor.optional(|cursor| {
        cursor.attempt(|cursor| {
            let alias = parse_name(cursor)?;
            cursor.text(":")?;
            cursor.not_next(":")?;
            Ok(alias)
        })
    })
}

fn parse_field_select(cursor: &mut Cursor<'_>) -> Step<FieldSelect> {
    cursor.spaced(|cursor| {
        if let Some(star) = cursor.optional(|cursor| cursor.attempt(parse_star))? {
            return Ok(star);
        }
        if let Some(count) = cursor.optional(|cursor| cursor.attempt(parse_count))? {
            return Ok(count);
        }
        parse_column(cursor)
    })
}

fn parse_star(cursor: &mut Cursor<'_>) -> Step<FieldSelect> {
    cursor.text("*")?;
    parse_item_end(cursor)?;
    Ok(FieldSelect::new(Field::column("*")))
}

/// `alias:count()::cast`.
fn parse_count(cursor: &mut Cursor<'_>) -> Step<FieldSelect> {
    let alias = parse_alias(cursor)?.map(|alias| Ident::new(&alias));
    cursor.text("count()")?;
    let aggregate_cast = cursor.optional(parse_cast)?;
    parse_item_end(cursor)?;
    Ok(FieldSelect {
        field: Field::column("*"),
        cast: None,
        aggregate: Some(Aggregate::Count),
        aggregate_cast,
        alias,
    })
}

/// `alias:column->key::cast.sum()::cast`.
fn parse_column(cursor: &mut Cursor<'_>) -> Step<FieldSelect> {
    let alias = parse_alias(cursor)?.map(|alias| Ident::new(&alias));
    let field = parse_field(cursor)?;
    let cast = cursor.optional(parse_cast)?;
    let aggregate = cursor.optional(|cursor| cursor.attempt(parse_aggregate))?;
    let aggregate_cast = cursor.optional(parse_cast)?;
    parse_item_end(cursor)?;
    Ok(FieldSelect { field, cast, aggregate, aggregate_cast, alias })
}

fn parse_cast(cursor: &mut Cursor<'_>) -> Step<String> {
    cursor.text("::")?;
    parse_identifier(cursor).map(Name::into_owned)
}

fn parse_aggregate(cursor: &mut Cursor<'_>) -> Step<Aggregate> {
    cursor.text(".")?;
    for (word, aggregate) in [
        ("sum", Aggregate::Sum),
        ("avg", Aggregate::Avg),
        ("count", Aggregate::Count),
        ("max", Aggregate::Max),
        ("min", Aggregate::Min),
    ] {
        // Only words that begin alike are worth going back for.
        let found = if word.starts_with('m') {
            cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text(word)))?
        } else {
            cursor.optional(|cursor| cursor.text(word))?
        };
        if found.is_some() {
            cursor.text("()")?;
            return Ok(aggregate);
        }
    }
    cursor.refuse()
}

/// An item ends before `)`, before `,` or with the text.
fn parse_item_end(cursor: &mut Cursor<'_>) -> Step<()> {
    if cursor.is_next(")") || cursor.is_next(",") { Ok(()) } else { cursor.end() }
}
