//! `cargo xtask bench`: the figures in `docs/performance.md`.

use anyhow::{Context as _, Result};

use crate::{Outcome, assets, workspace};

/// Runs the benches of the engine, unless only one measurement of the operator is asked for, and those of the operator.
pub(crate) fn run(name: Option<&str>) -> Result<Outcome> {
    let folder = assets::provide(assets::Wanted::default())?;
    let whole = [&["bench", "-p", "kong-driver"][..]];
    let mut operator = vec!["bench", "-p", "konduit", "--bench", "cluster"];
    if let Some(name) = name {
        operator.extend(["--", name]);
    }
    let engine = whole.into_iter().filter(|_| name.is_none());
    for line in engine.chain([&*operator]) {
        let status = workspace::cargo(line)
            .env(assets::VARIABLE, &folder)
            .status()
            .with_context(|| format!("\"cargo {}\" could not be run", line.join(" ")))?;
        if !status.success() {
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Well)
}
