//! Certificates, keys, and where secrets are kept.

use super::{CORE, Collection, OnDelete, Parent, Reference, Row, Unique};

pub(in crate::collection) const CERTIFICATES: Row = Row {
    collection: Collection::Certificates,
    name: "certificates",
    list: "/v2/control-planes/{cp}/core-entities/certificates",
    items: "/v2/control-planes/{cp}/core-entities/certificates",
    secrets: &["key", "key_alt"],
    defaults: r#"{"cert": null, "key": null, "cert_alt": null, "key_alt": null, "tags": null}"#,
    schema: include_str!("../../../schemas/certificates.json"),
    ..CORE
};

pub(in crate::collection) const CA_CERTIFICATES: Row = Row {
    collection: Collection::CaCertificates,
    name: "ca_certificates",
    list: "/v2/control-planes/{cp}/core-entities/ca_certificates",
    items: "/v2/control-planes/{cp}/core-entities/ca_certificates",
    uniques: &[Unique::fixed(&["cert"])],
    defaults: r#"{"cert": null, "tags": null}"#,
    schema: include_str!("../../../schemas/ca_certificates.json"),
    ..CORE
};

pub(in crate::collection) const SNIS: Row = Row {
    collection: Collection::Snis,
    name: "snis",
    list: "/v2/control-planes/{cp}/core-entities/snis",
    items: "/v2/control-planes/{cp}/core-entities/certificates/{parent}/snis",
    written_at_list: true,
    parent: Some(Parent {
        to: Collection::Certificates,
        field: "certificate",
    }),
    uniques: &[Unique::named(&["name"])],
    defaults: r#"{"name": null, "tags": null}"#,
    schema: include_str!("../../../schemas/snis.json"),
    ..CORE
};

pub(in crate::collection) const KEY_SETS: Row = Row {
    collection: Collection::KeySets,
    name: "key-sets",
    list: "/v2/control-planes/{cp}/core-entities/key-sets",
    items: "/v2/control-planes/{cp}/core-entities/key-sets",
    uniques: &[Unique::named(&["name"])],
    defaults: r#"{"name": null, "tags": null}"#,
    schema: include_str!("../../../schemas/key-sets.json"),
    ..CORE
};

pub(in crate::collection) const KEYS: Row = Row {
    collection: Collection::Keys,
    name: "keys",
    list: "/v2/control-planes/{cp}/core-entities/keys",
    items: "/v2/control-planes/{cp}/core-entities/keys",
    references: &[Reference {
        field: "set",
        to: Collection::KeySets,
        on_delete: OnDelete::Cascade,
    }],
    // A JWK may be a private one.
    secrets: &["jwk", "pem.private_key"],
    uniques: &[
        Unique::named(&["name"]),
        Unique::fixed(&["kid", "set"]).also_unset(),
    ],
    defaults: r#"{
        "kid": null, "name": null, "jwk": null, "pem": null, "set": null, "x5t": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/keys.json"),
    ..CORE
};

pub(in crate::collection) const VAULTS: Row = Row {
    collection: Collection::Vaults,
    name: "vaults",
    list: "/v2/control-planes/{cp}/core-entities/vaults",
    items: "/v2/control-planes/{cp}/core-entities/vaults",
    // Which settings are secret only the backend knows: a token of HashiCorp's is.
    secrets: &["config"],
    references: &[Reference {
        field: "config.config_store_id",
        to: Collection::ConfigStores,
        on_delete: OnDelete::Restrict,
    }],
    uniques: &[Unique::named(&["prefix"])],
    open: &["config"],
    defaults: r#"{
        "name": null, "prefix": null, "description": null, "config": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/vaults.json"),
    ..CORE
};
