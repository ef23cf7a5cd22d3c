//! Looks a setting up: in the database, then in the environment, then in the file.
//!
//! Turns what was written into text, numbers and truth values by PostgREST's rules, and collects
//! warnings on the way. Knows no key by name.

use std::{collections::BTreeMap, ops::RangeInclusive};

use crate::config::{
    environment::{Environment, variable},
    error::{ConfigError, Place, Warning},
    file::Settings,
    keys,
    syntax::Value,
};

/// Where settings are looked for, and what was odd about them.
pub(super) struct Source<'a> {
    file: &'a Settings,
    environment: &'a Environment,
    database: BTreeMap<&'a str, &'a str>,
    /// What was odd.
    pub(super) warnings: Vec<Warning>,
}

/// A setting as it was found.
enum Found<'a> {
    /// In the database or the environment, where everything is text.
    Text(&'a str),
    /// In the file.
    Value(&'a Value),
}

impl<'a> Source<'a> {
    /// Settings of the database are named as there, without the prefix: `db_uri`.
    pub(super) fn new(
        file: &'a Settings,
        environment: &'a Environment,
        database: &'a [(String, String)],
    ) -> Self {
        let database = database.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut source = Self { file, environment, database, warnings: Vec::new() };
        source.warn_of_unknown_names();
        source
    }

    fn warn_of_unknown_names(&mut self) {
        for key in self.file.keys() {
            let internal = keys::INTERNAL.contains(&key.as_str());
            if key.starts_with("app.settings.") || internal || keys::find(key).is_some() {
                continue;
            }
            let removed = keys::REMOVED.contains(&key.as_str());
            self.warnings.push(unknown(key.clone(), Place::File, removed));
        }
        let named: Vec<_> = self.environment.setting_names().collect();
        for name in named {
            let matches = |key: &str| variable(key) == name;
            let known = keys::INTERNAL.iter().any(|key| matches(key))
                || keys::KEYS.iter().any(|key| matches(key.name) || key.alias.is_some_and(matches));
            if !known {
                let removed = keys::REMOVED.iter().any(|key| matches(key));
                self.warnings.push(unknown(name.to_owned(), Place::Environment, removed));
            }
        }
    }

    fn find(&self, key: &str) -> Option<Found<'a>> {
        if let Some(text) = self.database.get(key.replace('-', "_").as_str()) {
            return Some(Found::Text(text));
        }
        if let Some(text) = self.environment.setting(key) {
            return Some(Found::Text(text));
        }
        self.file.get(key).map(Found::Value)
    }

    /// The value by its name, or else by its older name.
    fn either<T>(&mut self, key: &str, read: impl Fn(&mut Self, &str) -> Option<T>) -> Option<T> {
        read(self, key).or_else(|| {
            let alias = keys::find(key)?.alias?;
            read(self, alias)
        })
    }

    /// Text; none if it is empty, wherever that was said.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.either(key, |source, key| source.text_or_empty(key).filter(|text| !text.is_empty()))
    }

    /// Text that may be empty.
    pub(super) fn text_or_empty(&self, key: &str) -> Option<String> {
        self.find(key).map(|found| match found {
            Found::Text(text) => text.to_owned(),
            Found::Value(Value::Text(text) | Value::Number(text) | Value::List(text)) => {
                text.clone()
            }
            Found::Value(Value::Bool(value)) => value.to_string(),
        })
    }

    /// A whole number within a range; none if it is no number at all.
    pub(super) fn integer(
        &mut self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ConfigError> {
        let number = self.either(key, |source, key| {
            let text = source.text_or_empty(key).filter(|text| !text.trim().is_empty())?;
            let number = whole(&text);
            if number.is_none() {
                source.wrong_type(key, text, "a whole number");
            }
            number
        });
        match number {
            None => Ok(None),
            Some(number) => match u64::try_from(number) {
                Ok(number) if range.contains(&number) => Ok(Some(number)),
                _ => Err(ConfigError::new(format!(
                    "{key} is {number}; allowed: {} to {}",
                    range.start(),
                    range.end()
                ))),
            },
        }
    }

    /// A truth value: a word in any case, or a number above zero.
    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        self.either(key, |source, key| {
            let (text, value) = match source.find(key)? {
                Found::Value(Value::Bool(value)) => return Some(*value),
                Found::Value(Value::Number(text) | Value::List(text)) => (text.clone(), None),
                Found::Value(Value::Text(text)) => (text.clone(), truth(text)),
                Found::Text(text) => (text.to_owned(), truth(text)),
            };
            if value.is_none() && !text.trim().is_empty() {
                source.wrong_type(key, text, "true or false");
            }
            value
        })
    }

    /// Names between commas, if the setting is given; empty ones are left out.
    pub(super) fn names(&mut self, key: &str) -> Option<Vec<String>> {
        let text = self.text(key)?;
        Some(self.split(key, &text))
    }

    /// Like [`names`](Self::names); empty text is an empty list.
    pub(super) fn names_or_none(&mut self, key: &str) -> Option<Vec<String>> {
        let text = self.text_or_empty(key)?;
        Some(if text.is_empty() { Vec::new() } else { self.split(key, &text) })
    }

    fn split(&mut self, key: &str, text: &str) -> Vec<String> {
        let mut names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let before = names.len();
        names.retain(|name| !name.is_empty());
        if names.len() < before {
            self.warnings.push(Warning::EmptyNames { key: key.to_owned() });
        }
        names
    }

    /// The settings for SQL, by their whole name: of the environment, and of the file.
    pub(super) fn app_settings(&self) -> BTreeMap<String, String> {
        let of_file = self.file.iter().filter_map(|(key, value)| {
            let name = key.strip_prefix("app.settings.")?;
            if name.contains('.') {
                return None;
            }
            let text = match value {
                Value::Text(text) | Value::Number(text) | Value::List(text) => text.clone(),
                // PostgREST prints an unquoted truth value like this, and SQL may rely on it.
                Value::Bool(true) => "Bool True".to_owned(),
                Value::Bool(false) => "Bool False".to_owned(),
            };
            Some((key.clone(), text))
        });
        let of_environment =
            self.environment.app_settings().map(|(key, text)| (key, text.to_owned()));
        of_file.chain(of_environment).collect()
    }

    fn wrong_type(&mut self, key: &str, value: String, expected: &'static str) {
        self.warnings.push(Warning::WrongType { key: key.to_owned(), value, expected });
    }
}

