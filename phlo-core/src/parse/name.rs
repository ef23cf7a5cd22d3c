//! Names and what hangs on them: quoted and plain names, paths into JSON, paths to embeds.
//!
//! Takes text at a cursor, gives identifiers and fields. Whether a name exists is not its business.

use std::borrow::Cow;

use crate::{
    parse::{
        cursor::{Cursor, Step},
        trouble::Expected,
    },
    request::{EmbedPath, Field, JsonKey, JsonStep},
    schema::Ident,
};

/// A name as it is meant, borrowed from the text where it stands there like that.
pub(super) type Name<'a> = Cow<'a, str>;

/// `"any \"text\""`: a backslash takes the next character as it is.
pub(super) fn parse_quoted<'a>(cursor: &mut Cursor<'a>) -> Step<Name<'a>> {
    let is_plain = |char| !matches!(char, '\\' | '"');
    cursor.text("\"")?;
    let mut name = Cow::Borrowed(cursor.take_while(is_plain));
    while cursor.optional(|cursor| cursor.text("\\"))?.is_some() {
        let Some(char) = cursor.peek() else { return cursor.mismatch(None) };
        cursor.skip(char.len_utf8());
        let name = name.to_mut();
        name.push(char);
        name.push_str(cursor.take_while(is_plain));
    }
    cursor.text("\"")?;
    Ok(name)
}

/// Letters, digits, `_`, `$` and spaces; those around it are not part of it.
pub(super) fn parse_identifier<'a>(cursor: &mut Cursor<'a>) -> Step<Name<'a>> {
    let text = cursor.take_while(is_identifier);
    cursor.expect(Some(Expected::Named("letter")));
    cursor.expect(Some(Expected::Named("digit")));
    if text.is_empty() { cursor.mismatch(None) } else { Ok(Cow::Borrowed(text.trim())) }
}

/// Whether a character may stand in a plain name.
pub(super) fn is_identifier(char: char) -> bool {
    // DIFFERS: vowel signs that follow a letter are letters too, so that more scripts need no
    // quotes.
    char.is_alphabetic() || char.is_ascii_digit() || matches!(char, '_' | ' ' | '$')
}

/// A name of something in the database: quoted, or plain with dashes inside.
pub(super) fn parse_name<'a>(cursor: &mut Cursor<'a>) -> Step<Name<'a>> {
    cursor.named("field name (* or [a..z0..9_$])", |cursor| {
        parse_quoted_or_dashed(cursor, parse_identifier)
    })
}

fn parse_quoted_or_dashed<'a>(
    cursor: &mut Cursor<'a>,
    part: impl Fn(&mut Cursor<'a>) -> Step<Name<'a>>,
) -> Step<Name<'a>> {
    if let Some(name) = cursor.optional(parse_quoted)? {
        return Ok(name);
    }
    let mut name = part(cursor)?;
    cursor.repeat(|cursor| {
        parse_dash(cursor)?;
        let part = part(cursor)?;
        let name = name.to_mut();
        name.push('-');
        name.push_str(&part);
        Ok(())
    })?;
    Ok(name)
}

/// A dash that doesn't begin an arrow.
fn parse_dash(cursor: &mut Cursor<'_>) -> Step<()> {
    cursor.attempt(|cursor| {
        cursor.text("-")?;
        cursor.not_next(">")
    })
}

/// Steps into JSON: `->key`, `->>key`, `->0`, `->-1`.
pub(super) fn parse_json_path(cursor: &mut Cursor<'_>) -> Step<Vec<JsonStep>> {
    let mut path = Vec::new();
    cursor.repeat(|cursor| {
        path.push(parse_json_step(cursor)?);
        // Each step is a level of the SQL, which is written and read by recursion.
        cursor.allow_levels(path.len())
    })?;
    Ok(path)
}

fn parse_json_step(cursor: &mut Cursor<'_>) -> Step<JsonStep> {
    if cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text("->>")))?.is_some() {
        parse_json_key(cursor).map(JsonStep::DoubleArrow)
    } else {
        cursor.attempt(|cursor| cursor.text("->"))?;
        parse_json_key(cursor).map(JsonStep::Arrow)
    }
}

fn parse_json_key(cursor: &mut Cursor<'_>) -> Step<JsonKey> {
    if let Some(index) = cursor.optional(|cursor| cursor.attempt(parse_json_index))? {
        return Ok(JsonKey::Index(index.to_owned()));
    }
    let is_key = |char| !matches!(char, '(' | '-' | ':' | '.' | ',' | '>' | ')');
    let name = cursor.attempt(|cursor| {
        cursor.named("any non reserved character different from: .,>()", |cursor| {
            parse_quoted_or_dashed(cursor, |cursor| {
                let text = cursor.take_while(is_key);
                if text.is_empty() { cursor.mismatch(None) } else { Ok(Cow::Borrowed(text.trim())) }
            })
        })
    })?;
    Ok(JsonKey::Name(name.into_owned()))
}

