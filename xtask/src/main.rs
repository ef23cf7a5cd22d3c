//! Chores of the repository.

mod bench;
mod compatibility;
mod features;

use std::{env, path::Path, process::ExitCode};

#[expect(clippy::print_stderr, reason = "a command tells its user what went wrong")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let done = match *arguments {
        ["compatibility"] => compatibility::write(root),
        ["compatibility", "--check"] => compatibility::check(root),
        ["features"] => features::check(root),
        ["bench", ref options @ ..] => bench::run(root, options),
        _ => {
            Err("usage: cargo xtask compatibility [--check]\n       cargo xtask features\n       \
                  cargo xtask bench [--help]"
                .into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
