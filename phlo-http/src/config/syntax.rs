//! The grammar of the configuration file: text in, a list of directives out.
//!
//! Follows the format that PostgREST reads: `key = value`, groups in braces, `import "file"`,
//! comments from `#` to the end of the line, and `#;` before a directive that is to be skipped.
//! DIFFERS: a value of one word needs no quotes. Knows no key, reads no file and no environment.

use std::{iter::Peekable, str::Chars};

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text, before interpolation.
    Text(String),
    /// A number, as it was written.
    Number(String),
    /// A truth value.
    Bool(bool),
    /// A list, as it was written.
    List(String),
}

/// One line of a file, or a group of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// A key and its value.
    Bind(String, Value),
    /// A prefix, and what it stands before.
    Group(String, Vec<Self>),
    /// Another file to read at this place.
    Import(String),
}

/// Reads the whole of a file, or says in which line it stops making sense.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut cursor = Cursor { chars: text.chars().peekable(), line: 1, depth: 0 };
    let directives = cursor.directives()?;
    match cursor.chars.peek() {
        None => Ok(directives),
        Some(&c) => Err(cursor.expected("a setting such as `key = \"value\"`", Some(c))),
    }
}

/// Groups and lists within one another, so that no file can exhaust the stack.
const DEEPEST: usize = 32;

struct Cursor<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    depth: usize,
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    fn expected(&self, what: &str, found: Option<char>) -> String {
        let line = self.line;
        match found {
            Some('\n') => format!("line {line}: expected {what}, found the end of the line"),
            Some(found) => format!("line {line}: expected {what}, found `{found}`"),
            None => format!("line {line}: expected {what}, found the end of the file"),
        }
    }

    fn directives(&mut self) -> Result<Vec<Directive>, String> {
        let mut found = Vec::new();
        loop {
            let skipped = self.blank()?;
            if !self.chars.peek().is_some_and(|c| c.is_alphabetic()) {
                return Ok(found);
            }
            let directive = self.directive()?;
            if !skipped {
                found.push(directive);
            }
            self.line_end()?;
        }
    }

    /// Skips blank lines and comments; tells whether `#;` stands before what follows.
    fn blank(&mut self) -> Result<bool, String> {
        loop {
            match self.chars.peek() {
                Some(c) if c.is_whitespace() => {
                    self.next();
                }
                Some('#') => {
                    self.next();
                    if self.chars.peek() == Some(&';') {
                        self.next();
                        self.spaces();
                        return match self.chars.peek().copied() {
                            Some(c) if c.is_alphabetic() => Ok(true),
                            other => Err(self.expected("a setting after `#;`", other)),
                        };
                    }
                    self.comment();
                }
                _ => return Ok(false),
            }
        }
    }

    fn comment(&mut self) {
        while self.chars.peek().is_some_and(|&c| c != '\n') {
            self.next();
        }
    }

    fn spaces(&mut self) {
        while self.chars.peek().is_some_and(|&c| c == ' ' || c == '\t' || c == '\r') {
            self.next();
        }
    }

    fn line_end(&mut self) -> Result<(), String> {
        self.spaces();
        match self.chars.peek() {
            Some('#') => {
                self.comment();
                Ok(())
            }
            None | Some('\n' | '}') => Ok(()),
            Some(&c) => Err(format!(
                "{}; put a value of several words in quotes",
                self.expected("the end of the line", Some(c))
            )),
        }
    }

    fn directive(&mut self) -> Result<Directive, String> {
        let key = self.key()?;
        self.spaces();
        match self.chars.peek().copied() {
            Some('=') => {
                self.next();
                self.spaces();
                Ok(Directive::Bind(key, self.value()?))
            }
            Some('{') => {
                self.next();
                self.deeper()?;
                let inside = self.directives()?;
                self.depth -= 1;
                self.close('}')?;
                Ok(Directive::Group(key, inside))
            }
            Some('"') if key == "import" => {
                self.next();
                Ok(Directive::Import(self.quoted()?))
            }
            found => Err(self.expected(&format!("`=` after `{key}`"), found)),
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("line {}: more than {DEEPEST} levels of nesting", self.line));
        }
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Result<(), String> {
        match self.next() {
            Some(c) if c == bracket => Ok(()),
            other => Err(self.expected(&format!("`{bracket}`"), other)),
        }
    }

    fn key(&mut self) -> Result<String, String> {
        let mut key = String::new();
        loop {
            match self.chars.peek().copied() {
                Some(c) if c.is_alphabetic() => {}
                other => return Err(self.expected("a letter", other)),
            }
            while let Some(c) = self.chars.next_if(|&c| c.is_alphanumeric() || c == '_' || c == '-')
            {
                key.push(c);
            }
            if self.chars.next_if_eq(&'.').is_none() {
                return Ok(key);
            }
            key.push('.');
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.chars.peek().copied() {
            Some('"') => {
                self.next();
                Ok(Value::Text(self.quoted()?))
            }
            Some('[') => Ok(Value::List(self.list()?)),
            None | Some('\n' | '#') => Err(self.expected("a value", self.chars.clone().next())),
            Some(_) => {
                let mut word = String::new();
                while let Some(c) = self.chars.next_if(|c| !c.is_whitespace()) {
                    word.push(c);
                }
                Ok(word_value(word))
            }
        }
    }

    fn list(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut depth = 0_usize;
        loop {
            let Some(c) = self.next() else { return Err(self.expected("`]`", None)) };
            text.push(c);
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                '"' => {
                    text.push_str(&self.quoted()?);
                    text.push('"');
                }
                _ => {}
            }
            if depth == 0 {
                return Ok(text);
            }
        }
    }

    /// The rest of a text whose first quote has been read. It may run over several lines.
    fn quoted(&mut self) -> Result<String, String> {
        let opened = self.line;
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
                None => return Err(format!("line {opened}: the quote is never closed")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('u') => self.unicode(),
            other => Err(self.expected("n, t, r, u, a quote or a backslash after `\\`", other)),
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.quad()?;
        let units = if (0xd800..0xdc00).contains(&first) {
            if self.next() != Some('\\') || self.next() != Some('u') {
                return Err(format!("line {}: half of a surrogate pair", self.line));
            }
            vec![first, self.quad()?]
        } else {
            vec![first]
        };
        match char::decode_utf16(units).next() {
            Some(Ok(c)) => Ok(c),
            _ => Err(format!("line {}: half of a surrogate pair", self.line)),
        }
    }

    fn quad(&mut self) -> Result<u16, String> {
        let mut unit = 0;
        for _ in 0..4 {
            let next = self.next();
            let Some(digit) = next.and_then(|c| c.to_digit(16)) else {
                return Err(self.expected("four hexadecimal digits after `\\u`", next));
            };
            unit = unit * 16 + u16::try_from(digit).unwrap_or(0);
        }
        Ok(unit)
    }
}

