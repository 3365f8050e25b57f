//! What an organisation has: itself, its control planes, and what these are told beside their configuration.

use crate::api::Host;

use super::{Below, CORE, Collection, Naming, Row, Shape, Shorthand, Unique, Update};

/// Lists of control planes give less than those of core entities.
const CONTROL_PLANE_PAGE: u32 = 100;

pub(in crate::collection) const IDENTITY: Row = Row {
    collection: Collection::Identity,
    name: "organizations",
    shape: Shape::Identity,
    host: Host::Global,
    list: "/v3/organizations/me",
    items: "/v3/organizations/me",
    naming: Naming::Labelled,
    update: Update::No,
    secrets: &["token"],
    sets: &[],
    defaults: r#"{"token": null, "server": null}"#,
    schema: r#"{"type": "object"}"#,
    facts: &["id"],
    page: 1,
    ..CORE
};

pub(in crate::collection) const CONTROL_PLANES: Row = Row {
    collection: Collection::ControlPlanes,
    name: "control-planes",
    shape: Shape::Numbered,
    list: "/v2/control-planes",
    items: "/v2/control-planes",
    naming: Naming::Labelled,
    update: Update::Patch {
        without: &["cluster_type", "cloud_gateway"],
    },
    uniques: &[Unique::named(&["name"])],
    sets: &[],
    chosen: &[
        "cluster_type",
        "auth_type",
        "cloud_gateway",
        "description",
        "proxy_urls",
    ],
    defaults: r#"{
        "name": null, "description": null, "labels": null, "cluster_type": null,
        "auth_type": null, "cloud_gateway": null, "proxy_urls": null
    }"#,
    schema: include_str!("../../../schemas/control-planes.json"),
    below: Some(Below {
        member: "config",
        fields: &["cluster_type", "auth_type", "cloud_gateway", "proxy_urls"],
    }),
    facts: &["config"],
    page: CONTROL_PLANE_PAGE,
    ..CORE
};

pub(in crate::collection) const GROUP_MEMBERSHIPS: Row = Row {
    collection: Collection::GroupMemberships,
    name: "group-memberships",
    shape: Shape::Membership,
    list: "/v2/control-planes/{cp}/group-memberships",
    items: "/v2/control-planes/{cp}/group-memberships",
    sets: &["members"],
    defaults: r#"{"members": null}"#,
    schema: include_str!("../../../schemas/group-memberships.json"),
    page: CONTROL_PLANE_PAGE,
    ..CORE
};

pub(in crate::collection) const DATA_PLANE_CERTIFICATES: Row = Row {
    collection: Collection::DataPlaneCertificates,
    name: "dp-client-certificates",
    shape: Shape::Wrapped,
    list: "/v2/control-planes/{cp}/dp-client-certificates",
    items: "/v2/control-planes/{cp}/dp-client-certificates",
    naming: Naming::Keyed,
    update: Update::No,
    uniques: &[Unique::fixed(&["cert"])],
    sets: &[],
    defaults: r#"{"cert": null}"#,
    schema: include_str!("../../../schemas/dp-client-certificates.json"),
    shorthands: &[Shorthand::Pem("cert")],
    ..CORE
};

pub(in crate::collection) const CONFIG_STORES: Row = Row {
    collection: Collection::ConfigStores,
    name: "config-stores",
    shape: Shape::Linked,
    list: "/v2/control-planes/{cp}/config-stores",
    items: "/v2/control-planes/{cp}/config-stores",
    naming: Naming::Keyed,
    // Without this a store that has secrets stays.
    removal: &[("force", "true")],
    uniques: &[Unique::named(&["name"])],
    sets: &[],
    defaults: r#"{"name": null}"#,
    schema: include_str!("../../../schemas/config-stores.json"),
    page: CONTROL_PLANE_PAGE,
    ..CORE
};
