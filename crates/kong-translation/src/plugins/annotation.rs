//! Plugins that the annotation `konghq.com/plugins` asks for: parts of the object that carries it
//! (konnect.md 6.4).
//!
//! A use has no object of its own. What a plugin is for follows from all that ask for it in a namespace and
//! a control plane: consumers and routes that both do have it in pairs. A pair is a part of the route or the
//! service. Start with [`uses`].

use std::sync::Arc;

use kong_crds::conditions::{INVALID, PLUGIN_REF_VALID};
use kong_crds::{Kind, names::PLUGINS_ANNOTATION};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Condition, Home, Intent, Key, Meta, Name, part};
use serde_json::json;
use uuid::Uuid;

use super::{Plugin, find, find_cluster_wide};
use crate::bodies::Members;
use crate::case::{Case, with_grant_hint};
use crate::control_plane::is_shared;
use crate::parts::{Part, Parts};

/// What can ask for a plugin of its own traffic, with the member that names it.
const PLACES: [(Kind, &str); 2] = [(Kind::KongRoute, "route"), (Kind::KongService, "service")];
/// Who can ask for a plugin, those first who go before the others.
const CALLERS: [(Kind, &str); 2] = [
    (Kind::KongConsumer, "consumer"),
    (Kind::KongConsumerGroup, "consumer_group"),
];

/// Which of the entities of an object the plugin is that its annotation asks for by this name.
pub(crate) fn part_of(owner: &Meta, name: &str) -> Uuid {
    part(&owner.uid, &format!("plugin/{name}"))
}

/// The plugins that the annotation of an object asks for. `PluginRefValid` is said where one cannot be had.
pub(crate) fn uses(case: &mut Case<'_, '_>, home: Option<&Home>) -> Parts {
    let names = case.meta.plugins();
    let own = case.view.standing(case.key).and_then(|own| own.id.clone());
    let mut problems = Vec::new();
    let mut uses = Parts::default();
    for name in names {
        let plugin = plugin(case, name);
        if let Ok(plugin) = &plugin {
            case.pins.push(plugin.key.clone());
        }
        let content = plugin.as_ref().ok().map(|plugin| plugin.key.clone());
        let scopes = scopes(case, name, home, own.as_ref());
        for Scope { identity, members } in scopes {
            let intent = match (&plugin, members) {
                _ if case.meta.deleting => Intent::Absent,
                // Without its scope it would be a plugin of the whole control plane.
                (Err(_), _) | (Ok(_), None) => Intent::Keep,
                (Ok(plugin), Some(members)) => {
                    let tags = plugin.tags(case.meta, identity);
                    match plugin.body(case.view, members, tags) {
                        Ok(body) => Intent::Present(Arc::new(body)),
                        Err(problem) => {
                            problems.push(problem);
                            Intent::Keep
                        }
                    }
                }
            };
            uses.parts.push(Part {
                identity,
                at: Collection::Plugins,
                parent: None,
                specified: None,
                intent,
                content: content.clone(),
            });
        }
        match plugin {
            Err(problem) => problems.push(problem),
            // The values are looked at in any case: what is wrong is said at once.
            Ok(plugin) if own.is_none() => {
                let body = plugin.body(case.view, Members::new(), Vec::new());
                problems.extend(body.err());
            }
            Ok(_) => {}
        }
    }
    problems.dedup();
    if !problems.is_empty() && !case.meta.deleting {
        let message = problems.join("; ");
        let condition = Condition::fails(PLUGIN_REF_VALID, INVALID, message);
        uses.said.push(condition);
    }
    uses
}

