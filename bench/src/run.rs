//! A run from its first process to its table.
//!
//! Orders the steps; what a step does is told elsewhere.

use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    process,
    time::{Duration, Instant},
};

use crate::{
    api::Api,
    check::check,
    database::Database,
    error::{Error, Result},
    load::Load,
    machine::{self, Cpu, Memory},
    options::Options,
    pgbench::Pgbench,
    report::{LimitKnown, Report, Round, Row},
    scenario::{self, Answer, Scenario},
};

/// What isn't counted at the beginning of a measurement.
const WARM_UP: Duration = Duration::from_millis(300);

/// Starts everything, measures, and removes everything.
///
/// Dropping the future removes everything too. It needs a `tokio` runtime with time and I/O; the
/// requests are made by the thread that polls it.
///
/// # Errors
///
/// Something that is needed is missing, an answer is wrong, or a process fails.
pub async fn run(options: &Options) -> Result<Report> {
    let program = server(options)?;
    progress("starting PostgreSQL and loading the data");
    let database = Database::start(options)?;
    let scenarios = scenarios(options);
    progress("starting the server");
    let api = Api::start(&program, &database.uri(), options.pool).await?;
    let idle = Memory::of(api.process).map(|memory| memory.now);
    for scenario in &scenarios {
        check(&database, &api, scenario).await?;
    }
    progress(&format!("{} answers are right", scenarios.len()));
    let pgbench = Pgbench::find(
        database.server().installation(),
        database.server().port(),
        options.connections,
        options.seconds,
    );
    if pgbench.is_none() {
        progress("pgbench isn't installed; there will be no shares");
    }
    let bench = Bench { database: &database, api: &api, pgbench: pgbench.as_ref(), options };
    let (started, before) = (Instant::now(), Cpu::now());
    let mut rows = Vec::new();
    for scenario in &scenarios {
        rows.push(bench.measure(scenario).await?);
    }
    let others = Cpu::now().of_others(&before, process::id());
    Ok(Report {
        machine: machine::describe(),
        postgres: database.version()?,
        method: method(options),
        idle,
        others: others.map(|used| used.as_secs_f64() / started.elapsed().as_secs_f64()),
        limit: if pgbench.is_some() { LimitKnown::Yes } else { LimitKnown::No },
        rows,
    })
}

fn server(options: &Options) -> Result<PathBuf> {
    let beside = || Ok(env::current_exe()?.with_file_name("phlo-http"));
    let program = match &options.server {
        Some(program) => program.clone(),
        None => beside().map_err(Error::io("could not find this program"))?,
    };
    if program.is_file() { Ok(program) } else { Err(Error::NoServer(program)) }
}

fn scenarios(options: &Options) -> Vec<Scenario> {
    let wanted = |scenario: &Scenario| {
        options.scenario.is_empty() || options.scenario.iter().any(|name| name == scenario.name)
    };
    scenario::all().into_iter().filter(wanted).collect()
}

fn method(options: &Options) -> String {
    let Options { connections, pool, rounds, seconds, .. } = options;
    format!(
        "{connections} connections to the server, {pool} from there to PostgreSQL; \
         {rounds} x {seconds} s for each scenario, medians"
    )
}

fn progress(what: &str) {
    writeln!(io::stderr(), "bench: {what}").ok();
}

/// Everything that a measurement needs.
struct Bench<'a> {
    database: &'a Database,
    api: &'a Api,
    pgbench: Option<&'a Pgbench>,
    options: &'a Options,
}

impl Bench<'_> {
    async fn measure(&self, scenario: &Scenario) -> Result<Row> {
        let mut rounds = Vec::new();
        for round in 1..=self.options.rounds.get() {
            progress(&format!("{}, round {round} of {}", scenario.name, self.options.rounds));
            let limit = self.limit(scenario).await?;
            rounds.push(Round { limit, ..self.round(scenario).await? });
        }
        Ok(Row { name: scenario.name, rounds })
    }

    async fn round(&self, scenario: &Scenario) -> Result<Round> {
        self.prepare(scenario)?;
        Memory::forget_highest(self.api.process);
        let load = Load {
            address: self.api.address,
            request: scenario.request().into(),
            status: scenario.status,
            connections: self.options.connections.get(),
            warm_up: WARM_UP,
            duration: Duration::from_secs(self.options.seconds.get().into()),
        };
        let served = load.run().await.map_err(Error::io(scenario.name))?;
        let requests = u32::try_from(served.requests()).unwrap_or(u32::MAX);
        let used = |process| {
            let used = served.after.of(process)?.checked_sub(served.before.of(process)?)?;
            used.checked_div(requests)
        };
        Ok(Round {
            rate: f64::from(requests) / served.duration.as_secs_f64(),
            median: served.latency(50),
            slow: served.latency(99),
            api: used(self.api.process),
            postgres: used(self.database.process),
            highest: Memory::of(self.api.process).map(|memory| memory.highest),
            limit: None,
        })
    }

    async fn limit(&self, scenario: &Scenario) -> Result<Option<(f64, Option<Duration>)>> {
        let Some(pgbench) = self.pgbench else { return Ok(None) };
        self.prepare(scenario)?;
        let limit = pgbench.run(scenario).await?;
        if limit.transactions == 0 {
            // The machine stood still, and there is nothing to compare with in this round.
            return Ok(None);
        }
        let process = self.database.process;
        let used = || {
            let used = limit.after.of(process)?.checked_sub(limit.before.of(process)?)?;
            used.checked_div(u32::try_from(limit.transactions).ok()?)
        };
        Ok(Some((limit.rate, used())))
    }

    /// Lets both sides of a scenario find the same tables.
    fn prepare(&self, scenario: &Scenario) -> Result<()> {
        match scenario.answer {
            Answer::Stored => self.database.empty_intake(),
            Answer::Rows | Answer::Counted(_) | Answer::Value | Answer::Csv => Ok(()),
        }
    }
}
