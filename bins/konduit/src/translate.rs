//! `konduit translate`: manifests as the declarative configuration of a gateway.
//!
//! What comes out goes to standard output, what is wrong to standard error. Start with [`translate`].

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::output::{self, Language};
use crate::session::Outcome;
use crate::translation::Source;

/// Translate manifests.
#[derive(Args, Debug)]
pub(crate) struct Translate {
    #[command(flatten)]
    source: Source,
    /// What to print.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "yaml")]
    output: Format,
    /// Say in comments what each service, route and plugin comes from; with YAML only.
    #[arg(long)]
    annotate: bool,
}

/// The language of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As decK reads it.
    Yaml,
    /// As a gateway takes it: the body of POST /config.
    Json,
}

/// Translates what the options name.
pub(crate) fn translate(
    options: &Translate,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome> {
    if options.source.paths.is_empty() {
        bail!(
            "there is nothing to translate; name files or folders with -f, or -f - for standard input"
        );
    }
    if options.annotate && options.output == Format::Json {
        bail!("JSON has no comments; leave out --annotate, or choose -o yaml");
    }
    let translated = options.source.translate()?;
    for finding in translated.findings() {
        writeln!(err, "{finding}")?;
    }
    let document = translated.translation.document.to_value();
    match options.output {
        Format::Json => output::document(out, Language::Json, &document)?,
        Format::Yaml if options.annotate => {
            let text = output::yaml(&document)?;
            let commented = annotated(&text, &translated.translation.document.provenance());
            out.write_all(commented.as_bytes())?;
        }
        Format::Yaml => output::document(out, Language::Yaml, &document)?,
    }
    if translated.unreadable {
        bail!("part of the manifests cannot be read; the configuration is what the rest comes to");
    }
    Ok(if translated.lacks_something() {
        Outcome::Findings
    } else {
        Outcome::Well
    })
}

/// The text with a comment at the id of each entity that comes from somewhere: `# from: HTTPRoute ns/name rule 2`.
fn annotated(text: &str, from: &BTreeMap<String, String>) -> String {
    let mut lines = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        lines.push_str(line);
        let id = line.trim_start_matches([' ', '-']).strip_prefix("id: ");
        let id = id.map(|id| id.trim_matches(['"', '\'']));
        if let Some(from) = id.and_then(|id| from.get(id)) {
            lines.push_str("  # from: ");
            lines.push_str(from);
        }
        lines.push('\n');
    }
    lines
}
