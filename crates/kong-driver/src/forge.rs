//! Keys and certificates for simulations: texts that look like PEM, without any cryptography.
//!
//! They follow from whom they are for and from how many were made before, so that a run can be played again, and no
//! two of them are alike.

use std::collections::BTreeMap;

use kong_engine::{Mint, Minted};
use kong_model::Sealed;
use kong_resolve::Key;

/// Private keys that are made here have this in them, so that it can be searched for where it must not be.
pub const KEY_CANARY: &str = "canary-private-key";

/// What makes keys and certificates, and how many it has made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forge {
    stored: BTreeMap<Key, u64>,
}

impl Forge {
    /// The next certificate for a Secret, with its key.
    pub(crate) fn make(&self, mint: &Mint) -> Minted {
        let number = self.stored.get(&mint.secret).copied().unwrap_or_default() + 1;
        let name = &mint.common_name;
        let pem = |what: &str, content: &str| {
            format!("-----BEGIN {what}-----\n{content}\n-----END {what}-----\n")
        };
        Minted {
            authority: pem("CERTIFICATE", "authority"),
            certificate: pem("CERTIFICATE", &format!("{name}-{number}")),
            key: Sealed::new(pem("PRIVATE KEY", &format!("{KEY_CANARY}-{name}-{number}"))),
        }
    }

    /// It is in the cluster; the next one is another.
    pub(crate) fn stored(&mut self, mint: &Mint) {
        *self.stored.entry(mint.secret.clone()).or_default() += 1;
    }
}
