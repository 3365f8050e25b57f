//! `konduit lint`: what is wrong with a declarative configuration.
//!
//! Errors are what Kong refuses; warnings are about routes that are accepted and do not do what they seem to. The
//! judgement is the model's; this module reads and prints. Start with [`lint`].

use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};
use kong_router::{Dialect, Edition, Finding, Reader, Router, Warning, validate};
use serde_json::{Value, json};

use crate::deck::{self, Output, RouterFlavor};
use crate::session::Outcome;

/// Say what is wrong with a configuration.
#[derive(Args, Debug)]
pub(crate) struct Lint {
    /// A declarative configuration, as decK and Kong read it; - is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    deck: PathBuf,
    /// The flavour of the router that it is for.
    #[arg(long, value_enum, default_value = "traditional-compatible")]
    flavor: RouterFlavor,
    /// The edition of the gateway; what open-source Kong does not have is an error only there.
    #[arg(long, value_enum, default_value = "open-source")]
    edition: EditionName,
    /// Who reads the file; decK takes members of its own, and references by name.
    #[arg(long, value_enum, default_value = "kong")]
    reader: ReaderName,
    /// The lowest level that makes the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    level: Level,
    /// What to print.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// An edition of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EditionName {
    /// Open source.
    OpenSource,
    /// Enterprise: what is not known here passes.
    Enterprise,
}

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReaderName {
    /// The gateway.
    Kong,
    /// decK.
    Deck,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Level {
    /// Kong accepts it, and does something else than it seems.
    Warning,
    /// Kong refuses it.
    Error,
}

/// Prints what was found.
pub(crate) fn lint(options: &Lint, out: &mut dyn Write) -> Result<Outcome> {
    let config = deck::read(&options.deck)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let dialect = Dialect {
        flavor: options.flavor.into(),
        edition: match options.edition {
            EditionName::OpenSource => Edition::OpenSource,
            EditionName::Enterprise => Edition::Enterprise,
        },
        reader: match options.reader {
            ReaderName::Kong => Reader::Kong,
            ReaderName::Deck => Reader::Deck,
        },
        now: now.and_then(|now| i64::try_from(now.as_secs()).ok()),
    };
    let errors = validate(&config, dialect);
    // What Kong refuses it does not route.
    let warnings = if errors.is_empty() {
        Router::new(&config, options.flavor.into()).warnings()
    } else {
        Vec::new()
    };
    match options.output {
        Output::Text => text(&errors, &warnings, out)?,
        Output::Json => {
            let found: Vec<Value> = errors
                .iter()
                .map(|error| told("error", json!(error)))
                .chain(
                    warnings
                        .iter()
                        .map(|warning| told("warning", json!(warning))),
                )
                .collect();
            serde_json::to_writer_pretty(&mut *out, &found)?;
            writeln!(out)?;
        }
    }
    let well = errors.is_empty() && (warnings.is_empty() || options.level > Level::Warning);
    Ok(if well {
        Outcome::Well
    } else {
        Outcome::Findings
    })
}

fn text(errors: &[Finding], warnings: &[Warning], out: &mut dyn Write) -> Result<()> {
    for error in errors {
        writeln!(out, "error: {error}")?;
    }
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

fn told(level: &str, mut finding: Value) -> Value {
    finding["level"] = level.into();
    finding
}
