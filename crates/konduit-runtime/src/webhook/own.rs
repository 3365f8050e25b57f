//! A certificate that nobody has to provide: made here, kept in a Secret that all replicas share.
//!
//! Its authority signs this one certificate and nothing else, so its key is not kept. When it is made anew
//! the old authority stays in the bundle, so that replicas which have not noticed yet are still believed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kong_crds::kubernetes::{Secret, SecretSpec};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use zeroize::Zeroizing;

use crate::tls::Pair;

/// Days that a certificate is good for: nobody but the API server trusts it, and its key is in a Secret.
const LIFE: i32 = 3_650;
/// Days before the end at which a new one is made.
const MARGIN: i64 = 365;
/// The names that the certificate is for, separated by commas.
const NAMES: &str = "konduit/certificate-names";
/// Until when it is good.
const NOT_AFTER: &str = "konduit/certificate-not-after";
/// Keys of the Secret, those of cert-manager too.
const CA: &str = "ca.crt";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// How often somebody else may be faster before it is an error.
const ATTEMPTS: usize = 5;

/// A certificate, and what signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) pair: Pair,
    /// The authorities, in PEM: what the API server is to believe.
    pub(super) authorities: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum OwnError {
    /// It cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The Secret cannot be read or written.
    #[error("the Secret \"{secret}\" cannot be read or written: {error}")]
    Store {
        /// The name of the Secret.
        secret: String,
        /// What the API server says.
        error: String,
    },
    /// Others write to the Secret all the time.
    #[error("the Secret \"{0}\" is written to by somebody else all the time")]
    Contended(String),
}

/// The certificate for these names from the Secret; a new one is made and stored if there is none, or if
/// it is for other names or nearly over.
pub(super) async fn obtain(
    client: &Client,
    namespace: &str,
    name: &str,
    names: &[String],
    now: Timestamp,
) -> Result<Own, OwnError> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let failed = |error: &kube::Error| OwnError::Store {
        secret: format!("{namespace}/{name}"),
        error: crate::cluster::describe(error),
    };
    for _ in 0..ATTEMPTS {
        let found = match api.get(name).await {
            Ok(secret) => Some(secret),
            Err(kube::Error::Api(status)) if status.code == 404 => None,
            Err(error) => return Err(failed(&error)),
        };
        if let Some(own) = found.as_ref().and_then(|secret| usable(secret, names, now)) {
            return Ok(own);
        }
        let old = found.as_ref().and_then(|secret| secret.spec.data.get(CA));
        let own = make(names, now, old.map(Vec::as_slice))?;
        let mut secret = secret(&own, names, now);
        secret.metadata.name = Some(name.to_owned());
        secret.metadata.namespace = Some(namespace.to_owned());
        let parameters = PostParams::default();
        let stored = match found {
            Some(found) => {
                secret.metadata.resource_version = found.metadata.resource_version;
                api.replace(name, &parameters, &secret).await
            }
            None => api.create(&parameters, &secret).await,
        };
        match stored {
            Ok(_) => return Ok(own),
            // Another replica was faster: its certificate is as good.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(OwnError::Contended(format!("{namespace}/{name}")))
}

/// What a Secret holds, if it is for these names and good for long enough.
fn usable(secret: &Secret, names: &[String], now: Timestamp) -> Option<Own> {
    let annotations = secret.metadata.annotations.as_ref()?;
    let not_after: Timestamp = annotations.get(NOT_AFTER)?.parse().ok()?;
    let is_for_us = *annotations.get(NAMES)? == names.join(",");
    let lasts = not_after > now + SignedDuration::from_hours(24 * MARGIN);
    let data = &secret.spec.data;
    let own = Own {
        pair: Pair {
            certificate: data.get(CERTIFICATE)?.clone(),
            key: Zeroizing::new(data.get(KEY)?.clone()),
        },
        authorities: String::from_utf8(data.get(CA)?.clone()).ok()?,
    };
    (is_for_us && lasts && own.pair.server().is_ok()).then_some(own)
}

fn secret(own: &Own, names: &[String], now: Timestamp) -> Secret {
    let not_after = now + SignedDuration::from_hours(24 * i64::from(LIFE));
    let annotations = [(NAMES, names.join(",")), (NOT_AFTER, not_after.to_string())];
    Secret {
        metadata: ObjectMeta {
            annotations: Some(
                annotations
                    .map(|(key, value)| (key.to_owned(), value))
                    .into(),
            ),
            ..ObjectMeta::default()
        },
        spec: SecretSpec {
            type_: Some("kubernetes.io/tls".to_owned()),
            data: BTreeMap::from([
                (CA.to_owned(), own.authorities.as_bytes().to_vec()),
                (CERTIFICATE.to_owned(), own.pair.certificate.clone()),
                (KEY.to_owned(), own.pair.key.to_vec()),
            ]),
        },
    }
}

/// Makes a certificate and its authority; `old` are authorities that are still to be believed.
fn make(names: &[String], now: Timestamp, old: Option<&[u8]>) -> Result<Own, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    limit(&mut authority, now);
    authority
        .distinguished_name
        .push(DnType::CommonName, "konduit webhook authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let mut server = CertificateParams::new(names.to_vec())?;
    limit(&mut server, now);
    server
        .distinguished_name
        .push(DnType::CommonName, "konduit webhook");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::from_params(&authority, &authority_key))?;

    let mut authorities = authority_certificate.pem();
    // Of the old ones the newest is enough: it signed what other replicas may still use.
    authorities.extend(old.and_then(first_certificate));
    Ok(Own {
        pair: Pair {
            certificate: certificate.pem().into_bytes(),
            key: Zeroizing::new(key.serialize_pem().into_bytes()),
        },
        authorities,
    })
}

