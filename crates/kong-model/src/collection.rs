//! The table of everything Konnect stores for us: paths, parents, defaults, what is secret, what is
//! unique, what a deletion takes along.
//!
//! The quirks of the API are rows here and nowhere else. A new kind of entity is a new variant and a
//! new row. Sources: konnect.md 5.4, 5.5 and the vendor's OpenAPI document.

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::body::Body;

/// A collection of entities in Konnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The organisation that a token belongs to: read, never written.
    Identity,
    /// Control planes and control plane groups.
    ControlPlanes,
    /// The members of a control plane group: one list a group.
    GroupMemberships,
    /// Certificates with their keys.
    Certificates,
    /// Upstreams.
    Upstreams,
    /// Services.
    Services,
    /// Routes.
    Routes,
    /// Targets of upstreams.
    Targets,
    /// Plugins, in whatever scope.
    Plugins,
}

/// How answers and lists of a collection look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `GET` of one object, nothing else.
    Identity,
    /// `{data, meta: {page: {number, size, total}}}`, numbered pages.
    Numbered,
    /// `{data, offset}`, cursors; `PUT` is an upsert under an id of our choice.
    Core,
    /// One list of ids that belongs to its parent and goes with it.
    Membership,
}

/// How an entity that exists is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Never.
    No,
    /// `PUT` of the whole body, which also creates.
    Put,
    /// `PATCH` of the body without the named fields; created by `POST`.
    Patch {
        /// Fields that only a creation takes.
        without: &'static [&'static str],
    },
}

/// What Konnect does with an entity when the one it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// It goes too.
    Cascade,
    /// The deletion is refused while it is there.
    Restrict,
}

/// A member of a body that holds the id of another entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The member: `service` for `service: {id}`.
    pub field: &'static str,
    /// Where the other entity lives.
    pub to: Collection,
    /// What happens when the other one is deleted.
    pub on_delete: OnDelete,
}

/// The parent in the path of an entity, besides the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Where the parent lives.
    pub to: Collection,
    /// The member of answers that holds its id.
    pub field: &'static str,
}

/// A combination of fields that no two entities of a control plane may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unique {
    fields: &'static [&'static str],
    /// Whether the combination counts although all but the first are unset.
    unset_counts: bool,
}

/// Another spelling of a member, which answers never have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shorthand {
    /// This member is a URL that stands for `protocol`, `host`, `port` and `path`.
    Url(&'static str),
    /// This member is an address; Kong adds the port where it names none.
    Address {
        /// The member.
        field: &'static str,
        /// The port.
        port: u16,
    },
}

/// Members of requests that answers keep one level down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Below {
    /// The member of answers that holds them: `config`.
    pub member: &'static str,
    /// The members of requests.
    pub fields: &'static [&'static str],
}

struct Row {
    collection: Collection,
    name: &'static str,
    shape: Shape,
    /// Path of the list; `{cp}` and `{parent}` are filled in.
    list: &'static str,
    /// Path under which entities are written, without the id.
    items: &'static str,
    update: Update,
    parent: Option<Parent>,
    references: &'static [Reference],
    secrets: &'static [&'static str],
    uniques: &'static [Unique],
    /// Lists whose order means nothing.
    sets: &'static [&'static str],
    /// Members of which only what we send is compared: Konnect fills in the rest by a schema that we
    /// do not have.
    open: &'static [&'static str],
    /// Members for which Konnect chooses a value when we send none.
    chosen: &'static [&'static str],
    /// All members that we know, with the value that absence means.
    defaults: &'static str,
    /// What requests may hold, in JSON Schema: the vendor's OpenAPI document without its prose.
    schema: &'static str,
    shorthands: &'static [Shorthand],
    below: Option<Below>,
    /// Members of answers that statuses tell of.
    facts: &'static [&'static str],
    /// The largest page that the API gives.
    page: u32,
}

const NAME: Unique = Unique {
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

static ROWS: [Row; 9] = [
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
        schema: include_str!("../schemas/control-planes.json"),
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
        schema: include_str!("../schemas/group-memberships.json"),
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
        schema: include_str!("../schemas/certificates.json"),
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
        schema: include_str!("../schemas/upstreams.json"),
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
        schema: include_str!("../schemas/services.json"),
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
        schema: include_str!("../schemas/routes.json"),
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
        schema: include_str!("../schemas/targets.json"),
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
        schema: include_str!("../schemas/plugins.json"),
        shorthands: &[],
        below: None,
        facts: &[],
        page: CORE_PAGE,
    },
];

static DEFAULTS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    ROWS.iter()
        .map(|row| serde_json::from_str(row.defaults).expect("the defaults of a row are JSON"))
        .collect()
});

static SCHEMAS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    ROWS.iter()
        .map(|row| serde_json::from_str(row.schema).expect("the schema of a row is JSON"))
        .collect()
});

impl Collection {
    /// Every collection, parents before children.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.collection)
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name in paths and logs: `services`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What its answers look like.
    pub fn shape(self) -> Shape {
        self.row().shape
    }

    /// How an entity is changed.
    pub fn update(self) -> Update {
        self.row().update
    }

    /// Whether an entity is created under an id of our choice. What is not is created by `POST`, and
    /// only after a look-up.
    pub fn takes_our_id(self) -> bool {
        matches!(self.shape(), Shape::Core | Shape::Membership)
    }

    /// The parent in the path, besides the control plane.
    pub fn parent(self) -> Option<Parent> {
        self.row().parent
    }

