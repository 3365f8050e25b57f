//! Everything that `konduit adopt` can take over, all the way: made by hand in Konnect, printed, applied, and planned.

use std::collections::{BTreeMap, BTreeSet};

use cluster_sim::ResourceId;
use kong_crds::Kind;
use kong_driver::Driver;
use kong_engine::{Engine, Mono};
use kong_model::tags::is_operators;
use kong_model::{Collection, Method, Shape};
use konnect_sim::Konnect;
use serde_json::{Value, json};

use crate::adopt::{adopt, auth, documents, of, send};
use crate::konnect::{Served, operator};
use crate::{Ran, folder};

/// What is secret in the control plane that is made by hand.
const SECRETS: [&str; 8] = [
    "canary-key",
    "canary-password",
    "canary-hmac",
    "canary-jwt",
    "canary-api-key",
    "canary-private-key",
    "canary-token",
    "canary-client-secret",
];

fn pem(what: &str, content: &str) -> String {
    format!("-----BEGIN {what}-----\n{content}\n-----END {what}-----\n")
}

/// One of everything, and two of what comes in numbers, as decK leaves it: without the tags of an operator. Gives the
/// id of the control plane.
fn everything(konnect: &mut Konnect) -> String {
    let plane = send(
        konnect,
        Method::Post,
        "/v2/control-planes".to_owned(),
        json!({"name": "By hand"}),
    );
    let plane = plane["id"].as_str().unwrap().to_owned();
    let mut make = |at: &str, body: Value| {
        let path = format!("/v2/control-planes/{plane}/core-entities/{at}");
        let made = send(konnect, Method::Post, path, body);
        made["id"].as_str().unwrap_or_default().to_owned()
    };
    let certificate = make(
        "certificates",
        json!({"cert": pem("CERTIFICATE", "MIIA"), "key": pem("PRIVATE KEY", "canary-key"), "tags": ["edge"]}),
    );
    make(
        "snis",
        json!({"name": "shop.test", "certificate": {"id": certificate}}),
    );
    let authority = make(
        "ca_certificates",
        json!({"cert": pem("CERTIFICATE", "MIIB")}),
    );
    let set = make("key-sets", json!({"name": "Tokens"}));
    make(
        "keys",
        json!({"name": "first", "kid": "k1", "set": {"id": set},
            "pem": {"public_key": pem("PUBLIC KEY", "MIIC"), "private_key": pem("PRIVATE KEY", "canary-private-key")}}),
    );
    make(
        "keys",
        json!({"kid": "k2", "jwk": r#"{"kty":"RSA","kid":"k2"}"#}),
    );
    make(
        "vaults",
        json!({"name": "env", "prefix": "shop-env", "config": {"prefix": "SHOP_"}, "description": "Ours."}),
    );
    make(
        "vaults",
        json!({"name": "hcv", "prefix": "hashicorp", "config": {"host": "v.test", "token": "canary-token"}}),
    );
    let service = make(
        "services",
        json!({"name": "Shop API", "host": "pool.test", "protocol": "https", "port": 443, "retries": 7,
            "tags": ["team-a"], "client_certificate": {"id": certificate}, "ca_certificates": [authority]}),
    );
    make("services", json!({"host": "nameless.test"}));
    let route = make(
        "routes",
        json!({"name": "cart", "paths": ["/cart"], "service": {"id": service}, "protocols": ["http"]}),
    );
    make(
        "routes",
        json!({"name": "alone", "hosts": ["alone.test"], "strip_path": false}),
    );
    let pool = make(
        "upstreams",
        json!({"name": "pool.test", "healthchecks": {"active": {"http_path": "/up"}},
            "client_certificate": {"id": certificate}}),
    );
    for target in ["10.0.0.1:80", "10.0.0.2:80"] {
        make(
            &format!("upstreams/{pool}/targets"),
            json!({"target": target}),
        );
    }
    let anna = make(
        "consumers",
        json!({"username": "anna@example.com", "custom_id": "crm-1", "tags": ["people"]}),
    );
    let bot = make("consumers", json!({"custom_id": "Bot 7"}));
    let gold = make("consumer_groups", json!({"name": "Gold"}));
    let silver = make("consumer_groups", json!({"name": "silver", "tags": ["t"]}));
    make("consumer_groups", json!({"name": "empty"}));
    for (consumer, group) in [(&anna, &silver), (&anna, &gold), (&bot, &silver)] {
        make(
            &format!("consumers/{consumer}/consumer_groups"),
            json!({ "group": group }),
        );
    }
    for (at, body) in [
        (
            "key-auth",
            json!({"key": "canary-api-key", "tags": ["app"]}),
        ),
        (
            "basic-auth",
            json!({"username": "anna", "password": "canary-password"}),
        ),
        (
            "hmac-auth",
            json!({"username": "anna", "secret": "canary-hmac"}),
        ),
        ("jwt", json!({"key": "issuer", "secret": "canary-jwt"})),
        ("acls", json!({"group": "customers"})),
    ] {
        make(&format!("consumers/{anna}/{at}"), body);
    }
    make("consumers", json!({"username": "alone"}));
    for plugin in [
        json!({"name": "rate-limiting", "route": {"id": route}, "config": {"minute": 5}}),
        json!({"name": "rate-limiting", "consumer": {"id": anna}, "config": {"minute": 50}, "tags": ["slow"]}),
        json!({"name": "rate-limiting", "consumer_group": {"id": gold}, "service": {"id": service},
            "config": {"minute": 500}, "instance_name": "Gold pace"}),
        json!({"name": "openid-connect", "enabled": false, "protocols": ["https"],
            "config": {"issuer": "i", "client_secret": ["canary-client-secret"]}}),
    ] {
        make("plugins", plugin);
    }
    send(
        konnect,
        Method::Post,
        format!("/v2/control-planes/{plane}/dp-client-certificates"),
        json!({"cert": pem("CERTIFICATE", "MIID")}),
    );
    plane
}

/// Every entity by collection and id, without what says whose it is and when it was written.
fn content(konnect: &Konnect) -> BTreeMap<(Collection, String), Value> {
    let of = |at: Collection| {
        let entities = konnect.entities(at, None);
        entities.map(move |(id, entity)| {
            let mut members = entity.as_object().unwrap().clone();
            if let Some(Value::Array(tags)) = members.get_mut("tags") {
                tags.retain(|tag| !is_operators(tag.as_str().unwrap_or_default()));
            }
            members
                .retain(|name, value| !at.stamps().contains(&name.as_str()) && *value != json!([]));
            let entity = Value::Object(members);
            ((at, id.to_owned()), entity)
        })
    };
    Collection::all().flat_map(of).collect()
}

/// The kinds that take something over which lives in a control plane and is listed there.
fn kinds() -> BTreeSet<&'static str> {
    let adopts = |kind: &Kind| {
        let at = kong_translation::collection(*kind);
        // An extension has its certificate from a Secret.
        let certificate = *kind == Kind::KongDataPlaneClientCertificate;
        at.is_some_and(|at| at.shape() == Shape::Core) || certificate
    };
    let kinds = Kind::served().filter(adopts);
    kinds.map(Kind::as_str).collect()
}

/// The password, of which Konnect has only a hash, is filled in as the user would.
fn filled_in(out: &str) -> String {
    let mut documents = documents(out);
    for document in &mut documents {
        if document["kind"] == "KongCredentialBasicAuth" {
            document["spec"]["password"] = json!("canary-password");
        }
    }
    let texts = documents
        .iter()
        .map(|it| serde_yaml::to_string(it).unwrap());
    texts.collect::<Vec<_>>().join("---\n")
}

fn planned(konnect: Konnect, text: &str) -> Ran {
    let directory = folder(&[("all.yaml", text)]);
    Served::start(konnect).plan(directory.path(), &[])
}

#[test]
fn what_is_printed_takes_everything_over_and_changes_nothing() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let before = content(&konnect);
    let made = konnect.log().iter().filter(|it| it.is_write()).count();
    let served = Served::start(konnect.clone());
    let ran = adopt(&served, &plane, auth(), &["--with-secrets"]);
    let printed: BTreeSet<String> = documents(&ran.out)
        .iter()
        .map(|it| it["kind"].as_str().unwrap().to_owned())
        .collect();
    let missing: Vec<&str> = kinds()
        .into_iter()
        .filter(|kind| !printed.contains(*kind))
        .collect();
    assert_eq!(missing, [] as [&str; 0], "{}", ran.err);
    // What Konnect fills in is left out, however deep it stands, unless its field is required.
    let pool = of(&documents(&ran.out), "KongUpstream")[0]["spec"]["healthchecks"].clone();
    let active = json!({"http_path": "/up", "concurrency": 10, "https_verify_certificate": true, "timeout": 1,
        "type": "http"});
    assert_eq!(pool, json!({"active": active, "threshold": 0}));
    let manifests = format!("{}---\n{}", auth(), filled_in(&ran.out));

    // What is there already is found again, its groups, too.
    let again = adopt(&served, &plane, &manifests, &["--with-secrets"]);
    assert_eq!((again.code, again.out.as_str()), (0, ""), "{again:?}");
    let first = planned(konnect.clone(), &manifests);
    assert_eq!(first.code, 0, "{first:?}");

    let mut driver = operator(&manifests, konnect);
    // Lists are read again: drift would be seen.
    driver.run_until(Mono(150_000));
    for kind in Kind::served() {
        let resource = ResourceId::new(kind.group(), kind.plural());
        for object in driver.cluster.list(&resource, None) {
            let conditions = object["status"]["conditions"].as_array();
            let conditions: BTreeMap<&str, &Value> = conditions
                .into_iter()
                .flatten()
                .map(|it| (it["type"].as_str().unwrap(), &it["status"]))
                .collect();
            if let Some(programmed) = conditions.get("Programmed") {
                assert_eq!(**programmed, "True", "{object:#}");
            }
            if object["spec"]["adopt"].is_object() {
                assert_eq!(conditions["Adopted"], "True", "{object:#}");
            }
        }
    }
    let taken = std::mem::replace(&mut driver.konnect, Konnect::new(2));
    let writes = taken.log().iter().filter(|it| it.is_write());
    let own: Vec<&str> = writes.skip(made).map(|it| &*it.path).collect();
    assert_eq!(own, [""; 0]);
    let after = content(&taken);
    for (key, entity) in &before {
        assert_eq!(after.get(key), Some(entity), "{key:?}");
    }
    assert_eq!(after.len(), before.len());

    let ran = planned(taken, &manifests);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn secrets_are_printed_for_those_only_who_ask_for_them() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let served = Served::start(konnect);
    let ran = adopt(&served, &plane, auth(), &[]);
    assert_eq!(ran.code, 1);
    let said = format!("{ran:?}");
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    // Each is said where it is missing, too.
    let documents = documents(&ran.out);
    let key = of(&documents, "KongKey")[0];
    assert_eq!(key["spec"]["pem"]["private_key"], "[redacted]");
    assert_ne!(key["spec"]["pem"]["public_key"], "[redacted]");
    let missing = "\n# spec.pem.private_key: it is secret and not printed";
    assert!(ran.out.contains(missing), "{}", ran.out);
    assert_eq!(
        ran.out.matches("\n# ").count(),
        ran.err.matches("before you apply").count()
    );

    let all = adopt(&served, &plane, auth(), &["--with-secrets"]);
    for secret in SECRETS {
        let is_hashed = secret == "canary-password";
        assert_eq!(all.out.contains(secret), !is_hashed, "{secret}");
    }
}

