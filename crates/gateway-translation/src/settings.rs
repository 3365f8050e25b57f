//! What a translation is told besides the objects: how the gateway routes, what it can do, whose objects to take.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use kong_resolve::Key;
use kong_router::Flavor;

/// A version of Kong Gateway, as far as it decides what may be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KongVersion {
    /// The major version.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
}

impl KongVersion {
    /// The oldest version that is supported.
    pub const OLDEST: Self = Self::new(3, 4);
    /// The first whose expressions can be negated, and know the port of a request of HTTP by the name that is used here.
    pub const NEGATION_AND_PORTS: Self = Self::new(3, 6);
    /// The first with wildcards in SNIs.
    pub const WILDCARD_SNIS: Self = Self::new(3, 7);
    /// The first with the plugin `redirect`.
    pub const REDIRECT_PLUGIN: Self = Self::new(3, 9);
    /// The first whose upstreams keep clients at their targets.
    pub const STICKY_SESSIONS: Self = Self::new(3, 11);
    /// The first that is known to verify other names of backends than the host.
    pub const TLS_SANS: Self = Self::new(3, 14);

    /// A version.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl Default for KongVersion {
    fn default() -> Self {
        Self::new(3, 12)
    }
}

impl fmt::Display for KongVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text is no version that is supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no version of Kong Gateway from 3.4; write one such as 3.12")]
pub struct BadVersion(String);

impl FromStr for KongVersion {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let bad = || BadVersion(text.to_owned());
        let mut parts = text.split('.').map(str::parse::<u16>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
            return Err(bad());
        };
        // What follows is the patch and the revision.
        if parts.any(|part| part.is_err()) {
            return Err(bad());
        }
        let version = Self::new(major, minor);
        if version < Self::OLDEST || major > 3 {
            return Err(bad());
        }
        Ok(version)
    }
}

/// Which of two answers is given where Kong's own controller is known to be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// What is right.
    #[default]
    Right,
    /// What Kong's controller gives; objects are taken as they are, as they lie in its cache.
    Kong,
}

/// What can be switched on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// KongServiceFacades are backends of Ingresses.
    pub service_facades: bool,
    /// Redirects are made by the plugin `redirect`.
    pub redirect_plugin: bool,
    /// `konghq.com/rewrite` is read.
    pub rewrite_uris: bool,
}

/// The settings of a translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How the gateway routes.
    pub flavor: Flavor,
    /// Which version it is.
    pub version: KongVersion,
    /// The ingress class whose objects are taken.
    pub ingress_class: String,
    /// Whether rules of different HTTPRoutes with the same backends share a service.
    pub combined_services: bool,
    /// What is switched on.
    pub features: Features,
    /// Which answer is given where Kong's controller is known to be wrong.
    pub compat: Compat,
    /// Whether routes are translated whose Gateways are not there, as if those accepted them.
    pub all_routes: bool,
    /// The domain of the cluster in DNS.
    pub cluster_domain: String,
    /// Whether endpoints that are ending stay as targets of weight 0.
    pub drain: bool,
    /// The name of the controller, in GatewayClasses and in statuses.
    pub controller: String,
    /// The addresses at which the gateway is reached, for the statuses of Ingresses; none if they are not known.
    pub addresses: Vec<String>,
    /// Objects that are not to be used, nor what depends on them: those that a gateway has refused.
    pub without: BTreeSet<Key>,
}

impl Settings {
    /// What the right translation for a version is told.
    pub fn right(version: KongVersion) -> Self {
        Self {
            flavor: Flavor::TraditionalCompatible,
            version,
            ingress_class: "kong".to_owned(),
            combined_services: true,
            features: Features {
                service_facades: true,
                redirect_plugin: version >= KongVersion::REDIRECT_PLUGIN,
                rewrite_uris: true,
            },
            compat: Compat::Right,
            all_routes: false,
            cluster_domain: "cluster.local".to_owned(),
            drain: true,
            controller: "konghq.com/gateway-operator".to_owned(),
            addresses: Vec::new(),
            without: BTreeSet::new(),
        }
    }

    /// What Kong's controller is told unless a feature is named.
    pub fn as_kong(version: KongVersion) -> Self {
        Self {
            combined_services: false,
            features: Features {
                service_facades: false,
                redirect_plugin: false,
                rewrite_uris: false,
            },
            compat: Compat::Kong,
            drain: false,
            ..Self::right(version)
        }
    }

    /// Whether to do as Kong's controller does.
    pub(crate) fn as_kong_does(&self) -> bool {
        self.compat == Compat::Kong
    }

    /// Whether routes have expressions.
    pub(crate) fn expressions(&self) -> bool {
        self.flavor == Flavor::Expressions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_as_long_as_kongs_are() {
        assert_eq!("3.9".parse(), Ok(KongVersion::new(3, 9)));
        assert_eq!("3.10.0.1".parse(), Ok(KongVersion::new(3, 10)));
        for bad in ["3", "2.8", "3.3", "x", "3.4.x", "4.0", ""] {
            assert_eq!(bad.parse::<KongVersion>(), Err(BadVersion(bad.to_owned())));
        }
        assert!(KongVersion::new(3, 10) > KongVersion::new(3, 9));
    }
}
