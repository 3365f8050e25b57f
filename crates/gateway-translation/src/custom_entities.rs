//! Entities of collections that nothing else here makes: those of KongCustomEntities.
//!
//! An entity belongs to a plugin. Where its collection has members that refer to services, routes or consumers, there
//! is one for each combination of those that the plugin is for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::configuration::v1alpha1::{
    EntityParentKind, EntityParentRef, KongCustomEntity, KongCustomEntitySpec,
};
use kong_resolve::{Key, Name, grants};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::acceptance::refusal;
use crate::class::Class;
use crate::context::{Context, key};
use crate::document::Members;
use crate::origin;
use crate::plugins::{Entity, PluginKey, Related, Relations, combinations, find};

/// What a member refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Service,
    Route,
    Consumer,
}

/// Members that refer to other entities, by collection.
const FOREIGN: [(&str, &[(&str, Target)]); 13] = [
    ("degraphql_routes", &[("service", Target::Service)]),
    ("acls", &[("consumer", Target::Consumer)]),
    ("basicauth_credentials", &[("consumer", Target::Consumer)]),
    ("document_objects", &[("service", Target::Service)]),
    (
        "filter_chains",
        &[("service", Target::Service), ("route", Target::Route)],
    ),
    (
        "graphql_ratelimiting_advanced_cost_decoration",
        &[("service", Target::Service)],
    ),
    (
        "header_cert_auth_credentials",
        &[("consumer", Target::Consumer)],
    ),
    ("hmacauth_credentials", &[("consumer", Target::Consumer)]),
    ("jwt_secrets", &[("consumer", Target::Consumer)]),
    ("keyauth_credentials", &[("consumer", Target::Consumer)]),
    ("keyauth_enc_credentials", &[("consumer", Target::Consumer)]),
    ("mtls_auth_credentials", &[("consumer", Target::Consumer)]),
    ("oauth2_credentials", &[("consumer", Target::Consumer)]),
];
/// Collections that others make.
const TAKEN: [&str; 14] = [
    "services",
    "routes",
    "upstreams",
    "targets",
    "plugins",
    "consumers",
    "consumer_groups",
    "consumer_group_consumers",
    "consumer_group_plugins",
    "certificates",
    "ca_certificates",
    "snis",
    "vaults",
    "licenses",
];

/// An entity, with by what those of one object are sorted.
type Placed = (Key, Vec<String>, Members);

/// The names of the plugins that entities belong to.
pub(crate) fn parents(context: &Context<'_, '_>) -> BTreeSet<String> {
    let all = context.all::<KongCustomEntity>().into_iter();
    all.filter_map(|(_, _, spec)| Some(spec.parent_ref.as_ref()?.name.clone()))
        .collect()
}

/// The entities by collection, in order of their objects; `relations` are those of the plugins that they belong to.
pub(crate) fn all(
    context: &Context<'_, '_>,
    relations: &Relations,
) -> BTreeMap<String, Vec<Members>> {
    let class = Class::of(context);
    let mut entities: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
    for (name, _, spec) in context.all::<KongCustomEntity>() {
        if !class.is(&spec.controller_name) {
            continue;
        }
        let object = key(Kind::KongCustomEntity, name);
        match of_object(context, relations, &object, spec) {
            Ok(mut of_object) => {
                of_object.retain(|(_, _, entity)| is_acceptable(context, &object, spec, entity));
                let of_collection = entities.entry(spec.type_.clone()).or_default();
                of_collection.extend(of_object);
            }
            Err((field, message, remedy)) => context.leave_out(&object, field, message, remedy),
        }
    }
    for of_collection in entities.values_mut() {
        of_collection
            .sort_by(|(one, ids, _), (two, others, _)| (&one.name, ids).cmp(&(&two.name, others)));
    }
    entities
        .into_iter()
        .map(|(collection, placed)| {
            let entities = placed.into_iter().map(|(_, _, entity)| entity);
            (collection, entities.collect())
        })
        .collect()
}

/// Whether Kong takes an entity, as far as its collection is known here.
fn is_acceptable(
    context: &Context<'_, '_>,
    object: &Key,
    spec: &KongCustomEntitySpec,
    entity: &Members,
) -> bool {
    let Some((member, reason, remedy)) = refusal(context, &spec.type_, entity) else {
        return true;
    };
    let message = format!("{reason}: the entity is left out");
    context.leave_out(object, format!("spec.fields.{member}"), message, remedy);
    false
}

