//! Reads a configuration file into a map from key to value: imports followed, groups flattened,
//! `$(NAME)` replaced.
//!
//! A later line wins over an earlier one. Knows no key.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::config::{
    environment::Environment,
    error::ConfigError,
    syntax::{Directive, Value, parse},
};

/// What a file says, by key.
pub(super) type Settings = BTreeMap<String, Value>;

/// Files that import one another.
const DEEPEST_IMPORT: usize = 16;

/// Reads a file and everything that it imports.
pub(super) fn read(path: &Path, environment: &Environment) -> Result<Settings, ConfigError> {
    let mut reader = Reader { environment, settings: Settings::new() };
    reader.import(path, "", 0)?;
    Ok(reader.settings)
}

struct Reader<'a> {
    environment: &'a Environment,
    settings: Settings,
}

impl Reader<'_> {
    fn import(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<(), ConfigError> {
        if depth > DEEPEST_IMPORT {
            return Err(ConfigError::new(format!(
                "{}: more than {DEEPEST_IMPORT} files import one another",
                path.display()
            )));
        }
        let text = fs::read_to_string(path).map_err(|error| {
            ConfigError::new(format!("cannot read the file {}: {error}", path.display()))
        })?;
        let directives = parse(&text)
            .map_err(|error| ConfigError::new(format!("{}: {error}", path.display())))?;
        self.apply(directives, path, prefix, depth)
    }

    fn apply(
        &mut self,
        directives: Vec<Directive>,
        path: &Path,
        prefix: &str,
        depth: usize,
    ) -> Result<(), ConfigError> {
        for directive in directives {
            match directive {
                Directive::Bind(key, value) => {
                    let key = format!("{prefix}{key}");
                    let value = match value {
                        Value::Text(text) => Value::Text(self.interpolate(&key, prefix, &text)?),
                        other @ (Value::Number(_) | Value::Bool(_) | Value::List(_)) => other,
                    };
                    self.settings.insert(key, value);
                }
                Directive::Group(key, inside) => {
                    self.apply(inside, path, &format!("{prefix}{key}."), depth)?;
                }
                Directive::Import(file) => {
                    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
                    self.import(&folder.join(file), prefix, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// Replaces `$$` by `$`, and `$(NAME)` by an earlier setting of that name or by the variable.
    fn interpolate(&self, key: &str, prefix: &str, text: &str) -> Result<String, ConfigError> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                result.push('$');
                rest = after;
                continue;
            }
            let name = after.strip_prefix('(').and_then(|after| after.split_once(')'));
            match name {
                Some((name, after)) if !name.is_empty() => {
                    result.push_str(&self.lookup(key, prefix, name)?);
                    rest = after;
                }
                _ => {
                    return Err(ConfigError::new(format!(
                        "{key}: `$` begins `$(NAME)`, which takes a variable of the environment; \
                         write `$$` for a single `$`"
                    )));
                }
            }
        }
        result.push_str(rest);
        Ok(result)
    }

    fn lookup(&self, key: &str, prefix: &str, name: &str) -> Result<String, ConfigError> {
        // A name is looked for beside the setting first, then in the groups around it.
        let mut scope = prefix;
        loop {
            match self.settings.get(&format!("{scope}{name}")) {
                Some(Value::Text(text) | Value::Number(text)) => return Ok(text.clone()),
                Some(Value::Bool(_) | Value::List(_)) => {
                    return Err(ConfigError::new(format!(
                        "{key}: `$({name})` is neither text nor a number"
                    )));
                }
                None if scope.is_empty() => break,
                None => {
                    let group = scope.strip_suffix('.').unwrap_or(scope);
                    scope = group.rsplit_once('.').map_or("", |(outer, _)| {
                        // The dot belongs to the prefix of the outer group.
                        prefix.get(..=outer.len()).unwrap_or("")
                    });
                }
            }
        }
        self.environment.get(name).map(str::to_owned).ok_or_else(|| {
            ConfigError::new(format!("{key}: the environment has no variable `{name}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Settings, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phlo.conf");
        fs::write(&path, text).unwrap();
        fs::write(folder.path().join("other.conf"), "x = \"from other\"\nimport \"loop.conf\"")
            .unwrap();
        fs::write(folder.path().join("loop.conf"), "y = \"loops\"").unwrap();
        fs::write(folder.path().join("endless.conf"), "import \"endless.conf\"").unwrap();
        let environment = Environment::new([("USER_X", "me"), ("EMPTY", "")]);
        read(&path, &environment)
    }

    fn value(text: &str, key: &str) -> String {
        match read_text(text).unwrap().remove(key) {
            Some(Value::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn interpolates() {
        for (text, expected) in [
            (r#"a = "$(USER_X)!""#, "me!"),
            (r#"a = "$$x $$(USER_X)""#, "$x $(USER_X)"),
            (r#"a = "[$(EMPTY)]""#, "[]"),
            ("b = 5\na = \"$(b)\"", "5"),
            ("USER_X = \"file\"\na = \"$(USER_X)\"", "file"),
            ("a = x$(USER_X)y", "xmey"),
            ("a = \"first\"\na = \"last\"", "last"),
        ] {
            assert_eq!(value(text, "a"), expected, "{text}");
        }
        assert_eq!(value("n = \"out\"\na { b { n = \"in\" } }", "n"), "out");
    }

    #[test]
    fn names_are_found_in_the_groups_around() {
        assert_eq!(value("a {\n n = \"a\"\n b {\n  c = \"$(n)\"\n }\n}", "a.b.c"), "a");
        assert_eq!(value("n = \"top\"\na {\n b {\n  c = \"$(n)\"\n }\n}", "a.b.c"), "top");
    }

    #[test]
    fn imports_and_groups() {
        assert_eq!(value("import \"other.conf\"", "x"), "from other");
        assert_eq!(value("import \"other.conf\"", "y"), "loops");
        assert_eq!(value("app.settings {\n  name = \"x\"\n}", "app.settings.name"), "x");
    }

    #[test]
    fn errors() {
        for (text, expected) in [
            ("a = \"$\"", "a: `$` begins `$(NAME)`"),
            ("a = \"$x\"", "a: `$` begins `$(NAME)`"),
            ("a = \"$()\"", "a: `$` begins `$(NAME)`"),
            ("a = \"$(NONE)\"", "a: the environment has no variable `NONE`"),
            ("b = true\na = \"$(b)\"", "a: `$(b)` is neither text nor a number"),
            ("import \"none.conf\"", "cannot read the file"),
            ("import \"endless.conf\"", "more than 16 files import one another"),
            ("a: b", "line 1: expected `=` after `a`, found `:`"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        }
    }
}
