//! Which consumers are in which groups: a list a group, as everywhere.
//!
//! An object of a consumer names the groups of its namespace, so a membership is printed where both have an object
//! there; any other is said. Start with [`Taking::memberships`].

use std::collections::BTreeMap;

use kong_crds::Kind;
use kong_model::{Collection, RemoteId, Site};
use serde_json::{Value, json};

use super::Found;
use super::names::Names;
use super::taking::Taking;
use crate::inverse::{Place, name};
use crate::plan::play::Manifests;
use crate::plan::show::singular;
use crate::remote::Reading;

/// The field that names the groups of a consumer.
const GROUPS: &str = "consumerGroups";

impl Taking<'_> {
    /// Adds their groups to the manifests of consumers.
    pub(super) fn memberships(&mut self, found: &Found, names: &Names, reading: &mut Reading) {
        let consumers = entities(found, Collection::Consumers, reading);
        if consumers.is_empty() {
            return;
        }
        for (id, group) in entities(found, Collection::ConsumerGroups, reading) {
            let at = Collection::ConsumerGroups;
            let title = match name(at, &group) {
                Some(name) => format!("{} \"{name}\" ({id})", singular(at)),
                None => format!("{} {id}", singular(at)),
            };
            let site = Site {
                parent: Some(RemoteId::from(&id)),
                ..Site::of_control_plane(Collection::ConsumerGroupMembers, found.id.clone())
            };
            let members = match reading.list(&found.access, &site) {
                Ok(members) => members,
                Err(failure) => {
                    self.complain(
                        &title,
                        &format!("its members cannot be listed: {failure}"),
                        "they are left out",
                    );
                    continue;
                }
            };
            let object = names.place(at, &id);
            for member in &members.items {
                let member = member["consumer"]["id"].as_str().unwrap_or_default();
                // Of a consumer without an object all is said.
                if let Some(consumer) = names.place(Collection::Consumers, member) {
                    self.membership(&title, object.as_ref(), &consumer);
                }
            }
        }
    }

    fn membership(&mut self, title: &str, group: Option<&Place>, consumer: &Place) {
        let Place { namespace, name } = consumer;
        let owner = format!("KongConsumer {namespace}/{name}");
        let Some(group) = group.filter(|group| group.namespace == *namespace) else {
            return self.complain(
                &owner,
                &format!("it is in the {title}, which has no object in its namespace"),
                "as long as it is, its object does not match; take it out of the group, or set spec.adopt.mode of the object to \
                 override",
            );
        };
        let is_consumer = |document: &&mut Value| {
            let meta = &document["metadata"];
            document["kind"] == Kind::KongConsumer.as_str()
                && meta["name"] == *name
                && meta["namespace"] == *namespace
        };
        if let Some(document) = self.documents.iter_mut().find(is_consumer) {
            let groups = &mut document[GROUPS];
            if let Some(groups) = groups.as_array_mut() {
                groups.push(json!(group.name));
                groups.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            } else {
                *groups = json!([group.name]);
            }
            return;
        }
        let mut known = Manifests::objects(&self.manifests.cluster, Kind::KongConsumer);
        let known = known.find(|object| {
            let meta = &object["metadata"];
            meta["name"] == *name && meta["namespace"] == *namespace
        });
        let says = known.and_then(|object| object[GROUPS].as_array());
        if !says.is_some_and(|groups| groups.contains(&json!(group.name))) {
            self.complain(
                &owner,
                &format!("it is in the {title}, and its manifest does not say so"),
                &format!(
                    "add \"{}\" to {GROUPS}; without it the object does not match, or the consumer is taken out of \
                     the group if it is the object's already",
                    group.name
                ),
            );
        }
    }
}

/// The entities of a list that has been read, by id.
fn entities(found: &Found, at: Collection, reading: &mut Reading) -> BTreeMap<String, Value> {
    let site = Site::of_control_plane(at, found.id.clone());
    // Whether it could be read has been said.
    let list = reading.list(&found.access, &site).ok();
    let items = list.iter().flat_map(|list| &list.items);
    items
        .filter_map(|entity| Some((entity["id"].as_str()?.to_owned(), entity.clone())))
        .collect()
}
