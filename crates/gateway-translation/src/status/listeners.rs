//! How each listener is, of Gateways and of ListenerSets.

use kong_resolve::{Key, Truth};
use serde_json::{Map, Value, json};

use super::conditions::{self, ACCEPTED, CONFLICTED, Condition, PROGRAMMED, RESOLVED_REFS};
use super::routes::Attached;
use crate::context::{Context, Unresolved};
use crate::listeners::{Against, Bound, invalid_pair, is_kind, kinds_of, listener_certificate};

/// The types of conditions of a listener.
const TYPES: [&str; 4] = [ACCEPTED, CONFLICTED, PROGRAMMED, RESOLVED_REFS];
/// What stands in `ResolvedRefs` that hold.
const RESOLVED: &str = "Listeners' references are accepted.";

/// The statuses of listeners.
pub(super) struct Listeners {
    /// They, in order.
    pub(super) statuses: Vec<Value>,
    /// The places of those that may be programmed.
    pub(super) programmable: Vec<usize>,
}

/// The statuses of the listeners of an object, which has these before.
pub(super) fn all<'b, 'w: 'b>(
    context: &Context<'_, '_>,
    listeners: impl Iterator<Item = &'b Bound<'w>>,
    attached: &Attached,
    before: Option<&Value>,
    generation: i64,
) -> Listeners {
    let mut all = Listeners {
        statuses: Vec::new(),
        programmable: Vec::new(),
    };
    for bound in listeners {
        let known = before.and_then(Value::as_array).into_iter().flatten();
        let mut known = known.filter(|it| it["name"] == bound.listener.name.as_str());
        let (status, is_programmable) = one(context, bound, attached, known.next(), generation);
        if is_programmable {
            all.programmable.push(all.statuses.len());
        }
        all.statuses.push(status);
    }
    all
}

fn one(
    context: &Context<'_, '_>,
    bound: &Bound<'_>,
    attached: &Attached,
    before: Option<&Value>,
    generation: i64,
) -> (Value, bool) {
    let listener = bound.listener;
    let (accepted, conflicted) = match bound.against {
        None => (
            Condition::holds(ACCEPTED, ACCEPTED, ""),
            Condition::fails(CONFLICTED, "NoConflicts", ""),
        ),
        Some(against) => {
            let (reason, message) = (against.reason(), against.message(listener));
            let conflicted = match against {
                Against::Conflict(_) => Condition::holds(CONFLICTED, reason, message.as_str()),
                Against::UnsupportedProtocol | Against::ClientValidation => {
                    Condition::fails(CONFLICTED, "NoConflicts", "")
                }
            };
            (Condition::fails(ACCEPTED, reason, message), conflicted)
        }
    };
    let resolved = resolved_refs(context, bound);
    let is_accepted = bound.against.is_none();
    let is_programmable = is_accepted && resolved.truth == Truth::True;
    let programmed = if is_programmable {
        Condition::unknown(PROGRAMMED, "Pending", "No gateway has taken it yet.").unless_said()
    } else if is_accepted {
        Condition::fails(
            PROGRAMMED,
            "Pending",
            "Listener references are not resolved yet.",
        )
    } else {
        Condition::fails(PROGRAMMED, "Invalid", "The listener is not accepted.")
    };
    let mut members = match before {
        Some(Value::Object(members)) => members.clone(),
        Some(_) | None => Map::new(),
    };
    let said = [accepted, conflicted, programmed, resolved];
    let conditions = conditions::merged(members.get("conditions"), &said, &TYPES, generation);
    members.insert("name".to_owned(), json!(listener.name));
    let count = attached.count(&bound.owner, &listener.name);
    members.insert("attachedRoutes".to_owned(), json!(count));
    members.insert("conditions".to_owned(), Value::Array(conditions));
    members.remove("supportedKinds");
    let kinds = supported_kinds(bound);
    if is_accepted && !kinds.is_empty() {
        members.insert("supportedKinds".to_owned(), Value::Array(kinds));
    }
    (Value::Object(members), is_programmable)
}

/// The kinds of routes that a listener takes: of those of its protocol the ones that it allows.
fn supported_kinds(bound: &Bound<'_>) -> Vec<Value> {
    let allowed = bound.listener.allowed_routes.as_ref();
    let allowed = allowed.map(|it| it.kinds.as_slice()).unwrap_or_default();
    let kinds = kinds_of(&bound.listener.protocol).iter();
    kinds
        .filter(|kind| allowed.is_empty() || allowed.iter().any(|it| is_kind(it, **kind)))
        .map(|kind| json!({"group": kind.group(), "kind": kind.as_str()}))
        .collect()
}

/// Whether what a listener refers to is there. Of several reasons the last one counts, as with Kong's operator.
fn resolved_refs(context: &Context<'_, '_>, bound: &Bound<'_>) -> Condition {
    let Bound {
        owner,
        number,
        listener,
        ..
    } = bound;
    let certificates = listener_certificate(context, owner, *number, listener);
    let mut wrong = certificates.wrong;
    if let Some((secret, field)) = &certificates.usable {
        wrong.extend(invalid_pair(context, owner, secret, field));
    }
    wrong.extend(invalid_kinds(owner, bound));
    match wrong.last() {
        None => Condition::holds(RESOLVED_REFS, RESOLVED_REFS, RESOLVED),
        Some(last) => {
            let mut messages: Vec<&str> = Vec::new();
            for one in &wrong {
                if !messages.contains(&one.message.as_str()) {
                    messages.push(&one.message);
                }
            }
            Condition::fails(RESOLVED_REFS, last.reason, messages.join(" "))
        }
    }
}

/// Kinds of routes that a listener allows and its protocol does not.
fn invalid_kinds(owner: &Key, bound: &Bound<'_>) -> Vec<Unresolved> {
    let listener = bound.listener;
    let allowed = listener.allowed_routes.as_ref();
    let allowed = allowed.map(|it| it.kinds.as_slice()).unwrap_or_default();
    if bound.against == Some(Against::UnsupportedProtocol) {
        return Vec::new();
    }
    let kinds = allowed.iter().enumerate();
    kinds
        .filter(|(_, allowed)| {
            let mut kinds = kinds_of(&listener.protocol).iter();
            !kinds.any(|kind| is_kind(allowed, *kind))
        })
        .map(|(at, allowed)| Unresolved {
            object: owner.clone(),
            reason: "InvalidRouteKinds",
            field: format!("spec.listeners[{}].allowedRoutes.kinds[{at}]", bound.number),
            message: format!("Route {} not supported.", allowed.kind),
            remedy: format!("allow kinds that a listener of {} has", listener.protocol).into(),
        })
        .collect()
}
