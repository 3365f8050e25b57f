//! What the API server would do with a manifest before anybody sees it: defaults, the schema of its kind, and the
//! rules of that schema.
//!
//! The judgement is that of the simulated API server; here are the definitions that it needs. Only those of kinds that
//! are there are prepared, since rules take time to compile. Start with [`Admission::of`].

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use cluster_sim::Cluster;
use kong_crds::Kind;
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::findings::Finding;
use crate::manifests::Manifest;
use crate::refusals;

/// The definitions of some kinds.
pub(crate) struct Admission {
    cluster: Cluster,
    catalogue: Catalogue,
}

impl Admission {
    /// Of these kinds, as far as they are custom ones.
    pub(crate) fn of(kinds: impl Iterator<Item = Kind>) -> Result<Self> {
        let kinds: BTreeSet<Kind> = kinds.collect();
        let mut definitions = Vec::new();
        for (name, text) in gateway_types::DEFINITIONS {
            let group = gateway_types::GROUP;
            if Kind::from_api(group, name).is_some_and(|kind| kinds.contains(&kind)) {
                let definition: Value = serde_yaml::from_str(text)
                    .with_context(|| format!("the definition of {name} cannot be read"))?;
                definitions.push(definition);
            }
        }
        if kinds.iter().any(|kind| kind.group().ends_with(KONG)) {
            definitions.extend(kong_crds::crd_documents().into_iter().filter(|document| {
                let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
                let spec = &document["spec"];
                Kind::from_api(&text(&spec["group"]), &text(&spec["names"]["kind"]))
                    .is_some_and(|kind| kinds.contains(&kind))
            }));
        }
        let cluster = Cluster::new(&definitions).context("the definitions cannot be used")?;
        Ok(Self {
            cluster,
            catalogue: Catalogue::new(definitions),
        })
    }

    /// The object as the API server would store it. Of kinds without a definition, and of versions that
    /// their definition does not have any more, it is the object itself.
    pub(crate) fn admit(&self, manifest: &Manifest) -> Result<Value, Vec<Finding>> {
        let document = &manifest.document;
        let is_custom = document["apiVersion"]
            .as_str()
            .is_some_and(|version| version.contains('.'));
        if !is_custom || self.cluster.resource_of(document).is_none() {
            return Ok(document.clone());
        }
        self.cluster
            .admit(document)
            .map_err(|status| refusals::findings(&status, manifest, &self.catalogue))
    }
}

/// What the groups of Kong's kinds end with.
const KONG: &str = "konghq.com";
