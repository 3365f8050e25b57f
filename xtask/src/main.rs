//! Generation and checks: `cargo xtask`. One module a command; each says what it found and whether
//! that is good.
//!
//! Exit codes: 0 all well, 1 findings, 2 wrong use or something that could not be read or run.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to people"
)]

mod assets;
mod bench;
mod crds;
mod crds_diff;
mod docs;
mod layers;
mod openapi;
mod rbac;
mod test;
mod workspace;

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Generation and checks of this workspace.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:
  cargo xtask test
      Run everything that a merge has to pass.
  cargo xtask crds && cargo xtask docs
      Write what is generated anew, after a change of types.

Exit codes: 0 all well, 1 findings, 2 wrong use or something that could not be read or run."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the custom resource definitions to crds/.
    #[command(args_conflicts_with_subcommands = true)]
    Crds {
        /// Write nothing; list the files that are not as they would be written.
        #[arg(long)]
        check: bool,
        /// The folder, instead of crds/.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        #[command(subcommand)]
        command: Option<CrdsCommand>,
    },
    /// Write the generated sections of the book in docs/.
    Docs {
        /// Write nothing; list the pages that are not as they would be written.
        #[arg(long)]
        check: bool,
    },
    /// Write the permissions of the operator to deploy/rbac.yaml.
    Rbac,
    /// Check that dependencies between the crates point one way.
    Layers,
    /// Provide etcd and kube-apiserver, and print the folder that holds them.
    Assets {
        /// kubectl, too.
        #[arg(long)]
        kubectl: bool,
        /// Helm, too.
        #[arg(long)]
        helm: bool,
    },
    /// Make of the vendor's OpenAPI document of Konnect the one that contract tests use.
    Openapi {
        /// The document.
        file: PathBuf,
    },
    /// Run the benches, those of the whole operator on a real API server, too.
    Bench {
        /// One measurement of the whole operator alone: throughput, mixed, idle, backlog or restart.
        name: Option<String>,
        /// How many services the load of "mixed" has, instead of a thousand: to try it.
        services: Option<NonZeroUsize>,
    },
    /// Run everything that continuous integration runs.
    Test,
}

#[derive(Subcommand)]
enum CrdsCommand {
    /// Compare our definitions with those of the same name in a folder, by meaning.
    ///
    /// Prints each difference with its definition and path, and ends with 1 if there is one.
    /// Descriptions do not count, nor do definitions that only the folder has.
    #[command(after_help = "Example:
  cargo xtask crds diff ../kong-operator/config/crd
      What a new release of Kong's resources changes.")]
    Diff {
        /// The folder with the other definitions.
        directory: PathBuf,
    },
}

/// How a command ended, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All well.
    Well,
    /// Something is not as it should be, and has been printed.
    Findings,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Crds {
            command: Some(CrdsCommand::Diff { directory }),
            ..
        } => crds_diff::run(&directory),
        Command::Crds {
            check,
            out,
            command: None,
        } => {
            let directory = out.unwrap_or_else(|| workspace::root().join("crds"));
            if check {
                crds::check(&directory)
            } else {
                crds::write(&directory)
            }
        }
        Command::Docs { check } => {
            let book = workspace::root().join("docs");
            if check {
                docs::check(&book)
            } else {
                docs::write(&book)
            }
        }
        Command::Rbac => rbac::write(),
        Command::Layers => layers::run(),
        Command::Assets { kubectl, helm } => assets::run(assets::Wanted { kubectl, helm }),
        Command::Openapi { file } => openapi::run(&file),
        Command::Bench { name, services } => bench::run(name.as_deref(), services),
        Command::Test => test::run(),
    };
    match outcome {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_comparison_takes_no_options_of_the_generation() {
        assert!(Arguments::try_parse_from(["xtask", "crds", "--check", "diff", "there"]).is_err());
        assert!(Arguments::try_parse_from(["xtask", "crds", "diff", "there"]).is_ok());
        assert!(Arguments::try_parse_from(["xtask", "crds", "--check"]).is_ok());
    }

    #[test]
    fn the_readme_lists_commands_that_there_are() {
        let lines = include_str!("../README.md").lines();
        let commands: Vec<Vec<&str>> = lines
            .filter_map(|line| line.strip_prefix("    cargo "))
            .map(|line| line.split("  ").next().unwrap_or_default())
            .map(|line| line.split(' ').collect())
            .collect();
        assert!(commands.len() > 5);
        for command in commands {
            assert!(Arguments::try_parse_from(&command).is_ok(), "{command:?}");
        }
    }
}
