//! The stories themselves.

use kong_crds::Kind;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::Scenario;
use crate::act::{Act, Elsewhere, apply, delete};
use crate::document::{
    Document, NAMESPACE, Secret, TOKEN, auth, auth_from_secret, certificate, certificate_from,
    config_secret, grant, group, key_of, mirror, plane, plugin, plugin_from, route, service,
    target, tls_secret, token_secret, upstream,
};
use crate::watchdog::CONFIG_CANARY;

/// Another namespace.
const VAULT: &str = "vault";

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn edit(kind: Kind, name: &str, patch: Value) -> Act {
    Act::Edit(key(kind, name), patch)
}

/// Credentials and a control plane.
fn base() -> Vec<Value> {
    vec![auth("auth").into(), plane("cp").into()]
}

fn with_base(more: impl IntoIterator<Item = Value>) -> Act {
    apply(base().into_iter().chain(more))
}

fn data(secret: Document<Secret>) -> Value {
    let value: Value = secret.into();
    json!({"stringData": value["stringData"]})
}

/// Every story.
pub fn all() -> Vec<Scenario> {
    vec![
        everything_is_created(),
        children_come_before_their_parents(),
        fields_change(),
        some_objects_are_deleted(),
        a_grant_for_credentials_comes_and_goes(),
        a_token_in_a_secret_is_rotated(),
        a_token_is_revoked_and_replaced(),
        a_certificate_is_rotated(),
        a_certificate_comes_from_another_namespace(),
        a_parent_is_deleted_and_made_again(),
        a_parent_is_replaced_at_once(),
        a_service_is_renamed(),
        two_services_swap_their_names(),
        a_name_passes_from_one_object_to_another(),
        two_objects_want_one_name(),
        a_control_plane_is_lost_in_konnect(),
        somebody_else_changes_things_in_konnect(),
        an_object_is_poisoned(),
        an_annotation_asks_for_plugins(),
        a_plugin_has_secrets(),
        a_group_has_members(),
        a_control_plane_is_a_mirror(),
        everything_is_deleted_at_once(),
        ids_are_wiped_from_statuses(),
        an_id_belongs_to_somebody_else(),
        an_upstream_goes_with_its_targets(),
        a_client_certificate_comes_and_goes(),
        a_route_changes_its_service(),
        the_engine_restarts_in_the_middle(),
        control_planes_change(),
    ]
}

fn everything_is_created() -> Scenario {
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

fn children_come_before_their_parents() -> Scenario {
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

fn fields_change() -> Scenario {
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

fn some_objects_are_deleted() -> Scenario {
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

fn a_grant_for_credentials_comes_and_goes() -> Scenario {
    let permission = || {
        grant(
            "g",
            VAULT,
            Kind::KonnectGatewayControlPlane,
            Kind::KonnectAPIAuthConfiguration,
        )
    };
    Scenario::new(
        "grant",
        [
            apply([
                Value::from(auth("auth").in_namespace(VAULT)),
                plane("cp").opened_from(VAULT).into(),
                service("a").into(),
            ]),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([permission().key()]),
            Act::Wait(30),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            apply([permission()]),
        ],
    )
}

fn a_token_in_a_secret_is_rotated() -> Scenario {
    Scenario::new(
        "rotate-token",
        [
            apply([
                Value::from(token_secret("token", "kpat_canary_old")),
                auth_from_secret("auth", "token").into(),
                plane("cp").into(),
                service("a").into(),
            ]),
            Act::Settle,
            edit(
                Kind::Secret,
                "token",
                data(token_secret("token", "kpat_canary_new")),
            ),
            Act::Wait(15),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            Act::Revoke("kpat_canary_old".to_owned()),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 8}})),
        ],
    )
}

fn a_token_is_revoked_and_replaced() -> Scenario {
    Scenario::new(
        "revoke-token",
        [
            with_base([service("a").into()]),
            Act::Settle,
            Act::Revoke(TOKEN.to_owned()),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            edit(
                Kind::KonnectAPIAuthConfiguration,
                "auth",
                json!({"spec": {"token": "kpat_canary_next"}}),
            ),
        ],
    )
    .with_refusals(&[401])
}

fn a_certificate_is_rotated() -> Scenario {
    Scenario::new(
        "rotate-certificate",
        [
            with_base([
                tls_secret("pair", "one").into(),
                certificate_from("c", "pair").into(),
            ]),
            Act::Settle,
            edit(Kind::Secret, "pair", data(tls_secret("pair", "two"))),
            Act::Settle,
            delete([key(Kind::Secret, "pair")]),
            Act::Settle,
            apply([tls_secret("pair", "three")]),
        ],
    )
}

