//! The command: makes snapshots, tells whether they are still true, and writes modules.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use phlo_core::schema::Schema;
use phlo_schema_gen::{Error, Generator, Result, Visibility, live};

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
        #[command(flatten)]
        choices: Choices,
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

/// The methods of [`Generator`], as options.
#[derive(Debug, Args)]
struct Choices {
    /// Take these schemas alone.
    #[arg(long, value_delimiter = ',')]
    schemas: Vec<String>,
    /// Take these tables and functions alone: `api.films`, or a pattern such as `api.film*`.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    include: Vec<String>,
    /// Leave out these tables and functions.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Give a table, column or function another name in Rust: `api.films.ttl=title`.
    #[arg(long, value_name = "NAME=RUST", value_parser = pair)]
    rename: Vec<(String, String)>,
    /// Have a type or column stand for a type of Rust: `api.email=crate::Email`.
    #[arg(long, value_name = "NAME=RUST", value_parser = pair)]
    map_type: Vec<(String, String)>,
    /// Say of a view's column that it is never null.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    not_null: Vec<String>,
    /// Have dates and times be those of a crate.
    #[arg(long, value_name = "CRATE")]
    dates: Option<Dates>,
    /// Have exact numbers be those of `rust_decimal`.
    #[arg(long)]
    rust_decimal: bool,
    /// Have UUIDs be those of `uuid`.
    #[arg(long)]
    uuid: bool,
    /// Derive `serde::Serialize` and `serde::Deserialize`.
    #[arg(long)]
    serde: bool,
    /// Derive `utoipa::ToSchema`.
    #[arg(long)]
    utoipa: bool,
    /// Derive another trait for `Row`, `Insert` and `Update`.
    #[arg(long, value_name = "TRAIT", value_delimiter = ',')]
    derive: Vec<String>,
    /// Make everything visible in its crate alone.
    #[arg(long)]
    crate_only: bool,
}

/// A crate of dates and times.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dates {
    Chrono,
    Jiff,
    Time,
}

impl Choices {
    fn apply(&self, to: Generator) -> Generator {
        type Change = fn(Generator) -> Generator;
        let dates: Option<Change> = self.dates.map(|dates| match dates {
            Dates::Chrono => Generator::chrono as Change,
            Dates::Jiff => Generator::jiff,
            Dates::Time => Generator::time,
        });
        let switches: [(bool, Change); 5] = [
            (self.rust_decimal, Generator::rust_decimal),
            (self.uuid, Generator::uuid),
            (self.serde, Generator::serde),
            (self.utoipa, Generator::utoipa),
            (self.crate_only, |to| to.visibility(Visibility::Crate)),
        ];
        let chosen = switches.into_iter().filter_map(|(on, change)| on.then_some(change));
        let to = dates.into_iter().chain(chosen).fold(to, |to, change| change(to));
        let to = to.schemas(&self.schemas);
        let to = self.include.iter().fold(to, Generator::include);
        let to = self.exclude.iter().fold(to, Generator::exclude);
        let to = self.not_null.iter().fold(to, Generator::not_null);
        let to = self.derive.iter().fold(to, Generator::derive);
        let to = self.rename.iter().fold(to, |to, (name, rust)| to.rename(name, rust));
        self.map_type.iter().fold(to, |to, (name, rust)| to.map_type(name, rust))
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, rust) = text.split_once('=').ok_or("a name, `=` and a name of Rust are wanted")?;
    Ok((name.to_owned(), rust.to_owned()))
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
            Action::Generate { snapshot, output, choices } => {
                let schema = parse(snapshot)?;
                let generator = Generator::new().snapshot_included_as(relative(snapshot, output));
                let module = choices.apply(generator).generate(&schema)?;
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
