//! KonnectAPIAuthConfiguration: an account of Konnect.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{blocks, rules};
use crate::{Condition, SecretString, object::object, reference::SecretReference, status::Status};

/// Credentials of a Konnect account and the region that they are for.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "konnect.konghq.com",
    version = "v1alpha1",
    kind = "KonnectAPIAuthConfiguration",
    namespaced,
    status = "KonnectAPIAuthConfigurationStatus",
    derive = "PartialEq",
    doc = "Credentials of a Konnect account and the region that they are for.",
    category = "kong",
    category = "konnect",
    printcolumn(
        name = "Valid",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='APIAuthValid')].status"
    ),
    printcolumn(name = "OrgID", type_ = "string", json_path = ".status.organizationID"),
    printcolumn(name = "ServerURL", type_ = "string", json_path = ".status.serverURL"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[cfg_attr(
    feature = "schema",
    kube(
        validation = Rule::new("self.spec.type != 'token' || \
             (self.spec.token.startsWith('spat_') || self.spec.token.startsWith('kpat_'))")
            .message("Konnect tokens have to start with spat_ or kpat_"),
        validation = Rule::new("self.spec.type != 'token' || (!has(oldSelf.spec.token) || \
             has(self.spec.token))")
            .message("Token is required once set"),
    ),
    x_kube(
        validation = Rule::new("self.type == 'token' ? size(self.token) > 0 : true")
            .message("spec.token is required if auth type is set to token"),
        validation = Rule::new("self.type == 'secretRef' ? has(self.secretRef) : true")
            .message("spec.secretRef is required if auth type is set to secretRef"),
        validation = Rule::new("!(has(self.token) && has(self.secretRef))")
            .message("spec.token and spec.secretRef cannot be set at the same time"),
    )
)]
pub struct KonnectAPIAuthConfigurationSpec {
    /// Where the token is.
    #[serde(rename = "type")]
    pub type_: AuthType,
    /// The token itself, with type token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretString>,
    /// The Secret that holds the token, with type secretRef. It needs the label
    /// `konghq.com/credential: konnect`.
    #[serde(rename = "secretRef", skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The region: a host name, or its URL. Cannot be changed.
    #[serde(rename = "serverURL")]
    #[cfg_attr(
        feature = "schema",
        schemars(extend("x-kubernetes-validations" = rules::server_url()))
    )]
    pub server_url: String,
}

/// Where a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AuthType {
    /// In the object itself.
    Token,
    /// In a Secret.
    SecretRef,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Status of a KonnectAPIAuthConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KonnectAPIAuthConfigurationStatus {
    /// What is right or wrong with the credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "blocks::auth_conditions"))]
    pub conditions: Vec<Condition>,
    /// Id of the organisation that the credentials belong to.
    #[serde(rename = "organizationID", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// URL of the region.
    #[serde(rename = "serverURL", skip_serializing_if = "Option::is_none")]
    pub server_url: Option<String>,
}

impl Status for KonnectAPIAuthConfigurationStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

object!(
    KonnectAPIAuthConfiguration,
    spec: KonnectAPIAuthConfigurationSpec,
    status: KonnectAPIAuthConfigurationStatus,
    conditions: [API_AUTH_VALID, RESOLVED_REFS, VALID],
);
