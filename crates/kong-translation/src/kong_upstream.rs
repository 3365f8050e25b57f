//! KongUpstream (konnect.md 1.4, 5.4, 5.5).

use kong_crds::configuration::v1alpha1::KongUpstream;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::client_certificate;

impl Judge for KongUpstream {
    const FRAME: Frame = Frame::Konnect;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let reference = me.spec.client_certificate_ref.as_ref();
        let certificate = client_certificate(&mut case, reference, place.home());
        case.refuse_adoption(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Collection::Upstreams,
            parent: None,
            specified: None,
            scope: None,
            body: || {
                let raw = me.spec.client_certificate.as_ref();
                let raw = raw.and_then(|certificate| certificate.id.as_deref());
                let mut members = members(Collection::Upstreams, me.spec);
                members.remove("client_certificate");
                if let Some(id) = certificate.as_ref().map(|id| id.as_str()).or(raw) {
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
