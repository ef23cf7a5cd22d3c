//! Finds PostgreSQL's programs on this machine. Runs nothing but `pg_config` and `--version`.

use std::{
    collections::BTreeSet,
    env, fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::{Error, Result};

/// The oldest major version that can be started.
pub const OLDEST_VERSION: u32 = 14;

/// Directories that hold one installation for each version; `*` stands for part of a name.
const VERSIONED: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/libexec/postgresql*/",
    "/usr/local/pgsql*/bin",
];

/// The programs of one installed version of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    bin_dir: PathBuf,
    version: Version,
}

/// A version, as `postgres --version` prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    text: String,
}

impl Installation {
    /// The installation whose programs are in that directory.
    ///
    /// # Errors
    ///
    /// [`Error::BadInstallation`] if a program is missing, can't be run or is older than `oldest`.
    pub fn at(bin_dir: impl Into<PathBuf>, oldest: u32) -> Result<Self> {
        let bin_dir = bin_dir.into();
        let oldest = oldest.max(OLDEST_VERSION);
        let reason = match probe(&bin_dir) {
            Ok(version) if version.major >= oldest => return Ok(Self { bin_dir, version }),
            Ok(version) => format!("it is {version}"),
            Err(reason) => reason,
        };
        Err(Error::BadInstallation { path: bin_dir, oldest, reason })
    }

    /// The first of: what `pg_config` names, what is on the PATH, the newest of the places where
    /// packages put it.
    ///
    /// # Errors
    ///
    /// [`Error::NotInstalled`] if there is none of major version `oldest` or newer.
    pub fn find(oldest: u32) -> Result<Self> {
        let oldest = oldest.max(OLDEST_VERSION);
        let mut too_old = None;
        for places in [from_pg_config(), from_path(), from_packages()] {
            let mut found: Vec<Self> = places
                .into_iter()
                .filter_map(|bin_dir| Some(Self { version: probe(&bin_dir).ok()?, bin_dir }))
                .collect();
            found.sort_by(|a, b| b.version.cmp(&a.version));
            if let Some(newest) = found.into_iter().next() {
                if newest.version.major >= oldest {
                    return Ok(newest);
                }
                too_old = too_old.or(Some(newest.version.to_string()));
            }
        }
        Err(Error::NotInstalled { oldest, found: too_old })
    }

    /// Where the programs are.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// The major version, such as 17.
    pub fn major_version(&self) -> u32 {
        self.version.major
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.version, self.bin_dir.display())
    }
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`, also `16beta1` and `17devel`.
    fn parse(text: &str) -> Option<Self> {
        let (_, number) = text.split_once("(PostgreSQL)")?;
        let text = number.split_whitespace().next()?;
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        Some(Self { major: digits.parse().ok()?, text: text.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {}", self.text)
    }
}

/// The version of the server there, or why it can't be used.
fn probe(bin_dir: &Path) -> Result<Version, String> {
    if !bin_dir.join("initdb").is_file() {
        return Err("there is no `initdb`".to_owned());
    }
    let output = output(&bin_dir.join("postgres"), "--version")?;
    Version::parse(&output).ok_or_else(|| format!("`postgres --version` printed {output:?}"))
}

fn output(program: &Path, argument: &str) -> Result<String, String> {
    let output = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} {argument}: {}", program.display(), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn from_pg_config() -> BTreeSet<PathBuf> {
    output(Path::new("pg_config"), "--bindir").map(PathBuf::from).into_iter().collect()
}

fn from_path() -> BTreeSet<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        // A package may put links to its programs there; the files beside them are meant.
        .filter_map(|dir| fs::canonicalize(dir.join("postgres")).ok())
        .filter_map(|program| Some(program.parent()?.to_owned()))
        .collect()
}

fn from_packages() -> BTreeSet<PathBuf> {
    VERSIONED.iter().flat_map(|pattern| expand(pattern)).collect()
}

/// The existing directories that match a pattern with one `*`.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![pattern.into()] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|path| path.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_printed() {
        let major = |text| Version::parse(text).map(|version| version.major);
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(major("postgres (EnterpriseDB)"), None);
    }

    #[test]
    fn ten_is_newer_than_nine() {
        let version = |text| Version::parse(&format!("postgres (PostgreSQL) {text}")).unwrap();
        assert!(version("10.1") > version("9.6"));
    }

    #[test]
    fn the_installation_of_this_machine_is_found() {
        let found = Installation::find(OLDEST_VERSION).unwrap();
        assert!(found.program("postgres").is_file());
        assert_eq!(Installation::at(found.bin_dir(), OLDEST_VERSION).unwrap(), found);
    }

    #[test]
    fn what_is_too_old_is_named() {
        let error = Installation::find(999).unwrap_err().to_string();
        assert!(error.contains("no PostgreSQL 999 or newer"), "{error}");
        assert!(error.contains("only PostgreSQL "), "{error}");
        assert!(error.contains("apt install"), "{error}");
    }

    #[test]
    fn a_directory_without_programs_is_refused() {
        let error = Installation::at("/", OLDEST_VERSION).unwrap_err().to_string();
        assert!(error.contains("no `initdb`"), "{error}");
    }
}
