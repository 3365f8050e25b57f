//! Kinds that are read from manifests, to be translated or checked: those of the Gateway API and of Kubernetes
//! itself, whose types live in `gateway-types`, and those of Kong that no control plane of Konnect is asked
//! for here. Each is a line of [`offline!`] below.
//!
//! Their statuses are kept as they stand, since part of them is other people's and has to stay byte for byte.

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use gateway_types::{
    BackendTLSPolicy, BackendTLSPolicySpec, GRPCRoute, GRPCRouteSpec, Gateway, GatewayClass,
    GatewayClassSpec, GatewaySpec, HTTPRoute, HTTPRouteSpec, ListenerSet, ListenerSetSpec,
    ReferenceGrant, ReferenceGrantSpec, TCPRoute, TCPRouteSpec, TLSRoute, TLSRouteSpec, UDPRoute,
    UDPRouteSpec,
    kubernetes::{
        ConfigMap, ConfigMapSpec, EndpointSlice, EndpointSliceSpec, Ingress, IngressClass,
        IngressClassSpec, IngressSpec, Namespace, Service, ServiceSpec,
    },
};

use crate::{
    Condition, Kind, Object, ObjectMeta, Parts, Unreadable,
    configuration::{
        v1::{KongClusterPlugin, KongClusterPluginSpec, KongConsumer, KongConsumerFields},
        v1alpha1::{
            IngressClassParameters, IngressClassParametersSpec, KongCustomEntity,
            KongCustomEntitySpec, KongLicense, KongLicenseFields, KongVault, KongVaultSpec,
        },
        v1beta1::{
            KongConsumerGroup, KongConsumerGroupSpec, KongUpstreamPolicy, KongUpstreamPolicySpec,
        },
    },
    incubator::v1alpha1::{KongServiceFacade, KongServiceFacadeSpec},
    read,
    status::Status,
};

/// A status as it stands in the document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptStatus(pub Value);

impl Status for KeptStatus {
    fn conditions(&self) -> &[Condition] {
        &[]
    }
}

/// Implements [`Object`], one line a kind: its type, the type of its spec, where that stands in a document
/// (`required` or `optional` in the field `spec`, or `whole` for the fields beside the metadata), and the
/// definitions that have to be installed for it.
macro_rules! offline {
    ($($kind:ident, $spec:ty, $place:ident, $definitions:ident;)*) => {$(
        impl Object for $kind {
            const KIND: Kind = Kind::$kind;
            const CONDITIONS: &'static [&'static str] = &[];
            type Spec = $spec;
            type Status = KeptStatus;

            fn into_parts(self) -> (ObjectMeta, $spec, Option<KeptStatus>) {
                (self.metadata, self.spec, None)
            }

            fn read_parts(document: &mut Value) -> Result<Parts<Self>, Unreadable> {
                let status = read::optional_field(document, "status")?;
                Ok(Parts {
                    spec: std::sync::Arc::new(offline!(@read $place, document)?),
                    status,
                })
            }

            #[cfg(feature = "schema")]
            fn definitions() -> Vec<crate::schema::CustomResourceDefinition> {
                offline!(@definitions $definitions, $kind)
            }
        }
    )*};
    (@read required, $document:ident) => { read::required_field($document, "spec") };
    (@read optional, $document:ident) => {
        read::optional_field($document, "spec").map(Option::unwrap_or_default)
    };
    (@read whole, $document:ident) => { read::read_value($document.take(), "") };
    (@definitions others, $kind:ident) => { Vec::new() };
    (@definitions own, $kind:ident) => { vec![<$kind as kube::CustomResourceExt>::crd()] };
    (@definitions own_without_spec, $kind:ident) => {
        vec![crate::schema::with_optional_spec(<$kind as kube::CustomResourceExt>::crd())]
    };
}

offline! {
    ReferenceGrant, ReferenceGrantSpec, required, others;
    ConfigMap, ConfigMapSpec, whole, others;
    IngressClass, IngressClassSpec, optional, others;
    GatewayClass, GatewayClassSpec, required, others;
    Gateway, GatewaySpec, required, others;
    ListenerSet, ListenerSetSpec, required, others;
    BackendTLSPolicy, BackendTLSPolicySpec, required, others;
    Service, ServiceSpec, optional, others;
    EndpointSlice, EndpointSliceSpec, whole, others;
    HTTPRoute, HTTPRouteSpec, required, others;
    GRPCRoute, GRPCRouteSpec, required, others;
    TLSRoute, TLSRouteSpec, required, others;
    TCPRoute, TCPRouteSpec, required, others;
    UDPRoute, UDPRouteSpec, required, others;
    Ingress, IngressSpec, optional, others;
    IngressClassParameters, IngressClassParametersSpec, optional, own_without_spec;
    KongClusterPlugin, KongClusterPluginSpec, whole, own;
    KongConsumer, KongConsumerFields, whole, own;
    KongConsumerGroup, KongConsumerGroupSpec, optional, own_without_spec;
    KongUpstreamPolicy, KongUpstreamPolicySpec, optional, own_without_spec;
    KongServiceFacade, KongServiceFacadeSpec, required, own;
    KongVault, KongVaultSpec, required, own;
    KongLicense, KongLicenseFields, whole, own;
    KongCustomEntity, KongCustomEntitySpec, required, own;
}

/// Nothing is asked of a Namespace but its labels.
impl Object for Namespace {
    const KIND: Kind = Kind::Namespace;
    const CONDITIONS: &'static [&'static str] = &[];
    type Spec = ();
    type Status = ();

    fn into_parts(self) -> (ObjectMeta, (), Option<()>) {
        (self.metadata, (), None)
    }

    fn read_parts(_: &mut Value) -> Result<Parts<Self>, Unreadable> {
        Ok(Parts {
            spec: ().into(),
            status: None,
        })
    }

    #[cfg(feature = "schema")]
    fn definitions() -> Vec<crate::schema::CustomResourceDefinition> {
        Vec::new()
    }
}
