//! What is around services, as it should be: Kong accepts it, nothing is lost to a conflict but what is in conflict,
//! and no secret is told.

use std::collections::BTreeSet;
use std::fs;

use gateway_translation::{KongVersion, Settings, Translation, translate};
use kong_crds::Kind;
use kong_resolve::Key;
use kong_router::{Config, Dialect, Edition, Flavor};
use serde_json::{Value, json};

use crate::golden::{cases, fixtures, world};

fn right() -> Settings {
    Settings {
        all_routes: true,
        ..Settings::right(KongVersion::default())
    }
}

fn translated(manifests: &str) -> (Translation, Value) {
    let translation = translate(&world(manifests), &right());
    let document = translation.document.to_value();
    (translation, document)
}

/// The messages about an object.
fn told<'t>(translation: &'t Translation, kind: Kind, name: &str) -> Vec<&'t str> {
    let problems = translation.problems.iter();
    problems
        .filter(|problem| problem.object.kind == kind && &*problem.object.name.name == name)
        .map(|problem| problem.message.as_str())
        .collect()
}

/// The values of a member of the entities of a collection.
fn values<'v>(document: &'v Value, collection: &str, member: &str) -> Vec<&'v str> {
    let entities = document[collection].as_array().into_iter().flatten();
    entities
        .filter_map(|entity| entity[member].as_str())
        .collect()
}

fn object(api: &str, kind: &str, name: &str, age: u32, more: &str) -> String {
    let namespace = match kind {
        "KongVault" | "KongClusterPlugin" | "GatewayClass" => "",
        _ => "  namespace: default\n",
    };
    format!(
        "---\napiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n{namespace}  creationTimestamp: \
         '2024-01-{:02}T00:00:00Z'\n{more}\n",
        30 - age
    )
}

/// Of our class, with more fields.
fn ours(kind: &str, name: &str, age: u32, more: &str) -> String {
    let version = match kind {
        "KongVault" | "KongCustomEntity" => "v1alpha1",
        "KongConsumerGroup" => "v1beta1",
        _ => "v1",
    };
    let class = "  annotations:\n    kubernetes.io/ingress.class: kong\n";
    let api = format!("configuration.konghq.com/{version}");
    object(&api, kind, name, age, &format!("{class}{more}"))
}

fn credential(name: &str, kind: &str, age: u32, data: &str) -> String {
    let more = format!("  labels:\n    konghq.com/credential: {kind}\nstringData: {data}");
    object("v1", "Secret", name, age, &more)
}

