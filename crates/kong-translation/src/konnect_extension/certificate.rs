//! The certificate of data planes: in a Secret of the user (Manual), or in one that is made for the extension
//! and owned by it (Automatic).
//!
//! A Secret that Kong's operator made is found by its owner and used. The name of one that is made here follows
//! from that of the extension; what somebody else has under that name is left alone. Start with [`find`].

use jiff::Timestamp;
use kong_crds::Kind;
use kong_crds::conditions::{
    DATA_PLANE_CERTIFICATE_PROVISIONED, INVALID_SECRET, PROVISIONING, REF_NOT_FOUND,
};
use kong_crds::konnect::v1alpha2::{CertificateSecret, Provisioning};
use kong_crds::kubernetes::{Secret, SecretSpec};
use kong_crds::names::{
    CERTIFICATE_EXPIRY_ANNOTATION, DATA_PLANE_CERTIFICATE_LABEL, MANAGED_BY_LABEL,
    MANAGED_BY_NAME_LABEL, MANAGED_BY_NAMESPACE_LABEL, SECRET_PROVISIONING_LABEL,
};
use kong_resolve::{Child, Condition, Key, Lookup, Meta, Name, Ref, identity};

use crate::case::Case;
use crate::secrets;

/// How PEM begins.
const PEM: &str = "-----BEGIN ";
/// The key of a Secret with the certificate.
const CERTIFICATE: &str = "tls.crt";
/// The value of the label of Secrets that are made.
const AUTOMATIC: &str = "automatic";
/// What objects of an extension say who manages them.
const MANAGED_BY: &str = "konnect-extension";
/// What follows the name of the extension in the name of its Secret.
const SUFFIX: &str = "-konnect-cert";
/// The longest name that an object can have.
const LONGEST_NAME: usize = 253;
/// The longest value that a label can have.
const LONGEST_LABEL: usize = 63;

/// What is known of the certificate.
#[derive(Default)]
pub(super) struct Certificate {
    /// It, if there is one.
    pub(super) pem: Option<String>,
    /// Its Secret, as far as that is to be kept.
    pub(super) secret: Option<Key>,
    /// The Secret that is to be made, or was.
    pub(super) child: Option<Child>,
}

/// Finds the certificate, and says what is wrong with it.
pub(super) fn find(case: &mut Case<'_, '_>, source: &CertificateSecret) -> Certificate {
    match (source.provisioning, &source.secret_ref) {
        (Provisioning::Manual, Some(reference)) => of_user(case, &reference.name),
        (Provisioning::Manual, None) => {
            let message = "secretRef must be set when provisioning is set to Manual.";
            case.say(failed(INVALID_SECRET, message));
            Certificate::default()
        }
        (Provisioning::Automatic, _) => of_our_own(case),
        (Provisioning::Unknown, _) => {
            let message = "spec.clientAuth.certificateSecret.provisioning is neither Manual nor \
                           Automatic; correct it";
            case.say(failed(INVALID_SECRET, message));
            Certificate::default()
        }
    }
}

/// The one in a Secret of the user.
fn of_user(case: &mut Case<'_, '_>, name: &str) -> Certificate {
    let name = case.key.name.sibling(None, name);
    let certificate = Certificate {
        secret: Some(secrets::key(&name)),
        ..Certificate::default()
    };
    if case.meta.deleting {
        let read = secrets::read(case.view, &name).ok();
        let pem = read.and_then(|(_, secret)| pem(secret));
        return Certificate { pem, ..certificate };
    }
    match secrets::read(case.view, &name) {
        Ok((_, secret)) => {
            let pem = pem(secret);
            if pem.is_none() {
                case.say(unusable(&name));
            }
            Certificate { pem, ..certificate }
        }
        Err(problem) => {
            case.say(missing(&name, &problem));
            certificate
        }
    }
}

/// The one in the Secret that is made.
fn of_our_own(case: &mut Case<'_, '_>) -> Certificate {
    let found = owned(case);
    let secret = found.as_ref().map(|(name, ..)| secrets::key(name));
    if case.meta.deleting {
        return Certificate {
            pem: found.and_then(|(.., secret)| pem(secret)),
            secret,
            ..Certificate::default()
        };
    }
    let (name, pem, good_until) = if let Some((name, meta, secret)) = found {
        let pem = pem(secret);
        let until = pem.as_ref().map(|_| good_until(meta));
        (name, pem, until)
    } else {
        let name = case.key.name.sibling(None, &name_for(case));
        if let Some(problem) = in_the_way(case, &name) {
            case.say(problem);
            return Certificate::default();
        }
        (name, None, None)
    };
    let key = secrets::key(&name);
    if pem.is_none() {
        let refusal = case.view.refusal(&key);
        case.say(on_its_way(&key, refusal));
    }
    let child = Child {
        key,
        exists: secret.is_some(),
        good_until,
        common_name: format!("{}.{}", case.key.name.name, case.key.name.namespace()),
        labels: labels(case.key),
    };
    Certificate {
        pem,
        secret,
        child: Some(child),
    }
}