#[test]
fn manifests_read_as_if_somebody_had_written_them() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let served = Served::start(konnect);
    let ran = adopt(&served, &plane, auth(), &["--with-secrets"]);
    let documents = documents(&ran.out);
    let groups: BTreeMap<&str, &Value> = of(&documents, "KongConsumer")
        .into_iter()
        .map(|it| {
            (
                it["metadata"]["name"].as_str().unwrap(),
                &it["consumerGroups"],
            )
        })
        .collect();
    assert_eq!(groups["anna-example-com"], &json!(["gold", "silver"]));
    assert_eq!(groups["bot-7"], &json!(["silver"]));
    assert_eq!(groups["alone"], &Value::Null);
    // Names say what is whose.
    for (kind, name) in [
        ("KongCredentialACL", "anna-example-com-customers"),
        ("KongTarget", "pool-test-10-0-0-1-80"),
        ("KongPluginBinding", "rate-limiting-cart"),
        ("KongPluginBinding", "gold-pace"),
    ] {
        let mut names = of(&documents, kind)
            .into_iter()
            .map(|it| &it["metadata"]["name"]);
        assert!(names.any(|it| it == name), "{kind} {name}: {}", ran.out);
    }
    assert!(
        ran.out
            .contains("\napiVersion: configuration.konghq.com/v1\nkind: KongConsumer\nmetadata:\n")
    );
    // That costs a list a group.
    assert_eq!(served.asked("/consumer_groups/").len(), 3);
}

