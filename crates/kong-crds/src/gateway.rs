//! Kinds that are read from manifests, to be translated or checked: those of the Gateway API and of Kubernetes
//! itself, whose types live in `gateway-types`, and those of Kong that nothing in Konnect stands for. Each is a
//! line of [`offline!`] below.
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
        v1alpha1::{
            IngressClassParameters, IngressClassParametersSpec, KongCustomEntity,
            KongCustomEntitySpec, KongLicense, KongLicenseFields,
        },
        v1beta1::{KongUpstreamPolicy, KongUpstreamPolicySpec},
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

/// Implements [`Object`], one line a kind: its type, the type of its spec, where that stands in a document (see
/// [`object!`](crate::object::object)), and whether the definition that has to be installed for it is our own.
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
                    spec: std::sync::Arc::new(crate::object::read_spec!($place, document)?),
                    status,
                })
            }

            #[cfg(feature = "schema")]
            fn definitions() -> Vec<crate::schema::CustomResourceDefinition> {
                offline!(@definitions $definitions, $place, $kind)
            }
        }
    )*};
    (@definitions others, $place:ident, $kind:ident) => { Vec::new() };
    (@definitions own, $place:ident, $kind:ident) => {
        vec![crate::object::definition!($place, $kind)]
    };
}

offline! {
    ReferenceGrant, ReferenceGrantSpec, spec, others;
    ConfigMap, ConfigMapSpec, fields, others;
    IngressClass, IngressClassSpec, optional_spec, others;
    GatewayClass, GatewayClassSpec, spec, others;
    Gateway, GatewaySpec, spec, others;
    ListenerSet, ListenerSetSpec, spec, others;
    BackendTLSPolicy, BackendTLSPolicySpec, spec, others;
    Service, ServiceSpec, optional_spec, others;
    EndpointSlice, EndpointSliceSpec, fields, others;
    HTTPRoute, HTTPRouteSpec, spec, others;
    GRPCRoute, GRPCRouteSpec, spec, others;
    TLSRoute, TLSRouteSpec, spec, others;
    TCPRoute, TCPRouteSpec, spec, others;
    UDPRoute, UDPRouteSpec, spec, others;
    Ingress, IngressSpec, optional_spec, others;
    IngressClassParameters, IngressClassParametersSpec, optional_spec, own;
    KongUpstreamPolicy, KongUpstreamPolicySpec, optional_spec, own;
    KongServiceFacade, KongServiceFacadeSpec, spec, own;
    KongLicense, KongLicenseFields, fields, own;
    KongCustomEntity, KongCustomEntitySpec, spec, own;
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
