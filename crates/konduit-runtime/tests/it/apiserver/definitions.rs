//! Kinds of Kubernetes itself that the shell needs, as custom resources without a schema.

use serde_json::{Value, json};

/// Group, version, plural, kind, scope.
const KINDS: [(&str, &str, &str, &str, &str); 3] = [
    ("coordination.k8s.io", "v1", "leases", "Lease", "Namespaced"),
    ("events.k8s.io", "v1", "events", "Event", "Namespaced"),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "Cluster",
    ),
];

pub(super) fn of_kubernetes() -> Vec<Value> {
    KINDS
        .iter()
        .map(|(group, version, plural, kind, scope)| {
            json!({
                "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.{group}")},
                "spec": {
                    "group": group, "scope": scope, "names": {"kind": kind, "plural": plural},
                    "versions": [{
                        "name": version, "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": {
                            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                        }},
                    }],
                },
            })
        })
        .collect()
}
