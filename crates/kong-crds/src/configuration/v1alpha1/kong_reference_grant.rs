//! KongReferenceGrant: permission to refer to objects of its namespace from elsewhere.

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "schema")]
use crate::schema::blocks::{GROUP_PATTERN, KIND_PATTERN, NAMESPACE_PATTERN};
use crate::{Kind, Object, ObjectMeta, Parts, Unreadable, read};

/// Permission for objects of other namespaces to refer to objects of this one.
///
/// The schema lets an object without a spec through; it grants nothing. [`read`](crate::read()) takes
/// it so.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "KongReferenceGrant",
    namespaced,
    derive = "PartialEq",
    doc = "Permission for objects of other namespaces to refer to objects of this one.",
    category = "kong",
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
pub struct KongReferenceGrantSpec {
    /// Who may refer: any of these.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 16)))]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "atomic")))]
    pub from: Vec<ReferenceGrantFrom>,
    /// What may be referred to: any of these.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 16)))]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "atomic")))]
    pub to: Vec<ReferenceGrantTo>,
}

/// Objects that may refer to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new("self.group != 'configuration.konghq.com' || self.kind in [ \
             'KongConsumer', 'KongConsumerGroup', 'KongRoute', 'KongService', \
             'KongCertificate', 'KongCACertificate', 'KongDataPlaneClientCertificate', \
             'KongUpstream', 'KongTarget', 'KongKey', 'KongKeySet', 'KongVault', \
             'KongPluginBinding', 'KongSNI']")
            .message("Only KongConsumer, KongConsumerGroup, KongRoute, KongCertificate, \
                 KongCACertificate, KongDataPlaneClientCertificate, KongService, \
                 KongUpstream, KongTarget, KongKey, KongKeySet, KongVault, KongPluginBinding \
                 and KongSNI kinds are supported for 'configuration.konghq.com' group"),
        validation = Rule::new("self.group != 'gateway-operator.konghq.com' || self.kind in \
             [ 'GatewayConfiguration' ]")
            .message("Only GatewayConfiguration kind is supported for \
                 'gateway-operator.konghq.com' group"),
        validation = Rule::new("self.kind == 'KongVault' ? self.__namespace__ == \"\" : \
             self.__namespace__ != \"\"")
            .message("namespace must be empty for KongVault and non-empty for other kinds"),
    )
)]
pub struct ReferenceGrantFrom {
    /// Their group.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = GROUP_PATTERN)))]
    pub group: String,
    /// Their kind.
    // Upstream says the least length twice, by way of two markers.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 63),
            regex(pattern = KIND_PATTERN),
            extend("allOf" = [{"minLength": 1}, {"minLength": 1}])
        )
    )]
    pub kind: String,
    /// Their namespace; empty for kinds without.
    #[cfg_attr(feature = "schema", schemars(length(max = 63)))]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = NAMESPACE_PATTERN)))]
    pub namespace: String,
}

/// Objects of the grant's namespace that may be referred to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(kube::KubeSchema))]
#[cfg_attr(
    feature = "schema",
    x_kube(
        validation = Rule::new(".self.group != 'core' || .self.kind == 'Secret'")
            .message("Only 'Secret' kind is supported for 'core' group"),
        validation = Rule::new(".self.group != 'konnect.konghq.com' || .self.kind in \
             ['KonnectGatewayControlPlane', 'KonnectAPIAuthConfiguration', 'Portal', \
             'KonnectEventGateway', 'EventGatewayBackendCluster', 'EventGatewayListener', \
             'EventGatewayVirtualCluster', 'KonnectConfigStore', 'KonnectAIGateway', \
             'AIGatewayConsumerGroup']")
            .message("Only 'KonnectGatewayControlPlane', 'KonnectAPIAuthConfiguration', \
                 'Portal', 'KonnectEventGateway', 'EventGatewayBackendCluster', \
                 'EventGatewayListener', 'EventGatewayVirtualCluster', 'KonnectConfigStore', \
                 'KonnectAIGateway', and 'AIGatewayConsumerGroup' kinds are supported for \
                 'konnect.konghq.com' group"),
        validation = Rule::new(".self.group != 'configuration.konghq.com' || .self.kind in \
             ['KongPlugin', 'KongService', 'KongCertificate', 'KongCACertificate', \
             'KongUpstream']")
            .message("Only 'KongPlugin', 'KongService', 'KongCertificate', \
                 'KongCACertificate' and 'KongUpstream' kinds are supported for \
                 'configuration.konghq.com' group"),
    )
)]
pub struct ReferenceGrantTo {
    /// Their group; `core` for Secrets.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = GROUP_PATTERN)))]
    pub group: String,
    /// Their kind.
    // Upstream says the least length twice, by way of two markers.
    #[cfg_attr(
        feature = "schema",
        schemars(
            length(max = 63),
            regex(pattern = KIND_PATTERN),
            extend("allOf" = [{"minLength": 1}, {"minLength": 1}])
        )
    )]
    pub kind: String,
    /// Name of the one object; without it, all of that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 253)))]
    pub name: Option<String>,
}

impl Object for KongReferenceGrant {
    const KIND: Kind = Kind::KongReferenceGrant;
    const CONDITIONS: &'static [&'static str] = &[];
    type Spec = KongReferenceGrantSpec;
    type Status = ();

    fn into_parts(self) -> (ObjectMeta, Self::Spec, Option<()>) {
        (self.metadata, self.spec, None)
    }

    fn read_parts(document: &mut Value) -> Result<Parts<Self>, Unreadable> {
        let spec: Option<Self::Spec> = read::optional_field(document, "spec")?;
        Ok(Parts {
            spec: spec.unwrap_or_default().into(),
            status: None,
        })
    }

    #[cfg(feature = "schema")]
    fn definitions() -> Vec<crate::schema::CustomResourceDefinition> {
        vec![crate::schema::with_optional_spec(
            <Self as kube::CustomResourceExt>::crd(),
        )]
    }
}
