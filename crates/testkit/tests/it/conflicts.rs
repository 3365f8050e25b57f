//! Writes to the cluster that met a newer version than the one that they were made from.

use kong_crds::Kind;
use kong_driver::{Schedule, Span};
use kong_engine::Mono;
use kong_resolve::Key;
use serde_json::json;
use testkit::document::{self as d, NAMESPACE};
use testkit::sweep::sound;
use testkit::{Act, Scene};

/// More than all requests take one after the other, and less than waiting for a watch that says nothing.
const SOON: u64 = 4_000;

#[test]
fn a_conflict_whose_reason_has_been_seen_before_the_answer_holds_nothing_up() {
    let upstream = Key::new(Kind::KongUpstream, NAMESPACE, "u");
    let mut conflicts = 0;
    for moment in 0..40 {
        // The watch is faster than the answer of a request, and slower than Konnect.
        let mut schedule = Schedule::calm();
        (schedule.kube, schedule.watch) = (Span::exactly(200), Span::exactly(100));
        let mut scene = Scene::new(schedule, sound);
        let documents = [
            d::auth("auth").into(),
            d::plane("cp").into(),
            d::upstream("u").into(),
        ];
        scene.act(&Act::Apply(documents.into())).unwrap();
        for _ in 0..moment {
            scene.step(Mono(60_000));
        }
        let patch = json!({"metadata": {"annotations": {"edited": "yes"}}});
        scene.act(&Act::Edit(upstream.clone(), patch)).unwrap();
        let began = scene.driver.now().mono;
        assert!(scene.settle());
        let took = scene.driver.now().mono.since(began);
        assert!(
            took < SOON,
            "it took {took} ms after an edit at step {moment}"
        );
        assert!(scene.is_programmed(&upstream));
        let log = scene.driver.cluster.log().iter();
        conflicts += log.filter(|entry| entry.code == 409).count();
    }
    assert_ne!(conflicts, 0);
}
