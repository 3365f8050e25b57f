//! Options of Kong's operator that mean nothing here: they are taken, so that its command line works, and a
//! warning says that they have no effect. Depends on clap only. Start with [`OPTIONS`].

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, parser::ValueSource};

/// The options, each with why it has no effect (konnect.md 8.1).
pub(crate) const OPTIONS: &[(&str, &str)] = &[
    ("enable-controller-konnect", "Konnect is always served"),
    (
        "max-concurrent-reconciles-konnect-controller",
        "how many requests are sent at once follows from what Konnect takes",
    ),
    (
        "konnect-controller-max-concurrent-reconciles",
        "how many requests are sent at once follows from what Konnect takes",
    ),
    ("config-map-label-selector", "no ConfigMaps are read"),
    ("enable-controller-dataplane", "data planes are not served"),
    (
        "enable-controller-dataplane-bluegreen",
        "data planes are not served",
    ),
    (
        "enable-controller-controlplane",
        "control planes in the cluster are not served",
    ),
    ("enable-controller-gateway", "the Gateway API is not served"),
    (
        "enable-validating-webhook",
        "what the webhook refuses is said in conditions",
    ),
    ("feature-gates", "there are none"),
    (
        "apiserver-qps",
        "the API server's own fairness is relied on",
    ),
    (
        "apiserver-burst",
        "the API server's own fairness is relied on",
    ),
    (
        "cache-sync-timeout",
        "a kind that cannot be listed is waited for",
    ),
    (
        "cache-sync-period",
        "watches are not started over without need",
    ),
    ("controller-name", "there is one operator a cluster"),
    (
        "cluster-domain",
        "nothing is translated into names of Services",
    ),
    (
        "enable-fqdn-mode",
        "nothing is translated into names of Services",
    ),
    ("anonymous-reports", "nothing is reported to anybody"),
];

/// Those that were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted(Vec<&'static str>);

impl Accepted {
    /// What to warn of, in one line; `None` if there is nothing.
    pub(crate) fn warning(&self) -> Option<String> {
        let given: Vec<String> = OPTIONS
            .iter()
            .filter(|(name, _)| self.0.contains(name))
            .map(|(name, why)| format!("--{name} ({why})"))
            .collect();
        (!given.is_empty()).then(|| format!("these options have no effect: {}", given.join(", ")))
    }
}

impl FromArgMatches for Accepted {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
        let names = OPTIONS.iter().map(|(name, _)| *name);
        Ok(Self(names.filter(|name| given(name)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Accepted {
    fn augment_args(command: Command) -> Command {
        OPTIONS.iter().fold(command, |command, (name, _)| {
            // As Go's flags: a switch may stand alone.
            let option = Arg::new(*name)
                .long(*name)
                .hide(true)
                .action(ArgAction::Set)
                .num_args(0..=1)
                .default_missing_value("true");
            command.arg(option)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
