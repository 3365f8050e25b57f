//! What Konnect runs for a control plane, and where.

use kong_crds::Kind;
use serde_json::json;

use super::{DataPlanes, Document, Network, plane_ref};

/// A network opened by the configuration "auth" that is called in Konnect as here.
pub fn network(name: &str) -> Document<Network> {
    Document::<Network>::new(Kind::KonnectCloudGatewayNetwork, name).with(
        "spec",
        json!({
            "name": name, "region": "eu-west-1", "availability_zones": ["euw1-az1"],
            "cloud_gateway_provider_account_id": "8b0bd0a2-1c9f-4f35-92d6-0f4b6f7ad4a1",
            "cidr_block": "10.4.0.0/16", "konnect": {"authRef": {"name": "auth"}},
        }),
    )
}

/// The data planes of the control plane "cp", in the network with this id in Konnect.
pub fn data_planes(name: &str, network: &str) -> Document<DataPlanes> {
    let kind = Kind::KonnectCloudGatewayDataPlaneGroupConfiguration;
    Document::<DataPlanes>::new(kind, name).with(
        "spec",
        json!({
            "version": "3.12", "controlPlaneRef": plane_ref("cp"),
            "dataplane_groups": [{
                "provider": "aws", "region": "eu-west-1",
                "networkRef": {"type": "konnectID", "konnectID": network},
                "autoscale": {"type": "autopilot", "autopilot": {"base_rps": 10}},
            }],
        }),
    )
}
