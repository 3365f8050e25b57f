//! KongPluginBinding: a plugin for a service, a route or a whole control plane (konnect.md 1.17, 2.9,
//! 6.5).
//!
//! The plugin is that of the KongPlugin; what the binding adds is its scope. Where Kong's operator
//! tries to write whatever the targets are and tells of Konnect's refusal, `TargetRefsValid` says
//! here what is wrong with them, for as long as it is. Bindings that it made itself are another matter:
//! `made`.

mod made;

use kong_crds::Kind;
use kong_crds::conditions::{
    INVALID, PLUGIN_REF_VALID, REF_NOT_PERMITTED, TARGET_REFS_VALID, VALID,
};
use kong_crds::configuration::v1alpha1::{
    KongPluginBinding, KongPluginBindingSpec, PluginKind, PluginRef, PluginScope, PluginTargets,
};
use kong_crds::names::TAGS_ANNOTATION;
use kong_model::{Body, Collection};
use kong_resolve::{Condition, Frame, Home, Key, Me, Truth, Verdict, View};
use serde_json::json;

use crate::bodies::{Members, origin};
use crate::case::{Case, with_grant_hint};
use crate::control_plane::{self, Place};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::made::Made;
use crate::parents::{Reference, all_of};
use crate::parts::Parts;
use crate::plugins::{self, Plugin};

use self::made::made;

/// A sort of target, after the member of the body that names it.
const ROUTE: (&str, Reference) = ("route", target(Kind::KongRoute, "spec.targets.routeRef"));
/// Another one.
const SERVICE: (&str, Reference) = (
    "service",
    target(Kind::KongService, "spec.targets.serviceRef"),
);
/// Another one.
const CONSUMER: (&str, Reference) = (
    "consumer",
    target(Kind::KongConsumer, "spec.targets.consumerRef"),
);
/// Another one.
const CONSUMER_GROUP: (&str, Reference) = (
    "consumer_group",
    target(Kind::KongConsumerGroup, "spec.targets.consumerGroupRef"),
);

const fn target(kind: Kind, field: &'static str) -> Reference {
    Reference {
        kind,
        condition: TARGET_REFS_VALID,
        field,
        id: None,
    }
}

impl Judge for KongPluginBinding {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Plugins;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let reference = control_plane::in_konnect(Some(&me.spec.control_plane_ref));
        let Some(reference) = reference else {
            return Verdict::foreign();
        };
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, reference);
        let made = made(me, view).filter(|_| !matches!(place, Place::Gone(_)));
        let unwanted = match made {
            Some(Made::Needless(verdict)) => return *verdict,
            Some(Made::Unwanted(condition)) => Some(condition),
            None => None,
        };
        let plugin = plugin(&case, &me.spec.plugin_ref);
        // What nobody asks for is not to keep its plugin, which takes it along.
        if let (Ok(plugin), None) = (&plugin, &unwanted) {
            case.pins.push(plugin.key.clone());
        }
        // A deletion needs nothing but the plugin to stay until it is done.
        let is_unwanted = unwanted.is_some();
        let body = if let Some(condition) = unwanted {
            case.makes_way = true;
            case.say(condition);
            None
        } else if me.meta.deleting {
            None
        } else {
            let scope = scope(&mut case, me.spec, place.home());
            body(&mut case, plugin, scope)
        };
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || body.expect("a plugin that cannot be had fails a condition"),
        };
        let verdict = conclude(case, place, entity);
        Verdict {
            cleanup: verdict.cleanup && !is_unwanted,
            ..verdict
        }
    }
}

/// The KongPlugin; whether it may be used is asked before it is looked at.
fn plugin<'w>(case: &Case<'_, 'w>, reference: &PluginRef) -> Result<Plugin<'w>, Condition> {
    match reference.kind {
        PluginKind::KongPlugin => {}
        PluginKind::KongClusterPlugin => {
            return plugins::find_cluster_wide(case.view, &reference.name).map_err(|problem| {
                unusable(format!("{problem}; create it or correct spec.pluginRef"))
            });
        }
        PluginKind::Unknown => return Err(unknown_kind()),
    }
    let name = case
        .key
        .name
        .sibling(reference.namespace.as_deref(), &reference.name);
    let key = Key {
        kind: Kind::KongPlugin,
        name,
    };
    if !case.view.permission(case.key, &key).is_given() {
        return Err(denied(case.key, &key));
    }
    plugins::find(case.view, &key.name).map_err(|problem| {
        let namespace = key.name.namespace();
        unusable(format!(
            "{problem}; create it in namespace \"{namespace}\" or correct spec.pluginRef"
        ))
    })
}

