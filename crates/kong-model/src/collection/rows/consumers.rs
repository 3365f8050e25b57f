//! Who asks: consumers, their groups and their credentials.

use super::{CORE, Collection, Naming, OtherSide, Parent, Row, Unique, Update};

const CONSUMER: Option<Parent> = Some(Parent {
    to: Collection::Consumers,
    field: "consumer",
});

/// Of credentials it is not said when they were changed.
const CREATION: &[&str] = &["created_at"];

pub(in crate::collection) const CONSUMERS: Row = Row {
    collection: Collection::Consumers,
    name: "consumers",
    list: "/v2/control-planes/{cp}/core-entities/consumers",
    items: "/v2/control-planes/{cp}/core-entities/consumers",
    uniques: &[Unique::named(&["username"]), Unique::named(&["custom_id"])],
    defaults: r#"{"username": null, "custom_id": null, "tags": null}"#,
    schema: include_str!("../../../schemas/consumers.json"),
    ..CORE
};

pub(in crate::collection) const CONSUMER_GROUPS: Row = Row {
    collection: Collection::ConsumerGroups,
    name: "consumer_groups",
    list: "/v2/control-planes/{cp}/core-entities/consumer_groups",
    items: "/v2/control-planes/{cp}/core-entities/consumer_groups",
    uniques: &[Unique::named(&["name"])],
    defaults: r#"{"name": null, "tags": null}"#,
    schema: include_str!("../../../schemas/consumer_groups.json"),
    ..CORE
};

pub(in crate::collection) const CONSUMER_GROUP_MEMBERS: Row = Row {
    collection: Collection::ConsumerGroupMembers,
    name: "consumer-group-members",
    deck: Some("groups"),
    list: "/v2/control-planes/{cp}/core-entities/consumer_groups/{parent}/consumers",
    items: "/v2/control-planes/{cp}/core-entities/consumer_groups/{parent}/consumers",
    other_side: Some(OtherSide {
        path: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/consumer_groups",
        field: "group",
    }),
    naming: Naming::Member {
        of: Collection::Consumers,
        field: "consumer",
    },
    update: Update::No,
    parent: Some(Parent {
        to: Collection::ConsumerGroups,
        field: "consumer_group",
    }),
    sets: &[],
    stamps: &[],
    schema: include_str!("../../../schemas/consumer-group-members.json"),
    ..CORE
};

pub(in crate::collection) const KEY_AUTHS: Row = Row {
    collection: Collection::KeyAuths,
    name: "key-auths",
    deck: Some("keyauth_credentials"),
    list: "/v2/control-planes/{cp}/core-entities/key-auths",
    items: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/key-auth",
    parent: CONSUMER,
    stamps: CREATION,
    secrets: &["key"],
    // A temporary key that is easy to guess would let somebody in.
    uniques: &[Unique::fixed(&["key"])],
    chosen: &["key"],
    defaults: r#"{"key": null, "ttl": null, "tags": null}"#,
    schema: include_str!("../../../schemas/key-auths.json"),
    ..CORE
};

pub(in crate::collection) const BASIC_AUTHS: Row = Row {
    collection: Collection::BasicAuths,
    name: "basic-auths",
    deck: Some("basicauth_credentials"),
    list: "/v2/control-planes/{cp}/core-entities/basic-auths",
    items: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/basic-auth",
    parent: CONSUMER,
    stamps: CREATION,
    secrets: &["password"],
    hashed: &["password"],
    uniques: &[Unique::named(&["username"])],
    defaults: r#"{"username": null, "password": null, "tags": null}"#,
    schema: include_str!("../../../schemas/basic-auths.json"),
    ..CORE
};

pub(in crate::collection) const HMAC_AUTHS: Row = Row {
    collection: Collection::HmacAuths,
    name: "hmac-auths",
    deck: Some("hmacauth_credentials"),
    list: "/v2/control-planes/{cp}/core-entities/hmac-auths",
    items: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/hmac-auth",
    parent: CONSUMER,
    stamps: CREATION,
    secrets: &["secret"],
    uniques: &[Unique::named(&["username"])],
    chosen: &["secret"],
    defaults: r#"{"username": null, "secret": null, "tags": null}"#,
    schema: include_str!("../../../schemas/hmac-auths.json"),
    ..CORE
};

pub(in crate::collection) const JWTS: Row = Row {
    collection: Collection::Jwts,
    name: "jwts",
    deck: Some("jwt_secrets"),
    list: "/v2/control-planes/{cp}/core-entities/jwts",
    items: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/jwt",
    parent: CONSUMER,
    stamps: CREATION,
    // What is called a key names the issuer.
    secrets: &["secret"],
    uniques: &[Unique::named(&["key"])],
    chosen: &["key", "secret"],
    defaults: r#"{
        "key": null, "secret": null, "algorithm": "HS256", "rsa_public_key": null, "tags": null
    }"#,
    schema: include_str!("../../../schemas/jwts.json"),
    ..CORE
};

pub(in crate::collection) const ACLS: Row = Row {
    collection: Collection::Acls,
    name: "acls",
    list: "/v2/control-planes/{cp}/core-entities/acls",
    items: "/v2/control-planes/{cp}/core-entities/consumers/{parent}/acls",
    parent: CONSUMER,
    stamps: CREATION,
    uniques: &[Unique::named(&["group"]).in_parent()],
    defaults: r#"{"group": null, "tags": null}"#,
    schema: include_str!("../../../schemas/acls.json"),
    ..CORE
};
