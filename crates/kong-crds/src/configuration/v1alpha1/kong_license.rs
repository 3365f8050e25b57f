//! KongLicense: a licence of Kong Enterprise.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::blocks;
use crate::{Condition, SecretString};

/// A licence of Kong Enterprise. Its fields stand at the top of the document, beside the metadata.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = blocks::require("enabled")))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongLicense",
    no_spec,
    status = "KongLicenseStatus",
    derive = "PartialEq",
    doc = "A licence of Kong Enterprise.",
    shortname = "kl",
    category = "kong",
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(name = "Enabled", type_ = "boolean", json_path = ".enabled")
)]
#[serde(rename_all = "camelCase")]
pub struct KongLicenseFields {
    /// Whether the licence may be used.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The licence: JSON in a string.
    pub raw_license_string: SecretString,
}

fn enabled() -> bool {
    true
}

/// Status of a KongLicense.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KongLicenseStatus {
    /// How the licence stands with each controller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "x-kubernetes-list-type" = "map",
            "x-kubernetes-list-map-keys" = ["controllerName"]
        ))
    )]
    pub controllers: Vec<LicenseController>,
}

/// How a licence stands with one controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LicenseController {
    /// What is right or wrong with the licence there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
    /// Name of the controller.
    pub controller_name: String,
    /// The object of the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller_ref: Option<ControllerRef>,
}

/// The object of a controller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ControllerRef {
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = 253), regex(pattern = blocks::GROUP_PATTERN))
    )]
    pub group: Option<String>,
    /// Its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 63), regex(pattern = blocks::KIND_PATTERN))
    )]
    pub kind: Option<String>,
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(length(max = 63), regex(pattern = blocks::NAMESPACE_PATTERN))
    )]
    pub namespace: Option<String>,
}
