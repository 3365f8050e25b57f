//! What holds for all manifests, also for those with which somebody means ill: Kong accepts what comes of them, the order
//! of inputs does not matter, what has nothing to do with each other does not change each other, and a translation
//! that takes in changes is the one that is made from scratch.

use std::collections::{BTreeMap, BTreeSet};

use gateway_translation::{Delta, KongVersion, Settings, Translation, Translator, translate};
use kong_resolve::{Entry, Key, Name, World};
use kong_router::{Config, Dialect, Edition, Flavor, Problem, validate};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::gateway::FLAVORS;

/// Texts that could mean something where they get to.
const HOSTILE: [&str; 24] = [
    "",
    " ",
    "\"",
    "'",
    "\\",
    "\n",
    "a\" || true || http.path == \"b",
    "$(headers[\"x\"])",
    "(",
    "[a-z",
    "a{99999}",
    "(?=x)",
    ".*",
    "^/x$",
    "~/x",
    "~*a",
    "/a//b/../c",
    "/%2e%2E/%00",
    "/\u{e9}\u{1f600}",
    "\u{7f}\u{0}",
    "]]--",
    "*",
    "a,b",
    "x\"#{'",
];
const PATHS: [&str; 7] = ["/", "/a", "/a/", "/a/b", "/a.b", "/A%20b", "/a~b"];
const HOSTS: [&str; 6] = [
    "a.example.com",
    "b.example.com",
    "B.Example.com",
    "*.example.com",
    "*.com",
    "a.b.example.com",
];
const NAMES: [&str; 4] = ["a", "b", "c", "gone"];

/// One of some texts, now and then one that means ill.
fn text(good: &'static [&'static str]) -> BoxedStrategy<String> {
    let good = select(good).prop_map(str::to_owned);
    let hostile = select(&HOSTILE[..]).prop_map(str::to_owned);
    let rooted = select(&HOSTILE[..]).prop_map(|text| format!("/{text}"));
    prop_oneof![8 => good, 1 => hostile, 1 => rooted].boxed()
}

fn some(many: usize, of: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop::collection::vec(of, 0..=many)
        .prop_map(Value::Array)
        .boxed()
}

fn service() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn annotations() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        text(&["1", "x"]).prop_map(|it| ("konghq.com/regex-priority", it)),
        text(&["true", "false"]).prop_map(|it| ("konghq.com/strip-path", it)),
        text(&["https", "http,https", "grpc"]).prop_map(|it| ("konghq.com/protocols", it)),
        text(&["alias.example.com", "*.alias.com"]).prop_map(|it| ("konghq.com/host-aliases", it)),
        text(&["GET", "GET,POST"]).prop_map(|it| ("konghq.com/methods", it)),
        text(&["sni.example.com"]).prop_map(|it| ("konghq.com/snis", it)),
        text(&["v1", "v0"]).prop_map(|it| ("konghq.com/path-handling", it)),
        text(&["one,two"]).prop_map(|it| ("konghq.com/tags", it)),
        text(&["1", "2"]).prop_map(|it| ("konghq.com/headers.x-a", it)),
        text(&["p", "q", "p,q", "p,gone"]).prop_map(|it| ("konghq.com/plugins", it)),
        text(&["301", "308"]).prop_map(|it| ("konghq.com/https-redirect-status-code", it)),
        text(&["/$1", "/x"]).prop_map(|it| ("konghq.com/rewrite", it)),
        text(&["/api", "/"]).prop_map(|it| ("konghq.com/path", it)),
        text(&["https", "grpcs", "tcp"]).prop_map(|it| ("konghq.com/protocol", it)),
        text(&["5", "70000"]).prop_map(|it| ("konghq.com/retries", it)),
        text(&["100"]).prop_map(|it| ("konghq.com/connect-timeout", it)),
        text(&["host.example.com"]).prop_map(|it| ("konghq.com/host-header", it)),
        text(&["true"]).prop_map(|it| ("ingress.kubernetes.io/service-upstream", it)),
        text(&["policy", "gone"]).prop_map(|it| ("konghq.com/upstream-policy", it)),
        text(&["true"]).prop_map(|it| ("konghq.com/tls-verify", it)),
    ];
    prop::collection::vec(one, 0..3).prop_map(|all| {
        let all: BTreeMap<&str, String> = all.into_iter().collect();
        json!(all)
    })
}

