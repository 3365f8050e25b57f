//! The rows of the table, one a collection.

use super::{Below, Collection, OnDelete, Parent, Reference, Shape, Shorthand, Update};

/// A combination of fields that no two entities of a control plane may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unique {
    pub(super) fields: &'static [&'static str],
    /// Whether the combination counts although all but the first are unset.
    pub(super) unset_counts: bool,
}

pub(super) struct Row {
    pub(super) collection: Collection,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Path of the list; `{cp}` and `{parent}` are filled in.
    pub(super) list: &'static str,
    /// Path under which entities are written, without the id.
    pub(super) items: &'static str,
    pub(super) update: Update,
    pub(super) parent: Option<Parent>,
    pub(super) references: &'static [Reference],
    pub(super) secrets: &'static [&'static str],
    pub(super) uniques: &'static [Unique],
    /// Lists whose order means nothing.
    pub(super) sets: &'static [&'static str],
    /// Members of which only what we send is compared: Konnect fills in the rest by a schema that we
    /// do not have.
    pub(super) open: &'static [&'static str],
    /// Members for which Konnect chooses a value when we send none.
    pub(super) chosen: &'static [&'static str],
    /// All members that we know, with the value that absence means.
    pub(super) defaults: &'static str,
    /// What requests may hold, in JSON Schema: the vendor's OpenAPI document without its prose.
    pub(super) schema: &'static str,
    pub(super) shorthands: &'static [Shorthand],
    pub(super) below: Option<Below>,
    /// Members of answers that statuses tell of.
    pub(super) facts: &'static [&'static str],
    /// The largest page that the API gives.
    pub(super) page: u32,
}

pub(super) const NAME: Unique = Unique {
    fields: &["name"],
    unset_counts: false,
};
const CERTIFICATE: Reference = Reference {
    field: "client_certificate",
    to: Collection::Certificates,
    on_delete: OnDelete::Restrict,
};
/// Konnect's core entity lists give at most a thousand entities a page.
const CORE_PAGE: u32 = 1000;
/// The port that Kong gives a target without one.
const TARGET_PORT: u16 = 8000;
/// Control plane lists likewise give less.
const CONTROL_PLANE_PAGE: u32 = 100;

