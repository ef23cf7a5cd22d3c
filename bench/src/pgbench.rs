//! Drives the SQL of a scenario by pgbench: what PostgreSQL can do here without a server before it.
//!
//! Role, claims and statement go in one trip, as prepared statements in one implicit transaction.

use std::{
    num::NonZeroU32,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use phlo_postgres::Installation;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    database,
    error::{Error, Result},
    machine::Cpu,
    scenario::{Answer, Scenario},
};

/// How long PostgreSQL may take to end the sessions of pgbench, whose CPU time counts as its own
/// from then on.
const SESSIONS_END: Duration = Duration::from_millis(100);

/// pgbench, and how it is run.
#[derive(Clone, Debug)]
pub(crate) struct Pgbench {
    program: PathBuf,
    port: u16,
    connections: NonZeroU32,
    seconds: NonZeroU32,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Limit {
    /// Transactions a second.
    pub(crate) rate: f64,
    pub(crate) transactions: u64,
    pub(crate) before: Cpu,
    pub(crate) after: Cpu,
}

impl Pgbench {
    /// That of the installation, if it has one.
    pub(crate) fn find(
        installation: &Installation,
        port: u16,
        connections: NonZeroU32,
        seconds: NonZeroU32,
    ) -> Option<Self> {
        let program = installation.bin_dir().join("pgbench");
        program.is_file().then_some(Self { program, port, connections, seconds })
    }

    pub(crate) async fn run(&self, scenario: &Scenario) -> Result<Limit> {
        let before = Cpu::now();
        let output = self.output(&script(scenario)).await.map_err(Error::io("pgbench"))?;
        tokio::time::sleep(SESSIONS_END).await;
        let after = Cpu::now();
        let failed = |why: String| Error::Pgbench { scenario: scenario.name, why };
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let (rate, transactions) =
            parse(&text).ok_or_else(|| failed(format!("it printed {text}")))?;
        Ok(Limit { rate, transactions, before, after })
    }

    async fn output(&self, script: &str) -> std::io::Result<Output> {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            // Variables such as PGOPTIONS are for somebody else's server.
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--file=-"])
            .arg(format!("--client={}", self.connections))
            .arg(format!("--time={}", self.seconds))
            .args(["--host=127.0.0.1", &format!("--port={}", self.port)])
            .args([&format!("--username={}", database::LOGIN), database::NAME])
            .env("PGPASSWORD", database::PASSWORD)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(script.as_bytes()).await?;
        }
        child.wait_with_output().await
    }
}

fn script(scenario: &Scenario) -> String {
    let (role, claims) = (scenario.caller.role(), scenario.caller.claims());
    let total = match scenario.answer {
        Answer::Counted(total) => format!("{total};\n"),
        Answer::Rows | Answer::Value | Answer::Csv | Answer::Stored => String::new(),
    };
    format!(
        "\\startpipeline\n\
         select set_config('role', '{role}', true), \
         set_config('request.jwt.claims', '{claims}', true);\n\
         {total}{};\n\
         \\endpipeline\n",
        scenario.sql
    )
}

/// Transactions a second, and how many there were. pgbench tells no speed of none.
fn parse(output: &str) -> Option<(f64, u64)> {
    let after = |start: &str| output.lines().find_map(|line| line.strip_prefix(start));
    let transactions = after("number of transactions actually processed: ")?;
    let transactions = transactions.split('/').next()?.trim().parse().ok()?;
    if transactions == 0 {
        return Some((0.0, 0));
    }
    let rate = after("tps = ")?.split_whitespace().next()?.parse().ok()?;
    Some((rate, transactions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn what_pgbench_prints_is_read() {
        let output = "number of clients: 16\n\
                      number of transactions actually processed: 70123\n\
                      latency average = 0.456 ms\n\
                      tps = 35061.500000 (without initial connection time)\n";
        assert_eq!(parse(output), Some((35_061.5, 70_123)));
        let none = "number of transactions actually processed: 0\n";
        assert_eq!(parse(none), Some((0.0, 0)));
        assert_eq!(parse("pgbench: error: no"), None);
    }

    #[test]
    fn everything_goes_in_one_trip() {
        let script = script(&scenario::named("count_20k").unwrap());
        let lines: Vec<&str> = script.lines().collect();
        assert_eq!(lines.len(), 5);
        assert_eq!((lines[0], lines[4]), ("\\startpipeline", "\\endpipeline"));
        assert!(lines[1].contains("set_config('role', 'visitor', true)"), "{script}");
        assert_eq!(lines[2], "select count(*) from api.parcels;");
    }
}