#[test]
fn kong_accepts_what_is_around_services_in_the_recorded_cases() {
    let mut wrong = Vec::new();
    for case in cases() {
        let manifests = fs::read_to_string(case.join("in.yaml")).unwrap();
        for flavor in [Flavor::TraditionalCompatible, Flavor::Expressions] {
            let settings = Settings { flavor, ..right() };
            let document = translate(&world(&manifests), &settings).document.to_value();
            let dialect = Dialect {
                flavor,
                edition: Edition::Enterprise,
                ..Dialect::default()
            };
            let config = Config::new(document.as_object().unwrap().clone());
            for finding in kong_router::validate(&config, dialect) {
                // Of upstreams the rules are those of a version without that.
                let sticky =
                    manifests.contains("sticky-sessions") && finding.field.starts_with("upstreams");
                // The Enterprise edition knows more members.
                if !sticky && finding.problem != kong_router::Problem::Unknown {
                    let case = case.file_name().unwrap().to_string_lossy();
                    wrong.push(format!("{case} {flavor:?}: {finding}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_oldest_keeps_a_credential_and_the_others_lose_only_that() {
    let manifests = [
        ours(
            "KongConsumer",
            "young",
            1,
            "username: young\ncredentials: [theirs, acl]",
        ),
        ours(
            "KongConsumer",
            "old",
            2,
            "username: old\ncredentials: [mine]",
        ),
        credential("theirs", "key-auth", 1, "{key: shared-hush}"),
        credential("mine", "key-auth", 5, "{key: shared-hush}"),
        credential("acl", "acl", 1, "{group: admins}"),
    ]
    .concat();
    let (translation, document) = translated(&manifests);
    assert_eq!(values(&document, "consumers", "username"), ["old", "young"]);
    let [old, young] = [&document["consumers"][0], &document["consumers"][1]];
    assert_eq!(old["keyauth_credentials"][0]["key"], "shared-hush");
    assert_eq!(young["keyauth_credentials"], Value::Null);
    assert_eq!(young["acls"][0]["group"], "admins");
    let told = told(&translation, Kind::KongConsumer, "young");
    assert_eq!(
        told,
        [
            "Consumer has conflicting credentials: conflict detected in \"key-auth on 'key'\" index; KongConsumer \
             default/old has the older one and keeps it"
        ]
    );
    assert!(!format!("{:?}", translation.problems).contains("hush"));
}

#[test]
fn a_credential_that_kong_would_refuse_costs_itself() {
    let manifests = [
        ours(
            "KongConsumer",
            "c",
            1,
            "username: c\ncredentials: [jwt, basic, mtls, unknown, gone, empty, good]",
        ),
        credential(
            "jwt",
            "jwt",
            1,
            "{key: k, algorithm: RS256, rsa_public_key: hush}",
        ),
        credential("basic", "basic-auth", 1, "{username: u}"),
        credential(
            "mtls",
            "mtls-auth",
            1,
            "{subject_name: s, ca_certificate: hush}",
        ),
        credential("unknown", "konnect", 1, "{key: hush}"),
        credential("empty", "key-auth", 1, "{key: ''}"),
        credential(
            "good",
            "oauth2",
            1,
            "{name: app, client_id: id, redirect_uris: 'https://a, https://b'}",
        ),
    ]
    .concat();
    let (translation, document) = translated(&manifests);
    let consumer = document["consumers"][0].as_object().unwrap();
    let kinds: Vec<&String> = consumer.keys().collect();
    assert_eq!(kinds, ["id", "oauth2_credentials", "tags", "username"]);
    let uris = &consumer["oauth2_credentials"][0]["redirect_uris"];
    assert_eq!(*uris, json!(["https://a", "https://b"]));
    let told = told(&translation, Kind::KongConsumer, "c");
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(
        told.iter()
            .all(|message| message.starts_with("credential \""))
    );
    assert!(!format!("{told:?}").contains("hush"));
}

#[test]
fn consumers_are_in_groups_that_there_are_by_a_name_that_kong_finds() {
    let manifests = [
        ours("KongConsumerGroup", "gold", 1, "  # none\n"),
        object(
            "configuration.konghq.com/v1beta1",
            "KongConsumerGroup",
            "foreign",
            1,
            "",
        ),
        ours(
            "KongConsumer",
            "c",
            1,
            "custom_id: '7'\nconsumerGroups: [gold, foreign, none]",
        ),
    ]
    .concat();
    let (translation, document) = translated(&manifests);
    let id = document["consumers"][0]["id"].as_str().unwrap();
    let expected = json!([{"consumer": id, "consumer_group": "gold"}]);
    assert_eq!(document["consumer_group_consumers"], expected);
    assert_eq!(told(&translation, Kind::KongConsumer, "c").len(), 2);
}

#[test]
fn of_global_plugins_the_oldest_wins_and_those_of_other_classes_do_not_count() {
    let global = "  labels:\n    global: 'true'\nplugin: cors\nconfig: {max_age: ";
    let other = object(
        "configuration.konghq.com/v1",
        "KongClusterPlugin",
        "other",
        9,
        &format!("{global}9}}"),
    );
    let manifests = [
        ours("KongClusterPlugin", "young", 1, &format!("{global}1}}")),
        ours("KongClusterPlugin", "old", 2, &format!("{global}2}}")),
        other,
    ]
    .concat();
    let (translation, document) = translated(&manifests);
    assert_eq!(document["plugins"].as_array().unwrap().len(), 1);
    assert_eq!(document["plugins"][0]["config"], json!({"max_age": 2}));
    let told = told(&translation, Kind::KongClusterPlugin, "young");
    assert_eq!(
        told,
        [
            "cors is for everything already by KongClusterPlugin old, which is older: this one has no effect there"
        ]
    );
}

#[test]
fn vaults_keep_their_prefix_by_age_and_bad_ones_cost_themselves() {
    let vault = |prefix: &str| format!("spec:\n  backend: aws\n  prefix: {prefix}");
    let manifests = [
        ours("KongVault", "young", 1, &vault("secrets")),
        ours("KongVault", "old", 2, &vault("secrets")),
        ours("KongVault", "bad", 3, &vault("'No!'")),
    ]
    .concat();
    let (translation, document) = translated(&manifests);
    assert_eq!(values(&document, "vaults", "prefix"), ["secrets"]);
    assert_eq!(document["vaults"][0]["tags"][0], "k8s-name:old");
    assert_eq!(told(&translation, Kind::KongVault, "young").len(), 1);
    assert_eq!(told(&translation, Kind::KongVault, "bad").len(), 1);
}

#[test]
fn a_listener_shows_certificates_of_other_namespaces_only_with_a_grant() {
    let case = fixtures().join("golden-more/gateway-listener-certificates/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let away = manifests.replace(
        "name: edge\n  namespace: default",
        "name: edge\n  namespace: edge",
    );
    let away = away.replace(
        "kind: Secret\n        name:",
        "kind: Secret\n        namespace: default\n        name:",
    );
    let (_, document) = translated(&manifests);
    assert_eq!(document["certificates"].as_array().unwrap().len(), 2);
    let (translation, document) = translated(&away);
    assert_eq!(document["certificates"], Value::Null);
    assert_eq!(told(&translation, Kind::Gateway, "edge").len(), 2);
    let grant = "\n---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: default}\n\
                 spec: {from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: edge}], to: [{group: '', kind: Secret, name: shop-tls}]}\n";
    let (_, document) = translated(&format!("{away}{grant}"));
    assert_eq!(
        document["certificates"][0]["snis"][0]["name"],
        "shop.example.com"
    );
    assert_eq!(document["certificates"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_that_is_not_that_of_the_certificate_costs_the_certificate() {
    let case = fixtures().join("golden-more/gateway-listener-certificates/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let mut keys = manifests
        .lines()
        .filter(|line| line.trim_start().starts_with("tls.key"));
    let (one, other) = (keys.next().unwrap(), keys.next().unwrap());
    let (translation, document) = translated(&manifests.replacen(one, other, 1));
    assert_eq!(document["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(
        told(&translation, Kind::Secret, "shop-tls"),
        [
            "failed to construct certificate from secret default/shop-tls: the key is not that of the certificate"
        ]
    );
}

#[test]
fn a_plugin_is_for_each_consumer_with_each_service_and_route() {
    let plugins = |name: &str| format!("  annotations:\n    konghq.com/plugins: {name}\n");
    let service = format!("{}spec: {{ports: [{{port: 80}}]}}", plugins("rl"));
    let rule = |path: &str| {
        format!(
            "{{matches: [{{path: {{type: PathPrefix, value: {path}}}}}], backendRefs: [{{name: s, port: 80}}]}}"
        )
    };
    let route = format!(
        "{}spec: {{parentRefs: [{{name: g}}], rules: [{}, {}]}}",
        plugins("rl"),
        rule("/a"),
        rule("/b")
    );
    let limit = "plugin: rate-limiting\nconfig: {minute: 5}";
    let consumer = "    konghq.com/plugins: rl\nusername: alice";
    let manifests = [
        object("v1", "Service", "s", 1, &service),
        object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "api",
            1,
            &route,
        ),
        object("configuration.konghq.com/v1", "KongPlugin", "rl", 1, limit),
        ours("KongConsumer", "alice", 1, consumer),
    ]
    .concat();
    let (_, document) = translated(&manifests);
    let found = document["plugins"].as_array().unwrap();
    let services = document["services"].as_array().unwrap();
    let routes: usize = services
        .iter()
        .map(|service| service["routes"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(found.len(), services.len() + routes);
    for plugin in found {
        assert_eq!(plugin["consumer"], "alice");
        let place = match (plugin["service"].as_str(), plugin["route"].as_str()) {
            (Some(service), None) => format!("service/{service}"),
            (None, Some(route)) => format!("route/{route}"),
            other => panic!("{other:?}"),
        };
        let name = format!("rate-limiting:{place}:consumer/alice");
        let id = kong_router::id_of_entity("plugins", &name).to_string();
        assert_eq!(plugin["id"], id);
    }
    let distinct: BTreeSet<&str> = values(&document, "plugins", "id").into_iter().collect();
    assert_eq!(distinct.len(), found.len());
}

#[test]
fn values_of_secrets_are_put_into_a_plugin_and_told_to_nobody() {
    let patches = "plugin: http-log\nconfig: {method: POST}\nconfigPatches:\n\
                   - {path: /headers/Authorization, valueFrom: {secretKeyRef: {name: s, key: token}}}\n\
                   - {path: /http_endpoint, valueFrom: {secretKeyRef: {name: s, key: url}}}";
    let patches = format!("  labels: {{global: 'true'}}\n{patches}")
        .replace("{name: s,", "{namespace: default, name: s,");
    let secret = |url: &str| {
        object(
            "v1",
            "Secret",
            "s",
            1,
            &format!("stringData: {{token: '\"hush\"', url: '{url}'}}"),
        )
    };
    let plugin = ours("KongClusterPlugin", "log", 1, &patches);
    let (_, document) = translated(&[secret("\"http://l\""), plugin.clone()].concat());
    let expected = json!({"method": "POST", "headers": {"Authorization": "hush"}, "http_endpoint": "http://l"});
    assert_eq!(document["plugins"][0]["config"], expected);
    let (translation, document) = translated(&[secret("hush hush"), plugin].concat());
    assert_eq!(document["plugins"], Value::Null);
    assert_eq!(
        told(&translation, Kind::KongClusterPlugin, "log"),
        [
            "could not parse KongClusterPlugin log config: key 'url' in secret 'default/s' is no JSON"
        ]
    );
}

#[test]
fn what_depends_on_a_refused_object_is_left_out_with_it() {
    let manifests = [
        ours(
            "KongConsumer",
            "with",
            1,
            "    konghq.com/plugins: p\nusername: with",
        ),
        ours("KongConsumer", "without", 1, "username: without"),
        object(
            "configuration.konghq.com/v1",
            "KongPlugin",
            "p",
            1,
            "plugin: cors\nconfigFrom: {secretKeyRef: {name: s, key: config}}",
        ),
        object("v1", "Secret", "s", 1, "stringData: {config: '{}'}"),
    ]
    .concat();
    let settings = Settings {
        without: BTreeSet::from([Key::new(Kind::Secret, "default", "s")]),
        ..right()
    };
    let document = translate(&world(&manifests), &settings).document.to_value();
    assert_eq!(values(&document, "consumers", "username"), ["without"]);
    assert_eq!(document["plugins"], Value::Null);
}

#[test]
fn a_custom_entity_cannot_take_the_place_of_others() {
    for collection in ["consumers", "certificates", "_format_version", ""] {
        let entity =
            format!("spec: {{controllerName: kong, type: '{collection}', fields: {{a: 1}}}}");
        let manifests = [
            ours("KongCustomEntity", "e", 1, &entity),
            ours("KongConsumer", "c", 1, "username: c"),
        ]
        .concat();
        let (translation, document) = translated(&manifests);
        assert_eq!(
            values(&document, "consumers", "username"),
            ["c"],
            "{collection}"
        );
        assert_eq!(told(&translation, Kind::KongCustomEntity, "e").len(), 1);
    }
}

#[test]
fn the_licence_is_the_newest_that_is_switched_on() {
    let license = |name: &str, age: u32, more: &str| {
        let api = "configuration.konghq.com/v1alpha1";
        let license = object(
            api,
            "KongLicense",
            name,
            age,
            &format!("rawLicenseString: {name}\n{more}"),
        );
        license.replace("  namespace: default\n", "")
    };
    let manifests = [
        license("old", 3, "enabled: true"),
        license("new", 2, "enabled: true"),
        license("unused", 1, "enabled: false"),
    ]
    .concat();
    let (_, document) = translated(&manifests);
    assert_eq!(values(&document, "licenses", "payload"), ["new"]);
}

#[test]
fn an_authority_that_cannot_be_used_keeps_no_other_away() {
    let case = fixtures().join("golden-more/ca-certificates/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let bad = "  labels: {konghq.com/ca-cert: 'true'}\ndata: {id: 6a5c1c1e-2222-4c56-ab72-2973a56d4eae, ca.crt: nothing}";
    // Older than the recorded ones.
    let bad = object("v1", "ConfigMap", "bad", 9, bad).replace("2024-01", "2023-01");
    let (translation, document) = translated(&format!("{manifests}\n{bad}"));
    assert_eq!(document["ca_certificates"].as_array().unwrap().len(), 2);
    assert_eq!(
        told(&translation, Kind::ConfigMap, "bad"),
        ["invalid secret CA certificate: no certificate"]
    );
}

#[test]
fn a_secret_with_the_same_certificate_as_an_older_one_gives_its_hosts_to_that() {
    let case = fixtures().join("golden-more/ingress-tls/in.yaml");
    let manifests = fs::read_to_string(case).unwrap();
    let (_, before) = translated(&manifests);
    let secret = manifests
        .split("\n---\n")
        .find(|object| object.contains("kind: Secret"))
        .unwrap();
    let same = secret
        .replace("name: shop-tls", "name: same")
        .replace("2024-03-01", "2024-01-01")
        .replace("uid: ", "uid: 1");
    let ingress = "  annotations: {kubernetes.io/ingress.class: kong}\n\
                   spec: {tls: [{hosts: [more.example.com, shop.example.com], secretName: same}]}";
    let ingress = object("networking.k8s.io/v1", "Ingress", "more", 1, ingress);
    let (translation, document) = translated(&format!("{manifests}\n---\n{same}\n{ingress}"));
    let certificates = document["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 1);
    assert_eq!(certificates[0]["tags"][0], "k8s-name:same");
    assert_ne!(certificates[0]["id"], before["certificates"][0]["id"]);
    let names: Vec<&str> = certificates[0]["snis"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sni| sni["name"].as_str().unwrap())
        .collect();
    let expected = [
        "more.example.com",
        "shop.example.com",
        "www.shop.example.com",
    ];
    assert_eq!(names, expected);
    assert!(told(&translation, Kind::Ingress, "more").is_empty());
}
