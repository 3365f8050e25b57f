//! The driver end to end: from manifests to Programmed.

use cluster_sim::{Cluster, Request, WriteOptions};
use kong_driver::{Driver, Schedule, Setup, Step};
use kong_engine::{Engine, Mono, Settings};
use kong_model::Collection;
use konnect_sim::Konnect;
use serde_json::{Value, json};

fn driver() -> Driver<Engine> {
    Driver::new(Setup {
        cluster: Cluster::new(&kong_crds::crd_documents()).unwrap(),
        konnect: Konnect::new(1),
        schedule: Schedule::calm(),
        wall: 1_700_000_000,
        machine: || Engine::new(Settings::default()),
    })
}

fn object(api: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

fn create(driver: &mut Driver<Engine>, document: Value) {
    driver
        .request(Request::Create {
            document,
            options: WriteOptions::STRICT,
        })
        .unwrap();
}

#[test]
fn a_service_reaches_programmed() {
    let mut driver = driver();
    create(
        &mut driver,
        object(
            "konnect.konghq.com/v1alpha1",
            "KonnectAPIAuthConfiguration",
            "auth",
            json!({"type": "token", "token": "kpat_x", "serverURL": "us.api.konghq.com"}),
        ),
    );
    create(
        &mut driver,
        object(
            "konnect.konghq.com/v1alpha2",
            "KonnectGatewayControlPlane",
            "cp",
            json!({"createControlPlaneRequest": {"name": "cp"}, "konnect": {"authRef": {"name": "auth"}}}),
        ),
    );
    create(
        &mut driver,
        object(
            "configuration.konghq.com/v1alpha1",
            "KongService",
            "service",
            json!({"name": "service", "host": "example.test", "controlPlaneRef": {"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}}}),
        ),
    );
    let mut steps = 0;
    while let Some(step) = driver.step(Mono(30_000)) {
        steps += 1;
        match step {
            Step::Sent(sent) => println!("{:?} {:?} -> {:?}", sent.at, sent.action, sent.outcome),
            Step::Told(told) => println!(
                "told {}",
                format!("{:?}", told.input)
                    .chars()
                    .take(200)
                    .collect::<String>()
            ),
            Step::Waited(time) => println!("-- {time:?}"),
        }
        assert!(steps < 500);
    }
    let ids: Vec<_> = driver
        .konnect
        .entities(Collection::Services, None)
        .collect();
    assert_eq!(ids.len(), 1);
    let writes: Vec<_> = driver
        .cluster
        .log()
        .iter()
        .filter(|op| op.is_write())
        .map(|op| format!("{} {:?} {} {}", op.actor, op.subresource, op.name, op.code))
        .collect();
    println!("{writes:#?}");
    for r in driver.cluster.resources().cloned().collect::<Vec<_>>() {
        for o in driver.cluster.list(&r, None) {
            println!("{}", serde_json::to_string(&o["status"]).unwrap());
        }
    }
    assert!(driver.is_quiet());
    assert_eq!(writes.len(), 3 + 6);
}
