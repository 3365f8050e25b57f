//! A certificate with its key, as it comes in PEM, and as the server uses it; out of files, which are read again
//! when they change, or made for this process alone. The servers of the operator share it. Start with [`Pair`].

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};
use tokio::{task::JoinSet, time::sleep};
use zeroize::Zeroizing;

/// How often files are looked at; a Secret that is mounted takes longer than that to change.
const LOOK: Duration = Duration::from_secs(5);

/// A certificate (with those that sign it) and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// Why a pair cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairError {
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

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CertificateError(#[from] Problem);

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("\"{path}\" cannot be read: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error(transparent)]
    Pair(#[from] PairError),
}

impl Pair {
    /// The one in `tls.crt` and `tls.key` of a folder.
    fn read(folder: &Path) -> Result<Self, Problem> {
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| Problem::File { path, error })
        };
        Ok(Self {
            certificate: file("tls.crt")?,
            key: Zeroizing::new(file("tls.key")?),
        })
    }

    /// One that nobody has signed and nobody has seen before: it keeps a conversation secret, and cannot say
    /// with whom it is.
    fn make(name: &str) -> Result<Self, Problem> {
        let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
        Ok(Self {
            certificate: made.cert.pem().into_bytes(),
            key: Zeroizing::new(made.signing_key.serialize_pem().into_bytes()),
        })
    }

    /// What a server needs. The provider is named, so that nothing depends on what the process installed.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, PairError> {
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

/// A server's certificate from a folder, which is looked at again and again.
pub(crate) fn from_files(
    tasks: &mut JoinSet<()>,
    of: &'static str,
    folder: PathBuf,
) -> Result<RustlsConfig, CertificateError> {
    let pair = Pair::read(&folder)?;
    let server = RustlsConfig::from_config(pair.server().map_err(Problem::Pair)?);
    tasks.spawn(reload(of, folder, pair, server.clone()));
    Ok(server)
}

/// A server's certificate that lasts as long as the process.
pub(crate) fn of_our_own(name: &str) -> Result<RustlsConfig, CertificateError> {
    let config = Pair::make(name)?.server().map_err(Problem::Pair)?;
    Ok(RustlsConfig::from_config(config))
}

/// What cannot be used is not: the old certificate stays.
async fn reload(of: &'static str, folder: PathBuf, mut current: Pair, server: RustlsConfig) {
    loop {
        sleep(LOOK).await;
        let pair = match Pair::read(&folder) {
            Ok(pair) if pair == current => continue,
            Ok(pair) => pair,
            Err(error) => {
                tracing::warn!(%error, "the certificate of {of} cannot be read again");
                continue;
            }
        };
        match pair.server() {
            Ok(config) => {
                server.reload_from_config(config);
                tracing::info!("there is a new certificate of {of}");
            }
            Err(error) => tracing::warn!(%error, "the new certificate of {of} is not used"),
        }
        current = pair;
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
