//! Incremental equals rebuild, and a change costs what depends on it.

use kong_crds::Kind;
use kong_engine::{Engine, Input, Mono, Now, Role, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::document::{self as d, NAMESPACE};
use testkit::{Act, random};

/// Stories that are compared; a failing one is reduced to the acts that it takes.
const CASES: u32 = 120;
const TARGETS: usize = 10_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_came_bit_by_bit_equals_what_is_read_at_once(
        acts in proptest::collection::vec(any::<u64>().prop_map(random::any_act), 0..10)
    ) {
        let acts: Vec<Act> = acts;
        if let Err(how) = random::compare_with_rebuild(&acts) {
            return Err(TestCaseError::fail(how));
        }
    }
}

/// An engine that has been told of these objects, and of nothing else.
struct Told {
    engine: Engine,
    version: u64,
}

impl Told {
    fn of(documents: Vec<Value>) -> Self {
        let mut told = Self {
            engine: Engine::new(Settings::default()),
            version: 0,
        };
        for document in documents {
            told.tell(document);
        }
        for kind in Kind::served() {
            told.handle(Input::Synced(kind));
        }
        let fence = Mono(u64::MAX);
        told.handle(Input::Role(Role::Leader { term: 1, fence }));
        told
    }

    fn handle(&mut self, input: Input) {
        let now = Now {
            mono: Mono(1),
            wall: 1_700_000_000,
        };
        self.engine.handle(now, input);
    }

    /// Tells of an object and counts what is judged for it.
    fn tell(&mut self, mut document: Value) -> u64 {
        self.version += 1;
        document["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let before = self.engine.stats().judged;
        let observed = kong_crds::read(document).expect("it is of a known kind");
        self.handle(Input::Seen(Box::new(observed)));
        self.engine.stats().judged - before
    }
}

/// An object as it is when all is done.
fn programmed(document: impl Into<Value>, number: usize, status: Value) -> Value {
    let mut document = document.into();
    let condition = |kind: &str, reason: &str| {
        json!({"type": kind, "status": "True", "reason": reason, "message": "",
            "observedGeneration": 1, "lastTransitionTime": "2023-11-14T22:13:20Z"})
    };
    document["metadata"]["uid"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
    document["metadata"]["generation"] = json!(1);
    document["metadata"]["creationTimestamp"] = json!("2023-11-14T22:13:20Z");
    document["metadata"]["finalizers"] = json!(["gateway.konghq.com/konnect-cleanup"]);
    document["status"] = status;
    document["status"]["conditions"] = json!([
        condition("Programmed", "Programmed"),
        condition("APIAuthValid", "Valid"),
    ]);
    document
}

fn id(number: usize) -> Value {
    json!({"konnect": {"id": format!("00000000-0000-4000-8000-{number:012}")}})
}

fn target(number: usize) -> Value {
    let address = format!(
        "10.{}.{}.{}:80",
        number / 40_000,
        number / 200 % 200,
        number % 200
    );
    let document = d::target(&format!("t{number}"), "u", &address);
    programmed(document, number + 10, id(number + 10))
}

fn plane() -> Value {
    let status = json!({"id": "00000000-0000-4000-8000-000000000002", "organizationID": "o"});
    programmed(d::plane("cp"), 2, status)
}

fn world() -> Told {
    let status = json!({"organizationID": "o", "serverURL": "https://us.api.konghq.com"});
    let mut documents = vec![
        programmed(d::auth("auth"), 1, status),
        plane(),
        programmed(d::upstream("u"), 3, id(3)),
    ];
    documents.extend((0..TARGETS).map(target));
    Told::of(documents)
}

#[test]
fn one_edit_among_ten_thousand_judges_one_object() {
    let mut told = world();
    let mut changed = target(7);
    changed["spec"]["weight"] = json!(5);
    changed["metadata"]["generation"] = json!(2);
    assert_eq!(told.tell(changed), 1);
    // News without news judge nothing.
    assert_eq!(told.tell(target(8)), 0);
}

#[test]
fn what_nobody_reads_of_a_control_plane_judges_no_child() {
    let mut told = world();
    let mut labelled = plane();
    labelled["metadata"]["labels"] = json!({"team": "shop"});
    assert!(told.tell(labelled.clone()) <= 1);
    labelled["metadata"]["annotations"] = json!({"example.com/note": "of somebody else"});
    assert!(told.tell(labelled.clone()) <= 1);
    let mut described = plane();
    described["spec"]["createControlPlaneRequest"]["description"] = json!("the shop");
    described["metadata"]["generation"] = json!(2);
    assert!(told.tell(described) <= 1);

    // The counter does count: what they read of it judges all of them.
    let mut gone = plane();
    gone["metadata"]["deletionTimestamp"] = json!("2023-11-14T22:13:21Z");
    gone["metadata"]["generation"] = json!(3);
    let judged = told.tell(gone);
    assert!(
        judged > TARGETS as u64,
        "{judged} of {TARGETS} in {NAMESPACE}"
    );
}
