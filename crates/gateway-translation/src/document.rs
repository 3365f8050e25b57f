//! The declarative configuration that comes out: entities, typed where others work on them, and the one place
//! where they become the document that `POST /config` and decK read.
//!
//! Everything is sorted by what it is called, so that a document depends on what it holds alone. Members that are
//! not set are left out.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kong_model::entity::{Plugin, Route, Service, Target, Upstream};
use kong_router::expression::Expression;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::origin::Provenance;

/// The format of the document.
const FORMAT: &str = "3.0";

/// Members of an entity that nobody here works on.
pub type Members = Map<String, Value>;

/// A declarative configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Services, with the routes that lead to them.
    pub services: Vec<DeclaredService>,
    /// Upstreams, with their targets.
    pub upstreams: Vec<DeclaredUpstream>,
    /// Plugins that are bound to entities by their names, and global ones.
    pub plugins: Vec<DeclaredPlugin>,
    /// Consumers, with their credentials.
    pub consumers: Vec<Members>,
    /// Consumer groups.
    pub consumer_groups: Vec<Members>,
    /// Which consumers are in which groups.
    pub consumer_group_consumers: Vec<Members>,
    /// Certificates, with their SNIs.
    pub certificates: Vec<Members>,
    /// Certificates of authorities.
    pub ca_certificates: Vec<Members>,
    /// Vaults.
    pub vaults: Vec<Members>,
    /// Licences.
    pub licenses: Vec<Members>,
    /// Entities of other collections, by its name.
    pub others: BTreeMap<String, Vec<Members>>,
}

/// A service with the routes that lead to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredService {
    /// Its id.
    pub id: Uuid,
    /// The service; its name is set.
    pub service: Service,
    /// The routes.
    pub routes: Vec<DeclaredRoute>,
    /// Plugins that are part of it.
    pub plugins: Vec<Plugin>,
    /// What it comes from.
    pub from: Vec<Provenance>,
}

/// A route.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredRoute {
    /// Its id.
    pub id: Uuid,
    /// The route; its name is set. With an expression it has none of the members that match.
    pub route: Route,
    /// The expression, and its priority, in the flavour that has them.
    pub expression: Option<(Expression, u64)>,
    /// Plugins that are part of it.
    pub plugins: Vec<Plugin>,
    /// What it comes from.
    pub from: Vec<Provenance>,
}

/// An upstream with its targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeclaredUpstream {
    /// The upstream.
    pub upstream: Upstream,
    /// The targets.
    pub targets: Vec<Target>,
}

/// A plugin that is bound to entities by their names.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredPlugin {
    /// Its id.
    pub id: Uuid,
    /// The plugin.
    pub plugin: Plugin,
    /// The service that it is for.
    pub service: Option<String>,
    /// The route that it is for.
    pub route: Option<String>,
    /// The consumer that it is for.
    pub consumer: Option<String>,
    /// The consumer group that it is for.
    pub consumer_group: Option<String>,
    /// What it comes from.
    pub from: Vec<Provenance>,
}

impl DeclaredService {
    /// Its name.
    pub fn name(&self) -> &str {
        self.service.name.as_deref().unwrap_or_default()
    }
}

impl DeclaredRoute {
    /// Its name.
    pub fn name(&self) -> &str {
        self.route.name.as_deref().unwrap_or_default()
    }
}

/// An entity as its members, without those that are not set.
pub(crate) fn members(entity: &impl Serialize) -> Members {
    match serde_json::to_value(entity) {
        Ok(Value::Object(mut members)) => {
            members.retain(|_, value| !value.is_null());
            members
        }
        Ok(_) | Err(_) => unreachable!("entities are structures with text for names"),
    }
}

impl Document {
    /// The document.
    pub fn to_value(&self) -> Value {
        let mut document = Members::new();
        document.insert("_format_version".to_owned(), json!(FORMAT));
        let mut put = |collection: &str, entities: Vec<Value>| {
            if !entities.is_empty() {
                document.insert(collection.to_owned(), Value::Array(entities));
            }
        };
        put(
            "services",
            sorted(&self.services, DeclaredService::name, service),
        );
        put(
            "upstreams",
            sorted(&self.upstreams, |it| &it.upstream.name, upstream),
        );
        let mut plugins: Vec<&DeclaredPlugin> = self.plugins.iter().collect();
        plugins.sort_by_cached_key(|plugin| Reverse(plugin.place()));
        put("plugins", plugins.into_iter().map(plugin).collect());
        let plain = |entities: &[Members]| entities.iter().cloned().map(Value::Object).collect();
        put("consumers", plain(&self.consumers));
        put("consumer_groups", plain(&self.consumer_groups));
        put(
            "consumer_group_consumers",
            plain(&self.consumer_group_consumers),
        );
        put("certificates", plain(&self.certificates));
        put("ca_certificates", plain(&self.ca_certificates));
        put("vaults", plain(&self.vaults));
        put("licenses", plain(&self.licenses));
        for (collection, entities) in &self.others {
            put(collection, plain(entities));
        }
        Value::Object(document)
    }
}

