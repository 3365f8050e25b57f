//! The options of `konduit run`: what the help says, what the book says, and what Kong's operator has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{command, folder};

/// An option of `konduit run`, as far as somebody else repeats it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Facts {
    default: Option<String>,
    /// A variable besides those that every option has.
    variable: Option<String>,
}

type Options = BTreeMap<String, Facts>;

/// Those that the help shows. Where its lines break depends on what the program was built with.
fn of_the_help() -> Options {
    let help = help();
    let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in help.lines() {
        let words = line.split_whitespace();
        // Short ones stand before their long name: none but those of every command.
        if let Some(rest) = line.trim_start().strip_prefix("--") {
            let end = rest
                .find(|letter: char| letter != '-' && !letter.is_ascii_lowercase())
                .unwrap_or(rest.len());
            texts.push((&rest[..end], words.collect()));
        } else if let Some((_, text)) = texts.last_mut().filter(|_| line.starts_with("       ")) {
            text.extend(words);
        }
    }
    let facts = |words: &[&str]| {
        let text = words.join(" ");
        let within = |opening: &str| {
            let (_, rest) = text.split_once(opening)?;
            rest.split_once(']').map(|(value, _)| value.to_owned())
        };
        Facts {
            default: within("[default: "),
            variable: within("[env: "),
        }
    };
    texts
        .iter()
        .map(|(name, words)| ((*name).to_owned(), facts(words)))
        .collect()
}

