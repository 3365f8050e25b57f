//! TLS as the client needs it, made here and handed to the HTTP library, so that a program that uses this
//! crate has to install no process-wide provider.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::builder::BuildError;

/// HTTP/2 if the server has it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Trusts the authorities of the machine and those in `pem`.
pub(crate) fn trusting(pem: &[Vec<u8>]) -> Result<ClientConfig, BuildError> {
    let mut roots = Vec::new();
    for text in pem {
        let before = roots.len();
        for root in CertificateDer::pem_slice_iter(text) {
            roots.push(root.map_err(|error| BuildError::Certificates(error.to_string()))?);
        }
        if roots.len() == before {
            return Err(BuildError::Certificates("there is none in it".to_owned()));
        }
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
        .map_err(|error| BuildError::Certificates(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(speaking(config))
}

/// Trusts nobody: for a client that only ever speaks in the clear to its own machine, which may have no
/// authorities at all.
pub(crate) fn unused() -> Result<ClientConfig, BuildError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(speaking(config))
}

fn speaking(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config
}
