//! Conditions, as they are put beside those that are there.

use kong_crds::conditions::LIMIT;
use kong_resolve::Truth;
use serde_json::{Value, json};

/// The longest message that schemas allow, in bytes to be on the safe side.
const LONGEST: usize = 32_768;

/// Types of conditions that more than one kind has.
pub(super) const ACCEPTED: &str = "Accepted";
pub(super) const CONFLICTED: &str = "Conflicted";
pub(super) const PROGRAMMED: &str = "Programmed";
pub(super) const RESOLVED_REFS: &str = "ResolvedRefs";

/// Something that is said of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) truth: Truth,
    pub(super) reason: &'static str,
    pub(super) message: String,
    /// Whether a condition of the type that is there already stays as it is.
    keeps: bool,
}

impl Condition {
    /// It holds.
    pub(super) fn holds(
        kind: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::new(kind, Truth::True, reason, message)
    }

    /// It does not hold.
    pub(super) fn fails(
        kind: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::new(kind, Truth::False, reason, message)
    }

    /// Nobody knows.
    pub(super) fn unknown(
        kind: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self::new(kind, Truth::Unknown, reason, message)
    }

    fn new(
        kind: &'static str,
        truth: Truth,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let mut message = message.into();
        if message.len() > LONGEST {
            let ends = (0..=LONGEST).rev();
            let mut ends = ends.filter(|end| message.is_char_boundary(*end));
            message.truncate(ends.next().unwrap_or_default());
        }
        Self {
            kind,
            truth,
            reason,
            message,
            keeps: false,
        }
    }

    /// The same, unless there is one already.
    pub(super) fn unless_said(self) -> Self {
        Self {
            keeps: true,
            ..self
        }
    }

    /// As it stands in a status, where another one of the type was. What says the same stays as it is.
    fn value(&self, generation: i64, before: Option<&Value>) -> Value {
        if let Some(before) = before.filter(|_| self.keeps) {
            return before.clone();
        }
        let mut value = json!({
            "type": self.kind, "status": self.truth.as_str(), "reason": self.reason, "message": self.message,
            "observedGeneration": generation,
        });
        let since = before
            .filter(|before| before["status"] == value["status"])
            .and_then(|before| before.get("lastTransitionTime"));
        if let Some(since) = since {
            value["lastTransitionTime"] = since.clone();
        }
        value
    }
}

/// The conditions of an object: those of others and ours, each in its place, new ones at the end. Of the `types` that
/// are ours those go of which nothing is said.
pub(super) fn merged(
    before: Option<&Value>,
    said: &[Condition],
    types: &[&str],
    generation: i64,
) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    let mut written: Vec<&str> = Vec::new();
    for condition in before.and_then(Value::as_array).into_iter().flatten() {
        let kind = condition["type"].as_str().unwrap_or_default();
        match said.iter().find(|it| it.kind == kind) {
            // There is one of each type.
            Some(_) if written.contains(&kind) => {}
            Some(ours) => {
                written.push(ours.kind);
                merged.push(ours.value(generation, Some(condition)));
            }
            None if types.contains(&kind) => {}
            None => merged.push(condition.clone()),
        }
    }
    for ours in said.iter().filter(|it| !written.contains(&it.kind)) {
        // What is wrong has to find room, what is right may have to do without.
        if merged.len() < LIMIT || ours.truth == Truth::False {
            merged.push(ours.value(generation, None));
        }
    }
    merged
}

/// The same status with a time for each condition that says something new. Entries of other controllers are left
/// alone.
pub fn with_times(mut status: Value, controller: &str, now: &str) -> Value {
    fill(&mut status, controller, now);
    status
}

fn fill(value: &mut Value, controller: &str, now: &str) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                fill(element, controller, now);
            }
        }
        Value::Object(members) => {
            let of = members.get("controllerName");
            if of.is_some_and(|of| of != controller) {
                return;
            }
            for (name, member) in members {
                match member {
                    Value::Array(conditions) if name == "conditions" => {
                        for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
                            condition
                                .entry("lastTransitionTime")
                                .or_insert_with(|| json!(now));
                        }
                    }
                    member => fill(member, controller, now),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 2] = [ACCEPTED, RESOLVED_REFS];

    #[test]
    fn a_time_stays_as_long_as_the_status_does() {
        let before = json!([{
            "type": ACCEPTED, "status": "True", "reason": "Old", "message": "", "observedGeneration": 1,
            "lastTransitionTime": "t1",
        }]);
        let said = [Condition::holds(ACCEPTED, ACCEPTED, "fine")];
        let same = merged(Some(&before), &said, &TYPES, 2);
        assert_eq!(same[0]["lastTransitionTime"], "t1");
        assert_eq!(same[0]["observedGeneration"], 2);
        let said = [Condition::fails(ACCEPTED, "Bad", "bad")];
        let changed = Value::Array(merged(Some(&before), &said, &TYPES, 2));
        assert_eq!(changed[0].get("lastTransitionTime"), None);
        let filled = with_times(json!({"conditions": changed}), "us", "t2");
        assert_eq!(filled["conditions"][0]["lastTransitionTime"], "t2");
    }

    #[test]
    fn conditions_of_others_stay_in_their_place() {
        let before = json!([{"type": RESOLVED_REFS}, {"type": "Theirs", "odd": [1]}, {"type": ACCEPTED}, "junk"]);
        let said = [Condition::holds(ACCEPTED, ACCEPTED, "")];
        let after = merged(Some(&before), &said, &TYPES, 1);
        assert_eq!(after[0], before[1]);
        assert_eq!(after[1]["type"], ACCEPTED);
        assert_eq!(after[2], before[3]);
        assert_eq!(after.len(), 3);
    }

    #[test]
    fn entries_of_others_get_no_times() {
        let status = json!({"parents": [{"controllerName": "them", "conditions": [{}]}]});
        assert_eq!(with_times(status.clone(), "us", "now"), status);
    }
}
