//! Whole worlds in, whole verdicts out.

use std::sync::Arc;

use kong_crds::conditions::{PROGRAMMED, RESOLVED_REFS};
use kong_resolve::{AdoptionMode, Dep, Intent, Output, Readiness, Standing, identity};
use serde_json::Value;

use super::*;
use crate::testing::{
    Cluster, body, claims, condition, control_plane, control_plane_ref, failing, home, meta, ready,
    site, standing, untagged,
};

fn key(kind: Kind) -> Key {
    Key::new(kind, "ns", kind.as_str().to_lowercase())
}

fn reference(kind: Kind) -> Value {
    let name = kind.as_str().to_lowercase();
    json!({"group": kind.group(), "kind": kind.as_str(), "name": name})
}

/// A binding of the KongPlugin `limit`.
fn bind(cluster: &mut Cluster, mut spec: Value) -> Key {
    spec["controlPlaneRef"] = control_plane_ref();
    if spec["pluginRef"].is_null() {
        spec["pluginRef"] = json!({"name": "limit"});
    }
    cluster.entity(Kind::KongPluginBinding, spec)
}

fn to_service() -> Value {
    json!({"targets": {"serviceRef": reference(Kind::KongService)}})
}

fn plugin(cluster: &mut Cluster, namespace: &str, fields: &Value) -> Key {
    let mut document = json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin",
        "metadata": {
            "name": "limit", "namespace": namespace,
            "annotations": {"konghq.com/tags": "annotated,twice"},
        },
        "plugin": "rate-limiting",
    });
    let fields = fields.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(fields);
    cluster.apply(document)
}

/// A plugin, a service and a route that are there.
fn world() -> Cluster {
    let mut cluster = Cluster::with_control_plane();
    plugin(&mut cluster, "ns", &json!({"config": {"minute": 5}}));
    cluster.stand(&key(Kind::KongService), ready("service-id"));
    cluster.stand(&key(Kind::KongRoute), ready("route-id"));
    cluster
}

fn bound(spec: Value) -> (Cluster, Key) {
    let mut cluster = world();
    let key = bind(&mut cluster, spec);
    (cluster, key)
}

#[test]
fn a_bound_plugin_is_sent_with_the_ids_of_its_targets_and_the_tags_of_the_binding() {
    let mut cluster = world();
    let fields = json!({
        "config": {"minute": 5}, "disabled": true, "instance_name": "i",
        "protocols": ["http", "https"], "tags": ["ignored"],
    });
    let limit = plugin(&mut cluster, "ns", &fields);
    let key = cluster.annotated(
        Kind::KongPluginBinding,
        json!({"konghq.com/tags": "own,twice"}),
        json!({
            "controlPlaneRef": control_plane_ref(), "pluginRef": {"name": "limit"},
            "tags": ["ignored"], "targets": {
                "routeRef": reference(Kind::KongRoute),
                "serviceRef": reference(Kind::KongService),
            },
        }),
    );
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        body(claim),
        json!({
            "config": {"minute": 5}, "enabled": false, "instance_name": "i",
            "name": "rate-limiting", "protocols": ["http", "https"],
            "route": {"id": "route-id"}, "service": {"id": "service-id"},
            "tags": [
                "annotated", "k8s-generation:1", "k8s-group:configuration.konghq.com",
                "k8s-kind:KongPluginBinding", "k8s-name:pluginbinding", "k8s-namespace:ns",
                "k8s-uid:uid-pluginbinding", "k8s-version:v1alpha1", "managed-by:kong-operator",
                "own", "twice",
            ],
        })
    );
    assert_eq!(claim.site, site(Collection::Plugins));
    assert_eq!(claim.identity, identity(&meta(&cluster, &key).uid));
    assert!(claim.main && verdict.cleanup);
    assert_eq!(verdict.pins, [limit]);
    assert_eq!(verdict.home.as_deref(), Some(&home()));
    assert_eq!(failing(&verdict), []);
    let said = condition(&verdict, PLUGIN_REF_VALID);
    assert_eq!(said.message, "KongPlugin ns/limit exists and is accessible");
    let kinds = verdict.conditions.iter().map(|condition| condition.kind);
    assert!(!kinds.into_iter().any(|kind| kind == TARGET_REFS_VALID));
}

