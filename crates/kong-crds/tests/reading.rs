//! Reading documents: forgiving where a schema is, exact about what is wrong where it cannot be.

use kong_crds::{
    AnyParts, Kind, Observed, Parts, ReadError, Unreadable, adopt::AdoptFrom,
    configuration::v1alpha1::KongService, read, reference::ControlPlaneRefType,
};
use serde_json::{Value, json};

fn document(kind: Kind, fields: Value) -> Value {
    let mut document = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": {"name": "it", "namespace": "shop", "uid": "5b2c"},
    });
    if let (Some(document), Value::Object(fields)) = (document.as_object_mut(), fields) {
        document.extend(fields);
    }
    document
}

fn observed(kind: Kind, fields: Value) -> Observed {
    read(document(kind, fields)).expect("the metadata is complete")
}

fn unreadable(kind: Kind, fields: Value) -> Unreadable {
    observed(kind, fields).parts.expect_err("a field is wrong")
}

fn service(fields: Value) -> Parts<KongService> {
    match observed(Kind::KongService, fields).parts {
        Ok(AnyParts::KongService(parts)) => parts,
        other => unreachable!("not a service: {other:?}"),
    }
}

#[test]
fn the_least_that_a_schema_admits_is_read() {
    for (kind, fields) in [
        (Kind::KongReferenceGrant, json!({})),
        (Kind::Secret, json!({})),
        (
            Kind::KonnectAPIAuthConfiguration,
            json!({"spec": {"type": "token", "serverURL": "eu.api.konghq.com"}}),
        ),
        (Kind::KonnectGatewayControlPlane, json!({"spec": {}})),
        (Kind::KongPlugin, json!({"plugin": "cors"})),
        (
            Kind::KongCertificate,
            json!({"spec": {"controlPlaneRef": {}}}),
        ),
        (Kind::KongUpstream, json!({"spec": {"controlPlaneRef": {}}})),
        (
            Kind::KongService,
            json!({"spec": {"controlPlaneRef": {}, "host": "h"}}),
        ),
        (Kind::KongRoute, json!({"spec": {}})),
        (
            Kind::KongTarget,
            json!({"spec": {"upstreamRef": {"name": "u"}, "target": "t"}}),
        ),
        (
            Kind::KongPluginBinding,
            json!({"spec": {"controlPlaneRef": {}, "pluginRef": {"name": "p"}}}),
        ),
        (
            Kind::KonnectCloudGatewayNetwork,
            json!({"spec": {
                "name": "n", "cloud_gateway_provider_account_id": "a", "region": "r",
                "availability_zones": ["z"], "cidr_block": "c",
                "konnect": {"authRef": {"name": "a"}},
            }}),
        ),
        (
            Kind::KonnectCloudGatewayTransitGateway,
            json!({"spec": {"type": "AWSTransitGateway", "networkRef": {"type": "namespacedRef"}}}),
        ),
        (
            Kind::KonnectCloudGatewayDataPlaneGroupConfiguration,
            json!({"spec": {"controlPlaneRef": {}, "version": "3.13"}}),
        ),
        (Kind::KonnectConfigStore, json!({})),
        (Kind::KongClusterPlugin, json!({"plugin": "cors"})),
        (
            Kind::KongVault,
            json!({"spec": {"backend": "env", "prefix": "p"}}),
        ),
        (
            Kind::KongCACertificate,
            json!({"spec": {"controlPlaneRef": {}}}),
        ),
        (
            Kind::KongSNI,
            json!({"spec": {"certificateRef": {"name": "c"}, "name": "n"}}),
        ),
        (
            Kind::KongKeySet,
            json!({"spec": {"controlPlaneRef": {}, "name": "n"}}),
        ),
        (Kind::KongKey, json!({"spec": {"kid": "k"}})),
        (Kind::KongConsumerGroup, json!({})),
        (Kind::KongConsumer, json!({})),
        (
            Kind::KongCredentialAPIKey,
            json!({"spec": {"consumerRef": {}, "key": "k"}}),
        ),
        (
            Kind::KongCredentialBasicAuth,
            json!({"spec": {"consumerRef": {}, "username": "u", "password": "p"}}),
        ),
        (
            Kind::KongCredentialHMAC,
            json!({"spec": {"consumerRef": {}, "username": "u"}}),
        ),
        (
            Kind::KongCredentialJWT,
            json!({"spec": {"consumerRef": {}}}),
        ),
        (
            Kind::KongCredentialACL,
            json!({"spec": {"consumerRef": {}, "group": "g"}}),
        ),
        (
            Kind::KongDataPlaneClientCertificate,
            json!({"spec": {"controlPlaneRef": {}, "cert": "c"}}),
        ),
        (
            Kind::KonnectExtension,
            json!({"spec": {"konnect": {"controlPlane": {"ref": {}}}}}),
        ),
    ] {
        let observed = observed(kind, fields);
        assert_eq!(observed.parts.as_ref().map(AnyParts::kind), Ok(kind));
    }
}

