//! SQL as PostgreSQL would split it: names, literals, placeholders and the rest.

/// A piece of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A quoted name, without its quotes.
    Name(String),
    /// A literal, without its quotes.
    Literal(String),
    /// `$n`.
    Placeholder(usize),
    /// A character of anything else.
    Other(char),
}

/// Splits SQL.
///
/// # Errors
///
/// A quote is never closed, a comment or a dollar quote is opened, or there is a NUL: this crate
/// writes none of these.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => quoted(rest, '"', false).map(|(text, after)| (Token::Name(text), after))?,
            '\'' => quoted(rest, '\'', false).map(|(text, after)| (Token::Literal(text), after))?,
            'E' | 'e' if rest[1..].starts_with('\'') && !ends_in_word(&tokens) => {
                quoted(&rest[1..], '\'', true).map(|(text, after)| (Token::Literal(text), after))?
            }
            '$' => {
                let digits =
                    rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| n + 1);
                let number = rest[1..digits].parse().map_err(|_| format!("a dollar at {rest}"))?;
                (Token::Placeholder(number), &rest[digits..])
            }
            '-' if rest.starts_with("--") => return Err(format!("a comment at {rest}")),
            '/' if rest.starts_with("/*") => return Err(format!("a comment at {rest}")),
            '\0' => return Err("a NUL".to_owned()),
            other => (Token::Other(other), &rest[other.len_utf8()..]),
        };
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

fn ends_in_word(tokens: &[Token]) -> bool {
    matches!(tokens.last(), Some(Token::Other(c)) if c.is_alphanumeric() || *c == '_')
}

/// What is between quotes, and what comes after them.
fn quoted(text: &str, quote: char, escapes: bool) -> Result<(String, &str), String> {
    let mut inside = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\0' => return Err("a NUL".to_owned()),
            '\\' if escapes => {
                let Some((_, escaped)) = chars.next() else { break };
                inside.push(escaped);
            }
            c if c == quote => match chars.peek() {
                Some((_, next)) if *next == quote => {
                    inside.push(quote);
                    chars.next();
                }
                _ => return Ok((inside, &text[at + quote.len_utf8()..])),
            },
            c => inside.push(c),
        }
    }
    Err(format!("a quote that is never closed: {text}"))
}

#[test]
fn sql_is_split() {
    let name = |text: &str| Token::Name(text.to_owned());
    let literal = |text: &str| Token::Literal(text.to_owned());
    assert_eq!(
        tokens(r#""a""b"='it''s'+E'a\'b'+$12"#).unwrap(),
        [
            name("a\"b"),
            Token::Other('='),
            literal("it's"),
            Token::Other('+'),
            literal("a'b"),
            Token::Other('+'),
            Token::Placeholder(12),
        ]
    );
    for wrong in ["\"a", "'a''", "a -- b", "/* */", "$a$ $a$", "'a\0'"] {
        assert!(tokens(wrong).is_err(), "{wrong}");
    }
}
