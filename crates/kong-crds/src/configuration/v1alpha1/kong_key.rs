//! KongKey: a key that plugins sign, verify or decrypt with.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{
    SecretString,
    adopt::Adopt,
    object::object,
    reference::{ControlPlaneRef, NameRef, ObjectRefType},
    status::EntityStatus,
};

/// A key that plugins sign, verify or decrypt with, by itself or in a KongKeySet.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongKey",
    namespaced,
    status = "KongKeyStatus",
    derive = "PartialEq",
    doc = "A key that plugins sign, verify or decrypt with, by itself or in a KongKeySet.",
    category = "kong",
    printcolumn(
        name = "Programmed",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Programmed')].status"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = rules::control_plane_is_kept(),
        validation = rules::control_plane_is_frozen(),
    ),
    x_kube(
        validation = rules::control_plane_is_not_ingress_controller(),
        validation = rules::adopt_needs_control_plane(),
        validation = rules::adopt_is_kept(),
        validation = Rule::new("has(self.jwk) || has(self.pem)")
            .message("Either 'jwk' or 'pem' must be set"),
    )
)]
pub struct KongKeySpec {
    /// The control plane that the key belongs to.
    #[serde(rename = "controlPlaneRef", skip_serializing_if = "Option::is_none")]
    pub control_plane_ref: Option<ControlPlaneRef>,
    /// The set that the key is in.
    #[serde(rename = "keySetRef", skip_serializing_if = "Option::is_none")]
    pub key_set_ref: Option<KeySetRef>,
    /// What the key is named by in tokens; unique in its set.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub kid: String,
    /// Name of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key as a JSON Web Key, in one string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwk: Option<SecretString>,
    /// The key as a pair in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pem: Option<KeyPair>,
    /// An existing key in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// A private and a public key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyPair {
    /// The private key in PEM.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub private_key: SecretString,
    /// The public key in PEM.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub public_key: String,
}

/// Names the set of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::named_object_is_set(),
        validation = rules::konnect_id_is_set(),
    )
)]
pub struct KeySetRef {
    /// How the set is named.
    #[serde(rename = "type")]
    pub type_: ObjectRefType,
    /// Id of the set in Konnect.
    #[serde(rename = "konnectID", skip_serializing_if = "Option::is_none")]
    pub konnect_id: Option<String>,
    /// The KongKeySet, in the same namespace; required with type namespacedRef.
    #[serde(rename = "namespacedRef", skip_serializing_if = "Option::is_none")]
    pub namespaced_ref: Option<NameRef>,
}

/// Status of a KongKey.
pub type KongKeyStatus = EntityStatus<KeyIds>;

/// Ids that a key belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyIds {
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Id of the set.
    #[serde(rename = "keySetID", skip_serializing_if = "Option::is_none")]
    pub key_set_id: Option<String>,
}

object!(
    KongKey,
    spec: KongKeySpec,
    status: KongKeyStatus,
    conditions: [
        PROGRAMMED, CONTROL_PLANE_REF_VALID, RESOLVED_REFS, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
        KEY_SET_REF_VALID, ADOPTED,
    ],
);
