//! KongCertificate: certificate and key from the object itself or from Secrets (konnect.md 1.18, 2.9).

use kong_crds::configuration::v1alpha1::{CertificateSource, KongCertificate, KongCertificateSpec};
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};

use crate::bodies::{Members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::material::{Field, FromSecrets, inline};
use crate::parts::Parts;

/// The key pair, out of a Secret of type `kubernetes.io/tls`.
const PAIR: [Field; 2] = [
    certificate("cert", true, None),
    private_key("key", true, None),
];
/// A second pair, for clients that know other algorithms.
const SECOND: [Field; 2] = [
    certificate("cert_alt", false, Some("key_alt")),
    private_key("key_alt", false, Some("cert_alt")),
];

const fn certificate(member: &'static str, required: bool, with: Option<&'static str>) -> Field {
    Field {
        member,
        key: "tls.crt",
        what: "certificate",
        required,
        with,
    }
}

const fn private_key(member: &'static str, required: bool, with: Option<&'static str>) -> Field {
    Field {
        member,
        key: "tls.key",
        what: "private key",
        required,
        with,
    }
}

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
            has_plugins: false,
            parts: Parts::default(),
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
        CertificateSource::Inline => {
            let fields = [PAIR, SECOND].concat();
            inline(case, Collection::Certificates, spec, &fields)
        }
        CertificateSource::SecretRef => from_secrets(case, spec),
        CertificateSource::Unknown => {
            case.say_nonsense("spec.type is neither inline nor secretRef; correct it");
            Members::new()
        }
    }
}

fn from_secrets(case: &mut Case<'_, '_>, spec: &KongCertificateSpec) -> Members {
    let mut found = FromSecrets::default();
    match &spec.secret_ref {
        Some(target) => found.read(case, "spec.secretRef", target, &PAIR),
        None => found.lacks("spec.secretRef"),
    }
    if let Some(target) = &spec.secret_ref_alt {
        found.read(case, "spec.secretRefAlt", target, &SECOND);
    }
    found.told(case)
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{
        INVALID, PROGRAMMED, REF_NOT_PERMITTED, RESOLVED_REFS, SECRET_REF_VALID,
    };
    use kong_resolve::{Dep, Intent, Key, Output};
    use serde_json::{Value, json};

    use super::*;
    use crate::material::usable;
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
    fn what_stands_in_the_place_of_another_or_without_its_other_half_is_told() {
        let cases = [
            (
                json!({"cert": KEY, "key": CERTIFICATE}),
                "spec.cert holds no certificate; put a certificate in PEM there; spec.key holds no \
                 private key; put a private key in PEM there",
            ),
            (
                json!({"cert": CERTIFICATE, "key": KEY, "cert_alt": CERTIFICATE}),
                "spec.cert_alt is of no use without spec.key_alt; set both or none",
            ),
            (
                json!({"cert": CERTIFICATE, "key": KEY, "cert_alt": "", "key_alt": KEY}),
                "spec.key_alt is of no use without spec.cert_alt; set both or none",
            ),
        ];
        for (spec, message) in cases {
            let mut cluster = Cluster::with_control_plane();
            let key = apply(&mut cluster, spec);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            assert_eq!(failing(&verdict), [(PROGRAMMED, INVALID, message)]);
        }
        let mut cluster = Cluster::with_control_plane();
        let data = json!({"tls.crt": KEY, "tls.key": KEY});
        cluster.secret("pair", json!({}), data);
        let key = from_secret(&mut cluster);
        let message =
            "secret ns/pair key 'tls.crt' holds no certificate; put a certificate in PEM there";
        let verdict = cluster.judge(&key);
        assert_eq!(failing(&verdict), [(SECRET_REF_VALID, INVALID, message)]);
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