/// What is wrong: field, message, remedy.
type Wrong = (&'static str, String, String);

fn of_object(
    context: &Context<'_, '_>,
    relations: &Relations,
    object: &Key,
    spec: &KongCustomEntitySpec,
) -> Result<Vec<Placed>, Wrong> {
    let collection = spec.type_.as_str();
    if TAKEN.contains(&collection) || collection.is_empty() || collection.starts_with('_') {
        return Err((
            "spec.type",
            format!("cannot use known entity type {collection} in custom entity"),
            "use the kind that is made for it".to_owned(),
        ));
    }
    let Value::Object(fields) = &spec.fields else {
        return Err((
            "spec.fields",
            "failed to unmarshal fields of custom entity: they are no object".to_owned(),
            "write an object".to_owned(),
        ));
    };
    let foreign = foreign(context, collection);
    let plain = vec![(object.clone(), Vec::new(), fields.clone())];
    let Some(related) = related(context, relations, object, spec)? else {
        return Ok(plain);
    };
    let only = |target: Target, entities: &[Entity]| {
        let wanted = foreign.iter().any(|(_, of)| *of == target);
        if wanted {
            entities.to_vec()
        } else {
            Vec::new()
        }
    };
    let related = Related {
        services: only(Target::Service, &services(&related)),
        routes: only(Target::Route, &related.routes),
        consumers: only(Target::Consumer, &related.consumers),
        consumer_groups: Vec::new(),
    };
    let mut placed = Vec::new();
    for relation in combinations(&related) {
        let mut entity = fields.clone();
        let mut ids = Vec::new();
        for (member, target) in foreign {
            let to = match target {
                Target::Service => relation.service,
                Target::Route => relation.route,
                Target::Consumer => relation.consumer,
            };
            let id = to.and_then(|to| to.id).as_ref().map(Uuid::to_string);
            ids.push(id.clone().unwrap_or_default());
            if let Some(id) = id {
                entity.insert((*member).to_owned(), json!({"id": id}));
            }
        }
        placed.push((object.clone(), ids, entity));
    }
    if !placed.is_empty() || foreign.is_empty() || context.settings.as_kong_does() {
        return Ok(if placed.is_empty() { plain } else { placed });
    }
    Err((
        "spec.parentRef",
        format!(
            "the plugin is for nothing that an entity of {collection} could belong to: it is left out"
        ),
        "refer to the plugin in konghq.com/plugins of a Service, a route or a KongConsumer"
            .to_owned(),
    ))
}

/// The members of a collection that refer to others. The controller of Kong is told of one collection by its mock of
/// a gateway.
fn foreign(context: &Context<'_, '_>, collection: &str) -> &'static [(&'static str, Target)] {
    let known = if context.settings.as_kong_does() {
        &FOREIGN[..1]
    } else {
        &FOREIGN[..]
    };
    let found = known.iter().find(|(name, _)| *name == collection);
    found.map_or(&[], |(_, members)| *members)
}

/// The services that a plugin is for, else those that its routes lead to.
fn services(related: &Related) -> Vec<Entity> {
    if !related.services.is_empty() {
        return related.services.clone();
    }
    let mut services: Vec<Entity> = Vec::new();
    for route in &related.routes {
        let Some(name) = &route.service else {
            continue;
        };
        if services.iter().all(|service| service.name != *name) {
            services.push(Entity {
                name: name.clone(),
                id: Some(origin::id("services", name)),
                service: None,
                by: route.by.clone(),
            });
        }
    }
    services
}

/// What the plugin of an entity is for; `None` if it has no plugin, or one that is for nothing.
fn related(
    context: &Context<'_, '_>,
    relations: &Relations,
    object: &Key,
    spec: &KongCustomEntitySpec,
) -> Result<Option<Related>, Wrong> {
    let Some((kind, parent)) = parent(context, spec) else {
        return Ok(None);
    };
    let wrong = |reason: String, remedy: String| {
        let message =
            format!("failed to find attached foreign entities for custom entity: {reason}");
        ("spec.parentRef", message, remedy)
    };
    let name = object
        .name
        .sibling(parent.namespace.as_deref(), &parent.name);
    let granted = key(Kind::KongPlugin, &name);
    if !context
        .view
        .permission_of_routes(object, &granted)
        .is_given()
    {
        let reason = format!(
            "no grant found to referenced \"{}:{}\" plugin in the requested remote KongPlugin bind",
            name.namespace(),
            name.name
        );
        return Err(wrong(reason, grants::remedy_of_routes(object, &granted)));
    }
    let plugin = match kind {
        Kind::KongClusterPlugin => key(
            kind,
            &Name {
                namespace: None,
                name: Arc::clone(&name.name),
            },
        ),
        _ => granted,
    };
    if context.view.meta(&plugin).is_none() {
        let remedy = "create the plugin or correct the reference".to_owned();
        return Err(wrong(format!("{plugin} was not found"), remedy));
    }
    let plugin_key = PluginKey {
        namespace: name.namespace().to_owned(),
        name: name.name.to_string(),
    };
    if context.settings.as_kong_does() {
        return Ok(relations.of(&plugin_key).cloned());
    }
    // A KongClusterPlugin may be referred to from everywhere.
    let mut all = Related::default();
    for (key, related) in relations.iter() {
        let it = key.name == plugin_key.name
            && find(context, key).is_some_and(|definition| definition.object == plugin);
        if it {
            all.services.extend(related.services.iter().cloned());
            all.routes.extend(related.routes.iter().cloned());
            all.consumers.extend(related.consumers.iter().cloned());
        }
    }
    Ok(Some(all))
}

/// The plugin that an entity belongs to, and its kind.
fn parent<'s>(
    context: &Context<'_, '_>,
    spec: &'s KongCustomEntitySpec,
) -> Option<(Kind, &'s EntityParentRef)> {
    let parent = spec.parent_ref.as_ref()?;
    let strict = context.settings.as_kong_does();
    let is_kongs = match parent.group.as_deref() {
        Some(group) => group == Kind::KongPlugin.group(),
        None => !strict,
    };
    let kind = match parent.kind {
        Some(EntityParentKind::KongPlugin) => Kind::KongPlugin,
        Some(EntityParentKind::KongClusterPlugin) => Kind::KongClusterPlugin,
        None if !strict => Kind::KongPlugin,
        Some(EntityParentKind::Unknown) | None => return None,
    };
    is_kongs.then_some((kind, parent))
}
