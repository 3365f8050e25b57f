//! What is said of entities that were taken over or that have drifted.

use kong_crds::conditions as c;
use kong_crds::names::DRIFT_ANNOTATION;
use kong_model::RemoteId;
use kong_resolve::Condition;
use serde_json::Value;

use super::{Drift, State, confirmed_generation, main_state};

/// That the entity was taken over is so for good, and it is the status that remembers it.
pub(super) fn adopted(
    conditions: &[Condition],
    states: &[State<'_>],
    before: &Value,
) -> Option<Condition> {
    let adopted = match main_state(states) {
        Some(main) => main.adopted,
        None => confirmed_generation(c::ADOPTED, before).is_some(),
    };
    let said = conditions.iter().any(|it| it.kind == c::ADOPTED);
    (adopted && !said).then(|| Condition::holds(c::ADOPTED, c::ADOPTED, ""))
}

/// What has drifted and is left so. Until somebody has looked at everything it is as it was said to be. What
/// belongs to an entity that is gone has gone along with it.
pub(super) fn drifted(states: &[State<'_>], before: &Value) -> Option<Condition> {
    if states.iter().any(|state| state.unseen)
        && let Some(said) = said_before(before)
    {
        return Some(said);
    }
    let mut reason = c::CHANGED;
    let mut words = Vec::new();
    let is_gone = |state: &&State<'_>| matches!(state.drift, Some(Drift::Gone));
    let alone = main_state(states).filter(is_gone);
    for state in states {
        let Some(drift) = state.drift.filter(|_| state.main || alone.is_none()) else {
            continue;
        };
        let id = state.id.map(RemoteId::as_str).unwrap_or_default();
        let what = format!("the entity with ID {id} in {}", state.at);
        words.push(match drift {
            Drift::Changed(members) => {
                format!("{what} is not as it was left: {}", members.join(", "))
            }
            Drift::Gone => {
                reason = c::GONE;
                format!("{what} is gone")
            }
        });
    }
    if words.is_empty() {
        return None;
    }
    words.sort();
    let message = format!(
        "{}; it stays so by the annotation {DRIFT_ANNOTATION}; edit the object, or set the \
         annotation to enforce, to have it as the object says",
        words.join("; ")
    );
    Some(Condition::holds(c::DRIFTED, reason, message))
}

/// What a status says of drift.
fn said_before(before: &Value) -> Option<Condition> {
    let mut said = before["conditions"].as_array()?.iter();
    let said = said.find(|said| said["type"] == c::DRIFTED)?;
    let reason = match said["reason"].as_str() {
        Some(c::GONE) => c::GONE,
        Some(_) | None => c::CHANGED,
    };
    let message = said["message"].as_str().unwrap_or_default();
    Some(Condition::holds(c::DRIFTED, reason, message))
}

#[cfg(test)]
mod tests {
    use kong_crds::conditions::{ADOPTED, CHANGED, DRIFTED, GONE};
    use kong_model::Collection;
    use kong_resolve::Truth;
    use serde_json::json;

    use super::super::Presence;
    use super::*;

    fn state<'a>(id: &'a RemoteId, drift: Option<&'a Drift>) -> State<'a> {
        State {
            at: Collection::Services,
            main: true,
            intent: None,
            id: Some(id),
            presence: Presence::Present,
            under_way: false,
            confirmed: true,
            problem: None,
            adopted: false,
            drift,
            unseen: false,
            guessed: false,
            facts: &Value::Null,
        }
    }

    fn before(kind: &str, reason: &str) -> Value {
        json!({"conditions": [{
            "type": kind, "status": "True", "reason": reason, "message": "m", "observedGeneration": 1,
        }]})
    }

    #[test]
    fn what_has_drifted_is_named_by_its_members() {
        let id = RemoteId::from("i");
        let changed = Drift::Changed(vec!["host".to_owned(), "path".to_owned()]);
        let said = drifted(&[state(&id, Some(&changed))], &Value::Null).unwrap();
        assert_eq!(
            (said.kind, said.truth, said.reason),
            (DRIFTED, Truth::True, CHANGED)
        );
        let start = "the entity with ID i in services is not as it was left: host, path; it stays so by \
                     the annotation konduit/drift";
        assert!(said.message.starts_with(start), "{said:?}");
        let said = drifted(&[state(&id, Some(&Drift::Gone))], &Value::Null).unwrap();
        assert_eq!(said.reason, GONE);
        assert!(
            said.message
                .starts_with("the entity with ID i in services is gone; ")
        );
        assert_eq!(drifted(&[state(&id, None)], &before(DRIFTED, GONE)), None);
    }

    #[test]
    fn what_was_said_of_drift_stands_until_somebody_has_looked() {
        let id = RemoteId::from("i");
        let unseen = State {
            unseen: true,
            guessed: false,
            ..state(&id, None)
        };
        let said = drifted(&[unseen], &before(DRIFTED, GONE)).unwrap();
        assert_eq!((said.reason, &*said.message), (GONE, "m"));
        assert_eq!(drifted(&[unseen], &Value::Null), None);
    }

    #[test]
    fn that_something_was_taken_over_is_not_forgotten_while_it_cannot_be_judged() {
        let id = RemoteId::from("i");
        let done = before(ADOPTED, ADOPTED);
        assert!(adopted(&[], &[], &done).is_some());
        assert!(adopted(&[], &[], &Value::Null).is_none());
        // Who has an entity knows better.
        assert!(adopted(&[], &[state(&id, None)], &done).is_none());
        let taken = State {
            adopted: true,
            ..state(&id, None)
        };
        assert!(adopted(&[], &[taken], &Value::Null).is_some());
        let failed = Condition::fails(ADOPTED, "NotMatch", "");
        assert!(adopted(&[failed], &[taken], &done).is_none());
    }
}
