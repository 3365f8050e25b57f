//! Consumer groups, which are called as their KongConsumerGroups, whatever namespace those are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_resolve::Key;
use serde_json::json;

use crate::class::all_of_ours;
use crate::context::Context;
use crate::document::Members;
use crate::origin;

/// A consumer group.
#[derive(PartialEq)]
pub(crate) struct Group {
    /// The object that it comes from.
    pub(crate) object: Key,
    /// Its members.
    pub(crate) members: Members,
}

impl Group {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.object.name.name
    }
}

/// The groups, the last name first.
pub(crate) fn all(context: &Context<'_, '_>) -> Vec<Group> {
    let mut taken: BTreeMap<Arc<str>, Key> = BTreeMap::new();
    let mut groups = Vec::new();
    for (object, meta, spec) in all_of_ours::<KongConsumerGroup>(context) {
        let right = !context.settings.as_kong_does();
        if right && let Some(winner) = taken.get(&object.name.name) {
            context.leave_out(
                &object,
                "metadata.name",
                format!(
                    "consumer groups have no namespaces in Kong, and {winner} is older and has the name: the group is \
                     left out"
                ),
                "choose another name, or remove one of the two",
            );
            continue;
        }
        taken.insert(Arc::clone(&object.name.name), object.clone());
        let mut tags = origin::tags(&object, meta, &[]);
        if right {
            origin::add_tags(&mut tags, spec.tags.as_deref());
        }
        let name = &*object.name.name;
        let mut members = Members::new();
        members.insert("id".to_owned(), json!(origin::id("consumergroups", name)));
        members.insert("name".to_owned(), json!(name));
        members.insert("tags".to_owned(), json!(tags));
        groups.push(Group { object, members });
    }
    groups.sort_by(|one, two| two.name().cmp(one.name()));
    groups
}