fn unknown(key: String, place: Place, removed: bool) -> Warning {
    if removed { Warning::Removed { key, place } } else { Warning::Unknown { key, place } }
}

/// Reads `10`, `-1`, and `1e3` or `10.0`, which the file's grammar allows.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() || number.fract() != 0.0 {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

/// Reads `true`, `TRUE`, `"true"` in quotes of any kind, and numbers.
fn truth(text: &str) -> Option<bool> {
    let word: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    match word.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => text.trim().parse::<i64>().ok().map(|number| number > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(settings: &[(&str, Value)]) -> Settings {
        settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn the_database_wins_over_the_environment_over_the_file() {
        let file =
            file(&[("jwt-aud", text("f")), ("db-channel", text("f")), ("log-level", text("f"))]);
        let environment = Environment::new([("PGRST_JWT_AUD", "e"), ("PGRST_DB_CHANNEL", "e")]);
        let database = [("jwt_aud".to_owned(), "d".to_owned())];
        let mut source = Source::new(&file, &environment, &database);
        assert_eq!(source.text("jwt-aud").as_deref(), Some("d"));
        assert_eq!(source.text("db-channel").as_deref(), Some("e"));
        assert_eq!(source.text("log-level").as_deref(), Some("f"));
        assert_eq!(source.text("db-uri"), None);
    }

    #[test]
    fn empty_text_hides_what_is_below() {
        let file = file(&[("jwt-aud", text("f"))]);
        let environment = Environment::new([("PGRST_JWT_AUD", "")]);
        let mut source = Source::new(&file, &environment, &[]);
        assert_eq!(source.text("jwt-aud"), None);
    }

    #[test]
    fn older_names_count_if_the_name_is_not_given() {
        let file = file(&[("max-rows", text("1")), ("db-schema", text("old"))]);
        let environment = Environment::new([("PGRST_DB_SCHEMAS", "new")]);
        let mut source = Source::new(&file, &environment, &[]);
        assert_eq!(source.integer("db-max-rows", 0..=9), Ok(Some(1)));
        assert_eq!(source.text("db-schemas").as_deref(), Some("new"));
    }

    #[test]
    fn truth_values() {
        for (value, expected) in [
            (text("true"), Some(true)),
            (text("FALSE"), Some(false)),
            (text("\"true\""), Some(true)),
            (text("1"), Some(true)),
            (text("0"), Some(false)),
            (text("2"), Some(true)),
            (text("-1"), Some(false)),
            (text("yes"), None),
            (text(""), None),
            (Value::Bool(true), Some(true)),
            (Value::Number("13".to_owned()), None),
        ] {
            let file = file(&[("db-config", value.clone())]);
            let environment = Environment::default();
            let mut source = Source::new(&file, &environment, &[]);
            assert_eq!(source.boolean("db-config"), expected, "{value:?}");
            let warns = expected.is_none() && value != text("");
            assert_eq!(source.warnings.len(), usize::from(warns), "{value:?}");
        }
    }

    #[test]
    fn whole_numbers() {
        for (value, expected) in [
            (text("10"), Ok(Some(10))),
            (text(" 10 "), Ok(Some(10))),
            (text(""), Ok(None)),
            (text("ten"), Ok(None)),
            (Value::Number("1e2".to_owned()), Ok(Some(100))),
            (Value::Number("1.5".to_owned()), Ok(None)),
            (Value::Bool(true), Ok(None)),
            (text("-1"), Err("db-pool is -1; allowed: 1 to 100")),
            (text("101"), Err("db-pool is 101; allowed: 1 to 100")),
        ] {
            let file = file(&[("db-pool", value.clone())]);
            let environment = Environment::default();
            let mut source = Source::new(&file, &environment, &[]);
            let found = source.integer("db-pool", 1..=100);
            assert_eq!(
                found.as_ref().map_err(ConfigError::message),
                expected.as_ref().map_err(|text| *text),
                "{value:?}"
            );
        }
    }

    #[test]
    fn unknown_and_removed_names_are_told() {
        let file = file(&[
            ("not-existing", text("")),
            ("db-use-legacy-gucs", text("false")),
            ("app.settings.x", text("")),
            ("max-rows", text("1")),
        ]);
        let environment = Environment::new([
            ("PGRST_DB_URL", ""),
            ("PGRST_DB_USE_LEGACY_GUCS", ""),
            ("PGRST_DB_SCHEMA", ""),
            ("PGRST_APP_SETTINGS_X", ""),
        ]);
        let warnings: Vec<_> = Source::new(&file, &environment, &[])
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            warnings,
            [
                "The config file sets `db-use-legacy-gucs`, which was removed. It is ignored.",
                "The config file sets `not-existing`, which is no known setting. It is ignored.",
                "The environment sets `PGRST_DB_URL`, which is no known setting. It is ignored.",
                "The environment sets `PGRST_DB_USE_LEGACY_GUCS`, which was removed. It is ignored.",
            ]
        );
    }

    #[test]
    fn names_are_trimmed() {
        let file = file(&[("db-schemas", text("a,  b,,")), ("db-extra-search-path", text(""))]);
        let environment = Environment::default();
        let mut source = Source::new(&file, &environment, &[]);
        assert_eq!(source.names("db-schemas"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(source.names_or_none("db-extra-search-path"), Some(Vec::new()));
        assert_eq!(source.warnings, [Warning::EmptyNames { key: "db-schemas".to_owned() }]);
    }

    #[test]
    fn settings_for_sql_come_from_the_environment_and_the_file() {
        let file = file(&[
            ("app.settings.a", text("file")),
            ("app.settings.b", Value::Bool(false)),
            ("app.settings.c.d", text("too deep")),
        ]);
        let environment = Environment::new([("PGRST_APP_SETTINGS_a", "environment")]);
        let source = Source::new(&file, &environment, &[]);
        let expected = [("app.settings.a", "environment"), ("app.settings.b", "Bool False")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(source.app_settings(), BTreeMap::from(expected));
    }
}
