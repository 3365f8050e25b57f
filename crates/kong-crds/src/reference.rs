//! References from one object to another, as they stand in specs.
//!
//! Each shape is written once and used by every kind that has it.

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::rules;

/// Names an object, in the namespace of the object that refers to it unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespacedRef {
    /// Name of the object.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: String,
    /// Namespace of the object; without one, that of the object that refers to it. Another
    /// namespace needs a KongReferenceGrant there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 253)))]
    pub namespace: Option<String>,
}

/// Names the control plane that an entity belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::control_plane_by_id_is_unsupported(),
        validation = rules::named_control_plane_is_set(),
        validation = rules::ingress_controller_is_not_named(),
        validation = rules::untyped_control_plane_is_not_named(),
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneRef {
    /// Which sort of control plane.
    #[serde(rename = "type", default)]
    pub type_: ControlPlaneRefType,
    /// The KonnectGatewayControlPlane; required with type konnectNamespacedRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub konnect_namespaced_ref: Option<NamespacedRef>,
}

/// The sorts of control planes that can be referred to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ControlPlaneRefType {
    /// A KonnectGatewayControlPlane in the cluster.
    KonnectNamespacedRef,
    /// Kong's ingress controller, which has no object.
    #[default]
    Kic,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Names the KongService of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(feature = "schema", x_kube(validation = rules::named_object_is_set()))]
#[serde(rename_all = "camelCase")]
pub struct ServiceRef {
    /// How the service is named.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<ServiceRefType>,
    /// The KongService; required with type namespacedRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaced_ref: Option<NamespacedRef>,
}

/// The ways to name a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ServiceRefType {
    /// By name and namespace.
    NamespacedRef,
    /// A value that is not known here.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Names an object, or an entity in Konnect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = rules::named_object_is_set(),
        validation = rules::named_object_has_no_id(),
        validation = rules::konnect_id_is_set(),
        validation = rules::konnect_id_is_not_named(),
    )
)]
pub struct ObjectRef {
    /// How it is named.
    #[serde(rename = "type")]
    pub type_: ObjectRefType,
    /// Id of the entity in Konnect; required with type konnectID.
    #[serde(rename = "konnectID", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 36)))]
    pub konnect_id: Option<String>,
    /// The object; required with type namespacedRef.
    #[serde(rename = "namespacedRef", skip_serializing_if = "Option::is_none")]
    pub namespaced_ref: Option<NamespacedRef>,
}

/// The ways to name something that is in Konnect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ObjectRefType {
    /// By the id of the entity.
    #[serde(rename = "konnectID")]
    KonnectId,
    /// By the name of the object.
    #[serde(rename = "namespacedRef")]
    NamespacedRef,
    /// A value that is not known here.
    #[default]
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// Names an object in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NameRef {
    /// Name of the object.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: String,
}

/// Names a KonnectAPIAuthConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthRef {
    /// Name of the KonnectAPIAuthConfiguration.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: String,
    /// Its namespace; without one, that of the object that refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub namespace: Option<String>,
}

impl From<AuthRef> for NamespacedRef {
    fn from(reference: AuthRef) -> Self {
        Self {
            name: reference.name,
            namespace: reference.namespace,
        }
    }
}

/// Names a Secret, as Kubernetes' own SecretReference does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct SecretReference {
    /// Name of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its namespace; without one, that of the object that refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Names an object in the same namespace, as Kubernetes' own LocalObjectReference does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct LocalObjectReference {
    /// Name of the object.
    #[serde(default)]
    pub name: String,
}
