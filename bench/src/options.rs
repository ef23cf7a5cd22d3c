//! The command line: what is measured, and for how long.

use std::{num::NonZeroU32, path::PathBuf};

use clap::{Parser, builder::PossibleValuesParser};

use crate::scenario::NAMES;

/// Measure phlo-http end to end on this machine, beside pgbench.
///
/// Starts a private PostgreSQL and the server, checks every answer, measures, prints a table in
/// Markdown on standard output, and removes everything. docs/performance.md says what it means.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo xtask bench", disable_version_flag = true)]
pub struct Options {
    /// How long each measurement lasts.
    #[arg(long, default_value = "2", value_name = "N")]
    pub seconds: NonZeroU32,
    /// How often each scenario is measured; the table has the medians.
    #[arg(long, default_value = "3", value_name = "N")]
    pub rounds: NonZeroU32,
    /// Connections to the server, and of pgbench to PostgreSQL; each waits for its answer.
    #[arg(long, default_value = "16", value_name = "N")]
    pub connections: NonZeroU32,
    /// Connections of the server to PostgreSQL, its `db-pool`.
    #[arg(long, default_value = "10", value_name = "N")]
    pub pool: NonZeroU32,
    /// Measure that one alone; can be given more than once.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    pub scenario: Vec<String>,
    /// The directory of PostgreSQL's programs; found otherwise.
    #[arg(long, value_name = "DIRECTORY")]
    pub postgres: Option<PathBuf>,
    /// The `phlo-http` to measure; the one beside this program otherwise.
    #[arg(long, value_name = "PROGRAM")]
    pub server: Option<PathBuf>,
}
