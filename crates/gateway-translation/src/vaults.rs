//! Vaults of KongVaults, one for each prefix.

use std::collections::BTreeMap;

use kong_crds::SecretValue;
use kong_crds::configuration::v1alpha1::KongVault;
use kong_resolve::Key;
use serde_json::{Value, json};

use crate::acceptance::refusal;
use crate::class::all_of_ours;
use crate::context::Context;
use crate::document::Members;
use crate::origin;

/// The vaults, the last prefix first.
pub(crate) fn all(context: &Context<'_, '_>) -> Vec<Members> {
    let mut taken: BTreeMap<&str, Key> = BTreeMap::new();
    let mut vaults: Vec<(&str, Members)> = Vec::new();
    for (object, meta, spec) in all_of_ours::<KongVault>(context) {
        let right = !context.settings.as_kong_does();
        if right && spec.config_store_ref.is_some() {
            context.leave_out(
                &object,
                "spec.configStoreRef",
                "config stores are in Konnect, and no gateway of one's own reaches them: the vault is left out",
                "remove the field, or give the vault a controlPlaneRef and no ingress class",
            );
            continue;
        }
        if let Some(winner) = taken.get(spec.prefix.as_str()) {
            context.leave_out(
                &object,
                "spec.prefix",
                format!(
                    "spec.prefix {:?} is duplicate: {winner} is older and has it",
                    spec.prefix
                ),
                "choose another prefix, or remove one of the two",
            );
            continue;
        }
        let config = match spec.config.as_ref().map(SecretValue::expose) {
            None | Some(Value::Null) => None,
            Some(Value::Object(config)) => Some(config).filter(|config| !config.is_empty()),
            Some(_) => {
                context.leave_out(
                    &object,
                    "spec.config",
                    format!(
                        "failed to parse configuration of vault {:?} to JSON: it is no object",
                        &*object.name.name
                    ),
                    "write an object",
                );
                continue;
            }
        };
        let mut tags = origin::tags(&object, meta, &[]);
        if right {
            origin::add_tags(&mut tags, spec.tags.as_deref());
        }
        let mut members = Members::new();
        members.insert("id".to_owned(), json!(origin::id("vaults", &spec.prefix)));
        members.insert("name".to_owned(), json!(spec.backend));
        members.insert("prefix".to_owned(), json!(spec.prefix));
        members.insert("tags".to_owned(), json!(tags));
        if let Some(description) = spec.description.as_ref().filter(|text| !text.is_empty()) {
            members.insert("description".to_owned(), json!(description));
        }
        if let Some(config) = config {
            members.insert("config".to_owned(), json!(config));
        }
        if let Some((member, reason, remedy)) = refusal(context, "vaults", &members) {
            context.leave_out(
                &object,
                format!("spec.{member}"),
                format!("{reason}: the vault is left out"),
                remedy,
            );
            continue;
        }
        taken.insert(&spec.prefix, object);
        vaults.push((&spec.prefix, members));
    }
    vaults.sort_by(|(one, _), (two, _)| two.cmp(one));
    vaults.into_iter().map(|(_, vault)| vault).collect()
}
