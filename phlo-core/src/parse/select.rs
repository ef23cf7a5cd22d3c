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
    match parse_simple_item(cursor) {
        Some(SelectItem::Embed(embed)) => parse_embedded(cursor, embed),
        Some(item) => Ok(item),
        None => parse_any_item(cursor),
    }
}

/// What most items are, at a glance: `column`, `alias:column`, `rel(` and `alias:rel(` in plain
/// letters, where nothing but success can follow. Everything else is for `parse_any_item`.
fn parse_simple_item(cursor: &mut Cursor<'_>) -> Option<SelectItem> {
    let text = cursor.rest();
    let (mut name, mut rest) = split_word(text)?;
    let mut alias = None;
    if let Some(after) = rest.strip_prefix(':')
        && let Some((next, after)) = split_word(after)
    {
        (alias, name, rest) = (Some(Ident::new(name)), next, after);
    }
    let item = match rest.chars().next() {
        Some('(') if name != "count" => SelectItem::Embed(EmbedSelect {
            relation: Ident::new(name),
            alias,
            hint: None,
            join: None,
            spread: false,
            select: Vec::new(),
        }),
        Some(',' | ')') => {
            let field = Field::column(name);
            SelectItem::Field(FieldSelect { alias, ..FieldSelect::new(field) })
        }
        None if cursor.is_outermost() => {
            let field = Field::column(name);
            SelectItem::Field(FieldSelect { alias, ..FieldSelect::new(field) })
        }
        _ => return None,
    };
    cursor.skip(text.len() - rest.len());
    Some(item)
}

fn split_word(text: &str) -> Option<(&str, &str)> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.bytes().take_while(is_plain).count();
    if length == 0 { None } else { text.split_at_checked(length) }
}

fn parse_any_item(cursor: &mut Cursor<'_>) -> Step<SelectItem> {
    let head = match cursor.optional(|cursor| cursor.attempt(parse_spread))? {
        Some(embed) => Some(embed),
        None => cursor.optional(|cursor| cursor.attempt(parse_relation))?,
    };
    match head {
        Some(embed) => parse_embedded(cursor, embed),
        None => parse_field_select(cursor).map(SelectItem::Field),
    }
}

/// What an embed holds, in its parentheses.
fn parse_embedded(cursor: &mut Cursor<'_>, mut embed: EmbedSelect) -> Step<SelectItem> {
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

#[cfg(test)]
mod tests {
    use crate::parse::query::tests::check_values;

    #[test]
    fn columns() {
        check_values(
            "select",
            &[
                ("*", "*"),
                ("id", "id"),
                ("id,name", "id,name"),
                (" id , name ", "id,name"),
                ("a b, c-d ,$e", "\"a b\",\"c-d\",\"$e\""),
                ("a - b", "\"a-b\""),
                ("123,_,ünï", "123,_,\"ünï\""),
                ("\"a,b\":\"c.d\"", "\"a,b\":\"c.d\""),
                ("\"a\\\"\\\\\"", "\"a\\\"\\\\\""),
                ("\" a \"", "\" a \""),
                ("b:a::text", "b:a::text"),
                ("a::double precision", "a::double precision"),
                ("a:b,c::text,d:e::int4", "a:b,c::text,d:e::int4"),
                ("a->b->>c,a->0,a->-1->>2::int", "a->b->>c,a->0,a->-1->>2::int"),
                ("a->!@#$%^%26*_b::text", "a->\"!@#$%^&*_b\"::text"),
                ("a->\"b.c\",a->b-c,a->1a", "a->\"b.c\",a->\"b-c\",a->\"1a\""),
                ("id)ignored", "id"),
            ],
        );
    }

    #[test]
    fn aggregates() {
        check_values(
            "select",
            &[
                (
                    "a.sum(),a.avg(),a.count(),a.max(),a.min()",
                    "a.sum(),a.avg(),a.count(),a.max(),a.min()",
                ),
                ("count()", "count()"),
                ("n:count()::text", "n:count()::text"),
                ("count", "count"),
                ("count.count()", "count.count()"),
                ("n:a->b::int.sum()::text", "n:a->b::int.sum()::text"),
                ("\"*\".count()", "count()"),
                ("r(count(),a)", "r(count(),a)"),
            ],
        );
    }

    #[test]
    fn embeds() {
        check_values(
            "select",
            &[
                ("r(*)", "r(*)"),
                ("r()", "r()"),
                ("*,r(*,s(*)),...t(a,b:c)", "*,r(*,s(*)),...t(a,b:c)"),
                ("a:r(*)", "a:r(*)"),
                ("r!h(*),r!inner(*),r!left(*)", "r!h(*),r!inner(*),r!left(*)"),
                ("r!h!inner(*),a:r!inner!h(*)", "r!h!inner(*),a:r!h!inner(*)"),
                ("r!a!b(*)", "r!a(*)"),
                ("r!\"left\"(*)", "r!\"left\"(*)"),
                ("...r!h!inner(*)", "...r!h!inner(*)"),
                ("...count(*)", "...count(*)"),
                (" r ( a )", "r(a)"),
                ("r(a->0)", "r(a->0)"),
                ("r(*)ignored", "r(*)"),
                ("", ""),
            ],
        );
    }

    #[test]
    fn errors() {
        let name = r#"letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input"#;
        check_values(
            "select",
            &[
                ("id,clients(name[])", &format!("16: unexpected '[' expecting {name}")),
                ("name!hint", &format!("5: unexpected '!' expecting {name}")),
                ("r(*!hint)", r#"4: unexpected '!' expecting ")", "," or end of input"#),
                ("name::", "7: unexpected end of input expecting letter or digit"),
                (
                    "a:",
                    "3: unexpected end of input expecting \":\" or field name (* or [a..z0..9_$])",
                ),
                (
                    "a,r->j(*)",
                    r#"7: unexpected '(' expecting "->>", "->", "::", ".", ")", "," or end of input"#,
                ),
                ("a,...r->j(*)", r#"9: unexpected '>'"#),
                (
                    "a,",
                    r#"3: unexpected end of input expecting "...", field name (* or [a..z0..9_$]), "*" or "count()""#,
                ),
                ("r(*", r#"4: unexpected end of input expecting ")" or ",""#),
                (
                    "r(id",
                    r#"5: unexpected end of input expecting letter, digit, "-", "->>", "->", "::", ".", ")" or ",""#,
                ),
                ("a.sum", r#"6: unexpected end of input expecting "()""#),
                ("a.med()", r#"3: unexpected "m" expecting "sum", "avg", "count", "max" or "min""#),
                (
                    "a::text[]",
                    r#"8: unexpected '[' expecting letter, digit, ".", "::", ")", "," or end of input"#,
                ),
                (
                    "data->>-78xy",
                    r#"11: unexpected 'x' expecting digit, "->", "::", ".", "," or end of input"#,
                ),
                ("data->>--34", r#"9: unexpected "-" expecting digit"#),
                ("data->>-xy-4", r#"9: unexpected "x" expecting digit"#),
                (
                    "data->(!@#$%^%26*_d->>!@#$%^%26*_e::integer",
                    r#"7: unexpected "(" expecting "-", digit or any non reserved character different from: .,>()"#,
                ),
                ("\"a", r#"3: unexpected end of input expecting "\\" or "\"""#),
                (
                    "é(",
                    r#"3: unexpected end of input expecting "...", field name (* or [a..z0..9_$]), "*", "count()" or ")""#,
                ),
            ],
        );
    }
}
