//! Builds the server and the bench as they are shipped, and becomes the bench.

use std::{env, error::Error, os::unix::process::CommandExt as _, path::Path, process::Command};

/// Passes the options on; returns only if something fails.
pub(crate) fn run(root: &Path, options: &[&str]) -> Result<(), Box<dyn Error>> {
    // Both at once, so that cargo chooses the same features for what they share.
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--release", "--package", "phlo-http", "--package", "phlo-bench"])
        .status()?;
    if !built.success() {
        return Err("the release can't be built".into());
    }
    // This program is in `debug`, beside `release`, wherever the target directory is.
    let this = env::current_exe()?;
    let target = this.parent().and_then(Path::parent).ok_or("this program is in no directory")?;
    // Taking this process's place, the bench gets its signals.
    Err(Command::new(target.join("release/phlo-bench")).args(options).exec().into())
}