fn object(api: &str, kind: &str, name: &str, annotations: Value, more: Value) -> Value {
    let mut object = json!({
        "apiVersion": api, "kind": kind,
        "metadata": {
            "name": name, "namespace": "default", "uid": format!("{kind}-{name}"),
        },
    });
    object["metadata"]["annotations"] = annotations;
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn backends() -> BoxedStrategy<Value> {
    let weight = prop_oneof![3 => Just(Value::Null), 1 => (0..4_i64).prop_map(|it| json!(it))];
    let kind =
        prop_oneof![8 => Just(Value::Null), 1 => text(&["Service", "Pod"]).prop_map(Value::from)];
    let port = prop_oneof![6 => Just(json!(80)), 1 => Just(json!(81)), 1 => Just(Value::Null)];
    let name = prop_oneof![6 => service(), 1 => text(&["a"])];
    let one = (name, port, weight, kind).prop_map(|(name, port, weight, kind)| {
        let mut backend = json!({"name": name, "port": port, "weight": weight, "kind": kind});
        if let Some(members) = backend.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        backend
    });
    some(2, one)
}

fn values() -> BoxedStrategy<Value> {
    let kind = select(vec!["Exact", "RegularExpression", "Other"]);
    let one = (text(&["x-a", "X-A", "x_b"]), text(&["1", "v.*"]), kind)
        .prop_map(|(name, value, kind)| json!({"name": name, "value": value, "type": kind}));
    some(2, one)
}

fn filters() -> BoxedStrategy<Value> {
    let header = (text(&["x-h"]), text(&["v"]))
        .prop_map(|(name, value)| json!([{"name": name, "value": value}]));
    let rewrite = (
        text(&["/new", "/"]),
        select(vec!["ReplaceFullPath", "ReplacePrefixMatch"]),
    );
    let redirect = (
        text(&["/new"]),
        text(&["r.example.com"]),
        select(vec![301, 302, 418]),
    );
    let one = prop_oneof![
        header.clone().prop_map(
            |set| json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": set}})
        ),
        header.prop_map(
            |add| json!({"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": add}})
        ),
        rewrite.prop_map(
            |(path, kind)| json!({"type": "URLRewrite", "urlRewrite": {"path": {
            "type": kind, "replaceFullPath": path, "replacePrefixMatch": path}}})
        ),
        redirect.prop_map(
            |(path, host, status)| json!({"type": "RequestRedirect", "requestRedirect": {
            "hostname": host, "statusCode": status,
            "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": path}}})
        ),
        text(&["p", "q"]).prop_map(|name| json!({"type": "ExtensionRef", "extensionRef": {
            "group": "configuration.konghq.com", "kind": "KongPlugin", "name": name}})),
    ];
    prop_oneof![3 => Just(json!([])), 1 => some(2, one)].boxed()
}

fn hostnames() -> BoxedStrategy<Value> {
    some(3, text(&HOSTS).prop_map(Value::from))
}

