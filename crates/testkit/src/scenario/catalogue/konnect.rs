//! Control planes, and what others do in Konnect.

use kong_crds::Kind;
use kong_model::Collection;
use serde_json::{Value, json};

use super::{Scenario, edit, key, with_base};
use crate::act::{Act, Elsewhere, apply, delete};
use crate::document::{
    auth, certificate, data_planes, group, mirror, plane, route, service, target, upstream,
};

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
    let (at, body) = (Collection::ControlPlanes, json!({"name": "theirs"}));
    let id = first_id(at, &body);
    Scenario::new(
        "mirror",
        [
            Act::Elsewhere(Elsewhere::Found { at, body }),
            apply([Value::from(auth("auth")), mirror("theirs", &id).into()]),
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

pub(super) fn a_network_is_named_by_its_id() -> Scenario {
    let at = Collection::Networks;
    let body = json!({
        "name": "theirs", "cloud_gateway_provider_account_id": "8b0bd0a2-1c9f-4f35-92d6-0f4b6f7ad4a1",
        "region": "eu-west-1", "availability_zones": ["euw1-az1"], "cidr_block": "10.4.0.0/16",
    });
    let id = first_id(at, &body);
    let groups = key(
        Kind::KonnectCloudGatewayDataPlaneGroupConfiguration,
        "groups",
    );
    Scenario::new(
        "network",
        [
            // It is not ready before half a minute is over.
            Act::Elsewhere(Elsewhere::Found { at, body }),
            with_base([data_planes("groups", &id).into()]),
            Act::Wait(130_000),
            Act::Edit(groups.clone(), json!({"spec": {"version": "3.13"}})),
            Act::Settle,
            Act::Restart,
            Act::Settle,
            delete([groups]),
            Act::Settle,
            Act::Elsewhere(Elsewhere::Delete {
                at,
                name: "theirs".to_owned(),
            }),
            apply([data_planes("groups", &id)]),
        ],
    )
}

/// The id that Konnect gives to what is made first in a scene.
fn first_id(at: Collection, body: &Value) -> String {
    let mut konnect = konnect_sim::Konnect::new(crate::scene::KONNECT_SEED);
    let site = kong_model::Site::of_organisation(at);
    let body = kong_model::Body::from_wire(at, body).into();
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
