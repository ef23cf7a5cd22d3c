//! `and` and `or`: trees of filters.

use crate::{
    parse::{
        cursor::{Cursor, Step},
        filter::{Place, parse_comparison},
        name::{parse_delimiter, parse_field, parse_path},
    },
    request::{EmbedPath, Filter, LogicOperator, LogicTree},
};

/// Which group a parameter opens, and where.
#[derive(Debug)]
pub(super) struct LogicKey {
    /// The embed that it filters.
    pub(super) path: EmbedPath,
    /// Whether the group must not hold.
    pub(super) negated: bool,
    /// What joins its members.
    pub(super) operator: LogicOperator,
}

impl LogicKey {
    /// The length of `not.and` or what else the group would begin with as a member of another.
    pub(super) fn prefix(&self) -> usize {
        let word = match self.operator {
            LogicOperator::And => "and".len(),
            LogicOperator::Or => "or".len(),
        };
        if self.negated { word + "not.".len() } else { word }
    }
}

/// The key of a parameter that ends in `and` or `or`: `rel.not.or`.
pub(super) fn parse_logic_key(cursor: &mut Cursor<'_>) -> Step<LogicKey> {
    let (mut path, last) = parse_path(cursor)?;
    cursor.end()?;
    let names = path.len();
    path.retain(|name| *name != "not");
    let operator = if last == "and" { LogicOperator::And } else { LogicOperator::Or };
    Ok(LogicKey { negated: path.len() < names, path, operator })
}

/// The value of such a parameter: `(a.eq.1,not.or(b.is.null,c.gt.2))`.
pub(super) fn parse_logic(cursor: &mut Cursor<'_>) -> Step<Vec<LogicTree>> {
    parse_members(cursor)
}

fn parse_members(cursor: &mut Cursor<'_>) -> Step<Vec<LogicTree>> {
    cursor.spaced(|cursor| cursor.text("("))?;
    let members = cursor.nested(|cursor| {
        cursor.list(|cursor| cursor.spaced(|cursor| cursor.text(",")), parse_member)
    })?;
    cursor.spaced(|cursor| cursor.text(")"))?;
    Ok(members)
}

fn parse_member(cursor: &mut Cursor<'_>) -> Step<LogicTree> {
    if let Some(filter) = cursor.optional(|cursor| cursor.attempt(parse_filter))? {
        return Ok(LogicTree::Filter(filter));
    }
    let negated = parse_not(cursor)?;
    let operator = parse_operator(cursor)?;
    Ok(LogicTree::Group { negated, operator, members: parse_members(cursor)? })
}

fn parse_filter(cursor: &mut Cursor<'_>) -> Step<Filter> {
    let field = parse_field(cursor)?;
    parse_delimiter(cursor)?;
    Ok(Filter { field, comparison: parse_comparison(cursor, Place::Member)? })
}

fn parse_not(cursor: &mut Cursor<'_>) -> Step<bool> {
    cursor.named("negation operator (not)", |cursor| {
        let not = cursor.optional(|cursor| {
            cursor.attempt(|cursor| {
                cursor.text("not")?;
                parse_delimiter(cursor)
            })
        })?;
        Ok(not.is_some())
    })
}

fn parse_operator(cursor: &mut Cursor<'_>) -> Step<LogicOperator> {
    cursor.named("logic operator (and, or)", |cursor| {
        if cursor.optional(|cursor| cursor.attempt(|cursor| cursor.text("and")))?.is_some() {
            return Ok(LogicOperator::And);
        }
        cursor.text("or").map(|()| LogicOperator::Or)
    })
}

#[cfg(test)]
mod tests {
    use crate::parse::query::tests::{check, check_values};

    #[test]
    fn keys() {
        check(&[
            ("and=(a.eq.1)", "and=(a.eq.1)"),
            ("not.or=(a.eq.1)", "not.or=(a.eq.1)"),
            ("r.or=(a.eq.1)&or=(b.eq.2)", "r.or=(a.eq.1)&or=(b.eq.2)"),
            ("r.s.not.and=(a.eq.1)", "r.s.not.and=(a.eq.1)"),
            ("not.r.or=(a.eq.1)", "r.not.or=(a.eq.1)"),
            ("\"a.b\".or=(a.eq.1)", "\"a.b\".or=(a.eq.1)"),
            (
                "a!.or=(a.eq.1)",
                r#"PGRST100 "failed to parse logic path (a!.or)" (line 1, column 2): unexpected '!' expecting letter, digit, "-", delimiter (.) or end of input"#,
            ),
        ]);
    }

    #[test]
    fn groups() {
        check_values(
            "or",
            &[
                ("(a.eq.1,b.not.is.null)", "(a.eq.1,b.not.is.null)"),
                (
                    "(a.eq.1,and(b.gt.1,not.or(c.lt.2,d.eq.3)))",
                    "(a.eq.1,and(b.gt.1,not.or(c.lt.2,d.eq.3)))",
                ),
                (" ( a.eq.1 , b.eq.2 ) ", "(a.eq.1 ,b.eq.2 )"),
                ("(a->b->>c.eq.1,a->0.eq.2)", "(a->b->>c.eq.1,a->0.eq.2)"),
                ("(and.eq.1,not.eq.2,or.not.eq.3)", "(and.eq.1,not.eq.2,or.not.eq.3)"),
                ("(\"a.b\".eq.1)", "(\"a.b\".eq.1)"),
                ("(a.eq.1))", "(a.eq.1)"),
            ],
        );
    }

    #[test]
    fn values() {
        check_values(
            "or",
            &[
                ("(a.eq.,b.eq.x(y)", "(a.eq.,b.eq.x(y)"),
                ("(a.eq.\"x,y)\\\"\",b.eq.1)", "(a.eq.\"x,y)\\\"\",b.eq.1)"),
                ("(a.eq.\"x\"y,b.eq.z\"z\")", "(a.eq.\"\\\"x\\\"y\",b.eq.z\"z\")"),
                ("(a.cs.{1,2},b.eq.3)", "(a.cs.\"{1,2}\",b.eq.3)"),
                ("(a.in.(1,\"2,3\"),b.fts(english).c)", "(a.in.(1,\"2,3\"),b.fts(english).c)"),
                ("(a.eq(any).{1,2},b.is.true)", "(a.eq(any).\"{1,2}\",b.is.true)"),
                ("(a.eq. 1 )", "(a.eq. 1 )"),
            ],
        );
    }

    #[test]
    fn errors() {
        check_values(
            "or",
            &[
                (
                    "()",
                    r#"4: unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)"#,
                ),
                ("(id.in.1,2,id.eq.3)", r#"10: unexpected "1" expecting "(""#),
                (")(", r#"3: unexpected ")" expecting "(""#),
                ("", r#"3: unexpected end of input expecting "(""#),
                (
                    "(id.eq.1,not.xor(id.eq.2,id.eq.3))",
                    r#"16: unexpected "x" expecting logic operator (and, or)"#,
                ),
                ("(id.eq.1", r#"11: unexpected end of input expecting "," or ")""#),
                ("(a.cs.{1}2)", r#"12: unexpected "2" expecting "," or ")""#),
            ],
        );
        check_values(
            "and",
            &[("(ord(id.eq.1,id.eq.1),id.eq.2)", r#"7: unexpected "d" expecting "(""#)],
        );
        check_values("not.and", &[("x", r#"8: unexpected "x" expecting "(""#)]);
    }
}
