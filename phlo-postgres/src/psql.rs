//! Runs scripts through the `psql` of an installation. Knows nothing of how a server came to be.

use std::{
    env,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use crate::{
    error::{Error, Result},
    installation::Installation,
};

/// `psql`, without the variables that would point it to somebody else's server.
pub(crate) fn command(installation: &Installation) -> Result<Command> {
    let beside = Some(installation.program("psql")).filter(|it| it.is_file());
    let program = beside.or_else(from_path);
    let program =
        program.ok_or_else(|| Error::NoPsql { bin: installation.bin_dir().to_owned() })?;
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Runs a script up to its first error, and returns what it printed.
pub(crate) fn run(mut command: Command, database: &str, sql: &str) -> Result<String> {
    let failed = || Error::io("could not run `psql`");
    let mut child = command
        .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"])
        .args(["--set=ON_ERROR_STOP=1", "--file=-"])
        .env("PGCLIENTENCODING", "UTF8")
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed())?;
    let input = child.stdin.take();
    // The script and what it prints may both be larger than a pipe holds.
    let output = thread::scope(|scope| {
        scope.spawn(move || input.map(|mut input| input.write_all(sql.as_bytes())));
        child.wait_with_output()
    })
    .map_err(failed())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Script { database: database.to_owned(), message })
}

/// Quotes a name for SQL.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn from_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join("psql")).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_are_doubled() {
        assert_eq!(quote_identifier("a\"; drop"), "\"a\"\"; drop\"");
    }
}
