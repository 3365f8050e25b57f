//! What definitions admit can be read, and is written back without loss: those of kinds that are not served yet,
//! and of some that are. A value that an enum does not have becomes `Unknown`, which is all that is kept of it.

#![cfg(feature = "schema")]

#[path = "../../gateway-types/tests/schemas/documents.rs"]
mod documents;

use std::collections::BTreeSet;

use kong_crds::{
    Kind,
    configuration::{
        v1::{KongClusterPluginSpec, KongConsumerFields, KongConsumerStatus, KongPluginStatus},
        v1alpha1::{
            CredentialStatus, IngressClassParametersSpec, KongCACertificateSpec,
            KongCACertificateStatus, KongCredentialACLSpec, KongCredentialAPIKeySpec,
            KongCredentialBasicAuthSpec, KongCredentialHMACSpec, KongCredentialJWTSpec,
            KongCustomEntitySpec, KongCustomEntityStatus, KongDataPlaneClientCertificateSpec,
            KongDataPlaneClientCertificateStatus, KongKeySetSpec, KongKeySetStatus, KongKeySpec,
            KongKeyStatus, KongLicenseFields, KongLicenseStatus, KongSNISpec, KongSNIStatus,
            KongVaultSpec, KongVaultStatus,
        },
        v1beta1::{KongConsumerGroupSpec, KongUpstreamPolicySpec, KongUpstreamPolicyStatus},
    },
    crd_documents,
    incubator::v1alpha1::{KongServiceFacadeSpec, KongServiceFacadeStatus},
    konnect::{
        v1alpha1::{
            KonnectCloudGatewayDataPlaneGroupConfigurationSpec,
            KonnectCloudGatewayDataPlaneGroupConfigurationStatus, KonnectCloudGatewayNetworkSpec,
            KonnectCloudGatewayNetworkStatus, KonnectCloudGatewayTransitGatewaySpec,
            KonnectCloudGatewayTransitGatewayStatus, KonnectConfigStoreSpec,
            KonnectConfigStoreStatus,
        },
        v1alpha2::{KonnectExtensionSpec, KonnectExtensionStatus},
    },
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// How many documents are made of each kind.
const CASES: u32 = 256;
/// What stands for a value that is not known.
const UNKNOWN: &str = "Unknown";

/// Reads a part of a document, and writes it.
type Through = fn(&Value) -> serde_json::Result<Value>;

fn through<T: Serialize + DeserializeOwned>(part: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(part)?)
}

/// Each kind with the parts of its documents; the part without a name is the whole.
const PARTS: &[(&str, &[(&str, Through)])] = &[
    (
        "IngressClassParameters",
        &[("spec", through::<IngressClassParametersSpec>)],
    ),
    (
        "KongCACertificate",
        &[
            ("spec", through::<KongCACertificateSpec>),
            ("status", through::<KongCACertificateStatus>),
        ],
    ),
    (
        "KongClusterPlugin",
        &[
            ("", through::<KongClusterPluginSpec>),
            ("status", through::<KongPluginStatus>),
        ],
    ),
    (
        "KongConsumer",
        &[
            ("", through::<KongConsumerFields>),
            ("status", through::<KongConsumerStatus>),
        ],
    ),
    (
        "KongConsumerGroup",
        &[
            ("spec", through::<KongConsumerGroupSpec>),
            ("status", through::<KongConsumerStatus>),
        ],
    ),
    (
        "KongCredentialACL",
        &[
            ("spec", through::<KongCredentialACLSpec>),
            ("status", through::<CredentialStatus>),
        ],
    ),
    (
        "KongCredentialAPIKey",
        &[
            ("spec", through::<KongCredentialAPIKeySpec>),
            ("status", through::<CredentialStatus>),
        ],
    ),
    (
        "KongCredentialBasicAuth",
        &[
            ("spec", through::<KongCredentialBasicAuthSpec>),
            ("status", through::<CredentialStatus>),
        ],
    ),
    (
        "KongCredentialHMAC",
        &[
            ("spec", through::<KongCredentialHMACSpec>),
            ("status", through::<CredentialStatus>),
        ],
    ),
    (
        "KongCredentialJWT",
        &[
            ("spec", through::<KongCredentialJWTSpec>),
            ("status", through::<CredentialStatus>),
        ],
    ),
    (
        "KongCustomEntity",
        &[
            ("spec", through::<KongCustomEntitySpec>),
            ("status", through::<KongCustomEntityStatus>),
        ],
    ),
    (
        "KongDataPlaneClientCertificate",
        &[
            ("spec", through::<KongDataPlaneClientCertificateSpec>),
            ("status", through::<KongDataPlaneClientCertificateStatus>),
        ],
    ),
    (
        "KongKey",
        &[
            ("spec", through::<KongKeySpec>),
            ("status", through::<KongKeyStatus>),
        ],
    ),
    (
        "KongKeySet",
        &[
            ("spec", through::<KongKeySetSpec>),
            ("status", through::<KongKeySetStatus>),
        ],
    ),
    (
        "KongLicense",
        &[
            ("", through::<KongLicenseFields>),
            ("status", through::<KongLicenseStatus>),
        ],
    ),
    (
        "KongSNI",
        &[
            ("spec", through::<KongSNISpec>),
            ("status", through::<KongSNIStatus>),
        ],
    ),
    (
        "KongServiceFacade",
        &[
            ("spec", through::<KongServiceFacadeSpec>),
            ("status", through::<KongServiceFacadeStatus>),
        ],
    ),
    (
        "KongUpstreamPolicy",
        &[
            ("spec", through::<KongUpstreamPolicySpec>),
            ("status", through::<KongUpstreamPolicyStatus>),
        ],
    ),
    (
        "KongVault",
        &[
            ("spec", through::<KongVaultSpec>),
            ("status", through::<KongVaultStatus>),
        ],
    ),
    (
        "KonnectCloudGatewayDataPlaneGroupConfiguration",
        &[
            (
                "spec",
                through::<KonnectCloudGatewayDataPlaneGroupConfigurationSpec>,
            ),
            (
                "status",
                through::<KonnectCloudGatewayDataPlaneGroupConfigurationStatus>,
            ),
        ],
    ),
    (
        "KonnectCloudGatewayNetwork",
        &[
            ("spec", through::<KonnectCloudGatewayNetworkSpec>),
            ("status", through::<KonnectCloudGatewayNetworkStatus>),
        ],
    ),
    (
        "KonnectCloudGatewayTransitGateway",
        &[
            ("spec", through::<KonnectCloudGatewayTransitGatewaySpec>),
            ("status", through::<KonnectCloudGatewayTransitGatewayStatus>),
        ],
    ),
    (
        "KonnectConfigStore",
        &[
            ("spec", through::<KonnectConfigStoreSpec>),
            ("status", through::<KonnectConfigStoreStatus>),
        ],
    ),
    (
        "KonnectExtension",
        &[
            ("spec", through::<KonnectExtensionSpec>),
            ("status", through::<KonnectExtensionStatus>),
        ],
    ),
];

