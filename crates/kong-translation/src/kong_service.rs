//! KongService (konnect.md 1.6, 5.4, 5.5).

use kong_crds::configuration::v1alpha1::{KongService, KongServiceSpec};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{absent_if_empty, fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::{ca_certificates, client_certificate};
use crate::parts::Parts;

impl Judge for KongService {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Services;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let reference = me.spec.client_certificate_ref.as_ref();
        let certificate = client_certificate(&mut case, reference, place.home());
        let authorities = me.spec.ca_certificate_refs.as_deref().unwrap_or_default();
        let authorities = ca_certificates(&mut case, authorities, place.home());
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: me.spec.id.as_deref(),
            has_plugins: true,
            parts: Parts::default(),
            body: || {
                let mut members = members(Collection::Services, me.spec);
                absent_if_empty(&mut members, &["name", "protocol", "port", "url"]);
                fill(&mut members, defaults(me.spec));
                if let Some(id) = &certificate {
                    members.insert("client_certificate".to_owned(), json!({"id": id.as_str()}));
                }
                if !authorities.is_empty() {
                    let ids = authorities.iter().map(RemoteId::as_str);
                    members.insert("ca_certificates".to_owned(), ids.collect());
                }
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Services, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// What Kong's SDK sends for what the spec leaves open. A URL says the address itself.
fn defaults(spec: &KongServiceSpec) -> Value {
    let mut defaults = json!({
        "retries": 5, "connect_timeout": 60000, "read_timeout": 60000, "write_timeout": 60000,
        "enabled": true,
    });
    if spec.url.as_deref().is_none_or(str::is_empty) {
        defaults["protocol"] = json!("http");
        defaults["port"] = json!(80);
    }
    defaults
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{
        API_AUTH_RESOLVED_REF, API_AUTH_VALID, CA_CERTIFICATE_REFS_VALID, CERTIFICATE_REF_VALID,
        CONTROL_PLANE_REF_VALID, INVALID, NOT_PROGRAMMED, REF_NOT_FOUND, REF_NOT_PERMITTED,
        RESOLVED_REFS,
    };
    use kong_model::RemoteId;
    use kong_resolve::{
        CredentialState, Dep, Intent, Key, Output, Readiness, Standing, Truth, identity,
    };

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_ref, control_plane_with,
        failing, home, meta, ready, site, standing, untagged,
    };

    fn spec() -> Value {
        json!({"host": "example.test", "name": "shop", "controlPlaneRef": control_plane_ref()})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut spec = spec();
        spec[field] = value;
        spec
    }

    fn elsewhere() -> Value {
        let reference = json!({"name": "cp", "namespace": "other"});
        let reference = json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": reference});
        with("controlPlaneRef", reference)
    }

    fn certificate() -> Key {
        Key::new(Kind::KongCertificate, "ns", "certificate")
    }

    #[test]
    fn a_service_is_sent_with_the_defaults_of_kong_and_its_tags() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.annotated(
            Kind::KongService,
            json!({"konghq.com/tags": "a,b"}),
            with("tags", json!(["z"])),
        );
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            body(claim),
            json!({
                "connect_timeout": 60000, "enabled": true, "host": "example.test", "name": "shop",
                "port": 80, "protocol": "http", "read_timeout": 60000, "retries": 5,
                "write_timeout": 60000,
                "tags": [
                    "a", "b", "k8s-generation:1", "k8s-group:configuration.konghq.com",
                    "k8s-kind:KongService", "k8s-name:service", "k8s-namespace:ns",
                    "k8s-uid:uid-service", "k8s-version:v1alpha1", "managed-by:kong-operator", "z",
                ],
            })
        );
        assert_eq!(claim.site, site(Collection::Services));
        assert_eq!(claim.identity, identity(&meta(&cluster, &key).uid));
        assert!(claim.main && verdict.cleanup);
        assert_eq!(verdict.home.as_deref(), Some(&home()));
        let said = verdict.conditions.iter().map(|it| (it.kind, &*it.message));
        assert_eq!(
            said.collect::<Vec<_>>(),
            [
                (
                    CONTROL_PLANE_REF_VALID,
                    "Referenced ControlPlane ns/cp is programmed"
                ),
                (
                    API_AUTH_RESOLVED_REF,
                    "KonnectAPIAuthConfiguration reference ns/auth is resolved"
                ),
                (
                    API_AUTH_VALID,
                    "referenced KonnectAPIAuthConfiguration ns/auth is valid"
                ),
            ]
        );
    }

    #[test]
    fn every_field_is_sent_as_it_is_given() {
        let mut cluster = Cluster::with_control_plane();
        let fields = json!({
            "host": "example.test", "name": "shop", "protocol": "https", "port": 8443,
            "path": "/api", "retries": 0, "connect_timeout": 1, "read_timeout": 2,
            "write_timeout": 3, "enabled": false, "tls_verify": true, "tls_verify_depth": 4,
        });
        let mut spec = fields.clone();
        spec["controlPlaneRef"] = control_plane_ref();
        spec["id"] = json!("chosen");
        let key = cluster.entity(Kind::KongService, spec);
        let verdict = cluster.judge(&key);
        let claim = &claims(&verdict)[0];
        assert_eq!(untagged(claim), fields);
        assert_eq!(claim.specified, Some(RemoteId::from("chosen")));
    }

    #[test]
    fn empty_names_protocols_and_ports_count_as_absent() {
        let mut cluster = Cluster::with_control_plane();
        let mut spec = with("name", json!(""));
        spec["protocol"] = json!("");
        spec["port"] = json!(0);
        let key = cluster.entity(Kind::KongService, spec);
        let body = untagged(&claims(&cluster.judge(&key))[0]);
        assert_eq!(body.get("name"), None);
        assert_eq!(
            (&body["protocol"], &body["port"]),
            (&json!("http"), &json!(80))
        );
    }

    #[test]
    fn a_url_is_not_contradicted_by_defaults() {
        let mut cluster = Cluster::with_control_plane();
        let url = with("url", json!("https://example.test/x"));
        let key = cluster.entity(Kind::KongService, url);
        let body = untagged(&claims(&cluster.judge(&key))[0]);
        assert_eq!(body["url"], "https://example.test/x");
        assert_eq!((body.get("protocol"), body.get("port")), (None, None));
    }

    #[test]
    fn without_its_control_plane_the_service_is_gone_too() {
        let mut cluster = Cluster::new();
        let key = cluster.entity(Kind::KongService, spec());
        for deleting in [false, true] {
            if deleting {
                cluster.delete(&key);
            }
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::Want(Vec::new()));
            assert!(!verdict.cleanup);
            let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
                panic!("{verdict:?}")
            };
            let start = "referenced Control Plane \"<konnectNamespacedRef:cp>\" does not exist: \
                         KonnectGatewayControlPlane.konnect.konghq.com \"cp\" not found";
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn a_service_waits_for_its_control_plane_and_says_when_waiting_will_not_do() {
        let mut cluster = Cluster::new();
        let key = cluster.entity(Kind::KongService, spec());
        for (readiness, passing) in [(Readiness::Pending, true), (Readiness::Blocked, false)] {
            let state = control_plane_with(|home| home.readiness = readiness);
            cluster.stand(&control_plane(), state);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            assert!(verdict.cleanup);
            let waiting = condition(&verdict, CONTROL_PLANE_REF_VALID);
            assert_eq!((waiting.reason, waiting.passing), (NOT_PROGRAMMED, passing));
            let start = "Referenced ControlPlane ns/cp is not programmed yet";
            assert!(waiting.message.starts_with(start));
            assert_eq!(verdict.is_passing(), passing);
        }
    }

    #[test]
    fn the_credentials_of_the_control_plane_are_reported_with_the_service() {
        let mut cluster = Cluster::new();
        let key = cluster.entity(Kind::KongService, spec());
        let mut with = |state| {
            let state = control_plane_with(|home| home.credentials.state = state);
            cluster.stand(&control_plane(), state);
            cluster.judge(&key)
        };
        let missing = with(CredentialState::Missing);
        let said = condition(&missing, API_AUTH_RESOLVED_REF);
        assert_eq!((said.truth, said.reason), (Truth::False, REF_NOT_FOUND));
        assert_eq!(missing.output, Output::KeepLastGood);
        let denied = with(CredentialState::NotPermitted);
        let said = condition(&denied, API_AUTH_RESOLVED_REF);
        assert_eq!(said.reason, REF_NOT_PERMITTED);
        let refused = with(CredentialState::Invalid);
        assert_eq!(
            condition(&refused, API_AUTH_VALID).message,
            "referenced KonnectAPIAuthConfiguration ns/auth is invalid; its own conditions say why"
        );
        // Whether there is anything to send is not known here.
        assert_eq!(claims(&refused).len(), 1);
        assert!(!missing.cleanup && !denied.cleanup && !refused.cleanup);
        let unproven = with(CredentialState::Unproven);
        assert!(condition(&unproven, API_AUTH_VALID).passing);
        assert_eq!(claims(&unproven).len(), 1);
        assert!(!unproven.cleanup);
    }

    #[test]
    fn nothing_attaches_to_a_group() {
        let mut cluster = Cluster::new();
        let state = control_plane_with(|home| home.group = true);
        cluster.stand(&control_plane(), state);
        let key = cluster.entity(Kind::KongService, spec());
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let start = "Attaching to ControlPlane ns/cp with cluster type \
                     CLUSTER_TYPE_CONTROL_PLANE_GROUP is not supported";
        let said = condition(&verdict, CONTROL_PLANE_REF_VALID);
        assert!(said.message.starts_with(start), "{said:?}");
    }

    #[test]
    fn a_control_plane_elsewhere_is_not_looked_at_without_a_grant() {
        let mut cluster = Cluster::new();
        let key = cluster.entity(Kind::KongService, elsewhere());
        let theirs = Key::new(Kind::KonnectGatewayControlPlane, "other", "cp");
        cluster.stand(&theirs, control_plane_with(|_| {}));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(!verdict.cleanup);
        let [(RESOLVED_REFS, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.starts_with(
            "KongReferenceGrants do not allow access to KonnectGatewayControlPlane \
             <konnectNamespacedRef:other/cp>"
        ));
        assert!(!cluster.reads(&key).contains(&Dep::Standing(theirs)));

        cluster.grant(Kind::KongService, Kind::KonnectGatewayControlPlane);
        let verdict = cluster.judge(&key);
        assert_eq!(
            condition(&verdict, RESOLVED_REFS).message,
            "KongReferenceGrants allow access to KonnectGatewayControlPlane \
             <konnectNamespacedRef:other/cp>"
        );
        assert_eq!(claims(&verdict).len(), 1);
    }

    #[test]
    fn a_deletion_asks_for_no_grant_and_waits_for_no_certificate() {
        let mut cluster = Cluster::new();
        let mut spec = elsewhere();
        spec["clientCertificateRef"] = json!({"name": "absent"});
        let key = cluster.entity(Kind::KongService, spec);
        let theirs = Key::new(Kind::KonnectGatewayControlPlane, "other", "cp");
        let state = control_plane_with(|home| home.readiness = Readiness::Blocked);
        cluster.stand(&theirs, state);
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(claim.intent, Intent::Absent);
        assert_eq!(claim.site, site(Collection::Services));
        assert!(!cluster.reads(&key).contains(&Dep::Grants("other".into())));
    }

    #[test]
    fn the_client_certificate_goes_along_by_its_id() {
        let mut cluster = Cluster::with_control_plane();
        let reference = with("clientCertificateRef", json!({"name": "certificate"}));
        let key = cluster.entity(Kind::KongService, reference);
        cluster.stand(&certificate(), ready("certificate-id"));
        let verdict = cluster.judge(&key);
        let body = untagged(&claims(&verdict)[0]);
        assert_eq!(body["client_certificate"], json!({"id": "certificate-id"}));
        let id = RemoteId::from("certificate-id");
        assert_eq!(verdict.ids, [("certificateID", id)]);
        assert_eq!(
            condition(&verdict, CERTIFICATE_REF_VALID).message,
            "Referenced KongCertificate ns/certificate programmed"
        );
    }

    #[test]
    fn a_service_is_not_sent_without_the_certificate_it_asks_for() {
        let mut cluster = Cluster::with_control_plane();
        let reference = with("clientCertificateRef", json!({"name": "certificate"}));
        let key = cluster.entity(Kind::KongService, reference);
        let deleted = Standing {
            deleting: true,
            ..ready("certificate-id")
        };
        let elsewhere = Standing {
            home: control_plane_with(|home| {
                home.control_plane = Key::new(Kind::KonnectGatewayControlPlane, "ns", "second");
                home.id = Some(RemoteId::from("second-id"));
            })
            .home,
            ..ready("certificate-id")
        };
        let cases = [
            (
                None,
                "KongCertificate.configuration.konghq.com \"certificate\" not found",
            ),
            (
                Some(standing(Readiness::Pending)),
                "Referenced KongCertificate ns/certificate is not programmed yet",
            ),
            (
                Some(deleted),
                "Referenced KongCertificate ns/certificate is being deleted",
            ),
            (
                Some(elsewhere),
                "Referenced KongCertificate ns/certificate belongs to a different ControlPlane: \
                 it is in ns/second, the object in ns/cp",
            ),
        ];
        for (state, start) in cases {
            if let Some(state) = state {
                cluster.stand(&certificate(), state);
            }
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            let said = condition(&verdict, CERTIFICATE_REF_VALID);
            assert!(said.message.starts_with(start), "{said:?}");
        }
    }

    fn authority(namespace: &str, name: &str) -> Key {
        Key::new(Kind::KongCACertificate, namespace, name)
    }

    #[test]
    fn ca_certificates_are_named_by_their_ids() {
        let mut cluster = Cluster::with_control_plane();
        let references = json!([{"name": "one"}, {"name": "two", "namespace": "other"}]);
        let key = cluster.entity(Kind::KongService, with("caCertificateRefs", references));
        cluster.grant(Kind::KongService, Kind::KongCACertificate);
        cluster.stand(&authority("ns", "one"), ready("one-id"));
        cluster.stand(&authority("other", "two"), ready("two-id"));
        let verdict = cluster.judge(&key);
        let sent = untagged(&claims(&verdict)[0]);
        assert_eq!(sent["ca_certificates"], json!(["one-id", "two-id"]));
        let ids = ["one-id", "two-id"].map(|id| ("caCertificateIDs", RemoteId::from(id)));
        assert_eq!(verdict.ids, ids);
        assert_eq!(
            condition(&verdict, CA_CERTIFICATE_REFS_VALID).message,
            "All referenced KongCACertificates are programmed"
        );
        assert_eq!(
            condition(&verdict, RESOLVED_REFS).message,
            "KongReferenceGrants allow access to KongCACertificate"
        );
    }

    #[test]
    fn each_ca_certificate_that_cannot_be_used_is_named() {
        let mut cluster = Cluster::with_control_plane();
        let references = json!([{"name": "one"}, {"name": "two"}, {"name": "three"}]);
        let key = cluster.entity(Kind::KongService, with("caCertificateRefs", references));
        cluster.stand(&authority("ns", "one"), ready("one-id"));
        cluster.stand(&authority("ns", "two"), standing(Readiness::Pending));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = condition(&verdict, CA_CERTIFICATE_REFS_VALID);
        assert!(!said.passing);
        for words in [
            "Referenced KongCACertificate ns/two is not programmed yet",
            "KongCACertificate.configuration.konghq.com \"three\" not found; create it",
        ] {
            assert!(said.message.contains(words), "{said:?}");
        }
    }

    #[test]
    fn ca_certificates_elsewhere_need_a_grant_and_are_not_looked_at_without() {
        let mut cluster = Cluster::with_control_plane();
        let references = json!([{"name": "two", "namespace": "other"}]);
        let key = cluster.entity(Kind::KongService, with("caCertificateRefs", references));
        let elsewhere = authority("other", "two");
        cluster.stand(&elsewhere, ready("two-id"));
        let verdict = cluster.judge(&key);
        let [(RESOLVED_REFS, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "cross-namespace reference to KongCACertificate two in namespace other";
        assert!(message.starts_with(start), "{message}");
        assert!(!cluster.reads(&key).contains(&Dep::Standing(elsewhere)));
    }

    #[test]
    fn a_reference_to_the_ingress_controller_is_unsupported() {
        let mut cluster = Cluster::new();
        let key = cluster.entity(
            Kind::KongService,
            with("controlPlaneRef", json!({"type": "kic"})),
        );
        let verdict = cluster.judge(&key);
        let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.starts_with("referenced ControlPlaneRef <kic> is unsupported"));
    }
}
