//! The lakehouse sample as SQL scripts, in the order in which they run. Connects to nothing.
//!
//! Each script can be sent as one query of the simple protocol, and can be run again. Who runs them
//! must be a superuser, or be allowed to create roles and schemas.

/// The oldest major version of PostgreSQL that they run on: older ones know no `security_invoker`.
pub const OLDEST_VERSION: u32 = 15;

/// The setting from which the first script takes the password of the role `authenticator`. It must
/// be set in the same session; without it the role gets none.
pub const PASSWORD_SETTING: &str = "phlo.authenticator_password";

/// Names and texts of the scripts.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("01_roles.sql", include_str!("../../../examples/lakehouse/sql/01_roles.sql")),
    ("02_schemas.sql", include_str!("../../../examples/lakehouse/sql/02_schemas.sql")),
    ("03_users.sql", include_str!("../../../examples/lakehouse/sql/03_users.sql")),
    ("04_marts.sql", include_str!("../../../examples/lakehouse/sql/04_marts.sql")),
    ("05_readings.sql", include_str!("../../../examples/lakehouse/sql/05_readings.sql")),
    ("06_annotations.sql", include_str!("../../../examples/lakehouse/sql/06_annotations.sql")),
    ("07_views.sql", include_str!("../../../examples/lakehouse/sql/07_views.sql")),
    ("08_functions.sql", include_str!("../../../examples/lakehouse/sql/08_functions.sql")),
    ("09_access.sql", include_str!("../../../examples/lakehouse/sql/09_access.sql")),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn no_script_is_forgotten_or_out_of_order() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lakehouse/sql");
        let files: BTreeSet<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: Vec<&str> = SCRIPTS.iter().map(|(name, _)| *name).collect();
        assert!(files.iter().eq(listed.iter()), "{files:?} are not {listed:?}");
    }
}
