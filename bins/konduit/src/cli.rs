//! The command line: what may be asked, and the help.
//!
//! Depends on clap only. Start with [`Cli`].

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::adopt::Adopt;
use crate::explain::Explain;
use crate::lint::Lint;
use crate::plan::Plan;
use crate::run::{MetricsFilter, Run};
use crate::translate::Translate;

/// Kong Gateway and Konnect from Kubernetes manifests.
#[derive(Debug, Parser)]
#[command(
    name = "konduit",
    version,
    propagate_version = true,
    after_help = "Examples:
  konduit up examples/quickstart
      Apply a folder to an embedded Konnect and keep watching it.
  konduit up --once -o wide shop.yaml
      Apply, wait until nothing more happens, print, exit.
  konduit explain --deck kong.yaml GET http://shop.example.com/items
      Where a configuration of Kong sends a request, and why.
  konduit plan -f manifests
      What manifests would change in Konnect; nothing is written.
  konduit sim
      Serve a simulated Konnect to any client of Konnect.
  konduit run --kubeconfig ~/.kube/config
      Run the operator against a cluster.
  konduit crds | kubectl apply --server-side -f -
      Install the custom resource definitions.

Exit codes: 0 all well, 1 findings or not Programmed, 2 wrong use or unreadable input."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run manifests against an embedded Kubernetes API and an embedded Konnect.
    #[command(after_help = "Examples:
  konduit up examples/quickstart
      Watch a folder. Save a file and the change is applied; delete a document and its object goes.
  konduit up --once examples/quickstart
      Apply everything, wait until nothing more happens, print the table, exit. The time that passes
      is simulated, so this takes no longer than the work itself.
  konduit up --once -o json examples/quickstart | jq '.items[].status'
      The objects with their status, as `kubectl get -o json` would print them. Secrets are redacted.
  konduit up --once --dump - examples/quickstart
      What Konnect then holds, as decK YAML, on standard output; the table goes to standard error.
  helm template shop ./chart | konduit up --once -
      Read standard input.

Every token is accepted, except that one that begins with kpat_bad is refused, to see what happens.

Exit codes: 0 everything is Programmed (or the watch was ended by Ctrl-C), 1 findings or not
Programmed, 2 wrong use or unreadable input.")]
    Up(Up),
    /// Translate manifests to the declarative configuration of a gateway.
    #[command(after_help = "Examples:
  konduit translate -f examples/canary
      Gateway API, Ingress and Kong's own manifests as decK YAML; what is wrong goes to standard error.
  konduit translate -f shop.yaml --flavor expressions --kong-version 3.9 --annotate
      For another gateway, and with a comment at each entity that says what it comes from.
  helm template shop ./chart | konduit translate -f - -o json | curl -d @- -H 'Content-Type: application/json' \\
      http://127.0.0.1:8001/config
  konduit translate -f routes --compat kong --all-routes
      What Kong's own controller makes of them, with its oddities.

