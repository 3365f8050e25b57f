//! The table of permissions against what is really asked of the API server: nothing is missing, and nothing
//! is there that nobody uses.

use std::{net::TcpListener, time::Duration};

use cluster_sim::{ObjectId, ResourceId};
use konduit_runtime::{
    Authority, Certificate, Election, Endpoint, Leadership, Webhook,
    rbac::{self, Reach, Rule, WEBHOOK_SECRET},
};
use serde_json::json;

use crate::{
    apiserver::Asked,
    world::{Running, World, object, run},
};

const HOME: &str = "kong-system";

/// An operator with everything that an operator can have.
fn whole(world: &World) -> Running {
    let webhook = Webhook {
        listener: TcpListener::bind(("127.0.0.1", 0)).unwrap(),
        certificate: Certificate::Own {
            namespace: HOME.to_owned(),
            secret: WEBHOOK_SECRET.to_owned(),
            endpoint: Endpoint::Url("https://127.0.0.1/convert".to_owned()),
        },
    };
    let election = Election::new(HOME, "konduit");
    run(world
        .operator("konduit")
        .leadership(Leadership::Elected(election))
        .events("konduit-0")
        .authority(Authority {
            namespace: HOME.to_owned(),
            ..Authority::default()
        })
        .webhook(webhook))
}

fn permits(rule: &Rule, verb: &str, asked: &Asked) -> bool {
    let here = rule.reach == Reach::Cluster || asked.namespace.as_deref() == Some(HOME);
    let named = rule.names.is_empty()
        || asked
            .name
            .as_ref()
            .is_some_and(|name| rule.names.contains(name));
    let thing = rule.group == asked.group && rule.resource == asked.resource;
    here && named && thing && verb == asked.verb
}

#[tokio::test(start_paused = true)]
async fn every_permission_is_used_and_none_is_missing() {
    let world = World::new();
    for example in ["quickstart", "plugins", "certificates", "kinds"] {
        world.apply_example(example);
    }
    world.apply(BINDING);
    world.api.uninstall("kongtargets");
    let operator = whole(&world);
    let route = object("kongroutes", "route-with-service");
    world.until_programmed(&route).await;
    world.api.install("kongtargets");
    world
        .until_programmed(&object("kongtargets", "target-a"))
        .await;
    // The same thing twice within minutes is one event, which is counted.
    for name in ["none", "service", "none", "service"] {
        world.patch(
            &route,
            json!({"spec": {"serviceRef": {"namespacedRef": {"name": name}}}}),
        );
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    let bound = |kind: &str, name| ObjectId {
        namespace: Some("default".to_owned()),
        ..object(kind, name)
    };
    world
        .until_programmed(&bound("kongpluginbindings", "everything"))
        .await;
    operator.stop().await;
    // A certificate that is of no use is made anew.
    let secret = ObjectId::namespaced(ResourceId::new("", "secrets"), HOME, WEBHOOK_SECRET);
    world.patch(&secret, json!({"data": {"tls.key": ""}}));
    let operator = whole(&world);
    tokio::time::sleep(Duration::from_secs(10)).await;
    operator.stop().await;

    let (asked, rules) = (world.api.asked(), rbac::rules());
    let missing: Vec<&Asked> = asked
        .iter()
        .filter(|asked| !rules.iter().any(|rule| permits(rule, asked.verb, asked)))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:#?}");
    let unused: Vec<String> = rules
        .iter()
        .flat_map(|rule| rule.verbs.iter().map(move |verb| (rule, verb)))
        .filter(|(rule, verb)| !asked.iter().any(|asked| permits(rule, verb, asked)))
        .map(|(rule, verb)| format!("{verb} {}", rule.resource))
        .collect();
    assert!(unused.is_empty(), "unused: {unused:#?}");
}

/// A token from a Secret, a plugin that is bound by an object of its own, and a certificate that is made.
const BINDING: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: token
  namespace: default
  labels: {konghq.com/secret: "true", konghq.com/credential: konnect}
stringData: {token: kpat_example}
---
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: from-secret, namespace: default}
spec: {type: secretRef, secretRef: {name: token}, serverURL: us.api.konghq.com}
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongPluginBinding
metadata: {name: everything, namespace: default}
spec:
  scope: GlobalInControlPlane
  pluginRef: {name: correlation}
  controlPlaneRef: {type: konnectNamespacedRef, konnectNamespacedRef: {name: shop}}
---
apiVersion: konnect.konghq.com/v1alpha2
kind: KonnectExtension
metadata: {name: edge-of-all, namespace: default}
spec:
  konnect: {controlPlane: {ref: {type: konnectNamespacedRef, konnectNamespacedRef: {name: shop}}}}
"#;
