//! The groups that a consumer is in: one membership each (konnect.md 6.8).

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_crds::Kind;
use kong_crds::conditions::{
    CONSUMER_GROUP_REFS_VALID, FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP, INVALID, PROGRAMMED,
    VALID,
};
use kong_crds::configuration::v1::KongConsumerFields;
use kong_model::{Body, Collection, RemoteId};
use kong_resolve::{Condition, Home, Intent, Key, Readiness, part};
use serde_json::json;

use crate::case::Case;
use crate::control_plane::is_shared;
use crate::parts::{Part, Parts};

/// Why a consumer is not in a group that it names.
enum Problem {
    /// There is no such group.
    Missing,
    /// It is in another control plane.
    Elsewhere,
    /// It is on its way out.
    Deleting,
    /// It is on its way to Konnect.
    Waiting,
    /// It is not in Konnect, and somebody has to do something about it.
    Blocked,
}

impl Problem {
    /// As Kong writes it, and what to do.
    fn words(&self) -> &'static str {
        match self {
            Self::Missing => "NotFound",
            Self::Elsewhere => "InAnotherControlPlane",
            Self::Deleting => "BeingDeleted",
            Self::Waiting | Self::Blocked => "NotCreatedInKonnect",
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::Missing => "create it or take it out of consumerGroups",
            Self::Elsewhere => "name a group in the control plane of the consumer",
            Self::Deleting => "take it out of consumerGroups",
            Self::Waiting => "wait for it",
            Self::Blocked => "its own conditions say why",
        }
    }
}

/// The memberships.
pub(super) fn parts(
    case: &Case<'_, '_>,
    fields: &KongConsumerFields,
    ours: Option<&Home>,
) -> Parts {
    let names: BTreeSet<&str> = fields
        .consumer_groups
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let own = case.view.standing(case.key).and_then(|own| own.id.as_ref());
    let mut parts = Parts::default();
    let mut problems = Vec::new();
    for name in names {
        let key = Key {
            kind: Kind::KongConsumerGroup,
            name: case.key.name.sibling(None, name),
        };
        let (group, problem) = look(case, &key, ours);
        if let Some(problem) = problem {
            problems.push((name, problem));
        }
        parts.parts.extend(group.map(|group| Part {
            identity: part(&case.meta.uid, &format!("group/{name}")),
            at: Collection::ConsumerGroupMembers,
            parent: Some(group),
            specified: own.cloned(),
            intent: match own {
                _ if case.meta.deleting => Intent::Absent,
                Some(id) => Intent::Present(Arc::new(membership(id))),
                None => Intent::Keep,
            },
            content: Some(key),
        }));
    }
    if !case.meta.deleting {
        parts.said = said(&problems);
    }
    parts
}

/// The id of a group, and why the consumer cannot be in it.
fn look(
    case: &Case<'_, '_>,
    key: &Key,
    ours: Option<&Home>,
) -> (Option<RemoteId>, Option<Problem>) {
    let Some(standing) = case.view.standing(key) else {
        return (None, Some(Problem::Missing));
    };
    if let (Some(theirs), Some(ours)) = (&standing.home, ours)
        && !is_shared(theirs, ours)
    {
        return (None, Some(Problem::Elsewhere));
    }
    let problem = match (&standing.id, standing.readiness) {
        _ if standing.deleting => Some(Problem::Deleting),
        (Some(_), _) => None,
        (None, Readiness::Blocked) => Some(Problem::Blocked),
        (None, Readiness::Pending | Readiness::Ready) => Some(Problem::Waiting),
    };
    (standing.id.clone(), problem)
}

fn membership(consumer: &RemoteId) -> Body {
    let body = json!({"consumer": consumer.as_str()});
    Body::from_wire(Collection::ConsumerGroupMembers, &body)
}

/// Kong says the same twice: in a condition of its own, and as the reason of `Programmed`.
fn said(problems: &[(&str, Problem)]) -> Vec<Condition> {
    if problems.is_empty() {
        return vec![Condition::holds(CONSUMER_GROUP_REFS_VALID, VALID, "")];
    }
    let list = |words: fn(&Problem) -> &'static str| {
        let each = problems
            .iter()
            .map(|(name, it)| format!("{name}: {}", words(it)));
        each.collect::<Vec<_>>().join(", ")
    };
    let message = format!(
        "Invalid ConsumerGroup references: {}; {}",
        list(Problem::words),
        list(Problem::remedy),
    );
    let passing = problems
        .iter()
        .all(|(_, problem)| matches!(problem, Problem::Waiting));
    let failed = |kind, reason, message: String| {
        Condition::fails(kind, reason, message)
            .passing(passing)
            .waiting(passing)
    };
    vec![
        failed(CONSUMER_GROUP_REFS_VALID, INVALID, message),
        failed(
            PROGRAMMED,
            FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP,
            "some KongConsumerGroups couldn't be assigned to KongConsumer, see KongConsumer status \
             for details"
                .to_owned(),
        ),
    ]
}

#[cfg(test)]
mod tests;
