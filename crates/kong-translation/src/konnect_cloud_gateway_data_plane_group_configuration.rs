//! KonnectCloudGatewayDataPlaneGroupConfiguration: where Konnect runs data planes of a control plane, and how
//! many (konnect.md 1.30, 5.4, 6.3). There is one in a control plane.

use kong_crds::konnect::v1alpha1::{
    AutoscaleType, DataPlaneGroup, KonnectCloudGatewayDataPlaneGroupConfiguration,
};
use kong_model::{Body, Collection, RemoteId};
use kong_resolve::{Frame, Home, Me, Standing, Verdict, View};
use serde_json::{Value, json};

use crate::bodies::members;
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::networks;
use crate::parts::Parts;

impl Judge for KonnectCloudGatewayDataPlaneGroupConfiguration {
    const FRAME: Frame = Frame::Native;
    const AT: Collection = Collection::DataPlaneGroupConfigurations;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, &me.spec.control_plane_ref);
        // It is beside the control plane, not in it, and what it has asked for would stay.
        let standing = place
            .home()
            .and_then(|home| view.standing(&home.control_plane));
        case.makes_way = standing.is_some_and(Standing::takes_along);
        let home_id = place.home().and_then(|home| home.id.clone());
        case.ids
            .extend(home_id.clone().map(|id| ("controlPlaneID", id)));
        let groups = me.spec.dataplane_groups.as_deref().unwrap_or_default();
        let networks = networks(&mut case, groups, place.home());
        // Known also while the token is refused, which changes nothing about what is wanted.
        let geo = place
            .home()
            .and_then(|home| home.credentials.region.clone());
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let mut members = members(Self::AT, me.spec);
                let of = |(group, network): (&DataPlaneGroup, &Option<RemoteId>)| {
                    data_plane_group(group, network.as_ref())
                };
                let groups: Vec<Value> = groups.iter().zip(&networks).map(of).collect();
                members.insert("dataplane_groups".to_owned(), json!(groups));
                members
                    .extend(home_id.map(|id| ("control_plane_id".to_owned(), json!(id.as_str()))));
                members.extend(geo.map(|geo| ("control_plane_geo".to_owned(), json!(&*geo))));
                Body::from_wire(Self::AT, &Value::Object(members))
            },
        };
        conclude(case, place, entity)
    }
}

/// The ids of the networks of the groups. A deletion needs none.
fn networks(
    case: &mut Case<'_, '_>,
    groups: &[DataPlaneGroup],
    home: Option<&Home>,
) -> Vec<Option<RemoteId>> {
    if case.meta.deleting {
        return Vec::new();
    }
    let look = |(index, group): (usize, &DataPlaneGroup)| {
        let field = format!("spec.dataplane_groups[{index}].networkRef");
        networks::look(case, &field, &group.network_ref, home)
    };
    let found: Vec<_> = groups.iter().enumerate().map(look).collect();
    if !found.is_empty() {
        networks::tell(case, &found);
    }
    found.into_iter().map(|network| network.id).collect()
}

fn data_plane_group(group: &DataPlaneGroup, network: Option<&RemoteId>) -> Value {
    let autoscale = &group.autoscale;
    let mut scale = match autoscale.type_ {
        AutoscaleType::Static => json!(autoscale.static_),
        AutoscaleType::Autopilot | AutoscaleType::Unknown => json!(autoscale.autopilot),
    };
    if scale.is_null() {
        scale = json!({});
    }
    scale["kind"] = json!(autoscale.type_);
    let mut body = json!({
        "provider": group.provider, "region": group.region, "autoscale": scale,
    });
    if let Some(network) = network {
        body["cloud_gateway_network_id"] = json!(network.as_str());
    }
    if let Some(environment) = &group.environment {
        body["environment"] = json!(environment);
    }
    body
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use std::sync::Arc;

    use kong_crds::Kind;
    use kong_crds::conditions::{INVALID, NETWORK_REFS_VALID};
    use kong_resolve::{Intent, Key, Output, Sight};

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_ref, control_plane_with,
        failing, ready, site,
    };

    fn network(state: &str) -> Standing {
        Standing {
            state: Some(Arc::from(state)),
            ..ready("network-id")
        }
    }

    fn with(reference: Value, standing: Option<Standing>) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        if let Some(standing) = standing {
            let network = Key::new(Kind::KonnectCloudGatewayNetwork, "ns", "network");
            cluster.stand(&network, standing);
        }
        let kind = "KonnectCloudGatewayDataPlaneGroupConfiguration";
        let key = cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": kind,
            "metadata": {"name": "groups"},
            "spec": {
                "version": "3.12", "api_access": "private", "controlPlaneRef": control_plane_ref(),
                "dataplane_groups": [{
                    "provider": "aws", "region": "eu-west-1", "networkRef": reference,
                    "autoscale": {"type": "autopilot", "autopilot": {"base_rps": 10}},
                    "environment": [{"name": "KONG_LOG_LEVEL", "value": "info"}],
                }],
            },
        }));
        (cluster, key)
    }

    fn named() -> Value {
        json!({"type": "namespacedRef", "namespacedRef": {"name": "network"}})
    }

    #[test]
    fn a_configuration_names_control_plane_region_and_networks() {
        let by_id = json!({"type": "konnectID", "konnectID": "network-id"});
        for reference in [named(), by_id] {
            let (mut cluster, key) = with(reference, Some(network("ready")));
            let state = Some(Arc::from("ready"));
            cluster.show(Collection::Networks, "network-id", Sight::There { state });
            let verdict = cluster.judge(&key);
            let [claim] = claims(&verdict) else {
                panic!("{verdict:?}")
            };
            assert_eq!(
                body(claim),
                json!({
                    "version": "3.12", "api_access": "private", "control_plane_id": "cp-id",
                    "control_plane_geo": "us",
                    "dataplane_groups": [{
                        "provider": "aws", "region": "eu-west-1",
                        "cloud_gateway_network_id": "network-id",
                        "autoscale": {"kind": "autopilot", "base_rps": 10},
                        "environment": [{"name": "KONG_LOG_LEVEL", "value": "info"}],
                    }],
                })
            );
            assert_eq!(claim.site, site(Collection::DataPlaneGroupConfigurations));
            assert_eq!(verdict.ids, [("controlPlaneID", RemoteId::from("cp-id"))]);
            assert_eq!(failing(&verdict), []);
        }
    }

    #[test]
    fn a_configuration_goes_before_its_control_plane() {
        let (mut cluster, key) = with(named(), Some(network("ready")));
        let deleting = control_plane_with(|home| home.deleting = true);
        cluster.stand(
            &control_plane(),
            Standing {
                deleting: true,
                ..deleting
            },
        );
        assert_eq!(claims(&cluster.judge(&key))[0].intent, Intent::Absent);
    }

    #[test]
    fn a_network_that_is_not_ready_is_waited_for() {
        let cases = [
            (
                None,
                "KonnectCloudGatewayNetwork.konnect.konghq.com \"network\" not found; create it",
            ),
            (
                Some(network("initializing")),
                "Referenced KonnectCloudGatewayNetwork ns/network: is not ready yet, current \
                 state: initializing",
            ),
            (
                Some(Standing {
                    deleting: true,
                    ..network("terminating")
                }),
                "Referenced KonnectCloudGatewayNetwork ns/network is being deleted; delete this",
            ),
        ];
        for (standing, start) in cases {
            let (cluster, key) = with(named(), standing);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            let said = condition(&verdict, NETWORK_REFS_VALID);
            assert_eq!(said.reason, INVALID);
            assert!(said.message.starts_with(start), "{said:?}");
        }
    }
}
