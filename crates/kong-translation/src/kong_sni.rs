//! KongSNI: below its certificate, in the control plane of that (konnect.md 1.20, 2.8, 5.4).

use kong_crds::configuration::v1alpha1::KongSNI;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};

use crate::bodies::{members, seal, tags};
use crate::case::Case;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::{CERTIFICATE, Parent, Reference};
use crate::parts::Parts;

/// `spec.certificateRef` of an SNI.
const PARENT: Reference = Reference {
    field: "spec.certificateRef",
    ..CERTIFICATE
};

impl Judge for KongSNI {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Snis;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let key = PARENT.key(&case, &me.spec.certificate_ref);
        let certificate = if case.may_follow_certificate(&key) {
            Parent::follow(&mut case, &PARENT, &key)
        } else {
            Parent::Denied
        };
        let place = certificate.place(&mut case);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: certificate.id(),
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Self::AT, members(Self::AT, me.spec), tags)
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::Kind;
    use kong_crds::conditions::{CERTIFICATE_REF_VALID, INVALID, REF_NOT_PERMITTED, RESOLVED_REFS};
    use kong_model::{RemoteId, Site};
    use kong_resolve::{Dep, Intent, Key, Output, Standing};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Cluster, claims, condition, failing, ready, site, untagged};

    fn certificate_in(namespace: &str) -> Key {
        Key::new(Kind::KongCertificate, namespace, "certificate")
    }

    fn sni(reference: Value) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        let spec = json!({"name": "a.example.test", "certificateRef": reference});
        let key = cluster.entity(Kind::KongSNI, spec);
        (cluster, key)
    }

    #[test]
    fn an_sni_lives_below_its_certificate() {
        let (mut cluster, key) = sni(json!({"name": "certificate"}));
        cluster.stand(&certificate_in("ns"), ready("certificate-id"));
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(untagged(claim), json!({"name": "a.example.test"}));
        let id = RemoteId::from("certificate-id");
        let parent = Some(id.clone());
        let at = site(Collection::Snis);
        assert_eq!(claim.site, Site { parent, ..at });
        assert_eq!(verdict.ids, [("certificateID", id)]);
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn without_its_certificate_the_sni_is_gone_too() {
        let (cluster, key) = sni(json!({"name": "certificate"}));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        let [(CERTIFICATE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongCertificate.configuration.konghq.com \"certificate\" not found; create it";
        assert!(message.starts_with(start), "{message}");
        assert!(
            message.ends_with("or correct spec.certificateRef"),
            "{message}"
        );
    }

    #[test]
    fn an_sni_goes_before_the_certificate_that_is_being_deleted() {
        let (mut cluster, key) = sni(json!({"name": "certificate"}));
        let deleting = Standing {
            deleting: true,
            ..ready("certificate-id")
        };
        cluster.stand(&certificate_in("ns"), deleting);
        assert_eq!(claims(&cluster.judge(&key))[0].intent, Intent::Absent);
    }

    #[test]
    fn a_certificate_elsewhere_needs_a_grant_and_is_not_looked_at_without() {
        let (mut cluster, key) = sni(json!({"name": "certificate", "namespace": "other"}));
        let elsewhere = certificate_in("other");
        cluster.stand(&elsewhere, ready("certificate-id"));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(RESOLVED_REFS, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongReferenceGrants do not allow access to KongCertificate other/certificate";
        assert!(message.starts_with(start), "{message}");
        let looked = Dep::Standing(elsewhere);
        assert!(!cluster.reads(&key).contains(&looked));
        cluster.grant(Kind::KongSNI, Kind::KongCertificate);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict).len(), 1);
        assert_eq!(
            condition(&verdict, RESOLVED_REFS).message,
            "KongReferenceGrants allow access to KongCertificate"
        );
    }
}
