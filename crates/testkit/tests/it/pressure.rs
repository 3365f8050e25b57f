//! A Konnect that wants fewer requests, and one service that it never takes.

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_engine::Mono;
use kong_model::{Collection, Method, Response};
use kong_resolve::Key;
use konnect_sim::Fault;
use serde_json::{Value, json};
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Scene};

const TARGETS: usize = 1_000;

#[test]
fn under_pressure_little_is_refused_and_a_users_edit_does_not_wait() {
    let mut scene = Scene::new(Schedule::calm(), sound);
    scene.most_effects = 100_000;
    scene.driver.konnect.limit(20, 20, 1);
    let refusal = json!({"code": 3, "message": "validation error", "details": [
        {"type": "ERROR_TYPE_FIELD", "field": "host", "messages": ["is not to our liking"]},
    ]});
    let base: Vec<Value> = vec![
        d::auth("auth").into(),
        d::plane("cp").into(),
        d::upstream("u").into(),
        d::service("good").into(),
        d::service("bad").into(),
    ];
    scene.act(&Act::Apply(base)).unwrap();
    let key = |kind, name: &str| Key::new(kind, NAMESPACE, name);
    let bad = key(Kind::KongService, "bad");
    let uid = scene.object(&bad).unwrap()["metadata"]["uid"].clone();
    let path = format!("services/{}$", uid.as_str().unwrap());
    let fault = Fault::new(Some(Method::Put), path, Response::new(400, refusal));
    scene.driver.konnect.script(fault);
    let targets = (0..TARGETS).map(|number| {
        let address = format!("10.{}.{}.1:80", number / 250, number % 250);
        Value::from(d::target(&format!("t{number:04}"), "u", &address))
    });
    scene.act(&Act::Apply(targets.collect())).unwrap();

    scene.run_for(20_000);
    let good = key(Kind::KongService, "good");
    assert!(scene.is_programmed(&good));
    let there = scene.entities(Collection::Targets).len();
    assert!(
        (50..TARGETS).contains(&there),
        "{there} targets in the middle of it"
    );
    scene
        .act(&Act::Edit(good.clone(), json!({"spec": {"retries": 9}})))
        .unwrap();
    let edited = scene.driver.now().mono;
    while !scene.is_programmed(&good) {
        assert!(scene.step(Mono(u64::MAX)).is_some());
    }
    let took = scene.driver.now().mono.since(edited);
    assert!(took <= 2_000, "the edit took {took} ms");

    // A thousand targets at 20 a second are 50 seconds and more.
    scene.run_for(180_000);
    for number in 0..TARGETS {
        let key = key(Kind::KongTarget, &format!("t{number:04}"));
        assert!(scene.is_programmed(&key), "{key}: {}", scene.status(&key));
    }
    assert!(scene.is_programmed(&key(Kind::KongUpstream, "u")));
    let condition = scene.condition(&bad, "Programmed");
    assert_eq!(condition["status"], "False");
    let message = condition["message"].as_str().unwrap();
    assert!(message.contains("is not to our liking"), "{message}");

    let log = scene.driver.konnect.log();
    let limited = log.iter().filter(|entry| entry.status == 429).count();
    assert!(
        limited * 100 <= log.len(),
        "{limited} of {} answers are 429",
        log.len()
    );
    assert!(limited > 0, "a limit that nobody meets tests nothing");
    println!(
        "{limited} of {} answers were 429; the edit took {took} ms",
        log.len()
    );
    // The rule about Retry-After among them.
    assert!(
        scene.watchdog.violations.is_empty(),
        "{:?}",
        scene.watchdog.violations
    );
}
