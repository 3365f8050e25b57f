//! The test binaries of the workspace, built once and run in groups.
//!
//! `cargo test -p` would do for a group, but it chooses the features of dependencies anew for every choice of packages, and
//! then builds half of them again. So all are built together, and run from here as cargo would run them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{Outcome, workspace};

/// A test binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binary {
    /// The package it is of.
    pub(super) package: String,
    /// What of the package it tests: the library, a binary, or a file of tests.
    pub(super) target: String,
    /// The folder of the package, in which its tests expect to be run.
    folder: PathBuf,
    executable: PathBuf,
}

/// Builds all of them. The outcome is a finding if something does not compile, which cargo has then said.
pub(super) fn build() -> Result<Option<Vec<Binary>>> {
    let line =
        "test --workspace --lib --bins --tests --no-run --message-format json-render-diagnostics";
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = workspace::cargo(&arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("\"cargo {line}\" could not be run"))?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut binaries: Vec<Binary> = text.lines().filter_map(binary).collect();
    // Cargo names them as they get ready.
    binaries
        .sort_by(|one, other| (&one.package, &one.target).cmp(&(&other.package, &other.target)));
    anyhow::ensure!(!binaries.is_empty(), "\"cargo {line}\" built no tests");
    Ok(Some(binaries))
}

/// The binary that a message of cargo is about, if it is about one.
fn binary(message: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let manifest = Path::new(message["manifest_path"].as_str()?);
    // `path+file:///somewhere/crates/kong-model#0.1.0`, or `…/folder#name@0.1.0` if the folder has another name.
    let (path, version) = message["package_id"].as_str()?.rsplit_once('#')?;
    let package = match version.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next()?,
    };
    Some(Binary {
        package: package.to_owned(),
        target: message["target"]["name"].as_str()?.to_owned(),
        folder: manifest.parent()?.to_owned(),
        executable: message["executable"].as_str()?.into(),
    })
}

impl Binary {
    /// One that is not there.
    #[cfg(test)]
    pub(super) fn named(package: &str, target: &str) -> Self {
        Self {
            package: package.to_owned(),
            target: target.to_owned(),
            folder: PathBuf::new(),
            executable: PathBuf::new(),
        }
    }

    /// Runs it, and prints what it prints.
    pub(super) fn run(&self, arguments: &[&str], variables: &[(&str, &Path)]) -> Result<Outcome> {
        println!("    {} {}", self.package, self.target);
        let status = Command::new(&self.executable)
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(variables.iter().copied())
            .status()
            .with_context(|| format!("\"{}\" could not be run", self.executable.display()))?;
        Ok(if status.success() {
            Outcome::Well
        } else {
            Outcome::Findings
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_test_binary_is_told_from_what_else_cargo_says() {
        let message = json!({"reason": "compiler-artifact", "profile": {"test": true},
            "package_id": "path+file:///house/crates/kong-model#0.1.0",
            "manifest_path": "/house/crates/kong-model/Cargo.toml", "target": {"name": "it"},
            "executable": "/house/target/debug/deps/it-1"});
        let found = binary(&message.to_string()).unwrap();
        assert_eq!(
            (found.package.as_str(), found.target.as_str()),
            ("kong-model", "it")
        );
        assert_eq!(found.folder, Path::new("/house/crates/kong-model"));

        let mut library = message.clone();
        library["profile"]["test"] = false.into();
        assert_eq!(binary(&library.to_string()), None);
        assert_eq!(
            binary(r#"{"reason": "build-finished", "success": true}"#),
            None
        );
        assert_eq!(binary("not JSON"), None);
    }

    #[test]
    fn a_package_may_have_another_name_than_its_folder() {
        let message = json!({"reason": "compiler-artifact", "profile": {"test": true},
            "package_id": "path+file:///house#konduit@0.1.0", "manifest_path": "/house/Cargo.toml",
            "target": {"name": "konduit"}, "executable": "/house/target/debug/deps/konduit-1"});
        assert_eq!(binary(&message.to_string()).unwrap().package, "konduit");
    }
}
