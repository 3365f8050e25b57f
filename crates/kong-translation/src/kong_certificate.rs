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
    const AT: Collection = Collection::Certificates;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let material = material(&mut case, me.spec);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
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
            Some(_) => problems.push(format!(
                "spec.{field} is not PEM; put a {} in PEM there",
                if field.starts_with("cert") {
                    "certificate"
                } else {
                    "private key"
                },
            )),
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
                "{problem}; create it in namespace \"{namespace}\" with the label {}, without \
                 which it counts as not there, and the keys {} and {}, or correct {field}",
                secrets::label(),
                TLS_KEYS[0],
                TLS_KEYS[1],
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

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{PROGRAMMED, REF_NOT_PERMITTED, RESOLVED_REFS};
    use kong_resolve::{Dep, Intent, Key, Output};
    use serde_json::Value;

    use super::*;
    use crate::testing::{Cluster, claims, condition, control_plane_ref, failing, site, untagged};

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";

    fn apply(cluster: &mut Cluster, mut spec: Value) -> Key {
        spec["controlPlaneRef"] = control_plane_ref();
        cluster.entity(Kind::KongCertificate, spec)
    }

    fn from_secret(cluster: &mut Cluster) -> Key {
        let spec = json!({"type": "secretRef", "secretRef": {"name": "pair"}});
        apply(cluster, spec)
    }

    fn pair(cluster: &mut Cluster, name: &str) -> Key {
        let data = json!({"tls.crt": CERTIFICATE, "tls.key": KEY});
        cluster.secret(name, json!({}), data)
    }

    #[test]
    fn an_inline_certificate_is_sent_and_its_key_never_shown() {
        let mut cluster = Cluster::with_control_plane();
        let spec = json!({"type": "inline", "cert": CERTIFICATE, "key": KEY, "cert_alt": ""});
        let key = apply(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(untagged(claim), json!({"cert": CERTIFICATE, "key": KEY}));
        assert_eq!(claim.site, site(Collection::Certificates));
        assert!(!format!("{verdict:?}").contains("hunter2"));
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn vault_references_are_left_to_kong() {
        let mut cluster = Cluster::with_control_plane();
        let (cert, key) = ("{vault://v/cert}", "{vault://v/key}");
        let key = apply(&mut cluster, json!({"cert": cert, "key": key}));
        assert_eq!(claims(&cluster.judge(&key)).len(), 1);
    }

    #[test]
    fn what_is_no_certificate_is_named_by_field_and_not_quoted() {
        let mut cluster = Cluster::with_control_plane();
        let key = apply(&mut cluster, json!({"cert": CERTIFICATE, "key": "hunter2"}));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = failing(&verdict);
        let message = "spec.key is not PEM; put a private key in PEM there";
        assert_eq!(said, [(PROGRAMMED, INVALID, message)]);
    }

    #[test]
    fn certificate_and_key_come_out_of_secrets() {
        let mut cluster = Cluster::with_control_plane();
        pair(&mut cluster, "pair");
        pair(&mut cluster, "second");
        let spec = json!({
            "type": "secretRef", "secretRef": {"name": "pair"}, "secretRefAlt": {"name": "second"},
        });
        let key = apply(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        assert_eq!(
            untagged(&claims(&verdict)[0]),
            json!({
                "cert": CERTIFICATE, "key": KEY, "cert_alt": CERTIFICATE, "key_alt": KEY,
            })
        );
        assert_eq!(condition(&verdict, SECRET_REF_VALID), &usable());
        assert!(!format!("{verdict:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_with_what_to_do() {
        let mut cluster = Cluster::with_control_plane();
        let key = from_secret(&mut cluster);
        let cases = [
            (None, "Secret \"pair\" not found; create it in namespace"),
            (
                Some(json!({"tls.crt": CERTIFICATE})),
                "secret ns/pair is missing key 'tls.key'; add it",
            ),
            (
                Some(json!({"tls.crt": "hunter2", "tls.key": KEY})),
                "secret ns/pair key 'tls.crt' is not PEM; put a certificate",
            ),
        ];
        for (data, start) in cases {
            if let Some(data) = data {
                cluster.secret("pair", json!({}), data);
            }
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            let [(SECRET_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
                panic!("{verdict:?}")
            };
            assert!(message.starts_with(start), "{message}");
            assert!(!message.contains("hunter2"));
        }
    }

    #[test]
    fn a_secret_elsewhere_is_not_read_without_a_grant() {
        let mut cluster = Cluster::with_control_plane();
        let secret = cluster.apply(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "pair", "namespace": "other"},
            "stringData": {"tls.crt": CERTIFICATE, "tls.key": KEY},
        }));
        let target = json!({"name": "pair", "namespace": "other"});
        let spec = json!({"type": "secretRef", "secretRef": target});
        let key = apply(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(RESOLVED_REFS, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongReferenceGrants do not allow access to Secret other/pair";
        assert!(message.starts_with(start), "{message}");
        let read = Dep::Object(secret);
        assert!(!cluster.reads(&key).contains(&read));
        cluster.grant(Kind::KongCertificate, Kind::Secret);
        let verdict = cluster.judge(&key);
        assert_eq!(
            condition(&verdict, RESOLVED_REFS).message,
            "KongReferenceGrants allow access to Secrets"
        );
        assert_eq!(claims(&verdict).len(), 1);
    }

    #[test]
    fn the_deletion_of_a_certificate_reads_no_secret() {
        let mut cluster = Cluster::with_control_plane();
        let secret = pair(&mut cluster, "pair");
        let key = from_secret(&mut cluster);
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
        assert!(!cluster.reads(&key).contains(&Dep::Object(secret)));
    }
}
