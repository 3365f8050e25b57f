//! `konduit adopt`: what it prints is what the control plane holds.

use kong_model::{Collection, Method, RemoteId, Request, Site};
use konnect_sim::{Konnect, Millis};
use serde_json::{Value, json};

use crate::konnect::{Served, operated, operator, shop};
use crate::{CONTROL_PLANE, Ran, folder, run};

pub(crate) const TOKEN: &str = "kpat_example";

/// The credentials alone.
pub(crate) fn auth() -> &'static str {
    CONTROL_PLANE.split("---\n").next().unwrap()
}

pub(crate) fn send(konnect: &mut Konnect, method: Method, path: String, body: Value) -> Value {
    let request = Request {
        host: kong_model::Host::Region,
        method,
        path,
        query: Vec::new(),
        body: Some(body),
    };
    let response = konnect.handle(Millis(0), TOKEN, &request);
    assert!(response.status < 300, "{:?}", response.body);
    response.body
}

/// What somebody made by hand: the control plane's id.
fn by_hand(konnect: &mut Konnect) -> String {
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
        made["id"].as_str().unwrap().to_owned()
    };
    let pem = |what: &str| format!("-----BEGIN {what}-----\ncanary\n-----END {what}-----\n");
    let certificate = make(
        "certificates",
        json!({"cert": "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n", "key": pem("PRIVATE KEY")}),
    );
    let shop = make(
        "services",
        json!({"name": "Shop API", "host": "pool.test", "retries": 7, "tags": ["team-a"],
            "protocol": "https", "port": 443, "client_certificate": {"id": certificate}}),
    );
    make("services", json!({"host": "nameless.test"}));
    let route = make(
        "routes",
        json!({"name": "cart", "paths": ["/cart"], "service": {"id": shop}, "protocols": ["http"]}),
    );
    make(
        "routes",
        json!({"name": "alone", "hosts": ["alone.test"], "strip_path": false}),
    );
    let pool = make(
        "upstreams",
        json!({"name": "pool.test", "hash_on": "cookie", "hash_on_cookie": "c",
            "healthchecks": {"active": {"http_path": "/up"}}}),
    );
    make(
        &format!("upstreams/{pool}/targets"),
        json!({"target": "10.0.0.1:80", "weight": 10}),
    );
    make(
        "plugins",
        json!({"name": "rate-limiting", "route": {"id": route}, "config": {"minute": 5}}),
    );
    make(
        "plugins",
        json!({"name": "openid-connect", "config": {"issuer": "i", "client_secret": ["canary"]}, "enabled": false}),
    );
    plane
}

pub(crate) fn adopt(konnect: &Served, plane: &str, manifests: &str, more: &[&str]) -> Ran {
    let directory = folder(&[("shop.yaml", manifests)]);
    let url = konnect.url();
    let arguments = [
        &[
            "adopt",
            "--control-plane",
            plane,
            "-f",
            ".",
            "--konnect-url",
            &url,
        ],
        more,
    ]
    .concat();
    let ran = run(directory.path(), &arguments, "");
    konnect.reads();
    ran
}

pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n")
        .map(|text| serde_yaml::from_str(text).unwrap())
        .collect()
}

pub(crate) fn of<'d>(documents: &'d [Value], kind: &str) -> Vec<&'d Value> {
    documents.iter().filter(|it| it["kind"] == kind).collect()
}

