//! `cargo xtask layers`: dependencies between the crates point one way, and the pure ones stay pure.
//!
//! The rules are the two tables; what is held against them is what cargo resolves, not what manifests
//! seem to say.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{Outcome, workspace};

/// Everything of the house but the binaries and this tool, from the bottom up.
const LIBRARIES: &[&str] = &[
    "gateway-types",
    "kong-crds",
    "kong-model",
    "kong-router",
    "kong-resolve",
    "kong-translation",
    "gateway-translation",
    "konnect-sdk",
    "konnect-sim",
    "konnect-sim-http",
    "cluster-sim",
    "kong-engine",
    "kong-driver",
    "konduit-runtime",
    "testkit",
];

/// What each crate may depend on, of the house. A crate that is not here is a finding.
const ALLOWED: &[(&str, &[&str])] = &[
    // Below everything, so that whoever lists kinds can list those of the Gateway API, too.
    ("gateway-types", &[]),
    ("kong-crds", &["gateway-types"]),
    ("kong-model", &[]),
    // What Kong does with a configuration, for people without Kubernetes, too.
    ("kong-router", &["kong-model"]),
    ("kong-resolve", &["kong-crds", "kong-model"]),
    (
        "kong-translation",
        &["kong-crds", "kong-model", "kong-router", "kong-resolve"],
    ),
    (
        "gateway-translation",
        &[
            "gateway-types",
            "kong-crds",
            "kong-model",
            "kong-router",
            "kong-resolve",
        ],
    ),
    (
        "kong-engine",
        &[
            "kong-crds",
            "kong-model",
            "kong-resolve",
            "kong-translation",
        ],
    ),
    // For people without Kubernetes, too: it knows the values of the API and nothing else of the house.
    ("konnect-sdk", &["kong-model"]),
    // The simulators share data with the product, never its logic: they are what it is tested by.
    ("konnect-sim", &["kong-model"]),
    ("konnect-sim-http", &["kong-model", "konnect-sim"]),
    ("cluster-sim", &["kong-crds"]),
    (
        "kong-driver",
        &[
            "kong-crds",
            "kong-model",
            "kong-resolve",
            "kong-translation",
            "kong-engine",
            "konnect-sim",
            "cluster-sim",
        ],
    ),
    // The shell performs what the engine asks for; the simulators are for its tests alone.
    (
        "konduit-runtime",
        &[
            "kong-crds",
            "kong-model",
            "kong-resolve",
            "kong-translation",
            "kong-engine",
            "konnect-sdk",
        ],
    ),
    (
        "testkit",
        &[
            "kong-crds",
            "kong-model",
            "kong-resolve",
            "kong-translation",
            "kong-engine",
            "konnect-sim",
            "cluster-sim",
            "kong-driver",
        ],
    ),
    // Knows Kubernetes only; what it holds Kong's kinds to is in its tests.
    ("envtest", &[]),
    // The whole operator at work: the servers it talks to, and the operator itself as a process only.
    (
        "clustertest",
        &["kong-crds", "konnect-sim", "konnect-sim-http", "envtest"],
    ),
    ("konnect-contract", &["kong-model"]),
    ("konduit", LIBRARIES),
    ("xtask", &["kong-crds"]),
];

/// Crates without async, clock, network or logging.
const PURE: &[&str] = &[
    "gateway-types",
    "kong-crds",
    "kong-model",
    "kong-router",
    "kong-resolve",
    "kong-translation",
    "gateway-translation",
    "kong-engine",
    "konnect-sim",
    "cluster-sim",
    "kong-driver",
];

/// Packages that a pure crate must not have anywhere below it.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "axum",
    "rustls",
    "kube-client",
    "kube-runtime",
    "tracing",
];

/// Crates for people without Kubernetes.
const APART: &[&str] = &[
    "kong-model",
    "kong-router",
    "konnect-sdk",
    "konnect-sim",
    "konnect-contract",
];

/// Packages that such a crate must not have anywhere below it.
const KUBERNETES: &[&str] = &["kube-core", "kube-client", "k8s-openapi"];