fn http_route() -> BoxedStrategy<Value> {
    let kind = select(vec!["Exact", "PathPrefix", "RegularExpression", "Other"]);
    let method =
        prop_oneof![2 => Just(Value::Null), 1 => text(&["GET", "POST"]).prop_map(Value::from)];
    let queries = prop_oneof![4 => Just(json!([])), 1 => values()];
    let one = (kind, text(&PATHS), values(), queries, method).prop_map(
        |(kind, path, headers, queries, method)| {
            let mut it = json!({"path": {"type": kind, "value": path}, "headers": headers, "queryParams": queries});
            if !method.is_null() {
                it["method"] = method;
            }
            it
        },
    );
    let timeouts = prop_oneof![
        4 => Just(json!({})),
        1 => text(&["5s", "1m"]).prop_map(|it| json!({"backendRequest": it})),
    ];
    let rule = (some(2, one), filters(), backends(), timeouts).prop_map(
        |(matches, filters, backends, timeouts)| {
            json!({"matches": matches, "filters": filters, "backendRefs": backends, "timeouts": timeouts})
        },
    );
    (
        hostnames(),
        some(3, rule),
        annotations(),
        select(vec!["r1", "r2", "r1.a"]),
    )
        .prop_map(|(hostnames, rules, annotations, name)| {
            let spec =
                json!({"parentRefs": [{"name": "g"}], "hostnames": hostnames, "rules": rules});
            let api = "gateway.networking.k8s.io/v1";
            object(api, "HTTPRoute", name, annotations, json!({"spec": spec}))
        })
        .boxed()
}

fn grpc_route() -> BoxedStrategy<Value> {
    let method = (
        text(&["shop.Cart", "a"]),
        text(&["Add", "b"]),
        select(vec!["Exact", "RegularExpression"]),
    )
        .prop_map(
            |(service, method, kind)| json!({"service": service, "method": method, "type": kind}),
        );
    let one = (method, values())
        .prop_map(|(method, headers)| json!({"method": method, "headers": headers}));
    let rule = (some(2, one), backends())
        .prop_map(|(matches, backends)| json!({"matches": matches, "backendRefs": backends}));
    (
        hostnames(),
        some(2, rule),
        annotations(),
        select(vec!["g1", "g2", "g1.a"]),
    )
        .prop_map(|(hostnames, rules, annotations, name)| {
            let spec =
                json!({"parentRefs": [{"name": "g"}], "hostnames": hostnames, "rules": rules});
            let api = "gateway.networking.k8s.io/v1";
            object(api, "GRPCRoute", name, annotations, json!({"spec": spec}))
        })
        .boxed()
}

fn ingress() -> BoxedStrategy<Value> {
    let port = prop_oneof![
        Just(json!({"number": 80})),
        text(&["web"]).prop_map(|name| json!({"name": name}))
    ];
    let backend = (service(), port)
        .prop_map(|(name, port)| json!({"service": {"name": name, "port": port}}))
        .boxed();
    let kind = select(vec!["Exact", "Prefix", "ImplementationSpecific", "Other"]);
    let path = (text(&PATHS), kind, backend.clone()).prop_map(
        |(path, kind, backend)| json!({"path": path, "pathType": kind, "backend": backend}),
    );
    let host = prop_oneof![1 => Just(String::new()), 4 => text(&HOSTS)];
    let rule = (host, some(3, path))
        .prop_map(|(host, paths)| json!({"host": host, "http": {"paths": paths}}));
    let default = prop_oneof![2 => Just(Value::Null), 1 => backend];
    (
        some(2, rule),
        default,
        annotations(),
        select(vec!["i1", "i2", "i1.a"]),
    )
        .prop_map(|(rules, default, annotations, name)| {
            let mut spec = json!({"ingressClassName": "kong", "rules": rules});
            if !default.is_null() {
                spec["defaultBackend"] = default;
            }
            object(
                "networking.k8s.io/v1",
                "Ingress",
                name,
                annotations,
                json!({"spec": spec}),
            )
        })
        .boxed()
}

