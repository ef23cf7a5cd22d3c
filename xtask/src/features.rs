//! Whether each package compiles, without a warning, with each of its features alone.
//!
//! Asks cargo what there is, and runs clippy on one choice after the other in the same target
//! directory. Builds and tests nothing.

use std::{collections::BTreeMap, env, error::Error, path::Path, process::Command};

/// The packages that others depend on; the rest of the workspace is built in one way alone.
const PACKAGES: [&str; 4] = ["phlo-core", "phlo-http", "phlo-postgres", "phlo-schema-gen"];

/// Checks every package with no feature, with each alone, and with all.
pub(crate) fn check(root: &Path) -> Result<(), Box<dyn Error>> {
    let mut failed = Vec::new();
    for (package, features) in features(root)? {
        for choice in choices(&features) {
            let passed = cargo(root)
                .args(["clippy", "--quiet", "--package", &package, "--no-default-features"])
                .args(["--features", &choice, "--", "--deny", "warnings"])
                .status()?
                .success();
            if !passed {
                failed.push(format!("{package} with the features '{choice}'"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// No feature, each alone, and all, if they are several.
fn choices(features: &[String]) -> Vec<String> {
    let mut choices = vec![String::new()];
    choices.extend_from_slice(features);
    if features.len() > 1 {
        choices.push(features.join(","));
    }
    choices
}

/// The features of each package, but for `default`, which is none of them.
fn features(root: &Path) -> Result<BTreeMap<String, Vec<String>>, Box<dyn Error>> {
    let output = cargo(root).args(["metadata", "--no-deps", "--format-version=1"]).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata.get("packages").and_then(|it| it.as_array());
    let mut found = BTreeMap::new();
    for package in packages.ok_or("cargo names no packages")? {
        let name = package.get("name").and_then(|it| it.as_str()).unwrap_or_default();
        let features = package.get("features").and_then(|it| it.as_object());
        if PACKAGES.contains(&name) {
            let features = features.into_iter().flat_map(|it| it.keys());
            let features = features.filter(|it| *it != "default").cloned().collect();
            found.insert(name.to_owned(), features);
        }
    }
    match PACKAGES.iter().find(|name| !found.contains_key(**name)) {
        Some(missing) => Err(format!("there is no package {missing}").into()),
        None => Ok(found),
    }
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

#[cfg(test)]
mod tests {
    use super::choices;

    #[test]
    fn one_feature_is_all_of_them() {
        let of = |features: &[&str]| {
            choices(&features.iter().map(|&it| it.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), [""]);
        assert_eq!(of(&["a"]), ["", "a"]);
        assert_eq!(of(&["a", "b"]), ["", "a", "b", "a,b"]);
    }
}