    /// The members that refer to other entities.
    pub fn references(self) -> &'static [Reference] {
        self.row().references
    }

    /// The members whose text is never shown.
    pub fn secrets(self) -> &'static [&'static str] {
        self.row().secrets
    }

    /// The members that are lists without order.
    pub fn sets(self) -> &'static [&'static str] {
        self.row().sets
    }

    /// The members of which only what we send is compared.
    pub fn open(self) -> &'static [&'static str] {
        self.row().open
    }

    /// The members for which Konnect chooses a value when we send none.
    pub fn chosen(self) -> &'static [&'static str] {
        self.row().chosen
    }

    /// All members that we know with the value that absence means; null is no value.
    pub fn defaults(self) -> &'static Map<String, Value> {
        &DEFAULTS[self as usize]
    }

    /// What the body of a request may hold: a JSON Schema of `type`, `nullable`, `enum`, `minimum`,
    /// `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `maxProperties`, `required`, `items`,
    /// `properties`, `additionalProperties`, `default`, `writeOnly` and `format` (`uuid`, `label`).
    pub fn schema(self) -> &'static Value {
        &SCHEMAS[self as usize]
    }

    /// The members that are other spellings.
    pub fn shorthands(self) -> &'static [Shorthand] {
        self.row().shorthands
    }

    /// The members that answers keep one level down.
    pub fn below(self) -> Option<Below> {
        self.row().below
    }

    /// The members of answers that statuses tell of.
    pub fn facts(self) -> &'static [&'static str] {
        self.row().facts
    }

    /// The largest page that its list gives.
    pub fn page(self) -> u32 {
        self.row().page
    }

    /// The path of the list.
    pub fn list_path(self) -> &'static str {
        self.row().list
    }

    /// The path under which entities are written.
    pub fn items_path(self) -> &'static str {
        self.row().items
    }

    /// The member that carries a unique name and can be changed to a temporary one, so that two
    /// entities can swap names. Where there is none a swap deletes one of the two first.
    pub fn name_field(self) -> Option<&'static str> {
        self.row().uniques.contains(&NAME).then_some("name")
    }

    /// What of `body` no other entity of the same control plane (or organisation) may have. `parent`
    /// is the id of the parent in the path.
    pub fn uniques(self, body: &Body, parent: Option<&str>) -> Vec<UniqueKey> {
        let key = |unique: &Unique| {
            let mut parts = Vec::new();
            for (index, field) in unique.fields.iter().enumerate() {
                match body.text(field).or_else(|| body.reference(field)) {
                    Some(value) => parts.push(format!("{field} \"{value}\"")),
                    None if index > 0 && unique.unset_counts => {}
                    None => return None,
                }
            }
            if let (Some(parent), Some(id)) = (self.parent(), parent) {
                parts.push(format!("{} \"{id}\"", parent.field));
            }
            Some(UniqueKey {
                collection: self,
                fields: unique.fields,
                text: parts.join(", "),
            })
        };
        self.row().uniques.iter().filter_map(key).collect()
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What no two entities of a collection may share, in words: `name "shop"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueKey {
    collection: Collection,
    fields: &'static [&'static str],
    text: String,
}

impl UniqueKey {
    /// The collection in which it is unique.
    pub fn collection(&self) -> Collection {
        self.collection
    }

    /// The members that count, set or not.
    pub fn fields(&self) -> &'static [&'static str] {
        self.fields
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_collection_has_its_own_row() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.collection as usize, index, "{}", row.name);
            assert_eq!(row.collection.defaults().len(), DEFAULTS[index].len());
            let known = |field: &&&str| !row.collection.defaults().contains_key(**field);
            let named = [row.secrets, row.sets, row.open, row.chosen];
            let unknown: Vec<_> = named
                .iter()
                .flat_map(|list| list.iter())
                .filter(known)
                .collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", row.name);
        }
    }

    #[test]
    fn what_we_know_of_a_collection_agrees_with_its_schema() {
        for collection in Collection::all().filter(|at| at.shape() != Shape::Identity) {
            let properties = &collection.schema()["properties"];
            for (field, default) in collection.defaults() {
                let property = &properties[field];
                assert!(property.is_object(), "{collection} {field}");
                if !default.is_null() && !default.is_object() {
                    assert_eq!(&property["default"], default, "{collection} {field}");
                }
                let silent = default.is_null() && !collection.chosen().contains(&field.as_str());
                // Empty and absent are one in the normal form.
                let empty = |value: &Value| value.is_null() || *value == json!({});
                assert!(
                    !silent || empty(&property["default"]),
                    "{collection} {field} has a default"
                );
            }
        }
    }

    #[test]
    fn a_plugin_is_unique_in_its_scope_also_where_it_has_none() {
        let uniques = |value| {
            let body = Body::from_wire(Collection::Plugins, &value);
            Collection::Plugins.uniques(&body, None)
        };
        let global = uniques(json!({"name": "cors"}));
        let scoped = uniques(json!({"name": "cors", "service": {"id": "s"}}));
        assert_eq!(global.len(), 1);
        assert_ne!(global, scoped);
        assert_eq!(scoped[0].to_string(), r#"name "cors", service "s""#);
    }

    #[test]
    fn an_entity_without_a_name_claims_none() {
        let body = Body::from_wire(Collection::Services, &json!({"host": "h"}));
        assert_eq!(Collection::Services.uniques(&body, None), []);
    }

    #[test]
    fn a_target_is_unique_in_its_upstream() {
        let body = Body::from_wire(Collection::Targets, &json!({"target": "a:1"}));
        let of = |upstream| Collection::Targets.uniques(&body, Some(upstream));
        assert_ne!(of("u"), of("v"));
    }
}