impl Document {
    /// What each service, route and plugin comes from, by its id.
    pub fn provenance(&self) -> BTreeMap<String, String> {
        let services = self.services.iter().map(|it| (it.id, &it.from));
        let routes = self.services.iter().flat_map(|it| &it.routes);
        let routes = routes.map(|it| (it.id, &it.from));
        let plugins = self.plugins.iter().map(|it| (it.id, &it.from));
        let all = services.chain(routes).chain(plugins);
        all.filter(|(_, from)| !from.is_empty())
            .map(|(id, from)| {
                let from: Vec<String> = from.iter().map(ToString::to_string).collect();
                (id.to_string(), from.join(", "))
            })
            .collect()
    }
}

impl DeclaredPlugin {
    /// By what plugins are sorted: their name and what they are for, in one text.
    fn place(&self) -> String {
        let bound = [
            &self.consumer,
            &self.consumer_group,
            &self.route,
            &self.service,
        ];
        let bound = bound.into_iter().flatten().map(String::as_str);
        std::iter::once(self.plugin.name.as_str())
            .chain(bound)
            .collect()
    }
}

/// Entities by name, the last first.
fn sorted<T>(entities: &[T], name: fn(&T) -> &str, value: fn(&T) -> Value) -> Vec<Value> {
    let mut entities: Vec<&T> = entities.iter().collect();
    entities.sort_by(|one, two| name(two).cmp(name(one)));
    entities.into_iter().map(value).collect()
}

fn service(declared: &DeclaredService) -> Value {
    let mut members = members(&declared.service);
    members.insert("id".to_owned(), json!(declared.id));
    if let Some(certificate) = &declared.service.client_certificate {
        // Kong takes the id itself for a reference as well, and its controller writes it so.
        members.insert("client_certificate".to_owned(), json!(certificate.id));
    }
    if let Some(Value::Object(names)) = members.get_mut("tls_sans") {
        without_nulls(names);
    }
    if !declared.routes.is_empty() {
        let routes = sorted(&declared.routes, DeclaredRoute::name, route);
        members.insert("routes".to_owned(), Value::Array(routes));
    }
    inline(&mut members, &declared.plugins);
    Value::Object(members)
}

fn route(declared: &DeclaredRoute) -> Value {
    let mut members = route_members(&declared.route, declared.expression.as_ref());
    members.insert("id".to_owned(), json!(declared.id));
    inline(&mut members, &declared.plugins);
    Value::Object(members)
}

/// The members of a route as Kong reads it.
pub(crate) fn route_members(route: &Route, expression: Option<&(Expression, u64)>) -> Members {
    let mut members = members(route);
    for end in ["sources", "destinations"] {
        let addresses = members.get_mut(end).and_then(Value::as_array_mut);
        for address in addresses.into_iter().flatten() {
            address.as_object_mut().map(without_nulls);
        }
    }
    if let Some((expression, priority)) = expression {
        members.insert("expression".to_owned(), json!(expression.to_string()));
        members.insert("priority".to_owned(), json!(priority));
    }
    members
}

/// Puts plugins into what they are part of.
pub(crate) fn inline(of: &mut Members, plugins: &[Plugin]) {
    if plugins.is_empty() {
        return;
    }
    let mut plugins: Vec<&Plugin> = plugins.iter().collect();
    plugins.sort_by(|one, two| two.name.cmp(&one.name));
    let plugins = plugins
        .into_iter()
        .map(|plugin| Value::Object(members(plugin)))
        .collect();
    of.insert("plugins".to_owned(), Value::Array(plugins));
}

fn upstream(declared: &DeclaredUpstream) -> Value {
    let mut members = members(&declared.upstream);
    if let Some(Value::Object(checks)) = members.get_mut("healthchecks") {
        without_nulls(checks);
    }
    if !declared.targets.is_empty() {
        let target = |it: &Target| Value::Object(self::members(it));
        let targets = sorted(&declared.targets, |it| &it.target, target);
        members.insert("targets".to_owned(), Value::Array(targets));
    }
    Value::Object(members)
}

/// Takes out what is not set, inside of other members as well.
pub(crate) fn without_nulls(members: &mut Members) {
    members.retain(|_, value| !value.is_null());
    for value in members.values_mut() {
        if let Value::Object(inner) = value {
            without_nulls(inner);
        }
    }
}

fn plugin(declared: &DeclaredPlugin) -> Value {
    let mut members = members(&declared.plugin);
    if let Some(Value::Object(ordering)) = members.get_mut("ordering") {
        without_nulls(ordering);
    }
    members.insert("id".to_owned(), json!(declared.id));
    let bound = [
        ("service", &declared.service),
        ("route", &declared.route),
        ("consumer", &declared.consumer),
        ("consumer_group", &declared.consumer_group),
    ];
    for (member, name) in bound {
        if let Some(name) = name {
            members.insert(member.to_owned(), json!(name));
        }
    }
    Value::Object(members)
}
