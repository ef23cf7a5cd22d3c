//! The `phlo-http` command.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use phlo_http::{
    cli::{Cli, Command},
    config, demo, run,
};

/// Requests allocate much that is small and short-lived, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Memory in pieces of 2 MiB would be faster to reach, but each of the allocator's many regions
/// would take a whole one: twice as much memory at rest, and more time to have it cleared by the
/// system than is won. The allocator is built not to ask for them; some systems give them unasked.
fn use_small_pages() {
    // A system that doesn't know the setting has none.
    #[cfg(target_os = "linux")]
    rustix::thread::disable_transparent_huge_pages(true).ok();
}

fn main() -> ExitCode {
    use_small_pages();
    let cli = Cli::parse();
    if cli.example {
        return report(io::stdout().write_all(config::example().as_bytes()));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(Err::<(), _>(error)),
    };
    match cli.command {
        None => report(runtime.block_on(run::run(&cli.serve))),
        Some(Command::Serve(serve)) => report(runtime.block_on(run::run(&serve))),
        Some(Command::Demo(options)) => report(runtime.block_on(demo::run(&options))),
    }
}

fn report<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "phlo-http: {error}").ok();
            ExitCode::FAILURE
        }
    }
}
