//! Writes Rust as `rustfmt` would lay it out, so that generated files can be committed and reviewed;
//! but for names that fill a line by themselves, which it treats in ways of its own.
//!
//! Knows the few shapes that generated code has. A library that formats any Rust would have to parse
//! it first, which costs every build script that uses this crate more than all the rest.

/// The longest line.
const WIDTH: usize = 100;
/// The longest list of arguments, or array, on one line.
const LIST: usize = 60;
/// The longest element of an array that shares a line with others.
const ELEMENT: usize = 10;
/// The longest list in an attribute on one line.
const ATTRIBUTE: usize = 70;
/// The longest inside of a struct literal on one line.
const LITERAL: usize = 18;

/// Text with an indentation.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// A line; nothing for an empty one but its end.
    pub(crate) fn line(&mut self, text: &str) {
        if !text.is_empty() {
            (0..self.depth).for_each(|_| self.text.push_str("    "));
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    /// An empty line, unless a block has just begun.
    pub(crate) fn gap(&mut self) {
        let begun =
            self.text.is_empty() || self.text.ends_with("{\n") || self.text.ends_with("\n\n");
        if !begun {
            self.text.push('\n');
        }
    }

    /// A block: `head {`, what is inside, `}`; on one line if there is nothing inside.
    pub(crate) fn block(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.enclosed(&format!("{head} {{"), "}", inside);
    }

    /// Lines further in between two others.
    pub(crate) fn enclosed(&mut self, open: &str, close: &str, inside: impl FnOnce(&mut Self)) {
        self.line(open);
        let before = self.text.len();
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        if self.text.len() == before {
            self.text.pop();
            self.text.push_str(close);
            self.text.push('\n');
        } else {
            self.line(close);
        }
    }

    /// Whether a line of that length fits.
    fn fits(&self, length: usize) -> bool {
        self.depth * 4 + length <= WIDTH
    }

    /// `head = value;`, on two lines if it must.
    pub(crate) fn assign(&mut self, head: &str, value: &str) {
        let line = format!("{head} = {value};");
        if self.fits(width(&line)) {
            self.line(&line);
        } else {
            self.line(&format!("{head} ="));
            self.depth += 1;
            self.line(&format!("{value};"));
            self.depth -= 1;
        }
    }

    /// `head = function(arguments);`
    pub(crate) fn assign_call(&mut self, head: &str, function: &str, arguments: &[String]) {
        let list = arguments.join(", ");
        let short = width(&list) <= LIST;
        let call = format!("{function}({list});");
        if !self.fits(width(head) + 2)
            && let Some((open, inside)) = head.strip_suffix('>').and_then(|it| it.split_once('<'))
        {
            // Not even the type fits: its parameters have lines of their own.
            let close = format!("> = {call}");
            self.enclosed(&format!("{open}<"), &close, |to| to.items(&parameters(inside)));
            return;
        }
        if short && self.fits(width(head) + width(&call) + 3) {
            self.line(&format!("{head} = {call}"));
            return;
        }
        if short && self.fits(width(&call) + 4) {
            self.line(&format!("{head} ="));
            self.depth += 1;
            self.line(&call);
            self.depth -= 1;
            return;
        }
        let inside = |to: &mut Self| to.items(arguments);
        if self.fits(width(head) + width(function) + 4) {
            self.enclosed(&format!("{head} = {function}("), ");", inside);
        } else {
            self.line(&format!("{head} ="));
            self.depth += 1;
            self.enclosed(&format!("{function}("), ");", inside);
            self.depth -= 1;
        }
    }

    /// `function(arguments);`
    pub(crate) fn call(&mut self, function: &str, arguments: &[String]) {
        let list = arguments.join(", ");
        let line = format!("{function}({list});");
        if width(&list) <= LIST && self.fits(width(&line)) {
            self.line(&line);
        } else {
            self.enclosed(&format!("{function}("), ");", |to| to.items(arguments));
        }
    }

    /// `head = &[items];`, if they are many one a line, or as many as fit if they are short.
    pub(crate) fn assign_array(&mut self, head: &str, items: &[String]) {
        let array = format!("&[{}]", items.join(", "));
        if width(&array) - 1 <= LIST && self.fits(4 + width(&array) + 1) {
            self.assign(head, &array);
        } else if items.iter().all(|item| width(item) <= ELEMENT) {
            self.enclosed(&format!("{head} = &["), "];", |to| to.packed(items));
        } else {
            self.enclosed(&format!("{head} = &["), "];", |to| to.items(items));
        }
    }

    fn packed(&mut self, items: &[String]) {
        let mut line = String::new();
        for item in items {
            if !line.is_empty() && !self.fits(width(&line) + width(item) + 2) {
                self.line(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(item);
            line.push(',');
        }
        self.line(&line);
    }

    /// `head { members }tail`, one a line unless they are short.
    pub(crate) fn literal(&mut self, head: &str, members: &[String], tail: &str) {
        let list = members.join(", ");
        let inside = if list.is_empty() { list.clone() } else { format!(" {list} ") };
        let line = format!("{head} {{{inside}}}{tail}");
        if width(&list) <= LITERAL && self.fits(width(&line)) {
            self.line(&line);
        } else {
            self.enclosed(&format!("{head} {{"), &format!("}}{tail}"), |to| to.items(members));
        }
    }

    /// `#[derive(traits)]`, as many on a line as fit.
    pub(crate) fn derive(&mut self, traits: &[&str]) {
        let line = format!("#[derive({})]", traits.join(", "));
        if self.fits(width(&line)) {
            self.line(&line);
        } else {
            let traits: Vec<_> = traits.iter().map(|&it| it.to_owned()).collect();
            self.enclosed("#[derive(", ")]", |to| to.packed(&traits));
        }
    }

    /// `head(field);`
    pub(crate) fn tuple_struct(&mut self, head: &str, field: &str) {
        let line = format!("{head}({field});");
        if self.fits(width(&line)) {
            self.line(&line);
        } else {
            self.enclosed(&format!("{head}("), ");", |to| to.line(&format!("{field},")));
        }
    }

    /// `#[name(items)]`; nothing without items.
    pub(crate) fn attribute(&mut self, name: &str, items: &[String]) {
        let list = items.join(", ");
        let Some((last, others)) = items.split_last() else { return };
        if width(&list) <= ATTRIBUTE && self.fits(width(name) + width(&list) + 5) {
            self.line(&format!("#[{name}({list})]"));
        } else {
            self.enclosed(&format!("#[{name}("), ")]", |to| {
                to.items(others);
                to.line(last);
            });
        }
    }

    /// A function's head with its parameters, and its body.
    pub(crate) fn function(
        &mut self,
        name: &str,
        parameters: &[String],
        returns: &str,
        body: impl FnOnce(&mut Self),
    ) {
        let list = parameters.join(", ");
        let head = format!("{name}({list}) -> {returns}");
        if self.fits(width(&head) + 2) {
            self.block(&head, body);
        } else {
            self.enclosed(&format!("{name}("), &format!(") -> {returns} {{"), |to| {
                to.items(parameters);
            });
            self.depth += 1;
            body(self);
            self.depth -= 1;
            self.line("}");
        }
    }

    fn items(&mut self, items: &[String]) {
        for item in items {
            self.line(&format!("{item},"));
        }
    }

    /// A documentation comment.
    ///
    /// The text is the database's, and shown as it is: what rustdoc takes for code would be run as
    /// a test, and what it takes for a link or for HTML would be missing.
    pub(crate) fn doc(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.trim();
            self.line(
                if line.is_empty() { "///".to_owned() } else { format!("/// {line}") }.as_str(),
            );
        }
    }
}

/// The parameters of a type, from a list with commas.
fn parameters(list: &str) -> Vec<String> {
    let mut parameters = vec![String::new()];
    let mut depth = 0_usize;
    for letter in list.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parameters.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parameters.last_mut()
            && (letter != ' ' || !last.is_empty())
        {
            last.push(letter);
        }
    }
    parameters
}

/// Text of the database for a documentation comment.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        match letter {
            '\\' | '`' | '[' | ']' | '<' | '>' | '~' => plain.extend(['\\', letter]),
            '\n' => plain.push('\n'),
            // What would end the line for Rust, or turn its text around.
            control if control.is_control() => plain.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Text of the database within backticks.
pub(crate) fn code(text: &str) -> String {
    let one_line: String =
        text.chars().map(|it| if it.is_control() || it == '`' { ' ' } else { it }).collect();
    format!("`{}`", one_line.trim())
}

/// A literal of Rust.
pub(crate) fn text(text: &str) -> String {
    format!("{text:?}")
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_database_are_shown_as_they_are() {
        assert_eq!(plain(" a `b` [c]\n```\n<d>"), "a \\`b\\` \\[c\\]\n\\`\\`\\`\n\\<d\\>");
        assert_eq!(plain("a\rb\u{202e}c"), "a bc");
        assert_eq!(code("a`b\nc"), "`a b c`");
        assert_eq!(text("a\"b"), r#""a\"b""#);
    }

    #[test]
    fn comments_never_begin_with_code() {
        let mut writer = Writer::default();
        writer.doc("one\n\n    two");
        assert_eq!(writer.finish(), "/// one\n///\n/// two\n");
    }
}