fn a_certificate_comes_from_another_namespace() -> Scenario {
    let permission = || grant("g", VAULT, Kind::KongCertificate, Kind::Secret);
    Scenario::new(
        "certificate-grant",
        [
            with_base([
                tls_secret("pair", "one").in_namespace(VAULT).into(),
                certificate_from("c", "pair").of_namespace(VAULT).into(),
            ]),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([permission().key()]),
            Act::Settle,
            Act::Edit(
                Key::new(Kind::Secret, VAULT, "pair"),
                data(tls_secret("pair", "two")),
            ),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([key(Kind::KongCertificate, "c"), permission().key()]),
        ],
    )
}

fn a_parent_is_deleted_and_made_again() -> Scenario {
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

fn a_parent_is_replaced_at_once() -> Scenario {
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

fn a_service_is_renamed() -> Scenario {
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

fn two_services_swap_their_names() -> Scenario {
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

fn a_name_passes_from_one_object_to_another() -> Scenario {
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

fn two_objects_want_one_name() -> Scenario {
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

fn a_control_plane_is_lost_in_konnect() -> Scenario {
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

fn somebody_else_changes_things_in_konnect() -> Scenario {
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

fn an_object_is_poisoned() -> Scenario {
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

fn an_annotation_asks_for_plugins() -> Scenario {
    let plugins =
        |names: Value| json!({"metadata": {"annotations": {"konghq.com/plugins": names}}});
    Scenario::new(
        "plugins",
        [
            with_base([
                plugin("limit").into(),
                plugin("extra")
                    .with("plugin", "correlation-id")
                    .with("config", json!({"header_name": "x"}))
                    .into(),
                service("a").using_plugins("limit").into(),
                route("a").into(),
            ]),
            Act::Settle,
            edit(Kind::KongRoute, "a", plugins(json!("limit, extra"))),
            Act::Settle,
            edit(Kind::KongPlugin, "limit", json!({"config": {"minute": 9}})),
            Act::Settle,
            edit(Kind::KongService, "a", plugins(json!(null))),
            Act::Settle,
            delete([key(Kind::KongRoute, "a"), key(Kind::KongPlugin, "limit")]),
        ],
    )
}

fn a_plugin_has_secrets() -> Scenario {
    let config = |minute: u64| json!({"minute": minute, "redis": {"password": format!("{CONFIG_CANARY}-{minute}")}});
    Scenario::new(
        "plugin-secrets",
        [
            with_base([
                config_secret("settings", &config(5)).into(),
                plugin_from("limit", "settings").into(),
                service("a").using_plugins("limit").into(),
            ]),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                data(config_secret("settings", &config(6))),
            ),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                json!({"stringData": {"config": "canary-config: [broken"}}),
            ),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                data(config_secret("settings", &config(7))),
            ),
        ],
    )
}

fn a_group_has_members() -> Scenario {
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

fn a_control_plane_is_a_mirror() -> Scenario {
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

fn everything_is_deleted_at_once() -> Scenario {
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

fn ids_are_wiped_from_statuses() -> Scenario {
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

fn an_id_belongs_to_somebody_else() -> Scenario {
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

fn an_upstream_goes_with_its_targets() -> Scenario {
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

fn a_client_certificate_comes_and_goes() -> Scenario {
    Scenario::new(
        "client-certificate",
        [
            with_base([
                certificate("c", "one").into(),
                certificate("d", "two").into(),
                service("a").showing("c").into(),
                upstream("u").showing("c").into(),
            ]),
            Act::Settle,
            edit(
                Kind::KongService,
                "a",
                json!({"spec": {"clientCertificateRef": {"name": "d"}}}),
            ),
            edit(
                Kind::KongUpstream,
                "u",
                json!({"spec": {"clientCertificateRef": null}}),
            ),
            delete([key(Kind::KongCertificate, "c")]),
            Act::Settle,
            edit(
                Kind::KongService,
                "a",
                json!({"spec": {"clientCertificateRef": null}}),
            ),
            delete([key(Kind::KongCertificate, "d")]),
        ],
    )
}

fn a_route_changes_its_service() -> Scenario {
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

fn the_engine_restarts_in_the_middle() -> Scenario {
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

fn control_planes_change() -> Scenario {
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
