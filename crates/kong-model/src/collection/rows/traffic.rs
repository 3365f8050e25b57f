//! Where requests go, and what is done to them on the way.

use super::{CORE, Collection, OnDelete, Parent, Reference, Row, Shorthand, Unique};

const CERTIFICATE: Reference = Reference {
    field: "client_certificate",
    to: Collection::Certificates,
    on_delete: OnDelete::Restrict,
};
const CA_CERTIFICATES: Reference = Reference {
    field: "ca_certificates",
    to: Collection::CaCertificates,
    on_delete: OnDelete::Restrict,
};
/// The port that Kong gives a target without one.
const TARGET_PORT: u16 = 8000;

/// What a plugin is for goes with what it is for.
const fn scope(field: &'static str, to: Collection) -> Reference {
    Reference {
        field,
        to,
        on_delete: OnDelete::Cascade,
    }
}

pub(in crate::collection) const UPSTREAMS: Row = Row {
    collection: Collection::Upstreams,
    name: "upstreams",
    list: "/v2/control-planes/{cp}/core-entities/upstreams",
    items: "/v2/control-planes/{cp}/core-entities/upstreams",
    references: &[CERTIFICATE],
    uniques: &[Unique::named(&["name"])],
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
    schema: include_str!("../../../schemas/upstreams.json"),
    ..CORE
};

pub(in crate::collection) const SERVICES: Row = Row {
    collection: Collection::Services,
    name: "services",
    list: "/v2/control-planes/{cp}/core-entities/services",
    items: "/v2/control-planes/{cp}/core-entities/services",
    references: &[CERTIFICATE, CA_CERTIFICATES],
    uniques: &[Unique::named(&["name"])],
    sets: &["tags", "ca_certificates"],
    defaults: r#"{
        "name": null, "protocol": "http", "host": null, "port": 80, "path": null, "retries": 5,
        "connect_timeout": 60000, "read_timeout": 60000, "write_timeout": 60000, "enabled": true,
        "tls_verify": null, "tls_verify_depth": null, "client_certificate": null,
        "ca_certificates": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/services.json"),
    shorthands: &[Shorthand::Url("url")],
    ..CORE
};

pub(in crate::collection) const ROUTES: Row = Row {
    collection: Collection::Routes,
    name: "routes",
    list: "/v2/control-planes/{cp}/core-entities/routes",
    items: "/v2/control-planes/{cp}/core-entities/routes",
    references: &[Reference {
        field: "service",
        to: Collection::Services,
        on_delete: OnDelete::Restrict,
    }],
    uniques: &[Unique::named(&["name"])],
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
    chosen: &["protocols"],
    defaults: r#"{
        "name": null, "protocols": null, "methods": null, "hosts": null, "paths": null,
        "headers": null, "https_redirect_status_code": 426, "regex_priority": 0,
        "strip_path": true, "path_handling": "v0", "preserve_host": false,
        "request_buffering": true, "response_buffering": true, "snis": null, "sources": null,
        "destinations": null, "service": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/routes.json"),
    ..CORE
};

pub(in crate::collection) const TARGETS: Row = Row {
    collection: Collection::Targets,
    name: "targets",
    list: "/v2/control-planes/{cp}/core-entities/targets",
    items: "/v2/control-planes/{cp}/core-entities/upstreams/{parent}/targets",
    parent: Some(Parent {
        to: Collection::Upstreams,
        field: "upstream",
    }),
    uniques: &[Unique::fixed(&["target"]).in_parent()],
    defaults: r#"{"target": null, "weight": 100, "failover": false, "tags": null}"#,
    schema: include_str!("../../../schemas/targets.json"),
    shorthands: &[Shorthand::Address {
        field: "target",
        port: TARGET_PORT,
    }],
    ..CORE
};

pub(in crate::collection) const PLUGINS: Row = Row {
    collection: Collection::Plugins,
    name: "plugins",
    list: "/v2/control-planes/{cp}/core-entities/plugins",
    items: "/v2/control-planes/{cp}/core-entities/plugins",
    references: &[
        scope("service", Collection::Services),
        scope("route", Collection::Routes),
        scope("consumer", Collection::Consumers),
        scope("consumer_group", Collection::ConsumerGroups),
    ],
    uniques: &[
        Unique::fixed(&["name", "service", "route", "consumer", "consumer_group"]).also_unset(),
        Unique::fixed(&["instance_name"]),
    ],
    sets: &["tags", "protocols"],
    open: &["config"],
    chosen: &["protocols", "ordering"],
    defaults: r#"{
        "name": null, "instance_name": null, "config": null, "enabled": true, "protocols": null,
        "ordering": null, "service": null, "route": null, "consumer": null,
        "consumer_group": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/plugins.json"),
    ..CORE
};