Exit codes: 0 all well, 1 findings, 2 wrong use or unreadable input.")]
    Translate(Translate),
    /// Say where a declarative configuration of Kong, or manifests, send a request, and why.
    #[command(after_help = "Examples:
  konduit explain -f manifests GET https://shop.example.com/items/7
      The same question to the configuration that the manifests are translated to.
  konduit explain --deck kong.yaml GET https://shop.example.com/items/7 -H 'x-team: blue'
      The route, the service, its targets with their shares, the plugins in their order, and the routes that
      would have held as well, with the reason why they lost.
  konduit explain --deck kong.yaml --flavor expressions -o json GET http://shop.example.com/
  konduit explain --deck kong.yaml GET tls://shop.example.com:9443
      A TLS connection to a stream listener.
  konduit explain --deck kong.yaml --batch requests.jsonl
      One answer a line: {\"route\":...,\"service\":...,\"upstream_uri\":...,\"upstream_host\":...,\"status\":...}

Exit codes: 0 answered, 2 wrong use or unreadable input.")]
    Explain(Explain),
    /// Say what is wrong with manifests or a declarative configuration, and which routes do not do what they seem to.
    #[command(after_help = "Examples:
  konduit lint -f manifests
  konduit lint -f manifests --level warning -o sarif > konduit.sarif
      For the review of a change: exits with 1 if there is anything, and code reviews show it where it stands.
  konduit lint --deck kong.yaml
  konduit lint --deck kong.yaml --level warning -o json
      Also exit with 1 if there are only warnings.
  deck gateway dump -o - | konduit lint --deck - --reader deck --edition enterprise

Exit codes: 0 nothing found of the level, 1 findings, 2 wrong use or unreadable input.")]
    Lint(Lint),
    /// Say what manifests would change in Konnect. Nothing is written.
    #[command(after_help = "Examples:
  konduit plan -f manifests
      Deletions, changes and creations, entity by entity, and how many requests they take.
  konduit plan -f manifests --token-file token
      With a token that is not in the manifests.
  konduit plan -f team-a -f platform --partial
      Others have objects in the same control planes: what has no manifest stays.
  konduit plan -f manifests -o json | jq '.changes[] | {action, entity, name}'
  konduit plan -f manifests --konnect-url http://127.0.0.1:8080
      Against a simulated Konnect, as `konduit sim` serves it.

A manifest of a repository does not say which object of the cluster it is. What that has in Konnect carries its
kind, namespace and name, and is found by them; with what `kubectl get -o yaml` prints there is nothing to find.

Exit codes: 0 nothing would change, 1 an error or findings, 2 something would change.")]
    Plan(Plan),
    /// Print the manifests that take over what a control plane in Konnect holds.
    #[command(after_help = "Examples:
  konduit adopt --control-plane 53ace5be-bbfb-5edf-b4a0-994a4d77b10a -f manifests > shop.yaml
      For what was made with decK, Terraform or by hand. The manifests that are there give the credentials; what
      has a manifest among them already is not printed again.
  konduit adopt --control-plane 53ace5be-bbfb-5edf-b4a0-994a4d77b10a -f auth.yaml --with-secrets
      With private keys and the like, as far as Konnect gives them.
  konduit plan -f manifests -f shop.yaml
      What taking over would change.

Nothing is written to Konnect. What cannot be taken over, and what has to be filled in, is said on standard error.

Exit codes: 0 all of it is printed, 1 something is not or has to be filled in, 2 wrong use or no answer.")]
    Adopt(Adopt),
    /// Serve a simulated Konnect over HTTP.
    #[command(after_help = "Examples:
  konduit sim
  curl -H 'Authorization: Bearer kpat_any' http://127.0.0.1:8080/v2/control-planes
      A Konnect without an account. It is empty at first, and forgets everything when it ends.
  curl -N 'http://127.0.0.1:8080/sim/log?follow'
      What clients ask, one JSON line a request. /sim lists what else there is.
  curl http://127.0.0.1:8080/sim/state
      What Konnect holds, as decK YAML, one document a control plane.
  curl -d '{\"match\":{\"method\":\"PUT\",\"path\":\"*/services/*\"},\"status\":500,\"times\":3}' http://127.0.0.1:8080/sim/faults
      Let three requests fail. {\"cut\":true} ends connections without an answer, with \"when\":\"after\"
      once the request is done; {\"delay_ms\":500} holds answers back; \"seconds\":30 ends a fault by itself.
  konduit sim --listen 127.0.0.1:8443 --tls-dir sim-tls --host us.api.konghq.com
  curl --cacert sim-tls/ca.crt --connect-to us.api.konghq.com:443:127.0.0.1:8443 \\
      -H 'Authorization: Bearer kpat_any' https://us.api.konghq.com/v3/organizations/me
      With TLS, under Konnect's own name. The first label of the host is the region: us, eu, ...

Requests without a token are answered with 401, and so are tokens that begin with kpat_bad.

Exit codes: 0 ended by Ctrl-C or SIGTERM, 2 wrong use, or the address cannot be had.")]
    Sim(Sim),
    /// Run the operator, in a cluster or with a kubeconfig.
    #[command(
        after_help = "Every option can be set by a variable, too: KONG_OPERATOR_KONNECT_SYNC_PERIOD=2m.

Examples:
  konduit run --kubeconfig ~/.kube/config --dry-run --logging-mode development
      Print what would be written to the cluster and to Konnect. Nothing is.
  konduit run --konnect-url http://127.0.0.1:8080 --no-leader-election
      Against a simulated Konnect, as `konduit sim` serves it.

Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 a part of it failed, 2 wrong use or no cluster."
    )]
    Run(Box<Run>),
    /// Print the permissions that the operator needs in a cluster.
    #[command(after_help = "Examples:
  konduit rbac | kubectl apply -f -
      A service account, its roles and their bindings in the namespace kong-system.
  konduit rbac -n platform
      The same for another namespace.
  konduit rbac --metrics-access-filter=rbac
      And what `konduit run` with the same option needs, and a role for those who read metrics.")]
    Rbac(Rbac),
    /// Print the custom resource definitions that are served.
    #[command(after_help = "Examples:
  konduit crds | kubectl apply --server-side -f -
      Install them.
  konduit crds -o crds
      Write them to a folder, one file a kind.")]
    Crds(Crds),
    /// Print completions for a shell.
    #[command(after_help = "Examples:
  source <(konduit completions bash)
  konduit completions zsh > \"${fpath[1]}/_konduit\"
  konduit completions fish > ~/.config/fish/completions/konduit.fish")]
    Completions {
        /// For which shell.
        shell: Shell,
    },
}

