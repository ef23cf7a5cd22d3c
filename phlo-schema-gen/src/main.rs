//! The command `phlo-schema-gen`; see `command`.

mod command;
mod difference;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

fn main() -> ExitCode {
    match command::Command::parse().run() {
        Ok(outcome) => {
            // OK because nobody is left to be told that the output is gone.
            let _ = std::io::stdout().write_all(outcome.text.as_bytes());
            if outcome.is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
