//! Kong's tutorials for its operator and Konnect, with the real `kubectl`, the operator as a process and
//! `konduit sim` as another: what is applied in the order of the tutorials, and in the reverse one, comes to what
//! the tutorials print, Konnect holds it with tags, and what is deleted is gone.
//!
//! The manifests are in files that are applied one by one, in the order of their names. Tutorials about kinds that
//! are not served yet are not among them.

use std::fs;
use std::path::{Path, PathBuf};

use clustertest::Sim;
use serde_json::{Value, json};

use crate::kubectl::Kubectl;
use crate::world;

/// Where the tutorials put everything that has a namespace.
const NAMESPACE: &str = "kong";
/// How long `kubectl` waits for anything.
const TIMEOUT: &str = "--timeout=60s";

/// A tutorial, or several that belong together.
struct Tutorial {
    /// The folder of the manifests.
    folder: &'static str,
    /// Annotations that are put on with `kubectl`: kind, name, annotation.
    annotations: &'static [(&'static str, &'static str, &'static str)],
    /// What it prints of conditions that are True: kind, name, type, reason.
    prints: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// The plugins that Konnect holds in the end, by the names of their objects.
    plugins: &'static [&'static str],
}

const TUTORIALS: &[Tutorial] = &[
    Tutorial {
        folder: "get-started",
        annotations: &[(
            "kongservice",
            "service",
            "konghq.com/plugins=rate-limit-5-min,proxy-cache-all-endpoints,key-auth",
        )],
        prints: &[
            (
                "KonnectAPIAuthConfiguration",
                "konnect-api-auth",
                "APIAuthValid",
                "Valid",
            ),
            (
                "KonnectGatewayControlPlane",
                "gateway-control-plane",
                "Programmed",
                "Programmed",
            ),
            ("KongService", "service", "Programmed", "Programmed"),
            ("KongRoute", "route", "Programmed", "Programmed"),
        ],
        plugins: &["rate-limit-5-min", "proxy-cache-all-endpoints", "key-auth"],
    },
    Tutorial {
        folder: "entities",
        annotations: &[],
        prints: &[
            (
                "KonnectGatewayControlPlane",
                "gateway-control-plane",
                "Programmed",
                "Programmed",
            ),
            ("KongService", "service", "Programmed", "Programmed"),
            (
                "KongRoute",
                "route-with-service",
                "Programmed",
                "Programmed",
            ),
            (
                "KongRoute",
                "route-without-service",
                "Programmed",
                "Programmed",
            ),
            ("KongUpstream", "upstream", "Programmed", "Programmed"),
            ("KongTarget", "target-a", "KongUpstreamRefValid", "Valid"),
            ("KongTarget", "target-b", "KongUpstreamRefValid", "Valid"),
            ("KongTarget", "target-a", "Programmed", "Programmed"),
            ("KongTarget", "target-b", "Programmed", "Programmed"),
            ("KongCertificate", "cert", "Programmed", "Programmed"),
            (
                "KongPluginBinding",
                "binding-route-rate-limiting",
                "Programmed",
                "Programmed",
            ),
            (
                "KonnectGatewayControlPlane",
                "control-plane-group",
                "Programmed",
                "Programmed",
            ),
        ],
        plugins: &[],
    },
];

/// In which order the files are applied.
#[derive(Clone, Copy, Debug)]
enum Order {
    Told,
    Reverse,
}

impl Tutorial {
    /// The files, in an order.
    fn files(&self, order: Order) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/tutorials");
        let entries = fs::read_dir(folder.join(self.folder)).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        if matches!(order, Order::Reverse) {
            files.reverse();
        }
        files
    }

    async fn apply(&self, kubectl: &Kubectl, order: Order) {
        for file in self.files(order) {
            kubectl.run(&["apply", "-f", file.to_str().unwrap()]).await;
        }
        for (kind, name, annotation) in self.annotations {
            kubectl
                .run(&["annotate", "-n", NAMESPACE, kind, name, annotation])
                .await;
        }
    }

    /// Waits for the conditions as one does, and holds what is printed against the tutorial.
    async fn read(&self, kubectl: &Kubectl) {
        for (kind, name, condition, reason) in self.prints {
            let kind = kind.to_lowercase();
            let (object, wanted) = (
                format!("{kind}/{name}"),
                format!("--for=condition={condition}"),
            );
            kubectl
                .run(&["wait", "-n", NAMESPACE, &wanted, TIMEOUT, &object])
                .await;
            let path = format!(
                "-o=jsonpath=[{{.metadata.generation}},{{.status.conditions[?(@.type==\"{condition}\")]}}]"
            );
            let printed = kubectl.run(&["get", "-n", NAMESPACE, &object, &path]).await;
            let printed: Value = serde_json::from_str(&printed).unwrap();
            let [generation, said] = printed.as_array().unwrap().as_slice() else {
                panic!("{object}: {printed}");
            };
            let picked = ["observedGeneration", "reason", "status", "type"]
                .map(|field| (field.to_owned(), said[field].clone()));
            assert_eq!(
                Value::Object(picked.into_iter().collect()),
                json!({
                    "observedGeneration": generation, "reason": reason, "status": "True", "type": condition,
                }),
                "{object}"
            );
        }
    }

    /// Konnect holds each object once: a control plane by its name, everything else with the tags that tell whose
    /// it is.
    async fn assert_held(&self, sim: &Sim) {
        let state = sim.state().await;
        for (kind, name, _, _) in self.prints {
            let count = match *kind {
                "KonnectAPIAuthConfiguration" => continue,
                "KonnectGatewayControlPlane" => {
                    let names = state
                        .iter()
                        .map(|document| &document["_konnect"]["control_plane_name"]);
                    names.filter(|found| *found == name).count()
                }
                kind => state
                    .iter()
                    .map(|document| tagged(document, kind, name))
                    .sum(),
            };
            assert_eq!(count, 1, "{kind} {name} in {state:#?}");
        }
        for name in self.plugins {
            // Through how many bindings does not matter.
            let count: usize = state
                .iter()
                .map(|document| tagged(document, "KongPlugin", name))
                .sum();
            assert_eq!(count, 1, "{name} in {state:#?}");
        }
    }
}

