//! Certificates and keys: whether they can be read, and whether they belong together.

use pem::Pem;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RsaKeyPair,
};
use x509_parser::der_parser::der::{Class, Tag, parse_der};
use x509_parser::der_parser::{Oid, oid};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::finding::Problem;

type Outcome = Result<(), Problem>;

/// Labels under which there are certificates.
const CERTIFICATES: &[&str] = &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
/// Object identifiers of algorithms, in the words of X.509.
const EC: Oid<'static> = oid!(1.2.840.10045.2.1);

fn wrong<T>(reason: &str, remedy: &str) -> Result<T, Problem> {
    Err(Problem::Look {
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    })
}

/// The first certificate in a text.
fn first(text: &str) -> Option<Pem> {
    let blocks = pem::parse_many(text).ok()?;
    let first = blocks.into_iter().next()?;
    let known = CERTIFICATES.contains(&first.tag());
    (known && X509Certificate::from_der(first.contents()).is_ok()).then_some(first)
}

/// Whether a text is a certificate and another one its key, as Kong asks of the two members of a certificate.
///
/// # Errors
///
/// What is wrong with them. Nothing of the key is in it.
pub fn check_pair(text: &str, key_text: &str) -> Result<(), Problem> {
    certificate(text)?;
    key(key_text)?;
    if belong_together(text, key_text) {
        Ok(())
    } else {
        wrong(
            "the key is not that of the certificate",
            "write the two that belong together",
        )
    }
}

/// Whether a text is one certificate, and that of an authority.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_authority(text: &str) -> Result<(), Problem> {
    authority(text)
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// From when on it is valid, in seconds of Unix time.
    pub not_before: i64,
    /// Until when it is valid, in seconds of Unix time.
    pub not_after: i64,
    /// The DNS names that it is for. The subject is not among them: clients do not look at it any more.
    pub names: Vec<String>,
}

impl Certified {
    /// Of the first certificate in a text, in PEM; `None` if there is none.
    pub fn of(text: &str) -> Option<Self> {
        let block = first(text)?;
        let (_, certificate) = X509Certificate::from_der(block.contents()).ok()?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names
            .into_iter()
            .flat_map(|names| &names.value.general_names);
        let names = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        Some(Self {
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            names: names.collect(),
        })
    }

    /// Whether it is for a host name. A wildcard stands for one label, and a host with a wildcard is only for
    /// a certificate with the same.
    pub fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| {
            let below = name.strip_prefix("*.").zip(host.split_once('.'));
            name.eq_ignore_ascii_case(host)
                || below.is_some_and(|(domain, (label, rest))| {
                    label != "*" && domain.eq_ignore_ascii_case(rest)
                })
        })
    }
}

/// Whether a text is a public key, or a private one, which has a public one in it.
///
/// # Errors
///
/// What is wrong with it. Nothing of the key is in it.
pub fn check_public_key(text: &str) -> Result<(), Problem> {
    public_key(text)
}

/// Whether a text begins with a certificate.
pub(super) fn certificate(text: &str) -> Outcome {
    match first(text) {
        Some(_) => Ok(()),
        None => wrong("no certificate", "write a certificate in PEM"),
    }
}

/// Whether a text is one certificate, and that of an authority.
pub(super) fn authority(text: &str) -> Outcome {
    let Some(first) = first(text) else {
        return certificate(text);
    };
    if pem::parse_many(text).map_or(0, |blocks| blocks.len()) > 1 {
        return wrong("more than one certificate", "make an entity of each");
    }
    let authority = X509Certificate::from_der(first.contents())
        .ok()
        .is_some_and(|(_, certificate)| certificate.is_ca());
    if authority {
        Ok(())
    } else {
        wrong(
            "not the certificate of an authority",
            "write a certificate that says CA:TRUE",
        )
    }
}

/// Whether a text is a private key.
pub(super) fn key(text: &str) -> Outcome {
    match pem::parse(text) {
        Ok(block) if block.tag().ends_with("PRIVATE KEY") && is_sequence(block.contents()) => {
            Ok(())
        }
        Ok(_) | Err(_) => wrong("no key", "write a private key in PEM, without a password"),
    }
}

/// Whether a text is a public key, or a private one, which has a public one in it.
pub(super) fn public_key(text: &str) -> Outcome {
    let Ok(block) = pem::parse(text) else {
        return wrong("no key", "write a public key in PEM");
    };
    match block.tag() {
        "PUBLIC KEY" if SubjectPublicKeyInfo::from_der(block.contents()).is_ok() => Ok(()),
        "RSA PUBLIC KEY" if is_sequence(block.contents()) => Ok(()),
        _ => key(text),
    }
}

