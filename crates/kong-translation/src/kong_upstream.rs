//! KongUpstream (konnect.md 1.4, 5.4, 5.5).

use kong_crds::configuration::v1alpha1::KongUpstream;
use kong_model::{Collection, RemoteId};
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::client_certificate;
use crate::parts::Parts;

impl Judge for KongUpstream {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Upstreams;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let reference = me.spec.client_certificate_ref.as_ref();
        let certificate = client_certificate(&mut case, reference, place.home());
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let raw = me.spec.client_certificate.as_ref();
                let raw = raw.and_then(|certificate| certificate.id.as_deref());
                let mut members = members(Collection::Upstreams, me.spec);
                members.remove("client_certificate");
                if let Some(id) = certificate.as_ref().map(RemoteId::as_str).or(raw) {
                    members.insert("client_certificate".to_owned(), json!({"id": id}));
                }
                fill(&mut members, defaults());
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Upstreams, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// What Kong's SDK sends for what the spec leaves open; nothing inside the health checks.
fn defaults() -> Value {
    json!({
        "algorithm": "round-robin", "hash_on": "none", "hash_fallback": "none",
        "hash_on_cookie_path": "/", "slots": 10000, "sticky_sessions_cookie_path": "/",
        "use_srv_name": false,
    })
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::CERTIFICATE_REF_VALID;
    use kong_resolve::{Intent, Key, Output};

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane_ref, failing, ready, site, untagged,
    };

    fn apply(cluster: &mut Cluster, mut spec: Value) -> Key {
        spec["name"] = json!("u.test");
        spec["controlPlaneRef"] = control_plane_ref();
        cluster.entity(Kind::KongUpstream, spec)
    }

    #[test]
    fn an_upstream_is_sent_with_the_defaults_of_kong() {
        let mut cluster = Cluster::with_control_plane();
        let key = apply(&mut cluster, json!({"algorithm": "least-connections"}));
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            untagged(claim),
            json!({
                "algorithm": "least-connections", "hash_fallback": "none", "hash_on": "none",
                "hash_on_cookie_path": "/", "name": "u.test", "slots": 10000,
                "sticky_sessions_cookie_path": "/", "use_srv_name": false,
            })
        );
        assert_eq!(claim.site, site(Collection::Upstreams));
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn health_checks_are_sent_as_they_are_given() {
        let mut cluster = Cluster::with_control_plane();
        let checks = json!({
            "threshold": 0.5,
            "passive": {"type": "http", "healthy": {"successes": 3}},
            "active": {
                "type": "https", "concurrency": 2, "http_path": "/up", "timeout": 1,
                "https_verify_certificate": false, "headers": {"x": ["y"]},
                "unhealthy": {
                    "http_failures": 1, "interval": 5, "tcp_failures": 0, "timeouts": 2,
                },
            },
        });
        let key = apply(&mut cluster, json!({"healthchecks": checks}));
        let verdict = cluster.judge(&key);
        assert_eq!(untagged(&claims(&verdict)[0])["healthchecks"], checks);
    }

    #[test]
    fn a_certificate_is_given_by_object_or_by_id() {
        let mut cluster = Cluster::with_control_plane();
        let key = apply(&mut cluster, json!({"client_certificate": {"id": "raw"}}));
        let verdict = cluster.judge(&key);
        let sent = untagged(&claims(&verdict)[0]);
        assert_eq!(sent["client_certificate"], json!({"id": "raw"}));

        let key = apply(&mut cluster, json!({"clientCertificateRef": {"name": "c"}}));
        cluster.stand(&Key::new(Kind::KongCertificate, "ns", "c"), ready("c-id"));
        let verdict = cluster.judge(&key);
        let sent = untagged(&claims(&verdict)[0]);
        assert_eq!(sent["client_certificate"], json!({"id": "c-id"}));
        assert_eq!(verdict.ids, [("certificateID", RemoteId::from("c-id"))]);
    }

    #[test]
    fn a_missing_certificate_keeps_the_upstream_and_asks_for_no_finalizer() {
        let mut cluster = Cluster::with_control_plane();
        let key = apply(
            &mut cluster,
            json!({"clientCertificateRef": {"name": "absent"}}),
        );
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(!verdict.cleanup);
        let said = condition(&verdict, CERTIFICATE_REF_VALID);
        let start = "KongCertificate.configuration.konghq.com \"absent\" not found";
        assert!(said.message.starts_with(start), "{said:?}");
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
    }
}
