//! Objects that come, change and go.

use kong_crds::Kind;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::{Scenario, edit, key, with_base};
use crate::act::{Act, apply, delete};
use crate::document::{
    auth, auth_from_secret, certificate, certificate_from, key_of, plane, plugin, route, service,
    target, tls_secret, token_secret, upstream,
};

pub(super) fn everything_is_created() -> Scenario {
    Scenario::new(
        "create",
        [with_base([
            service("a").into(),
            route("a").into(),
            upstream("u").into(),
            target("t1", "u", "10.0.0.1:80").into(),
            target("t2", "u", "10.0.0.2:80").into(),
            certificate("c", "one").into(),
        ])],
    )
}

pub(super) fn children_come_before_their_parents() -> Scenario {
    Scenario::new(
        "create-backwards",
        [
            apply([Value::from(target("t", "u", "10.0.0.1:80"))]),
            Act::Wait(50),
            apply([Value::from(route("a")), service("a").into()]),
            Act::Wait(3_000),
            apply([Value::from(upstream("u")), plane("cp").into()]),
            Act::Wait(300),
            apply([auth("auth")]),
        ],
    )
}

pub(super) fn fields_change() -> Scenario {
    Scenario::new(
        "change",
        [
            with_base([
                service("a").into(),
                route("a").into(),
                upstream("u").into(),
                target("t", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            edit(Kind::KongTarget, "t", json!({"spec": {"weight": 7}})),
            Act::Wait(10),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 8}})),
            edit(Kind::KongRoute, "a", json!({"spec": {"paths": ["/b"]}})),
            edit(Kind::KongUpstream, "u", json!({"spec": {"slots": 20}})),
            Act::Settle,
            edit(
                Kind::KongService,
                "a",
                json!({"metadata": {"annotations": {"konghq.com/tags": "team"}}}),
            ),
        ],
    )
}

pub(super) fn some_objects_are_deleted() -> Scenario {
    Scenario::new(
        "delete",
        [
            with_base([
                service("a").into(),
                route("a").into(),
                service("b").into(),
                certificate("c", "one").into(),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "b"), key(Kind::KongCertificate, "c")]),
            Act::Wait(25),
            delete([key(Kind::KongRoute, "a")]),
        ],
    )
}

pub(super) fn a_parent_is_deleted_and_made_again() -> Scenario {
    Scenario::new(
        "parent-again",
        [
            with_base([
                service("a").into(),
                route("a").into(),
                upstream("u").into(),
                target("t", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "a"), key(Kind::KongUpstream, "u")]),
            Act::Settle,
            delete([key(Kind::KongRoute, "a")]),
            Act::Settle,
            apply([
                Value::from(upstream("u")),
                service("a").into(),
                route("a").into(),
            ]),
        ],
    )
}

pub(super) fn a_parent_is_replaced_at_once() -> Scenario {
    Scenario::new(
        "plane-again",
        [
            with_base([service("a").into(), route("a").into()]),
            Act::Settle,
            delete([key(Kind::KonnectGatewayControlPlane, "cp")]),
            Act::Settle,
            apply([plane("cp")]),
        ],
    )
}

pub(super) fn an_object_is_poisoned() -> Scenario {
    let mut poison: Value = service("poison").into();
    poison["spec"]["port"] = json!("eighty");
    Scenario::new(
        "poison",
        [
            Act::Plant(poison),
            with_base([service("a").into(), route("poison").into()]),
            Act::Settle,
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
        ],
    )
}

pub(super) fn everything_is_deleted_at_once() -> Scenario {
    let all: Vec<Value> = vec![
        token_secret("token", "kpat_canary_all").into(),
        auth_from_secret("auth", "token").into(),
        plane("cp").into(),
        tls_secret("pair", "one").into(),
        certificate_from("c", "pair").into(),
        plugin("limit").into(),
        service("a").showing("c").using_plugins("limit").into(),
        route("a").using_plugins("limit").into(),
        upstream("u").into(),
        target("t1", "u", "10.0.0.1:80").into(),
        target("t2", "u", "10.0.0.2:80").into(),
    ];
    let keys: Vec<Key> = all.iter().filter_map(key_of).collect();
    Scenario::new("delete-all", [apply(all), Act::Settle, delete(keys)])
}

pub(super) fn the_engine_restarts_in_the_middle() -> Scenario {
    Scenario::new(
        "restart",
        [
            with_base([service("a").into(), route("a").into()]),
            Act::Wait(60),
            Act::Restart,
            Act::Wait(35),
            Act::Restart,
            Act::Settle,
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            delete([key(Kind::KongRoute, "a")]),
            Act::Restart,
        ],
    )
}
