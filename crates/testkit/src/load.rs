//! A load of many kinds at once, and what writing it has to cost: one request to Konnect for each entity, and one write of
//! finalizers and one of the status for the object that it is of.
//!
//! All that tells two objects of one sort apart are their names, and what is made of these, so that who has seen
//! what is written for one knows what is to be written for all: the bare client of the benches lives by that. Start with
//! [`mixed`]; [`Bill::due`] says what it costs.

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_model::{Collection, Method};
use kong_resolve::Key;
use serde_json::{Value, json};

use crate::document::{self as d, NAMESPACE, key_of};

/// Routes of a service.
const ROUTES: usize = 2;
/// Bindings of one KongPlugin.
const BINDINGS: usize = 10;

/// An object of a load.
#[derive(Clone, Debug)]
pub struct Good {
    /// The manifest.
    pub document: Value,
    /// Where its entity is; `None` if it has none.
    pub at: Option<Collection>,
    /// The objects whose ids are in what is written for it, in an order that all of its sort share.
    pub parents: Vec<Key>,
    /// What is different from others of its sort, in an order that all of its sort share: who replaces words of one by words of another
    /// does so in this order.
    pub words: Vec<String>,
}

impl Good {
    /// An object that differs from others of its sort in its name and in those of what it refers to.
    fn named(document: impl Into<Value>, at: Option<Collection>, refers_to: &[&Key]) -> Self {
        let document = document.into();
        let own = key_of(&document).expect("a builder gives a kind and a name");
        let keys = [&own].into_iter().chain(refers_to.iter().copied());
        Self {
            words: keys.map(|key| key.name.name.to_string()).collect(),
            parents: refers_to
                .iter()
                .filter(|key| key.kind != Kind::KongPlugin)
                .map(|key| Key::clone(key))
                .collect(),
            at,
            document,
        }
    }

    /// Its name.
    pub fn key(&self) -> Key {
        key_of(&self.document).expect("a load is of objects with a kind and a name")
    }

    /// What all objects have in common for which the same is written but for ids and words.
    pub fn sort(&self) -> (Kind, Vec<Kind>) {
        let parents = self.parents.iter().map(|key| key.kind);
        (self.key().kind, parents.collect())
    }
}

/// Objects that others refer to, called after one mark.
struct Family {
    service: Key,
    route: Key,
    consumer: Key,
    plugin: Key,
}

impl Family {
    fn of(mark: &str) -> Self {
        let key = |kind, what: &str| Key::new(kind, NAMESPACE, format!("{what}-{mark}"));
        Self {
            service: key(Kind::KongService, "service"),
            route: key(Kind::KongRoute, "route"),
            consumer: key(Kind::KongConsumer, "consumer"),
            plugin: key(Kind::KongPlugin, "plugin"),
        }
    }
}

fn service(own: &Key) -> Good {
    Good::named(d::service(&own.name.name), Some(Collection::Services), &[])
}

fn route(own: &Key, service: &Key) -> Good {
    let document = d::route(&own.name.name).to_service(&service.name.name);
    Good::named(document, Some(Collection::Routes), &[service])
}

fn consumer(own: &Key) -> Good {
    let document = json!({
        "apiVersion": own.kind.api_version(), "kind": own.kind.as_str(),
        "metadata": {"name": &*own.name.name, "namespace": NAMESPACE},
        "username": &*own.name.name,
        "spec": {"controlPlaneRef": d::plane_ref("cp")},
    });
    Good::named(document, Some(Collection::Consumers), &[])
}

fn credential(kind: Kind, at: Collection, name: &str, fields: &Value, consumer: &Key) -> Good {
    let mut document = json!({
        "apiVersion": kind.api_version(), "kind": kind.as_str(),
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": fields,
    });
    document["spec"]["consumerRef"] = json!({"name": &*consumer.name.name});
    Good::named(document, Some(at), &[consumer])
}

