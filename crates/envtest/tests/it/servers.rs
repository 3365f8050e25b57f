//! The servers as tests rely on them: who may do what, what is counted, what an outage leaves.

use std::time::Duration;

use envtest::{Envtest, Settings, audit};
use k8s_openapi::api::{
    core::v1::{ConfigMap, Secret},
    rbac::v1::ClusterRoleBinding,
};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;

/// A ConfigMap of this name.
fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"key": "value"}})).unwrap()
}

/// Whether this client may read Secrets.
async fn reads_secrets(client: Client) -> bool {
    let secrets = Api::<Secret>::namespaced(client, "default");
    match secrets.list(&ListParams::default()).await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.code == 403 => false,
        Err(error) => panic!("{error}"),
    }
}

/// Lets somebody read everything.
async fn let_view(servers: &Envtest, name: &str, subject: serde_json::Value) {
    let binding: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": {"name": name}, "subjects": [subject],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    }))
    .unwrap();
    Api::all(servers.admin())
        .create(&PostParams::default(), &binding)
        .await
        .unwrap();
}

#[tokio::test]
async fn everybody_may_do_what_they_were_given_and_no_more() {
    let settings = Settings::default().user("reader", &["people"]);
    let Some(servers) = Envtest::start_with(settings).await else {
        return;
    };
    assert!(reads_secrets(servers.admin()).await);

    let reader = servers.user("reader").unwrap();
    assert!(!reads_secrets(servers.client(reader)).await);
    let_view(
        &servers,
        "people",
        json!({"kind": "Group", "name": "people"}),
    )
    .await;
    assert!(reads_secrets(servers.client(reader)).await);

    let account = servers.service_account("default", "robot").await.unwrap();
    assert!(!reads_secrets(servers.client(&account)).await);
    let subject = json!({"kind": "ServiceAccount", "namespace": "default", "name": "robot"});
    let_view(&servers, "robot", subject).await;
    assert!(reads_secrets(servers.client(&account)).await);

    let path = servers.kubeconfig(&account).unwrap();
    let kubeconfig = Kubeconfig::read_from(path).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options);
    let client = Client::try_from(config.await.unwrap()).unwrap();
    assert!(reads_secrets(client).await);
}

#[tokio::test]
async fn the_audit_log_counts_the_writes_to_each_object() {
    let settings = Settings::default().user("writer", &["system:masters"]);
    let Some(servers) = Envtest::start_with(settings).await else {
        return;
    };
    let namespace = servers.namespace().await.unwrap();
    let writer = servers.client(servers.user("writer").unwrap());
    let maps = Api::<ConfigMap>::namespaced(writer, &namespace);
    let audit = servers.audit();
    let mark = audit.mark().await.unwrap();

    let (create, merge) = (PostParams::default(), PatchParams::default());
    maps.create(&create, &config_map("one")).await.unwrap();
    maps.create(&create, &config_map("one")).await.unwrap_err();
    let rehearsal = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    maps.create(&rehearsal, &config_map("none")).await.unwrap();
    let patch = Patch::Merge(json!({"data": {"key": "other"}}));
    maps.patch("one", &merge, &patch).await.unwrap();
    maps.get("one").await.unwrap();
    maps.create(&create, &config_map("two")).await.unwrap();
    maps.delete("one", &DeleteParams::default()).await.unwrap();

    let records = audit.since(mark).await.unwrap();
    assert!(
        records.iter().all(|record| record.user == "writer"),
        "{records:#?}"
    );
    let asked: Vec<(&str, u16)> = records
        .iter()
        .map(|record| (record.verb.as_str(), record.code))
        .collect();
    assert_eq!(
        asked,
        [
            ("create", 201),
            ("create", 409),
            ("create", 201),
            ("patch", 200),
            ("get", 200),
            ("create", 201),
            ("delete", 200)
        ]
    );
    let counts: Vec<(String, usize)> = audit::writes(&records)
        .into_iter()
        .map(|(object, records)| (object.to_string(), records.len()))
        .collect();
    assert_eq!(
        counts,
        [
            (format!("configmaps/{namespace}/one"), 3),
            (format!("configmaps/{namespace}/two"), 1)
        ]
    );

    let mark = audit.mark().await.unwrap();
    assert_eq!(audit.since(mark).await.unwrap(), []);
}

#[tokio::test]
async fn an_outage_leaves_data_addresses_and_tokens_as_they_were() {
    let Some(mut servers) = Envtest::start().await else {
        return;
    };
    let account = servers.service_account("default", "robot").await.unwrap();
    let maps = Api::<ConfigMap>::namespaced(servers.admin(), "default");
    maps.create(&PostParams::default(), &config_map("kept"))
        .await
        .unwrap();
    let mark = servers.audit().mark().await.unwrap();

    servers.stop_apiserver();
    let asked = tokio::time::timeout(Duration::from_secs(5), maps.get("kept")).await;
    assert!(!matches!(asked, Ok(Ok(_))), "nobody answers");

    servers.start_apiserver().await.unwrap();
    let kept = maps.get("kept").await.unwrap();
    assert_eq!(kept.data.unwrap()["key"], "value");
    // The account has no rights, but it is known.
    assert!(!reads_secrets(servers.client(&account)).await);
    let records = servers.audit().since(mark).await.unwrap();
    assert!(
        records.iter().any(|record| record.user == account.name),
        "{records:#?}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_start_says_why() {
    if Envtest::start().await.is_none() {
        return;
    }
    let settings = Settings::default().apiserver_flag("--no-such-flag");
    let error = Envtest::launch(&settings).await.unwrap_err().to_string();
    assert!(
        error.starts_with("kube-apiserver ended by itself (exit code 1)"),
        "{error}"
    );
    assert!(error.contains("unknown flag: --no-such-flag"), "{error}");
}
