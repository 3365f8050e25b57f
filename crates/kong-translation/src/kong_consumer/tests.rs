//! Consumers with groups and credentials.
#![expect(
    clippy::needless_pass_by_value,
    reason = "tests write their JSON where it is used"
)]

use kong_crds::conditions::{
    CONSUMER_GROUP_REFS_VALID, CREDENTIAL_SECRET_REFS_VALID, INVALID, PROGRAMMED,
};
use kong_model::RemoteId;
use kong_resolve::{Claim, Intent, Key, Output, Truth};
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    Cluster, body, claims, condition, control_plane_ref, failing, ready, site, untagged,
};

/// A consumer that is in Konnect, with these fields.
pub(super) fn consumer(cluster: &mut Cluster, fields: Value) -> Key {
    let mut document = json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongConsumer",
        "metadata": {"name": "consumer"}, "username": "u",
        "spec": {"controlPlaneRef": control_plane_ref(), "tags": ["t"]},
    });
    for (field, value) in fields.as_object().unwrap() {
        document[field] = value.clone();
    }
    let key = cluster.apply(document);
    cluster.stand(&key, ready("consumer-id"));
    key
}

fn credential(cluster: &mut Cluster, name: &str, sort: &str, data: Value) -> Key {
    cluster.secret(name, json!({"konghq.com/credential": sort}), data)
}

pub(super) fn of(verdict: &Verdict, at: Collection) -> Vec<&Claim> {
    claims(verdict)
        .iter()
        .filter(|claim| claim.site.at == at)
        .collect()
}

#[test]
fn secrets_that_are_not_there_are_named_together_and_before_those_that_cannot_be_used() {
    let mut cluster = Cluster::with_control_plane();
    credential(&mut cluster, "a", "key-auth", json!({}));
    let key = consumer(&mut cluster, json!({"credentials": ["a", "b", "c"]}));
    let verdict = cluster.judge(&key);
    let said = condition(&verdict, CREDENTIAL_SECRET_REFS_VALID);
    assert_eq!(
        said.message,
        "Secret \"b\" not found\nSecret \"c\" not found; create them in namespace \"ns\" with the labels \
         konghq.com/credential and konghq.com/secret: \"true\", without which they count as not there, or take \
         them out of credentials\nSecret ns/a used as key-auth credential, but lacks key key; add it"
    );
}

#[test]
fn a_consumer_without_any_name_is_told_and_not_sent() {
    let mut cluster = Cluster::with_control_plane();
    let key = consumer(&mut cluster, json!({"username": "", "custom_id": ""}));
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::KeepLastGood);
    let [(PROGRAMMED, INVALID, message)] = failing(&verdict)[..] else {
        panic!("{verdict:?}")
    };
    let start = "Need to provide either username or custom_id; ";
    assert!(message.starts_with(start), "{message}");
}

#[test]
fn a_consumer_is_its_names_and_tags() {
    let mut cluster = Cluster::with_control_plane();
    let key = consumer(&mut cluster, json!({"custom_id": "c"}));
    let verdict = cluster.judge(&key);
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    assert_eq!(untagged(claim), json!({"username": "u", "custom_id": "c"}));
    assert!(
        body(claim)["tags"]
            .as_array()
            .unwrap()
            .contains(&json!("t"))
    );
    assert_eq!(claim.site, site(Collection::Consumers));
    for kind in [CONSUMER_GROUP_REFS_VALID, CREDENTIAL_SECRET_REFS_VALID] {
        let said = condition(&verdict, kind);
        assert_eq!((said.truth, &*said.message), (Truth::True, ""));
    }
    assert_eq!(failing(&verdict), []);
}

#[test]
fn of_a_consumer_without_konnect_nothing_is_said_and_no_secret_is_read() {
    let mut cluster = Cluster::with_control_plane();
    for spec in [Value::Null, json!({"controlPlaneRef": {"type": "kic"}})] {
        let key = consumer(&mut cluster, json!({"spec": spec, "credentials": ["s"]}));
        assert!(cluster.judge(&key).foreign);
        assert_eq!(cluster.reads(&key), []);
    }
}

