//! The definitions of `crds/` on a real server: they install, and versions convert.

use envtest::{Envtest, definitions};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt as _, api::ListParams};
use serde_json::{Value, json};

use crate::{conversion, kinds, real::Real};

#[tokio::test]
async fn every_definition_is_established_without_complaints() {
    let Some(servers) = Envtest::start().await else {
        return;
    };
    let documents = kinds::documents();
    assert!(!documents.is_empty());
    let admin = servers.admin();
    definitions::install(&admin, &documents).await.unwrap();
    // Once more, as an upgrade does.
    definitions::install(&admin, &documents).await.unwrap();

    let installed = Api::<CustomResourceDefinition>::all(admin);
    let installed = installed.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(installed.len(), documents.len());
    for definition in installed {
        assert!(definitions::is_established(&definition));
        let status = definition.status.as_ref().unwrap();
        let bad: Vec<String> = status
            .conditions
            .iter()
            .flatten()
            .filter(|condition| {
                let is_good = matches!(condition.type_.as_str(), "Established" | "NamesAccepted");
                (condition.status == "True") != is_good
            })
            .map(|condition| format!("{}: {:?}", condition.type_, condition.message))
            .collect();
        assert!(bad.is_empty(), "{}: {bad:?}", definition.name_any());
    }
}

#[tokio::test]
async fn control_planes_of_either_version_are_read_whole_as_the_other() {
    let Some(servers) = Envtest::start().await else {
        return;
    };
    let admin = servers.admin();
    let documents = kinds::documents_with(&conversion::serve().await);
    definitions::install(&admin, &documents).await.unwrap();

    let api_version = |version: &str| format!("konnect.konghq.com/{version}");
    let document = |version: &str, spec: &Value| {
        json!({"apiVersion": api_version(version), "kind": "KonnectGatewayControlPlane",
            "metadata": {"namespace": "default", "name": "cp"}, "spec": spec})
    };
    let fields = json!({"name": "cp", "description": "of the shop", "labels": {"team": "shop"},
        "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE", "auth_type": "pinned_client_certs", "cloud_gateway": false,
        "proxy_urls": [{"host": "shop.test", "port": 443, "protocol": "https"}]});
    let konnect = json!({"authRef": {"name": "auth"}});
    let newer =
        json!({"source": "Origin", "konnect": konnect, "createControlPlaneRequest": fields});
    let mut older = fields.clone();
    older["source"] = "Origin".into();
    older["konnect"] = konnect;

    let specs = [("v1alpha1", &older), ("v1alpha2", &newer)];
    for (written_in, spec) in specs {
        let mut server = Real::new(&admin);
        let answer = server
            .ask(&json!({"verb": "create", "document": document(written_in, spec)}))
            .await;
        assert_eq!(answer["object"]["spec"], *spec, "{written_in}: {answer}");
        for (read_in, expected) in specs {
            let answer = server
                .ask(&json!({"verb": "get", "apiVersion": api_version(read_in),
                    "kind": "KonnectGatewayControlPlane", "namespace": "default", "name": "cp"}))
                .await;
            let spec = &answer["object"]["spec"];
            assert_eq!(spec, expected, "{written_in} as {read_in}: {answer}");
        }
        server.forget().await;
    }
}
