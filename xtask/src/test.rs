//! `cargo xtask test`: everything that continuous integration runs, cheapest first. It stops at the
//! first step that finds something; the tests come last, so that their report ends the output.

mod binaries;

use std::{env, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};

use self::binaries::Binary;
use crate::{Outcome, assets, crds, docs, layers, workspace};

/// What a step does.
enum Step {
    /// Runs cargo.
    Cargo(&'static str),
    /// Runs a command of our own.
    Own(fn() -> Result<Outcome>),
    /// Builds all tests. Apart, so that what building takes does not count as the time of the tests.
    Build,
    /// Runs those of some packages.
    Tests(Group),
}

/// Whose tests run in a step, and how.
struct Group {
    /// The packages, or `package/binary` for one binary of tests; none are all that no other group has.
    members: &'static [&'static str],
    /// What each binary is told.
    arguments: &'static [&'static str],
    /// Whether they want a real API server.
    with_servers: bool,
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
    ("build of the tests", Step::Build),
    (
        "tests",
        Step::Tests(Group {
            members: &[],
            arguments: &[],
            with_servers: false,
        }),
    ),
    (
        "a real API server",
        Step::Tests(Group {
            members: &["envtest", "clustertest", "konduit/cluster"],
            arguments: &[],
            with_servers: true,
        }),
    ),
    // Shows what passed, too: how many stories were told is part of the answer.
    (
        "simulation",
        Step::Tests(Group {
            members: &["testkit"],
            arguments: &["--show-output"],
            with_servers: false,
        }),
    ),
];

/// Runs the steps until one finds something.
pub(crate) fn run() -> Result<Outcome> {
    let mut binaries = Vec::new();
    for (index, (heading, step)) in STEPS.iter().enumerate() {
        println!("==> {heading}");
        let began = Instant::now();
        let outcome = step.run(&mut binaries)?;
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
    fn run(&self, binaries: &mut Vec<Binary>) -> Result<Outcome> {
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
            Self::Build => Ok(match binaries::build()? {
                Some(built) => {
                    *binaries = built;
                    Outcome::Well
                }
                None => Outcome::Findings,
            }),
            Self::Tests(group) => group.run(binaries),
        }
    }
}

impl Group {
    fn run(&self, binaries: &[Binary]) -> Result<Outcome> {
        let folder = if self.with_servers { servers()? } else { None };
        let variables: Vec<_> = folder
            .iter()
            .map(|folder| (assets::VARIABLE, folder.as_path()))
            .collect();
        for binary in binaries.iter().filter(|binary| self.has(binary)) {
            if binary.run(self.arguments, &variables)? == Outcome::Findings {
                return Ok(Outcome::Findings);
            }
        }
        Ok(Outcome::Well)
    }

    /// Whether a binary is run in this group.
    fn has(&self, binary: &Binary) -> bool {
        if self.members.is_empty() {
            !STEPS.iter().any(|(_, step)| match step {
                Step::Tests(group) => group.names(binary),
                Step::Cargo(_) | Step::Own(_) | Step::Build => false,
            })
        } else {
            self.names(binary)
        }
    }

    /// Whether a binary is among the members that are named.
    fn names(&self, binary: &Binary) -> bool {
        self.members.iter().any(|member| {
            let (package, target) = member.split_once('/').unwrap_or((member, ""));
            binary.package == package && (target.is_empty() || binary.target == target)
        })
    }
}

/// A folder with the servers. Who cannot have them tests without, and is told so, unless they are required.
fn servers() -> Result<Option<PathBuf>> {
    let wanted = assets::Wanted {
        kubectl: true,
        helm: false,
    };
    match assets::provide(wanted) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if env::var_os("REQUIRE_ENVTEST").is_some_and(|value| value == "1") => {
            Err(error)
        }
        Err(error) => {
            eprintln!("==> NOT TESTED against a real API server: {error:#}");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binary_is_run_exactly_once() {
        let all = [
            ("envtest", "it"),
            ("testkit", "records"),
            ("konduit", "it"),
            ("konduit", "cluster"),
            ("a newcomer", "it"),
        ];
        for (package, target) in all {
            let binary = Binary::named(package, target);
            let groups = STEPS.iter().filter(|(_, step)| match step {
                Step::Tests(group) => group.has(&binary),
                Step::Cargo(_) | Step::Own(_) | Step::Build => false,
            });
            assert_eq!(groups.count(), 1, "{package} {target}");
        }
    }
}