/// Run manifests in one process.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// Files, folders (with everything below: *.yaml, *.yml, *.json, nothing hidden), pipes, or - for
    /// standard input.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Apply, wait until nothing more happens, print, exit.
    #[arg(long)]
    pub(crate) once: bool,
    /// How long to wait, in simulated time.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s", requires = "once")]
    pub(crate) timeout: Duration,
    /// What to print; json and yaml need --once.
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Write what Konnect holds to a file, as decK YAML, one document a control plane; while watching,
    /// whenever it changes. - is standard output, and needs --once.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) dump: Option<PathBuf>,
    /// The namespace of manifests that name none.
    #[arg(short, long, default_value = "default", value_parser = namespace)]
    pub(crate) namespace: String,
}

/// Serve a simulated Konnect.
#[derive(Args, Debug)]
pub(crate) struct Sim {
    /// Where to listen; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Speak TLS, with a throw-away certificate that is kept in this folder: ca.crt, tls.crt, tls.key.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) tls_dir: Option<PathBuf>,
    /// A name that the certificate is good for, besides those of this machine; *.example.com is one, too.
    #[arg(long = "host", value_name = "NAME", value_hint = ValueHint::Hostname, requires = "tls_dir")]
    pub(crate) hosts: Vec<String>,
    /// A token that is accepted, and then no others are; not a real one, for others may see it here.
    #[arg(long = "token", value_name = "TOKEN", value_parser = token)]
    pub(crate) tokens: Vec<String>,
    /// Requests a second that an organisation may send; more are answered with 429.
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<NonZeroU32>,
    /// Milliseconds by which every answer is late.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency: u32,
}

/// Print the permissions.
#[derive(Args, Debug)]
pub(crate) struct Rbac {
    /// The namespace of the operator.
    #[arg(short, long, default_value = "kong-system", value_parser = namespace)]
    pub(crate) namespace: String,
    /// off, or rbac: what it takes to ask who may read metrics, too.
    #[arg(
        long,
        value_enum,
        value_name = "WHO",
        default_value = "off",
        hide_possible_values = true
    )]
    pub(crate) metrics_access_filter: MetricsFilter,
}

