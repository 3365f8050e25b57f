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
use kong_resolve::{Condition, Key, Me, Meta, View};

use crate::made::Made;
use crate::plugins;

/// Whether Kong's operator made this binding, and what follows. `None` for those that users make.
pub(super) fn made(me: Me<'_, KongPluginBinding>, view: &View<'_>) -> Option<Made> {
    let root = root(me)?;
    let plugin = &*me.spec.plugin_ref.name;
    let asks = |meta: &&Meta| meta.plugins().contains(plugin);
    let Some(meta) = view.meta(&root).filter(asks) else {
        return Some(Made::Unwanted(unwanted(&root, plugin)));
    };
    let heir = plugins::part_of(meta, plugin);
    Some(Made::needless(needless(&root, plugin), heir))
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
    let ((Some(target), None) | (None, Some(target))) = (&targets.service, &targets.route) else {
        return None;
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

#[cfg(test)]
mod tests {
    use kong_crds::conditions::PROGRAMMED;
    use kong_resolve::{Intent, Output, Truth};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane, control_plane_ref, meta, ready,
    };

    /// A binding as Kong's operator makes it, but for these members.
    fn binding(cluster: &mut Cluster, name: &str, but: &Value) -> Key {
        let group = "configuration.konghq.com";
        let mut document = json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongPluginBinding",
            "metadata": {
                "name": name, "generateName": "limit-", "ownerReferences": [{
                    "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin",
                    "name": "limit", "uid": "u", "blockOwnerDeletion": true,
                }],
            },
            "spec": {
                "controlPlaneRef": control_plane_ref(), "pluginRef": {"name": "limit"},
                "targets": {
                    "serviceRef": {"group": group, "kind": "KongService", "name": "service"},
                },
            },
        });
        for (path, value) in but.as_object().unwrap() {
            let mut at = &mut document;
            for part in path.split('.') {
                at = &mut at[part];
            }
            *at = value.clone();
        }
        cluster.apply(document)
    }

    fn with_service(plugins: &str) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.annotated(
            Kind::KongService,
            json!({"konghq.com/plugins": plugins}),
            json!({"host": "h.test", "controlPlaneRef": control_plane_ref()}),
        );
        cluster.stand(&key, ready("service-id"));
        (cluster, key)
    }

    #[test]
    fn the_heir_of_a_binding_is_the_part_that_the_service_claims() {
        let (mut cluster, service) = with_service("other, limit");
        let key = binding(&mut cluster, "limit-x7f2k", &json!({}));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        assert!(!verdict.cleanup && verdict.refs_hold() && verdict.pins.is_empty());
        let claimed = cluster.judge(&service);
        let identities: Vec<_> = claims(&claimed).iter().map(|it| it.identity).collect();
        assert_eq!(Some(identities[1]), verdict.heir);
        assert_eq!(
            Some(plugins::part_of(meta(&cluster, &service), "limit")),
            verdict.heir
        );
        cluster.delete(&key);
        assert_eq!(cluster.judge(&key).heir, verdict.heir);
    }

    #[test]
    fn a_binding_that_nothing_asks_for_wants_to_be_gone() {
        let (mut cluster, service) = with_service("limit2");
        cluster.apply(json!({
            "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin",
            "metadata": {"name": "limit"}, "plugin": "rate-limiting",
        }));
        let key = binding(&mut cluster, "limit-x7f2k", &json!({}));
        for gone in [false, true] {
            if gone {
                cluster.remove_standing(&service);
            }
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.heir, None);
            let [claim] = claims(&verdict) else {
                panic!("{verdict:?}")
            };
            assert!(claim.main && claim.intent == Intent::Absent && !verdict.cleanup);
            assert_eq!(verdict.pins, []);
            let said = condition(&verdict, TARGET_REFS_VALID);
            assert_eq!(said.truth, Truth::False);
            let start = "KongService ns/service does not ask for the KongPlugin limit";
            assert!(said.message.starts_with(start), "{said:?}");
        }
    }

    #[test]
    fn what_is_not_as_kongs_operator_makes_it_is_a_binding_like_any_other() {
        let group = "configuration.konghq.com";
        let route = json!({"group": group, "kind": "KongRoute", "name": "route"});
        for (name, but) in [
            ("mine", json!({})),
            ("limit-x", json!({"metadata.ownerReferences": []})),
            ("limit-x", json!({"spec.pluginRef.namespace": "other"})),
            ("limit-x", json!({"spec.targets.routeRef": route})),
            (
                "limit-x",
                json!({"spec.targets.consumerRef": {"name": "c"}}),
            ),
            (
                "limit-x",
                json!({"spec.scope": "GlobalInControlPlane", "spec.targets": null}),
            ),
        ] {
            let (mut cluster, _) = with_service("limit");
            let key = binding(&mut cluster, name, &but);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.heir, None, "{name} {but}");
            let said: Vec<_> = verdict.conditions.iter().map(|it| it.kind).collect();
            assert!(said.contains(&"PluginRefValid"), "{name} {but}: {said:?}");
        }
    }

    #[test]
    fn without_its_control_plane_a_binding_waits_for_no_heir() {
        let (mut cluster, _) = with_service("limit");
        let key = binding(&mut cluster, "limit-x7f2k", &json!({}));
        cluster.remove_standing(&control_plane());
        let verdict = cluster.judge(&key);
        assert_eq!((verdict.heir, verdict.cleanup), (None, false));
        assert!(!verdict.conditions.iter().any(|it| it.kind == PROGRAMMED));
    }
}
