//! `konduit plan`: what the manifests would change in Konnect, without changing anything.
//!
//! `play` lets the engine do it against a copy, `identity` and `ghosts` say whose is what, `changes` compares,
//! `show` prints. Start with [`plan`].

pub(crate) mod changes;
mod ghosts;
mod identity;
mod members;
pub(crate) mod play;
pub(crate) mod show;

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum, ValueHint};

use self::changes::{Changes, MISSING};
use self::play::{Extent, Manifests, settle};
use crate::output::{self, Language};
use crate::remote::Remote;
use crate::session::{self, Outcome, problems};
use crate::table::{self, Colour};

/// Say what would change in Konnect.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// Files, folders (with everything below: *.yaml, *.yml, *.json, nothing hidden), pipes, or - for
    /// standard input.
    #[arg(short = 'f', long = "filename", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// The namespace of manifests that name none.
    #[arg(short, long, default_value = "default", value_parser = crate::cli::namespace)]
    namespace: String,
    /// The manifests are a part of what there is: what has no manifest stays.
    #[arg(long)]
    partial: bool,
    /// What to print.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    output: Format,
    #[command(flatten)]
    remote: Remote,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line an entity, below it one for each member that differs.
    Text,
    /// The same for programs.
    Json,
}

/// Plans what the options name.
pub(crate) fn plan(
    options: &Plan,
    colour: Colour,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome> {
    if options.paths.is_empty() {
        bail!(
            "there is nothing to plan; name files or folders with -f, or -f - for standard input"
        );
    }
    let token = options.remote.token()?;
    let manifests = Manifests::read(options.paths.clone(), &options.namespace, token.as_deref())?;
    let reading = Rc::new(RefCell::new(options.remote.reading()?));
    let extent = if options.partial {
        Extent::Part
    } else {
        Extent::Whole
    };
    let played = settle(&manifests, extent, &reading);
    let reading = reading.borrow();
    let changes = Changes::of(&played, &reading);

    let mut rows = table::rows(&played.driver.cluster);
    // Their own finalizers are no business of a plan.
    rows.retain(|row| !played.ghosts.is_over(&row.id, &played.driver.konnect));
    let mut findings = manifests.folder.findings();
    findings.extend(problems::of(&rows, &manifests.folder, &played.driver));
    findings.extend(played.findings.iter().cloned());
    findings.sort();
    findings.dedup();
    match options.output {
        Format::Text => {
            let text = show::text(&changes, reading.requests(), colour);
            out.write_all(text.as_bytes())?;
        }
        Format::Json => {
            let document = show::json(&changes, reading.requests(), &findings);
            output::document(out, Language::Json, &document)?;
        }
    }
    out.flush()?;
    session::tell(err, &findings)?;
    for note in &played.notes {
        writeln!(err, "{note}")?;
    }
    if changes
        .list
        .iter()
        .any(|change| change.why == Some(MISSING))
    {
        writeln!(
            err,
            "what is not among the manifests goes; if they are a part of what there is, use --partial"
        )?;
    }
    if !findings.is_empty() {
        let missing = if manifests.folder.is_incomplete() {
            "; what has no manifest is not deleted, for it may stand in what cannot be read"
        } else {
            ""
        };
        writeln!(err, "the plan is what the rest comes to{missing}")?;
        return Ok(Outcome::Findings);
    }
    Ok(if changes.list.is_empty() && changes.requests.is_empty() {
        Outcome::Well
    } else {
        Outcome::Changes
    })
}
