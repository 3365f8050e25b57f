//! `konduit plan`: what it says would change is what changes, and nothing is written.

use kong_engine::Mono;
use kong_model::{Collection, Site};
use konnect_sim::Konnect;
use serde_json::{Value, json};

use crate::konnect::{HOME, Served, documents, object, operated, operator, shop};
use crate::{CONTROL_PLANE, folder, run, service};

#[test]
fn everything_is_to_be_created_where_nothing_is() {
    let konnect = Served::start(Konnect::new(1));
    let directory = folder(&[("shop.yaml", &shop())]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (2, ""), "{}", ran.out);
    let expected = "\
+ control plane \"cp\"  KonnectGatewayControlPlane default/cp
    name: \"cp\"
+ upstream \"pool.test\"  KongUpstream default/pool
    name: \"pool.test\"
+ service \"shop\"  KongService default/shop
    host: \"shop.test\"
    name: \"shop\"
    tags: [\"team-a\"]
+ route \"cart\"  KongRoute default/cart
    name: \"cart\"
    paths: [\"/cart\"]
    service: \"shop\"
+ target \"10.0.0.1:80\"  KongTarget default/one
    target: \"10.0.0.1:80\"
+ plugin \"rate-limiting\"  KongPlugin default/limit
    config.minute: 5
    config.policy: \"local\"
    name: \"rate-limiting\"
    route: \"cart\"
0 to delete, 0 to change, 6 to create: 6 requests to change Konnect, besides 2 requests to read it.
";
    assert_eq!(ran.out, expected);
}

#[test]
fn nothing_is_to_change_after_it_was_applied() {
    let konnect = Served::start(operated(&shop()));
    let directory = folder(&[("shop.yaml", &shop())]);
    let ran = konnect.plan(directory.path(), &[]);
    let count = konnect.reads();
    let expected = format!("No changes. {count} requests to read Konnect.\n");
    let all = crate::Ran {
        code: 0,
        out: expected,
        err: String::new(),
    };
    assert_eq!(ran, all);
}

#[test]
fn an_edit_is_shown_member_by_member() {
    let konnect = Served::start(operated(&shop()));
    let edited = shop()
        .replace(
            "paths: [/cart]",
            "paths: [/cart, /basket]\n  strip_path: false",
        )
        .replace("tags: [team-a]", "tags: [team-b]\n  retries: 7")
        .replace("minute: 5", "minute: 10");
    let directory = folder(&[("shop.yaml", &edited)]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (2, ""), "{}", ran.out);
    let expected = "\
~ service \"shop\"  KongService default/shop
    retries: 5 -> 7
    tags[]: - \"team-a\"
    tags[]: + \"team-b\"
~ route \"cart\"  KongRoute default/cart
    paths[]: + \"/basket\"
    strip_path: true -> false
~ plugin \"rate-limiting\"  KongPlugin default/limit
    config.minute: 5 -> 10
";
    let (changes, summary) = ran.out.split_at(expected.len());
    assert_eq!(changes, expected);
    assert!(
        summary.starts_with("0 to delete, 3 to change, 0 to create: 3 requests to change"),
        "{summary}"
    );
}

#[test]
fn what_has_no_manifest_goes_children_first_unless_the_manifests_are_a_part() {
    let konnect = Served::start(operated(&shop()));
    let directory = folder(&[("shop.yaml", CONTROL_PLANE)]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "- plugin \"rate-limiting\"  KongPlugin default/limit: it goes along with what it belongs to",
            "- target \"10.0.0.1:80\"  KongTarget default/one: it is not among the manifests",
            "- route \"cart\"  KongRoute default/cart: it is not among the manifests",
            "- service \"shop\"  KongService default/shop: it is not among the manifests",
            "- upstream \"pool.test\"  KongUpstream default/pool: it is not among the manifests",
        ]
    );
    assert!(ran.err.contains("--partial"), "{}", ran.err);
    let (_, json) = konnect.json(directory.path(), &[]);
    let requests = json["requests"].as_array().unwrap();
    assert!(requests.iter().all(|it| it["method"] == "DELETE"));
    assert_eq!(json["summary"]["writes"], requests.len());
    let ran = konnect.plan(directory.path(), &["--partial"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
}

#[test]
fn the_requests_are_those_that_the_operator_sends() {
    let before = operated(&shop());
    let konnect = Served::start(before.clone());
    let edited = shop().replace("host: shop.test", "host: new.test")
        + "---\n"
        + &service("next", "host: next.test");
    let directory = folder(&[("shop.yaml", &edited)]);
    let (code, json) = konnect.json(directory.path(), &[]);
    assert_eq!(code, 2);
    let mut before = before;
    before.clear_log();
    let log = operator(&edited, before).konnect;
    let sent: Vec<_> = log.log().iter().filter(|it| it.is_write()).collect();
    let told = json["requests"].as_array().unwrap();
    assert_eq!(told.len(), sent.len(), "{told:?} {sent:?}");
    for (told, sent) in told.iter().zip(sent) {
        assert_eq!(told["method"], sent.method.as_str());
        let (start, end) = sent.path.rsplit_once('/').unwrap();
        let path = told["path"].as_str().unwrap();
        assert!(
            path == &*sent.path || path == format!("{start}/{{new}}"),
            "{path} {end}"
        );
    }
}

#[test]
fn the_deletions_are_those_that_the_operator_sends_for_deleted_objects() {
    let mut driver = operator(&shop(), Konnect::new(1));
    let konnect = Served::start(driver.konnect.clone());
    let directory = folder(&[("shop.yaml", CONTROL_PLANE)]);
    let (_, json) = konnect.json(directory.path(), &[]);
    driver.konnect.clear_log();
    for kind in ["kongservices", "kongroutes", "kongupstreams", "kongtargets"] {
        let resource = cluster_sim::ResourceId::new("configuration.konghq.com", kind);
        let objects = driver.cluster.list(&resource, None);
        let objects: Vec<_> = objects.filter_map(|it| driver.cluster.id_of(it)).collect();
        for object in objects {
            driver
                .request(cluster_sim::Request::Delete {
                    object,
                    preconditions: cluster_sim::Preconditions::default(),
                    propagation: cluster_sim::Propagation::Background,
                })
                .unwrap();
        }
    }
    assert!(driver.settle(Mono(240_000)));
    let log = driver.konnect.log().iter().filter(|it| it.is_write());
    let mut sent: Vec<String> = log.map(|it| format!("{} {}", it.method, it.path)).collect();
    let told = json["requests"].as_array().unwrap().iter();
    let told = told.map(|it| {
        format!(
            "{} {}",
            it["method"].as_str().unwrap(),
            it["path"].as_str().unwrap()
        )
    });
    let mut told: Vec<String> = told.collect();
    sent.sort();
    told.sort();
    assert_eq!(told, sent);
}

const CANARY: &str = "canary-4711";

fn with_secrets(value: &str) -> String {
    let pem = |what: &str| format!("-----BEGIN {what}-----\\n{value}\\n-----END {what}-----\\n");
    let certificate = object(
        "KongCertificate",
        "cert",
        &format!(
            "  type: inline\n  cert: \"-----BEGIN CERTIFICATE-----\\nMII\\n-----END CERTIFICATE-----\\n\"\n  key: \"{}\"\n{HOME}",
            pem("PRIVATE KEY")
        ),
    );
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: settings, labels: {{konghq.com/secret: \"true\"}}}}\nstringData: {{config: '{{\"minute\": 5, \"redis\": {{\"username\": \"{value}\"}}}}'}}\n"
    );
    let plugin = "\
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit}
plugin: rate-limiting
configFrom: {secretKeyRef: {name: settings, key: config}}
";
    documents(&[
        CONTROL_PLANE,
        &service("shop", "host: shop.test").replace(
            "{name: shop}",
            "{name: shop, annotations: {konghq.com/plugins: limit}}",
        ),
        &certificate,
        &secret,
        plugin,
    ])
}

#[test]
fn what_is_secret_is_said_to_change_and_not_shown() {
    let konnect = Served::start(operated(&with_secrets(CANARY)));
    let directory = folder(&[("shop.yaml", &with_secrets("canary-0815"))]);
    for format in ["text", "json"] {
        let ran = konnect.plan(directory.path(), &["-o", format]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(!format!("{ran:?}").contains("canary-"), "{ran:?}");
    }
    let ran = konnect.plan(directory.path(), &[]);
    assert!(
        ran.out.contains("    key: \"[redacted]\" (changed)\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("    config.redis.username: \"[redacted]\" (changed)\n"),
        "{}",
        ran.out
    );
    // It is not in a Secret any more: what sounds like one is still not shown.
    let inline = with_secrets("x").replace(
        "configFrom: {secretKeyRef: {name: settings, key: config}}",
        "config: {minute: 5, redis: {password: canary-9}}",
    );
    let directory = folder(&[("shop.yaml", &inline)]);
    let ran = konnect.plan(directory.path(), &[]);
    assert!(
        ran.out.contains("config.redis.password: + \"[redacted]\""),
        "{}",
        ran.out
    );
    assert!(!format!("{ran:?}").contains("canary-"), "{ran:?}");
}

#[test]
fn a_token_that_is_not_accepted_is_an_error_and_another_one_can_be_given() {
    let konnect = Served::start(operated(&shop()));
    let bad = shop().replace("kpat_example", "kpat_bad_canary");
    let directory = folder(&[("shop.yaml", &bad)]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let line =
        "KonnectAPIAuthConfiguration default/auth: not valid: Konnect does not accept the token";
    assert!(ran.err.contains(line), "{}", ran.err);
    assert!(!format!("{ran:?}").contains("canary"));
    let token = folder(&[
        ("token", "kpat_example\n"),
        ("empty", " "),
        ("other", "secret-thing"),
    ]);
    let file = |name: &str| token.path().join(name).display().to_string();
    let ran = konnect.plan(directory.path(), &["--token-file", &file("token")]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    for (name, words) in [
        ("empty", "there is no token in"),
        (
            "other",
            "is no token of Konnect: tokens begin with kpat_ or spat_",
        ),
        ("missing", "cannot read"),
    ] {
        let ran = konnect.plan(directory.path(), &["--token-file", &file(name)]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(
            ran.err.contains(words) && !ran.err.contains("secret-thing"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn wrong_use_and_a_konnect_that_is_not_there_do_not_look_like_changes() {
    let directory = folder(&[("shop.yaml", CONTROL_PLANE)]);
    for arguments in [
        &["plan"][..],
        &["plan", "--nonsense"],
        &["plan", "-f", "nowhere"],
        &[
            "plan",
            "-f",
            ".",
            "--konnect-url",
            "http://konnect.example.com",
        ],
    ] {
        let ran = run(directory.path(), arguments, "");
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (1, ""),
            "{arguments:?} {}",
            ran.err
        );
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    let gone = Served::start(Konnect::new(1)).url();
    let ran = run(
        directory.path(),
        &["plan", "-f", ".", "--konnect-url", &gone],
        "",
    );
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no answer from Konnect"), "{}", ran.err);
}

#[test]
fn a_bad_manifest_costs_itself_and_is_not_taken_for_a_deletion() {
    let konnect = Served::start(operated(&shop()));
    let bad = shop()
        .replace("weight", "w")
        .replace("host: shop.test", "hosts: shop.test");
    let directory = folder(&[
        ("shop.yaml", &bad),
        ("new.yaml", &service("next", "host: next.test")),
    ]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("spec.hosts: unknown field"), "{}", ran.err);
    assert!(
        ran.out.contains("+ service  KongService default/next"),
        "{}",
        ran.out
    );
    assert!(
        !ran.out.contains("\n- ") && !ran.out.starts_with("- "),
        "{}",
        ran.out
    );
    // What cannot be read at all may be anything.
    let directory = folder(&[("shop.yaml", CONTROL_PLANE), ("broken.yaml", "a: [")]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("No changes."), "{}", ran.out);
    assert!(
        ran.err.contains("what has no manifest is not deleted"),
        "{}",
        ran.err
    );
}

#[test]
fn what_a_cluster_prints_keeps_its_uids_and_a_restored_backup_is_no_owner() {
    let driver = operator(&shop(), Konnect::new(1));
    let objects: Vec<_> = driver
        .cluster
        .resources()
        .flat_map(|resource| driver.cluster.list(resource, None))
        .map(|object| Value::clone(object))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let konnect = Served::start(driver.konnect.clone());
    let directory = folder(&[("list.json", &list.to_string())]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let restored = list.to_string().replace("c0ffee00", "badcafe0");
    let directory = folder(&[("list.json", &restored)]);
    let ran = konnect.plan(directory.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("restored backup"), "{}", ran.err);
}

#[test]
fn drift_is_a_change_and_strangers_stay() {
    let mut konnect = operated(&shop());
    let plane = konnect
        .entities(kong_model::Collection::ControlPlanes, None)
        .map(|(id, _)| id.to_owned())
        .next()
        .unwrap();
    let site = |at| kong_model::Site::of_control_plane(at, kong_model::RemoteId::from(&plane));
    let services = site(kong_model::Collection::Services);
    let mut drifted: Value = konnect
        .entities(services.at, Some(&plane))
        .map(|(_, entity)| entity.clone())
        .next()
        .unwrap();
    drifted["host"] = json!("elsewhere.test");
    assert!(konnect.plant("kpat_example", "us", &services, drifted));
    let stranger =
        json!({"id": "5d7a3a55-0000-4000-8000-000000000001", "name": "theirs", "host": "t.test"});
    assert!(konnect.plant("kpat_example", "us", &services, stranger));
    let konnect = Served::start(konnect);
    let directory = folder(&[("shop.yaml", &shop())]);
    let (code, json) = konnect.json(directory.path(), &[]);
    assert_eq!(code, 2);
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{json}");
    assert_eq!(
        changes[0]["members"],
        json!([{"path": "host", "from": "elsewhere.test", "to": "shop.test"}])
    );
    assert_eq!(json["summary"]["writes"], 1);
}

#[test]
fn the_same_name_in_another_control_plane_is_somebody_else() {
    // Two clusters, one organisation: both have an object default/cp.
    let other = shop().replace(
        "createControlPlaneRequest: {name: cp}",
        "createControlPlaneRequest: {name: staging}",
    );
    let konnect = Served::start(operated(&other));
    let directory = folder(&[("shop.yaml", &shop())]);
    let (code, json) = konnect.json(directory.path(), &[]);
    assert_eq!((code, &json["summary"]["create"]), (2, &json!(6)), "{json}");
    assert_eq!(json["summary"]["delete"], 0);
    assert_eq!(json["summary"]["change"], 0);
    let ran = konnect.plan(directory.path(), &[]);
    let note = "the one that has \"staging\" in Konnect";
    assert!(ran.err.contains(note), "{}", ran.err);
}

#[test]
fn a_network_that_is_named_by_its_id_is_looked_up_where_the_others_are() {
    let id = "3f1c0b6e-8a52-4d5c-9c7e-0b8f0a8e7d11";
    let groups = format!(
        "---
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectCloudGatewayDataPlaneGroupConfiguration
metadata: {{name: groups}}
spec:
  version: '3.12'
  controlPlaneRef: {{type: konnectNamespacedRef, konnectNamespacedRef: {{name: cp}}}}
  dataplane_groups:
  - provider: aws
    region: eu-west-1
    networkRef: {{type: konnectID, konnectID: {id}}}
    autoscale: {{type: autopilot, autopilot: {{base_rps: 10}}}}
"
    );
    let directory = folder(&[("groups.yaml", &(CONTROL_PLANE.to_owned() + &groups))]);
    let plan = |state: Option<&str>| {
        let mut konnect = Konnect::new(1);
        if let Some(state) = state {
            let network = json!({"id": id, "name": "theirs", "state": state, "created_at": "2999"});
            let site = Site::of_organisation(Collection::Networks);
            assert!(konnect.plant("kpat_any", HOME, &site, network));
        }
        Served::start(konnect).plan(directory.path(), &[])
    };
    let waits = |state, why: &str| {
        let ran = plan(state);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(
            ran.err.contains("groups.yaml") && ran.err.contains(why),
            "{ran:?}"
        );
        assert!(!ran.out.contains("configuration"), "{ran:?}");
    };
    waits(None, "there is none with this ID");
    waits(
        Some("initializing"),
        "is not ready yet, current state: initializing",
    );
    let ran = plan(Some("ready"));
    assert_eq!((ran.code, ran.err.as_str()), (2, ""), "{}", ran.out);
    assert!(ran.out.contains("+ configuration"), "{}", ran.out);
}