/// Both credentials of a consumer.
fn credentials(mark: &str, consumer: &Key) -> [Good; 2] {
    let (key, basic) = (format!("key-{mark}"), format!("basic-{mark}"));
    let of_key = json!({"key": format!("canary-{key}")});
    let of_basic = json!({"username": basic, "password": format!("canary-{basic}")});
    [
        credential(
            Kind::KongCredentialAPIKey,
            Collection::KeyAuths,
            &key,
            &of_key,
            consumer,
        ),
        credential(
            Kind::KongCredentialBasicAuth,
            Collection::BasicAuths,
            &basic,
            &of_basic,
            consumer,
        ),
    ]
}

fn certificate(mark: &str) -> Good {
    let name = format!("certificate-{mark}");
    let document = d::certificate(&name, &name);
    Good::named(document, Some(Collection::Certificates), &[])
}

/// A KongPlugin has no entity: those of its bindings are its.
fn plugin(own: &Key) -> Good {
    Good::named(d::plugin(&own.name.name), None, &[])
}

fn binding(mark: &str, plugin: &Key, target: &Key) -> Good {
    let binding = d::plugin_binding(&format!("binding-{mark}"), &plugin.name.name);
    let binding = match target.kind {
        Kind::KongRoute => binding.to_route(&target.name.name),
        Kind::KongConsumer => binding.to_consumer(&target.name.name),
        _ => binding.to_service(&target.name.name),
    };
    Good::named(binding, Some(Collection::Plugins), &[target, plugin])
}

/// A load in the control plane "cp", parents first. For a thousand services there are 2,000 routes, 1,000 consumers with an API
/// key and a password each, 500 bindings of 50 plugins, half of them to services and the others to routes and to consumers,
/// and 100 certificates.
pub fn mixed(services: usize) -> Vec<Good> {
    let of = |number: usize| Family::of(&format!("{number:05}"));
    let mut goods = Vec::new();
    for number in 0..services {
        let Family { service: own, .. } = of(number);
        goods.push(service(&own));
        let routes = number * ROUTES..(number + 1) * ROUTES;
        goods.extend(routes.map(|number| route(&of(number).route, &own)));
    }
    for number in 0..services {
        let Family { consumer: own, .. } = of(number);
        goods.push(consumer(&own));
        goods.extend(credentials(&format!("{number:05}"), &own));
    }
    let bindings = services / 2;
    goods.extend((0..bindings.div_ceil(BINDINGS)).map(|number| plugin(&of(number).plugin)));
    for number in 0..bindings {
        let family = of(number);
        let target = match number % 4 {
            1 => &family.route,
            3 => &family.consumer,
            _ => &family.service,
        };
        let plugin = of(number / BINDINGS).plugin;
        goods.push(binding(&format!("{number:05}"), &plugin, target));
    }
    goods.extend((0..services / 10).map(|number| certificate(&format!("{number:05}"))));
    goods
}

/// One of each sort that is in [`mixed`], with names that are found nowhere else.
pub fn models() -> Vec<Good> {
    let mark = "that-is-a-model";
    let family = Family::of(mark);
    let mut goods = vec![
        service(&family.service),
        route(&family.route, &family.service),
        consumer(&family.consumer),
    ];
    goods.extend(credentials(mark, &family.consumer));
    goods.push(plugin(&family.plugin));
    for target in [&family.service, &family.route, &family.consumer] {
        let mark = format!("{mark}-for-a-{}", target.kind.plural());
        goods.push(binding(&mark, &family.plugin, target));
    }
    goods.push(certificate(mark));
    goods
}

/// Requests for a change, each as often as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// To Konnect, by method and collection.
    konnect: BTreeMap<String, usize>,
    /// To the API server, by the object and the half of it.
    cluster: BTreeMap<String, usize>,
}

