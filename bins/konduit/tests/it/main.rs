//! The binary as its users meet it: commands in, whole outputs and exit codes out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod adopt;
mod adopt_all;
mod deck;
mod documents;
mod guides;
mod konnect;
mod live;
mod once;
mod options;
mod plan;
mod plan_kinds;
mod running;
mod sim;
mod translate;
mod usage;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What most tests need: credentials that work, and a control plane.
pub(crate) const CONTROL_PLANE: &str = "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: auth}
spec: {type: token, token: kpat_example, serverURL: us.api.konghq.com}
---
apiVersion: konnect.konghq.com/v1alpha2
kind: KonnectGatewayControlPlane
metadata: {name: cp}
spec:
  createControlPlaneRequest: {name: cp}
  konnect: {authRef: {name: auth}}
";

/// A service of that control plane.
pub(crate) fn service(name: &str, spec: &str) -> String {
    format!(
        "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {{name: {name}}}
spec:
  {spec}
  controlPlaneRef: {{type: konnectNamespacedRef, konnectNamespacedRef: {{name: cp}}}}
"
    )
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file for the test");
    }
    folder
}

/// How a command ended, and what it said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_konduit"));
    command.current_dir(directory).env_remove("NO_COLOR");
    command
}

/// Runs the binary in a folder.
pub(crate) fn run<S: AsRef<OsStr>>(directory: &Path, arguments: &[S], input: &str) -> Ran {
    let mut child = command(directory)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A program that does not read its input may be gone before all of it is written.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the binary ends");
    Ran {
        code: output.status.code().expect("it is not killed"),
        out: String::from_utf8(output.stdout).expect("it writes text"),
        err: String::from_utf8(output.stderr).expect("it writes text"),
    }
}

/// A table without the column AGE, which is about the engine's patience and not about the command line.
pub(crate) fn without_age(table: &str) -> String {
    let heading = table.lines().next().unwrap_or_default();
    let (Some(start), Some(next)) = (heading.find("AGE"), heading.find("AGE").map(|at| at + 6))
    else {
        return table.to_owned();
    };
    table
        .lines()
        .map(|line| {
            let letters: Vec<char> = line.chars().collect();
            let kept = letters[..start].iter().chain(letters.iter().skip(next));
            kept.collect::<String>() + "\n"
        })
        .collect()
}