#[test]
fn a_membership_that_no_manifest_can_say_is_said() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let served = Served::start(konnect.clone());
    let ran = adopt(&served, &plane, auth(), &["--with-secrets"]);
    let printed = documents(&filled_in(&ran.out));
    let texts = |change: &dyn Fn(&mut Value) -> bool| {
        let kept = printed
            .iter()
            .cloned()
            .filter_map(|mut it| change(&mut it).then_some(it));
        let texts = kept.map(|it| serde_yaml::to_string(&it).unwrap());
        format!("{}---\n{}", auth(), texts.collect::<Vec<_>>().join("---\n"))
    };
    // The manifest of a consumer lacks one.
    let lacking = texts(&|it| {
        if it["metadata"]["name"] == "bot-7" {
            it.as_object_mut().unwrap().remove("consumerGroups");
        }
        true
    });
    let ran = adopt(&served, &plane, &lacking, &[]);
    let line = "KongConsumer default/bot-7: it is in the consumer group \"silver\" (";
    assert!(
        ran.err.contains(line) && ran.err.contains("add \"silver\" to consumerGroups"),
        "{ran:?}"
    );
    // That is what keeps it from being taken over, and it stays where it is. Who overrides takes it out.
    let members = |konnect: &Konnect| {
        konnect
            .entities(Collection::ConsumerGroupMembers, None)
            .count()
    };
    let adopted = |driver: &Driver<Engine>| {
        let kind = Kind::KongConsumer;
        let resource = ResourceId::new(kind.group(), kind.plural());
        let mut objects = driver.cluster.list(&resource, None);
        let object = objects.find(|it| it["metadata"]["name"] == "bot-7");
        let object = object.unwrap();
        let mut conditions = object["status"]["conditions"].as_array().unwrap().iter();
        let adopted = conditions.find(|it| it["type"] == "Adopted").unwrap();
        (adopted["reason"].clone(), adopted["message"].to_string())
    };
    assert_eq!(members(&konnect), 3);
    let mut driver = operator(&lacking, konnect.clone());
    driver.run_until(Mono(150_000));
    assert_eq!(members(&driver.konnect), 3);
    let (reason, message) = adopted(&driver);
    assert_eq!(reason, "NotMatch");
    assert!(
        message.contains("it differs in consumerGroups;"),
        "{message}"
    );
    let overriding = texts(&|it| {
        if it["metadata"]["name"] == "bot-7" {
            it.as_object_mut().unwrap().remove("consumerGroups");
            it["spec"]["adopt"]["mode"] = json!("override");
        }
        true
    });
    let mut driver = operator(&overriding, konnect);
    driver.run_until(Mono(150_000));
    assert_eq!(members(&driver.konnect), 2);
    assert_eq!(adopted(&driver).0, "Adopted");
    // The group is an object of another namespace.
    let elsewhere = texts(&|it| {
        if it["kind"] == "KongConsumerGroup" && it["metadata"]["name"] == "gold" {
            it["metadata"]["namespace"] = json!("other");
        }
        true
    });
    let ran = adopt(&served, &plane, &elsewhere, &[]);
    let line = "KongConsumer default/anna-example-com: it is in the consumer group \"Gold\" (";
    assert!(
        ran.err.contains(line) && ran.err.contains("no object in its namespace"),
        "{ran:?}"
    );
}

