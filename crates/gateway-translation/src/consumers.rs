//! Consumers with their credentials and groups.
//!
//! Credentials are read by `credentials`, who may keep one that several claim is decided by `claims`.

mod claims;
mod credentials;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::configuration::v1::{KongConsumer, KongConsumerFields};
use kong_crds::configuration::v1beta1::KongConsumerGroup;
use kong_resolve::{Key, Meta, Name};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::acceptance::refusal;
use crate::class::all_of_ours;
use crate::consumer_groups::Group;
use crate::context::Context;
use crate::document::Members;
use crate::origin;
use crate::settings::Settings;

use credentials::Credential;

/// A consumer. It holds secrets, so it cannot be printed.
#[derive(PartialEq)]
pub(crate) struct Consumer {
    /// The object that it comes from.
    pub(crate) object: Key,
    /// By what others refer to it.
    pub(crate) reference: String,
    /// Its id, if it has one.
    pub(crate) id: Option<Uuid>,
    /// Its members, credentials included.
    pub(crate) members: Members,
    /// The names of the groups that it is in.
    groups: Vec<String>,
}

/// A consumer to be.
struct Candidate<'w> {
    object: Key,
    meta: &'w Meta,
    fields: &'w Arc<KongConsumerFields>,
    credentials: Vec<Credential<'w>>,
}

impl Candidate<'_> {
    fn username(&self) -> Option<&str> {
        text(self.fields.username.as_deref())
    }

    fn custom_id(&self) -> Option<&str> {
        text(self.fields.custom_id.as_deref())
    }
}

/// A text, unless it is empty, which is as good as none.
fn text(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The consumers: those without a name first, then by name. `authorities` are the ids of the certificates of
/// authorities that there are.
pub(crate) fn all(
    context: &Context<'_, '_>,
    groups: &[Group],
    authorities: &BTreeSet<String>,
) -> Vec<Consumer> {
    let mut candidates = candidates(context);
    for candidate in &mut candidates {
        candidate.credentials =
            credentials::of(context, &candidate.object, candidate.fields, authorities);
    }
    if context.settings.as_kong_does() {
        let losers = claims::all_who_share(context, &candidates);
        candidates.retain(|candidate| !losers.contains(&candidate.object));
    } else {
        claims::to_the_oldest(context, &mut candidates);
    }
    let mut consumers: Vec<Consumer> = candidates
        .into_iter()
        .map(|candidate| consumer(context, candidate, groups))
        .filter(|consumer| is_acceptable(context, consumer))
        .collect();
    consumers.sort_by(|one, two| place(one).cmp(&place(two)));
    consumers
}

/// Whether Kong takes a consumer, apart from its credentials, which have been looked at.
fn is_acceptable(context: &Context<'_, '_>, consumer: &Consumer) -> bool {
    let mut members = consumer.members.clone();
    members.retain(|member, _| matches!(member.as_str(), "username" | "custom_id" | "tags"));
    let Some((member, reason, remedy)) = refusal(context, "consumers", &members) else {
        return true;
    };
    context.leave_out(
        &consumer.object,
        member,
        format!("{reason}: the consumer is left out"),
        remedy,
    );
    false
}

/// By what consumers are sorted.
fn place(consumer: &Consumer) -> (Option<&str>, Option<&str>, &Name) {
    let member = |name: &str| consumer.members.get(name).and_then(Value::as_str);
    (
        member("username"),
        member("custom_id"),
        &consumer.object.name,
    )
}

/// Whoever can be a consumer, oldest first.
fn candidates<'w>(context: &Context<'_, 'w>) -> Vec<Candidate<'w>> {
    let mut taken: BTreeMap<(&str, &str), Key> = BTreeMap::new();
    let mut candidates = Vec::new();
    for (object, meta, fields) in all_of_ours::<KongConsumer>(context) {
        let names = [
            ("username", text(fields.username.as_deref())),
            ("custom_id", text(fields.custom_id.as_deref())),
        ];
        let mut names = names
            .into_iter()
            .filter_map(|(member, name)| Some((member, name?)));
        if names.clone().next().is_none() {
            context.leave_out(
                &object,
                "username",
                "no username or custom_id specified: the consumer is left out",
                "give it one of the two",
            );
            continue;
        }
        let winner = names
            .clone()
            .find_map(|name| Some((name.0, taken.get(&name)?)));
        if let Some((member, winner)) = winner
            && !context.settings.as_kong_does()
        {
            context.leave_out(
                &object,
                member,
                format!(
                    "the {member} is that of {winner}, which is older: the consumer is left out"
                ),
                "choose another one, or remove one of the two consumers",
            );
            continue;
        }
        for name in names.by_ref() {
            taken.entry(name).or_insert_with(|| object.clone());
        }
        candidates.push(Candidate {
            object,
            meta,
            fields,
            credentials: Vec::new(),
        });
    }
    candidates
}

fn consumer(context: &Context<'_, '_>, candidate: Candidate<'_>, groups: &[Group]) -> Consumer {
    let right = !context.settings.as_kong_does();
    let (username, custom_id) = (candidate.username(), candidate.custom_id());
    let id = match (username, custom_id) {
        (Some(name), _) => Some(origin::id("consumers", name)),
        // Kong finds consumers by name or id only.
        (None, Some(custom)) if right => {
            Some(origin::id("consumers", &format!("custom_id:{custom}")))
        }
        (None, _) => None,
    };
    let mut tags = origin::tags(&candidate.object, candidate.meta, &[]);
    if right {
        let spec = candidate.fields.spec.as_ref();
        origin::add_tags(&mut tags, spec.and_then(|spec| spec.tags.as_deref()));
    }
    let reference = match (username, custom_id, id) {
        (Some(name), _, _) => name.to_owned(),
        (None, _, Some(id)) => id.to_string(),
        (None, custom, None) => custom.unwrap_or_default().to_owned(),
    };
    let mut members = Members::new();
    let mut put = |member: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(member.to_owned(), value);
        }
    };
    put("id", id.map(|id| json!(id)));
    put("username", username.map(|name| json!(name)));
    put("custom_id", custom_id.map(|id| json!(id)));
    put("tags", Some(json!(tags)));
    let groups = groups_of(context, &candidate, groups);
    for credential in candidate.credentials {
        let of_its_kind = members
            .entry(credential.kind.collection())
            .or_insert_with(|| json!([]));
        if let Value::Array(of_its_kind) = of_its_kind {
            of_its_kind.push(Value::Object(credential.members));
        }
    }
    Consumer {
        object: candidate.object,
        reference,
        id,
        members,
        groups,
    }
}

