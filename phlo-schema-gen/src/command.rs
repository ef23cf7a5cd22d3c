//! The command: makes snapshots, tells whether they are still true, and writes modules.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use phlo_schema_gen::{Error, Generator, Result, live};

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
                let now = live::read(&source.database_url, &source.schemas)?.to_json();
                let then = load(&source.snapshot)?;
                if now == then {
                    return well(format!("{} is up to date\n", source.snapshot.display()));
                }
                let mut text =
                    format!("{} is stale (- snapshot, + database):\n\n", source.snapshot.display());
                text.push_str(&difference(&then, &now));
                text.push_str("\nRun `phlo-schema-gen pull` and commit the result.\n");
                Ok(Outcome { text, is_well: false })
            }
            Action::Generate { snapshot, output } => {
                let schema = phlo_core::schema::Schema::from_json(&load(snapshot)?);
                let schema = schema.map_err(|error| Error::Snapshot {
                    path: snapshot.clone(),
                    message: error.to_string(),
                })?;
                let module = Generator::new()
                    .snapshot_included_as(relative(snapshot, output))
                    .generate(&schema)?;
                save(output, &module)?;
                well(format!("wrote {}\n", output.display()))
            }
        }
    }
}

fn load(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            Error::NoSnapshot { path: path.to_owned() }
        } else {
            Error::File { action: "could not read", path: path.to_owned(), source }
        }
    })
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

/// What differs between two texts, line by line, each change under the lines that say where it is:
/// those above it that are further out.
fn difference(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let mut text = String::new();
    let mut shown: Vec<&str> = Vec::new();
    for change in changes(&old, &new) {
        let (lines, at, sign) = match change {
            Change::Removed(at) => (&old, at, '-'),
            Change::Added(at) => (&new, at, '+'),
        };
        let path = path(lines, at);
        for line in &path {
            if !shown.contains(line) {
                // OK because writing to a string can't fail.
                let _ = writeln!(text, "  {line}");
            }
        }
        shown = path;
        if let Some(line) = lines.get(at) {
            let _ = writeln!(text, "{sign} {line}");
        }
    }
    text
}

enum Change {
    Removed(usize),
    Added(usize),
}

/// The changes from one text to another. Lines that aren't unique are told apart by those around
/// them: what is equal at both ends is left out, then the first line that comes back is looked for.
fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        if a < old.len() && old.get(a) == new.get(b) {
            a += 1;
            b += 1;
            continue;
        }
        let (skip_old, skip_new) = resync(old.get(a..).unwrap_or(&[]), new.get(b..).unwrap_or(&[]));
        changes.extend((a..a + skip_old).map(Change::Removed));
        changes.extend((b..b + skip_new).map(Change::Added));
        a += skip_old;
        b += skip_new;
    }
    changes
}

/// How many lines of each to skip until three lines in a row are the same again.
fn resync(old: &[&str], new: &[&str]) -> (usize, usize) {
    const FAR: usize = 2_000;
    for distance in 1..(old.len() + new.len()).min(FAR) {
        for skip_old in 0..=distance.min(old.len()) {
            let skip_new = distance - skip_old;
            let same = |count| {
                let left = old.get(skip_old..skip_old + count);
                left.is_some() && left == new.get(skip_new..skip_new + count)
            };
            let at_end = skip_old == old.len() && skip_new == new.len();
            if skip_new <= new.len() && (same(3) || at_end) {
                return (skip_old, skip_new);
            }
        }
    }
    (old.len(), new.len())
}

/// The lines above one that it is inside of, and the name of the object that it belongs to.
fn path<'a>(lines: &[&'a str], at: usize) -> Vec<&'a str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut depth = lines.get(at).map_or(0, |line| indent(line));
    let mut path = Vec::new();
    for line in lines.get(..at).unwrap_or(&[]).iter().rev() {
        let names = line.trim_start().starts_with("\"name\": \"");
        if indent(line) < depth {
            path.push(*line);
            depth = indent(line);
        } else if names && indent(line) <= depth + 4 && path.len() <= 1 {
            path.push(*line);
        }
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_say_where_they_are() {
        let old = "{\n  \"tables\": {\n    \"films\": {\n      \"a\": 1,\n      \"b\": 2,\n      \"c\": 3\n    }\n  }\n}\n";
        let new = old.replace("\"b\": 2", "\"b\": 5");
        let expected =
            "  {\n    \"tables\": {\n      \"films\": {\n-       \"b\": 2,\n+       \"b\": 5,\n";
        assert_eq!(difference(old, &new), expected);
        assert_eq!(difference(old, old), "");
    }

    #[test]
    fn added_and_removed_lines_are_told_apart() {
        let signs = |old: &str, new: &str| -> String {
            let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
            changes(&old, &new)
                .iter()
                .map(|change| match change {
                    Change::Removed(_) => '-',
                    Change::Added(_) => '+',
                })
                .collect()
        };
        assert_eq!(signs("a\nb\nc\nd\ne", "a\nx\nb\nc\nd\ne"), "+");
        assert_eq!(signs("a\nx\nb\nc\nd\ne", "a\nb\nc\nd\ne"), "-");
        assert_eq!(signs("a\nb", "a\nc"), "-+");
        assert_eq!(signs("", "a\nb"), "++");
    }

    #[test]
    fn the_module_finds_the_snapshot() {
        let path = |snapshot: &str, output: &str| relative(Path::new(snapshot), Path::new(output));
        assert_eq!(path("phlo-schema.json", "src/schema.rs"), "../phlo-schema.json");
        assert_eq!(path("phlo-schema.json", "schema.rs"), "phlo-schema.json");
        assert_eq!(path("/a/phlo-schema.json", "src/schema.rs"), "/a/phlo-schema.json");
    }
}
