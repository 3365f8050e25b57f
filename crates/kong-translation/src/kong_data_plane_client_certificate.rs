//! KongDataPlaneClientCertificate: a certificate that data planes of a control plane, or of a group of
//! them, may show (konnect.md 1.24, 5.4).

use kong_crds::configuration::v1alpha1::KongDataPlaneClientCertificate;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};
use serde_json::Value;

use crate::bodies::members;
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::material;
use crate::parts::Parts;

impl Judge for KongDataPlaneClientCertificate {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::DataPlaneCertificates;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named_or_group(&mut case, &me.spec.control_plane_ref);
        if !me.meta.deleting && !material::is_pem(&me.spec.cert) {
            case.say_nonsense("spec.cert is not PEM; put a certificate in PEM there");
        }
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            // Konnect keeps no tags of them.
            body: || {
                let members = members(Self::AT, me.spec);
                kong_model::Body::from_wire(Self::AT, &Value::Object(members))
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::PROGRAMMED;
    use kong_resolve::Output;
    use serde_json::json;

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_ref, control_plane_with,
        failing, site,
    };

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";

    fn judged(cluster: &mut Cluster, cert: &str) -> Verdict {
        let spec = json!({"cert": cert, "controlPlaneRef": control_plane_ref()});
        let key = cluster.entity(Kind::KongDataPlaneClientCertificate, spec);
        cluster.judge(&key)
    }

    #[test]
    fn a_certificate_is_sent_without_tags() {
        let mut cluster = Cluster::with_control_plane();
        let verdict = judged(&mut cluster, PEM);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(body(claim), json!({"cert": PEM}));
        assert_eq!(claim.site, site(Collection::DataPlaneCertificates));
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn a_group_has_data_planes_too() {
        let mut cluster = Cluster::new();
        cluster.stand(
            &control_plane(),
            control_plane_with(|home| home.group = true),
        );
        let verdict = judged(&mut cluster, PEM);
        assert_eq!(claims(&verdict).len(), 1);
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let mut cluster = Cluster::with_control_plane();
        let verdict = judged(&mut cluster, "hunter2");
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = condition(&verdict, PROGRAMMED);
        assert_eq!(
            said.message,
            "spec.cert is not PEM; put a certificate in PEM there"
        );
    }
}
