//! The driver end to end: from manifests to Programmed, and back to nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Subresource, WriteOptions,
};
use kong_driver::{Driver, ReplicaId, Schedule, Setup, Step};
use kong_engine::{Engine, Mono, Role, Settings};
use kong_model::{Collection, Response};
use konnect_sim::{Fault, Konnect};
use serde_json::{Value, json};

const KONG: &str = "configuration.konghq.com/v1alpha1";

fn driver() -> Driver<Engine> {
    Driver::new(Setup {
        cluster: Cluster::new(&kong_crds::crd_documents()).unwrap(),
        konnect: Konnect::new(1),
        schedule: Schedule::calm(),
        wall: 1_700_000_000,
        machine: || Engine::new(Settings::default()),
    })
}

fn create(driver: &mut Driver<Engine>, api: &str, kind: &str, name: &str, spec: &Value) {
    let document = json!({
        "apiVersion": api, "kind": kind,
        "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    });
    driver
        .request(Request::Create {
            document,
            options: WriteOptions::STRICT,
        })
        .unwrap();
}

fn in_plane(mut spec: Value) -> Value {
    spec["controlPlaneRef"] =
        json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}});
    spec
}

fn id(resource: &str, name: &str) -> ObjectId {
    let group = if resource.starts_with("konnect") {
        "konnect"
    } else {
        "configuration"
    };
    ObjectId::namespaced(
        ResourceId::new(format!("{group}.konghq.com"), resource),
        "default",
        name,
    )
}

fn plane(driver: &mut Driver<Engine>) {
    let auth = json!({"type": "token", "token": "kpat_x", "serverURL": "us.api.konghq.com"});
    create(
        driver,
        "konnect.konghq.com/v1alpha1",
        "KonnectAPIAuthConfiguration",
        "auth",
        &auth,
    );
    let plane = json!({
        "createControlPlaneRequest": {"name": "cp"}, "konnect": {"authRef": {"name": "auth"}},
    });
    create(
        driver,
        "konnect.konghq.com/v1alpha2",
        "KonnectGatewayControlPlane",
        "cp",
        &plane,
    );
}

fn upstream_and_targets(driver: &mut Driver<Engine>, count: usize) {
    plane(driver);
    for number in 0..count {
        let spec = json!({"upstreamRef": {"name": "upstream"}, "target": format!("10.0.0.1:{}", number + 1)});
        create(
            driver,
            KONG,
            "KongTarget",
            &format!("target-{number}"),
            &spec,
        );
    }
    let spec = in_plane(json!({"name": "upstream.test"}));
    create(driver, KONG, "KongUpstream", "upstream", &spec);
}

fn patch(driver: &mut Driver<Engine>, object: ObjectId, patch: Value) {
    let request = Request::Patch {
        object,
        version: None,
        patch,
        subresource: Subresource::Main,
    };
    driver.request(request).unwrap();
}

fn delete(driver: &mut Driver<Engine>, object: ObjectId) {
    let (preconditions, propagation) = (Preconditions::default(), Propagation::default());
    driver
        .request(Request::Delete {
            object,
            preconditions,
            propagation,
        })
        .unwrap();
}

/// The engine's writes to the cluster and to Konnect since the last call.
fn writes(driver: &mut Driver<Engine>) -> (Vec<String>, Vec<String>) {
    let cluster = driver
        .cluster
        .log()
        .iter()
        .filter(|op| op.is_write() && &*op.actor != "user");
    let cluster = cluster
        .map(|op| format!("{:?} {} {}", op.subresource, op.name, op.code))
        .collect();
    let konnect = driver.konnect.log().iter().filter(|entry| entry.is_write());
    let konnect = konnect
        .map(|entry| {
            format!(
                "{} {} {}",
                entry.method,
                entry.path.rsplit("core-entities").next().unwrap(),
                entry.status
            )
        })
        .collect();
    driver.cluster.clear_log();
    driver.konnect.clear_log();
    (cluster, konnect)
}

fn settle(driver: &mut Driver<Engine>) {
    let limit = Mono(driver.now().mono.0 + 120_000);
    if !driver.settle(limit) {
        let mut trace = Vec::new();
        while trace.len() < 40 {
            match driver.step(Mono(u64::MAX)) {
                Some(Step::Sent(sent)) => trace.push(format!(
                    "{:?} {:?} -> {:?}",
                    sent.at, sent.action, sent.outcome
                )),
                Some(other) => trace.push(format!("{other:?}").chars().take(150).collect()),
                None => break,
            }
        }
        panic!("not quiet:\n{}", trace.join("\n"));
    }
}

