//! Starts the supervising shell, and waits for the server that it starts and for its end.
//!
//! Takes everything as values that were checked before; knows nothing of databases and SQL.

use std::{
    env,
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    account::Account,
    error::{Error, Result},
    installation::Installation,
    random,
};

const SCRIPT: &str = include_str!("supervisor.sh");

/// How often files are looked at while waiting.
const POLL: Duration = Duration::from_millis(5);

/// How long a server may take to go. It gives its own processes five seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much of a log is shown.
const LOG_TAIL: u64 = 4096;

/// What a server is started with.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) account: Account,
    pub(crate) superuser: &'a str,
    pub(crate) password: &'a str,
    /// The method of `pg_hba.conf`, for every connection.
    pub(crate) auth: &'a str,
    pub(crate) port: u16,
    /// Settings in the order in which they apply; the last of a name wins.
    pub(crate) settings: Vec<(&'a str, &'a str)>,
}

/// The supervising shell, and through it the server and its files.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shell: Child,
    /// Open as long as the server is wanted.
    pipe: Option<ChildStdin>,
    dir: PathBuf,
}

impl Launch<'_> {
    /// Starts the shell. The server isn't there yet when this returns.
    pub(crate) fn start(&self) -> Result<Supervisor> {
        let parent = parent_dir(self.account);
        let dir = parent.join(format!("phlo-postgres-{}", random::hex::<6>()?));
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "phlo-postgres"])
            .arg(&dir)
            .arg(self.installation.bin_dir())
            .args([self.superuser, self.auth])
            .args(["-c", &format!("port={}", self.port)])
            .args(["-c", &format!("unix_socket_directories={}", quoted_list_item(&dir))]);
        for (name, value) in &self.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        for (name, _) in env::vars_os() {
            // Variables such as PGDATA and PGPORT are for somebody else's server.
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        self.account.apply(&mut command);
        let mut shell = command
            // The current directory may be closed to the user that the server runs as.
            .current_dir("/")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // An interrupt from the terminal is for this program, which then stops the server.
            .process_group(0)
            .spawn()
            .map_err(Error::io("could not run `/bin/sh`"))?;
        let (pipe, complaints) = (shell.stdin.take(), shell.stderr.take());
        let mut supervisor = Supervisor { shell, pipe, dir };
        supervisor.send(self.password);
        let mut reason = String::new();
        if let Some(mut complaints) = complaints {
            // The shell closes it as soon as the directory is there.
            let read = complaints.read_to_string(&mut reason);
            read.map_err(Error::io("could not read from the supervising shell"))?;
        }
        if supervisor.dir.is_dir() {
            return Ok(supervisor);
        }
        let reason = reason.trim().to_owned();
        Err(Error::Directory { parent, reason })
    }
}

impl Supervisor {
    /// Where the server's data, log and socket are.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Waits until the server accepts connections.
    pub(crate) fn wait_until_ready(&self, timeout: Duration) -> Result<()> {
        let started = Instant::now();
        while !self.is_ready() {
            if self.dir.join("failed").exists() {
                return Err(Error::Initdb { log: self.log() });
            }
            if self.dir.join("exited").exists() || !self.dir.exists() {
                return Err(Error::Start { log: self.log() });
            }
            if started.elapsed() > timeout {
                return Err(Error::Timeout { seconds: timeout.as_secs(), log: self.log() });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Stops the server and removes its files, and returns when that is done.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.pipe = None;
        let deadline = Instant::now() + PATIENCE;
        let stopped = || !matches!(self.shell.try_wait(), Ok(None)) && !self.dir.exists();
        if wait_for(stopped, deadline) {
            return Ok(());
        }
        // Somebody has killed the shell.
        if let Some(pid) = self.postmaster_line(0) {
            let _ = Command::new("kill").args(["-QUIT", &pid]).stderr(Stdio::null()).status();
            let pid_file = self.pid_file();
            wait_for(|| !pid_file.exists(), Instant::now() + PATIENCE);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
        fs::remove_dir_all(&self.dir).or_else(|_| match self.dir.exists() {
            true => Err(Error::Stop { path: self.dir.clone() }),
            false => Ok(()),
        })
    }

    /// Sends a line. A shell that is gone shows in what follows.
    fn send(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// The server writes its state on line 8 of its lock file; `pg_ctl` looks there too.
    fn is_ready(&self) -> bool {
        self.postmaster_line(7).is_some_and(|state| state == "ready")
    }

    fn postmaster_line(&self, index: usize) -> Option<String> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.lines().nth(index).map(|line| line.trim().to_owned())
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join("data/postmaster.pid")
    }

    /// The end of the log of `initdb` and the server.
    fn log(&self) -> String {
        let read = || {
            let mut file = File::open(self.dir.join("log"))?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
            let mut bytes = Vec::new();
            file.take(LOG_TAIL).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        read().unwrap_or_else(|error| format!("(the log can't be read: {error})"))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if self.pipe.is_some() {
            let _ = self.stop();
        }
    }
}

fn wait_for(mut condition: impl FnMut() -> bool, deadline: Instant) -> bool {
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

/// Where the server's directory is made.
fn parent_dir(account: Account) -> PathBuf {
    // The path of a socket may have 103 bytes on some systems; the file's name takes some of them.
    let fits = |dir: &Path| dir.as_os_str().len() <= 60;
    let open = |dir: &Path| account == Account::Current || everyone_may_write(dir);
    let temporary = env::temp_dir();
    if fits(&temporary) && open(&temporary) { temporary } else { PathBuf::from("/tmp") }
}

fn everyone_may_write(dir: &Path) -> bool {
    let mode = |dir: &Path| fs::metadata(dir).map_or(0, |it| it.permissions().mode());
    mode(dir) & 0o003 == 0o003 && dir.ancestors().all(|dir| mode(dir) & 0o001 == 0o001)
}

/// `unix_socket_directories` is a list; quotes keep a comma in a name from splitting it.
fn quoted_list_item(dir: &Path) -> String {
    format!("\"{}\"", dir.display().to_string().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_that_are_open_all_the_way_are_for_everyone() {
        assert!(everyone_may_write(Path::new("/tmp")));
        assert!(!everyone_may_write(Path::new("/usr")));
        let private = tempfile::tempdir().unwrap();
        let inner = private.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(private.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(everyone_may_write(&inner));
        fs::set_permissions(private.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!everyone_may_write(&inner), "its parent is closed");
    }

    #[test]
    fn a_directory_stays_one_item_of_a_list() {
        assert_eq!(quoted_list_item(Path::new("/a,b\"c")), "\"/a,b\"\"c\"");
    }
}
