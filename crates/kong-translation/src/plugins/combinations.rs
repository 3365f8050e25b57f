//! Which uses of a plugin follow from all that ask for it in the annotation.

use kong_crds::Kind;
use kong_crds::conditions::PLUGIN_REF_VALID;
use kong_model::{Collection, RemoteId};
use kong_resolve::{Intent, Key, Readiness, Standing};
use serde_json::{Value, json};

use crate::testing::{
    Cluster, claims, condition, control_plane_ref, control_plane_with, ready, standing, untagged,
};

const ASKS: &str = "konghq.com/plugins";

/// A plugin, and objects that ask for it, each called after its kind with a number.
struct World {
    cluster: Cluster,
    keys: Vec<Key>,
}

impl World {
    fn of(kinds: &[Kind]) -> Self {
        let mut cluster = Cluster::with_control_plane();
        plugin(&mut cluster, "KongPlugin", "ns");
        let mut world = Self {
            cluster,
            keys: Vec::new(),
        };
        for kind in kinds {
            world.add(*kind, "limit");
        }
        world
    }

    fn add(&mut self, kind: Kind, plugins: &str) -> Key {
        let number = self.keys.iter().filter(|key| key.kind == kind).count();
        let name = format!("{}{number}", member(kind));
        let mut document = json!({
            "apiVersion": kind.api_version(), "kind": kind.as_str(),
            "metadata": {"name": name, "annotations": {ASKS: plugins}},
            "spec": {"controlPlaneRef": control_plane_ref(), "host": "h.test", "paths": ["/"]},
        });
        if kind == Kind::KongConsumer {
            document["username"] = json!(name);
        }
        let key = self.cluster.apply(document);
        self.cluster.stand(&key, ready(&format!("{name}-id")));
        self.keys.push(key.clone());
        key
    }

    /// What the plugins of all objects are for, in short.
    fn scopes(&self) -> Vec<String> {
        let mut scopes = Vec::new();
        for key in &self.keys {
            let verdict = self.cluster.judge(key);
            for claim in claims(&verdict) {
                if claim.site.at == Collection::Plugins {
                    scopes.push(match &claim.intent {
                        Intent::Present(_) => scope(&untagged(claim)),
                        other => format!("{other:?}"),
                    });
                }
            }
        }
        scopes.sort();
        scopes
    }
}

fn member(kind: Kind) -> &'static str {
    match kind {
        Kind::KongService => "service",
        Kind::KongRoute => "route",
        Kind::KongConsumer => "consumer",
        _ => "group",
    }
}

fn scope(body: &Value) -> String {
    let members = ["service", "route", "consumer", "consumer_group"];
    let ids = members
        .iter()
        .filter_map(|member| body[member]["id"].as_str());
    ids.map(|id| id.trim_end_matches("-id"))
        .collect::<Vec<_>>()
        .join("+")
}

fn plugin(cluster: &mut Cluster, kind: &str, namespace: &str) {
    cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": kind, "plugin": "rate-limiting",
        "metadata": {"name": "limit", "namespace": namespace}, "config": {"minute": 5},
    }));
}

#[test]
fn what_a_plugin_is_for_follows_from_all_that_ask_for_it() {
    let (service, route) = (Kind::KongService, Kind::KongRoute);
    let (consumer, group) = (Kind::KongConsumer, Kind::KongConsumerGroup);
    let cases: [(&[Kind], &[&str]); 8] = [
        (&[service, route], &["route0", "service0"]),
        (&[consumer, consumer], &["consumer0", "consumer1"]),
        (&[group], &["group0"]),
        (
            &[service, route, consumer],
            &["route0+consumer0", "service0+consumer0"],
        ),
        (
            &[service, consumer, consumer],
            &["service0+consumer0", "service0+consumer1"],
        ),
        (&[route, group], &["route0+group0"]),
        (&[route, consumer, group], &["route0+consumer0"]),
        (&[consumer, group], &["consumer0"]),
    ];
    for (kinds, expected) in cases {
        assert_eq!(World::of(kinds).scopes(), expected, "{kinds:?}");
    }
}