#[test]
fn unknown_fields_and_explicit_nulls_are_passed_over() {
    let parts = service(json!({
        "spec": {
            "host": "h", "controlPlaneRef": {"type": "kic", "more": 1}, "port": null, "tags": null,
            "adopt": null, "fromTheFuture": {"a": 1},
        },
        "status": null,
    }));
    assert_eq!(parts.spec.host, "h");
    assert_eq!(parts.spec.port, None);
    assert_eq!(parts.status, None);
}

#[test]
fn a_value_that_a_newer_version_may_know_is_unknown_not_an_error() {
    let parts = service(json!({"spec": {
        "host": "h", "controlPlaneRef": {"type": "konnectSomething"},
        "adopt": {"from": "elsewhere"},
    }}));
    assert_eq!(
        parts.spec.control_plane_ref.type_,
        ControlPlaneRefType::Unknown
    );
    assert_eq!(
        parts.spec.adopt.as_ref().map(|adopt| adopt.from),
        Some(AdoptFrom::Unknown)
    );
}

#[test]
fn an_empty_list_is_not_an_absent_one() {
    let with = service(json!({"spec": {"host": "h", "controlPlaneRef": {}, "tags": []}}));
    let without = service(json!({"spec": {"host": "h", "controlPlaneRef": {}}}));
    assert_eq!(with.spec.tags, Some(vec![]));
    assert_eq!(without.spec.tags, None);
}

#[test]
fn ids_of_an_entity_and_of_what_it_belongs_to_are_read() {
    let parts = service(json!({
        "spec": {"host": "h", "controlPlaneRef": {}},
        "status": {
            "conditions": [],
            "konnect": {"id": "1", "controlPlaneID": "2", "serverURL": "https://eu", "more": "3"},
        },
    }));
    let ids = parts
        .status
        .and_then(|status| status.konnect)
        .expect("the status has ids");
    assert_eq!(ids.id.as_deref(), Some("1"));
    assert_eq!(ids.server_url.as_deref(), Some("https://eu"));
    assert_eq!(ids.related.control_plane_id.as_deref(), Some("2"));
}

#[test]
fn managed_fields_are_dropped() {
    let mut document = document(Kind::KongPlugin, json!({"plugin": "cors"}));
    document["metadata"]["managedFields"] = json!("not even a list");
    assert_eq!(read(document).unwrap().meta.managed_fields, None);
}

#[test]
fn what_cannot_be_read_is_named_by_its_path() {
    let service = json!({"host": "h", "controlPlaneRef": {}});
    let with = |field: &str, value: Value| {
        let mut spec = service.clone();
        spec[field] = value;
        unreadable(Kind::KongService, json!({"spec": spec}))
    };
    let wrong = with("port", json!("http"));
    assert_eq!(wrong.path, "spec.port");
    assert_eq!(wrong.reason, "invalid type: string \"http\", expected i64");
    assert_eq!(
        with("caCertificateRefs", json!([{"name": "a"}, {}])).path,
        "spec.caCertificateRefs[1].name"
    );
    assert_eq!(
        with("controlPlaneRef", json!({"konnectNamespacedRef": 1})).path,
        "spec.controlPlaneRef.konnectNamespacedRef"
    );

    let missing = unreadable(Kind::KongService, json!({"spec": {"controlPlaneRef": {}}}));
    assert_eq!(
        (missing.path.as_str(), missing.reason.as_str()),
        ("spec.host", "required value")
    );
    let none = unreadable(Kind::KongService, json!({}));
    assert_eq!(
        (none.path.as_str(), none.reason.as_str()),
        ("spec", "required value")
    );
    let status = unreadable(
        Kind::KongService,
        json!({"spec": service, "status": {"conditions": [{"type": 1}]}}),
    );
    assert_eq!(status.path, "status.conditions[0].type");
}

#[test]
fn paths_of_a_kind_without_a_spec_start_at_the_top() {
    let wrong = unreadable(Kind::KongPlugin, json!({"plugin": "cors", "tags": [1]}));
    assert_eq!(wrong.path, "tags[0]");
    let missing = unreadable(Kind::KongPlugin, json!({"config": {}}));
    assert_eq!(missing.to_string(), "plugin: required value");
}

