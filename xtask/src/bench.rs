//! `cargo xtask bench`: the figures in `docs/performance.md`.

use anyhow::{Context as _, Result};

use crate::{Outcome, assets, workspace};

/// Runs the benches of the operator, or one of them, and before all of them those of the engine.
pub(crate) fn run(name: Option<&str>) -> Result<Outcome> {
    let folder = assets::provide(assets::Wanted::default())?;
    let mut operator = vec!["bench", "-p", "konduit", "--bench", "cluster"];
    let lines = match name {
        Some(name) => {
            operator.extend(["--", name]);
            vec![operator]
        }
        None => vec![vec!["bench", "-p", "kong-driver"], operator],
    };
    for line in lines {
        let status = workspace::cargo(&line)
            .env(assets::VARIABLE, &folder)
            .status()
            .with_context(|| format!("\"cargo {}\" could not be run", line.join(" ")))?;
        if !status.success() {
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Well)
}
