//! KongServiceFacade: a Service with annotations of its own for some Ingresses.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::blocks;
use crate::{Condition, status::Status};

/// A Service with annotations of its own: a backend of Ingresses that lets them give one Service different
/// plugins and policies.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "incubator.ingress-controller.konghq.com",
    version = "v1alpha1",
    kind = "KongServiceFacade",
    namespaced,
    status = "KongServiceFacadeStatus",
    derive = "PartialEq",
    doc = "A Service with annotations of its own, as a backend of Ingresses.",
    category = "kong-ingress-controller"
)]
#[serde(rename_all = "camelCase")]
pub struct KongServiceFacadeSpec {
    /// The Service, in the same namespace.
    pub backend_ref: FacadeBackendRef,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FacadeBackendRef {
    /// Name of the Service.
    pub name: String,
    /// The port.
    // An API server does not hold numbers to their format.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "int32")))]
    pub port: i64,
}

/// Status of a KongServiceFacade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KongServiceFacadeStatus {
    /// What is right or wrong with the facade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(
        feature = "schema",
        schemars(schema_with = "blocks::programmed_conditions")
    )]
    pub conditions: Vec<Condition>,
}

impl Status for KongServiceFacadeStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}
