//! Kong Gateway and Konnect from Kubernetes manifests: the command line.
//!
//! Thin on purpose: read the arguments, wire the parts, say how it ended. Start with `cli` for what may be
//! asked, `session` for what `up` does, `explain` and `lint` for
//! declarative configurations, `sim` for the simulated Konnect as a server, `run` for the operator.

mod admission;
mod adopt;
mod catalogue;
mod changes;
mod cli;
mod deck;
mod explain;
mod findings;
mod folder;
mod inverse;
mod lint;
mod manifests;
mod output;
mod plan;
mod refusals;
mod remote;
mod run;
mod secrets;
mod session;
mod sim;
mod suggest;
mod table;
mod translate;
mod translation;

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command};
use crate::session::{Outcome, Streams};
use crate::table::Colour;

/// What is read on one thread is kept on another and let go on a third; this allocator copes with that, and gives back
/// what is free.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wrong use, or something that could not be read or written.
const WRONG: u8 = 2;

/// What a plan ends with that would change something.
const CHANGES: u8 = 2;

fn main() -> ExitCode {
    let arguments = run::arguments();
    let planning = arguments.get(1).is_some_and(|name| name == PLAN);
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = error.print();
            return match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ => wrong(planning),
            };
        }
    };
    match perform(command) {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::FAILURE,
        Ok(Outcome::Changes) => ExitCode::from(CHANGES),
        // Whoever reads our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell if this fails too.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            wrong(planning)
        }
    }
}

/// The command for which wrong use must not look like changes.
const PLAN: &str = "plan";

fn wrong(planning: bool) -> ExitCode {
    if planning {
        ExitCode::FAILURE
    } else {
        ExitCode::from(WRONG)
    }
}

/// Whether data goes to a terminal that can be drawn on, and whether in colour.
fn terminal() -> (bool, Colour) {
    let terminal =
        io::stdout().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = if terminal && !plain {
        Colour::On
    } else {
        Colour::Off
    };
    (terminal, colour)
}

fn perform(command: Command) -> Result<Outcome> {
    let mut out = io::stdout();
    match command {
        Command::Up(options) => {
            let (terminal, colour) = terminal();
            let mut streams = Streams {
                input: &mut io::stdin(),
                out: &mut out,
                err: &mut io::stderr(),
                terminal,
                colour,
            };
            session::up(&options, &mut streams)
        }
        Command::Translate(options) => translate::translate(&options, &mut out, &mut io::stderr()),
        Command::Explain(options) => explain::explain(&options, &mut out, &mut io::stderr()),
        Command::Lint(options) => lint::lint(&options, &mut out),
        Command::Plan(options) => {
            let (_, colour) = terminal();
            plan::plan(&options, colour, &mut out, &mut io::stderr())
        }
        Command::Adopt(options) => adopt::adopt(&options, &mut out, &mut io::stderr()),
        Command::Sim(options) => {
            sim::serve(&options, &mut io::stderr())?;
            Ok(Outcome::Well)
        }
        Command::Run(options) => run::operator(&options),
        Command::Rbac(options) => {
            output::manifests(&mut out, &run::permissions(&options))?;
            Ok(Outcome::Well)
        }
        Command::Crds(options) => {
            output::definitions(&mut out, options.output.as_deref())?;
            Ok(Outcome::Well)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "konduit", &mut script);
            out.write_all(&script)?;
            Ok(Outcome::Well)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let of_json = || cause.downcast_ref::<serde_json::Error>()?.io_error_kind();
        let of_stream = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        of_stream.or_else(of_json)
    };
    error
        .chain()
        .any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