/// The plugin of a name in the annotation: a KongPlugin of the namespace, or of another one
/// (`namespace:name`) under a grant, or else a KongClusterPlugin.
fn plugin<'w>(case: &Case<'_, 'w>, name: &str) -> Result<Plugin<'w>, String> {
    let remedy = |problem| {
        format!("{problem}; create it or take it out of the annotation {PLUGINS_ANNOTATION}")
    };
    if let Some((namespace, name)) = name.split_once(':') {
        let key = Key::new(Kind::KongPlugin, namespace, name);
        if !case.permission(&key).is_given() {
            let denial = format!("KongReferenceGrants do not allow access to {key}");
            return Err(with_grant_hint(denial, case.key, &key));
        }
        return find(case.view, &key.name).map_err(remedy);
    }
    let own = case.key.name.sibling(None, name);
    let missing = match find(case.view, &own) {
        Ok(plugin) => return Ok(plugin),
        Err(problem) => problem,
    };
    find_cluster_wide(case.view, name).map_err(|_| remedy(missing))
}

/// One use of a plugin.
struct Scope {
    identity: Uuid,
    /// The members that say what it is for; `None` while that cannot be said.
    members: Option<Members>,
}

/// What a plugin is for, of what is a part of this object.
fn scopes(
    case: &Case<'_, '_>,
    name: &str,
    home: Option<&Home>,
    own: Option<&RemoteId>,
) -> Vec<Scope> {
    let plugin = case.key.name.sibling(None, name);
    let users = |kinds: &[(Kind, &'static str)]| -> Vec<User> {
        kinds
            .iter()
            .flat_map(|(kind, member)| users(case, *kind, member, &plugin, home))
            .collect()
    };
    let alone = |member: &str| Scope {
        identity: part_of(case.meta, name),
        members: own.map(|id| Members::from_iter([named(member, id)])),
    };
    let place = PLACES.iter().find(|(kind, _)| *kind == case.key.kind);
    if let Some((_, member)) = place {
        let [consumers, groups] = CALLERS;
        let mut callers = users(&[consumers]);
        if callers.is_empty() {
            callers = users(&[groups]);
        }
        if callers.is_empty() {
            return vec![alone(member)];
        }
        let pairs = callers.into_iter().map(|caller| Scope {
            identity: part(&case.meta.uid, &format!("plugin/{name}/{}", caller.shown)),
            members: own.zip(caller.id).map(|(own, id)| {
                Members::from_iter([named(member, own), named(caller.member, &id)])
            }),
        });
        return pairs.collect();
    }
    let [consumers, (_, group)] = CALLERS;
    let rivals = match case.key.kind {
        Kind::KongConsumerGroup => users(&[PLACES[0], PLACES[1], consumers]),
        _ => users(&PLACES),
    };
    let member = match case.key.kind {
        Kind::KongConsumerGroup => group,
        _ => consumers.1,
    };
    if rivals.is_empty() {
        vec![alone(member)]
    } else {
        Vec::new()
    }
}

fn named(member: &str, id: &RemoteId) -> (String, serde_json::Value) {
    (member.to_owned(), json!({"id": id.as_str()}))
}

/// Another object that asks for the plugin.
struct User {
    member: &'static str,
    /// What it is called, for what is a part of two.
    shown: String,
    /// The id of its entity, if it has one.
    id: Option<RemoteId>,
}

/// What else asks for the plugin in the control plane of this object, by name. What nobody has looked at yet
/// counts, so that nothing is made that is wrong a moment later; what is on its way out does not.
fn users(
    case: &Case<'_, '_>,
    kind: Kind,
    member: &'static str,
    plugin: &Name,
    home: Option<&Home>,
) -> Vec<User> {
    let mut users = Vec::new();
    for name in case.view.users_of_plugin(kind, plugin) {
        let key = Key {
            kind,
            name: name.clone(),
        };
        let standing = case.view.standing(&key);
        let counts = standing.is_none_or(|standing| {
            let theirs = standing.home.as_deref();
            let shared = theirs
                .zip(home)
                .is_some_and(|(theirs, ours)| is_shared(theirs, ours));
            shared && !standing.deleting
        });
        if counts {
            users.push(User {
                member,
                shown: format!("{member}/{}", name.name),
                id: standing.and_then(|standing| standing.id.clone()),
            });
        }
    }
    users
}
