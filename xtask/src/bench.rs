//! `cargo xtask bench`: the figures in `docs/performance.md`.

use std::num::NonZeroUsize;

use anyhow::{Context as _, Result, ensure};

use crate::{Outcome, assets, workspace};

/// Runs the benches of the operator, or one of them, of this size if it has one, and before all of them those of the engine.
pub(crate) fn run(name: Option<&str>, services: Option<NonZeroUsize>) -> Result<Outcome> {
    ensure!(
        services.is_none() || name == Some("mixed"),
        "only the load of \"mixed\" can be smaller or larger: say `cargo xtask bench mixed 100`"
    );
    let folder = assets::provide(assets::Wanted::default())?;
    let size = services.map(|services| services.to_string());
    let mut operator = vec!["bench", "-p", "konduit", "--bench", "cluster"];
    let lines = match name {
        Some(name) => {
            operator.extend(["--", name]);
            operator.extend(size.as_deref());
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
