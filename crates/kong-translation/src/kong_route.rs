//! KongRoute: in the control plane of its service, or in its own (konnect.md 1.7, 2.6, 5.4, 5.5).

use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, INVALID};
use kong_crds::configuration::v1alpha1::KongRoute;
use kong_crds::reference::{NamespacedRef, ServiceRef};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Condition, Frame, Me, Standing, Verdict, View, grants};
use serde_json::{Value, json};

use crate::bodies::{absent_if_empty, fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane::{self, Place, is_shared};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::SERVICE;

impl Judge for KongRoute {
    const FRAME: Frame = Frame::Konnect;

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
        case.refuse_adoption(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Collection::Routes,
            parent: None,
            specified: me.spec.id.as_deref(),
            scope: Some("route"),
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

/// The service; `None` if it does not exist or may not be looked at.
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
    let theirs = case.view.standing(&key).and_then(|it| it.home.as_ref());
    if let (Some(theirs), Some(ours)) = (theirs, own.and_then(Place::home))
        && !is_shared(theirs, ours)
    {
        case.say(SERVICE.elsewhere(&key, theirs, ours));
        return None;
    }
    SERVICE.follow(case, &key)
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