/// The groups that a consumer is in.
fn groups_of(
    context: &Context<'_, '_>,
    candidate: &Candidate<'_>,
    groups: &[Group],
) -> Vec<String> {
    let mut names = Vec::new();
    let wanted = candidate.fields.consumer_groups.iter().flatten();
    for (number, wanted) in wanted.enumerate() {
        let name = candidate.object.name.sibling(None, wanted);
        let field = format!("consumerGroups[{number}]");
        if context.get::<KongConsumerGroup>(&name).is_none() {
            context.say(
                &candidate.object,
                field,
                format!("nonexistent consumer group: {wanted:?}"),
                "create the KongConsumerGroup or correct the name",
            );
        } else if context.settings.as_kong_does() {
            names.push(wanted.clone());
        } else if groups.iter().all(|group| group.object.name != name) {
            context.say(
                &candidate.object,
                field,
                format!("consumer group {wanted:?} is not in this gateway"),
                "give it the ingress class of the consumer, and a name of its own",
            );
        } else if !names.contains(wanted) {
            names.push(wanted.clone());
        }
    }
    names
}

/// Which consumers are in which groups.
pub(crate) fn memberships(settings: &Settings, consumers: &[Consumer]) -> Vec<Members> {
    let mut memberships = Vec::new();
    for consumer in consumers {
        let name = if settings.as_kong_does() {
            consumer
                .members
                .get("username")
                .cloned()
                .unwrap_or_else(|| json!(""))
        } else {
            json!(consumer.reference)
        };
        for group in &consumer.groups {
            let mut membership = Members::new();
            membership.insert("consumer".to_owned(), name.clone());
            membership.insert("consumer_group".to_owned(), json!(group));
            memberships.push(membership);
        }
    }
    memberships
}
