//! Plugins that the annotation `konghq.com/plugins` asks for: parts of the object that carries it.
//!
//! A use has no object of its own. Start with [`uses`].

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_crds::conditions::{INVALID, PLUGIN_REF_VALID};
use kong_crds::{Kind, names::PLUGINS_ANNOTATION};
use kong_model::{Collection, Site};
use kong_resolve::{Claim, Condition, Home, Intent, Key, Meta, part};
use serde_json::json;
use uuid::Uuid;

use super::find;
use crate::bodies::Members;
use crate::case::Case;

/// Which of the entities of an object the plugin is that its annotation asks for by this name.
pub(crate) fn part_of(owner: &Meta, name: &str) -> Uuid {
    part(&owner.uid, &format!("plugin/{name}"))
}

/// The names in the annotation of an object.
pub(crate) fn names(meta: &Meta) -> BTreeSet<&str> {
    let list = meta.annotation(PLUGINS_ANNOTATION).into_iter();
    let names = list.flat_map(|list| list.split(',')).map(str::trim);
    names.filter(|name| !name.is_empty()).collect()
}

/// A plugin that an annotation asks for, and what is to become of its entity.
pub(crate) struct Use {
    name: String,
    intent: Intent,
}

impl Use {
    /// The entity; `None` if it cannot be said where it is.
    pub(crate) fn claim(&self, case: &Case<'_, '_>, home: &Home) -> Option<Claim> {
        Some(Claim {
            identity: part_of(case.meta, &self.name),
            site: Site {
                at: Collection::Plugins,
                control_plane: Some(home.id.clone()?),
                parent: None,
            },
            configuration: home.credentials.configuration.clone(),
            intent: self.intent.clone(),
            specified: None,
            adopt: None,
            generation: case.meta.generation,
            main: false,
            content: Some(Key {
                kind: Kind::KongPlugin,
                name: case.key.name.sibling(None, &self.name),
            }),
        })
    }
}

/// The plugins that the annotation of an object asks for; `scope` is the member of their bodies that
/// names its entity. Says `PluginRefValid` where one cannot be had.
pub(crate) fn uses(case: &mut Case<'_, '_>, scope: &str) -> Vec<Use> {
    let names = names(case.meta);
    if names.is_empty() {
        return Vec::new();
    }
    let own = case.view.standing(case.key).and_then(|own| own.id.as_ref());
    let scope = own.map(|id| Members::from_iter([(scope.to_owned(), json!({"id": id.as_str()}))]));
    let mut problems = Vec::new();
    let mut uses = Vec::new();
    for name in names {
        let intent = if case.meta.deleting {
            pin(case, name);
            Intent::Absent
        } else {
            match wanted(case, name, scope.as_ref()) {
                Ok(intent) => intent,
                Err(problem) => {
                    problems.push(problem);
                    Intent::Keep
                }
            }
        };
        let name = name.to_owned();
        uses.push(Use { name, intent });
    }
    if !problems.is_empty() {
        let message = problems.join("; ");
        case.say(Condition::fails(PLUGIN_REF_VALID, INVALID, message));
    }
    uses
}

/// A plugin that is in use stays until its entity is gone.
fn pin(case: &mut Case<'_, '_>, name: &str) {
    if let Ok(plugin) = find(case.view, &case.key.name.sibling(None, name)) {
        case.pins.push(plugin.key);
    }
}

fn wanted(case: &mut Case<'_, '_>, name: &str, scope: Option<&Members>) -> Result<Intent, String> {
    let name = case.key.name.sibling(None, name);
    if name.name.contains(':') {
        return Err(format!(
            "KongPlugin {name} not found: {PLUGINS_ANNOTATION} takes names of KongPlugins in the \
             same namespace only"
        ));
    }
    let plugin = find(case.view, &name).map_err(|problem| {
        format!("{problem}; create it or take it out of the annotation {PLUGINS_ANNOTATION}")
    })?;
    case.pins.push(plugin.key.clone());
    // The values are looked at in any case: what is wrong is said at once.
    let tags = plugin.tags(case.meta);
    let body = plugin.body(case.view, scope.cloned().unwrap_or_default(), tags)?;
    Ok(match scope {
        Some(_) => Intent::Present(Arc::new(body)),
        // Without its scope it would be a plugin of the whole control plane.
        None => Intent::Keep,
    })
}
