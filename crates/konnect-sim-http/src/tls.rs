//! Certificates to throw away: an authority that signs one serving certificate and is forgotten.
//!
//! The key of the authority is never written: whoever has been told to trust it can be deceived by nobody,
//! not even with the files in the folder. What is in the folder is used again as long as a client
//! would accept it, which is found out by being one.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

/// Names that every certificate has.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The name of the authority, by which a certificate of ours is known.
const AUTHORITY: &str = "konnect-sim throw-away CA";
/// How long certificates last: one to throw away has to go some day.
const LIFE: Duration = Duration::from_secs(90 * 86_400);
/// How long one has to last yet to be used again.
const MARGIN: Duration = Duration::from_secs(86_400);
/// How far clocks of clients may be behind.
const SKEW: Duration = Duration::from_secs(3_600);

/// The files in the folder.
const FILES: [&str; 3] = ["ca.crt", "tls.crt", "tls.key"];

/// Whether a certificate is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made.
    Made,
    /// It was found, and is still good for all names.
    Found,
}

/// A serving certificate, its key, and the authority that clients have to trust.
#[derive(Clone)]
pub struct Tls {
    server: Arc<ServerConfig>,
    authority: String,
    names: Vec<String>,
    origin: Origin,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No certificate can have this name.
    #[error("\"{0}\" is no host name and no IP address")]
    Name(String),
    /// A file cannot be read or written.
    #[error("cannot {what} \"{}\"", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has a certificate of somebody else that does not do.
    #[error("\"{}\" has a ca.crt, tls.crt or tls.key that was not made here and cannot be used: {why}; nothing is overwritten, choose another folder", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// A certificate cannot be used.
    #[error("cannot use the certificate")]
    Use(#[from] rustls::Error),
}

/// What the three files hold.
struct Pems {
    authority: String,
    chain: String,
    key: String,
}

impl Tls {
    /// A new certificate for these names and those of this machine, in memory only.
    pub fn throw_away(names: &[String]) -> Result<Self, TlsError> {
        let names = with_local(names)?;
        let pems = make(&names)?;
        Self::of(&pems, names, Origin::Made)
    }

    /// The certificate in a folder, as `ca.crt`, `tls.crt` and `tls.key`; a new one if there is none, or if
    /// the one that is there is ours and does not last another day or lacks a name.
    pub fn kept_in(folder: &Path, names: &[String]) -> Result<Self, TlsError> {
        let names = with_local(names)?;
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        let there = |file: &&str| folder.join(file).exists();
        if FILES.iter().any(there) {
            let why = match found(folder, &names) {
                Ok(found) => return Ok(found),
                Err(why) => why,
            };
            // With the files of others there is nothing to do, not even where one of them is missing.
            if !is_ours(&folder.join("tls.crt")) {
                let folder = folder.to_owned();
                return Err(TlsError::Foreign { folder, why });
            }
        }
        let pems = make(&names)?;
        // The certificate first: it says that the rest is ours, should this end half-way.
        write(&folder.join("tls.crt"), &pems.chain, Mode::Open)?;
        write(&folder.join("ca.crt"), &pems.authority, Mode::Open)?;
        write(&folder.join("tls.key"), &pems.key, Mode::Private)?;
        Self::of(&pems, names, Origin::Made)
    }

    fn of(pems: &Pems, names: Vec<String>, origin: Origin) -> Result<Self, TlsError> {
        let (chain, key) = pems.parse().map_err(rustls::Error::General)?;
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            server: Arc::new(server),
            authority: pems.authority.clone(),
            names,
            origin,
        })
    }

    /// The certificate of the authority, as PEM: what clients have to trust.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The names that the certificate is good for.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it is a new one.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

/// Without keys.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("names", &self.names)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

/// All names, each once.
fn with_local(names: &[String]) -> Result<Vec<String>, TlsError> {
    let mut all: Vec<String> = LOCAL.map(str::to_owned).to_vec();
    for name in names {
        if probe(name).is_none() {
            return Err(TlsError::Name(name.clone()));
        }
        let name = name.to_ascii_lowercase();
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Ok(all)
}

/// A name that a client would ask for to try one of a certificate.
fn probe(name: &str) -> Option<ServerName<'static>> {
    let asked = match name.strip_prefix("*.") {
        Some(domain) => format!("anything.{domain}"),
        None => name.to_owned(),
    };
    ServerName::try_from(asked).ok()
}

fn make(names: &[String]) -> Result<Pems, TlsError> {
    let now = SystemTime::now();
    let params = |names: Vec<String>, title: &str| -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, title);
        params.not_before = (now - SKEW).into();
        params.not_after = (now + LIFE).into();
        Ok(params)
    };
    let mut authority = params(Vec::new(), AUTHORITY)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut serving = params(names.to_vec(), "konnect-sim")?;
    serving.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    serving.use_authority_key_identifier_extension = true;
    let serving = serving.signed_by(&key, &authority)?;
    Ok(Pems {
        authority: authority.pem(),
        chain: serving.pem(),
        key: key.serialize_pem(),
    })
}