/// From yesterday, since clocks differ.
fn limit(parameters: &mut CertificateParams, now: Timestamp) {
    let day = |time: Timestamp| {
        let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    parameters.not_before = day(now - SignedDuration::from_hours(24));
    parameters.not_after = day(now + SignedDuration::from_hours(24 * i64::from(LIFE)));
}

/// The first certificate of a bundle in PEM.
fn first_certificate(bundle: &[u8]) -> Option<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let bundle = std::str::from_utf8(bundle).ok()?;
    let end = bundle.find(END)? + END.len();
    Some(format!("{}\n", bundle[..end].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn names() -> Vec<String> {
        vec!["konduit.kong.svc".to_owned(), "127.0.0.1".to_owned()]
    }

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn what_is_stored_is_used_as_long_as_it_is_good_and_for_the_same_names() {
        let own = make(&names(), now(), None).unwrap();
        let stored = secret(&own, &names(), now());
        assert_eq!(usable(&stored, &names(), now()), Some(own.clone()));
        assert_eq!(usable(&stored, &names(), now() + days(3_000)), Some(own));
        assert_eq!(usable(&stored, &names(), now() + days(3_300)), None);
        assert_eq!(usable(&stored, &["other.kong.svc".to_owned()], now()), None);
    }

    #[test]
    fn a_secret_that_somebody_broke_is_not_used() {
        let own = make(&names(), now(), None).unwrap();
        let mut stored = secret(&own, &names(), now());
        stored
            .spec
            .data
            .insert(KEY.to_owned(), b"nonsense".to_vec());
        assert_eq!(usable(&stored, &names(), now()), None);
    }

    #[test]
    fn the_authority_before_is_still_believed_and_those_before_it_are_not() {
        let count = |own: &Own| own.authorities.matches("BEGIN CERTIFICATE").count();
        let first = make(&names(), now(), None).unwrap();
        let second = make(&names(), now(), Some(first.authorities.as_bytes())).unwrap();
        let third = make(&names(), now(), Some(second.authorities.as_bytes())).unwrap();
        assert_eq!([count(&first), count(&second), count(&third)], [1, 2, 2]);
        assert!(second.authorities.contains(first.authorities.trim()));
        assert!(!third.authorities.contains(first.authorities.trim()));
    }
}
