//! `konduit lint`: what is wrong with manifests, or with a declarative configuration.
//!
//! Errors are what Kong refuses and what cannot be had; warnings are about what is accepted and does not do what it
//! seems to; what is only good to know people are told if they ask. The judgement is made elsewhere; this module reads and prints. Start with [`lint`].

mod sarif;

use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};
use gateway_translation::{Level, Rule};
use kong_router::{Dialect, Edition, Reader, Router, validate};
use serde_json::{Value, json};

use crate::deck;
use crate::findings::Finding;
use crate::output::{self, Language};
use crate::session::Outcome;
use crate::translation::Source;

/// Say what is wrong with manifests or a configuration.
#[derive(Args, Debug)]
pub(crate) struct Lint {
    /// A declarative configuration, as decK and Kong read it; - is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "paths", conflicts_with = "paths")]
    deck: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// The edition of the gateway that --deck is for; what open-source Kong does not have is an error only there.
    #[arg(long, value_enum, default_value = "open-source")]
    edition: EditionName,
    /// Who reads --deck; decK takes members of its own, and references by name.
    #[arg(long, value_enum, default_value = "kong")]
    reader: ReaderName,
    /// The lowest level that makes the exit code 1; info prints more, and does not change it.
    #[arg(long, value_enum, default_value = "error")]
    level: LevelName,
    /// What to print.
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each, for people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code reviews.
    Sarif,
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
enum LevelName {
    /// As warning, and what is only good to know is printed as well.
    Info,
    /// It works, and not as it seems.
    Warning,
    /// It is refused, left out or lost.
    Error,
}

/// The name of the rule that documents can be read.
const UNREADABLE: &str = "unreadable";

/// Something that was found.
struct Found {
    level: Level,
    rule: &'static str,
    finding: Finding,
    /// What programs are told of it in the words of the model, which knows no manifests.
    model: Option<Value>,
}

/// Prints what was found.
pub(crate) fn lint(options: &Lint, out: &mut dyn Write) -> Result<Outcome> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|now| i64::try_from(now.as_secs()).ok());
    let found = match &options.deck {
        Some(deck) => of_deck(options, deck, now)?,
        None => of_manifests(&options.source, now)?,
    };
    match options.output {
        Format::Text => {
            let least = match options.level {
                LevelName::Info => Level::Info,
                LevelName::Warning | LevelName::Error => Level::Warning,
            };
            for one in found.iter().filter(|one| one.level >= least) {
                writeln!(out, "{}: {}", word(one.level), one.finding)?;
            }
        }
        Format::Json => {
            let found: Vec<Value> = found.iter().map(told).collect();
            serde_json::to_writer_pretty(&mut *out, &found)?;
            writeln!(out)?;
        }
        Format::Sarif => output::document(out, Language::Json, &sarif::log(&found))?,
    }
    let fatal = match options.level {
        // Nobody can do anything about what is only good to know.
        LevelName::Info | LevelName::Warning => Level::Warning,
        LevelName::Error => Level::Error,
    };
    Ok(if found.iter().any(|one| one.level >= fatal) {
        Outcome::Findings
    } else {
        Outcome::Well
    })
}

/// What is wrong with manifests.
fn of_manifests(source: &Source, now: Option<i64>) -> Result<Vec<Found>> {
    let translated = source.translate()?;
    let unread = translated.unread.iter().map(|finding| Found {
        level: Level::Error,
        rule: UNREADABLE,
        finding: finding.clone(),
        model: None,
    });
    let lints = gateway_translation::lint(
        &translated.world,
        &source.settings(),
        &translated.translation,
        now,
    );
    let lints = lints.iter().map(|lint| Found {
        level: lint.rule.level(),
        rule: lint.rule.id(),
        finding: match &lint.object {
            Some(object) => translated.finding(object, &lint.field, &lint.message, &lint.remedy),
            None => Finding {
                place: None,
                object: None,
                field: None,
                message: lint.message.clone(),
                remedy: Some(lint.remedy.clone()).filter(|remedy| !remedy.is_empty()),
            },
        },
        model: None,
    });
    let mut found: Vec<Found> = unread.chain(lints).collect();
    found.sort_by(|one, other| {
        let key = |it: &Found| (it.finding.place.clone(), it.finding.clone());
        key(one).cmp(&key(other))
    });
    Ok(found)
}

/// What is wrong with a declarative configuration.
fn of_deck(options: &Lint, deck: &std::path::Path, now: Option<i64>) -> Result<Vec<Found>> {
    let config = deck::read(deck)?;
    let flavor = options.source.settings().flavor;
    let dialect = Dialect {
        flavor,
        edition: match options.edition {
            EditionName::OpenSource => Edition::OpenSource,
            EditionName::Enterprise => Edition::Enterprise,
        },
        reader: match options.reader {
            ReaderName::Kong => Reader::Kong,
            ReaderName::Deck => Reader::Deck,
        },
        now,
    };
    let plain = |text: String| Finding {
        place: None,
        object: None,
        field: None,
        message: text,
        remedy: None,
    };
    let errors = validate(&config, dialect);
    // What Kong refuses it does not route.
    let warnings = if errors.is_empty() {
        Router::new(&config, flavor).warnings()
    } else {
        Vec::new()
    };
    let errors = errors.iter().map(|error| Found {
        level: Level::Error,
        rule: Rule::Refused.id(),
        finding: plain(error.to_string()),
        model: Some(json!(error)),
    });
    let warnings = warnings.iter().map(|warning| Found {
        level: Level::Warning,
        rule: Rule::of(warning).id(),
        finding: plain(warning.to_string()),
        model: Some(json!(warning)),
    });
    Ok(errors.chain(warnings).collect())
}

/// A level in one word.
fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// A finding for programs.
fn told(found: &Found) -> Value {
    let mut told = found.model.clone().unwrap_or_else(|| of_finding(found));
    told["level"] = word(found.level).into();
    told
}

fn of_finding(found: &Found) -> Value {
    let finding = &found.finding;
    let mut told = json!({"rule": found.rule, "message": finding.message});
    if let Some(place) = &finding.place {
        told["file"] = (*place.file).into();
        told["line"] = place.line.into();
    }
    for (member, value) in [
        ("object", &finding.object),
        ("field", &finding.field),
        ("remedy", &finding.remedy),
    ] {
        if let Some(value) = value {
            told[member] = value.as_str().into();
        }
    }
    told
}
