//! A certificate with its key, as it comes in PEM, and as the server uses it.

use std::{fmt, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};
use zeroize::Zeroizing;

/// A certificate (with those that sign it) and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// Why a pair cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum PairError {
    /// It is no PEM, or the key is missing.
    #[error("the certificate or its key is not valid PEM: {0}")]
    Pem(#[from] pem::Error),
    /// The two do not belong together, or are of no use to a server.
    #[error("the certificate cannot be used: {0}")]
    Tls(#[from] rustls::Error),
    /// There is no certificate.
    #[error("there is no certificate in it")]
    Empty,
}

impl Pair {
    /// What a server needs. The provider is named, so that nothing depends on what the process installed.
    pub(super) fn server(&self) -> Result<Arc<ServerConfig>, PairError> {
        let chain =
            CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>()?;
        if chain.is_empty() {
            return Err(PairError::Empty);
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let pair = |certificate: &str, key: &str| Pair {
            certificate: certificate.as_bytes().to_vec(),
            key: Zeroizing::new(key.as_bytes().to_vec()),
        };
        assert!(matches!(pair("", "").server(), Err(PairError::Empty)));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        assert!(matches!(
            pair(&certificate, "").server(),
            Err(PairError::Pem(_))
        ));
        assert!(pair(&certificate, &key).server().is_ok());
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let stranger = other.signing_key.serialize_pem();
        assert!(matches!(
            pair(&certificate, &stranger).server(),
            Err(PairError::Tls(_))
        ));
    }
}
