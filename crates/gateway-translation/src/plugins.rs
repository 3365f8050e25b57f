//! Plugins: what KongPlugins and KongClusterPlugins become, one for each combination of what they are for.
//!
//! `relations` finds out who refers to which plugin, `definition` reads the plugin, `patch` puts values of Secrets
//! into its configuration. Here the two are brought together: start with [`referred_to`] and [`global`], then
//! [`distinct`], which decides between all that come of those.

mod definition;
mod patch;
mod relations;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kong_crds::configuration::v1::KongClusterPlugin;
use kong_crds::names::GLOBAL_LABEL;
use kong_model::entity::Plugin;
use kong_resolve::{Key, Name};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::acceptance::refusals;
use crate::class::all_of_ours;
use crate::context::{Context, Problem};
use crate::document::{DeclaredPlugin, DeclaredRoute, DeclaredService, Members};
use crate::origin::{self, Provenance};

pub(crate) use definition::{Definition, find};
use relations::Relation;
pub(crate) use relations::{Entity, PluginKey, Related, Relations, combinations, named, referred};

/// How many letters of a digest tell instances of a plugin apart, if those do.
const SUFFIX: usize = 9;

/// A plugin with the object that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    object: Key,
    created: i64,
    pub(crate) plugin: DeclaredPlugin,
}

/// What becomes of a plugin that somebody refers to.
pub(crate) fn referred_to(
    context: &Context<'_, '_>,
    key: &PluginKey,
    related: &Related,
) -> Vec<Made> {
    let mut made = Vec::new();
    let Some(definition) = find(context, key) else {
        tell_referrers(context, key, related);
        return made;
    };
    match definition.plugin(context) {
        Ok(plugin) => bind(context, &definition, &plugin, related, &mut made),
        Err(problem) => problem.say(context, &definition.object),
    }
    made
}

/// Why Kong refuses a plugin for what it is to be for, if it does: some are not for consumers, for instance.
fn refused_place(
    context: &Context<'_, '_>,
    plugin: &str,
    place: [(&str, bool); 4],
) -> Option<(String, String)> {
    let mut members = Members::new();
    members.insert("name".to_owned(), json!(plugin));
    let parts = place.into_iter().filter(|(_, is_there)| *is_there);
    for (part, _) in parts {
        members.insert(part.to_owned(), json!({"id": Uuid::nil()}));
    }
    let refusals = refusals(context, "plugins", &members).into_iter();
    let is_of_place = |member: &str| place.iter().any(|(part, _)| *part == member);
    refusals
        .filter(|(member, ..)| is_of_place(member))
        .map(|(_, reason, remedy)| (reason, remedy))
        .next()
}

/// Tells everybody who refers to a plugin that it is not there.
fn tell_referrers(context: &Context<'_, '_>, key: &PluginKey, related: &Related) {
    let message = format!(
        "referenced KongPlugin or KongClusterPlugin {:?} does not exist",
        key.name
    );
    let referrers: BTreeSet<&Key> = related.referrers().collect();
    for referrer in referrers {
        context.say(
            referrer,
            "metadata.annotations[konghq.com/plugins]",
            message.clone(),
            "create it, correct the name, or give the KongClusterPlugin the ingress class",
        );
    }
}

/// A plugin for each combination of what it is for.
fn bind(
    context: &Context<'_, '_>,
    definition: &Definition<'_>,
    plugin: &Plugin,
    related: &Related,
    made: &mut Vec<Made>,
) {
    let mut instances: BTreeSet<String> = BTreeSet::new();
    let mut refused: BTreeMap<[(&str, bool); 4], bool> = BTreeMap::new();
    for relation in combinations(related) {
        let place = [
            ("service", relation.service.is_some()),
            ("route", relation.route.is_some()),
            ("consumer", relation.consumer.is_some()),
            ("consumer_group", relation.consumer_group.is_some()),
        ];
        let is_refused = *refused.entry(place).or_insert_with(|| {
            let refusal = refused_place(context, &plugin.name, place);
            if let Some((reason, remedy)) = &refusal {
                let message = format!("{reason}: it has no effect there");
                context.say(&definition.object, "plugin", message, remedy);
            }
            refusal.is_some()
        });
        if is_refused {
            continue;
        }
        let mut plugin = plugin.clone();
        if let Some(instance) = &plugin.instance_name {
            let digest = digest(&relation);
            let mut unique = format!("{instance}-{}", &digest[..SUFFIX]);
            if instances.contains(&unique) {
                unique = format!("{instance}-{digest}");
            }
            instances.insert(unique.clone());
            plugin.instance_name = Some(unique);
        }
        let name = |of: Option<&Entity>| of.map(|entity| entity.name.clone());
        made.push(Made {
            object: definition.object.clone(),
            created: definition.meta.created,
            plugin: DeclaredPlugin {
                id: id(&plugin.name, &relation),
                plugin,
                service: name(relation.service),
                route: name(relation.route),
                consumer: name(relation.consumer),
                consumer_group: name(relation.consumer_group),
                from: vec![Provenance::of(&definition.object, None)],
            },
        });
    }
}