/// The fields that every object has, and the status, are no part of a kind without a spec.
const COMMON: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// The schema of a part of a kind.
fn schema(kind: &str, part: &str) -> Value {
    let document = crd_documents()
        .into_iter()
        .find(|it| it["spec"]["names"]["kind"] == kind)
        .expect("the kind is defined");
    // The version that we work in is the last one.
    let versions = document["spec"]["versions"].as_array();
    let version = versions.and_then(|versions| versions.last());
    let version = version.expect("the kind has a version");
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    if !part.is_empty() {
        return schema["properties"][part].take();
    }
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|name, _| !COMMON.contains(&name.as_str()));
    }
    schema
}

fn parts() -> impl Iterator<Item = (&'static str, Through, Value)> {
    PARTS.iter().flat_map(|(kind, parts)| {
        parts
            .iter()
            .map(|(part, through)| (*kind, *through, schema(kind, part)))
    })
}

/// A form in which two documents are equal that differ in defaults, and in values that no enum has.
fn settled(schema: &Value, document: &Value) -> Value {
    match document {
        Value::Object(members) => {
            let properties = schema["properties"].as_object();
            let defaults = properties
                .into_iter()
                .flatten()
                .filter_map(|(name, property)| {
                    let default = &property["default"];
                    (default.is_string() || default.is_boolean() || default.is_object())
                        .then(|| (name.clone(), default.clone()))
                });
            let own = members
                .iter()
                .map(|(name, value)| (name.clone(), settled(&schema["properties"][name], value)));
            defaults.chain(own).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items
            .iter()
            .map(|item| settled(&schema["items"], item))
            .collect(),
        Value::String(_) => match schema["enum"].as_array() {
            Some(values) if !values.contains(document) => UNKNOWN.into(),
            Some(_) | None => document.clone(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => document.clone(),
    }
}

/// Takes out null from fields that the schema has, as the API server does before anything is stored.
fn without_nulls(schema: &Value, document: &mut Value) {
    match document {
        Value::Object(members) => {
            let properties = &schema["properties"];
            members.retain(|name, value| !value.is_null() || properties[name].is_null());
            for (name, value) in members {
                without_nulls(&properties[name], value);
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| without_nulls(&schema["items"], item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn comparable(schema: &Value, document: &Value) -> Value {
    settled(schema, &documents::known(schema, document))
}

#[test]
fn what_a_schema_admits_is_read_and_written_back_without_loss() {
    for (kind, through, schema) in parts() {
        let config = Config {
            cases: CASES,
            failure_persistence: None,
            ..Config::default()
        };
        let outcome = TestRunner::new(config).run(&documents::any_of(&schema), |mut document| {
            without_nulls(&schema, &mut document);
            let written =
                through(&document).map_err(|error| TestCaseError::fail(error.to_string()))?;
            proptest::prop_assert_eq!(
                comparable(&schema, &written),
                comparable(&schema, &document)
            );
            Ok(())
        });
        assert!(outcome.is_ok(), "{kind}: {}", outcome.unwrap_err());
    }
}

#[test]
fn every_field_and_every_value_of_a_schema_is_known() {
    for (kind, through, schema) in parts() {
        for number in 0..documents::variants(&schema) {
            let document = documents::full(&schema, number);
            assert_eq!(through(&document).unwrap(), document, "{kind}");
        }
    }
}

#[test]
fn every_kind_that_is_not_watched_is_here() {
    let unserved: BTreeSet<String> = crd_documents()
        .iter()
        .filter_map(|document| document["spec"]["names"]["kind"].as_str())
        .filter(|kind| kind.parse::<Kind>().is_ok_and(|kind| !kind.is_served()))
        .map(str::to_owned)
        .collect();
    let here = PARTS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    let missing: Vec<&String> = unserved.difference(&here).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_licence_does_not_show_itself() {
    let document = serde_json::json!({"enabled": true, "rawLicenseString": "hidden"});
    let licence: KongLicenseFields = serde_json::from_value(document).unwrap();
    assert!(!format!("{licence:?}").contains("hidden"));
}
