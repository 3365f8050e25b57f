//! The only list of kinds, and [`Kind`], the name of each.
//!
//! A kind is one type file (which implements [`Object`](crate::Object)) and one row in
//! [`kinds!`](crate::kinds). Other crates pass their own callback macro to it and get an impl or a
//! variant per row; whatever a row lacks is a compile error there. Start with the macro, then
//! [`Kind`].

use std::{any::TypeId, borrow::Cow, fmt, str::FromStr, sync::LazyLock};

use kube::{Resource, core::NamespaceResourceScope};

/// The only list of kinds, parents before children: the order is the rank of judgement.
///
/// `kinds!(callback)` expands to `callback! { Row: path::Type => class; ... }`, one row a kind, where
/// class is `judged` (we answer for it: it has conditions that we compute), `input` (others read it), or
/// `offline` (it is read from manifests, to be translated or checked, and nobody watches it in a cluster yet).
/// `kinds!(callback, tokens...)` puts `[tokens...]` before the rows.
#[macro_export]
macro_rules! kinds {
    ($($callback:ident)::+) => {
        $crate::kinds! { @rows $($callback)::+, }
    };
    ($($callback:ident)::+, $($extra:tt)*) => {
        $crate::kinds! { @rows $($callback)::+, [$($extra)*] }
    };
    (@rows $($callback:ident)::+, $([$($extra:tt)*])?) => {
        $($callback)::+! {
            $([$($extra)*])?
            KongReferenceGrant: $crate::configuration::v1alpha1::KongReferenceGrant => input;
            Secret: $crate::kubernetes::Secret => input;
            KonnectAPIAuthConfiguration: $crate::konnect::v1alpha1::KonnectAPIAuthConfiguration => judged;
            KonnectCloudGatewayNetwork: $crate::konnect::v1alpha1::KonnectCloudGatewayNetwork => judged;
            KonnectCloudGatewayTransitGateway: $crate::konnect::v1alpha1::KonnectCloudGatewayTransitGateway => judged;
            KonnectGatewayControlPlane: $crate::konnect::v1alpha2::KonnectGatewayControlPlane => judged;
            KonnectCloudGatewayDataPlaneGroupConfiguration: $crate::konnect::v1alpha1::KonnectCloudGatewayDataPlaneGroupConfiguration => judged;
            KonnectConfigStore: $crate::konnect::v1alpha1::KonnectConfigStore => judged;
            KongPlugin: $crate::configuration::v1::KongPlugin => input;
            KongClusterPlugin: $crate::configuration::v1::KongClusterPlugin => input;
            KongVault: $crate::configuration::v1alpha1::KongVault => judged;
            KongCACertificate: $crate::configuration::v1alpha1::KongCACertificate => judged;
            KongCertificate: $crate::configuration::v1alpha1::KongCertificate => judged;
            KongSNI: $crate::configuration::v1alpha1::KongSNI => judged;
            KongKeySet: $crate::configuration::v1alpha1::KongKeySet => judged;
            KongKey: $crate::configuration::v1alpha1::KongKey => judged;
            KongUpstream: $crate::configuration::v1alpha1::KongUpstream => judged;
            KongService: $crate::configuration::v1alpha1::KongService => judged;
            KongRoute: $crate::configuration::v1alpha1::KongRoute => judged;
            KongTarget: $crate::configuration::v1alpha1::KongTarget => judged;
            KongConsumerGroup: $crate::configuration::v1beta1::KongConsumerGroup => judged;
            KongConsumer: $crate::configuration::v1::KongConsumer => judged;
            KongCredentialAPIKey: $crate::configuration::v1alpha1::KongCredentialAPIKey => judged;
            KongCredentialBasicAuth: $crate::configuration::v1alpha1::KongCredentialBasicAuth => judged;
            KongCredentialHMAC: $crate::configuration::v1alpha1::KongCredentialHMAC => judged;
            KongCredentialJWT: $crate::configuration::v1alpha1::KongCredentialJWT => judged;
            KongCredentialACL: $crate::configuration::v1alpha1::KongCredentialACL => judged;
            KongPluginBinding: $crate::configuration::v1alpha1::KongPluginBinding => judged;
            KongDataPlaneClientCertificate: $crate::configuration::v1alpha1::KongDataPlaneClientCertificate => judged;
            KonnectExtension: $crate::konnect::v1alpha2::KonnectExtension => judged;
            ReferenceGrant: $crate::gateway::ReferenceGrant => offline;
            Namespace: $crate::gateway::Namespace => offline;
            ConfigMap: $crate::gateway::ConfigMap => offline;
            IngressClassParameters: $crate::configuration::v1alpha1::IngressClassParameters => offline;
            IngressClass: $crate::gateway::IngressClass => offline;
            GatewayClass: $crate::gateway::GatewayClass => offline;
            Gateway: $crate::gateway::Gateway => offline;
            ListenerSet: $crate::gateway::ListenerSet => offline;
            KongUpstreamPolicy: $crate::configuration::v1beta1::KongUpstreamPolicy => offline;
            BackendTLSPolicy: $crate::gateway::BackendTLSPolicy => offline;
            Service: $crate::gateway::Service => offline;
            KongServiceFacade: $crate::incubator::v1alpha1::KongServiceFacade => offline;
            EndpointSlice: $crate::gateway::EndpointSlice => offline;
            HTTPRoute: $crate::gateway::HTTPRoute => offline;
            GRPCRoute: $crate::gateway::GRPCRoute => offline;
            TLSRoute: $crate::gateway::TLSRoute => offline;
            TCPRoute: $crate::gateway::TCPRoute => offline;
            UDPRoute: $crate::gateway::UDPRoute => offline;
            Ingress: $crate::gateway::Ingress => offline;
            KongLicense: $crate::configuration::v1alpha1::KongLicense => offline;
            KongCustomEntity: $crate::configuration::v1alpha1::KongCustomEntity => offline;
        }
    };
}

