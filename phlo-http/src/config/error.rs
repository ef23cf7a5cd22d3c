//! What is wrong with a configuration: an error stops the start, a warning doesn't.
//!
//! Holds finished text. Knows no key by name, and never repeats the value of a secret.

use std::fmt;

/// Why a configuration cannot be used: one sentence that names the key, and what is allowed.
///
/// Where PostgREST says a sentence of its own, the text begins with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Error in config: {message}")]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    /// An error with a finished sentence.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// A value that is none of those allowed.
    pub(crate) fn invalid(key: &str, sentence: &str, value: &str, allowed: &str) -> Self {
        Self::new(format!("{sentence} {key} is \"{value}\"; allowed: {allowed}"))
    }

    /// The sentence, without the words before it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Something in a configuration that was passed over, or that will stop working.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// No setting has this name.
    Unknown {
        /// The name, as it was written.
        key: String,
        /// Where it was written.
        place: Place,
    },
    /// PostgREST had this setting once; it does nothing.
    Removed {
        /// The name, as it was written.
        key: String,
        /// Where it was written.
        place: Place,
    },
    /// The value has the wrong type; the default is used, as PostgREST does.
    WrongType {
        /// The setting.
        key: String,
        /// The value.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// The role path is in the notation before JSONPath.
    LegacyRolePath {
        /// The path, printed canonically.
        path: String,
    },
    /// Empty names in a list were left out.
    EmptyNames {
        /// The setting.
        key: String,
    },
    /// A key of the secret cannot verify any token, and is passed over.
    UnusableKey {
        /// Its place in the set, from 1.
        position: usize,
        /// Why it cannot be used.
        reason: String,
    },
    /// A symmetric key shorter than the 32 bytes that HMAC with SHA-256 calls for.
    WeakKey {
        /// Its place in the set, from 1.
        position: usize,
    },
}

/// Where a setting was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    File,
    /// In the environment.
    Environment,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "config file",
            Self::Environment => "environment",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, place } => {
                write!(f, "The {place} sets `{key}`, which is no known setting. It is ignored.")
            }
            Self::Removed { key, place } => {
                write!(f, "The {place} sets `{key}`, which was removed. It is ignored.")
            }
            Self::WrongType { key, value, expected } => write!(
                f,
                "The config `{key}` is `{value}` where {expected} is expected. Its default is used."
            ),
            Self::LegacyRolePath { path } => write!(
                f,
                "WARNING: The config `jwt-role-claim-key={path}` is using the deprecated JSPath \
                 syntax. Update `jwt-role-claim-key={path}` to the new JSONPath syntax as support \
                 for JSPath will be removed in a future release. See the migration guide on how \
                 to update: \
                 https://github.com/PostgREST/postgrest/blob/main/CHANGELOG.md#migration-to-v16"
            ),
            Self::EmptyNames { key } => {
                write!(f, "The config `{key}` has an empty name in its list, which is left out.")
            }
            Self::UnusableKey { position, reason } => {
                write!(f, "Key {position} of `jwt-secret` is passed over: {reason}.")
            }
            Self::WeakKey { position } => write!(
                f,
                "Key {position} of `jwt-secret` is a symmetric key of less than 32 bytes, which \
                 is weak."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_key_the_value_and_what_is_allowed() {
        let error = ConfigError::invalid(
            "log-level",
            "Invalid logging level. Check your configuration.",
            "never",
            "crit, error, warn, info, debug",
        );
        assert_eq!(
            error.to_string(),
            "Error in config: Invalid logging level. Check your configuration. log-level is \
             \"never\"; allowed: crit, error, warn, info, debug"
        );
    }
}
