//! KongCertificate: certificate and key from the object itself or from Secrets (konnect.md 1.18, 2.9).

use kong_crds::conditions::{INVALID, SECRET_REF_VALID, VALID};
use kong_crds::configuration::v1alpha1::{CertificateSource, KongCertificate, KongCertificateSpec};
use kong_crds::reference::NamespacedRef;
use kong_model::Collection;
use kong_resolve::{Condition, Frame, Me, Verdict, View};
use serde_json::json;

use crate::bodies::{Members, absent_if_empty, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::secrets::{self, NoText};

/// How PEM begins.
const PEM: &str = "-----BEGIN ";
/// How a reference to one of Kong's vaults begins.
const VAULT: &str = "{vault:";
/// The keys of a Secret of type `kubernetes.io/tls`.
const TLS_KEYS: [&str; 2] = ["tls.crt", "tls.key"];

impl Judge for KongCertificate {
    const FRAME: Frame = Frame::Konnect;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let material = material(&mut case, me.spec);
        case.refuse_adoption(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Collection::Certificates,
            parent: None,
            specified: None,
            scope: None,
            body: || {
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Certificates, material, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// The members of the body that hold certificates and keys; what is wrong is said. Nothing is read
/// for a deletion.
fn material(case: &mut Case<'_, '_>, spec: &KongCertificateSpec) -> Members {
    if case.meta.deleting {
        return Members::new();
    }
    match spec.type_ {
        CertificateSource::Inline => inline(case, spec),
        CertificateSource::SecretRef => from_secrets(case, spec),
        CertificateSource::Unknown => {
            case.say_nonsense("spec.type is neither inline nor secretRef; correct it");
            Members::new()
        }
    }
}

fn inline(case: &mut Case<'_, '_>, spec: &KongCertificateSpec) -> Members {
    let mut members = members(Collection::Certificates, spec);
    let fields = ["cert", "key", "cert_alt", "key_alt"];
    absent_if_empty(&mut members, &fields);
    let mut problems = Vec::new();
    for field in fields {
        match members.get(field).and_then(|value| value.as_str()) {
            Some(text) if is_material(text) => {}
            Some(_) => problems.push(format!("spec.{field} is not PEM")),
            None if field == "cert" || field == "key" => {
                problems.push(format!("spec.{field} is required when type is 'inline'"));
            }
            None => {}
        }
    }
    if !problems.is_empty() {
        case.say_nonsense(problems.join("; "));
    }
    members
}

fn is_material(text: &str) -> bool {
    text.contains(PEM) || text.starts_with(VAULT)
}

fn from_secrets(case: &mut Case<'_, '_>, spec: &KongCertificateSpec) -> Members {
    let mut found = Found::default();
    match &spec.secret_ref {
        Some(target) => pair(case, target, "spec.secretRef", ["cert", "key"], &mut found),
        None => found
            .problems
            .push("spec.secretRef is required when type is 'secretRef'".to_owned()),
    }
    if let Some(target) = &spec.secret_ref_alt {
        let fields = ["cert_alt", "key_alt"];
        pair(case, target, "spec.secretRefAlt", fields, &mut found);
    }
    if !found.problems.is_empty() {
        case.say(unusable(&found.problems));
    } else if !found.denied {
        case.say(usable());
    }
    found.members
}

/// What came out of the Secrets.
#[derive(Default)]
struct Found {
    members: Members,
    problems: Vec<String>,
    denied: bool,
}

/// Reads certificate and key out of one Secret.
fn pair(
    case: &mut Case<'_, '_>,
    target: &NamespacedRef,
    field: &str,
    members: [&str; 2],
    found: &mut Found,
) {
    let name = case
        .key
        .name
        .sibling(target.namespace.as_deref(), &target.name);
    let granted = "KongReferenceGrants allow access to Secrets";
    let denied = format!("KongReferenceGrants do not allow access to Secret {name}");
    if !case.may_follow(&secrets::key(&name), granted, denied) {
        found.denied = true;
        return;
    }
    let secret = match secrets::read(case.view, &name) {
        Ok((_, secret)) => secret,
        Err(problem) => {
            let namespace = name.namespace();
            found.problems.push(format!(
                "{problem}; create it in namespace \"{namespace}\" with the keys {} and {}, or \
                 correct {field}",
                TLS_KEYS[0], TLS_KEYS[1],
            ));
            return;
        }
    };
    for (member, key) in members.into_iter().zip(TLS_KEYS) {
        match secrets::text(secret, key) {
            Ok(text) if is_material(text) => {
                found.members.insert(member.to_owned(), json!(text));
            }
            Ok("") | Err(NoText::Missing) => found.problems.push(format!(
                "secret {name} is missing key '{key}'; add it or correct {field}"
            )),
            Ok(_) | Err(NoText::Binary) => found.problems.push(format!(
                "secret {name} key '{key}' is not PEM; put a {} in PEM there",
                if key == TLS_KEYS[0] {
                    "certificate"
                } else {
                    "private key"
                },
            )),
        }
    }
}

fn unusable(problems: &[String]) -> Condition {
    Condition::fails(SECRET_REF_VALID, INVALID, problems.join("; "))
}

fn usable() -> Condition {
    Condition::holds(
        SECRET_REF_VALID,
        VALID,
        "Referenced Secret(s) exist and contain the required key(s)",
    )
}