#[test]
fn a_plugin_of_the_whole_control_plane_names_nobody() {
    let mut cluster = world();
    // What is empty is not set.
    let fields = json!({"config": {}, "instance_name": "", "protocols": []});
    plugin(&mut cluster, "ns", &fields);
    let key = bind(&mut cluster, json!({"scope": "GlobalInControlPlane"}));
    let verdict = cluster.judge(&key);
    let sent = json!({"enabled": true, "name": "rate-limiting"});
    assert_eq!(untagged(&claims(&verdict)[0]), sent);
}

#[test]
fn an_edit_of_the_plugin_is_an_edit_of_its_use() {
    let (mut cluster, key) = bound(to_service());
    let limit = Dep::Object(Key::new(Kind::KongPlugin, "ns", "limit"));
    assert!(cluster.reads(&key).contains(&limit));
    plugin(&mut cluster, "ns", &json!({"config": {"minute": 9}}));
    let verdict = cluster.judge(&key);
    let sent = untagged(&claims(&verdict)[0]);
    assert_eq!(sent["config"], json!({"minute": 9}));
}

#[test]
fn a_plugin_that_cannot_be_had_keeps_what_there_is() {
    let from = json!({"secretKeyRef": {"name": "absent", "key": "k"}});
    let cases = [
        (
            json!({"name": "absent"}),
            "KongPlugin ns/absent not found; create it in namespace \"ns\" or correct \
             spec.pluginRef",
        ),
        (
            json!({"name": "limit"}),
            "KongPlugin ns/limit cannot be used: configFrom: Secret \"absent\" not found; create it \
             in namespace \"ns\" with the label konghq.com/secret: \"true\", without which it counts as \
             not there, or correct configFrom",
        ),
        (
            json!({"name": "limit", "kind": "KongClusterPlugin"}),
            "KongClusterPlugin limit not found; create it or correct spec.pluginRef",
        ),
        (
            json!({"name": "limit", "kind": "KongFuturePlugin"}),
            "spec.pluginRef.kind is neither KongPlugin nor KongClusterPlugin; correct it",
        ),
    ];
    for (plugin_ref, message) in cases {
        let mut cluster = world();
        plugin(&mut cluster, "ns", &json!({"configFrom": from}));
        let mut spec = to_service();
        spec["pluginRef"] = plugin_ref;
        let key = bind(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(failing(&verdict), [(PLUGIN_REF_VALID, INVALID, message)]);
        assert!(!verdict.cleanup);
    }
}

#[test]
fn a_plugin_elsewhere_is_neither_looked_at_nor_pinned_without_a_grant() {
    let mut cluster = world();
    let limit = plugin(&mut cluster, "other", &json!({}));
    let mut spec = to_service();
    spec["pluginRef"] = json!({"name": "limit", "namespace": "other"});
    let key = bind(&mut cluster, spec);
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::KeepLastGood);
    let message = "KongReferenceGrants do not allow access to KongPlugin other/limit; create \
                   one in namespace \"other\" with from {group: configuration.konghq.com, kind: \
                   KongPluginBinding, namespace: ns} and to {group: configuration.konghq.com, \
                   kind: KongPlugin}";
    let denial = (PLUGIN_REF_VALID, REF_NOT_PERMITTED, message);
    assert_eq!(failing(&verdict), [denial]);
    assert!(verdict.pins.is_empty());
    let looked = Dep::Object(limit.clone());
    assert!(!cluster.reads(&key).contains(&looked));

    cluster.delete(&key);
    let verdict = cluster.judge(&key);
    assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
    assert!(!cluster.reads(&key).contains(&looked));
}

#[test]
fn a_granted_plugin_is_used_pinned_and_no_matter_of_resolved_refs() {
    let mut cluster = world();
    let limit = plugin(&mut cluster, "other", &json!({}));
    let mut spec = to_service();
    spec["pluginRef"] = json!({"name": "limit", "namespace": "other"});
    let key = bind(&mut cluster, spec);
    cluster.grant(Kind::KongPluginBinding, Kind::KongPlugin);
    let verdict = cluster.judge(&key);
    assert_eq!(
        (claims(&verdict).len(), &verdict.pins[..]),
        (1, &[limit][..])
    );
    let kinds: Vec<_> = verdict.conditions.iter().map(|said| said.kind).collect();
    assert!(!kinds.contains(&RESOLVED_REFS), "{kinds:?}");
}