macro_rules! is_served {
    (judged) => {
        true
    };
    (input) => {
        true
    };
    (offline) => {
        false
    };
}

macro_rules! define_kind {
    ($($kind:ident: $type:path => $class:ident;)*) => {
        /// A kind of object that we read.
        ///
        /// The order of the variants is the rank of judgement: parents before children.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(
                #[doc = concat!("The kind `", stringify!($kind), "`.")]
                $kind,
            )*
        }

        impl Kind {
            /// Every kind, parents before children.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Whether objects of the kind are watched in a cluster; others are read from manifests only.
            pub const fn is_served(self) -> bool {
                match self {
                    $(Self::$kind => is_served!($class),)*
                }
            }

            /// The kind as it stands in the field `kind` of a document.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }
        }

        static NAMES: LazyLock<[Names; Kind::ALL.len()]> =
            LazyLock::new(|| [$(Names::of::<$type>()),*]);
    };
}
kinds!(define_kind);

/// What a kind is called in URLs and documents.
struct Names {
    group: Cow<'static, str>,
    version: Cow<'static, str>,
    api_version: Cow<'static, str>,
    plural: Cow<'static, str>,
    namespaced: bool,
}

impl Names {
    fn of<K: Resource<DynamicType = (), Scope: 'static>>() -> Self {
        Self {
            group: K::group(&()),
            version: K::version(&()),
            api_version: K::api_version(&()),
            plural: K::plural(&()),
            namespaced: TypeId::of::<K::Scope>() == TypeId::of::<NamespaceResourceScope>(),
        }
    }
}

