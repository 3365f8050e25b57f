//! Custom resource definitions: how a test teaches the API server new kinds, and waits until it has learnt them.

use std::time::{Duration, Instant};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde_json::Value;

use crate::Error;

/// How long the server has until it serves a kind.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked whether it does.
const POLL: Duration = Duration::from_millis(50);

/// Installs these definitions, or changes them, and waits until each is established and all its versions are
/// served.
pub async fn install(client: &Client, documents: &[Value]) -> Result<(), Error> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let mut installed = Vec::new();
    for document in documents {
        let name = document["metadata"]["name"].as_str().unwrap_or_default();
        let parameters = PatchParams::apply("envtest").force();
        let definition = definitions
            .patch(name, &parameters, &Patch::Apply(document))
            .await?;
        installed.push(definition);
    }
    let began = Instant::now();
    for definition in installed {
        let name = definition.name_any();
        while !is_established(&definitions.get(&name).await?)
            || !is_served(client, &definition).await
        {
            if began.elapsed() > PATIENCE {
                let status = definitions.get(&name).await?.status;
                return Err(Error::NotEstablished {
                    name,
                    after: PATIENCE,
                    conditions: serde_json::to_string(&status).unwrap_or_default(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

/// Whether the server has taken a definition up: its names are free, and its schema has no errors.
pub fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|condition| condition.type_ == "Established" && condition.status == "True")
}

/// Whether every version answers. A definition is established a moment before its paths are there.
async fn is_served(client: &Client, definition: &CustomResourceDefinition) -> bool {
    let spec = &definition.spec;
    for version in spec.versions.iter().filter(|version| version.served) {
        let path = format!(
            "/apis/{}/{}/{}?limit=1",
            spec.group, version.name, spec.names.plural
        );
        let request = http::Request::get(path).body(Vec::new());
        let request = request.expect("the names of an accepted definition make a path");
        if client.request_text(request).await.is_err() {
            return false;
        }
    }
    true
}
