//! Names, ids, and who is below whom.

use kong_crds::Kind;
use kong_model::Collection;
use serde_json::{Value, json};

use super::{Scenario, edit, key, with_base};
use crate::act::{Act, Elsewhere, apply, delete};
use crate::document::{plugin, route, service, target, upstream};

pub(super) fn a_service_is_renamed() -> Scenario {
    Scenario::new(
        "rename",
        [
            with_base([service("a").into(), service("b").into()]),
            Act::Settle,
            edit(Kind::KongService, "a", json!({"spec": {"name": "c"}})),
            edit(Kind::KongService, "b", json!({"spec": {"name": "a"}})),
        ],
    )
}

pub(super) fn two_services_swap_their_names() -> Scenario {
    Scenario::new(
        "swap",
        [
            with_base([
                service("a").into(),
                service("b").into(),
                route("a").into(),
                plugin("limit").into(),
                service("p").using_plugins("limit").into(),
            ]),
            Act::Settle,
            apply([service("a").called("b"), service("b").called("a")]),
        ],
    )
}

pub(super) fn a_name_passes_from_one_object_to_another() -> Scenario {
    Scenario::new(
        "same-name-again",
        [
            with_base([
                service("a").called("shop").into(),
                upstream("u").into(),
                target("t1", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "a"), key(Kind::KongTarget, "t1")]),
            apply([
                Value::from(service("b").called("shop")),
                target("t2", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "b")]),
            Act::Wait(200),
            apply([service("c").called("shop").host("second.test")]),
        ],
    )
}

pub(super) fn two_objects_want_one_name() -> Scenario {
    Scenario::new(
        "one-name-twice",
        [
            with_base([service("a").called("shop").into()]),
            Act::Settle,
            apply([service("b").called("shop")]),
            Act::Settle,
            delete([key(Kind::KongService, "a")]),
        ],
    )
}

pub(super) fn ids_are_wiped_from_statuses() -> Scenario {
    Scenario::new(
        "wipe-id",
        [
            with_base([service("a").into(), route("a").into()]),
            Act::Settle,
            Act::WipeId(key(Kind::KongService, "a")),
            Act::Settle,
            Act::WipeId(key(Kind::KonnectGatewayControlPlane, "cp")),
            Act::Restart,
            Act::Settle,
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
        ],
    )
}

pub(super) fn an_id_belongs_to_somebody_else() -> Scenario {
    let id = "22222222-2222-4222-8222-222222222222";
    Scenario::new(
        "foreign-id",
        [
            with_base([]),
            Act::Settle,
            Act::Elsewhere(Elsewhere::Add {
                plane: "cp".to_owned(),
                at: Collection::Services,
                id: id.to_owned(),
                body: json!({"name": "theirs", "host": "theirs.test"}),
            }),
            Act::Restart,
            Act::Settle,
            apply([
                service("a").with_id(id),
                service("b").called("theirs"),
                service("c").with_id("33333333-3333-4333-8333-333333333333"),
            ]),
            Act::Settle,
            delete([key(Kind::KongService, "a")]),
        ],
    )
}

pub(super) fn an_upstream_goes_with_its_targets() -> Scenario {
    Scenario::new(
        "upstream",
        [
            with_base([
                upstream("u").into(),
                target("t1", "u", "10.0.0.1:80").into(),
                target("t2", "u", "10.0.0.2:80").into(),
                upstream("v").into(),
                target("t3", "v", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            delete([
                key(Kind::KongUpstream, "u"),
                key(Kind::KongTarget, "t1"),
                key(Kind::KongTarget, "t2"),
            ]),
            Act::Wait(40),
            delete([key(Kind::KongTarget, "t3")]),
        ],
    )
}

pub(super) fn a_route_changes_its_service() -> Scenario {
    Scenario::new(
        "move-route",
        [
            with_base([service("a").into(), service("b").into(), route("a").into()]),
            Act::Settle,
            apply([route("a").to_service("b")]),
            delete([key(Kind::KongService, "a")]),
        ],
    )
}
