//! The table of settings: one row each.
//!
//! Says which settings exist, how else they may be spelled, and which can change while the server
//! runs. Knows no value.

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the file. In the environment `db-uri` is `PGRST_DB_URI`, in the database
    /// `pgrst.db_uri`.
    pub name: &'static str,
    /// Its older name, if it has one.
    pub alias: Option<&'static str>,
    /// Whether the database may set it.
    pub in_database: bool,
    /// Whether a change takes effect on reload, without a restart.
    pub reloadable: bool,
}

impl Key {
    /// One that is fixed at the start, and that the database cannot set.
    const fn fixed(name: &'static str) -> Self {
        Self { name, alias: None, in_database: false, reloadable: false }
    }

    /// One that can change on reload, and that the database cannot set.
    const fn reloadable(name: &'static str) -> Self {
        Self { reloadable: true, ..Self::fixed(name) }
    }

    /// One that can change on reload, and that the database can set.
    const fn in_database(name: &'static str) -> Self {
        Self { in_database: true, ..Self::reloadable(name) }
    }

    const fn or(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }
}

/// Every setting, in the order of the alphabet. `app.settings.*` is none of them.
pub const KEYS: &[Key] = &[
    Key::fixed("admin-server-host"),
    Key::fixed("admin-server-port"),
    Key::fixed("admin-server-unix-socket"),
    Key::fixed("admin-server-unix-socket-mode"),
    Key::in_database("client-error-verbosity"),
    Key::in_database("db-aggregates-enabled"),
    Key::in_database("db-anon-role"),
    Key::reloadable("db-channel"),
    Key::reloadable("db-channel-enabled"),
    Key::reloadable("db-config"),
    Key::in_database("db-extra-search-path"),
    Key::in_database("db-hoisted-tx-settings"),
    Key::in_database("db-max-rows").or("max-rows"),
    Key::in_database("db-plan-enabled"),
    Key::fixed("db-pool"),
    Key::fixed("db-pool-acquisition-timeout"),
    Key::reloadable("db-pool-automatic-recovery"),
    Key::fixed("db-pool-max-idletime").or("db-pool-timeout"),
    Key::fixed("db-pool-max-lifetime"),
    Key::in_database("db-pre-config"),
    Key::in_database("db-pre-request").or("pre-request"),
    Key::in_database("db-prepared-statements"),
    Key::in_database("db-root-spec").or("root-spec"),
    Key::in_database("db-schemas").or("db-schema"),
    Key::in_database("db-tx-end"),
    Key::fixed("db-uri"),
    Key::in_database("jwt-aud"),
    // DIFFERS: PostgREST documents that the database can set it, but looks for another name there.
    Key::in_database("jwt-cache-max-entries"),
    Key::in_database("jwt-role-claim-key").or("role-claim-key"),
    Key::in_database("jwt-secret"),
    Key::in_database("jwt-secret-is-base64").or("secret-is-base64"),
    Key::reloadable("log-format"),
    Key::reloadable("log-level"),
    Key::reloadable("log-query"),
    Key::reloadable("login-schema"),
    Key::reloadable("login-token-lifetime"),
    Key::in_database("openapi-mode"),
    Key::in_database("openapi-security-active"),
    Key::in_database("openapi-server-proxy-uri"),
    Key::in_database("server-cors-allowed-origins"),
    Key::fixed("server-host"),
    Key::reloadable("server-max-body-size"),
    Key::reloadable("server-max-upload-size"),
    Key::fixed("server-port"),
    Key::reloadable("server-receive-timeout"),
    Key::fixed("server-reuseport"),
    Key::reloadable("server-send-timeout"),
    Key::in_database("server-timing-enabled"),
    Key::in_database("server-trace-header"),
    Key::fixed("server-unix-socket"),
    Key::fixed("server-unix-socket-mode"),
    Key::in_database("url-use-legacy-target-names"),
];

/// Settings for tests: they work, but are shown nowhere.
pub(super) const INTERNAL: &[&str] =
    &["internal-schema-cache-query-sleep", "internal-schema-cache-query-sleep-before-queries"];

/// Settings that PostgREST had: tolerated, without effect.
pub(super) const REMOVED: &[&str] =
    &["db-use-legacy-gucs", "jwt-cache-max-lifetime", "raw-media-types", "server-proxy-uri"];

/// The setting of that name, or of that older name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name || key.alias == Some(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(KEYS.windows(2).all(|pair| pair[0].name < pair[1].name));
        let all: BTreeSet<_> =
            KEYS.iter().flat_map(|key| [Some(key.name), key.alias]).flatten().collect();
        let aliases = KEYS.iter().filter(|key| key.alias.is_some()).count();
        assert_eq!(all.len(), KEYS.len() + aliases);
        assert!(REMOVED.iter().all(|name| !all.contains(name)));
    }

    #[test]
    fn what_the_database_sets_is_reloadable() {
        assert!(KEYS.iter().all(|key| key.reloadable || !key.in_database));
    }

    #[test]
    fn aliases_are_found() {
        assert_eq!(find("max-rows").map(|key| key.name), Some("db-max-rows"));
        assert_eq!(find("nothing"), None);
    }
}