fn help() -> String {
    let output = konduit(&["run", "--help"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Those of the table in the book.
fn of_the_book() -> Options {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/running.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, section) = page.split_once("\n## Options\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut options = Options::new();
    for row in section.lines().filter(|line| line.starts_with("| `--")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [names, default, _] = cells[..] else {
            panic!("a row of three cells: {row}")
        };
        // Words about what happens instead are no default.
        let code = |text: &str| {
            let code = text.strip_prefix('`')?.strip_suffix('`')?;
            Some(code.to_owned())
        };
        let quoted = |text: &str| -> Vec<String> {
            let parts = text.split('`').skip(1).step_by(2);
            parts.map(str::to_owned).collect()
        };
        let names = quoted(names);
        let (names, variables): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| name.starts_with("--"));
        for name in names {
            let facts = Facts {
                default: code(default),
                variable: variables.first().cloned(),
            };
            options.insert(name.trim_start_matches('-').to_owned(), facts);
        }
    }
    options
}

fn konduit(arguments: &[&str]) -> Command {
    let mut command = command(Path::new("."));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let ours = ["KONG_", "GATEWAY_OPERATOR_", "POD_NAMESPACE"];
        if ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

#[test]
fn the_book_and_the_help_name_the_same_options_with_the_same_defaults() {
    let (help, book) = (of_the_help(), of_the_book());
    assert!(help.len() > 20, "{help:#?}");
    for (name, facts) in &help {
        assert_eq!(book.get(name), Some(facts), "--{name} in docs/running.md");
    }
    for name in book.keys() {
        assert!(help.contains_key(name), "--{name} in the help");
    }
}

#[test]
fn the_help_is_one_page() {
    let help = help();
    assert!(help.lines().count() <= 88, "{}", help.lines().count());
}

/// What becomes of an option of Kong's operator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It does what it does there, with the same default.
    Applied,
    /// It is taken, and a warning says why it has no effect.
    Accepted,
}

/// Every option of Kong's operator, with its default; where that is empty, or depends, with a value.
const OF_KONGS_OPERATOR: &[(&str, &str, Fate)] = {
    use Fate::{Accepted, Applied};
    &[
        ("enable-controller-konnect", "false", Accepted),
        ("konnect-sync-period", "1m", Applied),
        ("konnect-request-timeout", "10s", Applied),
        (
            "max-concurrent-reconciles-konnect-controller",
            "8",
            Accepted,
        ),
        (
            "konnect-controller-max-concurrent-reconciles",
            "8",
            Accepted,
        ),
        ("secret-label-selector", "konghq.com/secret", Applied),
        (
            "config-map-label-selector",
            "konghq.com/configmap",
            Accepted,
        ),
        ("watch-namespaces", "", Applied),
        ("cluster-ca-secret", "kong-operator-ca", Applied),
        ("cluster-ca-secret-namespace", "", Applied),
        ("cert-ttl", "87600h", Applied),
        ("cert-expiration-margin", "168h", Applied),
        ("enable-controller-dataplane", "true", Accepted),
        ("enable-controller-dataplane-bluegreen", "true", Accepted),
        ("enable-controller-controlplane", "true", Accepted),
        ("enable-controller-gateway", "true", Accepted),
        ("enable-conversion-webhook", "true", Applied),
        ("enable-validating-webhook", "true", Accepted),
        ("feature-gates", "mcp-server=true", Accepted),
        ("metrics-bind-address", ":8080", Applied),
        ("metrics-access-filter", "off", Applied),
        ("health-probe-bind-address", ":8081", Applied),
        ("apiserver-host", "", Applied),
        ("apiserver-qps", "100", Accepted),
        ("apiserver-burst", "300", Accepted),
        ("kubeconfig", "", Applied),
        ("no-leader-election", "false", Applied),
        ("leader-election-lease-duration", "15s", Applied),
        ("leader-election-renew-deadline", "10s", Applied),
        ("leader-election-retry-period", "2s", Applied),
        ("cache-sync-timeout", "0", Accepted),
        ("cache-sync-period", "0", Accepted),
        ("controller-name", "konghq.com/gateway-operator", Accepted),
        ("logging-mode", "production", Applied),
        ("emit-kubernetes-events", "true", Applied),
        ("cluster-domain", "cluster.local", Accepted),
        ("enable-fqdn-mode", "false", Accepted),
        ("anonymous-reports", "true", Accepted),
    ]
};

/// What is on the log of an operator that is told all of it, and ends since its cluster is not to be had.
fn told(tell: impl Fn(&mut Command, &str, &str)) -> String {
    let folder = folder(&[]);
    let mut command = konduit(&["run"]);
    command.current_dir(folder.path()).env_remove("RUST_LOG");
    for (name, value, _) in OF_KONGS_OPERATOR {
        tell(&mut command, name, value);
    }
    command.args(["--kubeconfig", "nowhere"]);
    let output = command.output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{log}");
    assert!(log.contains("cannot read \"nowhere\""), "{log}");
    log
}

#[test]
fn options_of_kongs_operator_have_their_effect_or_are_taken_with_a_warning() {
    let shown = of_the_help();
    for (name, value, fate) in OF_KONGS_OPERATOR {
        let default = Some(*value).filter(|value| !value.is_empty());
        match fate {
            Fate::Applied => assert_eq!(shown[*name].default.as_deref(), default, "--{name}"),
            Fate::Accepted => assert!(!shown.contains_key(*name), "--{name} is shown"),
        }
    }
    let on_the_line = told(|command, name, value| {
        command.arg(format!("--{name}={value}"));
    });
    let in_variables = |prefix: &'static str| {
        told(move |command, name, value| {
            let name = name.to_ascii_uppercase().replace('-', "_");
            command.env(format!("{prefix}{name}"), value);
        })
    };
    for log in [
        on_the_line,
        in_variables("KONG_OPERATOR_"),
        in_variables("GATEWAY_OPERATOR_"),
    ] {
        let warnings: Vec<&str> = log.lines().filter(|it| it.contains("no effect")).collect();
        let [warning] = warnings[..] else {
            panic!("one warning: {log}")
        };
        for (name, _, fate) in OF_KONGS_OPERATOR {
            let warned = warning.contains(&format!("--{name} ("));
            assert_eq!(warned, *fate == Fate::Accepted, "--{name}: {warning}");
        }
    }
}
