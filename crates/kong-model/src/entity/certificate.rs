//! Certificates with their keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entity, Members, secret};
use crate::collection::Collection;
use crate::sealed::Sealed;

/// A certificate that gateways show to clients, or to the services behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// PEM of the certificate and of those above it.
    pub cert: String,
    /// PEM of the private key.
    #[serde(with = "secret::required")]
    pub key: Sealed,
    /// A second certificate, of another kind of key.
    pub cert_alt: Option<String>,
    /// The private key of the second certificate.
    #[serde(default, with = "secret::optional")]
    pub key_alt: Option<Sealed>,
    /// What it is for; answers do not have it.
    pub description: Option<String>,
    /// Who looks after it; answers do not have it.
    pub managed_by: Option<BTreeMap<String, String>>,
    /// The names for which it is shown.
    pub snis: Option<Vec<String>>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Certificate {
    /// A certificate with its key, both as PEM.
    pub fn new(cert: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            cert: cert.into(),
            key: Sealed::new(key),
            cert_alt: None,
            key_alt: None,
            description: None,
            managed_by: None,
            snis: None,
            tags: None,
            others: Members::default(),
        }
    }
}

impl Entity for Certificate {
    const COLLECTION: Collection = Collection::Certificates;

    fn secrets(&self) -> Vec<(&'static str, &Sealed)> {
        let second = self.key_alt.as_ref().map(|key| ("key_alt", key));
        [("key", &self.key)].into_iter().chain(second).collect()
    }
}
