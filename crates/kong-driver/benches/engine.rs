//! What one change costs among many objects, what taking many objects in costs, and how much memory an
//! object takes. Run with `cargo bench -p kong-driver`; figures are medians, and ratios are within the
//! same run.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::{Duration, Instant};

use cluster_sim::{Cluster, ObjectId, Request, ResourceId, WriteOptions};
use kong_driver::{Driver, Schedule, Setup};
use kong_engine::{Action, Effect, Engine, Input, Lane, Mono, Now, OpId, Outcome, Role, Settings};
use kong_model::Reply;
use konnect_sim::Konnect;
use serde_json::{Value, json};

/// Changes that are timed, of which the median is printed.
const CHANGES: usize = 20_001;
/// Object counts that are compared.
const SIZES: [usize; 1] = [60_000];

fn document(kind: &str, api: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": api, "kind": kind,
        "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    })
}

/// One upstream and so many targets, in a cluster that has just been filled.
fn filled(targets: usize) -> Driver<Engine> {
    let mut driver = Driver::new(Setup {
        cluster: Cluster::new(&kong_crds::crd_documents()).expect("our own CRDs are valid"),
        konnect: Konnect::new(1),
        schedule: Schedule::calm(),
        wall: 1_700_000_000,
        machine: || Engine::new(Settings::default()),
    });
    let kong = "configuration.konghq.com/v1alpha1";
    let mut documents = vec![
        document(
            "KonnectAPIAuthConfiguration",
            "konnect.konghq.com/v1alpha1",
            "auth",
            json!({"type": "token", "token": "kpat_bench", "serverURL": "us.api.konghq.com"}),
        ),
        document(
            "KonnectGatewayControlPlane",
            "konnect.konghq.com/v1alpha2",
            "cp",
            json!({"createControlPlaneRequest": {"name": "cp"}, "konnect": {"authRef": {"name": "auth"}}}),
        ),
        document(
            "KongUpstream",
            kong,
            "upstream",
            json!({"name": "upstream.test", "controlPlaneRef": {
                "type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}}}),
        ),
    ];
    documents.extend((0..targets).map(|number| {
        let target = format!(
            "10.{}.{}.{}:80",
            number >> 16,
            (number >> 8) & 255,
            number & 255
        );
        let spec = json!({"upstreamRef": {"name": "upstream"}, "target": target});
        document("KongTarget", kong, &format!("target-{number}"), spec)
    }));
    for document in documents {
        let request = Request::Create {
            document,
            options: WriteOptions::default(),
        };
        driver
            .request(request)
            .expect("the manifests of the bench are valid");
    }
    driver
}

fn target(driver: &Driver<Engine>, number: usize) -> Value {
    let targets = ResourceId::new("configuration.konghq.com", "kongtargets");
    let id = ObjectId::namespaced(targets, "default", format!("target-{number}"));
    Value::clone(driver.cluster.get(&id).expect("the target was created"))
}

/// Everything that may be done now.
fn next(engine: &mut Engine, now: Now) -> Option<Effect> {
    let lanes: Vec<Lane> = engine.lanes();
    lanes.iter().find_map(|lane| engine.poll(now, lane))
}

/// The time from a changed target to the request that brings the change to Konnect.
fn change(engine: &mut Engine, now: Now, mut object: Value, version: u64) -> Duration {
    object["metadata"]["resourceVersion"] = json!(version.to_string());
    object["metadata"]["generation"] = json!(2);
    object["spec"]["weight"] = json!(7);
    let observed = kong_crds::read(object.clone()).expect("the target is readable");
    let begin = Instant::now();
    engine.handle(now, Input::Seen(Box::new(observed)));
    let effect = next(engine, now).expect("a change is written");
    let time = begin.elapsed();
    let op: OpId = effect.op;
    assert!(
        matches!(effect.action, Action::Konnect { .. }),
        "{:?}",
        effect.action
    );
    engine.handle(now, Input::Done(op, Outcome::Konnect(Ok(Reply::Done))));
    let effect = next(engine, now).expect("the status is written");
    object["metadata"]["resourceVersion"] = json!((version + 1).to_string());
    let Action::Status { patch, .. } = effect.action else {
        unreachable!("a status is due")
    };
    object["status"]["conditions"] = patch["conditions"].clone();
    let observed = kong_crds::read(object).expect("the target is readable");
    engine.handle(
        now,
        Input::Done(effect.op, Outcome::Stored(Some(Box::new(observed)))),
    );
    time
}

/// Resident memory of this process, in bytes; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

fn main() {
    println!("one change among many (judge, diff, next request)");
    let mut first = None;
    for size in SIZES {
        let mut driver = filled(size);
        assert!(
            driver.settle(Mono(u64::MAX / 2)),
            "everything is programmed in the end"
        );
        let objects: Vec<Value> = (0..CHANGES).map(|number| target(&driver, number)).collect();
        let (now, version) = (driver.now(), driver.cluster.version());
        let mut engine = driver.into_machine().expect("there is one engine");
        let judged = engine.stats().judged;
        let mut times: Vec<Duration> = (1_u64..)
            .zip(objects)
            .map(|(number, object)| change(&mut engine, now, object, version + 2 * number))
            .collect();
        times.sort();
        let median = times[times.len() / 2];
        let base = *first.get_or_insert(median);
        println!(
            "  {size:>7} targets: {median:>10.1?}  {:>5.2}x of the first  {:.1} units judged a change",
            median.as_secs_f64() / base.as_secs_f64(),
            (engine.stats().judged - judged) as f64 / CHANGES as f64,
        );
    }

    println!("taking in 10,000 targets that are already programmed, as after a restart");
    let mut driver = filled(10_000);
    assert!(
        driver.settle(Mono(u64::MAX / 2)),
        "everything is programmed in the end"
    );
    let mut inputs = Vec::new();
    for resource in driver.cluster.resources().cloned().collect::<Vec<_>>() {
        for object in driver.cluster.list(&resource, None) {
            if let Ok(observed) = kong_crds::read(Value::clone(object)) {
                inputs.push(Input::Seen(Box::new(observed)));
            }
        }
    }
    let count = inputs.len();
    inputs.extend(kong_crds::Kind::ALL.iter().map(|kind| Input::Synced(*kind)));
    let now = driver.now();
    drop(driver);
    let copies = inputs.clone();
    let begin = Instant::now();
    drop(copies);
    let floor = begin.elapsed();
    let before = resident();
    let mut engine = Engine::new(Settings::default());
    let begin = Instant::now();
    engine.handle(
        now,
        Input::Role(Role::Leader {
            term: 1,
            fence: Mono(u64::MAX),
        }),
    );
    for input in inputs {
        engine.handle(now, input);
    }
    let time = begin.elapsed();
    println!(
        "  {count} objects: {time:.1?}, {:.1?} an object, {:.1}x of dropping the same objects",
        time / u32::try_from(count).unwrap_or(1),
        time.as_secs_f64() / floor.as_secs_f64(),
    );
    match (before, resident()) {
        (Some(before), Some(after)) => println!(
            "  resident memory: {} bytes an object, {:.1} MiB in all",
            after.saturating_sub(before) / count,
            after.saturating_sub(before) as f64 / (1024.0 * 1024.0),
        ),
        _ => println!("  resident memory: not told by this system"),
    }
}