fn word_value(word: String) -> Value {
    match word.as_str() {
        "true" | "on" => Value::Bool(true),
        "false" | "off" => Value::Bool(false),
        number if number.parse::<f64>().is_ok_and(f64::is_finite) => Value::Number(word),
        _ => Value::Text(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn value(text: &str) -> Value {
        let directive = parse(&format!("key = {text}")).unwrap().remove(0);
        let Directive::Bind(_, value) = directive else { panic!("{directive:?}") };
        value
    }

    #[test]
    fn values() {
        for (written, expected) in [
            (r#""a b""#, text("a b")),
            (r#""a \"b\" \\ \n\t""#, text("a \"b\" \\ \n\t")),
            (r#""\u00e9\ud83d\ude00""#, text("é😀")),
            ("\"two\nlines\"", text("two\nlines")),
            (r#""hash # inside" # and after"#, text("hash # inside")),
            ("postgres://u:p#w@h/d", text("postgres://u:p#w@h/d")),
            ("true", Value::Bool(true)),
            ("on # yes", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("off", Value::Bool(false)),
            ("13", Value::Number("13".to_owned())),
            ("1e3", Value::Number("1e3".to_owned())),
            ("infinity", text("infinity")),
            (r#"["a]", [1]]"#, Value::List(r#"["a]", [1]]"#.to_owned())),
        ] {
            assert_eq!(value(written), expected, "{written}");
        }
    }

    #[test]
    fn files() {
        let file = "# comment\r\n\na.b-c = 1\r\n#; d = 2\ne {\n  f = 3 # three\n  g { h = 4 }\n}\n\
                    import \"other\"";
        let bind =
            |key: &str, n: &str| Directive::Bind(key.to_owned(), Value::Number(n.to_owned()));
        assert_eq!(
            parse(file).unwrap(),
            [
                bind("a.b-c", "1"),
                Directive::Group(
                    "e".to_owned(),
                    vec![bind("f", "3"), Directive::Group("g".to_owned(), vec![bind("h", "4")])]
                ),
                Directive::Import("other".to_owned()),
            ]
        );
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn errors_name_the_line() {
        for (file, expected) in [
            ("yaml:\n  is: 1", "line 1: expected `=` after `yaml`, found `:`"),
            ("\n= 1", "line 2: expected a setting such as `key = \"value\"`, found `=`"),
            ("a =", "line 1: expected a value, found the end of the file"),
            ("a = # b", "line 1: expected a value, found `#`"),
            ("a = \"b", "line 1: the quote is never closed"),
            (
                "a = b c",
                "line 1: expected the end of the line, found `c`; put a value of several words in \
                 quotes",
            ),
            (
                "a = \"\\x\"",
                "line 1: expected n, t, r, u, a quote or a backslash after `\\`, found `x`",
            ),
            ("a = \"\\u00g0\"", "line 1: expected four hexadecimal digits after `\\u`, found `g`"),
            ("a = \"\\udc00\"", "line 1: half of a surrogate pair"),
            ("a = \"\\ud800 \"", "line 1: half of a surrogate pair"),
            ("a {\n b = 1", "line 2: expected `}`, found the end of the file"),
            ("a. = 1", "line 1: expected a letter, found ` `"),
            ("a = [1", "line 1: expected `]`, found the end of the file"),
            ("#; 1", "line 1: expected a setting after `#;`, found `1`"),
        ] {
            assert_eq!(parse(file).unwrap_err(), expected, "{file}");
        }
        assert_eq!(parse(&"a {".repeat(40)).unwrap_err(), "line 1: more than 32 levels of nesting");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[a=\"{}#;\\[\\]\\\\u\n $().]*") {
            let _ = parse(&text);
        }
    }
}
