//! KongService (konnect.md 1.6, 5.4, 5.5).

use kong_crds::conditions::{CA_CERTIFICATE_REFS_VALID, INVALID};
use kong_crds::configuration::v1alpha1::{KongService, KongServiceSpec};
use kong_model::Collection;
use kong_resolve::{Condition, Frame, Me, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{absent_if_empty, fill, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parents::client_certificate;

impl Judge for KongService {
    const FRAME: Frame = Frame::Konnect;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        let reference = me.spec.client_certificate_ref.as_ref();
        let certificate = client_certificate(&mut case, reference, place.home());
        refuse_ca_certificates(&mut case, me.spec);
        case.refuse_adoption(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Collection::Services,
            parent: None,
            specified: me.spec.id.as_deref(),
            scope: Some("service"),
            body: || {
                let mut members = members(Collection::Services, me.spec);
                absent_if_empty(&mut members, &["name", "protocol", "port", "url"]);
                fill(&mut members, defaults(me.spec));
                if let Some(id) = &certificate {
                    members.insert("client_certificate".to_owned(), json!({"id": id.as_str()}));
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

/// Without them the service would trust servers that the user does not.
fn refuse_ca_certificates(case: &mut Case<'_, '_>, spec: &KongServiceSpec) {
    if spec.ca_certificate_refs.iter().flatten().next().is_some() {
        case.say(Condition::fails(
            CA_CERTIFICATE_REFS_VALID,
            INVALID,
            "KongCACertificate is not served here yet; remove spec.caCertificateRefs",
        ));
    }
}