/// How many entities somewhere in a value say in their tags that they are made from this object.
fn tagged(value: &Value, kind: &str, name: &str) -> usize {
    let wanted = [("k8s-kind", kind), ("k8s-name", name)];
    match value {
        Value::Array(items) => items.iter().map(|item| tagged(item, kind, name)).sum(),
        Value::Object(members) => {
            let tags = value["tags"].as_array();
            let has = |(key, text): (&str, &str)| {
                let tag = Value::from(format!("{key}:{text}"));
                tags.is_some_and(|tags| tags.contains(&tag))
            };
            let below = members.values().map(|member| tagged(member, kind, name));
            usize::from(wanted.into_iter().all(has)) + below.sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[tokio::test]
async fn the_tutorials_come_to_what_they_print_in_both_orders_and_leave_nothing_behind() {
    let world = world!();
    let Some(kubectl) = Kubectl::of(&world) else {
        return;
    };
    let sim = Sim::start(crate::PROGRAM).await;
    let options = world
        .operator()
        .with(format!("--konnect-url={}", sim.url()));
    let operator = options.start().await;
    kubectl.run(&["create", "namespace", NAMESPACE]).await;
    for tutorial in TUTORIALS {
        for order in [Order::Told, Order::Reverse] {
            println!("{} {order:?}", tutorial.folder);
            tutorial.apply(&kubectl, order).await;
            tutorial.read(&kubectl).await;
            tutorial.assert_held(&sim).await;
            let mut delete = vec!["delete".to_owned(), TIMEOUT.to_owned()];
            for file in tutorial.files(Order::Told) {
                delete.extend(["-f".to_owned(), file.display().to_string()]);
            }
            let delete: Vec<&str> = delete.iter().map(String::as_str).collect();
            kubectl.run(&delete).await;
            let left = sim.state().await;
            assert_eq!(left, [] as [Value; 0]);
        }
    }
    assert_eq!(operator.stop().await, 0);
}

#[tokio::test]
async fn kubectl_shows_in_tables_and_in_events_what_became_of_an_object() {
    let world = world!();
    let Some(kubectl) = Kubectl::of(&world) else {
        return;
    };
    let operator = world.operator().start().await;
    kubectl.run(&["create", "namespace", NAMESPACE]).await;
    let tutorial = &TUTORIALS[1];
    tutorial.apply(&kubectl, Order::Told).await;
    tutorial.read(&kubectl).await;

    // As far as it does not change with time and place.
    for (kind, columns, row) in [
        (
            "konnectgatewaycontrolplanes",
            "NAME PROGRAMMED ID ORGID AGE",
            "gateway-control-plane True",
        ),
        (
            "kongservices",
            "NAME HOST PROTOCOL PROGRAMMED AGE",
            "service example.com True",
        ),
        (
            "kongtargets",
            "NAME UPSTREAM TARGET PROGRAMMED AGE",
            "target-b upstream 10.0.0.2 True",
        ),
    ] {
        let table = kubectl.run(&["get", "-n", NAMESPACE, kind]).await;
        let lines = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let lines: Vec<String> = lines.collect();
        assert_eq!(lines[0], columns);
        assert!(
            lines.iter().any(|line| line.starts_with(row)),
            "{row} in\n{table}"
        );
    }

    let described = kubectl
        .run(&["describe", "-n", NAMESPACE, "kongtarget", "target-a"])
        .await;
    let (_, events) = described.rsplit_once("Events:").unwrap();
    let told = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.starts_with(&["Normal", "Programmed"]) && words.contains(&"konduit")
    };
    assert!(events.lines().any(told), "{described}");
    assert_eq!(operator.stop().await, 0);
}
