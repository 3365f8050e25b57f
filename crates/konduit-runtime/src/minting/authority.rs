//! The authority of the cluster: its certificate and its key, in a Secret.
//!
//! Kong's Helm chart or cert-manager make it, with keys in whatever form these write; where nobody did it is made
//! here, once and for all replicas. Start with [`Authority::obtain`].

use std::collections::BTreeMap;

use kong_crds::{
    kubernetes::{Secret, SecretSpec},
    names::SECRET_LABEL,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::{limit, name, serial_number};
use crate::rbac::AUTHORITY_SECRET;

/// Seconds that an authority is good for that is made here: ten years.
const LIFE: i64 = 3_650 * 24 * 3_600;
/// Whom it names.
const COMMON_NAME: &str = "Kong Operator CA";
/// Keys of the Secret.
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// How often somebody else may be faster before it is an error.
const ATTEMPTS: usize = 3;

/// Where the authority is that signs certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The namespace of its Secret.
    pub namespace: String,
    /// The name of its Secret.
    pub secret: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            secret: AUTHORITY_SECRET.to_owned(),
        }
    }
}

/// What signs.
pub(super) struct Signer {
    /// The certificate of the authority, in PEM.
    pub(super) certificate: String,
    /// The same with its key.
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// Why there is no authority. No text quotes what a Secret holds.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthorityError {
    #[error("the Secret {secret} of the authority cannot be read or made: {error}")]
    Store { secret: String, error: String },
    #[error(
        "the Secret {secret} of the authority has no {what}; put a certificate under tls.crt and its key under \
         tls.key, or delete it to have one made"
    )]
    Unusable { secret: String, what: &'static str },
}

impl Authority {
    fn name(&self) -> String {
        format!("{}/{}", self.namespace, self.secret)
    }

    /// The authority; it is made if there is none. `now` is in seconds of Unix time.
    pub(super) async fn obtain(&self, client: &Client, now: i64) -> Result<Signer, AuthorityError> {
        let api: Api<Secret> = Api::namespaced(client.clone(), &self.namespace);
        let failed = |error: String| AuthorityError::Store {
            secret: self.name(),
            error,
        };
        for _ in 0..ATTEMPTS {
            match api.get(&self.secret).await {
                Ok(secret) => return self.read(&secret.spec),
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(failed(crate::cluster::describe(&error))),
            }
            let spec = make(now).map_err(|error| failed(error.to_string()))?;
            let secret = self.secret(spec);
            match api.create(&PostParams::default(), &secret).await {
                Ok(stored) => return self.read(&stored.spec),
                // Another replica was faster: its authority is as good.
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => return Err(failed(crate::cluster::describe(&error))),
            }
        }
        Err(failed("it comes and goes".to_owned()))
    }

    /// As Kong's operator wants to find it.
    fn secret(&self, spec: SecretSpec) -> Secret {
        let labels = BTreeMap::from([(SECRET_LABEL.to_owned(), "internal".to_owned())]);
        Secret {
            metadata: ObjectMeta {
                name: Some(self.secret.clone()),
                namespace: Some(self.namespace.clone()),
                labels: Some(labels),
                ..ObjectMeta::default()
            },
            spec,
        }
    }

    pub(super) fn read(&self, secret: &SecretSpec) -> Result<Signer, AuthorityError> {
        let lacks = |what| AuthorityError::Unusable {
            secret: self.name(),
            what,
        };
        let certificate = secret.data.get(CERTIFICATE).map(Vec::as_slice);
        let certificate = certificate.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let certificate = certificate.ok_or_else(|| lacks("certificate"))?;
        let key = secret.data.get(KEY).and_then(|pem| key(pem));
        let key = key.ok_or_else(|| lacks("key that can be used"))?;
        let issuer = Issuer::from_ca_cert_pem(certificate, key);
        Ok(Signer {
            certificate: certificate.to_owned(),
            issuer: issuer.map_err(|_| lacks("certificate that can be read"))?,
        })
    }
}

/// An authority that nobody had before.
pub(super) fn make(now: i64) -> Result<SecretSpec, rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    name(&mut parameters, COMMON_NAME);
    parameters.serial_number = Some(serial_number());
    limit(&mut parameters, now, now.saturating_add(LIFE));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let data = [
        (CERTIFICATE, certificate.pem().into_bytes()),
        (KEY, key.serialize_pem().into_bytes()),
    ];
    Ok(SecretSpec {
        type_: Some("kubernetes.io/tls".to_owned()),
        data: data.map(|(name, value)| (name.to_owned(), value)).into(),
    })
}

/// A private key in any of the forms that tools write.
fn key(pem: &[u8]) -> Option<KeyPair> {
    let der = match PrivateKeyDer::from_pem_slice(pem).ok()? {
        PrivateKeyDer::Pkcs8(key) => return KeyPair::try_from(&key).ok(),
        PrivateKeyDer::Pkcs1(key) => {
            let algorithm = [oid(RSA), vec![0x05, 0x00]].concat();
            wrapped(&algorithm, key.secret_pkcs1_der())
        }
        PrivateKeyDer::Sec1(key) => {
            let key = key.secret_sec1_der();
            // Which curve it is on stands in the key itself.
            let named = |curve: &&[u8]| key.windows(curve.len()).any(|part| part == *curve);
            let curve = CURVES.into_iter().find(named)?;
            let algorithm = [oid(ELLIPTIC), oid(curve)].concat();
            wrapped(&algorithm, key)
        }
        _ => return None,
    };
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(der.as_slice())).ok()
}

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480).
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1 and secp384r1 (RFC 5480).
const CURVES: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
    &[0x2b, 0x81, 0x04, 0x00, 0x22],
];

/// A key of an algorithm as PKCS #8 has it (RFC 5208).
fn wrapped(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    const SEQUENCE: u8 = 0x30;
    const OCTET_STRING: u8 = 0x04;
    let version = [0x02, 0x01, 0x00];
    let key = Zeroizing::new(element(OCTET_STRING, key));
    let content = [&version[..], &element(SEQUENCE, algorithm), &key].concat();
    Zeroizing::new(element(SEQUENCE, &Zeroizing::new(content)))
}

fn oid(content: &[u8]) -> Vec<u8> {
    element(0x06, content)
}

/// An element of DER: what it is, how long, and what is in it.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    let bytes = length.to_be_bytes();
    let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        element.push(short);
    } else {
        let count = u8::try_from(digits.len()).expect("a length has at most eight bytes");
        element.push(0x80 | count);
        element.extend_from_slice(digits);
    }
    element.extend_from_slice(content);
    element
}