impl Kind {
    fn names(self) -> &'static Names {
        &NAMES[self as usize]
    }

    /// The kinds that are watched in a cluster, parents before children.
    pub fn served() -> impl Iterator<Item = Self> + Clone {
        Self::ALL.iter().copied().filter(|kind| kind.is_served())
    }

    /// How many kinds are watched in a cluster.
    pub const SERVED: usize = {
        let (mut count, mut at) = (0, 0);
        while at < Self::ALL.len() {
            if Self::ALL[at].is_served() {
                count += 1;
            }
            at += 1;
        }
        count
    };

    /// The API group; empty for the core group.
    pub fn group(self) -> &'static str {
        &self.names().group
    }

    /// The version that we work in; documents of other served versions are converted to it.
    pub fn version(self) -> &'static str {
        &self.names().version
    }

    /// Group and version as they stand in a document.
    pub fn api_version(self) -> &'static str {
        &self.names().api_version
    }

    /// The plural, as in URLs.
    pub fn plural(self) -> &'static str {
        &self.names().plural
    }

    /// Whether objects of the kind live in a namespace.
    pub fn namespaced(self) -> bool {
        self.names().namespaced
    }

    /// The kind of that group and name, in whatever version.
    pub fn from_api(group: &str, kind: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == kind && known.group() == group)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// No kind of that name is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kind \"{0}\" is not known")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_own_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_api(kind.group(), kind.as_str()), Some(*kind));
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
    }

    #[test]
    fn a_kind_of_another_group_is_not_ours() {
        assert_eq!(Kind::from_api("example.com", "KongService"), None);
        assert_eq!(Kind::from_api("core", "Secret"), None);
    }

    #[test]
    fn an_unknown_name_is_refused_by_name() {
        let error = "Widget".parse::<Kind>().unwrap_err();
        assert_eq!(error.to_string(), "kind \"Widget\" is not known");
    }

    #[test]
    fn names_are_those_of_the_api() {
        let names = |kind: Kind| {
            (
                kind.group(),
                kind.version(),
                kind.plural(),
                kind.namespaced(),
            )
        };
        assert_eq!(names(Kind::Secret), ("", "v1", "secrets", true));
        assert_eq!(
            names(Kind::KonnectGatewayControlPlane),
            (
                "konnect.konghq.com",
                "v1alpha2",
                "konnectgatewaycontrolplanes",
                true
            )
        );
        assert_eq!(Kind::Secret.api_version(), "v1");
        assert_eq!(
            Kind::KongPlugin.api_version(),
            "configuration.konghq.com/v1"
        );
    }

    #[test]
    fn parents_rank_before_children() {
        assert!(Kind::KonnectAPIAuthConfiguration < Kind::KonnectGatewayControlPlane);
        assert!(Kind::KongService < Kind::KongRoute);
        assert!(Kind::KongUpstream < Kind::KongTarget);
        assert!(Kind::KongCertificate < Kind::KongService);
        assert!(Kind::KongRoute < Kind::KongPluginBinding);
        assert!(Kind::KonnectCloudGatewayNetwork < Kind::KonnectCloudGatewayTransitGateway);
        assert!(
            Kind::KonnectCloudGatewayNetwork < Kind::KonnectCloudGatewayDataPlaneGroupConfiguration
        );
        assert!(
            Kind::KonnectGatewayControlPlane < Kind::KonnectCloudGatewayDataPlaneGroupConfiguration
        );
        assert!(Kind::KonnectGatewayControlPlane < Kind::KonnectConfigStore);
        assert!(Kind::KonnectConfigStore < Kind::KongVault);
        assert!(Kind::KongDataPlaneClientCertificate < Kind::KonnectExtension);
        assert!(Kind::KongCACertificate < Kind::KongService);
        assert!(Kind::KongCertificate < Kind::KongSNI);
        assert!(Kind::KongKeySet < Kind::KongKey);
        assert!(Kind::KongConsumerGroup < Kind::KongConsumer);
        assert!(Kind::KongConsumer < Kind::KongCredentialAPIKey);
        assert!(Kind::KongCredentialACL < Kind::KongPluginBinding);
    }

    #[test]
    fn a_callback_may_take_tokens_of_its_own() {
        macro_rules! count {
            ([$first:literal] $($kind:ident: $type:path => $class:ident;)*) => {
                $first $(+ { let _ = stringify!($kind); 1 })*
            };
        }
        let counted: usize = kinds!(count, 100);
        assert_eq!(counted, 100 + Kind::ALL.len());
    }
}