#[test]
fn a_control_plane_becomes_manifests_that_say_what_they_take_over() {
    let mut konnect = Konnect::new(1);
    let plane = by_hand(&mut konnect);
    let konnect = Served::start(konnect);
    let ran = adopt(&konnect, &plane, auth(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    let documents = documents(&ran.out);
    let kinds: Vec<&str> = documents
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[0], "KonnectGatewayControlPlane");
    assert_eq!(
        documents[0]["spec"],
        json!({"source": "Mirror", "mirror": {"konnect": {"id": plane}}, "konnect": {"authRef": {"name": "auth"}}})
    );
    let services = of(&documents, "KongService");
    let shop = services
        .iter()
        .find(|it| it["metadata"]["name"] == "shop-api")
        .unwrap();
    let mut spec = shop["spec"].clone();
    assert!(spec["adopt"]["konnect"]["id"].is_string());
    spec.as_object_mut().unwrap().remove("adopt");
    let certificate = &of(&documents, "KongCertificate")[0]["metadata"]["name"];
    assert_eq!(
        spec,
        json!({"name": "Shop API", "host": "pool.test", "retries": 7, "tags": ["team-a"], "protocol": "https",
            "port": 443, "clientCertificateRef": {"name": certificate},
            "controlPlaneRef": {"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "by-hand"}}})
    );
    for document in &documents[1..] {
        if document["kind"] == "KongPlugin" {
            continue;
        }
        assert_eq!(document["spec"]["adopt"]["from"], "konnect", "{document}");
        assert_eq!(document["spec"]["adopt"]["mode"], "match", "{document}");
    }
    for line in [
        "spec.key: it is secret and not printed; see --with-secrets; fill it in before you apply the manifest",
        "KongPlugin default/openid-connect: config: what sounds secret in it is not printed",
    ] {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    let ran = adopt(&konnect, &plane, auth(), &["--with-secrets"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.matches("canary").count(), 2);
}

/// What a Konnect holds, without what is not up to a manifest.
fn content(konnect: &Konnect) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for field in ["id", "tags", "_konnect"] {
                    members.remove(field);
                }
                // decK names what has no name by its id.
                members.remove("client_certificate");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => {
                items.iter_mut().for_each(strip);
                items.sort_by_key(ToString::to_string);
            }
            _ => {}
        }
    }
    let mut dump = konnect.dump();
    strip(&mut dump);
    dump
}

#[test]
fn the_manifests_say_all_that_the_control_plane_holds() {
    let mut konnect = Konnect::new(1);
    let plane = by_hand(&mut konnect);
    let expected = content(&konnect);
    let served = Served::start(konnect);
    let ran = adopt(&served, &plane, auth(), &["--with-secrets"]);
    let mut documents = documents(&ran.out);
    // As if they were to make it all anew.
    documents[0]["spec"] = json!({"createControlPlaneRequest": {"name": "By hand"}, "konnect": {"authRef": {"name": "auth"}}});
    for document in &mut documents {
        if let Some(spec) = document["spec"].as_object_mut() {
            spec.remove("adopt");
        }
    }
    let texts: Vec<String> = documents
        .iter()
        .map(|it| serde_yaml::to_string(it).unwrap())
        .collect();
    let all = format!("{}---\n{}", auth(), texts.join("---\n"));
    let remade = operator(&all, Konnect::new(2)).konnect;
    assert_eq!(content(&remade), expected);
}

#[test]
fn what_has_a_manifest_is_not_printed_again() {
    let konnect = operated(&shop());
    let plane = konnect
        .entities(Collection::ControlPlanes, None)
        .map(|(id, _)| id.to_owned())
        .next()
        .unwrap();
    let konnect = Served::start(konnect);
    let ran = adopt(&konnect, &plane, &shop(), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(
        ran.err
            .contains("everything in the control plane has a manifest"),
        "{}",
        ran.err
    );
    // Without the manifests they still are somebody's.
    let ran = adopt(&konnect, &plane, CONTROL_PLANE, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert!(
        ran.err
            .contains("is managed by KongService default/shop with UID c0ffee00-"),
        "{}",
        ran.err
    );
}

#[test]
fn what_no_kind_can_say_is_left_out_and_said() {
    let mut konnect = Konnect::new(1);
    let plane = by_hand(&mut konnect);
    let site = Site::of_control_plane(Collection::Routes, RemoteId::from(&plane));
    let route = json!({"id": "5d7a3a55-0000-4000-8000-000000000001", "name": "expressive", "expression": "http.path == \"/\""});
    assert!(konnect.plant(TOKEN, "us", &site, route));
    let konnect = Served::start(konnect);
    let ran = adopt(&konnect, &plane, auth(), &["--with-secrets", "-o", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let line = "route \"expressive\" (5d7a3a55-0000-4000-8000-000000000001): KongRoute has no field for expression";
    assert!(ran.err.contains(line), "{}", ran.err);
    let list: Value = serde_json::from_str(&ran.out).unwrap();
    let items = list["items"].as_array().unwrap();
    assert!(
        items
            .iter()
            .all(|it| it["metadata"]["name"] != "expressive")
    );
}

#[test]
fn a_control_plane_that_cannot_be_had_is_an_error() {
    let mut konnect = Konnect::new(1);
    by_hand(&mut konnect);
    let konnect = Served::start(konnect);
    let unknown = "5d7a3a55-0000-4000-8000-000000000009";
    let ran = adopt(&konnect, unknown, auth(), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains(unknown) && ran.err.contains("correct the id"),
        "{}",
        ran.err
    );
    let bad = auth().replace(TOKEN, "kpat_bad_1");
    let ran = adopt(&konnect, unknown, &bad, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("Konnect does not accept the token"),
        "{}",
        ran.err
    );
}
