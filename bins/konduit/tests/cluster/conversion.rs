//! Both versions of a control plane read back whole while the operator, which converts them, restarts.

use std::time::{Duration, Instant};

use clustertest::{World, object};
use kong_crds::Kind;
use serde_json::{Value, json};

use crate::shop::{self, NAMESPACE};
use crate::world;

const RESTARTS: usize = 4;
/// How long after its start an operator may leave a conversion unanswered: it is served before it leads, which after a
/// crash takes as long as a lease.
const AT_ONCE: Duration = Duration::from_secs(5);

fn old() -> Value {
    json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "old", "namespace": NAMESPACE},
        "spec": {
            "name": "old", "description": "written as v1alpha1", "labels": {"team": "shop"},
            "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE", "auth_type": "pinned_client_certs",
            "proxy_urls": [{"host": "proxy.example", "port": 443, "protocol": "https"}],
            "source": "Origin", "konnect": {"authRef": {"name": "auth"}},
        },
    })
}

fn new() -> Value {
    json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "new", "namespace": NAMESPACE},
        "spec": {
            "createControlPlaneRequest": {
                "name": "new", "description": "written as v1alpha2", "labels": {"team": "shop"},
                "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE",
            },
            "source": "Origin", "konnect": {"authRef": {"name": "auth"}},
        },
    })
}

/// The same object in a version.
fn at(mut object: Value, version: &str) -> Value {
    object["apiVersion"] = format!("konnect.konghq.com/{version}").into();
    object
}

/// Both objects in both versions, without what only the API server has; an error if one cannot be read now.
async fn read(world: &World) -> Result<Vec<Value>, kube::Error> {
    let mut found = Vec::new();
    for object in [old(), new()] {
        for version in ["v1alpha1", "v1alpha2"] {
            let object = world.try_get(&at(object.clone(), version)).await?.unwrap();
            found.push(json!({
                "apiVersion": object["apiVersion"], "spec": object["spec"], "status": object["status"]["id"]}));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn both_versions_read_back_whole_while_the_operator_restarts() {
    let world = world!();
    world.namespace(NAMESPACE).await;
    let [port] = envtest::ports::free().unwrap();
    let options = world
        .operator()
        .with("--enable-conversion-webhook=true")
        .with(format!("--webhook-bind-address=127.0.0.1:{port}"))
        .with(format!("--webhook-url=https://127.0.0.1:{port}/convert"));
    let mut operator = options.clone().start().await;
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "konnectgatewaycontrolplanes.konnect.konghq.com"}});
    let conversion = |definition: &Value| definition["spec"]["conversion"].clone();
    let trusted = world
        .until(&definition, "converted by us", |it| {
            conversion(it)["strategy"] == "Webhook"
        })
        .await;
    world.apply_all(&[shop::credentials(), new()]).await;
    // The API server takes a moment until it knows whom to ask.
    while world.try_apply(&old()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world
        .until_all(Kind::KonnectGatewayControlPlane, 2, object::is_programmed)
        .await;
    let whole = read(&world).await.unwrap();
    for (object, found) in [(old(), &whole[1]), (new(), &whole[2])] {
        let other = found["apiVersion"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap();
        let converted = kong_crds::convert(object, other).unwrap();
        for (name, value) in converted["spec"].as_object().unwrap() {
            // What the schema sets by itself is there besides.
            assert!(
                holds(&found["spec"][name], value),
                "{name} of {found:#} is not {value}"
            );
        }
    }

    for _ in 0..RESTARTS {
        operator.kill().await;
        // Nobody converts now, and the API server says so rather than something that is not so.
        assert!(read(&world).await.is_err());
        let began = Instant::now();
        operator = options.clone().start_alone().await;
        let mut refused = 0;
        loop {
            match read(&world).await {
                Ok(found) => {
                    assert_eq!(found, whole);
                    break;
                }
                Err(error) => {
                    refused += 1;
                    assert!(began.elapsed() < AT_ONCE, "nobody converts: {error}");
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let leads = operator.metric("konduit_leader").await > 0.5;
        println!(
            "converted after {:?} and {refused} refusals; leads: {leads}",
            began.elapsed()
        );
        assert!(!leads, "a crash leaves the lease as it is");
    }
    // Nothing has changed about whom the API server asks and trusts.
    assert_eq!(
        conversion(&world.get(&definition).await.unwrap()),
        conversion(&trusted)
    );
    assert_eq!(read(&world).await.unwrap(), whole);
}

/// Whether all of a value is in another.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| found.get(name).is_some_and(|found| holds(found, value))),
        (found, wanted) => found == wanted,
    }
}
