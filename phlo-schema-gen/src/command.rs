//! The command: makes snapshots, tells whether they are still true, and writes modules.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use phlo_core::schema::Schema;
use phlo_schema_gen::{Error, Generator, Result, live};

use crate::difference::difference;

/// Keeps the snapshot of a schema, and generates typed resources from it.
#[derive(Debug, Parser)]
#[command(name = "phlo-schema-gen", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Writes the snapshot from a database.
    Pull(Source),
    /// Fails if the snapshot isn't what the database has, and says what differs.
    Check(Source),
    /// Writes the module from the snapshot, for those who commit it.
    Generate {
        /// The snapshot.
        #[arg(long, default_value = "phlo-schema.json")]
        snapshot: PathBuf,
        /// The file to write.
        #[arg(long, default_value = "src/schema.rs")]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Source {
    /// The database: postgres://user@host/name.
    #[arg(long, env = "DATABASE_URL")]
    database_url: String,
    /// The schemas to read.
    #[arg(long, value_delimiter = ',', default_value = "public")]
    schemas: Vec<String>,
    /// The snapshot.
    #[arg(long, default_value = "phlo-schema.json")]
    snapshot: PathBuf,
}

/// What came of a command: what to print, and whether all is well.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) is_well: bool,
}

impl Command {
    pub(crate) fn run(&self) -> Result<Outcome> {
        let well = |text| Ok(Outcome { text, is_well: true });
        match &self.action {
            Action::Pull(source) => {
                let json = live::read(&source.database_url, &source.schemas)?.to_json();
                save(&source.snapshot, &json)?;
                well(format!("wrote {}\n", source.snapshot.display()))
            }
            Action::Check(source) => {
                let then = parse(&source.snapshot)?;
                let now = live::read(&source.database_url, &source.schemas)?;
                let differs = difference(&then, &now);
                if differs.is_empty() {
                    return well(format!("{} is up to date\n", source.snapshot.display()));
                }
                let text = format!(
                    "{} is stale (- gone, + new, ~ changed):\n\n{differs}\n\
                     Run `phlo-schema-gen pull` and commit the result.\n",
                    source.snapshot.display(),
                );
                Ok(Outcome { text, is_well: false })
            }
            Action::Generate { snapshot, output } => {
                let schema = parse(snapshot)?;
                let module = Generator::new()
                    .snapshot_included_as(relative(snapshot, output))
                    .generate(&schema)?;
                save(output, &module)?;
                well(format!("wrote {}\n", output.display()))
            }
        }
    }
}

fn parse(path: &Path) -> Result<Schema> {
    let json = fs::read_to_string(path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            Error::NoSnapshot { path: path.to_owned() }
        } else {
            Error::File { action: "could not read", path: path.to_owned(), source }
        }
    })?;
    Schema::from_json(&json)
        .map_err(|error| Error::Snapshot { path: path.to_owned(), message: error.to_string() })
}

fn save(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|source| Error::File {
        action: "could not write",
        path: path.to_owned(),
        source,
    })
}

/// The path of the snapshot from the directory of the output, if both are relative.
fn relative(snapshot: &Path, output: &Path) -> String {
    let up = output.parent().map_or(0, |dir| dir.components().count());
    let prefix = if snapshot.is_absolute() { String::new() } else { "../".repeat(up) };
    format!("{prefix}{}", snapshot.display()).replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_finds_the_snapshot() {
        let path = |snapshot: &str, output: &str| relative(Path::new(snapshot), Path::new(output));
        assert_eq!(path("phlo-schema.json", "src/schema.rs"), "../phlo-schema.json");
        assert_eq!(path("phlo-schema.json", "schema.rs"), "phlo-schema.json");
        assert_eq!(path("/a/phlo-schema.json", "src/schema.rs"), "/a/phlo-schema.json");
    }
}