/// A number that is all there is up to the end of the step; anything else is a name.
fn parse_json_index<'a>(cursor: &mut Cursor<'a>) -> Step<&'a str> {
    let text = cursor.rest();
    let minus = cursor.optional(|cursor| cursor.text("-"))?.map_or(0, |()| 1);
    let digits = cursor.take_while(|char| char.is_ascii_digit()).len();
    cursor.expect(Some(Expected::Named("digit")));
    if digits == 0 {
        return cursor.mismatch(None);
    }
    // DIFFERS: PostgREST takes digits before a closing parenthesis, as in `rel(data->0)`, for the
    // name of a member, so that the last item of an embed could not be an element of an array.
    let closes = cursor.peek() == Some(')');
    if closes || ["->", "::", ".", ","].into_iter().any(|next| cursor.is_next(next)) {
        return Ok(text.get(..minus + digits).unwrap_or_default());
    }
    cursor.end()?;
    Ok(text.get(..minus + digits).unwrap_or_default())
}

/// A column, or a place inside its JSON, between blanks.
pub(super) fn parse_field(cursor: &mut Cursor<'_>) -> Step<Field> {
    cursor.spaced(|cursor| {
        let name = parse_name(cursor)?;
        Ok(Field { name: Ident::new(&name), path: parse_json_path(cursor)? })
    })
}

/// The dot between names.
pub(super) fn parse_delimiter(cursor: &mut Cursor<'_>) -> Step<()> {
    cursor.named("delimiter (.)", |cursor| cursor.text("."))
}

/// A list of names: `a,b`.
pub(super) fn parse_names(cursor: &mut Cursor<'_>) -> Step<Vec<Ident>> {
    cursor.list(
        |cursor| cursor.spaced(|cursor| cursor.text(",")),
        |cursor| parse_name(cursor).map(|name| Ident::new(&name)),
    )
}

/// The key of a parameter: names of embeds, then a field. `rel.data->key`
pub(super) fn parse_tree_path(cursor: &mut Cursor<'_>) -> Step<(EmbedPath, Field)> {
    let (path, name) = parse_path(cursor)?;
    Ok((path, Field { name, path: parse_json_path(cursor)? }))
}

/// Names with dots between them, the last one apart.
pub(super) fn parse_path(cursor: &mut Cursor<'_>) -> Step<(EmbedPath, Ident)> {
    let mut path =
        cursor.list(parse_delimiter, |cursor| parse_name(cursor).map(|name| Ident::new(&name)))?;
    let last = path.pop().unwrap_or_else(|| Ident::new(""));
    Ok((path, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::Limits;

    fn name(text: &str) -> String {
        let name = Cursor::parse(text, &Limits::default(), "name", 0, |cursor| {
            let name = parse_name(cursor)?;
            Ok(format!("{name}|{}", cursor.rest()))
        });
        name.unwrap_or_else(|error| error.details().unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn names() {
        for (text, expected) in [
            ("identifier", "identifier|"),
            ("identifier with spaces", "identifier with spaces|"),
            ("identifier-with-dashes", "identifier-with-dashes|"),
            ("a - b", "a-b|"),
            ("a->b", "a|->b"),
            ("a-b->c", "a-b|->c"),
            ("123", "123|"),
            ("_", "_|"),
            ("$", "$|"),
            ("हिंदी", "हिंदी|"),
            (" no leading or trailing spaces ", "no leading or trailing spaces|"),
            ("\" leading and trailing \"x", " leading and trailing |x"),
            ("\":\"", ":|"),
            (r#""a\"b\\c\d""#, r#"a"b\cd|"#),
            ("a.b", "a|.b"),
            (":", r#"unexpected ":" expecting field name (* or [a..z0..9_$])"#),
            ("*", r#"unexpected "*" expecting field name (* or [a..z0..9_$])"#),
            ("", "unexpected end of input expecting field name (* or [a..z0..9_$])"),
            ("a-", "unexpected end of input expecting \">\", letter or digit"),
            (r#""a\"#, "unexpected end of input"),
        ] {
            assert_eq!(name(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_without_escapes_is_not_copied() {
        for text in ["plain", " spaced ", "\"quoted.name\""] {
            let mut cursor = Cursor::new(text, &Limits::default());
            assert!(matches!(parse_name(&mut cursor), Ok(Cow::Borrowed(_))), "{text}");
        }
    }
}
