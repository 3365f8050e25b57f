//! What the credentials of a consumer have in common: whose they are, and what is said of them.

use serde::{Deserialize, Serialize};

use crate::{adopt::Adopt, reference::LocalObjectReference, status::EntityStatus};

/// The spec of a credential.
pub trait Credential {
    /// The KongConsumer that the credential is of, in the same namespace.
    fn consumer_ref(&self) -> &LocalObjectReference;

    /// An existing credential in Konnect to take over.
    fn adopt(&self) -> Option<&Adopt>;

    /// Tags of the credential.
    fn tags(&self) -> Option<&[String]>;
}

/// Status of a credential.
pub type CredentialStatus = EntityStatus<CredentialIds>;

/// Ids that a credential belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CredentialIds {
    /// Id of the consumer.
    #[serde(rename = "consumerID", skip_serializing_if = "Option::is_none")]
    pub consumer_id: Option<String>,
    /// Id of the control plane.
    #[serde(rename = "controlPlaneID", skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
}

/// Makes a kind of credential an [`Object`](crate::Object), and its spec a [`Credential`].
macro_rules! credential {
    ($kind:ident, $spec:ty) => {
        $crate::object::object!(
            $kind,
            spec: $spec,
            status: $crate::configuration::v1alpha1::CredentialStatus,
            conditions: [
                PROGRAMMED, CONTROL_PLANE_REF_VALID, API_AUTH_RESOLVED_REF, API_AUTH_VALID,
                CONSUMER_REF_VALID, ADOPTED,
            ],
        );

        impl $crate::configuration::v1alpha1::Credential for $spec {
            fn consumer_ref(&self) -> &$crate::reference::LocalObjectReference {
                &self.consumer_ref
            }

            fn adopt(&self) -> Option<&$crate::adopt::Adopt> {
                self.adopt.as_ref()
            }

            fn tags(&self) -> Option<&[String]> {
                self.tags.as_deref()
            }
        }
    };
}
pub(super) use credential;
