//! What is taken over, what is left as it was found, and what stays behind.

use kong_crds::Kind;
use kong_crds::names::DRIFT_ANNOTATION;
use kong_model::Collection;
use serde_json::{Value, json};

use super::{Scenario, edit, key, with_base};
use crate::act::{Act, Elsewhere, apply, delete};
use crate::document::{
    certificate_from, consumer, consumer_group, plugin, route, service, target, tls_secret,
    upstream,
};

/// Ids of what somebody else made.
const ONE: &str = "aaaaaaaa-1111-4111-8111-111111111111";
const TWO: &str = "aaaaaaaa-2222-4222-8222-222222222222";
const THREE: &str = "aaaaaaaa-3333-4333-8333-333333333333";
const FOUR: &str = "aaaaaaaa-4444-4444-8444-444444444444";

fn theirs(at: Collection, id: &str, body: Value) -> Act {
    Act::Elsewhere(Elsewhere::Add {
        plane: "cp".to_owned(),
        at,
        id: id.to_owned(),
        body,
    })
}

fn their_service(id: &str, name: &str) -> Act {
    let host = format!("{name}.test");
    theirs(
        Collection::Services,
        id,
        json!({"name": name, "host": host}),
    )
}

fn changed(at: Collection, name: &str, members: Value) -> Act {
    Act::Elsewhere(Elsewhere::Change {
        at,
        name: name.to_owned(),
        members,
    })
}

fn deleted(at: Collection, name: &str) -> Act {
    Act::Elsewhere(Elsewhere::Delete {
        at,
        name: name.to_owned(),
    })
}

/// More than two sync periods.
const LONG: Act = Act::Wait(130_000);

pub(super) fn services_are_taken_over() -> Scenario {
    Scenario::new(
        "adopt",
        [
            with_base([plugin("limit").into()]),
            Act::Settle,
            their_service(ONE, "as-it-is"),
            their_service(TWO, "changed"),
            their_service(THREE, "differs"),
            apply([
                service("as-it-is").adopting(ONE, "match"),
                service("changed")
                    .host("new.test")
                    .adopting(TWO, "")
                    .using_plugins("limit"),
                service("differs")
                    .host("other.test")
                    .adopting(THREE, "match"),
                service("missing").adopting(FOUR, "override"),
            ]),
            apply([route("as-it-is"), route("differs")]),
            Act::Settle,
            edit(
                Kind::KongService,
                "as-it-is",
                json!({"spec": {"retries": 7}}),
            ),
            edit(
                Kind::KongService,
                "differs",
                json!({"spec": {"host": "differs.test"}}),
            ),
            Act::Settle,
            delete([
                key(Kind::KongRoute, "as-it-is"),
                key(Kind::KongService, "as-it-is"),
                key(Kind::KongService, "changed"),
                key(Kind::KongService, "missing"),
            ]),
        ],
    )
}

pub(super) fn what_belongs_to_others_is_not_taken_over() -> Scenario {
    let owned = json!(["k8s-uid:aaaaaaaa-bbbb-4ccc-8ddd-000000000009"]);
    Scenario::new(
        "adopt-in-vain",
        [
            with_base([upstream("mine").into()]),
            Act::Settle,
            theirs(
                Collection::Upstreams,
                ONE,
                json!({"name": "theirs", "tags": owned}),
            ),
            their_service(TWO, "both"),
            apply([upstream("theirs").adopting(ONE, "override")]),
            apply([service("both").adopting(TWO, "override")]),
            Act::Wait(1_500),
            apply([service("too").called("both").adopting(TWO, "match")]),
            Act::Settle,
            delete([
                key(Kind::KongUpstream, "theirs"),
                key(Kind::KongService, "too"),
            ]),
        ],
    )
}

pub(super) fn what_was_taken_over_survives_restarts() -> Scenario {
    Scenario::new(
        "adopt-restart",
        [
            with_base([tls_secret("pair", "one").into()]),
            Act::Settle,
            their_service(ONE, "as-it-is"),
            their_service(TWO, "changed"),
            apply([
                service("as-it-is").adopting(ONE, "match"),
                service("changed")
                    .host("new.test")
                    .adopting(TWO, "override"),
            ]),
            Act::Wait(60),
            Act::Restart,
            Act::Settle,
            Act::WipeId(key(Kind::KongService, "as-it-is")),
            Act::Restart,
            Act::Settle,
            apply([certificate_from("c", "pair")]),
            deleted(Collection::Services, "as-it-is"),
            changed(
                Collection::Services,
                "changed",
                json!({"host": "evil.test"}),
            ),
            LONG,
            Act::Restart,
            Act::Settle,
            delete([key(Kind::KongService, "as-it-is")]),
        ],
    )
}