#[test]
fn what_is_wrong_with_a_target_keeps_what_there_is_and_is_said() {
    let elsewhere = |id: &str| {
        let mut other = home();
        other.control_plane = Key::new(Kind::KonnectGatewayControlPlane, "ns", "second");
        other.id = Some(id.into());
        Standing {
            home: Some(Arc::new(other)),
            ..ready("service-id")
        }
    };
    let cases = [
        (
            None,
            false,
            "KongService.configuration.konghq.com \"kongservice\" not found; create it in \
             namespace \"ns\" or correct spec.targets.serviceRef",
        ),
        (
            Some(standing(Readiness::Pending)),
            true,
            "Referenced KongService ns/kongservice is not programmed yet",
        ),
        (
            Some(standing(Readiness::Blocked)),
            false,
            "Referenced KongService ns/kongservice is not programmed yet; its own conditions \
             say why",
        ),
        (
            Some(elsewhere("second-id")),
            false,
            "Referenced KongService ns/kongservice belongs to a different ControlPlane: it is \
             in ns/second, the object in ns/cp; correct spec.targets.serviceRef or \
             spec.controlPlaneRef",
        ),
    ];
    for (standing, passing, message) in cases {
        let (mut cluster, key) = bound(to_service());
        let service = self::key(Kind::KongService);
        cluster.remove_standing(&service);
        if let Some(standing) = standing {
            cluster.stand(&service, standing);
        }
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(failing(&verdict), [(TARGET_REFS_VALID, INVALID, message)]);
        assert_eq!(verdict.is_passing(), passing, "{message}");
        let waits = message.contains("is not programmed yet");
        assert_eq!(verdict.cleanup, waits, "{message}");
        assert_eq!(verdict.pins.len(), 1);
    }
}

#[test]
fn a_plugin_goes_before_the_target_that_is_being_deleted() {
    let (mut cluster, key) = bound(json!({"targets": {
        "routeRef": reference(Kind::KongRoute), "serviceRef": reference(Kind::KongService),
    }}));
    let leaving = Standing {
        deleting: true,
        ..ready("route-id")
    };
    cluster.stand(&self::key(Kind::KongRoute), leaving);
    let verdict = cluster.judge(&key);
    assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
    let message = "Referenced KongRoute ns/kongroute is being deleted; delete this object too or \
                   correct spec.targets.routeRef";
    assert_eq!(failing(&verdict), [(TARGET_REFS_VALID, INVALID, message)]);
    cluster.delete(&key);
    assert_eq!(claims(&cluster.judge(&key))[0].intent, Intent::Absent);
}

#[test]
fn targets_that_cannot_be_served_are_all_named_in_one_condition() {
    let (cluster, key) = bound(json!({"targets": {
        "routeRef": {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "r"},
        "serviceRef": {"group": "", "kind": "Service", "name": "s"},
        "consumerRef": {"name": "c"}, "consumerGroupRef": {"name": "g"},
    }}));
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::KeepLastGood);
    assert!(!verdict.is_passing());
    assert_eq!(
        condition(&verdict, TARGET_REFS_VALID).message,
        "unsupported route target kind \"HTTPRoute\"; refer to a KongRoute in \
         spec.targets.routeRef; unsupported service target kind \"Service\"; refer to a \
         KongService in spec.targets.serviceRef; KongConsumer.configuration.konghq.com \"c\" not \
         found; create it in namespace \"ns\" or correct spec.targets.consumerRef; \
         KongConsumerGroup.configuration.konghq.com \"g\" not found; create it in namespace \"ns\" or \
         correct spec.targets.consumerGroupRef"
    );
}

#[test]
fn a_target_that_waits_beside_one_that_cannot_be_served_is_no_passing_matter() {
    let (mut cluster, key) = bound(json!({"targets": {
        "serviceRef": reference(Kind::KongService), "consumerRef": {"name": "c"},
    }}));
    let waiting = standing(Readiness::Pending);
    cluster.stand(&self::key(Kind::KongService), waiting);
    let verdict = cluster.judge(&key);
    assert!(!verdict.is_passing() && !verdict.cleanup);
}

