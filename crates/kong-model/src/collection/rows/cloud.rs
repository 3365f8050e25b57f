//! Cloud gateways: networks that Konnect runs, and how these reach others.

use crate::api::Host;

use super::{CORE, Collection, Naming, OnDelete, Parent, Reference, Row, Shape, Unique, Update};

/// How many a page has at most.
const PAGE: u32 = 100;

pub(in crate::collection) const NETWORKS: Row = Row {
    collection: Collection::Networks,
    name: "networks",
    shape: Shape::Numbered,
    host: Host::Global,
    list: "/v2/cloud-gateways/networks",
    items: "/v2/cloud-gateways/networks",
    naming: Naming::Keyed,
    update: Update::No,
    uniques: &[Unique::named(&["name"])],
    sets: &["availability_zones"],
    defaults: r#"{
        "name": null, "cloud_gateway_provider_account_id": null, "region": null,
        "availability_zones": null, "cidr_block": null
    }"#,
    schema: include_str!("../../../schemas/networks.json"),
    made: r#"{
        "default": false, "provider_metadata": {}, "transit_gateway_count": 0,
        "configuration_reference_count": 0, "entity_version": 1
    }"#,
    facts: &["state"],
    page: PAGE,
    ..CORE
};

pub(in crate::collection) const TRANSIT_GATEWAYS: Row = Row {
    collection: Collection::TransitGateways,
    name: "transit-gateways",
    shape: Shape::Numbered,
    host: Host::Global,
    list: "/v2/cloud-gateways/networks/{parent}/transit-gateways",
    items: "/v2/cloud-gateways/networks/{parent}/transit-gateways",
    naming: Naming::Keyed,
    update: Update::No,
    parent: Some(Parent {
        to: Collection::Networks,
        field: "network",
    }),
    uniques: &[Unique::named(&["name"]).in_parent()],
    sets: &["cidr_blocks"],
    // Konnect says of an attachment under which id it is.
    open: &["transit_gateway_attachment_config"],
    defaults: r#"{
        "name": null, "cidr_blocks": null, "dns_config": null,
        "transit_gateway_attachment_config": null
    }"#,
    schema: include_str!("../../../schemas/transit-gateways.json"),
    made: r#"{"state": "initializing", "entity_version": 1, "dns_config": []}"#,
    facts: &["state"],
    page: PAGE,
    ..CORE
};

pub(in crate::collection) const DATA_PLANE_GROUP_CONFIGURATIONS: Row = Row {
    collection: Collection::DataPlaneGroupConfigurations,
    name: "configurations",
    shape: Shape::Numbered,
    host: Host::Global,
    list: "/v2/cloud-gateways/configurations",
    items: "/v2/cloud-gateways/configurations",
    narrowed: Some("filter[control_plane_id][eq]"),
    naming: Naming::Keyed,
    update: Update::Whole {
        emptied: "dataplane_groups",
    },
    references: &[Reference {
        field: "dataplane_groups.cloud_gateway_network_id",
        to: Collection::Networks,
        on_delete: OnDelete::Restrict,
    }],
    uniques: &[Unique::fixed(&["control_plane_id", "control_plane_geo"])],
    sets: &["dataplane_groups"],
    // What is asked for is answered beside what has come of it.
    echoed: Some(("dataplane_group_config", "dataplane_groups")),
    chosen: &["version"],
    defaults: r#"{
        "control_plane_id": null, "control_plane_geo": null, "version": null,
        "kind": "dedicated.v0", "api_access": "private+public", "dataplane_groups": null
    }"#,
    schema: include_str!("../../../schemas/configurations.json"),
    facts: &["dataplane_groups"],
    page: PAGE,
    ..CORE
};