/// DER of a key is a sequence that ends where the text ends.
fn is_sequence(bytes: &[u8]) -> bool {
    let length = match bytes {
        [0x30, short, ..] if *short < 0x80 => Some((2, usize::from(*short))),
        [0x30, 0x81, one, ..] => Some((3, usize::from(*one))),
        [0x30, 0x82, high, low, ..] => Some((4, usize::from(*high) << 8 | usize::from(*low))),
        _ => None,
    };
    length.is_some_and(|(header, length)| header + length == bytes.len())
}

/// Whether two certificates are for keys of the same kind.
pub(super) fn same_kind(one: &str, other: &str) -> bool {
    let kind = |text| {
        let block = first(text)?;
        let (_, certificate) = X509Certificate::from_der(block.contents()).ok()?;
        Some(certificate.public_key().algorithm.algorithm.to_id_string())
    };
    kind(one).is_some_and(|kind_of_one| kind(other) == Some(kind_of_one))
}

/// Whether a certificate is no longer valid at a time, in seconds since 1970.
pub(super) fn has_expired(text: &str, now: i64) -> bool {
    Certified::of(text).is_some_and(|it| it.not_after < now)
}

/// Whether a certificate is for a key. Where the kind of key is not known here, it is taken to be.
pub(super) fn belong_together(certificate: &str, key: &str) -> bool {
    let Some(certificate) = first(certificate) else {
        return true;
    };
    let (Ok((_, certificate)), Ok(key)) = (
        X509Certificate::from_der(certificate.contents()),
        pem::parse(key),
    ) else {
        return true;
    };
    let info = certificate.public_key();
    match public_half(&key, info.algorithm.algorithm == EC) {
        Some(public) => public == *info.subject_public_key.data,
        None => true,
    }
}

/// The public half of a private key, as a certificate has it.
fn public_half(key: &Pem, elliptic: bool) -> Option<Vec<u8>> {
    let bytes = key.contents();
    if key.tag() == "RSA PRIVATE KEY" {
        let pair = RsaKeyPair::from_der(bytes).ok()?;
        return Some(pair.public_key().as_ref().to_vec());
    }
    if let Ok(pair) = RsaKeyPair::from_pkcs8(bytes) {
        return Some(pair.public_key().as_ref().to_vec());
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
        return Some(pair.public_key().as_ref().to_vec());
    }
    if !elliptic {
        return None;
    }
    if key.tag() == "EC PRIVATE KEY" {
        return public_member(bytes);
    }
    // Nothing is signed, so nothing random is drawn.
    let random = SystemRandom::new();
    [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
    ]
    .into_iter()
    .find_map(|algorithm| {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, bytes, &random).ok()?;
        Some(pair.public_key().as_ref().to_vec())
    })
}

/// The public key in a private one of the form that is for elliptic curves alone (RFC 5915), if it is there.
fn public_member(bytes: &[u8]) -> Option<Vec<u8>> {
    /// The number of the member that is the public key.
    const PUBLIC: u32 = 1;
    let (_, key) = parse_der(bytes).ok()?;
    let members = key.as_sequence().ok()?;
    let member = members
        .iter()
        .find(|member| member.class() == Class::ContextSpecific && member.tag() == Tag(PUBLIC))?;
    let (_, bits) = parse_der(member.as_slice().ok()?).ok()?;
    Some(bits.as_bitstring().ok()?.data.to_vec())
}

#[cfg(test)]
mod tests {
    use pem::encode;
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// A private key as it was written before there was PKCS #8, which holds it.
    fn bare(key: &KeyPair) -> String {
        let der = key.serialize_der();
        let (_, whole) = parse_der(&der).unwrap();
        let members = whole.as_sequence().unwrap();
        let inner = members[2].as_slice().unwrap().to_vec();
        encode(&Pem::new("EC PRIVATE KEY", inner))
    }

    #[test]
    fn a_key_belongs_to_one_certificate_in_whatever_form_it_is_written() {
        let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&one).unwrap().pem();
        for (mine, theirs) in [
            (one.serialize_pem(), other.serialize_pem()),
            (bare(&one), bare(&other)),
        ] {
            assert_eq!(check_pair(&certificate, &mine), Ok(()));
            assert!(check_pair(&certificate, &theirs).is_err());
        }
    }
}