#[test]
fn scope_and_targets_have_to_agree() {
    let none = "no targets found for KongPluginBinding ns/pluginbinding; name one in \
                spec.targets or set spec.scope to GlobalInControlPlane";
    let global = "No targets must be set when scope is 'GlobalInControlPlane'";
    let unknown = "spec.scope is neither OnlyTargets nor GlobalInControlPlane; correct it";
    let cases = [
        (json!({}), none),
        (json!({"targets": {}}), none),
        (
            json!({"scope": "GlobalInControlPlane", "targets": {}}),
            global,
        ),
        (json!({"scope": "Everywhere"}), unknown),
    ];
    for (spec, message) in cases {
        let (cluster, key) = bound(spec);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(failing(&verdict), [(PROGRAMMED, INVALID, message)]);
    }
}

#[test]
fn the_deletion_of_a_binding_looks_at_no_target_and_keeps_the_plugin_until_it_is_done() {
    let (mut cluster, key) = bound(to_service());
    cluster.remove_standing(&self::key(Kind::KongService));
    cluster.delete(&key);
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    assert_eq!(claim.intent, Intent::Absent);
    assert_eq!(verdict.pins, [Key::new(Kind::KongPlugin, "ns", "limit")]);
    assert_eq!(failing(&verdict), []);
    let looked = Dep::Standing(self::key(Kind::KongService));
    assert!(!cluster.reads(&key).contains(&looked));
}

#[test]
fn without_its_control_plane_the_plugin_is_gone_too() {
    let (mut cluster, key) = bound(to_service());
    cluster.remove_standing(&control_plane());
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::Want(Vec::new()));
    assert!(!verdict.cleanup);
}

#[test]
fn a_binding_can_be_one_that_is_there_already() {
    let mut spec = to_service();
    spec["adopt"] = json!({"from": "konnect", "konnect": {"id": "theirs"}});
    let (cluster, key) = bound(spec);
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    let asked = claim.adopt.as_ref().map(|it| (it.id.as_str(), it.mode));
    assert_eq!(asked, Some(("theirs", AdoptionMode::Override)));
}

#[test]
fn consumers_and_groups_are_targets_too() {
    for (field, member, kind) in [
        ("consumerRef", "consumer", Kind::KongConsumer),
        (
            "consumerGroupRef",
            "consumer_group",
            Kind::KongConsumerGroup,
        ),
    ] {
        let (mut cluster, key) = bound(json!({"targets": {
            "routeRef": reference(Kind::KongRoute), field: {"name": "who"},
        }}));
        cluster.stand(&Key::new(kind, "ns", "who"), ready("who-id"));
        cluster.stand(&self::key(Kind::KongRoute), ready("route-id"));
        let verdict = cluster.judge(&key);
        let sent = untagged(&claims(&verdict)[0]);
        assert_eq!(sent["route"], json!({"id": "route-id"}));
        assert_eq!(sent[member], json!({"id": "who-id"}));
        assert_eq!(failing(&verdict), []);
    }
}

#[test]
fn a_cluster_plugin_is_used_with_secrets_of_its_own_namespaces() {
    let mut cluster = world();
    cluster.apply(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "all", "namespace": "platform"},
        "stringData": {"k": "{\"password\": \"hunter2\"}"},
    }));
    let source = json!({"name": "all", "namespace": "platform", "key": "k"});
    let plugin = cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongClusterPlugin",
        "metadata": {"name": "limit"}, "plugin": "rate-limiting",
        "configFrom": {"secretKeyRef": source},
    }));
    let mut spec = to_service();
    spec["pluginRef"] = json!({"name": "limit", "kind": "KongClusterPlugin"});
    let key = bind(&mut cluster, spec);
    let verdict = cluster.judge(&key);
    let sent = untagged(&claims(&verdict)[0]);
    assert_eq!(sent["config"], json!({"password": "hunter2"}));
    assert_eq!(verdict.pins, [plugin]);
    assert!(!format!("{verdict:?}").contains("hunter2"));
}