/// The Secret of the extension that was made for it, by whomever; the oldest of several.
fn owned<'w>(case: &Case<'_, 'w>) -> Option<(Name, &'w Meta, &'w SecretSpec)> {
    let ours = name_for(case);
    let secrets = case.view.secrets_of(case.key).filter_map(|name| {
        let (meta, secret) = secrets::read(case.view, name).ok()?;
        let made = meta.label(SECRET_PROVISIONING_LABEL) == Some(AUTOMATIC);
        let is_meant = made || *name.name == *ours;
        (is_meant && !meta.deleting).then(|| (name.clone(), meta, secret))
    });
    secrets.min_by(|(name, meta, _), (other, others, _)| {
        (meta.created, name).cmp(&(others.created, other))
    })
}

/// The name of the Secret that is made for an extension.
fn name_for(case: &Case<'_, '_>) -> String {
    let name = &case.key.name.name;
    if name.len() + SUFFIX.len() <= LONGEST_NAME {
        return format!("{name}{SUFFIX}");
    }
    // Names are ASCII. What is cut off is made up for by a part of the UID.
    let uid = identity(&case.meta.uid).simple().to_string();
    let mark = &uid[..8];
    let room = LONGEST_NAME - SUFFIX.len() - mark.len() - 1;
    let start: String = name.chars().take(room).collect();
    format!("{}-{mark}{SUFFIX}", start.trim_end_matches(['.', '-']))
}

/// What has the name that the Secret is to have.
fn in_the_way(case: &Case<'_, '_>, name: &Name) -> Option<Condition> {
    let key = secrets::key(name);
    let owner = |meta: &Meta| {
        let mut owners = meta.owners.iter();
        owners.any(|(kind, name)| *kind == Kind::KonnectExtension && *name == case.key.name.name)
    };
    match case.view.object(&Ref::<Secret>::new(name.clone())) {
        Lookup::Missing => None,
        Lookup::Found(meta, _) if owner(meta) => Some(going(&key)),
        Lookup::Found(..) | Lookup::Unreadable(_) => Some(taken(&key, case.key)),
    }
}

fn pem(secret: &SecretSpec) -> Option<String> {
    let text = secrets::text(secret, CERTIFICATE).ok()?;
    text.contains(PEM).then(|| text.to_owned())
}

/// Until when a certificate is good, in seconds of Unix time. What does not say so is for somebody else to renew.
fn good_until(meta: &Meta) -> i64 {
    let text = meta.annotation(CERTIFICATE_EXPIRY_ANNOTATION);
    let time = text.and_then(|text| text.parse::<Timestamp>().ok());
    time.map_or(i64::MAX, Timestamp::as_second)
}

fn labels(key: &Key) -> Vec<(&'static str, String)> {
    let fixed = [
        (DATA_PLANE_CERTIFICATE_LABEL, "true"),
        (SECRET_PROVISIONING_LABEL, AUTOMATIC),
        (MANAGED_BY_LABEL, MANAGED_BY),
        (MANAGED_BY_NAME_LABEL, &*key.name.name),
        (MANAGED_BY_NAMESPACE_LABEL, key.name.namespace()),
    ];
    let fitting = fixed
        .into_iter()
        .filter(|(_, it)| it.len() <= LONGEST_LABEL);
    fitting
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

fn failed(reason: &'static str, message: impl Into<String>) -> Condition {
    Condition::fails(DATA_PLANE_CERTIFICATE_PROVISIONED, reason, message)
}

fn missing(name: &Name, problem: &str) -> Condition {
    let message = format!(
        "{problem}; create it in namespace \"{}\" with the label {}, without which it counts as not there, and \
         the keys {CERTIFICATE} and tls.key, or correct spec.clientAuth.certificateSecret.secretRef",
        name.namespace(),
        secrets::label(),
    );
    failed(REF_NOT_FOUND, message)
}

fn unusable(name: &Name) -> Condition {
    let message = format!(
        "the secret does not contain a valid tls secret; put a certificate in PEM under {CERTIFICATE} of secret \
         {name}, and its key under tls.key"
    );
    failed(INVALID_SECRET, message)
}

fn on_its_way(key: &Key, refusal: Option<&str>) -> Condition {
    let on_its_way = "DataPlane client certificate is provisioning";
    match refusal {
        Some(problem) => failed(PROVISIONING, format!("{on_its_way}; {problem}")),
        None => failed(PROVISIONING, format!("{on_its_way}; {key} is being made")).passing(true),
    }
}

/// Passing, since a new one is made as soon as it is gone.
fn going(key: &Key) -> Condition {
    let message = format!(
        "DataPlane client certificate is provisioning; {key} is being deleted, and made anew after that"
    );
    failed(PROVISIONING, message).passing(true)
}

fn taken(key: &Key, owner: &Key) -> Condition {
    let message = format!(
        "DataPlane client certificate is provisioning; {key} is there and does not belong to {owner}; delete it, or \
         use it with provisioning Manual"
    );
    failed(PROVISIONING, message)
}
