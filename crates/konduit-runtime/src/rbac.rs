//! What the operator may do in a cluster: the least that suffices.
//!
//! One table says which verbs are used on what, and why. `konduit rbac` prints it as manifests, `deploy/`
//! holds these, and the tests on a real API server run under them: a verb that is not in the table is a
//! verb that is refused. What only metrics for the permitted need is apart. Start with [`rules`].

use kong_crds::Kind;
use serde_json::{Value, json};

use crate::{access, lease::LEASE_NAME, watches::definition_name, webhook::CONVERTED};

/// The name of everything that is made here.
const NAME: &str = "konduit";
/// The role of those who may read metrics.
const METRICS_READER: &str = "konduit-metrics-reader";
/// The Secret of the webhook's own certificate, unless another name is given.
pub const WEBHOOK_SECRET: &str = "konduit-webhook";
/// The Secret of the authority that signs certificates of data planes, unless another name is given; that of
/// Kong's operator.
pub const AUTHORITY_SECRET: &str = "kong-operator-ca";

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In every namespace, and for what is in none.
    Cluster,
    /// In the namespace of the operator alone.
    Home,
}

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it holds.
    pub reach: Reach,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The plural, with a subresource if it is about one: `kongservices/status`.
    pub resource: String,
    /// The only objects that it is for; all if there are none.
    pub names: Vec<String>,
    /// The verbs.
    pub verbs: Vec<&'static str>,
    /// What for.
    pub reason: &'static str,
}

/// Everything that the operator does in a cluster, but for [`review_rules`].
pub fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Kind::served().flat_map(of_kind).collect();
    rules.extend(of_shell());
    rules
}

/// What it takes to ask the API server who may read metrics ([`Readers::Permitted`](crate::Readers)).
pub fn review_rules() -> Vec<Rule> {
    [
        ("authentication.k8s.io", "tokenreviews", "whose token it is"),
        (
            "authorization.k8s.io",
            "subjectaccessreviews",
            "whether that user may read metrics",
        ),
    ]
    .map(|(group, resource, reason)| Rule {
        verbs: vec!["create"],
        ..rule(Reach::Cluster, group, resource, reason)
    })
    .into()
}

fn rule(reach: Reach, group: &'static str, resource: &str, reason: &'static str) -> Rule {
    Rule {
        reach,
        group,
        resource: resource.to_owned(),
        names: Vec::new(),
        verbs: Vec::new(),
        reason,
    }
}

/// What is done with objects of a kind.
fn of_kind(kind: Kind) -> Vec<Rule> {
    let judged = kong_translation::frame(kind).is_some();
    let pinned = kong_translation::can_be_pinned(kind);
    let mut verbs = vec!["list", "watch"];
    if kind == Kind::Secret {
        verbs.push("create");
    }
    if judged || pinned {
        verbs.push("patch");
    }
    let reason = match (judged || pinned, kind) {
        (true, Kind::Secret) => {
            "tokens and certificates that objects refer to; finalizers; certificates that are made"
        }
        (true, _) => "they are read; finalizers",
        (false, _) => "they are read",
    };
    let mut rules = vec![Rule {
        verbs,
        ..rule(Reach::Cluster, kind.group(), kind.plural(), reason)
    }];
    if judged {
        let status = format!("{}/status", kind.plural());
        rules.push(Rule {
            verbs: vec!["patch"],
            ..rule(Reach::Cluster, kind.group(), &status, "statuses")
        });
    }
    rules
}

/// What the shell needs for itself.
fn of_shell() -> Vec<Rule> {
    const DEFINITIONS: (&str, &str) = ("apiextensions.k8s.io", "customresourcedefinitions");
    const LEASES: (&str, &str) = ("coordination.k8s.io", "leases");
    let names = |kinds: &mut dyn Iterator<Item = Kind>| -> Vec<String> {
        kinds.map(definition_name).collect()
    };
    let custom = &mut Kind::served().filter(|kind| !kind.group().is_empty());
    let (group, plural) = DEFINITIONS;
    let definitions = |reason| rule(Reach::Cluster, group, plural, reason);
    let leases = |reason| rule(Reach::Home, LEASES.0, LEASES.1, reason);
    let secrets = |reason| rule(Reach::Home, "", "secrets", reason);
    vec![
        Rule {
            names: names(custom),
            verbs: vec!["get"],
            ..definitions("whether a kind is installed that cannot be listed")
        },
        Rule {
            names: names(&mut CONVERTED.iter().copied()),
            verbs: vec!["list", "watch", "patch"],
            ..definitions("the conversion webhook is written into it")
        },
        Rule {
            verbs: vec!["create", "patch"],
            ..rule(
                Reach::Cluster,
                "events.k8s.io",
                "events",
                "events about objects",
            )
        },
        Rule {
            verbs: vec!["create"],
            ..leases("the lease, if there is none")
        },
        Rule {
            names: vec![LEASE_NAME.to_owned()],
            verbs: vec!["get", "update"],
            ..leases("who leads")
        },
        Rule {
            verbs: vec!["create"],
            ..secrets("the certificate of the webhook and the authority, if there is none")
        },
        Rule {
            names: vec![WEBHOOK_SECRET.to_owned()],
            verbs: vec!["get", "update"],
            ..secrets("the certificate of the webhook")
        },
        Rule {
            names: vec![AUTHORITY_SECRET.to_owned()],
            verbs: vec!["get"],
            ..secrets("the authority that signs certificates of data planes")
        },
    ]
}