pub(super) static ROWS: [Row; 9] = [
    Row {
        collection: Collection::Identity,
        name: "organizations",
        shape: Shape::Identity,
        list: "/v3/organizations/me",
        items: "/v3/organizations/me",
        update: Update::No,
        parent: None,
        references: &[],
        secrets: &["token"],
        uniques: &[],
        sets: &[],
        open: &[],
        chosen: &[],
        defaults: r#"{"token": null, "server": null}"#,
        schema: r#"{"type": "object"}"#,
        shorthands: &[],
        below: None,
        facts: &["id"],
        page: 1,
    },
    Row {
        collection: Collection::ControlPlanes,
        name: "control-planes",
        shape: Shape::Numbered,
        list: "/v2/control-planes",
        items: "/v2/control-planes",
        update: Update::Patch {
            without: &["cluster_type", "cloud_gateway"],
        },
        parent: None,
        references: &[],
        secrets: &[],
        uniques: &[NAME],
        sets: &[],
        open: &[],
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
        schema: include_str!("../../schemas/control-planes.json"),
        shorthands: &[],
        below: Some(Below {
            member: "config",
            fields: &["cluster_type", "auth_type", "cloud_gateway", "proxy_urls"],
        }),
        facts: &["config"],
        page: CONTROL_PLANE_PAGE,
    },
    Row {
        collection: Collection::GroupMemberships,
        name: "group-memberships",
        shape: Shape::Membership,
        list: "/v2/control-planes/{cp}/group-memberships",
        items: "/v2/control-planes/{cp}/group-memberships",
        update: Update::Put,
        parent: None,
        references: &[],
        secrets: &[],
        uniques: &[],
        sets: &["members"],
        open: &[],
        chosen: &[],
        defaults: r#"{"members": null}"#,
        schema: include_str!("../../schemas/group-memberships.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CONTROL_PLANE_PAGE,
    },
    Row {
        collection: Collection::Certificates,
        name: "certificates",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/certificates",
        items: "/v2/control-planes/{cp}/core-entities/certificates",
        update: Update::Put,
        parent: None,
        references: &[],
        secrets: &["key", "key_alt"],
        uniques: &[],
        sets: &["tags"],
        open: &[],
        chosen: &[],
        defaults: r#"{"cert": null, "key": null, "cert_alt": null, "key_alt": null, "tags": null}"#,
        schema: include_str!("../../schemas/certificates.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
    Row {
        collection: Collection::Upstreams,
        name: "upstreams",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/upstreams",
        items: "/v2/control-planes/{cp}/core-entities/upstreams",
        update: Update::Put,
        parent: None,
        references: &[CERTIFICATE],
        secrets: &[],
        uniques: &[NAME],
        sets: &["tags"],
        open: &[],
        chosen: &[],
        defaults: r#"{
            "name": null, "algorithm": "round-robin", "hash_on": "none", "hash_fallback": "none",
            "hash_on_header": null, "hash_fallback_header": null, "hash_on_cookie": null,
            "hash_on_cookie_path": "/", "hash_on_query_arg": null, "hash_fallback_query_arg": null,
            "hash_on_uri_capture": null, "hash_fallback_uri_capture": null, "slots": 10000,
            "host_header": null, "use_srv_name": false, "client_certificate": null,
            "sticky_sessions_cookie": null, "sticky_sessions_cookie_path": "/", "tags": null,
            "healthchecks": {
                "threshold": 0,
                "active": {
                    "concurrency": 10, "http_path": "/", "https_verify_certificate": true,
                    "timeout": 1, "type": "http",
                    "healthy": {"http_statuses": [200, 302], "interval": 0, "successes": 0},
                    "unhealthy": {
                        "http_failures": 0, "http_statuses": [429, 404, 500, 501, 502, 503, 504, 505],
                        "interval": 0, "tcp_failures": 0, "timeouts": 0
                    }
                },
                "passive": {
                    "type": "http",
                    "healthy": {
                        "http_statuses": [
                            200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                            300, 301, 302, 303, 304, 305, 306, 307, 308
                        ],
                        "successes": 0
                    },
                    "unhealthy": {
                        "http_failures": 0, "http_statuses": [429, 500, 503],
                        "tcp_failures": 0, "timeouts": 0
                    }
                }
            }
        }"#,
        schema: include_str!("../../schemas/upstreams.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
    Row {
        collection: Collection::Services,
        name: "services",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/services",
        items: "/v2/control-planes/{cp}/core-entities/services",
        update: Update::Put,
        parent: None,
        references: &[CERTIFICATE],
        secrets: &[],
        uniques: &[NAME],
        sets: &["tags", "ca_certificates"],
        open: &[],
        chosen: &[],
        defaults: r#"{
            "name": null, "protocol": "http", "host": null, "port": 80, "path": null, "retries": 5,
            "connect_timeout": 60000, "read_timeout": 60000, "write_timeout": 60000, "enabled": true,
            "tls_verify": null, "tls_verify_depth": null, "client_certificate": null,
            "ca_certificates": null, "tags": null
        }"#,
        schema: include_str!("../../schemas/services.json"),
        shorthands: &[Shorthand::Url("url")],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
    Row {
        collection: Collection::Routes,
        name: "routes",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/routes",
        items: "/v2/control-planes/{cp}/core-entities/routes",
        update: Update::Put,
        parent: None,
        references: &[Reference {
            field: "service",
            to: Collection::Services,
            on_delete: OnDelete::Restrict,
        }],
        secrets: &[],
        uniques: &[NAME],
        sets: &[
            "tags",
            "protocols",
            "methods",
            "hosts",
            "paths",
            "snis",
            "sources",
            "destinations",
        ],
        open: &[],
        chosen: &["protocols"],
        defaults: r#"{
            "name": null, "protocols": null, "methods": null, "hosts": null, "paths": null,
            "headers": null, "https_redirect_status_code": 426, "regex_priority": 0,
            "strip_path": true, "path_handling": "v0", "preserve_host": false,
            "request_buffering": true, "response_buffering": true, "snis": null, "sources": null,
            "destinations": null, "service": null, "tags": null
        }"#,
        schema: include_str!("../../schemas/routes.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
    Row {
        collection: Collection::Targets,
        name: "targets",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/targets",
        items: "/v2/control-planes/{cp}/core-entities/upstreams/{parent}/targets",
        update: Update::Put,
        parent: Some(Parent {
            to: Collection::Upstreams,
            field: "upstream",
        }),
        references: &[],
        secrets: &[],
        uniques: &[Unique {
            fields: &["target"],
            unset_counts: false,
        }],
        sets: &["tags"],
        open: &[],
        chosen: &[],
        defaults: r#"{"target": null, "weight": 100, "failover": false, "tags": null}"#,
        schema: include_str!("../../schemas/targets.json"),
        shorthands: &[Shorthand::Address {
            field: "target",
            port: TARGET_PORT,
        }],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
    Row {
        collection: Collection::Plugins,
        name: "plugins",
        shape: Shape::Core,
        list: "/v2/control-planes/{cp}/core-entities/plugins",
        items: "/v2/control-planes/{cp}/core-entities/plugins",
        update: Update::Put,
        parent: None,
        references: &[
            Reference {
                field: "service",
                to: Collection::Services,
                on_delete: OnDelete::Cascade,
            },
            Reference {
                field: "route",
                to: Collection::Routes,
                on_delete: OnDelete::Cascade,
            },
        ],
        secrets: &[],
        uniques: &[
            Unique {
                fields: &["name", "service", "route", "consumer", "consumer_group"],
                unset_counts: true,
            },
            Unique {
                fields: &["instance_name"],
                unset_counts: false,
            },
        ],
        sets: &["tags", "protocols"],
        open: &["config"],
        chosen: &["protocols", "ordering"],
        defaults: r#"{
            "name": null, "instance_name": null, "config": null, "enabled": true, "protocols": null,
            "ordering": null, "service": null, "route": null, "consumer": null,
            "consumer_group": null, "tags": null
        }"#,
        schema: include_str!("../../schemas/plugins.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
];
