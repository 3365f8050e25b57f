#![expect(
    clippy::needless_pass_by_value,
    reason = "tests write their JSON where it is used"
)]

use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::conditions::{
    API_AUTH_VALID, CONTROL_PLANE_REF_VALID, DATA_PLANE_CERTIFICATE_PROVISIONED, INVALID,
    INVALID_SECRET, NOT_PROGRAMMED, REF_NOT_FOUND, VALID,
};
use kong_crds::names::{
    CERTIFICATE_EXPIRY_ANNOTATION, MANAGED_BY_LABEL, SECRET_PROVISIONING_LABEL,
};
use kong_resolve::{
    Child, Dep, Endpoints, Home, Intent, Key, Output, Readiness, Standing, World, identity,
};
use serde_json::Value;

use super::*;
use crate::testing::{
    Cluster, body, claims, condition, control_plane, control_plane_with, failing, meta, site,
    standing,
};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
const PROVISIONED: &str = DATA_PLANE_CERTIFICATE_PROVISIONED;

fn endpoints() -> Arc<Endpoints> {
    Arc::new(Endpoints {
        cluster_type: "CLUSTER_TYPE_CONTROL_PLANE".into(),
        control_plane: "https://x.us.cp.konghq.com".into(),
        telemetry: "https://x.us.tp.konghq.com".into(),
    })
}

/// A cluster with a control plane that has something else about its home.
fn cluster_with(change: impl FnOnce(&mut Home)) -> Cluster {
    let mut cluster = Cluster::new();
    let plane = Standing {
        endpoints: Some(endpoints()),
        ..control_plane_with(change)
    };
    cluster.stand(&control_plane(), plane);
    cluster
}

fn cluster() -> Cluster {
    cluster_with(|_| {})
}

fn apply(cluster: &mut Cluster, name: &str, certificate_secret: Value) -> Key {
    cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
        "metadata": {"name": name},
        "spec": {
            "konnect": {"controlPlane": {"ref": {
                "type": "konnectNamespacedRef",
                "konnectNamespacedRef": {"name": "cp", "namespace": "ignored"},
            }}},
            "clientAuth": {"certificateSecret": certificate_secret},
        },
    }))
}

fn automatic(cluster: &mut Cluster) -> Key {
    apply(cluster, "edge", json!({"provisioning": "Automatic"}))
}

fn manual(cluster: &mut Cluster) -> Key {
    let source = json!({"provisioning": "Manual", "secretRef": {"name": "mine"}});
    apply(cluster, "edge", source)
}

fn tls() -> Value {
    json!({"tls.crt": CERTIFICATE, "tls.key": KEY})
}

/// A Secret of the extension "edge".
fn owned(cluster: &mut Cluster, name: &str, data: Value) -> Key {
    cluster.apply(json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": data,
        "metadata": {
            "name": name,
            "labels": {SECRET_PROVISIONING_LABEL: "automatic", MANAGED_BY_LABEL: "konnect-extension"},
            "annotations": {CERTIFICATE_EXPIRY_ANNOTATION: "2033-11-14T22:13:20Z"},
            "ownerReferences": [{
                "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
                "name": "edge", "uid": "uid-edge", "controller": true,
            }],
        },
    }))
}

fn child(verdict: &Verdict) -> &Child {
    let [child] = &verdict.children[..] else {
        panic!("{verdict:?}")
    };
    child
}

fn secret(name: &str) -> Key {
    Key::new(Kind::Secret, "ns", name)
}

fn refuse(world: &World, key: &Key, refusal: &str) -> World {
    let mut world = world.clone();
    assert!(world.set_refusal(key, Some(refusal)));
    world
}

#[test]
fn the_certificate_in_a_secret_of_the_user_becomes_the_entity() {
    let mut cluster = cluster();
    let mine = cluster.secret("mine", json!({}), tls());
    let key = manual(&mut cluster);
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    assert_eq!(body(claim), json!({"cert": CERTIFICATE}));
    assert_eq!(claim.site, site(Collection::DataPlaneCertificates));
    assert_eq!(claim.identity, identity(&meta(&cluster, &key).uid));
    assert!(claim.main && verdict.cleanup);
    assert_eq!(verdict.pins, [mine]);
    assert_eq!(verdict.children, []);
    assert_eq!(failing(&verdict), []);
    let plane = condition(&verdict, CONTROL_PLANE_REF_VALID);
    assert_eq!(
        (plane.reason, &*plane.message),
        (VALID, "ControlPlaneRef is valid")
    );
    let known = DataPlanes {
        secret: Some("mine".into()),
        endpoints: Some(endpoints()),
    };
    assert_eq!(verdict.data_planes.as_deref(), Some(&known));
    assert!(!format!("{verdict:?}").contains("hunter2"));
}

