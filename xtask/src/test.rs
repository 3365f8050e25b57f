//! `cargo xtask test`: everything that continuous integration runs, cheapest first. It stops at the
//! first step that finds something; the tests come last, so that their report ends the output.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{Outcome, crds, docs, layers, workspace};

/// What a step does.
enum Step {
    /// Runs cargo.
    Cargo(&'static str),
    /// Runs a command of our own.
    Own(fn() -> Result<Outcome>),
}

/// The steps, in order, each with its heading.
const STEPS: &[(&str, Step)] = &[
    ("format", Step::Cargo("fmt --all --check")),
    ("layers", Step::Own(layers::run)),
    (
        "definitions",
        Step::Own(|| crds::check(&workspace::root().join("crds"))),
    ),
    (
        "book",
        Step::Own(|| docs::check(&workspace::root().join("docs"))),
    ),
    (
        "lints",
        Step::Cargo("clippy --workspace --all-targets -- -D warnings"),
    ),
    (
        "examples in the documentation",
        Step::Cargo("test --workspace --doc"),
    ),
    // Apart, so that what building takes does not count as the time of the tests.
    (
        "build of the tests",
        Step::Cargo("test --workspace --lib --bins --tests --no-run"),
    ),
    (
        "tests",
        Step::Cargo("test --workspace --exclude testkit --lib --bins --tests"),
    ),
    // Shows what passed, too: how many stories were told is part of the answer.
    (
        "simulation",
        Step::Cargo("test --package testkit --lib --tests -- --show-output"),
    ),
];

/// Runs the steps until one finds something.
pub(crate) fn run() -> Result<Outcome> {
    for (index, (heading, step)) in STEPS.iter().enumerate() {
        println!("==> {heading}");
        let began = Instant::now();
        let outcome = step.run()?;
        let seconds = began.elapsed().as_secs_f64();
        if outcome == Outcome::Findings {
            eprintln!("==> {heading} failed after {seconds:.1} s");
            return Ok(Outcome::Findings);
        }
        if index + 1 < STEPS.len() {
            println!("    done in {seconds:.1} s");
        }
    }
    Ok(Outcome::Well)
}

impl Step {
    fn run(&self) -> Result<Outcome> {
        match self {
            Self::Own(command) => command(),
            Self::Cargo(line) => {
                let arguments: Vec<&str> = line.split_whitespace().collect();
                let status = workspace::cargo(&arguments)
                    .status()
                    .with_context(|| format!("\"cargo {line}\" could not be run"))?;
                Ok(if status.success() {
                    Outcome::Well
                } else {
                    Outcome::Findings
                })
            }
        }
    }
}