impl Bill {
    /// What a load costs when it is new, and not a request more.
    pub fn due<'g>(goods: impl IntoIterator<Item = &'g Good>) -> Self {
        let mut bill = Self::default();
        for good in goods {
            let Key { kind, name } = good.key();
            bill.add_write(kind.plural(), &name.name, false);
            if let Some(at) = good.at {
                bill.add_write(kind.plural(), &name.name, true);
                let collection = at.items_path().rsplit('/').next().unwrap_or_default();
                bill.add_request(Method::Put.as_str(), &format!("{collection}/ID"));
            }
        }
        bill
    }

    /// Konnect was asked for a change; of a path without its query.
    pub fn add_request(&mut self, method: &str, path: &str) {
        // The id of an entity says nothing; a request without one is about the collection.
        let path = if method == Method::Post.as_str() {
            path
        } else {
            path.rsplit_once('/')
                .map_or(path, |(collection, _)| collection)
        };
        let collection = path.rsplit('/').next().unwrap_or_default();
        *self
            .konnect
            .entry(format!("{method} {collection}"))
            .or_default() += 1;
    }

    /// An object was written: its status, or all but that.
    pub fn add_write(&mut self, plural: &str, name: &str, is_status: bool) {
        let half = if is_status {
            "status of"
        } else {
            "finalizers of"
        };
        *self
            .cluster
            .entry(format!("{half} {plural}/{name}"))
            .or_default() += 1;
    }

    /// What was not sent as often as it is due.
    pub fn complaints(&self, due: &Self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (ours, theirs) in [(&self.konnect, &due.konnect), (&self.cluster, &due.cluster)] {
            let all: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for what in all {
                let of = |side: &BTreeMap<String, usize>| side.get(what).copied().unwrap_or(0);
                let (sent, due) = (of(ours), of(theirs));
                if sent != due {
                    complaints.push(format!("{what}: {sent} times instead of {due}"));
                }
            }
        }
        complaints
    }

    /// How many requests there were: to Konnect, and to the API server.
    pub fn totals(&self) -> (usize, usize) {
        (self.konnect.values().sum(), self.cluster.values().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_services_bring_the_load_that_was_asked_for() {
        let goods = mixed(1_000);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for good in &goods {
            *kinds.entry(good.key().kind.as_str()).or_default() += 1;
        }
        assert_eq!(
            kinds,
            BTreeMap::from([
                ("KongService", 1_000),
                ("KongRoute", 2_000),
                ("KongConsumer", 1_000),
                ("KongCredentialAPIKey", 1_000),
                ("KongCredentialBasicAuth", 1_000),
                ("KongPlugin", 50),
                ("KongPluginBinding", 500),
                ("KongCertificate", 100),
            ])
        );
        assert_eq!(Bill::due(&goods).totals(), (6_600, 2 * 6_600 + 50));
    }

    #[test]
    fn there_is_a_model_of_every_sort_and_no_word_of_it_is_in_a_load() {
        let (models, goods) = (models(), mixed(20));
        let sorts = |goods: &[Good]| goods.iter().map(Good::sort).collect::<BTreeSet<_>>();
        assert_eq!(sorts(&models), sorts(&goods));
        let load: String = goods.iter().map(|good| good.document.to_string()).collect();
        for word in models.iter().flat_map(|model| &model.words) {
            assert!(!load.contains(word.as_str()), "{word}");
        }
    }

    #[test]
    fn a_bill_says_what_is_too_much_and_what_is_missing() {
        let due = Bill::due(&mixed(2));
        let mut bill = due.clone();
        assert_eq!(bill.complaints(&due), Vec::<String>::new());
        bill.add_request("PUT", "/v2/core-entities/routes/some-id");
        bill.add_request("POST", "/v2/control-planes");
        bill.add_write("kongroutes", "route-00001", true);
        assert_eq!(
            bill.complaints(&due),
            [
                "POST control-planes: 1 times instead of 0",
                "PUT routes: 5 times instead of 4",
                "status of kongroutes/route-00001: 2 times instead of 1",
            ]
        );
    }
}