#[test]
fn what_is_wrong_with_a_secret_of_the_user_is_said_with_what_to_do() {
    for (data, reason, start) in [
        (None, REF_NOT_FOUND, "Secret \"mine\" not found; create it"),
        (
            Some(json!({"tls.key": KEY})),
            INVALID_SECRET,
            "the secret does not contain a valid tls secret; put a certificate",
        ),
        (
            Some(json!({"tls.crt": "hunter2"})),
            INVALID_SECRET,
            "the secret does not contain a valid tls secret; put a certificate",
        ),
    ] {
        let mut cluster = cluster();
        if let Some(data) = data {
            cluster.secret("mine", json!({}), data);
        }
        let key = manual(&mut cluster);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(PROVISIONED, said, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(said == reason && message.starts_with(start), "{message}");
        assert!(!message.contains("hunter2"));
        // It can be deleted and made anew, unless the certificate that it had is still in Konnect.
        assert_eq!(verdict.pins, []);
        let own = Standing {
            id: Some("certificate".into()),
            ..standing(Readiness::Ready)
        };
        cluster.stand(&key, own);
        assert_eq!(cluster.judge(&key).pins, [secret("mine")]);
    }
}

#[test]
fn a_secret_is_made_where_nobody_provides_one() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let verdict = cluster.judge(&key);
    let child = child(&verdict);
    assert_eq!(child.key, secret("edge-konnect-cert"));
    assert_eq!((child.exists, child.good_until), (false, None));
    assert_eq!(child.common_name, "edge.ns");
    let labels: Vec<_> = child
        .labels
        .iter()
        .map(|(name, it)| (*name, &**it))
        .collect();
    assert_eq!(
        labels,
        [
            ("konghq.com/konnect-dp-cert", "true"),
            ("gateway.konghq.com/secret-provisioning", "automatic"),
            (MANAGED_BY_LABEL, "konnect-extension"),
            ("gateway-operator.konghq.com/managed-by-name", "edge"),
            ("gateway-operator.konghq.com/managed-by-namespace", "ns"),
        ]
    );
    assert_eq!(verdict.output, Output::KeepLastGood);
    assert!(condition(&verdict, PROVISIONED).passing && verdict.is_passing());
    assert_eq!(verdict.pins, []);
    // Once it is there it is used, and kept until it is nearly over.
    let made = owned(&mut cluster, "edge-konnect-cert", tls());
    let verdict = cluster.judge(&key);
    assert_eq!(body(&claims(&verdict)[0]), json!({"cert": CERTIFICATE}));
    assert_eq!(verdict.pins, [made]);
    let child = self::child(&verdict);
    assert_eq!(
        (child.exists, child.good_until),
        (true, Some(2_015_619_200))
    );
}

#[test]
fn a_secret_that_kongs_operator_made_is_found_by_its_owner() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let theirs = owned(&mut cluster, "konnect-extension-edge-x7f2k", tls());
    let verdict = cluster.judge(&key);
    assert_eq!(child(&verdict).key, theirs);
    assert_eq!(verdict.pins, [theirs]);
    assert_eq!(claims(&verdict).len(), 1);
}

#[test]
fn a_secret_without_a_certificate_is_filled_anew() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let broken = owned(&mut cluster, "edge-konnect-cert", json!({"tls.crt": "?"}));
    let verdict = cluster.judge(&key);
    let child = child(&verdict);
    assert_eq!((&child.key, child.exists), (&broken, true));
    assert_eq!(child.good_until, None);
    assert_eq!(verdict.output, Output::KeepLastGood);
}

#[test]
fn what_somebody_else_has_under_the_name_is_left_alone() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    cluster.secret("edge-konnect-cert", json!({}), tls());
    let verdict = cluster.judge(&key);
    assert_eq!(
        (&verdict.children[..], &verdict.pins[..]),
        (&[][..], &[][..])
    );
    let said = condition(&verdict, PROVISIONED);
    let start = "DataPlane client certificate is provisioning; Secret ns/edge-konnect-cert is there \
                 and does not belong to KonnectExtension ns/edge";
    assert!(said.message.starts_with(start) && !said.passing, "{said:?}");
    assert_eq!(verdict.output, Output::KeepLastGood);
}

#[test]
fn a_secret_that_is_being_deleted_is_let_go_and_made_anew_after_that() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let made = owned(&mut cluster, "edge-konnect-cert", tls());
    cluster.delete(&made);
    let verdict = cluster.judge(&key);
    assert_eq!(
        (&verdict.children[..], &verdict.pins[..]),
        (&[][..], &[][..])
    );
    assert!(condition(&verdict, PROVISIONED).passing);
    assert_eq!(verdict.output, Output::KeepLastGood);
}

