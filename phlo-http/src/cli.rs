//! The command line: what the process is to do. Parses; does nothing.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A REST API on a PostgreSQL schema: a drop-in for PostgREST.
#[derive(Debug, Parser)]
#[command(
    name = "phlo-http",
    version = crate::VERSION_TEXT,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    after_help = "Settings have PostgREST's names. They are read from the file, from PGRST_* \
                  variables, and from the database; --example prints a file with all of them."
)]
pub struct Cli {
    /// Print the version.
    #[arg(short = 'v', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    /// Print a configuration file with every setting.
    #[arg(short, long)]
    pub example: bool,
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`, which is what happens without a command.
    #[command(flatten)]
    pub serve: Serve,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API on a database.
    Serve(Serve),
    /// Start a private PostgreSQL with sample data, and serve it.
    Demo(Demo),
}

/// Options of `serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct Serve {
    /// Print the configuration as it is read, and stop.
    #[arg(long, group = "instead")]
    pub dump_config: bool,
    /// Print the schema as it is read from the database, as JSON, and stop.
    #[arg(long, group = "instead")]
    pub dump_schema: bool,
    /// Ask the admin server of a running process whether it is ready, and stop.
    #[arg(long, group = "instead")]
    pub ready: bool,
    /// The configuration file.
    #[arg(value_name = "FILENAME")]
    pub file: Option<PathBuf>,
}

/// Options of `demo`.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// The port to serve on; 0 takes any that is free.
    #[arg(long, short, default_value_t = 3000)]
    pub port: u16,
    /// The folder with PostgreSQL's programs (initdb, postgres); found by itself where possible.
    #[arg(long, value_name = "FOLDER")]
    pub postgres: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_file_alone_means_serve() {
        let cli = Cli::parse_from(["phlo-http", "phlo.conf"]);
        assert_eq!(cli.serve.file, Some(PathBuf::from("phlo.conf")));
        assert!(cli.command.is_none());
        let cli = Cli::parse_from(["phlo-http", "--dump-config", "phlo.conf"]);
        assert!(cli.serve.dump_config);
        let cli = Cli::parse_from(["phlo-http", "serve", "phlo.conf"]);
        assert!(matches!(cli.command, Some(Command::Serve(serve)) if serve.file.is_some()));
    }

    #[test]
    fn the_demo_has_a_port() {
        let cli = Cli::parse_from(["phlo-http", "demo", "--port", "0"]);
        assert!(matches!(cli.command, Some(Command::Demo(demo)) if demo.port == 0));
    }
}
