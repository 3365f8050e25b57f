//! What one change costs among many objects, what taking many objects in costs, and how much memory an
//! object takes. Run with `cargo bench -p kong-driver`; figures are medians, and ratios are within the
//! same run.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are printed with three digits"
)]

use std::time::{Duration, Instant};

use cluster_sim::{Cluster, ObjectId, Request, ResourceId, WriteOptions};
use kong_driver::{Driver, ReplicaId, Schedule, Setup};
use kong_engine::{Action, Effect, Engine, Input, Lane, Mono, Now, OpId, Outcome, Role, Settings};
use kong_model::{Call, Collection, Cursor, Reply};
use konnect_sim::Konnect;
use serde_json::{Value, json};

/// Changes that are timed, of which the median is printed.
const CHANGES: usize = 201;
/// Object counts that are compared.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn document(kind: &str, api: &str, name: &str, spec: &Value) -> Value {
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
            &json!({"type": "token", "token": "kpat_bench", "serverURL": "us.api.konghq.com"}),
        ),
        document(
            "KonnectGatewayControlPlane",
            "konnect.konghq.com/v1alpha2",
            "cp",
            &json!({"createControlPlaneRequest": {"name": "cp"}, "konnect": {"authRef": {"name": "auth"}}}),
        ),
        document(
            "KongUpstream",
            kong,
            "upstream",
            &json!({"name": "upstream.test", "controlPlaneRef": {
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
        document("KongTarget", kong, &format!("target-{number}"), &spec)
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
    // First, while nothing else has left its traces in the memory of this process.
    println!(
        "taking in 10,000 targets that are already programmed, and listing them, as after a restart"
    );
    restart(10_000);
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
        // The driver stays: giving back what it holds would leave its traces in the allocator.
        let mut engine = driver
            .engine(ReplicaId(0))
            .expect("there is one engine")
            .clone();
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
}

/// An engine with an empty memory meets a full cluster. The objects are made one by one, so that what
/// stays in memory is what the engine keeps.
fn restart(count: usize) {
    let mut driver = filled(1);
    assert!(
        driver.settle(Mono(u64::MAX / 2)),
        "everything is programmed in the end"
    );
    let others: Vec<Value> = driver
        .cluster
        .resources()
        .filter(|resource| resource.plural != "kongtargets")
        .flat_map(|resource| {
            driver
                .cluster
                .list(resource, None)
                .map(|object| Value::clone(object))
        })
        .collect();
    let object = target(&driver, 0);
    let held: Vec<(Collection, Value)> = [
        Collection::ControlPlanes,
        Collection::Upstreams,
        Collection::Targets,
    ]
    .into_iter()
    .flat_map(|at| {
        driver
            .konnect
            .entities(at, None)
            .map(move |(_, entity)| (at, entity.clone()))
    })
    .collect();
    let now = driver.now();
    drop(driver);
    let uid = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let before = resident();
    let mut engine = Engine::new(Settings::default());
    let mut busy = Duration::ZERO;
    let mut floor = Duration::ZERO;
    let mut handle = |engine: &mut Engine, input: Input| {
        let begin = Instant::now();
        engine.handle(now, input);
        busy += begin.elapsed();
    };
    handle(
        &mut engine,
        Input::Role(Role::Leader {
            term: 1,
            fence: Mono(u64::MAX),
        }),
    );
    let objects = others.into_iter().chain((0..count).map(|number| {
        let mut object = object.clone();
        object["metadata"]["name"] = json!(format!("target-{number}"));
        object["metadata"]["uid"] = json!(uid(number));
        object["spec"]["target"] = json!(format!("10.0.{}.{}:80", number >> 8, number & 255));
        object["status"]["konnect"]["id"] = json!(uid(number));
        object
    }));
    for object in objects {
        // The floor: reading the document, which has to be done whatever is kept of it.
        let begin = Instant::now();
        let observed = kong_crds::read(object);
        floor += begin.elapsed();
        if let Ok(observed) = observed {
            handle(&mut engine, Input::Seen(Box::new(observed)));
        }
    }
    for kind in kong_crds::Kind::served() {
        handle(&mut engine, Input::Synced(kind));
    }
    let mut pages = 0;
    while let Some(effect) = next(&mut engine, now) {
        let Action::Konnect {
            call: Call::List { site, cursor, .. },
            ..
        } = effect.action
        else {
            unreachable!("a restart writes nothing: {:?}", effect.action)
        };
        pages += 1;
        let items = held
            .iter()
            .filter(|(at, _)| *at == site.at)
            .flat_map(|(at, entity)| {
                let copies = if *at == Collection::Targets { count } else { 1 };
                (0..copies).map(|number| {
                    let mut entity = entity.clone();
                    if *at == Collection::Targets {
                        let own = entity["id"].as_str().unwrap_or_default().to_owned();
                        let text = entity.to_string().replace(&own, &uid(number));
                        entity = serde_json::from_str(&text).expect("an id for an id");
                        entity["target"] =
                            json!(format!("10.0.{}.{}:80", number >> 8, number & 255));
                        for tag in entity["tags"].as_array_mut().into_iter().flatten() {
                            if tag.as_str().is_some_and(|tag| tag.starts_with("k8s-name:")) {
                                *tag = json!(format!("k8s-name:target-{number}"));
                            }
                        }
                    }
                    entity
                })
            });
        let from: usize = match cursor {
            Some(Cursor::Offset(offset)) => offset.parse().unwrap_or_default(),
            Some(Cursor::Number(_)) | None => 0,
        };
        let page: Vec<Value> = items.skip(from).take(1_000).collect();
        let more = page.len() == 1_000 && from + 1_000 < count;
        let next = more.then(|| Cursor::Offset((from + 1_000).to_string()));
        let reply = Outcome::Konnect(Ok(Reply::Page {
            items: page.into(),
            next,
        }));
        handle(&mut engine, Input::Done(effect.op, reply));
    }
    println!(
        "  {count} targets: {busy:.1?} in all, {:.1?} an object, {pages} pages, {:.1}x of reading the documents",
        busy / u32::try_from(count).unwrap_or(1),
        busy.as_secs_f64() / floor.as_secs_f64(),
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
