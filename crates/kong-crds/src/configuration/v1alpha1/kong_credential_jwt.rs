//! KongCredentialJWT: what tells the tokens of a consumer from forged ones.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{SecretString, adopt::Adopt, reference::LocalObjectReference};

use super::credential::{CredentialStatus, credential};

/// What tells the tokens of a consumer from forged ones, for the plugin `jwt`.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongCredentialJWT",
    namespaced,
    status = "CredentialStatus",
    derive = "PartialEq",
    doc = "What tells the tokens of a consumer from forged ones, for the plugin `jwt`.",
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
        validation = Rule::new("self.spec.algorithm in [ 'RS256','RS384','RS512','ES256','ES384',\
             'ES512','PS256','PS384','PS512','EdDSA', ] ? has(self.spec.rsa_public_key) : true")
            .message("spec.rsa_public_key is required when algorithm is RS*, ES*, PS* or EdDSA*"),
    ),
    x_kube(validation = rules::adopt_is_kept())
)]
pub struct KongCredentialJWTSpec {
    /// The KongConsumer that the credential is of, in the same namespace; the control plane is that of the consumer.
    #[serde(rename = "consumerRef")]
    pub consumer_ref: LocalObjectReference,
    /// Id of the credential. Not sent to Konnect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How tokens are signed.
    #[serde(default)]
    pub algorithm: JwtAlgorithm,
    /// What the claim `iss` of tokens says; Konnect makes one up if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The public key that tokens are verified with, in PEM; required with RS*, ES*, PS* and EdDSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsa_public_key: Option<String>,
    /// The secret that tokens are signed with, with HS*; Konnect makes one up if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretString>,
    /// An existing credential in Konnect to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adopt>,
    /// Tags of the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::tags"))]
    pub tags: Option<Vec<String>>,
}

/// The ways to sign tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    #[default]
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA with SHA-256.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// RSA with SHA-512.
    Rs512,
    /// ECDSA with SHA-256.
    Es256,
    /// ECDSA with SHA-384.
    Es384,
    /// ECDSA with SHA-512.
    Es512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// EdDSA.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

credential!(KongCredentialJWT, KongCredentialJWTSpec);