fn stream_route() -> BoxedStrategy<Value> {
    let kind = select(vec![
        ("TLSRoute", "tls"),
        ("TCPRoute", "tcp"),
        ("UDPRoute", "udp"),
    ]);
    let rule = backends().prop_map(|backends| json!({"backendRefs": backends}));
    (
        kind,
        some(2, rule),
        hostnames(),
        annotations(),
        select(vec!["s1", "s2"]),
    )
        .prop_map(|((kind, listener), rules, hostnames, annotations, name)| {
            let mut spec =
                json!({"parentRefs": [{"name": "g", "sectionName": listener}], "rules": rules});
            if kind == "TLSRoute" {
                spec["hostnames"] = hostnames;
            }
            let api = "gateway.networking.k8s.io/v1alpha2";
            object(api, kind, name, annotations, json!({"spec": spec}))
        })
        .boxed()
}

fn other() -> BoxedStrategy<Value> {
    let kong = "configuration.konghq.com/v1";
    let service = (select(vec!["a", "b", "c"]), annotations(), any::<bool>()).prop_map(
        |(name, annotations, external)| {
            let mut spec = json!({"ports": [{"name": "web", "port": 80}]});
            if external {
                spec["type"] = json!("ExternalName");
                spec["externalName"] = json!("ext.example.com");
            }
            object("v1", "Service", name, annotations, json!({"spec": spec}))
        },
    );
    let slice = (select(vec!["a", "b"]), select(vec!["x", "y"]), text(&["10.0.0.1", "10.0.0.2", "fd00::1"]), any::<bool>())
        .prop_map(|(service, name, address, ready)| {
            let more = json!({
                "addressType": "IPv4",
                "ports": [{"name": "web", "port": 8080}],
                "endpoints": [{"addresses": [address], "conditions": {"ready": ready, "terminating": !ready}}],
            });
            let mut slice = object("discovery.k8s.io/v1", "EndpointSlice", name, json!({}), more);
            slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": service});
            slice
        });
    let plugin = (
        select(vec!["p", "q"]),
        select(vec!["cors", "key-auth"]),
        text(&["one"]),
    )
        .prop_map(move |(name, plugin, instance)| {
            let more = json!({"plugin": plugin, "instanceName": instance});
            let mut plugin = object(kong, "KongPlugin", name, json!({}), more);
            plugin["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
            plugin
        });
    let global = select(vec!["cors", "key-auth"]).prop_map(move |plugin| {
        let mut global = object(
            kong,
            "KongClusterPlugin",
            "global",
            json!({}),
            json!({"plugin": plugin}),
        );
        global["metadata"]["labels"] = json!({"global": "true"});
        global["metadata"]["annotations"] = json!({"kubernetes.io/ingress.class": "kong"});
        if let Some(metadata) = global["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        global
    });
    let consumer = (
        select(vec!["u1", "u2"]),
        text(&["ann", "bob"]),
        select(vec!["p", "q", "gone"]),
    )
        .prop_map(move |(name, username, plugins)| {
            let annotations =
                json!({"kubernetes.io/ingress.class": "kong", "konghq.com/plugins": plugins});
            let more = json!({"username": username, "consumerGroups": ["group"]});
            object(kong, "KongConsumer", name, annotations, more)
        });
    let group = any::<bool>().prop_map(|ours| {
        let annotations =
            json!({"kubernetes.io/ingress.class": if ours { "kong" } else { "other" }});
        object(
            "configuration.konghq.com/v1beta1",
            "KongConsumerGroup",
            "group",
            annotations,
            json!({}),
        )
    });
    let policy = text(&["x-hash"]).prop_map(|header| {
        let spec = json!({"algorithm": "consistent-hashing", "hashOn": {"header": header}});
        object(
            "configuration.konghq.com/v1beta1",
            "KongUpstreamPolicy",
            "policy",
            json!({}),
            json!({"spec": spec}),
        )
    });
    prop_oneof![
        4 => service, 3 => slice, 2 => plugin, 1 => global, 2 => consumer, 1 => group, 1 => policy, 1 => gateway(),
    ]
    .boxed()
}

fn gateway() -> BoxedStrategy<Value> {
    let hostname = prop_oneof![3 => Just("*.com"), 1 => Just("*.example.com")];
    (hostname, select(vec!["Same", "None"]))
        .prop_map(|(hostname, from)| {
            let allowed = json!({"namespaces": {"from": from}});
            let spec = json!({"gatewayClassName": "kong", "allowedListeners": allowed, "listeners": [
                {"name": "http", "port": 80, "protocol": "HTTP"},
                {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": hostname},
                {"name": "tls", "port": 8443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
                {"name": "tcp", "port": 9000, "protocol": "TCP"},
                {"name": "udp", "port": 9001, "protocol": "UDP"},
            ]});
            object(
                "gateway.networking.k8s.io/v1",
                "Gateway",
                "g",
                json!({}),
                json!({"spec": spec}),
            )
        })
        .boxed()
}

/// Further listeners, some in conflict with others.
fn listener_set() -> BoxedStrategy<Value> {
    (
        select(vec!["s1", "s2"]),
        text(&["b.example.com", "c.example.com"]),
        select(vec![80, 81]),
    )
        .prop_map(|(name, hostname, port)| {
            let spec = json!({"parentRef": {"name": "g"}, "listeners": [
                {"name": "x", "port": port, "protocol": "HTTP", "hostname": hostname}]});
            let api = "gateway.networking.k8s.io/v1";
            object(api, "ListenerSet", name, json!({}), json!({"spec": spec}))
        })
        .boxed()
}

/// BackendTLSPolicies, and what they refer to.
fn verification() -> BoxedStrategy<Value> {
    let api = "gateway.networking.k8s.io/v1";
    let policy = (
        select(vec!["t1", "t2"]),
        select(vec!["a", "b"]),
        text(&["a.internal"]),
    )
        .prop_map(move |(name, service, hostname)| {
            let target = json!({"group": "", "kind": "Service", "name": service});
            let authority = json!({"group": "", "kind": "ConfigMap", "name": "ca"});
            let validation = json!({"hostname": hostname, "caCertificateRefs": [authority]});
            let spec = json!({"targetRefs": [target], "validation": validation});
            object(
                api,
                "BackendTLSPolicy",
                name,
                json!({}),
                json!({"spec": spec}),
            )
        });
    let authority =
        prop_oneof![3 => Just(super::status::authority()), 1 => Just("none".to_owned())];
    let map = authority.prop_map(|authority| {
        object(
            "v1",
            "ConfigMap",
            "ca",
            json!({}),
            json!({"data": {"ca.crt": authority}}),
        )
    });
    prop_oneof![2 => policy, 1 => map].boxed()
}

fn anything() -> BoxedStrategy<Value> {
    prop_oneof![
        5 => http_route(), 3 => grpc_route(), 3 => ingress(), 2 => stream_route(), 6 => other(),
        1 => listener_set(), 2 => verification(),
    ]
    .boxed()
}

/// Objects that may refer to each other, with what they need.
fn manifests() -> impl Strategy<Value = Vec<Value>> {
    (prop::collection::vec(anything(), 1..12), gateway()).prop_map(|(mut all, gateway)| {
        let mut class = object(
            "gateway.networking.k8s.io/v1",
            "GatewayClass",
            "kong",
            json!({}),
            json!({"spec": {"controllerName": "konghq.com/gateway-operator"}}),
        );
        if let Some(metadata) = class["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        let api = "v1";
        let spec = json!({"spec": {"ports": [{"name": "web", "port": 80}]}});
        let mut there = vec![class, gateway, object(api, "Service", "a", json!({}), spec)];
        there.append(&mut all);
        there
    })
}

/// The same objects in two orders. Of two objects of one name the later one counts, so there is but one.
fn in_two_orders() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    manifests().prop_flat_map(|objects| {
        let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        let unique: BTreeMap<String, Value> = objects
            .into_iter()
            .map(|object| (name(&object), object))
            .collect();
        let objects: Vec<Value> = unique.into_values().collect();
        (Just(objects.clone()), Just(objects).prop_shuffle())
    })
}

fn put(world: &mut World, object: &Value) -> Key {
    let observed = kong_crds::read_manifest(object.clone()).unwrap();
    let key = Key {
        kind: observed.kind,
        name: Name {
            namespace: observed.meta.namespace.as_deref().map(Into::into),
            name: observed.meta.name.as_deref().unwrap().into(),
        },
    };
    world.insert(key.clone(), Entry::of(observed));
    key
}

fn world_of<'v>(objects: impl IntoIterator<Item = &'v Value>) -> World {
    let mut world = World::default();
    for object in objects {
        put(&mut world, object);
    }
    world
}

fn settings(flavor: Flavor, combined_services: bool) -> Settings {
    Settings {
        flavor,
        combined_services,
        ..Settings::right(KongVersion::default())
    }
}

/// What a translator has, statuses included.
fn whole(translator: &Translator, world: &World) -> Translation {
    let said = translator.statuses(world);
    Translation {
        statuses: said.statuses,
        awaiting: said.awaiting,
        ..translator.translation()
    }
}

/// What Kong has against a translation.
fn refused(translation: &Translation, flavor: Flavor) -> Vec<String> {
    let Value::Object(document) = translation.document.to_value() else {
        return vec!["no object".to_owned()];
    };
    let dialect = Dialect {
        flavor,
        edition: Edition::Enterprise,
        ..Dialect::default()
    };
    let findings = validate(&Config::new(document), dialect).into_iter();
    // Entities refer to each other by name, which the reader of a file resolves.
    let findings = findings.filter(|finding| !matches!(finding.problem, Problem::Unknown));
    findings.map(|finding| finding.to_string()).collect()
}

/// The parts of a document that changes are about: services by name with all that is in them, plugins by id, other
/// collections.
fn parts(translation: &Translation) -> BTreeMap<String, Value> {
    let Value::Object(document) = translation.document.to_value() else {
        return BTreeMap::new();
    };
    let mut parts = BTreeMap::new();
    for (collection, entities) in document {
        let member = match collection.as_str() {
            "services" => "name",
            "plugins" => "id",
            // Those belong to services.
            "upstreams" => continue,
            _ => {
                parts.insert(collection, entities);
                continue;
            }
        };
        for entity in entities.as_array().into_iter().flatten() {
            let name = entity[member].as_str().unwrap_or_default();
            parts.insert(format!("{collection} {name}"), entity.clone());
        }
    }
    parts
}

/// Whether a part is named.
fn is_named(delta: &Delta, part: &str) -> bool {
    match part.split_once(' ') {
        Some(("services", name)) => delta.services.contains(name),
        Some((_, id)) => delta.plugins.iter().any(|plugin| plugin.to_string() == id),
        None => delta.collections.contains(part),
    }
}

/// A change of the objects.
#[derive(Clone, Debug)]
enum Step {
    Put(Value),
    Remove(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => anything().prop_map(Step::Put),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn kong_accepts_whatever_comes_of_manifests(objects in manifests(), combined in any::<bool>()) {
        let world = world_of(&objects);
        for flavor in FLAVORS {
            let translation = translate(&world, &settings(flavor, combined));
            prop_assert_eq!(refused(&translation, flavor), Vec::<String>::new(), "{:?}", flavor);
        }
    }

    #[test]
    fn the_order_of_inputs_does_not_matter((objects, shuffled) in in_two_orders(), combined in any::<bool>()) {
        for flavor in FLAVORS {
            let settings = settings(flavor, combined);
            let expected = translate(&world_of(&objects), &settings);
            let mut world = World::default();
            let mut translator = Translator::new(settings.clone());
            for object in &shuffled {
                let key = put(&mut world, object);
                translator.apply(&world, &[key]);
            }
            prop_assert_eq!(&whole(&translator, &world), &expected);
            prop_assert_eq!(&translate(&world, &settings), &expected);
        }
    }

    #[test]
    fn what_has_nothing_to_do_with_others_changes_nothing_else(objects in manifests(), combined in any::<bool>()) {
        let mut with_more = objects.clone();
        let far = |kind: &str, api: &str, spec: Value| {
            let mut it = object(api, kind, "far", json!({}), json!({"spec": spec}));
            it["metadata"]["namespace"] = json!("far");
            it["metadata"]["creationTimestamp"] = json!("2020-01-01T00:00:00Z");
            it
        };
        with_more.push(far("Service", "v1", json!({"ports": [{"port": 80}]})));
        let gateway = "gateway.networking.k8s.io/v1";
        with_more.push(far("Gateway", gateway, json!({"gatewayClassName": "kong", "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP"}]})));
        with_more.push(far("HTTPRoute", gateway, json!({
            "parentRefs": [{"name": "far"}], "hostnames": ["h.far.example"],
            "rules": [
                {"matches": [{"path": {"value": "/a"}}], "backendRefs": [{"name": "far", "port": 80}]},
                {"backendRefs": [{"name": "far", "port": 80}]},
            ],
        })));
        for flavor in FLAVORS {
            let settings = settings(flavor, combined);
            let alone = parts(&translate(&world_of(&objects), &settings));
            let together = parts(&translate(&world_of(&with_more), &settings));
            for (part, value) in &alone {
                prop_assert_eq!(together.get(part), Some(value), "{}", part);
            }
            let more: BTreeSet<&String> = together.keys().filter(|part| !alone.contains_key(*part)).collect();
            prop_assert!(more.iter().all(|part| part.contains("far")), "{:?}", more);
        }
    }

    #[test]
    fn taking_in_changes_is_translating_everything(
        objects in manifests(),
        steps in prop::collection::vec(prop::collection::vec(step(), 1..3), 1..8),
        combined in any::<bool>(),
        as_kong in any::<bool>(),
    ) {
        for flavor in FLAVORS {
            let settings = if as_kong {
                Settings { flavor, all_routes: true, combined_services: combined, ..Settings::as_kong(KongVersion::default()) }
            } else {
                settings(flavor, combined)
            };
            let mut world = World::default();
            let mut keys: Vec<Key> = objects.iter().map(|object| put(&mut world, object)).collect();
            let mut translator = Translator::new(settings.clone());
            translator.apply(&world, &keys);
            let mut before = whole(&translator, &world);
            prop_assert_eq!(&before, &translate(&world, &settings));
            for changes in &steps {
                let mut changed = Vec::new();
                for change in changes {
                    match change {
                        Step::Put(object) => changed.push(put(&mut world, object)),
                        Step::Remove(index) => {
                            let key = index.get(&keys).clone();
                            world.remove(&key);
                            changed.push(key);
                        }
                    }
                }
                keys.extend(changed.iter().cloned());
                let delta = translator.apply(&world, &changed);
                let after = whole(&translator, &world);
                let anew = translate(&world, &settings);
                let (old, new) = (parts(&after), parts(&anew));
                let differ = old.keys().chain(new.keys()).filter(|part| old.get(*part) != new.get(*part));
                let differ: Vec<_> = differ.map(|part| (part, old.get(part), new.get(part))).collect();
                prop_assert!(differ.is_empty(), "{:?}", differ);
                prop_assert_eq!(&after.problems, &anew.problems);
                prop_assert_eq!(&after, &anew);
                let (old, new) = (parts(&before), parts(&after));
                for part in old.keys().chain(new.keys()) {
                    let same = old.get(part) == new.get(part);
                    prop_assert!(same || is_named(&delta, part), "{} is not in {:?}", part, delta);
                }
                before = after;
            }
        }
    }
}
