//! Vaults, with and without a config store.
#![expect(
    clippy::needless_pass_by_value,
    reason = "tests write their JSON where it is used"
)]

use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, PROGRAMMED, RESOLVED_REFS};
use kong_resolve::{Dep, Output, Standing};

use super::*;
use crate::testing::{
    Cluster, claims, condition, control_plane, failing, ready, ready_control_plane, site, standing,
    untagged,
};

fn spec(fields: Value) -> Value {
    let mut spec = json!({
        "backend": "konnect", "prefix": "kv",
        "controlPlaneRef": {
            "type": "konnectNamespacedRef",
            "konnectNamespacedRef": {"name": "cp", "namespace": "ns"},
        },
    });
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

/// A vault that may refer to control planes and config stores.
fn vault(fields: Value) -> (Cluster, Key) {
    let mut cluster = Cluster::new();
    cluster.stand(&control_plane(), ready_control_plane());
    let key = cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongVault",
        "metadata": {"name": "vault"}, "spec": spec(fields),
    }));
    for to in ["KonnectGatewayControlPlane", "KonnectConfigStore"] {
        grant(&mut cluster, to);
    }
    (cluster, key)
}

fn grant(cluster: &mut Cluster, to: &str) {
    let from = json!({"group": "configuration.konghq.com", "kind": "KongVault", "namespace": ""});
    let to_group = json!({"group": "konnect.konghq.com", "kind": to});
    cluster.apply(json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongReferenceGrant",
        "metadata": {"name": to.to_lowercase()}, "spec": {"from": [from], "to": [to_group]},
    }));
}

fn store() -> Key {
    Key::new(Kind::KonnectConfigStore, "ns", "store")
}

fn with_store(fields: Value) -> Value {
    let mut fields = fields;
    fields["configStoreRef"] = json!({"name": "store", "namespace": "ns"});
    fields
}

#[test]
fn the_backend_is_what_konnect_calls_name() {
    let config = json!({"prefix": "KONG_"});
    let fields = json!({"backend": "env", "description": "", "config": config});
    let (cluster, key) = vault(fields);
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        untagged(claim),
        json!({"name": "env", "prefix": "kv", "config": config})
    );
    assert_eq!(claim.site, site(Collection::Vaults));
    let words = "KongReferenceGrants allow access to KonnectGatewayControlPlane \
                 <konnectNamespacedRef:ns/cp>";
    assert_eq!(condition(&verdict, RESOLVED_REFS).message, words);
    assert_eq!(failing(&verdict), []);
}

#[test]
fn the_id_of_the_config_store_is_put_into_the_configuration() {
    let (mut cluster, key) = vault(with_store(json!({"config": {"a": 1}})));
    cluster.stand(&store(), ready("store-id"));
    let verdict = cluster.judge(&key);
    assert_eq!(
        untagged(&claims(&verdict)[0])["config"],
        json!({"a": 1, "config_store_id": "store-id"})
    );
    assert_eq!(
        condition(&verdict, CONFIG_STORE_REF_VALID).message,
        "Referenced KonnectConfigStore ns/store is programmed"
    );
}

#[test]
fn what_is_wrong_with_the_config_store_keeps_the_vault_as_it_is_and_says_why() {
    let cases: [(Value, Option<Standing>, &str, &str); 5] = [
        (
            json!({}),
            None,
            INVALID,
            "Referenced KonnectConfigStore ns/store does not exist; create it",
        ),
        (
            json!({}),
            Some(standing(Readiness::Pending)),
            NOT_PROGRAMMED,
            "Referenced KonnectConfigStore ns/store is not programmed yet",
        ),
        (
            json!({"backend": "env"}),
            Some(ready("store-id")),
            INVALID,
            "spec.configStoreRef cannot be used: it is only supported with the \"konnect\" backend, \
             but spec.backend is \"env\"",
        ),
        (
            json!({"config": {"config_store_id": "x"}}),
            Some(ready("store-id")),
            INVALID,
            "spec.configStoreRef cannot be used: it is mutually exclusive with \"config_store_id\" \
             in spec.config",
        ),
        (
            json!({"config": 7}),
            Some(ready("store-id")),
            INVALID,
            "spec.configStoreRef cannot be used: spec.config is not a valid JSON object",
        ),
    ];
    for (fields, standing, reason, start) in cases {
        let (mut cluster, key) = vault(with_store(fields));
        if let Some(standing) = standing {
            cluster.stand(&store(), standing);
        }
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = condition(&verdict, CONFIG_STORE_REF_VALID);
        assert_eq!(said.reason, reason);
        assert!(said.message.starts_with(start), "{said:?}");
    }
}

#[test]
fn a_config_store_is_not_looked_at_without_a_grant() {
    let (mut cluster, key) = vault(with_store(json!({})));
    cluster.stand(&store(), ready("store-id"));
    let grant = Key::new(Kind::KongReferenceGrant, "ns", "konnectconfigstore");
    cluster.remove_standing(&grant);
    let said = cluster.judge(&key);
    let said = condition(&said, CONFIG_STORE_REF_VALID);
    assert_eq!(said.reason, REF_NOT_PERMITTED);
    let start = "KongReferenceGrants do not allow access to KonnectConfigStore ns/store";
    assert!(said.message.starts_with(start), "{said:?}");
    assert!(!cluster.reads(&key).contains(&Dep::Standing(store())));
}

#[test]
fn a_configuration_that_is_no_object_is_told() {
    let (cluster, key) = vault(json!({"config": ["a"]}));
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::KeepLastGood);
    assert_eq!(condition(&verdict, PROGRAMMED).reason, INVALID);
}

#[test]
fn a_vault_has_no_namespace_in_which_its_control_plane_could_be() {
    let reference = json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}});
    let (cluster, key) = vault(json!({"controlPlaneRef": reference}));
    let verdict = cluster.judge(&key);
    let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
        panic!("{verdict:?}")
    };
    let expected = "referenced Control Plane \"<konnectNamespacedRef:cp>\" does not exist: \
                    KonnectGatewayControlPlane.konnect.konghq.com \"cp\" not found; say in which namespace \
                    it is, in spec.controlPlaneRef.konnectNamespacedRef.namespace";
    assert_eq!(message, expected);
}

#[test]
fn of_a_vault_without_konnect_nothing_is_said() {
    let (cluster, key) = vault(json!({"controlPlaneRef": {"type": "kic"}}));
    assert!(cluster.judge(&key).foreign);
}