/// Print the definitions.
#[derive(Args, Debug)]
pub(crate) struct Crds {
    /// Write one file a kind to this folder instead, and print their names.
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: Option<PathBuf>,
}

/// What `up` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Kind, name, Programmed, Konnect id, age, and what each object waits for.
    Table,
    /// The same, with organisation, region, control plane and reason.
    Wide,
    /// A v1 List of all objects with their status.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Units of time spans, the longest names first.
const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads `90s`, `1m30s`, `500ms`; a plain number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time such as 60s, 1m30s or 500ms".to_owned();
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let (unit, milliseconds) = match UNITS.iter().find(|(unit, _)| rest.starts_with(unit)) {
            Some(unit) => *unit,
            None if rest.is_empty() && digits == text.len() => ("", 1_000),
            None => return Err(wrong()),
        };
        rest = &rest[unit.len()..];
        total = number
            .checked_mul(milliseconds)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(wrong)?;
    }
    if text.is_empty() {
        Err(wrong())
    } else {
        Ok(Duration::from_millis(total))
    }
}

/// Yes or no, in all the ways in which Go's flags take it.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// An address to listen on.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numbers = match text.strip_prefix("localhost:") {
        Some(port) => &format!("127.0.0.1:{port}"),
        None => text,
    };
    numbers.parse().map_err(|_| {
        "expected an IP address and a port such as 127.0.0.1:8080 or [::1]:0".to_owned()
    })
}

/// A token as it stands in a header.
fn token(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.chars().all(|letter| letter.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("a token has visible ASCII characters only, and no space".to_owned())
    }
}

/// The longest name of a namespace.
const LONGEST_NAMESPACE: usize = 63;

/// A name that a namespace may have (RFC 1123).
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_label = (1..=LONGEST_NAMESPACE).contains(&text.len())
        && text.chars().all(|letter| good(letter) || letter == '-')
        && text.starts_with(good)
        && text.ends_with(good);
    if is_label {
        Ok(text.to_owned())
    } else {
        Err("a namespace has lower case letters, digits and -, at most 63 of them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let milliseconds = |text| duration(text).map(|time| time.as_millis());
        assert_eq!(milliseconds("60s"), Ok(60_000));
        assert_eq!(milliseconds("1m30s"), Ok(90_000));
        assert_eq!(milliseconds("500ms"), Ok(500));
        assert_eq!(milliseconds("2h"), Ok(7_200_000));
        assert_eq!(milliseconds("7"), Ok(7_000));
        for wrong in [
            "",
            "s",
            "1",
            "-1s",
            "1d",
            "1m30",
            "1.5s",
            "99999999999999999999s",
        ] {
            assert_eq!(duration(wrong).is_ok(), wrong == "1", "{wrong}");
        }
    }

    #[test]
    fn switches_are_read_as_go_reads_them() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(switch(text), Ok(true));
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(switch(text), Ok(false));
        }
        for wrong in ["", "yes", "on", "tRUE", "2"] {
            assert!(switch(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        for (text, expected) in [
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(
                address(text).map(|it| it.to_string()),
                Ok(expected.to_owned())
            );
        }
        for wrong in [
            "8080",
            ":8080",
            "localhost",
            "konnect.test:80",
            "::1:80:90:x",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tokens_fit_into_a_header() {
        assert_eq!(token("kpat_1"), Ok("kpat_1".to_owned()));
        for wrong in ["", "a b", "a\n", "é"] {
            assert!(token(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn namespaces_are_labels() {
        assert!(namespace("kong-1").is_ok());
        for wrong in ["", "Kong", "-a", "a-", "a.b", &"a".repeat(64)] {
            assert!(namespace(wrong).is_err(), "{wrong}");
        }
    }
}
