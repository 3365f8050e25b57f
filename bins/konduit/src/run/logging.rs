//! The log, on standard error: text for people, JSON for machines.

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, fmt};

/// How Kong's operator calls the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// JSON, what matters to an administrator.
    Production,
    /// Text, with what was done.
    Development,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A line of text.
    Text,
    /// A JSON object.
    Json,
}

/// What is logged unless `RUST_LOG` says otherwise.
fn levels(mode: Mode) -> &'static str {
    match mode {
        Mode::Production => "info",
        Mode::Development => "info,konduit=debug,konduit_runtime=debug",
    }
}

/// Nothing of this: it logs the whole of an answer that it cannot parse, which may be a list of Secrets. What
/// fails is logged by who asked, too.
const HUSHED: &str = "kube_client::client=off";

/// Starts the log.
pub(crate) fn start(mode: Mode, form: Option<Form>, colour: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(levels(mode)))
        .add_directive(HUSHED.parse()?);
    let form = form.unwrap_or(match mode {
        Mode::Production => Form::Json,
        Mode::Development => Form::Text,
    });
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // It would say on standard error that nobody reads standard error, and panic.
        .log_internal_errors(false);
    let started = match form {
        Form::Text => log.try_init(),
        Form::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_can_be_read() {
        for mode in [Mode::Production, Mode::Development] {
            assert!(EnvFilter::try_new(levels(mode)).is_ok());
        }
        assert!(
            HUSHED
                .parse::<tracing_subscriber::filter::Directive>()
                .is_ok()
        );
    }
}