#[test]
fn a_certificate_of_data_planes_is_printed_if_no_manifest_can_have_it() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let served = Served::start(konnect);
    let home = json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "mine"},
        "spec": {
            "source": "Mirror", "mirror": {"konnect": {"id": plane}},
            "konnect": {"authRef": {"name": "auth"}},
        },
    });
    let in_mine = json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "mine"}});
    let certificate = |content: &str| {
        json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongDataPlaneClientCertificate",
            "metadata": {"name": "edge"},
            "spec": {"cert": pem("CERTIFICATE", content), "controlPlaneRef": in_mine},
        })
    };
    let extension = json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
        "metadata": {"name": "edge"}, "spec": {"konnect": {"controlPlane": {"ref": in_mine}}},
    });
    let said = "a KonnectExtension among the manifests may have made it";
    for (more, printed, warns) in [
        (certificate("MIIE"), 1, false),
        (certificate("MIID"), 0, false),
        (extension, 0, true),
    ] {
        let manifests = format!("{}---\n{home}\n---\n{more}\n", auth());
        let ran = adopt(&served, &plane, &manifests, &["--with-secrets"]);
        let documents = documents(&ran.out);
        let found = of(&documents, "KongDataPlaneClientCertificate");
        assert_eq!(found.len(), printed, "{more}: {ran:?}");
        assert_eq!(ran.err.contains(said), warns, "{more}: {}", ran.err);
    }
}

#[test]
fn a_grant_is_printed_only_if_nothing_permits_vaults_yet() {
    let mut konnect = Konnect::new(1);
    let plane = everything(&mut konnect);
    let served = Served::start(konnect);
    for (namespace, name, printed) in [
        ("", "by-hand", 0),
        ("default", "by-hand", 1),
        ("", "other", 1),
    ] {
        let grant = json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongReferenceGrant",
            "metadata": {"name": "vaults"},
            "spec": {
                "from": [{"group": "configuration.konghq.com", "kind": "KongVault", "namespace": namespace}],
                "to": [{"group": "konnect.konghq.com", "kind": "KonnectGatewayControlPlane", "name": name}],
            },
        });
        let manifests = format!("{}---\n{grant}\n", auth());
        let ran = adopt(&served, &plane, &manifests, &["--with-secrets"]);
        let grants = ran.out.matches("\nkind: KongReferenceGrant\n").count();
        assert_eq!(grants, printed, "{namespace} {name}: {}", ran.err);
    }
}