#[test]
fn each_secret_is_a_credential_of_its_sort_below_the_consumer() {
    let mut cluster = Cluster::with_control_plane();
    let sorts = [
        (
            "basic-auth",
            Collection::BasicAuths,
            json!({"username": "n", "password": "hunter2"}),
        ),
        ("key-auth", Collection::KeyAuths, json!({"key": "hunter2"})),
        ("acl", Collection::Acls, json!({"group": "g"})),
        (
            "jwt",
            Collection::Jwts,
            json!({"key": "k", "algorithm": "HS256", "secret": "hunter2"}),
        ),
        (
            "hmac",
            Collection::HmacAuths,
            json!({"username": "n", "secret": "hunter2"}),
        ),
    ];
    let names: Vec<_> = sorts.iter().map(|(sort, ..)| format!("s-{sort}")).collect();
    let key = consumer(&mut cluster, json!({"credentials": names}));
    for (sort, _, data) in &sorts {
        credential(&mut cluster, &format!("s-{sort}"), sort, data.clone());
    }
    let verdict = cluster.judge(&key);
    for (sort, at, data) in &sorts {
        let [claim] = of(&verdict, *at)[..] else {
            panic!("{sort}: {verdict:?}")
        };
        assert_eq!(untagged(claim), *data);
        assert_eq!(claim.site.parent, Some(RemoteId::from("consumer-id")));
        let tags = body(claim)["tags"].to_string();
        for tag in ["k8s-kind:Secret", "konduit-owner:uid-consumer"] {
            assert!(tags.contains(tag), "{tags}");
        }
    }
    assert_eq!(failing(&verdict), []);
    assert!(!format!("{verdict:?}").contains("hunter2"));
}

#[test]
fn a_secret_that_is_no_credential_is_told_and_what_was_there_stays() {
    let label = |sort: &str| json!({"konghq.com/credential": sort});
    let jwt = |algorithm: &str| json!({"key": "hunter2", "algorithm": algorithm});
    let cases = [
        (
            None,
            5,
            "Secret \"s\" not found; create it in namespace \"ns\" with the labels",
        ),
        (
            Some((json!({}), json!({"key": "hunter2"}))),
            5,
            "Secret ns/s used as credential, but lacks konghq.com/credential label; set it to",
        ),
        (
            Some((label("konnect"), json!({"key": "hunter2"}))),
            5,
            "Secret ns/s used as credential, but has unsupported type konnect; set the label",
        ),
        (
            Some((label("basic-auth"), json!({"password": "hunter2"}))),
            1,
            "Secret ns/s used as basic-auth credential, but lacks username key; add it",
        ),
        (
            Some((label("acl"), json!({"group": ""}))),
            1,
            "Secret ns/s used as ACL credential, but lacks group key; add it",
        ),
        (
            Some((label("jwt"), jwt("HS1"))),
            1,
            "Secret ns/s used as JWT credential, but algorithm 'HS1' is invalid or not supported",
        ),
        (
            Some((label("jwt"), jwt("ES256"))),
            1,
            "Secret ns/s used as JWT credential, but lacks rsa_public_key key which is required \
             when algorithm is ES256",
        ),
    ];
    for (secret, kept, start) in cases {
        let mut cluster = Cluster::with_control_plane();
        let key = consumer(&mut cluster, json!({"credentials": ["s"]}));
        if let Some((labels, data)) = secret {
            cluster.secret("s", labels, data);
        }
        let verdict = cluster.judge(&key);
        let [itself, rest @ ..] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert!(matches!(itself.intent, Intent::Present(_)));
        assert_eq!(rest.len(), kept);
        assert!(rest.iter().all(|claim| claim.intent == Intent::Keep));
        let said = condition(&verdict, CREDENTIAL_SECRET_REFS_VALID);
        assert!(said.message.starts_with(start), "{said:?}");
        assert!(!said.message.contains("hunter2"));
    }
}

#[test]
fn the_deletion_of_a_consumer_reads_no_secret() {
    let mut cluster = Cluster::with_control_plane();
    let secret = credential(&mut cluster, "s", "key-auth", json!({"key": "hunter2"}));
    let key = consumer(&mut cluster, json!({"credentials": ["s"]}));
    cluster.delete(&key);
    let verdict = cluster.judge(&key);
    let absent = |claim: &Claim| claim.intent == Intent::Absent;
    assert!(matches!(&verdict.output, Output::Want(claims) if claims.iter().all(absent)));
    let read = kong_resolve::Dep::Object(secret);
    assert!(!cluster.reads(&key).contains(&read));
}