/// Manifests that give permissions to a service account in a namespace.
pub fn manifests(namespace: &str, rules: &[Rule]) -> Vec<Value> {
    let of = |reach| documents(rules.iter().filter(|rule| rule.reach == reach));
    let subjects = json!([{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}]);
    let reference =
        |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME});
    let document = |kind: &str, home: bool| {
        let api_version = if kind == "ServiceAccount" {
            "v1"
        } else {
            "rbac.authorization.k8s.io/v1"
        };
        let mut document = json!({
            "apiVersion": api_version, "kind": kind,
            "metadata": {"name": NAME, "labels": {"app.kubernetes.io/name": NAME}},
        });
        if home {
            document["metadata"]["namespace"] = json!(namespace);
        }
        document
    };
    let mut cluster_role = document("ClusterRole", false);
    cluster_role["rules"] = json!(of(Reach::Cluster));
    let mut cluster_binding = document("ClusterRoleBinding", false);
    cluster_binding["roleRef"] = reference("ClusterRole");
    cluster_binding["subjects"] = subjects.clone();
    let mut role = document("Role", true);
    role["rules"] = json!(of(Reach::Home));
    let mut binding = document("RoleBinding", true);
    binding["roleRef"] = reference("Role");
    binding["subjects"] = subjects;
    vec![
        document("ServiceAccount", true),
        cluster_role,
        cluster_binding,
        role,
        binding,
    ]
}

/// The role for those who are to read metrics; who they are is for an administrator to say.
pub fn metrics_reader() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": METRICS_READER, "labels": {"app.kubernetes.io/name": NAME}},
        "rules": [{"nonResourceURLs": [access::PATH], "verbs": [access::VERB]}],
    })
}

/// Rules as they stand in a role: resources of a group with the same verbs together.
fn documents<'r>(rules: impl Iterator<Item = &'r Rule>) -> Vec<Value> {
    let mut together: Vec<(&Rule, Vec<&str>)> = Vec::new();
    for rule in rules {
        let alike = |other: &Rule| {
            (other.group, &other.verbs, &other.names) == (rule.group, &rule.verbs, &rule.names)
        };
        match together.iter_mut().find(|(other, _)| alike(other)) {
            Some((_, resources)) => resources.push(&rule.resource),
            None => together.push((rule, vec![&rule.resource])),
        }
    }
    together
        .into_iter()
        .map(|(rule, resources)| {
            let mut document = json!({
                "apiGroups": [rule.group], "resources": resources, "verbs": rule.verbs,
            });
            if !rule.names.is_empty() {
                document["resourceNames"] = json!(rule.names);
            }
            document
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbs(group: &str, resource: &str) -> Vec<&'static str> {
        let rules = rules().into_iter();
        rules
            .filter(|rule| rule.group == group && rule.resource == resource)
            .filter(|rule| rule.reach == Reach::Cluster)
            .flat_map(|rule| rule.verbs)
            .collect()
    }

    #[test]
    fn what_is_only_read_may_only_be_read() {
        let group = "configuration.konghq.com";
        assert_eq!(verbs(group, "kongreferencegrants"), ["list", "watch"]);
        assert_eq!(
            verbs(group, "kongreferencegrants/status"),
            Vec::<&str>::new()
        );
        assert_eq!(verbs(group, "kongservices/status"), ["patch"]);
    }

    #[test]
    fn no_rule_has_a_wildcard_and_nothing_may_be_deleted() {
        for rule in rules().into_iter().chain(review_rules()) {
            assert!(
                !rule.group.contains('*') && !rule.resource.contains('*'),
                "{rule:?}"
            );
            for verb in &rule.verbs {
                assert!(
                    !verb.contains('*') && !verb.starts_with("delete"),
                    "{rule:?}"
                );
            }
        }
    }

    #[test]
    fn secrets_are_created_and_patched_everywhere_and_never_replaced() {
        assert_eq!(verbs("", "secrets"), ["list", "watch", "create", "patch"]);
    }

    #[test]
    fn bindings_name_the_roles_beside_them() {
        let manifests = manifests("kong-system", &rules());
        let kinds: Vec<&str> = manifests
            .iter()
            .map(|document| document["kind"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            [
                "ServiceAccount",
                "ClusterRole",
                "ClusterRoleBinding",
                "Role",
                "RoleBinding"
            ]
        );
        for (binding, role) in [(2, 1), (4, 3)] {
            assert_eq!(
                manifests[binding]["roleRef"]["kind"],
                manifests[role]["kind"]
            );
            assert_eq!(
                manifests[binding]["roleRef"]["name"],
                manifests[role]["metadata"]["name"]
            );
            assert_eq!(
                manifests[binding]["subjects"][0]["namespace"],
                "kong-system"
            );
        }
    }
}
