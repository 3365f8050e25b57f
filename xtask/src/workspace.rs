//! Where the workspace is, and how to run cargo in it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// How the variables begin in which cargo tells a program about its package.
const OWN_VARIABLES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// A cargo command in the workspace, of the toolchain that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    // What `cargo run` says of this program is no business of the packages that are built: build scripts that
    // look at it would run again, and everything above them would be built anew.
    for (variable, _) in env::vars_os() {
        if variable
            .to_str()
            .is_some_and(|name| OWN_VARIABLES.iter().any(|start| name.starts_with(start)))
        {
            command.env_remove(variable);
        }
    }
    command
}

/// What a cargo command prints.
pub(crate) fn cargo_output(arguments: &[&str]) -> Result<String> {
    let line = format!("cargo {}", arguments.join(" "));
    let output = cargo(arguments)
        .output()
        .with_context(|| format!("\"{line}\" could not be run"))?;
    if !output.status.success() {
        bail!(
            "\"{line}\" failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("\"{line}\" printed no text"))
}