#[test]
fn an_unreadable_object_still_has_its_metadata() {
    let observed = observed(Kind::KongRoute, json!({"spec": 7}));
    assert_eq!(observed.meta.name.as_deref(), Some("it"));
    assert!(observed.parts.is_err());
}

#[test]
fn secrets_show_in_no_error_and_in_no_debug_output() {
    for (kind, fields) in [
        (
            Kind::KonnectAPIAuthConfiguration,
            json!({"spec": {"type": "token", "serverURL": "s", "token": "spat_hidden"}}),
        ),
        (
            Kind::KongCertificate,
            json!({"spec": {"controlPlaneRef": {}, "key": "hidden", "key_alt": "hidden"}}),
        ),
        (Kind::Secret, json!({"stringData": {"token": "hidden"}})),
        (
            Kind::KongKey,
            json!({"spec": {
                "kid": "k", "jwk": "hidden", "pem": {"private_key": "hidden", "public_key": "p"},
            }}),
        ),
        (
            Kind::KongCredentialAPIKey,
            json!({"spec": {"consumerRef": {}, "key": "hidden"}}),
        ),
        (
            Kind::KongCredentialBasicAuth,
            json!({"spec": {"consumerRef": {}, "username": "u", "password": "hidden"}}),
        ),
        (
            Kind::KongCredentialHMAC,
            json!({"spec": {"consumerRef": {}, "username": "u", "secret": "hidden"}}),
        ),
        (
            Kind::KongCredentialJWT,
            json!({"spec": {"consumerRef": {}, "secret": "hidden"}}),
        ),
    ] {
        let shown = format!(
            "{:?}",
            observed(kind, fields).parts.expect("it is readable")
        );
        assert!(!shown.contains("hidden"), "{shown}");
    }
    let wrong = unreadable(
        Kind::KonnectAPIAuthConfiguration,
        json!({"spec": {"type": "token", "serverURL": "s", "token": 4711}}),
    );
    assert_eq!(wrong.path, "spec.token");
    assert_eq!(wrong.reason, "expected a string");
}

#[test]
fn what_cannot_be_told_apart_from_others_is_an_error() {
    let without = |field: &str| {
        let mut document = document(Kind::KongRoute, json!({"spec": {}}));
        document["metadata"].as_object_mut().unwrap().remove(field);
        read(document).unwrap_err().to_string()
    };
    assert_eq!(without("uid"), "KongRoute \"it\" has no \"metadata.uid\"");
    assert_eq!(without("name"), "KongRoute \"\" has no \"metadata.name\"");
    assert_eq!(
        without("namespace"),
        "KongRoute \"it\" has no \"metadata.namespace\""
    );

    assert_eq!(
        read(json!({"kind": "KongRoute"})).unwrap_err(),
        ReadError::Untyped("apiVersion")
    );
    let mut foreign = document(Kind::KongRoute, json!({}));
    foreign["apiVersion"] = "example.com/v1".into();
    let error = read(foreign).unwrap_err();
    assert_eq!(
        error.to_string(),
        "kind \"KongRoute\" of \"example.com/v1\" is not known"
    );

    let mut malformed = document(Kind::KongRoute, json!({}));
    malformed["metadata"]["labels"] = json!({"a": 1});
    let error = read(malformed).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("KongRoute has malformed metadata: metadata.labels"),
        "{error}"
    );
}

#[test]
fn a_version_that_nobody_serves_is_an_error() {
    let mut document = document(Kind::KongRoute, json!({"spec": {}}));
    document["apiVersion"] = "configuration.konghq.com/v9".into();
    let error = read(document).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KongRoute cannot be converted from version \"v9\" to \"v1alpha1\""
    );
}

#[test]
fn an_object_reads_back_as_it_was_built() {
    let mut built = KongService::new(
        "it",
        (*service(json!({
            "spec": {"host": "h", "controlPlaneRef": {}, "tags": ["a"]},
        }))
        .spec)
            .clone(),
    );
    built.metadata.namespace = Some("shop".to_owned());
    built.metadata.uid = Some("5b2c".to_owned());
    let read = read(serde_json::to_value(&built).unwrap()).unwrap();
    let built = Observed::of(built);
    assert_eq!(
        (built.kind, built.meta, built.parts),
        (read.kind, read.meta, read.parts)
    );
}

#[test]
fn an_object_that_cannot_be_read_keeps_its_status() {
    let status = serde_json::json!({"conditions": [], "konnect": {"id": "1"}});
    let observed = kong_crds::read(serde_json::json!({
        "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
        "metadata": {"name": "a", "namespace": "n", "uid": "u"},
        "spec": {"host": 7}, "status": status,
    }))
    .unwrap();
    assert!(observed.parts.is_err());
    assert_eq!(observed.unread_status, status);
}
