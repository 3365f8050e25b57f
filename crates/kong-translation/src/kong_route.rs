//! KongRoute: in the control plane of its service, or in its own (konnect.md 1.7, 2.6, 5.4, 5.5).

use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, INVALID};
use kong_crds::configuration::v1alpha1::KongRoute;
use kong_crds::reference::{NamespacedRef, ServiceRef};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Condition, Frame, Me, Standing, Verdict, View, grants};
use serde_json::{Value, json};

use crate::bodies::{absent_if_empty, fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::SERVICE;
use crate::parts::Parts;

impl Judge for KongRoute {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Routes;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let own = me.spec.control_plane_ref.as_ref();
        let own = own.map(|reference| control_plane::named(&mut case, reference));
        let target = me.spec.service_ref.as_ref().and_then(named_service);
        let service = target.map(|target| service(&mut case, target, own.as_ref()));
        let id = service.and_then(|service| service?.id.clone());
        let place = match (own, service) {
            (Some(place), _) => place,
            (None, Some(Some(service))) => control_plane::inherited(&mut case, service),
            (None, Some(None)) => Place::Unclear,
            (None, None) => {
                case.say(nowhere());
                Place::Unclear
            }
        };
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: me.spec.id.as_deref(),
            has_plugins: true,
            parts: Parts::default(),
            body: || {
                let mut members = members(Collection::Routes, me.spec);
                absent_if_empty(&mut members, &["name"]);
                fill(&mut members, defaults(id.as_ref()));
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Collection::Routes, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

fn named_service(reference: &ServiceRef) -> Option<&NamespacedRef> {
    reference.namespaced_ref.as_ref()
}

/// The service; `None` if it does not exist, may not be looked at or is in another control plane.
fn service<'w>(
    case: &mut Case<'_, 'w>,
    target: &NamespacedRef,
    own: Option<&Place>,
) -> Option<&'w Standing> {
    let key = SERVICE.key(case, target);
    let granted = "KongReferenceGrants allow access to KongService";
    let denied = grants::denial(case.key, &key);
    if !case.may_follow(&key, granted, denied) {
        return None;
    }
    SERVICE.follow(case, &key, own.and_then(Place::home))
}

fn nowhere() -> Condition {
    Condition::fails(
        CONTROL_PLANE_REF_VALID,
        INVALID,
        "the route refers neither to a KongService nor to a ControlPlane; set spec.serviceRef or \
         spec.controlPlaneRef",
    )
}

/// What Kong's SDK sends for what the spec leaves open, and the service.
fn defaults(service: Option<&RemoteId>) -> Value {
    let mut defaults = json!({
        "https_redirect_status_code": 426, "path_handling": "v0", "preserve_host": false,
        "regex_priority": 0, "request_buffering": true, "response_buffering": true,
    });
    if let Some(id) = service {
        defaults["service"] = json!({"id": id.as_str()});
    }
    defaults
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{
        NOT_PROGRAMMED, REF_NOT_PERMITTED, RESOLVED_REFS, SERVICE_REF_VALID,
    };
    use kong_resolve::{Dep, Intent, Key, Output, Readiness};

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane, control_plane_ref, control_plane_with, failing,
        home, ready, site, standing, untagged,
    };

    fn service_ref() -> Value {
        json!({"type": "namespacedRef", "namespacedRef": {"name": "service"}})
    }

    fn with_service_ref() -> Value {
        json!({"name": "cart", "paths": ["/cart"], "serviceRef": service_ref()})
    }

    fn service_in(namespace: &str) -> Key {
        Key::new(Kind::KongService, namespace, "service")
    }

    fn with_service() -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        cluster.stand(&service_in("ns"), ready("service-id"));
        let key = cluster.entity(Kind::KongRoute, with_service_ref());
        (cluster, key)
    }

    #[test]
    fn a_route_is_in_the_control_plane_of_its_service() {
        let (cluster, key) = with_service();
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            untagged(claim),
            json!({
                "https_redirect_status_code": 426, "name": "cart", "path_handling": "v0",
                "paths": ["/cart"], "preserve_host": false, "regex_priority": 0,
                "request_buffering": true, "response_buffering": true,
                "service": {"id": "service-id"},
            })
        );
        assert_eq!(claim.site, site(Collection::Routes));
        let id = RemoteId::from("service-id");
        assert_eq!(verdict.ids, [("serviceID", id)]);
        assert_eq!(verdict.home.as_deref(), Some(&home()));
        assert_eq!(failing(&verdict), []);
        assert_eq!(
            condition(&verdict, SERVICE_REF_VALID).message,
            "Referenced KongService ns/service programmed"
        );
    }

    #[test]
    fn every_field_is_sent_as_it_is_given() {
        let mut cluster = Cluster::with_control_plane();
        let fields = json!({
            "name": "cart", "protocols": ["http", "https"], "methods": ["GET"],
            "hosts": ["a.test"], "paths": ["~/x$"], "headers": {"x": ["y"]},
            "https_redirect_status_code": 302, "regex_priority": 3, "strip_path": false,
            "path_handling": "v1", "preserve_host": true, "request_buffering": false,
            "response_buffering": false, "snis": ["a.test"], "sources": [{"ip": "10.0.0.0/8"}],
            "destinations": [{"port": 443}],
        });
        let mut spec = fields.clone();
        spec["controlPlaneRef"] = control_plane_ref();
        spec["id"] = json!("chosen");
        let key = cluster.entity(Kind::KongRoute, spec);
        let verdict = cluster.judge(&key);
        let claim = &claims(&verdict)[0];
        assert_eq!(untagged(claim), fields);
        assert_eq!(claim.specified, Some(RemoteId::from("chosen")));
        assert_eq!(verdict.ids, []);
    }

    #[test]
    fn a_missing_service_keeps_what_the_route_has() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.entity(Kind::KongRoute, with_service_ref());
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(!verdict.cleanup);
        let [(SERVICE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "KongService.configuration.konghq.com \"service\" not found; create it";
        assert!(message.starts_with(start), "{message}");
        cluster.delete(&key);
        assert_eq!(cluster.judge(&key).output, Output::Want(Vec::new()));
    }

    #[test]
    fn a_route_stays_while_its_service_is_being_deleted() {
        let (mut cluster, key) = with_service();
        let leaving = Standing {
            deleting: true,
            ..ready("service-id")
        };
        cluster.stand(&service_in("ns"), leaving);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(
            condition(&verdict, SERVICE_REF_VALID).message,
            "Referenced KongService ns/service is being deleted; delete this object too or correct \
             spec.serviceRef"
        );
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
    }

    #[test]
    fn service_and_control_plane_are_both_waited_for() {
        let (mut cluster, key) = with_service();
        let pending = control_plane_with(|home| home.readiness = Readiness::Pending);
        cluster.stand(&control_plane(), pending);
        let waiting = Standing {
            readiness: Readiness::Pending,
            ..ready("service-id")
        };
        cluster.stand(&service_in("ns"), waiting);
        let verdict = cluster.judge(&key);
        assert_eq!(
            failing(&verdict),
            [
                (
                    CONTROL_PLANE_REF_VALID,
                    NOT_PROGRAMMED,
                    "Referenced ControlPlane ns/cp is not programmed yet"
                ),
                (
                    SERVICE_REF_VALID,
                    INVALID,
                    "Referenced KongService ns/service is not programmed yet"
                ),
            ]
        );
        assert!(verdict.is_passing() && verdict.cleanup);
        assert_eq!(verdict.output, Output::KeepLastGood);
    }

    #[test]
    fn a_route_with_both_references_needs_them_to_agree() {
        let (mut cluster, _) = with_service();
        let mut spec = with_service_ref();
        spec["controlPlaneRef"] = control_plane_ref();
        let key = cluster.entity(Kind::KongRoute, spec);
        assert_eq!(failing(&cluster.judge(&key)), []);
        let elsewhere = Standing {
            home: control_plane_with(|home| {
                home.control_plane = Key::new(Kind::KonnectGatewayControlPlane, "ns", "second");
                home.id = Some(RemoteId::from("second-id"));
            })
            .home,
            ..ready("service-id")
        };
        cluster.stand(&service_in("ns"), elsewhere);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(SERVICE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            message,
            "Referenced KongService ns/service belongs to a different ControlPlane: it is in \
             ns/second, the object in ns/cp; correct spec.serviceRef or spec.controlPlaneRef"
        );
    }

    #[test]
    fn a_service_elsewhere_is_not_looked_at_without_a_grant() {
        let mut cluster = Cluster::with_control_plane();
        let mut spec = with_service_ref();
        spec["serviceRef"]["namespacedRef"]["namespace"] = json!("other");
        let key = cluster.entity(Kind::KongRoute, spec);
        cluster.stand(&service_in("other"), ready("service-id"));
        let verdict = cluster.judge(&key);
        let [(RESOLVED_REFS, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.starts_with(
            "cross-namespace reference to KongService service in namespace other from \
             KongRoute.configuration.konghq.com in namespace ns is not granted by any \
             KongReferenceGrant"
        ));
        assert_eq!(verdict.output, Output::KeepLastGood);
        let looked = Dep::Standing(service_in("other"));
        assert!(!cluster.reads(&key).contains(&looked));
        cluster.grant(Kind::KongRoute, Kind::KongService);
        let verdict = cluster.judge(&key);
        assert_eq!(
            condition(&verdict, RESOLVED_REFS).message,
            "KongReferenceGrants allow access to KongService"
        );
        assert_eq!(claims(&verdict).len(), 1);
    }

    #[test]
    fn a_route_that_refers_to_nothing_says_what_to_set() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.entity(Kind::KongRoute, json!({"paths": ["/"]}));
        let verdict = cluster.judge(&key);
        let [(CONTROL_PLANE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.ends_with("set spec.serviceRef or spec.controlPlaneRef"));
        assert!(!verdict.cleanup);
    }

    #[test]
    fn a_route_misses_the_control_plane_of_its_service_in_the_words_of_the_service() {
        let mut cluster = Cluster::new();
        let spec = json!({"host": "h.test", "controlPlaneRef": control_plane_ref()});
        let service = cluster.entity(Kind::KongService, spec);
        let key = cluster.entity(Kind::KongRoute, with_service_ref());
        let of_service = cluster.judge(&service);
        let lost = Standing {
            lost: of_service.lost.clone(),
            ..standing(Readiness::Blocked)
        };
        assert!(lost.lost.is_some());
        cluster.stand(&service, lost);
        let verdict = cluster.judge(&key);
        assert_eq!(
            condition(&verdict, CONTROL_PLANE_REF_VALID),
            condition(&of_service, CONTROL_PLANE_REF_VALID)
        );
        let said = condition(&verdict, SERVICE_REF_VALID);
        let start = "Referenced KongService ns/service is not programmed yet";
        assert!(said.message.starts_with(start), "{said:?}");
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        assert!(!verdict.cleanup);
        assert_eq!(verdict.lost, of_service.lost);
        // It is judged again as soon as there is such a control plane.
        let looked = Dep::Standing(control_plane());
        assert!(cluster.reads(&key).contains(&looked));
        cluster.stand(&control_plane(), control_plane_with(|_| {}));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(
            (verdict.home.as_deref(), verdict.lost),
            (Some(&home()), None)
        );
    }

    #[test]
    fn a_service_that_is_nowhere_itself_says_so_and_the_route_keeps_what_it_has() {
        let (mut cluster, key) = with_service();
        cluster.stand(&service_in("ns"), standing(Readiness::Blocked));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(SERVICE_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.ends_with("its own conditions say why"), "{message}");
    }
}
