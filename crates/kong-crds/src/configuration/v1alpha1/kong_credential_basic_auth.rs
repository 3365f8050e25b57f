//! KongCredentialBasicAuth: name and password of a consumer.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{SecretString, adopt::Adopt, reference::LocalObjectReference};

use super::credential::{CredentialStatus, credential};

/// Name and password of a consumer, for the plugin `basic-auth`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongCredentialBasicAuth",
    namespaced,
    status = "CredentialStatus",
    derive = "PartialEq",
    doc = "Name and password of a consumer, for the plugin `basic-auth`.",
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
        validation = rules::consumer_is_frozen(),
    ),
    x_kube(validation = rules::adopt_is_kept())
)]
pub struct KongCredentialBasicAuthSpec {
    /// The KongConsumer that the credential is of, in the same namespace; the control plane is that of the consumer.
    #[serde(rename = "consumerRef")]
    pub consumer_ref: LocalObjectReference,
    /// Name of the user.
    pub username: String,
    /// Password of the user.
    pub password: SecretString,
    /// An existing credential in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

credential!(KongCredentialBasicAuth, KongCredentialBasicAuthSpec);
