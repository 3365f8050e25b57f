//! Declarative configurations from files: what `explain` and `lint` read and how they name what they found.
//!
//! Nothing here knows Kubernetes. Start with [`read`].

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use kong_router::{Config, Flavor};

/// How a gateway routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterFlavor {
    /// Routes have attributes; the gateway makes expressions of them.
    TraditionalCompatible,
    /// Routes have expressions.
    Expressions,
}

impl From<RouterFlavor> for Flavor {
    fn from(flavor: RouterFlavor) -> Self {
        match flavor {
            RouterFlavor::TraditionalCompatible => Self::TraditionalCompatible,
            RouterFlavor::Expressions => Self::Expressions,
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A configuration from a file, or from standard input if the file is `-`.
pub(crate) fn read(file: &Path) -> Result<Config> {
    let text = text(file)?;
    Config::read(&text).with_context(|| format!("cannot read \"{}\"", file.display()))
}

/// Whether a file stands for standard input.
pub(crate) fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// The text of a file, or of standard input if the file is `-`.
pub(crate) fn text(file: &Path) -> Result<String> {
    if is_standard_input(file) {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    fs::read_to_string(file).with_context(|| format!("cannot read \"{}\"", file.display()))
}
