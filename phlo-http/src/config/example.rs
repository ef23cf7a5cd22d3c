//! A configuration file that shows every setting with its default.

/// The text of the file, with the settings that have no default commented out.
pub fn example() -> &'static str {
    include_str!("example.conf")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        Config, Environment, Sources, database::DatabaseSettings, keys::KEYS, load,
    };

    #[test]
    fn it_shows_every_setting_and_reads_as_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("example.conf");
        std::fs::write(&path, example()).unwrap();
        let loaded = load(&Sources {
            file: Some(&path),
            environment: &Environment::default(),
            database: &DatabaseSettings::default(),
            running: None,
        })
        .unwrap();
        assert_eq!(loaded.config, Config::default());
        assert_eq!(loaded.warnings, []);
        for key in KEYS {
            let shown = example()
                .lines()
                .any(|line| line.trim_start_matches("# ").starts_with(&format!("{} = ", key.name)));
            assert!(shown, "{}", key.name);
        }
    }
}
