//! The environment as a value, so that a test can say what it holds.
//!
//! The one place that reads the process's variables. Knows how a setting's variable is named, and
//! no setting by name.

use std::{collections::BTreeMap, env, fmt};

use crate::config::error::ConfigError;

/// What every variable with a setting begins with.
const PREFIX: &str = "PGRST_";

/// What every variable with a setting for SQL begins with.
const APP_SETTINGS: &str = "PGRST_APP_SETTINGS_";

/// Variables by name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// An environment of these variables alone.
    pub fn new<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables }
    }

    /// The environment of this process.
    ///
    /// # Errors
    ///
    /// A `PGRST_` variable that is not UTF-8. Others that are not are left out.
    pub fn of_process() -> Result<Self, ConfigError> {
        let mut variables = BTreeMap::new();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    variables.insert(name, value);
                }
                Err(_) if name.starts_with(PREFIX) => {
                    return Err(ConfigError::new(format!("the variable {name} is not UTF-8")));
                }
                Err(_) => {}
            }
        }
        Ok(Self { variables })
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The value of a setting: `db-uri` is `PGRST_DB_URI`.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.get(&variable(key))
    }

    /// The settings for SQL, by their whole name: `PGRST_APP_SETTINGS_x` is `app.settings.x`.
    pub(super) fn app_settings(&self) -> impl Iterator<Item = (String, &str)> {
        self.variables.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(APP_SETTINGS)?;
            Some((format!("app.settings.{name}"), value.as_str()))
        })
    }

    /// The names of the variables that mean to be settings, without those for SQL.
    pub(super) fn setting_names(&self) -> impl Iterator<Item = &str> {
        let names = self.variables.keys().map(String::as_str);
        names.filter(|name| name.starts_with(PREFIX) && !name.starts_with(APP_SETTINGS))
    }
}

/// The variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('-', "_").to_ascii_uppercase())
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_by_key() {
        let environment = Environment::new([
            ("PGRST_DB_URI", "uri"),
            ("PGRST_APP_SETTINGS_Name", "x"),
            ("HOME", "/"),
        ]);
        assert_eq!(environment.setting("db-uri"), Some("uri"));
        assert_eq!(environment.setting("db-url"), None);
        assert_eq!(
            environment.app_settings().collect::<Vec<_>>(),
            [("app.settings.Name".to_owned(), "x")]
        );
        assert_eq!(environment.setting_names().collect::<Vec<_>>(), ["PGRST_DB_URI"]);
    }

    #[test]
    fn debug_hides_values() {
        let environment = Environment::new([("PGRST_JWT_SECRET", "hush")]);
        assert_eq!(format!("{environment:?}"), "{\"PGRST_JWT_SECRET\"}");
    }

    #[test]
    fn the_process_has_an_environment() {
        assert!(Environment::of_process().unwrap().get("PATH").is_some());
    }
}
