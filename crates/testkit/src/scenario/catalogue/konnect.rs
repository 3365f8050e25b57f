//! Control planes, and what others do in Konnect.

use kong_crds::Kind;
use kong_model::Collection;
use serde_json::{Value, json};

use super::{Scenario, edit, key, with_base};
use crate::act::{Act, Elsewhere, apply, delete};
use crate::document::{auth, certificate, group, mirror, plane, route, service, target, upstream};

pub(super) fn a_control_plane_is_lost_in_konnect() -> Scenario {
    Scenario::new(
        "plane-lost",
        [
            with_base([
                service("a").into(),
                route("a").into(),
                certificate("c", "one").into(),
            ]),
            Act::Settle,
            Act::Elsewhere(Elsewhere::Delete {
                at: Collection::ControlPlanes,
                name: "cp".to_owned(),
            }),
            Act::Wait(130_000),
        ],
    )
    .with_refusals(&[404])
}

pub(super) fn somebody_else_changes_things_in_konnect() -> Scenario {
    Scenario::new(
        "drift",
        [
            with_base([
                service("a").into(),
                service("b").into(),
                route("b").into(),
                upstream("u").into(),
                target("t", "u", "10.0.0.1:80").into(),
            ]),
            Act::Settle,
            Act::Elsewhere(Elsewhere::Change {
                at: Collection::Services,
                name: "a".to_owned(),
                members: json!({"host": "evil.test"}),
            }),
            Act::Elsewhere(Elsewhere::Delete {
                at: Collection::Routes,
                name: "b".to_owned(),
            }),
            Act::Elsewhere(Elsewhere::Delete {
                at: Collection::Upstreams,
                name: "u".to_owned(),
            }),
            Act::Elsewhere(Elsewhere::Add {
                plane: "cp".to_owned(),
                at: Collection::Services,
                id: "11111111-1111-4111-8111-111111111111".to_owned(),
                body: json!({"name": "foreign", "host": "foreign.test"}),
            }),
            Act::Wait(130_000),
        ],
    )
}

pub(super) fn a_group_has_members() -> Scenario {
    Scenario::new(
        "group",
        [
            apply([
                Value::from(auth("auth")),
                plane("one").into(),
                plane("two").into(),
                group("all", &["one", "two"]).into(),
            ]),
            Act::Settle,
            apply([group("all", &["two"])]),
            Act::Settle,
            apply([group("all", &["two", "one"])]),
            Act::Settle,
            delete([key(Kind::KonnectGatewayControlPlane, "all")]),
            Act::Settle,
            delete([key(Kind::KonnectGatewayControlPlane, "one")]),
        ],
    )
}

pub(super) fn a_control_plane_is_a_mirror() -> Scenario {
    Scenario::new(
        "mirror",
        [
            Act::Elsewhere(Elsewhere::Found {
                name: "theirs".to_owned(),
            }),
            apply([
                Value::from(auth("auth")),
                mirror("theirs", &first_id()).into(),
            ]),
            Act::Settle,
            apply([service("a").in_plane("theirs")]),
            Act::Settle,
            delete([
                key(Kind::KongService, "a"),
                key(Kind::KonnectGatewayControlPlane, "theirs"),
            ]),
        ],
    )
}

/// The id that Konnect gives to the first control plane that is made in a scene.
fn first_id() -> String {
    let mut konnect = konnect_sim::Konnect::new(crate::scene::KONNECT_SEED);
    let site = kong_model::Site {
        at: Collection::ControlPlanes,
        control_plane: None,
        parent: None,
    };
    let body = kong_model::Body::from_wire(site.at, &json!({"name": "first"})).into();
    let request = kong_model::Call::Post { site, body }.request();
    let made = konnect.third_party(konnect_sim::Millis(0), &request);
    made.body["id"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn control_planes_change() -> Scenario {
    let request = |members: Value| json!({"spec": {"createControlPlaneRequest": members}});
    Scenario::new(
        "planes",
        [
            with_base([
                plane("other").into(),
                service("a").into(),
                service("b").in_plane("other").into(),
            ]),
            Act::Settle,
            edit(
                Kind::KonnectGatewayControlPlane,
                "cp",
                request(json!({"description": "d", "labels": {"team": "x"}})),
            ),
            edit(
                Kind::KonnectGatewayControlPlane,
                "other",
                request(json!({"name": "renamed"})),
            ),
            Act::Settle,
            delete([
                key(Kind::KonnectGatewayControlPlane, "other"),
                key(Kind::KongService, "b"),
            ]),
        ],
    )
}
