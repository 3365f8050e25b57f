//! KonnectCloudGatewayTransitGateway: how a network of Konnect is joined to one of the user
//! (konnect.md 1.31, 5.4, 6.3). It lives below its network, with the credentials of that.

use std::sync::Arc;

use kong_crds::konnect::v1alpha1::{
    KonnectCloudGatewayTransitGateway, KonnectCloudGatewayTransitGatewaySpec, TransitGatewayType,
};
use kong_model::{Body, Collection};
use kong_resolve::{Frame, Me, Standing, Verdict, View};
use serde::Serialize;
use serde_json::{Value, json};

use crate::bodies::Members;
use crate::case::Case;
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::networks::{self, Network};
use crate::parts::Parts;

impl Judge for KonnectCloudGatewayTransitGateway {
    const FRAME: Frame = Frame::Native;
    const AT: Collection = Collection::TransitGateways;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        let network = networks::object(&case, "spec.networkRef", &me.spec.network_ref);
        if !me.meta.deleting {
            networks::tell(&mut case, std::slice::from_ref(&network));
        }
        case.makes_way = network.standing.is_some_and(Standing::takes_along);
        let place = place(&mut case, &network);
        let parent = network.id.filter(|_| network.standing.is_some());
        case.ids.extend(parent.clone().map(|id| ("networkID", id)));
        let members = members(&mut case, me.spec);
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || Body::from_wire(Self::AT, &Value::Object(members)),
        };
        conclude(case, place, entity)
    }
}

/// Where it is: with its network.
fn place(case: &mut Case<'_, '_>, network: &Network<'_>) -> Place {
    if network.missing {
        return Place::Gone(None);
    }
    let home = network.standing.and_then(Standing::as_home);
    let Some(home) = home else {
        return Place::Unclear;
    };
    for condition in control_plane::credentials(&home.credentials, &home.control_plane) {
        case.say(condition);
    }
    Place::Known(Arc::new(home))
}

fn members(case: &mut Case<'_, '_>, spec: &KonnectCloudGatewayTransitGatewaySpec) -> Members {
    match (
        spec.type_,
        &spec.aws_transit_gateway,
        &spec.azure_transit_gateway,
    ) {
        (TransitGatewayType::Aws, Some(gateway), _) => {
            let kind = "aws-transit-gateway-attachment";
            of(gateway, &gateway.attachment_config, kind)
        }
        (TransitGatewayType::Azure, _, Some(gateway)) => {
            let kind = "azure-vnet-peering-attachment";
            of(gateway, &gateway.attachment_config, kind)
        }
        (TransitGatewayType::Aws, None, _) => {
            case.say_nonsense(
                "must set spec.awsTransitGateway when spec.type is 'AWSTransitGateway'",
            );
            Members::new()
        }
        (TransitGatewayType::Azure, _, None) => {
            case.say_nonsense(
                "must set spec.azureTransitGateway when spec.type is 'AzureTransitGateway'",
            );
            Members::new()
        }
        (TransitGatewayType::Unknown, _, _) => {
            case.say_nonsense(
                "spec.type is neither AWSTransitGateway nor AzureTransitGateway; correct it",
            );
            Members::new()
        }
    }
}

/// The body, which has the attachment under another name and with its kind.
fn of(gateway: &impl Serialize, attachment: &impl Serialize, kind: &str) -> Members {
    let Value::Object(mut members) = json!(gateway) else {
        return Members::new();
    };
    members.remove("attachment_config");
    let mut attachment = json!(attachment);
    attachment["kind"] = json!(kind);
    members.insert("transit_gateway_attachment_config".to_owned(), attachment);
    members
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::Kind;
    use kong_model::RemoteId;
    use kong_resolve::{Intent, Key, Output};

    use super::*;
    use crate::testing::{Cluster, body, claims, configuration, failing, home, ready};

    fn network() -> Key {
        Key::new(Kind::KonnectCloudGatewayNetwork, "ns", "network")
    }

    fn ready_network() -> Standing {
        let home = kong_resolve::Home {
            control_plane: network(),
            id: None,
            ..home()
        };
        Standing {
            state: Some(Arc::from("ready")),
            home: Some(Arc::new(home)),
            ..ready("network-id")
        }
    }

    fn apply(cluster: &mut Cluster, fields: Value) -> Key {
        let mut spec = json!({
            "networkRef": {"type": "namespacedRef", "namespacedRef": {"name": "network"}},
        });
        for (field, value) in fields.as_object().unwrap() {
            spec[field] = value.clone();
        }
        cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectCloudGatewayTransitGateway",
            "metadata": {"name": "transit"}, "spec": spec,
        }))
    }

    fn aws() -> Value {
        json!({"type": "AWSTransitGateway", "awsTransitGateway": {
            "name": "aws", "cidr_blocks": ["10.0.0.0/8"],
            "attachment_config": {"ram_share_arn": "arn", "transit_gateway_id": "tgw"},
        }})
    }

    #[test]
    fn a_transit_gateway_lives_below_its_network_with_the_credentials_of_that() {
        let azure = json!({"type": "AzureTransitGateway", "azureTransitGateway": {
            "name": "azure",
            "dns_config": [{
                "domain_proxy_list": ["a.test"], "remote_dns_server_ip_addresses": ["10.0.0.1"],
            }],
            "attachment_config": {
                "resource_group_name": "r", "subscription_id": "s", "tenant_id": "t",
                "vnet_name": "v",
            },
        }});
        for (fields, expected) in [
            (
                aws(),
                json!({
                    "name": "aws", "cidr_blocks": ["10.0.0.0/8"],
                    "transit_gateway_attachment_config": {
                        "kind": "aws-transit-gateway-attachment", "ram_share_arn": "arn",
                        "transit_gateway_id": "tgw",
                    },
                }),
            ),
            (
                azure,
                json!({
                    "name": "azure",
                    "dns_config": [{
                        "domain_proxy_list": ["a.test"],
                        "remote_dns_server_ip_addresses": ["10.0.0.1"],
                    }],
                    "transit_gateway_attachment_config": {
                        "kind": "azure-vnet-peering-attachment", "resource_group_name": "r",
                        "subscription_id": "s", "tenant_id": "t", "vnet_name": "v",
                    },
                }),
            ),
        ] {
            let mut cluster = Cluster::new();
            cluster.stand(&network(), ready_network());
            let key = apply(&mut cluster, fields);
            let verdict = cluster.judge(&key);
            let [claim] = claims(&verdict) else {
                panic!("{verdict:?}")
            };
            assert_eq!(body(claim), expected);
            assert_eq!(claim.site.control_plane, None);
            assert_eq!(claim.site.parent, Some(RemoteId::from("network-id")));
            assert_eq!(claim.configuration, configuration());
            assert_eq!(verdict.ids, [("networkID", RemoteId::from("network-id"))]);
            assert_eq!(failing(&verdict), []);
        }
    }

    #[test]
    fn a_transit_gateway_goes_before_its_network_and_with_it() {
        let mut cluster = Cluster::new();
        let key = apply(&mut cluster, aws());
        assert_eq!(cluster.judge(&key).output, Output::Want(Vec::new()));
        let leaving = Standing {
            deleting: true,
            ..ready_network()
        };
        cluster.stand(&network(), leaving);
        assert_eq!(claims(&cluster.judge(&key))[0].intent, Intent::Absent);
    }
}