/// The body, with the tags of the binding and of the annotation of the KongPlugin (konnect.md 5.2);
/// whether the plugin can be had is said.
fn body(
    case: &mut Case<'_, '_>,
    plugin: Result<Plugin<'_>, Condition>,
    scope: Members,
) -> Option<Body> {
    let built = plugin.and_then(|plugin| {
        let annotated = plugin.meta.annotation(TAGS_ANNOTATION);
        let annotated = annotated.into_iter().flat_map(|list| list.split(','));
        let own = case.meta.annotation(TAGS_ANNOTATION);
        let tags = origin(case.key, case.meta).tags(annotated, own);
        let body = plugin.body(case.view, scope, tags).map_err(unusable)?;
        Ok((body, usable(&plugin.key)))
    });
    let (body, said) = match built {
        Ok((body, usable)) => (Some(body), usable),
        Err(unusable) => (None, unusable),
    };
    case.say(said);
    body
}

fn unknown_kind() -> Condition {
    unusable(
        "spec.pluginRef.kind is neither KongPlugin nor KongClusterPlugin; correct it".to_owned(),
    )
}

fn denied(from: &Key, key: &Key) -> Condition {
    let denial = format!("KongReferenceGrants do not allow access to {key}");
    let message = with_grant_hint(denial, from, key);
    Condition::fails(PLUGIN_REF_VALID, REF_NOT_PERMITTED, message)
}

fn unusable(problem: String) -> Condition {
    Condition::fails(PLUGIN_REF_VALID, INVALID, problem)
}

fn usable(key: &Key) -> Condition {
    let message = format!("{key} exists and is accessible");
    Condition::holds(PLUGIN_REF_VALID, VALID, message)
}

/// The members of the body that say what the plugin is for; what is wrong is said.
fn scope(case: &mut Case<'_, '_>, spec: &KongPluginBindingSpec, ours: Option<&Home>) -> Members {
    match (spec.scope, &spec.targets) {
        (PluginScope::OnlyTargets, Some(targets)) if *targets != PluginTargets::default() => {
            targeted(case, targets, ours)
        }
        (PluginScope::OnlyTargets, _) => {
            let message = format!(
                "no targets found for {}; name one in spec.targets or set spec.scope to \
                 GlobalInControlPlane",
                case.key
            );
            case.say_nonsense(message);
            Members::new()
        }
        (PluginScope::GlobalInControlPlane, None) => Members::new(),
        (PluginScope::GlobalInControlPlane, Some(_)) => {
            case.say_nonsense("No targets must be set when scope is 'GlobalInControlPlane'");
            Members::new()
        }
        (PluginScope::Unknown, _) => {
            let message = "spec.scope is neither OnlyTargets nor GlobalInControlPlane; correct it";
            case.say_nonsense(message);
            Members::new()
        }
    }
}

fn targeted(case: &mut Case<'_, '_>, targets: &PluginTargets, ours: Option<&Home>) -> Members {
    let mut members = Members::new();
    let mut said = Vec::new();
    let mut named = Vec::new();
    let of_routes = targets.route.as_ref().map(|target| (ROUTE, target));
    let of_services = targets.service.as_ref().map(|target| (SERVICE, target));
    for ((member, reference), target) in of_routes.into_iter().chain(of_services) {
        if Kind::from_api(&target.group, &target.kind) == Some(reference.kind) {
            named.push((member, reference, &target.name));
        } else {
            said.push(unsupported(member, &target.kind, &reference));
        }
    }
    for ((member, reference), target) in [
        (CONSUMER, &targets.consumer),
        (CONSUMER_GROUP, &targets.consumer_group),
    ] {
        named.extend(
            target
                .iter()
                .map(|target| (member, reference, &target.name)),
        );
    }
    for (member, reference, name) in named {
        let key = Key {
            kind: reference.kind,
            name: case.key.name.sibling(None, name),
        };
        let (standing, condition) = reference.look(case, &key, ours);
        said.push(condition);
        if let Some(standing) = standing {
            case.makes_way |= standing.takes_along();
            let id = standing.id.as_ref();
            members.extend(id.map(|id| (member.to_owned(), json!({"id": id.as_str()}))));
        }
    }
    said.retain(|condition| condition.truth != Truth::True);
    if !said.is_empty() {
        case.say(all_of(TARGET_REFS_VALID, &said));
    }
    members
}

fn unsupported(member: &str, kind: &str, reference: &Reference) -> Condition {
    let message = format!(
        "unsupported {member} target kind \"{kind}\"; refer to a {} in {}",
        reference.kind, reference.field,
    );
    Condition::fails(TARGET_REFS_VALID, INVALID, message)
}

#[cfg(test)]
mod tests;
