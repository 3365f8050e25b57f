//! Every test of this suite runs under the permissions that `konduit rbac` prints, and fails if one is missing
//! ([`World`] sees to that). Here is the other half: none is there that is not used.
//!
//! [`World`]: clustertest::World

use std::time::Duration;

use clustertest::{HOME, World, object};
use envtest::audit::Record;
use kong_crds::Kind;
use serde_json::{Value, json};
use testkit::examples::{Examples, is_judged, is_well};

use crate::shop::{self, NAMESPACE};
use crate::world;

/// One verb on one kind of thing, where, and for which objects; all if none are named.
#[derive(Debug)]
struct Permission {
    namespace: Option<String>,
    group: String,
    resource: String,
    verb: String,
    names: Vec<String>,
}

/// What the manifests permit, verb by verb.
fn permissions(manifests: &[Value]) -> Vec<Permission> {
    let texts = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten();
        texts
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    let mut found = Vec::new();
    for role in manifests.iter().filter(|role| role["rules"].is_array()) {
        let namespace = role["metadata"]["namespace"].as_str().map(str::to_owned);
        for rule in role["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        found.push(Permission {
                            namespace: namespace.clone(),
                            group: group.clone(),
                            resource: resource.clone(),
                            verb,
                            names: texts(&rule["resourceNames"]),
                        });
                    }
                }
            }
        }
    }
    found
}

impl Permission {
    /// Whether it is what a request needed.
    fn covers(&self, record: &Record) -> bool {
        let Some(target) = &record.target else {
            return false;
        };
        let mut resource = target.resource.clone();
        if !target.subresource.is_empty() {
            resource = format!("{resource}/{}", target.subresource);
        }
        let here = self
            .namespace
            .as_ref()
            .is_none_or(|it| *it == target.namespace);
        let named = self.names.is_empty() || self.names.contains(&target.name);
        here && named
            && self.verb == record.verb
            && self.group == target.group
            && self.resource == resource
    }
}

/// One object of every kind that the operator writes to.
fn one_of_each() -> Vec<Value> {
    let route = json!({
        "paths": ["/"], "serviceRef": {"type": "namespacedRef", "namespacedRef": {"name": "service"}},
    });
    let mut service = shop::service("service");
    service["metadata"]["annotations"] = json!({"konghq.com/plugins": "limits"});
    let plugin = json!({
        "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin",
        "metadata": {"name": "limits", "namespace": NAMESPACE},
        "plugin": "rate-limiting", "config": {"minute": 5, "policy": "local"},
    });
    let binding = json!({
        "pluginRef": {"name": "limits"}, "controlPlaneRef": shop::of_control_plane(),
        "targets": {"routeRef": {
            "group": "configuration.konghq.com", "kind": "KongRoute", "name": "route"}},
    });
    let certificate = json!({
        "type": "inline", "cert": "{vault://env/certificate}", "key": "{vault://env/key}",
        "controlPlaneRef": shop::of_control_plane(),
    });
    vec![
        service,
        shop::object("KongRoute", "route", &route),
        plugin,
        shop::object("KongPluginBinding", "binding", &binding),
        shop::object("KongCertificate", "certificate", &certificate),
        shop::upstream("upstream"),
        shop::target("upstream", 1),
    ]
}

/// Credentials whose token is in a Secret, which then is in use.
fn secret() -> [Value; 2] {
    let mut credentials = shop::credentials();
    credentials["spec"] = json!({
        "type": "secretRef", "secretRef": {"name": "token"}, "serverURL": "us.api.konghq.com"});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "token", "namespace": NAMESPACE, "labels": {
            "konghq.com/secret": "true", "konghq.com/credential": "konnect"}},
        "stringData": {"token": "kpat_shop"},
    });
    [secret, credentials]
}

async fn programmed(world: &World, objects: &[Value]) {
    for object in objects
        .iter()
        .filter(|object| object["kind"] != "KongPlugin")
    {
        world
            .until(object, "programmed", object::is_programmed)
            .await;
    }
}

