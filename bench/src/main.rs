//! The command behind `cargo xtask bench`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use phlo_bench::Options;
use tokio::signal::unix::{SignalKind, signal};

/// What shells give for a command that was interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    // One thread makes the requests, as one thread of pgbench does.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        let stop = match stopped() {
            Ok(stop) => stop,
            Err(error) => return failed(&error),
        };
        // Whichever comes first, the other is dropped, and with it every process and file.
        tokio::select! {
            biased;
            () = stop => {
                writeln!(io::stderr(), "bench: interrupted; nothing is left behind").ok();
                ExitCode::from(INTERRUPTED)
            }
            report = phlo_bench::run(&options) => match report {
                Ok(report) => match write!(io::stdout(), "{report}") {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => failed(&error),
                },
                Err(error) => failed(&error),
            }
        }
    })
}

/// Ends when the process is asked to.
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    writeln!(io::stderr(), "bench: {error}").ok();
    ExitCode::FAILURE
}
