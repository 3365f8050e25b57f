//! `cargo xtask test`: everything that continuous integration runs, cheapest first. It stops at the
//! first step that finds something; the tests come last, so that their report ends the output.

use anyhow::{Context as _, Result};

use crate::{Outcome, crds, layers, workspace};

/// What a step does.
enum Step {
    /// Runs cargo.
    Cargo(&'static [&'static str]),
    /// Runs a command of our own.
    Own(fn() -> Result<Outcome>),
}

/// The steps, in order, each with its heading.
const STEPS: &[(&str, Step)] = &[
    ("format", Step::Cargo(&["fmt", "--all", "--check"])),
    (
        "lints",
        Step::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    ),
    ("layers", Step::Own(layers::run)),
    (
        "definitions",
        Step::Own(|| crds::check(&workspace::root().join("crds"))),
    ),
    // Includes the examples in the documentation.
    ("tests", Step::Cargo(&["test", "--workspace"])),
];

/// Runs the steps until one finds something.
pub(crate) fn run() -> Result<Outcome> {
    for (heading, step) in STEPS {
        println!("==> {heading}");
        if step.run()? == Outcome::Findings {
            eprintln!("==> {heading} failed");
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Well)
}

impl Step {
    fn run(&self) -> Result<Outcome> {
        match self {
            Self::Own(command) => command(),
            Self::Cargo(arguments) => {
                let status = workspace::cargo(arguments).status().with_context(|| {
                    format!("\"cargo {}\" could not be run", arguments.join(" "))
                })?;
                Ok(if status.success() {
                    Outcome::Well
                } else {
                    Outcome::Findings
                })
            }
        }
    }
}