#[tokio::test]
async fn no_permission_is_there_that_is_not_used() {
    let world = world!();
    world.namespace(NAMESPACE).await;
    let [port] = envtest::ports::free().unwrap();
    let operator = world
        .operator()
        .with("--enable-conversion-webhook=true")
        .with(format!("--webhook-bind-address=127.0.0.1:{port}"))
        .with(format!("--webhook-url=https://127.0.0.1:{port}/convert"));
    // A definition that is missing, at first, is asked for.
    let targets = "kongtargets.configuration.konghq.com";
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": targets}});
    let whole = world.get(&definition).await.unwrap();
    world.delete(&definition).await;
    while world.get(&definition).await.is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let running = operator.clone().start().await;
    let again = json!({
        "apiVersion": definition["apiVersion"], "kind": definition["kind"],
        "metadata": {"name": targets}, "spec": whole["spec"]});
    envtest::definitions::install(&world.admin(), &[again])
        .await
        .unwrap();

    let [secret, credentials] = secret();
    world
        .apply_all(&[secret.clone(), credentials.clone(), shop::control_plane()])
        .await;
    let objects = one_of_each();
    world.apply_all(&objects).await;
    programmed(&world, &objects).await;
    let extension = json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
        "metadata": {"name": "edge", "namespace": NAMESPACE},
        "spec": {"konnect": {"controlPlane": {"ref": shop::of_control_plane()}}}});
    world.apply_all(std::slice::from_ref(&extension)).await;
    world
        .until(&extension, "ready", |extension| {
            object::condition(extension, "Ready")
                .is_some_and(|condition| condition["status"] == "True")
        })
        .await;
    world
        .until(&secret, "in use", |secret| {
            !secret["metadata"]["finalizers"].is_null()
        })
        .await;
    // A certificate for the webhook that nobody can use is made anew, in place.
    assert_eq!(running.stop().await, 0);
    let kept = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "konduit-webhook", "namespace": HOME}});
    world
        .edit(&kept, &json!({"data": {"tls.crt": "", "tls.key": ""}}))
        .await;
    let running = operator.start().await;
    // Every kind that is served.
    world
        .simulator()
        .with(konnect_sim::Konnect::provision_at_once);
    let examples = Examples::get();
    for key in examples.keys().filter(|key| key.kind.namespaced()) {
        world.namespace(key.name.namespace()).await;
    }
    let of_each: Vec<Value> = examples.documents().cloned().collect();
    world.apply_all(&of_each).await;
    for (key, object) in examples.keys().zip(&of_each) {
        if is_judged(key.kind) {
            world.until(object, "well", is_well).await;
        }
    }
    world.delete_all(&of_each).await;
    // The same event again, and again, is an event with a count.
    let route = &objects[1];
    for service in ["nowhere", "service", "nowhere", "service"] {
        let reference = json!({"namespacedRef": {"name": service}});
        world
            .edit(route, &json!({"spec": {"serviceRef": reference}}))
            .await;
        let truth = if service == "service" {
            "True"
        } else {
            "False"
        };
        world
            .until(route, "told", |route| {
                object::condition(route, "Programmed").is_some_and(|condition| {
                    condition["status"] == truth
                        && condition["observedGeneration"] == route["metadata"]["generation"]
                })
            })
            .await;
    }
    world.delete_all(&objects).await;
    world.delete(&extension).await;
    world.delete(&shop::control_plane()).await;
    world
        .until_all(Kind::KonnectGatewayControlPlane, 0, |_| true)
        .await;
    world.delete_all(&[credentials, secret]).await;
    world
        .until_all(Kind::KonnectAPIAuthConfiguration, 0, |_| true)
        .await;
    world.rest(Duration::from_secs(2)).await;
    assert_eq!(running.stop().await, 0);

    let account = &world.account().name;
    let records = world.servers.audit().so_far().unwrap();
    let asked = records.iter().filter(|record| record.user == *account);
    let asked: Vec<&Record> = asked.collect();
    let all = permissions(&world.permissions());
    assert!(all.len() > 3 * Kind::SERVED, "{all:?}");
    let idle: Vec<Permission> = all
        .into_iter()
        .filter(|permission| !asked.iter().any(|record| permission.covers(record)))
        .collect();
    assert!(idle.is_empty(), "nobody uses these: {idle:#?}");
}