/// Prints every breach of the rules, one a line.
pub(crate) fn run() -> Result<Outcome> {
    let members = members()?;
    let mut breaches = Vec::new();
    for member in &members {
        let tree =
            workspace::cargo_output(&["tree", "-e", "normal", "--prefix", "depth", "-p", member])?;
        breaches.extend(judge(member, &tree, &members));
    }
    for breach in &breaches {
        println!("{breach}");
    }
    Ok(if breaches.is_empty() {
        Outcome::Well
    } else {
        Outcome::Findings
    })
}

/// Names of the crates of the workspace.
fn members() -> Result<Vec<String>> {
    let text = workspace::cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&text).context("cargo's metadata is not JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo's metadata has no packages")?;
    Ok(packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .map(str::to_owned)
        .collect())
}

/// What is wrong with the tree of one crate, as `cargo tree --prefix depth` prints it.
fn judge(member: &str, tree: &str, members: &[String]) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member) else {
        return vec![format!("{member} has no row in the table of layers")];
    };
    let mut breaches = Vec::new();
    for (depth, package) in tree.lines().filter_map(package) {
        let of_the_house = members.iter().any(|name| name == package);
        let breach = if depth == 1 && of_the_house && !allowed.contains(&package) {
            format!("{member} depends on {package}, which is not below it")
        } else if PURE.contains(&member) && IMPURE.contains(&package) {
            format!("{member} is pure but has {package} below it")
        } else if APART.contains(&member) && KUBERNETES.contains(&package) {
            format!("{member} knows no Kubernetes but has {package} below it")
        } else {
            continue;
        };
        if !breaches.contains(&breach) {
            breaches.push(breach);
        }
    }
    breaches
}

/// Depth and name of `3serde v1.0.229 (*)`.
fn package(line: &str) -> Option<(usize, &str)> {
    let digits = line.find(|character: char| !character.is_ascii_digit())?;
    let (depth, rest) = line.split_at(digits);
    Some((depth.parse().ok()?, rest.split_whitespace().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> Vec<String> {
        ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn a_tree_within_the_rules_has_no_breaches() {
        let tree = "0kong-resolve v0.1.0 (/somewhere)\n1kong-crds v0.1.0 (/somewhere)\n\
                    2serde v1.0.0\n3serde_derive v1.0.0 (proc-macro)\n1kong-model v0.1.0 (*)\n";
        assert_eq!(judge("kong-resolve", tree, &house()), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_upwards_is_a_breach() {
        let tree = "0kong-model v0.1.0\n1kong-engine v0.1.0\n2kong-resolve v0.1.0\n";
        assert_eq!(
            judge("kong-model", tree, &house()),
            ["kong-model depends on kong-engine, which is not below it"]
        );
    }

    #[test]
    fn an_impure_package_is_a_breach_at_any_depth_but_named_once() {
        let tree = "0kong-engine v0.1.0\n1helper v1.0.0\n2tokio v1.0.0\n1tokio v1.0.0 (*)\n";
        assert_eq!(
            judge("kong-engine", tree, &house()),
            ["kong-engine is pure but has tokio below it"]
        );
    }

    #[test]
    fn kubernetes_below_a_crate_for_people_without_it_is_a_breach() {
        let tree = "0konnect-sdk v0.1.0\n1kong-model v0.1.0\n1tokio v1.0.0\n1kube-core v5.0.0\n";
        assert_eq!(
            judge("konnect-sdk", tree, &house()),
            ["konnect-sdk knows no Kubernetes but has kube-core below it"]
        );
    }

    #[test]
    fn the_binary_may_have_what_the_libraries_may_not() {
        let tree = "0konduit v0.1.0\n1kong-engine v0.1.0\n1tokio v1.0.0\n";
        assert_eq!(judge("konduit", tree, &house()), Vec::<String>::new());
    }

    #[test]
    fn a_crate_without_a_row_is_a_breach() {
        assert_eq!(
            judge("newcomer", "0newcomer v0.1.0\n", &house()),
            ["newcomer has no row in the table of layers"]
        );
    }

    #[test]
    fn nothing_may_depend_on_what_depends_on_it() {
        let allowed = |name: &str| {
            ALLOWED
                .iter()
                .find(|(row, _)| *row == name)
                .map(|(_, below)| *below)
                .unwrap()
        };
        for (name, below) in ALLOWED {
            for dependency in *below {
                assert!(
                    !allowed(dependency).contains(name),
                    "{name} and {dependency}"
                );
            }
        }
    }
}
