use serde_json::json;

use crate::client::{Client, id};

#[test]
fn a_dump_is_declarative_configuration_without_secrets_times_and_defaults() {
    let mut client = Client::new();
    client.control_plane("empty");
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(
        &format!("{core}/certificates/{}", id(1)),
        json!({"cert": "c", "key": "secret"}),
    );
    client.has(
        &format!("{core}/services/{}", id(2)),
        json!({"name": "shop", "host": "h", "port": 80, "retries": 3, "client_certificate": {"id": id(1)}}),
    );
    client.has(
        &format!("{core}/services/{}", id(12)),
        json!({"name": "a-first", "host": "h"}),
    );
    client.has(
        &format!("{core}/routes/{}", id(3)),
        json!({"name": "r", "paths": ["/"], "protocols": ["http"], "service": {"id": id(2)}}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(4)),
        json!({"name": "cors", "service": {"id": id(2)}}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(5)),
        json!({"name": "cors", "route": {"id": id(3)}}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(6)),
        json!({"name": "cors", "route": {"id": id(3)}, "service": {"id": id(2)}}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(7)),
        json!({"name": "cors", "config": {"max_age": 1}}),
    );
    client.has(
        &format!("{core}/upstreams/{}", id(8)),
        json!({"name": "u", "healthchecks": {"active": {"timeout": 1, "http_path": "/ok"}}}),
    );
    client.has(
        &format!("{core}/upstreams/{}/targets/{}", id(8), id(9)),
        json!({"target": "t", "weight": 1}),
    );
    let expected = json!([
        {
            "_format_version": "3.0", "_konnect": {"control_plane_name": "cp"},
            "certificates": [{"id": id(1), "cert": "c", "key": "[redacted]"}],
            "plugins": [
                {"id": id(7), "name": "cors", "config": {"max_age": 1}},
                {"id": id(6), "name": "cors", "route": "r", "service": "shop"},
            ],
            "services": [
                {"id": id(12), "name": "a-first", "host": "h"},
                {
                    "id": id(2), "name": "shop", "host": "h", "retries": 3, "client_certificate": id(1),
                    "plugins": [{"id": id(4), "name": "cors"}],
                    "routes": [{
                        "id": id(3), "name": "r", "paths": ["/"], "protocols": ["http"],
                        "plugins": [{"id": id(5), "name": "cors"}],
                    }],
                },
            ],
            "upstreams": [{
                "id": id(8), "name": "u", "healthchecks": {"active": {"http_path": "/ok"}},
                "targets": [{"id": id(9), "target": "t:8000", "weight": 1}],
            }],
        },
        {"_format_version": "3.0", "_konnect": {"control_plane_name": "empty"}},
    ]);
    assert_eq!(client.konnect.dump(), expected);
}

#[test]
fn consumers_have_their_credentials_below_them_in_the_words_of_deck() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    let consumer = format!("{core}/consumers/{}", id(1));
    client.has(&consumer, json!({"username": "u"}));
    client.has(
        &format!("{consumer}/key-auth/{}", id(2)),
        json!({"key": "canary"}),
    );
    client.has(
        &format!("{consumer}/basic-auth/{}", id(3)),
        json!({"username": "u", "password": "canary"}),
    );
    client.has(
        &format!("{core}/keys/{}", id(4)),
        json!({"kid": "k", "pem": {"private_key": "canary", "public_key": "public"}}),
    );
    let expected = json!([{
        "_format_version": "3.0", "_konnect": {"control_plane_name": "cp"},
        "consumers": [{
            "id": id(1), "username": "u",
            "basicauth_credentials": [{"id": id(3), "username": "u", "password": "[redacted]"}],
            "keyauth_credentials": [{"id": id(2), "key": "[redacted]"}],
        }],
        "keys": [{
            "id": id(4), "kid": "k",
            "pem": {"private_key": "[redacted]", "public_key": "public"},
        }],
    }]);
    assert_eq!(client.konnect.dump(), expected);
}