#[test]
fn those_of_another_control_plane_do_not_count() {
    let mut world = World::of(&[Kind::KongService, Kind::KongConsumer]);
    let elsewhere = control_plane_with(|home| {
        home.control_plane = Key::new(Kind::KonnectGatewayControlPlane, "ns", "second");
        home.id = Some(RemoteId::from("second-id"));
    });
    let elsewhere = Standing {
        id: Some(RemoteId::from("consumer0-id")),
        ..elsewhere
    };
    let consumer = world.keys[1].clone();
    world.cluster.stand(&consumer, elsewhere);
    let service = world.keys[0].clone();
    let verdict = world.cluster.judge(&service);
    assert_eq!(scope(&untagged(&claims(&verdict)[1])), "service0");
}

#[test]
fn those_on_their_way_out_do_not_count_and_those_not_there_yet_are_waited_for() {
    let mut world = World::of(&[Kind::KongService, Kind::KongConsumer]);
    let (service, consumer) = (world.keys[0].clone(), world.keys[1].clone());
    let waiting = Standing {
        id: None,
        ..ready("")
    };
    world.cluster.stand(&consumer, waiting);
    assert_eq!(
        claims(&world.cluster.judge(&service))[1].intent,
        Intent::Keep
    );
    let leaving = Standing {
        deleting: true,
        ..ready("consumer0-id")
    };
    world.cluster.stand(&consumer, leaving);
    let verdict = world.cluster.judge(&service);
    assert_eq!(scope(&untagged(&claims(&verdict)[1])), "service0");
}

#[test]
fn what_nobody_has_looked_at_yet_is_waited_for() {
    let mut world = World::of(&[Kind::KongService]);
    world.cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongConsumer", "username": "u",
        "metadata": {"name": "new", "annotations": {ASKS: "limit"}},
        "spec": {"controlPlaneRef": control_plane_ref()},
    }));
    let service = world.keys[0].clone();
    assert_eq!(
        claims(&world.cluster.judge(&service))[1].intent,
        Intent::Keep
    );
}

#[test]
fn a_consumer_of_a_gateway_without_konnect_does_not_count() {
    let mut world = World::of(&[Kind::KongService]);
    let foreign = world.cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongConsumer", "username": "u",
        "metadata": {"name": "foreign", "annotations": {ASKS: "limit"}},
    }));
    world.cluster.stand(&foreign, standing(Readiness::Blocked));
    assert_eq!(world.scopes(), ["service0"]);
}

#[test]
fn a_plugin_of_another_namespace_needs_a_grant_and_is_not_looked_at_without() {
    let mut world = World::of(&[]);
    plugin(&mut world.cluster, "KongPlugin", "other");
    let key = world.add(Kind::KongService, "other:limit");
    let verdict = world.cluster.judge(&key);
    assert_eq!(claims(&verdict)[1].intent, Intent::Keep);
    let said = condition(&verdict, PLUGIN_REF_VALID);
    let start = "KongReferenceGrants do not allow access to KongPlugin other/limit";
    assert!(said.message.starts_with(start), "{said:?}");
    let read = kong_resolve::Dep::Object(Key::new(Kind::KongPlugin, "other", "limit"));
    assert!(!world.cluster.reads(&key).contains(&read));
    world.cluster.grant(Kind::KongService, Kind::KongPlugin);
    assert_eq!(world.scopes(), ["service0"]);
}

#[test]
fn a_cluster_plugin_is_taken_where_the_namespace_has_none_of_the_name() {
    let mut cluster = Cluster::with_control_plane();
    plugin(&mut cluster, "KongClusterPlugin", "ns");
    let mut world = World {
        cluster,
        keys: Vec::new(),
    };
    let key = world.add(Kind::KongService, "limit");
    assert_eq!(world.scopes(), ["service0"]);
    let own = |world: &World| world.cluster.judge(&key).pins[0].kind;
    assert_eq!(own(&world), Kind::KongClusterPlugin);
    plugin(&mut world.cluster, "KongPlugin", "ns");
    assert_eq!(own(&world), Kind::KongPlugin);
}