#[test]
fn each_object_costs_two_writes_in_the_cluster_and_one_in_konnect() {
    let mut driver = driver();
    upstream_and_targets(&mut driver, 100);
    settle(&mut driver);
    let (cluster, konnect) = writes(&mut driver);
    assert_eq!(cluster.len(), 2 * 103, "{cluster:#?}");
    assert_eq!(konnect.len(), 102, "{konnect:#?}");

    patch(
        &mut driver,
        id("kongtargets", "target-7"),
        json!({"spec": {"weight": 7}}),
    );
    settle(&mut driver);
    let (cluster, konnect) = writes(&mut driver);
    assert_eq!(
        (cluster.len(), konnect.len()),
        (1, 1),
        "{cluster:?} {konnect:?}"
    );

    delete(&mut driver, id("kongtargets", "target-7"));
    settle(&mut driver);
    let (cluster, konnect) = writes(&mut driver);
    assert_eq!(
        (cluster.len(), konnect.len()),
        (1, 1),
        "{cluster:?} {konnect:?}"
    );

    driver.restart(
        ReplicaId(0),
        Role::Leader {
            term: 2,
            fence: Mono(u64::MAX),
        },
    );
    settle(&mut driver);
    let until = Mono(driver.now().mono.0 + 600_000);
    driver.run_until(until);
    let (cluster, konnect) = writes(&mut driver);
    assert_eq!((cluster, konnect), (vec![], vec![]));
}

#[test]
fn everything_goes_when_everything_is_deleted() {
    let mut driver = driver();
    upstream_and_targets(&mut driver, 3);
    let spec = in_plane(json!({"name": "service", "host": "example.test"}));
    create(&mut driver, KONG, "KongService", "service", &spec);
    let spec = json!({"name": "route", "paths": ["/x"], "serviceRef": {"type": "namespacedRef", "namespacedRef": {"name": "service"}}});
    create(&mut driver, KONG, "KongRoute", "route", &spec);
    settle(&mut driver);
    writes(&mut driver);
    delete(&mut driver, id("konnectapiauthconfigurations", "auth"));
    delete(&mut driver, id("konnectgatewaycontrolplanes", "cp"));
    delete(&mut driver, id("kongservices", "service"));
    delete(&mut driver, id("kongroutes", "route"));
    delete(&mut driver, id("kongupstreams", "upstream"));
    for number in 0..3 {
        delete(&mut driver, id("kongtargets", &format!("target-{number}")));
    }
    settle(&mut driver);
    let (cluster, konnect) = writes(&mut driver);
    let left: Vec<_> = driver
        .cluster
        .resources()
        .cloned()
        .collect::<Vec<_>>()
        .iter()
        .flat_map(|resource| {
            driver
                .cluster
                .list(resource, None)
                .cloned()
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        left,
        Vec::<std::sync::Arc<Value>>::new(),
        "{cluster:#?} {konnect:#?}"
    );
    assert_eq!(
        driver
            .konnect
            .entities(Collection::ControlPlanes, None)
            .count(),
        0
    );
    assert!(
        konnect.iter().all(|line| line.ends_with("204")),
        "{konnect:#?}"
    );
    assert_eq!(cluster.len(), 8, "{cluster:#?}");
}

#[test]
fn names_can_be_swapped() {
    let mut driver = driver();
    plane(&mut driver);
    for (name, konnect) in [("a", "x"), ("b", "y")] {
        let spec = in_plane(json!({"name": konnect, "host": "example.test"}));
        create(&mut driver, KONG, "KongService", name, &spec);
    }
    settle(&mut driver);
    writes(&mut driver);
    patch(
        &mut driver,
        id("kongservices", "a"),
        json!({"spec": {"name": "y"}}),
    );
    patch(
        &mut driver,
        id("kongservices", "b"),
        json!({"spec": {"name": "x"}}),
    );
    settle(&mut driver);
    let (_, konnect) = writes(&mut driver);
    assert_eq!(konnect.len(), 3, "{konnect:#?}");
    assert!(
        konnect.iter().all(|line| line.ends_with("200")),
        "{konnect:#?}"
    );
    let spec = in_plane(json!({"name": "x", "host": "example.test"}));
    create(&mut driver, KONG, "KongService", "c", &spec);
    settle(&mut driver);
    let status = driver.cluster.get(&id("kongservices", "c")).unwrap()["status"].clone();
    println!("{status:#}");
    delete(&mut driver, id("kongservices", "b"));
    settle(&mut driver);
    let status = driver.cluster.get(&id("kongservices", "c")).unwrap()["status"].clone();
    let programmed = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["type"] == "Programmed")
        .unwrap();
    assert_eq!(programmed["status"], "True", "{status:#}");
}

#[test]
fn a_server_that_redirects_is_named_where_it_can_be_corrected_and_asked_again_when_it_does_not() {
    let mut driver = driver();
    let elsewhere = Fault::new(None, "", Response::new(302, Value::Null));
    driver.konnect.script(elsewhere);
    upstream_and_targets(&mut driver, 3);
    let until = Mono(driver.now().mono.0 + 30_000);
    driver.run_until(until);
    let auth = id("konnectapiauthconfigurations", "auth");
    let status = driver.cluster.get(&auth).unwrap()["status"].clone();
    let condition = &status["conditions"][0];
    assert_eq!(condition["status"], "False", "{status:#}");
    let message = condition["message"].as_str().unwrap();
    assert!(
        message.contains("the token is kept back: the server redirects")
            && message.ends_with("create another KonnectAPIAuthConfiguration with a right one"),
        "{message}"
    );
    let (_, konnect) = writes(&mut driver);
    assert_eq!(konnect.len(), 0, "{konnect:?}");

    driver.konnect.clear_faults();
    let until = Mono(driver.now().mono.0 + 300_000);
    driver.run_until(until);
    let (_, konnect) = writes(&mut driver);
    assert_eq!(konnect.len(), 5, "{konnect:?}");
}