/// What is below what is taken over in the same apply: memberships and targets.
pub(super) fn what_belongs_together_is_taken_over_together() -> Scenario {
    Scenario::new(
        "adopt-together",
        [
            with_base([]),
            Act::Settle,
            theirs(Collection::Consumers, ONE, json!({"username": "anna"})),
            theirs(Collection::ConsumerGroups, TWO, json!({"name": "gold"})),
            theirs(Collection::Upstreams, THREE, json!({"name": "pool"})),
            apply([
                Value::from(
                    consumer("anna")
                        .in_groups(&["gold", "silver"])
                        .adopting(ONE, "override"),
                ),
                consumer_group("gold").adopting(TWO, "match").into(),
                consumer_group("silver").into(),
                upstream("pool").adopting(THREE, "match").into(),
                target("one", "pool", "10.0.0.1:80").into(),
            ]),
            Act::Wait(60),
            Act::Restart,
            Act::Settle,
            edit(
                Kind::KongConsumer,
                "anna",
                json!({"consumerGroups": ["gold"]}),
            ),
            Act::Settle,
            delete([
                key(Kind::KongConsumerGroup, "gold"),
                key(Kind::KongConsumer, "anna"),
                key(Kind::KongTarget, "one"),
                key(Kind::KongUpstream, "pool"),
            ]),
        ],
    )
}

pub(super) fn drift_is_left_alone() -> Scenario {
    Scenario::new(
        "drift-left",
        [
            with_base([
                service("a").on_drift("warn").into(),
                service("b").on_drift("ignore").into(),
                service("c").into(),
                route("a").on_drift("warn").into(),
                route("b").on_drift("ignore").into(),
            ]),
            Act::Settle,
            changed(Collection::Services, "a", json!({"host": "evil.test"})),
            changed(Collection::Services, "b", json!({"host": "evil.test"})),
            changed(Collection::Services, "c", json!({"host": "evil.test"})),
            deleted(Collection::Routes, "a"),
            deleted(Collection::Routes, "b"),
            LONG,
            edit(Kind::KongService, "b", json!({"spec": {"retries": 7}})),
            edit(Kind::KongRoute, "a", json!({"spec": {"paths": ["/x"]}})),
            Act::Settle,
            Act::Restart,
            Act::Settle,
            delete([key(Kind::KongRoute, "b")]),
        ],
    )
}

pub(super) fn a_control_plane_says_what_is_done_about_drift() -> Scenario {
    let policy = |value: Value| json!({"metadata": {"annotations": {DRIFT_ANNOTATION: value}}});
    let plane = |value| edit(Kind::KonnectGatewayControlPlane, "cp", policy(value));
    Scenario::new(
        "drift-plane",
        [
            with_base([
                plugin("limit").into(),
                service("a").using_plugins("limit").into(),
                service("b").on_drift("enforce").into(),
                upstream("u").into(),
                target("t", "u", "10.0.0.1:80").into(),
            ]),
            plane(json!("warn")),
            Act::Settle,
            changed(Collection::Services, "a", json!({"host": "evil.test"})),
            changed(Collection::Services, "b", json!({"host": "evil.test"})),
            deleted(Collection::Upstreams, "u"),
            deleted(Collection::Plugins, "rate-limiting"),
            LONG,
            Act::Restart,
            Act::Settle,
            plane(Value::Null),
            LONG,
            plane(json!("sometimes")),
        ],
    )
}

pub(super) fn entities_stay_behind() -> Scenario {
    Scenario::new(
        "retain",
        [
            with_base([
                plugin("limit").into(),
                service("a").retained().using_plugins("limit").into(),
                service("b").into(),
                route("b").retained().into(),
                upstream("u").retained().into(),
                target("t", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            delete([
                key(Kind::KongService, "a"),
                key(Kind::KongRoute, "b"),
                key(Kind::KongUpstream, "u"),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "b"), key(Kind::KongTarget, "t")]),
            Act::Settle,
            // What keeps the service from being deleted is nobody's any more.
            deleted(Collection::Routes, "b"),
            LONG,
        ],
    )
}

pub(super) fn what_stayed_behind_is_taken_over_again() -> Scenario {
    let kept = || service("a").with_id(ONE).retained();
    Scenario::new(
        "retain-adopt",
        [
            with_base([kept().into(), service("b").with_id(TWO).retained().into()]),
            Act::Settle,
            delete([key(Kind::KongService, "a"), key(Kind::KongService, "b")]),
            Act::Settle,
            apply([
                service("a").host("new.test").adopting(ONE, "override"),
                service("b").adopting(TWO, "match"),
                service("c").called("b"),
            ]),
            Act::Settle,
            Act::Restart,
            Act::Settle,
            delete([key(Kind::KongService, "b")]),
        ],
    )
}
