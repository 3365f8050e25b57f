//! Certificates for Secrets that the engine wants, signed by the authority of the cluster.
//!
//! The authority is in a Secret that Kong's operator uses too: what has its certificates from there goes on
//! trusting ours. If there is none it is made. Keys leave the process in a Secret and in no other way. Start
//! with [`perform`].

mod authority;

use std::time::Duration;

use kong_crds::SecretLabel;
use kong_engine::{KubeFailure, Mint, Minted, Outcome};
use kong_model::Sealed;
use kube::{
    Client,
    api::{Patch, PatchParams, PostParams},
};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SerialNumber,
};
use uuid::Uuid;

use crate::{
    cluster::{FIELD_MANAGER, failure},
    document::{self, Document},
};

pub use authority::Authority;
use authority::Signer;

/// Whom certificates name as organisation and country, as those of Kong's operator do.
const ORGANISATION: &str = "Kong, Inc.";
const COUNTRY: &str = "US";

/// Makes a certificate with its key and stores the Secret.
pub(crate) async fn perform(
    client: &Client,
    authority: &Authority,
    label: &SecretLabel,
    mint: &Mint,
) -> Outcome {
    let signer = match authority.obtain(client, mint.not_before).await {
        Ok(signer) => signer,
        Err(error) => return Outcome::NotStored(KubeFailure::Unknown(error.to_string())),
    };
    let minted = match make(&signer, mint) {
        Ok(minted) => minted,
        Err(error) => {
            let text = format!("the certificate cannot be made: {error}");
            return Outcome::NotStored(KubeFailure::Unknown(text));
        }
    };
    let document = mint.document(&minted, label);
    let api = document::api(
        client.clone(),
        mint.secret.kind,
        mint.secret.name.namespace.as_deref(),
    );
    let answer = if mint.replaces.is_some() {
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let name = &mint.secret.name.name;
        api.patch(name, &parameters, &Patch::Merge(&document)).await
    } else {
        let parameters = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        api.create(&parameters, &Document::from(document)).await
    };
    match answer {
        Ok(stored) => match stored.read(mint.secret.kind) {
            Ok(observed) => Outcome::Stored(Some(Box::new(observed))),
            // It is stored, and the watch will show how.
            Err(_) => Outcome::Stored(None),
        },
        Err(error) => Outcome::NotStored(failure(&error)),
    }
}

/// A new key, and a certificate for it (konnect.md 6.7).
fn make(signer: &Signer, mint: &Mint) -> Result<Minted, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new([mint.common_name.clone()])?;
    name(&mut parameters, &mint.common_name);
    parameters.serial_number = Some(serial_number());
    limit(&mut parameters, mint.not_before, mint.not_after);
    parameters.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    let certificate = parameters.signed_by(&key, &signer.issuer)?;
    Ok(Minted {
        authority: signer.certificate.clone(),
        certificate: certificate.pem(),
        key: Sealed::new(key.serialize_pem()),
    })
}

/// Says whom a certificate is for, and nothing else.
fn name(parameters: &mut CertificateParams, common_name: &str) {
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in [
        (DnType::CommonName, common_name),
        (DnType::OrganizationName, ORGANISATION),
        (DnType::CountryName, COUNTRY),
    ] {
        parameters.distinguished_name.push(kind, value);
    }
}

/// A number that no other certificate has: 122 random bits, and positive.
fn serial_number() -> SerialNumber {
    SerialNumber::from_slice(&(Uuid::new_v4().as_u128() >> 1).to_be_bytes())
}

/// Between which seconds of Unix time a certificate is good.
fn limit(parameters: &mut CertificateParams, not_before: i64, not_after: i64) {
    let since = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + since(not_before);
    parameters.not_after = epoch + since(not_after);
}

#[cfg(test)]
mod tests;