#[test]
fn a_secret_is_seen_as_long_as_it_has_the_label() {
    let mut driver = driver();
    let document = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "token", "namespace": "default",
            "labels": {"konghq.com/credential": "konnect"},
        },
        "stringData": {"token": "kpat_x"},
    });
    let options = WriteOptions::STRICT;
    driver
        .request(Request::Create { document, options })
        .unwrap();
    let auth = json!({
        "type": "secretRef", "secretRef": {"name": "token"}, "serverURL": "us.api.konghq.com",
    });
    create(
        &mut driver,
        "konnect.konghq.com/v1alpha1",
        "KonnectAPIAuthConfiguration",
        "auth",
        &auth,
    );
    let secret = ObjectId::namespaced(ResourceId::new("", "secrets"), "default", "token");
    let is_valid = |driver: &mut Driver<Engine>| {
        driver.run_until(Mono(driver.now().mono.0 + 30_000));
        let auth = driver
            .cluster
            .get(&id("konnectapiauthconfigurations", "auth"));
        auth.unwrap()["status"]["conditions"][0]["status"].clone()
    };
    assert_eq!(is_valid(&mut driver), "False");
    for (label, expected) in [
        (json!("true"), "True"),
        (Value::Null, "False"),
        (json!("internal"), "True"),
        (json!("no"), "False"),
        (json!("true"), "True"),
    ] {
        let labels = json!({"konghq.com/secret": label});
        patch(
            &mut driver,
            secret.clone(),
            json!({"metadata": {"labels": labels}}),
        );
        assert_eq!(is_valid(&mut driver), expected, "{label}");
    }
}

#[test]
fn what_waits_for_a_list_that_cannot_be_read_says_why_and_goes_on_when_it_can() {
    let answers = [
        (302, "the token is kept back: the server redirects"),
        (403, "give the token the role that it needs in Konnect"),
        (500, "it is tried again"),
    ];
    for (status, said) in answers {
        let mut driver = driver();
        // Who the token belongs to is asked elsewhere, and is answered.
        let planes = Fault::new(
            None,
            "^/v2/control-planes",
            Response::new(status, Value::Null),
        );
        driver.konnect.script(planes);
        plane(&mut driver);
        let until = Mono(driver.now().mono.0 + 30_000);
        driver.run_until(until);
        let condition = |driver: &Driver<Engine>, resource, name, kind: &str| {
            let object = driver.cluster.get(&id(resource, name)).unwrap();
            let conditions = object["status"]["conditions"].as_array();
            let mut found = conditions.into_iter().flatten();
            found
                .find(|it| it["type"] == kind)
                .cloned()
                .unwrap_or_default()
        };
        let valid = condition(
            &driver,
            "konnectapiauthconfigurations",
            "auth",
            "APIAuthValid",
        );
        assert_eq!(valid["status"], "True", "{status}: {valid:#}");
        let programmed = condition(&driver, "konnectgatewaycontrolplanes", "cp", "Programmed");
        assert_eq!(programmed["status"], "False", "{status}: {programmed:#}");
        let message = programmed["message"].as_str().unwrap();
        assert!(message.contains(said), "{status}: {message}");

        driver.konnect.clear_faults();
        let until = Mono(driver.now().mono.0 + 120_000);
        driver.run_until(until);
        let programmed = condition(&driver, "konnectgatewaycontrolplanes", "cp", "Programmed");
        assert_eq!(programmed["status"], "True", "{status}: {programmed:#}");
    }
}

#[test]
fn a_token_that_is_accepted_again_is_found_out_about_within_a_minute() {
    let mut driver = driver();
    plane(&mut driver);
    settle(&mut driver);
    driver.konnect.revoke_token("kpat_x");
    driver.konnect.clear_log();
    let spec = in_plane(json!({"name": "late", "host": "example.test"}));
    create(&mut driver, KONG, "KongService", "late", &spec);
    let until = Mono(driver.now().mono.0 + 300_000);
    driver.run_until(until);
    let log = driver.konnect.log();
    assert!(log.iter().all(|entry| entry.status == 401), "{log:?}");
    // Seven pauses that double up to a minute, one in each of four more minutes, and what was asked before it was known.
    assert!((8..=14).contains(&log.len()), "{log:?}");

    driver.konnect.register_token("kpat_x", "default");
    driver.konnect.clear_log();
    let until = Mono(driver.now().mono.0 + 80_000);
    driver.run_until(until);
    let (_, konnect) = writes(&mut driver);
    let [put] = &konnect[..] else {
        panic!("{konnect:?}")
    };
    assert!(put.contains("/services/") && put.ends_with("200"), "{put}");
}