/// What tells an instance of a plugin from others: what it is for, digested.
fn digest(relation: &Relation<'_>) -> String {
    let parts = [
        ("service", relation.service),
        ("route", relation.route),
        ("consumer", relation.consumer),
        ("group", relation.consumer_group),
    ];
    let mut digest = Sha256::new();
    for (kind, entity) in parts {
        if let Some(entity) = entity {
            digest.update(format!("_{kind}-{}", entity.name));
        }
    }
    let digest = digest.finalize();
    digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// The id of a plugin, which follows from what it is and what it is for.
fn id(plugin: &str, relation: &Relation<'_>) -> Uuid {
    let parts = [
        ("service", relation.service),
        ("route", relation.route),
        ("consumer", relation.consumer),
        ("consumer_group", relation.consumer_group),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(kind, entity)| Some((kind, entity?)));
    let bound: Vec<String> = parts
        .map(|(kind, entity)| format!(":{kind}/{}", entity.name))
        .collect();
    origin::id("plugins", &format!("{plugin}{}", bound.concat()))
}

/// The plugins that are for everything: KongClusterPlugins with a label.
pub(crate) fn global(context: &Context<'_, '_>) -> Vec<Made> {
    let mut made: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    for (object, meta, spec) in all_of_ours::<KongClusterPlugin>(context) {
        if meta.label(GLOBAL_LABEL) != Some("true") {
            continue;
        }
        if spec.plugin.is_empty() {
            context.say(
                &object,
                "plugin",
                "Invalid KongClusterPlugin: empty plugin property",
                "name a plugin",
            );
            continue;
        }
        let definition = Definition::of_cluster_plugin(object, meta, spec);
        match definition.plugin(context) {
            Ok(plugin) => {
                let of_name = made.entry(plugin.name.clone()).or_default();
                of_name.push(Made {
                    created: meta.created,
                    plugin: DeclaredPlugin {
                        id: origin::id("plugins", &plugin.name),
                        plugin,
                        service: None,
                        route: None,
                        consumer: None,
                        consumer_group: None,
                        from: vec![Provenance::of(&definition.object, None)],
                    },
                    object: definition.object,
                });
            }
            Err(problem) => problem.say(context, &definition.object),
        }
    }
    if context.settings.as_kong_does() {
        made.retain(|name, several| {
            if several.len() > 1 {
                for one in several.iter() {
                    context.say(
                        &one.object,
                        "metadata.labels[global]",
                        format!(
                            "Multiple KongClusterPlugins with 'global' label found for {name:?}, cannot apply"
                        ),
                        "keep the label on one of them",
                    );
                }
            }
            several.len() == 1
        });
    }
    made.into_values().flatten().collect()
}

/// Of plugins of one name for the same thing that of the oldest object, since Kong takes no two, and what those are told
/// that are not taken. `built_in` are the ids that plugins have which are part of services and routes.
pub(crate) fn distinct(
    mut made: Vec<&Made>,
    built_in: &BTreeSet<Uuid>,
) -> (Vec<DeclaredPlugin>, Vec<Problem>) {
    made.sort_by(|one, two| (one.created, &one.object).cmp(&(two.created, &two.object)));
    let mut taken: HashMap<Uuid, &Key> = HashMap::new();
    let (mut plugins, mut problems) = (Vec::new(), Vec::new());
    for Made { object, plugin, .. } in made {
        let name = &plugin.plugin.name;
        let mut tell = |message: String, remedy: &str| {
            problems.push(Problem {
                object: object.clone(),
                field: "plugin".to_owned(),
                message,
                remedy: remedy.to_owned(),
                harmless: true,
                costs: None,
            });
        };
        if let Some(winner) = taken.get(&plugin.id) {
            if *winner != object {
                let place = place(plugin);
                tell(
                    format!(
                        "{name} is {place} already by {winner}, which is older: this one has no effect there"
                    ),
                    "keep one of the two",
                );
            }
            continue;
        }
        if built_in.contains(&plugin.id) {
            let place = place(plugin);
            tell(
                format!(
                    "{name} is {place} already by a filter or an annotation: this one has no effect there"
                ),
                "say all of it in one of the two",
            );
            continue;
        }
        taken.insert(plugin.id, object);
        plugins.push(plugin.clone());
    }
    (plugins, problems)
}

/// The ids that the plugins which are part of a service and its routes would have, were they bound to those.
pub(crate) fn built_in<'r>(
    service: &DeclaredService,
    routes: impl IntoIterator<Item = &'r DeclaredRoute>,
) -> Vec<Uuid> {
    let of_service = service.plugins.iter().map(|plugin| {
        let name = format!("{}:service/{}", plugin.name, service.name());
        origin::id("plugins", &name)
    });
    let of_routes = routes.into_iter().flat_map(|route| {
        route.plugins.iter().map(|plugin| {
            let name = format!("{}:route/{}", plugin.name, route.name());
            origin::id("plugins", &name)
        })
    });
    of_service.chain(of_routes).collect()
}

/// What a plugin is for, in words.
fn place(plugin: &DeclaredPlugin) -> String {
    let parts = [
        ("consumer", &plugin.consumer),
        ("consumer group", &plugin.consumer_group),
        ("route", &plugin.route),
        ("service", &plugin.service),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?)))
        .collect();
    if parts.is_empty() {
        "for everything".to_owned()
    } else {
        format!("for {}", parts.join(" and "))
    }
}

impl PluginKey {
    /// The name of a KongPlugin.
    fn in_namespace(&self) -> Name {
        Name::new(&self.namespace, &self.name)
    }
}
