//! KonnectCloudGatewayNetwork: a network in which Konnect runs data planes (konnect.md 1.29, 5.4, 6.3).
//!
//! It is in no control plane, and has credentials of its own. Konnect takes its time to make it ready: it is
//! Programmed as soon as it is asked for, and who uses it looks at its state.

use std::sync::Arc;

use kong_crds::konnect::v1alpha1::KonnectCloudGatewayNetwork;
use kong_model::{Body, Collection};
use kong_resolve::{CredentialState, DriftPolicy, Frame, Home, Me, Readiness, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::{fill, members};
use crate::case::Case;
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

impl Judge for KonnectCloudGatewayNetwork {
    const FRAME: Frame = Frame::Native;
    const AT: Collection = Collection::Networks;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let credentials = control_plane::own_credentials(&mut case, &me.spec.konnect.auth_ref);
        for condition in control_plane::credentials(&credentials, me.key) {
            case.say(condition);
        }
        let valid = matches!(credentials.state, CredentialState::Valid(_));
        case.adopt(me.spec.adopt.as_ref());
        let home = Home {
            control_plane: me.key.clone(),
            id: None,
            readiness: Readiness::Pending,
            deleting: me.meta.deleting,
            group: false,
            mirror: false,
            drift: DriftPolicy::default(),
            credentials,
        };
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let mut members = members(Self::AT, me.spec);
                fill(&mut members, json!({"state": "initializing"}));
                Body::from_wire(Self::AT, &Value::Object(members))
            },
        };
        let verdict = conclude(case, Place::Known(Arc::new(home)), entity);
        Verdict {
            cleanup: verdict.cleanup && valid,
            ..verdict
        }
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::conditions::{API_AUTH_RESOLVED_REF, REF_NOT_FOUND};
    use kong_resolve::{Key, Output, Standing};

    use super::*;
    use crate::testing::{Cluster, account, body, claims, configuration, failing, standing};

    fn apply(cluster: &mut Cluster) -> Key {
        cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectCloudGatewayNetwork",
            "metadata": {"name": "network"},
            "spec": {
                "name": "net", "cloud_gateway_provider_account_id": "account", "region": "eu-west-1",
                "availability_zones": ["euw1-az1"], "cidr_block": "10.4.0.0/16",
                "konnect": {"authRef": {"name": "auth"}},
            },
        }))
    }

    fn valid() -> Standing {
        Standing {
            account: Some(Box::new(account())),
            ..standing(Readiness::Ready)
        }
    }

    #[test]
    fn a_network_is_in_no_control_plane() {
        let mut cluster = Cluster::new();
        cluster.stand(&configuration(), valid());
        let key = apply(&mut cluster);
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            body(claim),
            json!({
                "name": "net", "cloud_gateway_provider_account_id": "account",
                "region": "eu-west-1", "availability_zones": ["euw1-az1"],
                "cidr_block": "10.4.0.0/16", "state": "initializing",
            })
        );
        assert_eq!(claim.site.control_plane, None);
        assert_eq!(claim.configuration, configuration());
        assert_eq!(verdict.pins, [configuration()]);
        assert!(verdict.cleanup);
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn missing_credentials_keep_the_network_as_it_is() {
        let mut cluster = Cluster::new();
        let key = apply(&mut cluster);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let [(API_AUTH_RESOLVED_REF, REF_NOT_FOUND, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.contains("spec.konnect.authRef"), "{message}");
    }
}
