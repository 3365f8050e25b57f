//! KongCACertificate: the certificate of an authority, from the object itself or from a Secret
//! (konnect.md 1.19, 2.9).

use kong_crds::configuration::v1alpha1::{
    CertificateSource, KongCACertificate, KongCACertificateSpec,
};
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};

use crate::bodies::{Members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::material::{Field, FromSecrets, inline};
use crate::parts::Parts;

const CERTIFICATE: [Field; 1] = [Field {
    member: "cert",
    key: "ca.crt",
    what: "certificate",
    required: true,
    with: None,
}];

impl Judge for KongCACertificate {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::CaCertificates;

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
                seal(Self::AT, material, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// The member that holds the certificate. Nothing is read for a deletion.
fn material(case: &mut Case<'_, '_>, spec: &KongCACertificateSpec) -> Members {
    if case.meta.deleting {
        return Members::new();
    }
    match (spec.type_, &spec.secret_ref) {
        (CertificateSource::Inline, _) => {
            inline(case, Collection::CaCertificates, spec, &CERTIFICATE)
        }
        (CertificateSource::SecretRef, target) => {
            let mut found = FromSecrets::default();
            match target {
                Some(target) => found.read(case, "spec.secretRef", target, &CERTIFICATE),
                None => found.lacks("spec.secretRef"),
            }
            found.told(case)
        }
        (CertificateSource::Unknown, _) => {
            case.say_nonsense("spec.type is neither inline nor secretRef; correct it");
            Members::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{
        INVALID, PROGRAMMED, REF_NOT_PERMITTED, RESOLVED_REFS, SECRET_REF_VALID,
    };
    use kong_resolve::{Dep, Key, Output};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Cluster, claims, condition, control_plane_ref, failing, site, untagged};

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

    fn apply(cluster: &mut Cluster, mut spec: Value) -> Key {
        spec["controlPlaneRef"] = control_plane_ref();
        cluster.entity(Kind::KongCACertificate, spec)
    }

    #[test]
    fn a_certificate_is_inline_or_in_a_secret() {
        let mut cluster = Cluster::with_control_plane();
        cluster.secret("ca", json!({}), json!({"ca.crt": PEM}));
        for spec in [
            json!({"type": "inline", "cert": PEM}),
            json!({"type": "secretRef", "secretRef": {"name": "ca"}}),
        ] {
            let key = apply(&mut cluster, spec);
            let verdict = cluster.judge(&key);
            let [claim] = claims(&verdict) else {
                panic!("{verdict:?}")
            };
            assert_eq!(untagged(claim), json!({"cert": PEM}));
            assert_eq!(claim.site, site(Collection::CaCertificates));
            assert_eq!(failing(&verdict), []);
        }
    }

    #[test]
    fn what_is_no_certificate_says_where_and_what_to_do() {
        let mut cluster = Cluster::with_control_plane();
        cluster.secret("wrong", json!({}), json!({"tls.crt": PEM}));
        for (spec, kind, start) in [
            (
                json!({"cert": "pem"}),
                PROGRAMMED,
                "spec.cert is not PEM; put a certificate",
            ),
            (
                json!({}),
                PROGRAMMED,
                "spec.cert is required when type is 'inline'",
            ),
            (
                json!({"type": "secretRef"}),
                SECRET_REF_VALID,
                "spec.secretRef is required when type is 'secretRef'",
            ),
            (
                json!({"type": "secretRef", "secretRef": {"name": "absent"}}),
                SECRET_REF_VALID,
                "Secret \"absent\" not found; create it in namespace \"ns\" with the label \
                 konghq.com/secret: \"true\", without which it counts as not there, and the key ca.crt",
            ),
            (
                json!({"type": "secretRef", "secretRef": {"name": "wrong"}}),
                SECRET_REF_VALID,
                "secret ns/wrong is missing key 'ca.crt'; add it",
            ),
        ] {
            let key = apply(&mut cluster, spec);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            let [(said, INVALID, message)] = failing(&verdict)[..] else {
                panic!("{verdict:?}")
            };
            assert_eq!(said, kind);
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn a_secret_elsewhere_is_not_read_without_a_grant() {
        let mut cluster = Cluster::with_control_plane();
        let secret = cluster.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ca", "namespace": "other"},
            "stringData": {"ca.crt": PEM},
        }));
        let target = json!({"name": "ca", "namespace": "other"});
        let key = apply(
            &mut cluster,
            json!({"type": "secretRef", "secretRef": target}),
        );
        assert_eq!(
            condition(&cluster.judge(&key), RESOLVED_REFS).reason,
            REF_NOT_PERMITTED
        );
        assert!(!cluster.reads(&key).contains(&Dep::Object(secret)));
        cluster.grant(Kind::KongCACertificate, Kind::Secret);
        assert_eq!(claims(&cluster.judge(&key)).len(), 1);
    }
}
