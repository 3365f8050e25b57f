//! Bindings that Kong's operator made for the annotation `konghq.com/plugins` (konnect.md 6.4).
//!
//! Here the annotation needs none: the service or the route that carries it has the plugin as a part of its
//! own. So such a binding, found on take-over, is not judged as one: its entity becomes that part, under
//! the id that it has, and the binding has nothing left to do. It stays for its KongPlugin to take along:
//! whoever goes back to Kong's operator finds it as it was.

use kong_crds::Kind;
use kong_crds::conditions::{INVALID, TARGET_REFS_VALID, VALID};
use kong_crds::configuration::v1alpha1::{
    KongPluginBinding, KongPluginBindingSpec, PluginKind, PluginScope,
};
use kong_resolve::{Condition, Key, Me, Meta, Verdict, View};

use crate::plugins;

/// What a binding is that Kong's operator made.
pub(super) enum Made {
    /// The object that it was made for asks for the plugin, as its own part.
    Needless(Verdict),
    /// That object asks for the plugin no more, or is gone: so says the condition.
    Unwanted(Condition),
}

/// Whether Kong's operator made this binding, and what follows. `None` for those that users make.
pub(super) fn made(me: Me<'_, KongPluginBinding>, view: &View<'_>) -> Option<Made> {
    let root = root(me)?;
    let plugin = &*me.spec.plugin_ref.name;
    let asks = |meta: &&Meta| plugins::names(meta).contains(plugin);
    let Some(meta) = view.meta(&root).filter(asks) else {
        return Some(Made::Unwanted(unwanted(&root, plugin)));
    };
    Some(Made::Needless(Verdict {
        conditions: vec![needless(&root, plugin)],
        heir: Some(plugins::part_of(meta, plugin)),
        ..Verdict::default()
    }))
}

/// The object that a binding was made for, if Kong's operator made it: it is owned by its plugin, called
/// after that, and for one target alone. Those for consumers are no parts of anything here.
fn root(me: Me<'_, KongPluginBinding>) -> Option<Key> {
    let KongPluginBindingSpec {
        plugin_ref,
        scope,
        targets,
        ..
    } = me.spec;
    let plugin = &*plugin_ref.name;
    let own_namespace = plugin_ref.namespace.as_deref();
    let own_namespace = own_namespace.is_none_or(|it| it == me.key.name.namespace());
    let owned = me.meta.owners.iter();
    let mut owned = owned.filter(|(kind, name)| *kind == Kind::KongPlugin && **name == *plugin);
    let called_after = me.key.name.name.strip_prefix(plugin);
    let called_after = called_after.is_some_and(|rest| rest.starts_with('-'));
    let made = plugin_ref.kind == PluginKind::KongPlugin
        && *scope == PluginScope::OnlyTargets
        && own_namespace
        && called_after
        && owned.next().is_some();
    let targets = targets.as_ref().filter(|_| made)?;
    let target = match (&targets.service, &targets.route) {
        (Some(target), None) | (None, Some(target)) => target,
        (Some(_), Some(_)) | (None, None) => return None,
    };
    if targets.consumer.is_some() || targets.consumer_group.is_some() {
        return None;
    }
    let kind = Kind::from_api(&target.group, &target.kind)?;
    matches!(kind, Kind::KongService | Kind::KongRoute).then(|| Key {
        kind,
        name: me.key.name.sibling(None, &target.name),
    })
}

fn needless(root: &Key, plugin: &str) -> Condition {
    let message = format!(
        "{root} has the KongPlugin {plugin} by its annotation konghq.com/plugins; this object, which \
         Kong's operator made for that, is not used and may be deleted"
    );
    Condition::holds(TARGET_REFS_VALID, VALID, message)
}

fn unwanted(root: &Key, plugin: &str) -> Condition {
    let message = format!(
        "{root} does not ask for the KongPlugin {plugin} in its annotation konghq.com/plugins; delete \
         this object, which Kong's operator made for that"
    );
    Condition::fails(TARGET_REFS_VALID, INVALID, message)
}
