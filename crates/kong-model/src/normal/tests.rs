use proptest::prelude::*;
use serde_json::json;

use super::*;

fn differ(collection: Collection, wanted: &Value, held: &Value) -> Vec<String> {
    let held = Normal::answered(collection, &Body::from_wire(collection, held));
    Normal::from((collection, wanted))
        .differences(&held)
        .into_iter()
        .map(|difference| difference.field)
        .collect()
}

#[test]
fn defaults_order_and_fields_of_the_server_make_no_difference() {
    let wanted = json!({"name": "a", "host": "h", "tags": ["b", "a"]});
    let held = json!({
        "id": "x", "name": "a", "host": "h", "port": 80, "protocol": "http", "retries": 5,
        "connect_timeout": 60000, "read_timeout": 60000, "write_timeout": 60000,
        "enabled": true, "tags": ["a", "b"], "created_at": 1, "ca_certificates": [], "path": null,
    });
    assert_eq!(
        differ(Collection::Services, &wanted, &held),
        Vec::<String>::new()
    );
}

#[test]
fn a_member_that_somebody_added_is_a_difference() {
    let wanted = json!({"host": "h"});
    let held = json!({"host": "h", "path": "/x", "retries": 7});
    assert_eq!(
        differ(Collection::Services, &wanted, &held),
        ["path", "retries"]
    );
}

#[test]
fn health_checks_are_compared_with_their_nested_defaults() {
    let wanted = json!({"name": "u", "healthchecks": {"active": {"http_path": "/ok"}}});
    let mut held = json!({"name": "u", "healthchecks": {
        "threshold": 0, "active": {"http_path": "/ok", "timeout": 1, "concurrency": 10}}});
    assert_eq!(
        differ(Collection::Upstreams, &wanted, &held),
        Vec::<String>::new()
    );
    held["healthchecks"]["active"]["timeout"] = json!(3);
    assert_eq!(
        differ(Collection::Upstreams, &wanted, &held),
        ["healthchecks"]
    );
}

#[test]
fn of_a_plugin_configuration_only_what_is_sent_is_compared() {
    let wanted = json!({"name": "p", "config": {"minute": 5, "nested": {"a": 1}}});
    let held = json!({"name": "p", "config": {"minute": 5, "policy": "local", "nested": {"a": 1, "b": 2}},
        "protocols": ["http"]});
    assert_eq!(
        differ(Collection::Plugins, &wanted, &held),
        Vec::<String>::new()
    );
    let held = json!({"name": "p", "config": {"minute": 6, "nested": {"a": 1}}});
    assert_eq!(differ(Collection::Plugins, &wanted, &held), ["config"]);
}

#[test]
fn a_key_that_is_not_answered_makes_no_difference_but_another_one_does() {
    let wanted = json!({"cert": "c", "key": "k"});
    assert_eq!(
        differ(Collection::Certificates, &wanted, &json!({"cert": "c"})),
        Vec::<String>::new()
    );
    assert_eq!(
        differ(
            Collection::Certificates,
            &wanted,
            &json!({"cert": "c", "key": "l"})
        ),
        ["key"]
    );
}

#[test]
fn of_a_key_pair_the_half_that_is_answered_counts() {
    let wanted = json!({"kid": "k", "pem": {"private_key": "a", "public_key": "b"}});
    let differs = |pem| differ(Collection::Keys, &wanted, &json!({"kid": "k", "pem": pem}));
    assert_eq!(differs(json!({"public_key": "b"})), Vec::<String>::new());
    assert_eq!(differs(json!({"public_key": "c"})), ["pem"]);
    assert_eq!(
        differs(json!({"private_key": "c", "public_key": "b"})),
        ["pem"]
    );
    assert_eq!(differs(Value::Null), ["pem"]);
    let jwk = json!({"kid": "k", "jwk": "{}"});
    assert_eq!(differ(Collection::Keys, &jwk, &wanted), ["pem"]);
}

#[test]
fn the_hash_of_a_password_says_nothing_about_it_but_another_password_is_a_difference() {
    let at = Collection::BasicAuths;
    let wanted = json!({"username": "u", "password": "p"});
    let held = json!({"username": "u", "password": "1f3870be"});
    assert_eq!(differ(at, &wanted, &held), Vec::<String>::new());
    let (wanted, other) = (Normal::from((at, &wanted)), Normal::from((at, &held)));
    assert_eq!(wanted.differences(&other).len(), 1);
    assert!(wanted.same_hashes(&wanted) && !wanted.same_hashes(&other));
}

#[test]
fn what_konnect_makes_up_for_a_credential_is_no_difference() {
    let held = json!({"key": "k", "secret": "s", "algorithm": "HS256", "consumer": {"id": "c"}});
    assert_eq!(
        differ(Collection::Jwts, &json!({}), &held),
        Vec::<String>::new()
    );
    let wanted = json!({"key": "other", "algorithm": "ES256"});
    assert_eq!(
        differ(Collection::Jwts, &wanted, &held),
        ["algorithm", "key"]
    );
}

#[test]
fn a_url_is_spelled_out() {
    let held = json!({"host": "a.test", "port": 8443, "protocol": "https", "path": "/x"});
    let wanted = json!({"host": "ignored", "url": "https://a.test:8443/x"});
    assert_eq!(
        differ(Collection::Services, &wanted, &held),
        Vec::<String>::new()
    );
}

#[test]
fn a_target_without_a_port_is_the_one_with_kongs_port() {
    for (wanted, held) in [
        ("a.test", "a.test:8000"),
        ("[::1]", "[::1]:8000"),
        ("a:1", "a:1"),
        ("[::1]:2", "[::1]:2"),
    ] {
        let (wanted, held) = (json!({"target": wanted}), json!({"target": held}));
        assert_eq!(
            differ(Collection::Targets, &wanted, &held),
            Vec::<String>::new()
        );
    }
}

#[test]
fn settings_of_a_control_plane_are_found_below_config() {
    let wanted = json!({"name": "cp", "auth_type": "pki_client_certs"});
    let held = json!({"id": "x", "name": "cp", "description": "", "labels": {},
        "config": {"auth_type": "pinned_client_certs", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE"}});
    assert_eq!(
        differ(Collection::ControlPlanes, &wanted, &held),
        ["auth_type"]
    );
}

proptest! {
    #[test]
    fn a_body_never_differs_from_itself_and_normal_forms_are_stable(
        port in proptest::option::of(0_u16..), path in proptest::option::of("/[a-z]{0,5}"),
        tags in proptest::collection::vec("[a-c]{1,2}", 0..5),
    ) {
        let value = json!({"host": "h", "port": port, "path": path, "tags": tags});
        let normal = Normal::from((Collection::Services, &value));
        prop_assert!(normal.differences(&normal).is_empty());
        let mut reversed = tags;
        reversed.reverse();
        let other = json!({"host": "h", "port": port, "path": path, "tags": reversed});
        prop_assert_eq!(&normal, &Normal::from((Collection::Services, &other)));
    }
}