#[test]
fn why_a_secret_cannot_be_made_is_said() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let made = secret("edge-konnect-cert");
    assert!(cluster.reads(&key).contains(&Dep::Refusal(made.clone())));
    let world = refuse(cluster.world(), &made, "there is no room");
    let view = View::new(&world);
    let verdict = crate::judge(&key, world.entry(&key).unwrap(), &view).unwrap();
    let said = condition(&verdict, PROVISIONED);
    assert_eq!(
        said.message,
        "DataPlane client certificate is provisioning; there is no room"
    );
    assert!(!said.passing);
    assert_eq!(verdict.children.len(), 1);
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let mut cluster = cluster();
    let source = json!({"provisioning": "Automatic"});
    let names = ["a", "b"].map(|last| format!("{}{last}", "x".repeat(252)));
    let children = names.map(|name| {
        let key = apply(&mut cluster, &name, source.clone());
        child(&cluster.judge(&key)).clone()
    });
    let [one, two] = &children;
    assert_ne!(one.key, two.key);
    for child in &children {
        assert_eq!(child.key.name.name.len(), 253);
        assert!(child.labels.iter().all(|(_, value)| value.len() <= 63));
    }
}

#[test]
fn a_group_of_control_planes_will_do() {
    let mut cluster = cluster_with(|home| home.group = true);
    cluster.secret("mine", json!({}), tls());
    let key = manual(&mut cluster);
    let verdict = cluster.judge(&key);
    assert_eq!(failing(&verdict), []);
    assert_eq!(claims(&verdict).len(), 1);
}

#[test]
fn a_control_plane_that_is_missing_or_not_programmed_is_said_in_the_words_of_the_extension() {
    let mut cluster = Cluster::new();
    let mine = cluster.secret("mine", json!({}), tls());
    let key = manual(&mut cluster);
    let verdict = cluster.judge(&key);
    let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
        panic!("{verdict:?}")
    };
    let start = "KonnectGatewayControlPlane.konnect.konghq.com \"cp\" not found; create it";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(
        (&verdict.output, &verdict.pins[..]),
        (&Output::Want(Vec::new()), &[][..])
    );
    for (readiness, passing) in [(Readiness::Pending, true), (Readiness::Blocked, false)] {
        let plane = control_plane_with(|home| home.readiness = readiness);
        cluster.stand(&control_plane(), plane);
        let verdict = cluster.judge(&key);
        let said = condition(&verdict, CONTROL_PLANE_REF_VALID);
        assert_eq!((said.reason, said.passing), (NOT_PROGRAMMED, passing));
        let start = "Konnect control plane cp/ns not programmed yet";
        assert!(said.message.starts_with(start), "{said:?}");
        assert_eq!(verdict.pins, std::slice::from_ref(&mine));
    }
}

#[test]
fn without_endpoints_the_certificate_is_known_and_the_extension_not_ready() {
    let mut cluster = Cluster::with_control_plane();
    cluster.secret("mine", json!({}), tls());
    let key = manual(&mut cluster);
    let verdict = cluster.judge(&key);
    let said = condition(&verdict, READY);
    assert!(said.passing && said.reason == PROVISIONING, "{said:?}");
    assert_eq!(claims(&verdict).len(), 1);
}

#[test]
fn credentials_that_are_refused_are_said() {
    let refused = kong_resolve::CredentialState::Invalid;
    let mut cluster = cluster_with(|home| home.credentials.state = refused);
    cluster.secret("mine", json!({}), tls());
    let key = manual(&mut cluster);
    let verdict = cluster.judge(&key);
    let [(API_AUTH_VALID, INVALID, _)] = failing(&verdict)[..] else {
        panic!("{verdict:?}")
    };
}

#[test]
fn an_extension_that_goes_keeps_its_secret_until_konnect_forgot_the_certificate() {
    let mut cluster = cluster();
    let key = automatic(&mut cluster);
    let made = owned(&mut cluster, "edge-konnect-cert", tls());
    cluster.delete(&key);
    let known = Standing {
        id: Some("certificate".into()),
        ..standing(Readiness::Ready)
    };
    for (own, pins) in [
        (None, &[made.clone()][..]),
        (Some(known), &[made.clone()][..]),
        (Some(standing(Readiness::Pending)), &[][..]),
    ] {
        if let Some(own) = own {
            cluster.stand(&key, own);
        }
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
        assert_eq!(verdict.pins, pins);
        assert_eq!(verdict.children, []);
        assert_eq!(failing(&verdict), []);
    }
}