/// The certificate in a folder, or why it is not good.
fn found(folder: &Path, names: &[String]) -> Result<Tls, String> {
    let read = |file: &str| {
        fs::read_to_string(folder.join(file)).map_err(|error| format!("\"{file}\": {error}"))
    };
    let pems = Pems {
        authority: read("ca.crt")?,
        chain: read("tls.crt")?,
        key: read("tls.key")?,
    };
    let (chain, _) = pems.parse()?;
    let (first, others) = chain
        .split_first()
        .ok_or_else(|| "\"tls.crt\" has no certificate".to_owned())?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&pems.authority, "ca.crt")? {
        roots.add(root).map_err(|error| error.to_string())?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| error.to_string())?;
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let soon = UnixTime::since_unix_epoch(since + MARGIN);
    for name in names {
        let asked = probe(name).ok_or_else(|| format!("\"{name}\" is no name"))?;
        verifier
            .verify_server_cert(first, others, &asked, &[], soon)
            .map_err(|error| format!("for \"{name}\": {error}"))?;
    }
    Tls::of(&pems, names.to_vec(), Origin::Found).map_err(|error| error.to_string())
}

impl Pems {
    fn parse(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        let chain = certificates(&self.chain, "tls.crt")?;
        // What is wrong with a key is not repeated: it might quote it.
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|_| "\"tls.key\" has no private key".to_owned())?;
        Ok((chain, key))
    }
}

fn certificates(pem: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("\"{file}\": {error}"))
}

/// Whether the first certificate of a file was signed by an authority of ours.
fn is_ours(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let first = CertificateDer::pem_slice_iter(text.as_bytes()).next();
    // Names stand in a certificate as they are written.
    first.is_some_and(|der| {
        der.is_ok_and(|der| {
            der.windows(AUTHORITY.len())
                .any(|part| part == AUTHORITY.as_bytes())
        })
    })
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Open,
    Private,
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::File {
        what,
        path: path.clone(),
        source,
    }
}

/// Writes a file in one piece, under a name of its own first: what is there may be open to others.
fn write(path: &Path, text: &str, mode: Mode) -> Result<(), TlsError> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = options(mode)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    written
        .inspect_err(|_| {
            // The error that matters is the first one.
            let _ = fs::remove_file(&beside);
        })
        .map_err(failed("write", path))
}

fn options(mode: Mode) -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match mode {
            Mode::Open => 0o644,
            Mode::Private => 0o600,
        });
    }
    #[cfg(not(unix))]
    let _ = mode;
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(folder: &Path, names: &[&str]) -> Result<Tls, TlsError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Tls::kept_in(folder, &names)
    }

    fn contents(folder: &Path) -> [String; 3] {
        FILES.map(|file| fs::read_to_string(folder.join(file)).unwrap())
    }

    #[test]
    fn a_certificate_is_used_again_while_it_has_all_names() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/folder");
        let first = kept(&folder, &["us.api.konghq.com", "*.example.test"]).unwrap();
        let written = contents(&folder);
        assert_eq!(first.origin(), Origin::Made);
        assert_eq!(first.authority(), written[0]);
        assert_eq!(
            first.names(),
            [
                "localhost",
                "127.0.0.1",
                "::1",
                "us.api.konghq.com",
                "*.example.test"
            ]
        );
        for names in [
            &["US.api.konghq.com"][..],
            &[],
            &["*.example.test", "a.example.test"],
        ] {
            let again = kept(&folder, names).unwrap();
            assert_eq!(
                (again.origin(), contents(&folder)),
                (Origin::Found, written.clone())
            );
        }
        let more = kept(&folder, &["eu.api.konghq.com"]).unwrap();
        assert_eq!(more.origin(), Origin::Made);
        assert_ne!(contents(&folder), written);
        let names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), FILES.len(), "nothing else is left: {names:?}");
    }

    #[test]
    fn what_is_broken_of_ours_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        kept(folder.path(), &[]).unwrap();
        let other = Tls::throw_away(&[]).unwrap();
        for (file, text) in [("tls.key", "no key"), ("ca.crt", other.authority())] {
            fs::write(folder.path().join(file), text).unwrap();
            assert_eq!(
                kept(folder.path(), &[]).unwrap().origin(),
                Origin::Made,
                "{file}"
            );
            assert_eq!(
                kept(folder.path(), &[]).unwrap().origin(),
                Origin::Found,
                "{file}"
            );
        }
        fs::remove_file(folder.path().join("tls.key")).unwrap();
        assert_eq!(kept(folder.path(), &[]).unwrap().origin(), Origin::Made);
    }

    #[test]
    fn files_of_others_are_never_overwritten() {
        for (file, text) in [
            ("tls.crt", "theirs"),
            ("tls.key", "theirs"),
            ("ca.crt", "theirs"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            fs::write(&path, text).unwrap();
            let error = kept(folder.path(), &[]).unwrap_err();
            assert!(matches!(error, TlsError::Foreign { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_certificate_that_was_brought_along_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let names = with_local(&["us.api.konghq.com".to_owned()]).unwrap();
        let theirs = make(&names).unwrap();
        for (file, text) in [
            ("ca.crt", &theirs.authority),
            ("tls.crt", &theirs.chain),
            ("tls.key", &theirs.key),
        ] {
            fs::write(folder.path().join(file), text).unwrap();
        }
        assert_eq!(
            kept(folder.path(), &["us.api.konghq.com"])
                .unwrap()
                .origin(),
            Origin::Found
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("tls.key");
        let mode = || fs::metadata(&key).unwrap().permissions().mode() & 0o777;
        kept(folder.path(), &[]).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        kept(folder.path(), &["another.test"]).unwrap();
        assert_eq!(mode(), 0o600, "also where it replaces one that was open");
    }

    #[test]
    fn a_name_that_no_certificate_can_have_is_refused() {
        for name in ["", "a b", "https://us.api.konghq.com", "-a-.", "*"] {
            let error = Tls::throw_away(&[name.to_owned()]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("\"{name}\" is no host name and no IP address")
            );
        }
    }
}
