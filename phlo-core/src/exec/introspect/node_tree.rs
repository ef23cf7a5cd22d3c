//! Reads from the parse tree of a view which column of which table each of its columns shows.
//!
//! Takes the text of a `pg_node_tree` as `pg_rewrite.ev_action` has it. Knows three things of that
//! format, which all servers share: nodes are `{TYPE :field value ..}`, lists are `(..)`, and a
//! backslash takes the meaning from the character after it. Gives nothing for a tree that it
//! doesn't understand.

/// Where a column of a view comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The number of the view's column.
    pub(super) number: i16,
    /// The table or view that it is taken from as it is.
    pub(super) table: u32,
    /// The number of the column there.
    pub(super) column: i16,
}

/// The columns of the view's query that are columns of a table, in order.
///
/// Columns that are computed, and those of queries inside the view, are left out.
pub(super) fn origins(tree: &str) -> Vec<Origin> {
    // The action of a view's rule is a list of one query, whose target list is a list of entries:
    // `({QUERY .. :targetList ({TARGETENTRY :expr {..} :resno 1 .. :resorigtbl 5 ..} ..) ..})`.
    const QUERY: usize = 2;
    const ENTRY: usize = 4;
    let mut found = Vec::new();
    let mut depth = 0;
    let mut in_list = false;
    let mut entry = Origin::default();
    let mut field: &[u8] = b"";
    for token in (Tokens { rest: tree.as_bytes() }) {
        match token {
            Token::Open => {
                depth += 1;
                in_list |= depth == QUERY + 1 && field == b":targetList";
                if depth == ENTRY {
                    entry = Origin::default();
                }
                field = b"";
            }
            Token::Close => {
                if depth == ENTRY && in_list && entry.table != 0 {
                    found.push(entry);
                }
                if depth == QUERY + 1 && in_list {
                    break;
                }
                depth = depth.saturating_sub(1);
                field = b"";
            }
            Token::Word(word) if word.first() == Some(&b':') => field = word,
            Token::Word(word) if depth == ENTRY && in_list => match field {
                b":resno" => entry.number = number(word),
                b":resorigtbl" => entry.table = number(word),
                b":resorigcol" => entry.column = number(word),
                _ => {}
            },
            Token::Word(_) => {}
        }
    }
    found
}

fn number<T: std::str::FromStr + Default>(word: &[u8]) -> T {
    std::str::from_utf8(word).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

enum Token<'a> {
    Open,
    Close,
    Word(&'a [u8]),
}

struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let start = self.rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let (_, rest) = self.rest.split_at_checked(start)?;
        let length = match rest.first()? {
            b'(' | b')' | b'{' | b'}' => 1,
            _ => word_length(rest),
        };
        let (token, rest) = rest.split_at_checked(length).unwrap_or((rest, b""));
        self.rest = rest;
        Some(match token {
            b"(" | b"{" => Token::Open,
            b")" | b"}" => Token::Close,
            word => Token::Word(word),
        })
    }
}

fn word_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends =
            !escaped && (byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b'{' | b'}'));
        escaped = !escaped && *byte == b'\\';
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tree: &str, expected: &[(i16, u32, i16)]) {
        let found: Vec<_> =
            origins(tree).iter().map(|it| (it.number, it.table, it.column)).collect();
        assert_eq!(found, expected, "{tree}");
    }

    #[test]
    fn columns_are_found_and_expressions_are_not() {
        check(
            "({QUERY :commandType 1 :rtable ({RTE :eref {ALIAS :aliasname t :colnames (\"id\")} \
             :relid 5}) :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname id \
             :ressortgroupref 0 :resorigtbl 16707 :resorigcol 3 :resjunk false} {TARGETENTRY \
             :expr {CONST :constvalue 4 [ 1 0 0 0 ]} :resno 2 :resname x :resorigtbl 0 \
             :resorigcol 0 :resjunk false}) :override 0 :returningList <>})",
            &[(1, 16707, 3)],
        );
    }

    #[test]
    fn target_lists_of_inner_queries_are_passed_over() {
        let inner = "{QUERY :targetList ({TARGETENTRY :resno 1 :resorigtbl 9 :resorigcol 9})}";
        check(
            &format!(
                "({{QUERY :rtable ({{RTE :subquery {inner}}}) :cteList ({{CTE :ctequery {inner}}}) \
                 :targetList ({{TARGETENTRY :expr {{SUBLINK :subselect {inner}}} :resno 2 \
                 :resorigtbl 7 :resorigcol 1}}) :x ({{TARGETENTRY :resno 1 :resorigtbl 8 \
                 :resorigcol 1}})}})"
            ),
            &[(2, 7, 1)],
        );
    }

    #[test]
    fn names_may_hold_anything() {
        check(
            r"({QUERY :rtable ({ALIAS :aliasname \(\{:targetList\ \( :colnames ()}) :targetList ({TARGETENTRY :resno 1 :resname \:resorigtbl\ 1\}\\ :resorigtbl 6 :resorigcol 2}) :a 1})",
            &[(1, 6, 2)],
        );
    }

    #[test]
    fn what_is_no_tree_gives_nothing() {
        for text in
            ["", "<>", "()", "({QUERY :targetList <>})", ")))}", "({QUERY :targetList ({", "\\"]
        {
            check(text, &[]);
        }
        check("({QUERY :targetList ({T :resno x :resorigtbl 99999999999 :resorigcol 1})})", &[]);
    }
}
