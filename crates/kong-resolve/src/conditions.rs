//! The condition algebra: how the conditions of one object are put together and compared.
//!
//! All conditions of an object are computed at once, from its verdict and from what is believed about
//! its entities. Times are kept apart: they follow from the previous conditions, so that two statuses
//! are equal whenever they say the same.

use serde_json::{Value, json};

use kong_crds::conditions::{
    ADOPTED, DATA_PLANE_CERTIFICATE_PROVISIONED, LIMIT, PROGRAMMED, READY, VALID, WARNINGS,
};

/// The status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows yet.
    Unknown,
}

impl Truth {
    /// As it stands in a status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One thing that is said about an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that do not depend on each other"
)]
pub struct Condition {
    /// The type.
    pub kind: &'static str,
    /// Whether it holds.
    pub truth: Truth,
    /// Why, in one word.
    pub reason: &'static str,
    /// Why, for people.
    pub message: String,
    /// What gives way by itself soon, such as a parent that is being created: not worth a status
    /// write of its own.
    pub passing: bool,
    /// What only waits for something that exists to be in Konnect.
    pub waits: bool,
    /// What refers to something that is gone, or is going: who had it is often deleted itself in a moment.
    pub bereft: bool,
    /// The reason and message of the True condition that may stay, if it is there, while the entity is
    /// in Konnect as wanted. For facts that matter only when there is something to do, such as a
    /// refused token.
    pub unless_settled: Option<(&'static str, String)>,
    /// Whether nobody could look: what the status says of the same generation for the same reason stands.
    pub unseen: bool,
}

impl Condition {
    /// It holds.
    pub fn holds(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            truth: Truth::True,
            reason,
            message: message.into(),
            passing: false,
            waits: false,
            bereft: false,
            unless_settled: None,
            unseen: false,
        }
    }

    /// It does not hold.
    pub fn fails(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            truth: Truth::False,
            ..Self::holds(kind, reason, message)
        }
    }

    /// The same, known to give way by itself soon if `passing`.
    #[must_use]
    pub fn passing(self, passing: bool) -> Self {
        Self { passing, ..self }
    }

    /// The same, known to be only waiting for something that exists if `waits`.
    #[must_use]
    pub fn waiting(self, waits: bool) -> Self {
        Self { waits, ..self }
    }

    /// The same, of something that is gone or going.
    #[must_use]
    pub fn bereft(self) -> Self {
        Self {
            bereft: true,
            ..self
        }
    }

    /// The same, but a True condition of these words stays while the entity is in Konnect as wanted.
    #[must_use]
    pub fn unless_settled(self, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            unless_settled: Some((reason, message.into())),
            ..self
        }
    }

    /// The same, of what nobody could look at yet if `unseen`.
    #[must_use]
    pub fn unseen(self, unseen: bool) -> Self {
        Self { unseen, ..self }
    }

    /// What stands in the status of an object whose entities are, or are not, as wanted. `before` are
    /// the conditions it has, `generation` is that of the object: what was said once may go on standing there, but is
    /// not said anew.
    #[must_use]
    pub fn when(self, settled: bool, before: &Value, generation: i64) -> Self {
        let mut before = before.as_array().into_iter().flatten();
        let before = before.find(|condition| condition["type"] == self.kind);
        let says = |truth: Truth, reason: &str| {
            before.is_some_and(|it| it["status"] == truth.as_str() && it["reason"] == reason)
        };
        let message_before = before.and_then(|it| it["message"].as_str());
        let still_told =
            self.unseen && before.is_some_and(|it| it["observedGeneration"] == generation);
        if still_told
            && says(self.truth, self.reason)
            && let Some(message) = message_before
        {
            return Self {
                message: message.to_owned(),
                unless_settled: None,
                ..self
            };
        }
        match self.unless_settled {
            Some((reason, message))
                if (settled || still_told)
                    && says(Truth::True, reason)
                    && message_before == Some(message.as_str()) =>
            {
                Self::holds(self.kind, reason, message)
            }
            Some(_) | None => Self {
                unless_settled: None,
                ..self
            },
        }
    }
}

/// The conditions array of a status: ours, sorted by type, then those of types we do not write, from
/// the array before.
///
/// `lastTransitionTime` moves only with `status`; `now` is RFC 3339. Where there would be more than the
/// schema allows, conditions of ours that hold are left out, the last ones first: a failure is never
/// lost, and neither is a warning.
pub fn render(mut ours: Vec<Condition>, generation: i64, before: &Value, now: &str) -> Value {
    let before = before.as_array().map_or(&[][..], Vec::as_slice);
    let previous = |kind: &str| before.iter().find(|condition| condition["type"] == kind);
    ours.sort_by_key(|condition| condition.kind);
    let foreign: Vec<&Value> = before
        .iter()
        .filter(|condition| !is_ours(condition["type"].as_str().unwrap_or_default()))
        .collect();
    while ours.len() + foreign.len() > LIMIT {
        let spare = ours
            .iter()
            .rposition(|it| it.truth == Truth::True && !is_needed(it.kind));
        match spare {
            Some(index) => ours.remove(index),
            None => break,
        };
    }
    let render = |condition: &Condition| {
        let status = condition.truth.as_str();
        let since = previous(condition.kind)
            .filter(|previous| previous["status"] == status)
            .and_then(|previous| previous["lastTransitionTime"].as_str())
            .unwrap_or(now);
        json!({
            "type": condition.kind, "status": status, "reason": condition.reason,
            "message": condition.message, "observedGeneration": generation,
            "lastTransitionTime": since,
        })
    };
    ours.iter()
        .map(render)
        .chain(foreign.into_iter().cloned())
        .collect()
}

/// Whether a condition that holds is missed where it is left out: the headline, what only the status
/// remembers, and what warns.
fn is_needed(kind: &str) -> bool {
    let needed = [
        PROGRAMMED,
        READY,
        DATA_PLANE_CERTIFICATE_PROVISIONED,
        ADOPTED,
    ];
    needed.contains(&kind) || WARNINGS.contains(&kind)
}

/// Whether a condition of this type is one that we would remove when it no longer applies.
fn is_ours(kind: &str) -> bool {
    macro_rules! known {
        ($($name:ident: $type:path => $class:ident;)*) => {
            [$(<$type as kong_crds::Object>::CONDITIONS),*]
        };
    }
    // The schema default of KonnectAPIAuthConfiguration; nobody else writes it.
    kind == VALID
        || WARNINGS.contains(&kind)
        || kong_crds::kinds!(known)
            .iter()
            .any(|types| types.contains(&kind))
}

#[cfg(test)]
mod tests {
    use kong_crds::conditions::{API_AUTH_VALID, DRIFTED, POLICY_UNKNOWN};

    use super::*;

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let condition = |truth| Condition {
            truth,
            ..Condition::holds(PROGRAMMED, PROGRAMMED, "x")
        };
        let first = render(vec![condition(Truth::True)], 1, &Value::Null, "t1");
        let second = render(vec![condition(Truth::True)], 2, &first, "t2");
        assert_eq!(second[0]["lastTransitionTime"], "t1");
        assert_eq!(second[0]["observedGeneration"], 2);
        let third = render(vec![condition(Truth::False)], 2, &second, "t3");
        assert_eq!(third[0]["lastTransitionTime"], "t3");
    }

    #[test]
    fn conditions_of_others_stay_and_those_of_ours_that_no_longer_apply_go() {
        let before = json!([{"type": "Theirs", "status": "True"}, {"type": API_AUTH_VALID}, {"type": VALID}]);
        let after = render(
            vec![Condition::holds(PROGRAMMED, PROGRAMMED, "")],
            1,
            &before,
            "t",
        );
        let types: Vec<_> = after
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["type"].clone())
            .collect();
        assert_eq!(types, [json!(PROGRAMMED), json!("Theirs")]);
    }

    #[test]
    fn a_failure_is_never_left_out_for_want_of_room() {
        let mut ours: Vec<_> = ["A", "B", "C", "D", "E", "F", "G", "H"]
            .map(|kind| Condition::holds(kind, VALID, ""))
            .into();
        ours.push(Condition::fails("Z", "Invalid", ""));
        let rendered = render(ours, 1, &Value::Null, "t");
        let types: Vec<_> = rendered
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["type"])
            .collect();
        assert_eq!(types, ["A", "B", "C", "D", "E", "F", "G", "Z"]);
    }

    #[test]
    fn what_warns_and_what_only_the_status_remembers_is_not_left_out_either() {
        let needed = [ADOPTED, DRIFTED, POLICY_UNKNOWN, PROGRAMMED];
        let others = ["A", "Z1", "Z2", "Z3", "Z4", "Z5"];
        let ours = needed.into_iter().chain(others);
        let ours = ours.map(|kind| Condition::holds(kind, VALID, "")).collect();
        let rendered = render(ours, 1, &Value::Null, "t").to_string();
        for kind in needed {
            assert!(
                rendered.contains(&format!("\"type\":\"{kind}\"")),
                "{rendered}"
            );
        }
        assert!(
            rendered.contains("\"Z3\"") && !rendered.contains("\"Z4\""),
            "{rendered}"
        );
    }

    #[test]
    fn what_matters_only_when_there_is_work_lets_stand_what_was_said_and_claims_nothing_anew() {
        let refused =
            Condition::fails(API_AUTH_VALID, "Invalid", "refused").unless_settled(VALID, "fine");
        let said = |message| {
            let fine = Condition::holds(API_AUTH_VALID, VALID, message);
            render(vec![fine], 1, &Value::Null, "t")
        };
        let when = |settled, before: &Value| refused.clone().when(settled, before, 1);
        assert_eq!(when(true, &said("fine")).message, "fine");
        for (settled, before) in [
            (false, said("fine")),
            (true, said("others are fine")),
            (true, Value::Null),
        ] {
            let said = when(settled, &before);
            assert_eq!((said.truth, &*said.message), (Truth::False, "refused"));
        }
        let refused = render(vec![when(false, &Value::Null)], 1, &Value::Null, "t");
        assert_eq!(when(true, &refused).truth, Truth::False);
    }
    #[test]
    fn what_nobody_could_look_at_is_what_was_said_of_this_generation() {
        let unseen = Condition::fails(API_AUTH_VALID, "Invalid", "not looked at yet");
        let unseen = unseen.unless_settled(VALID, "fine").unseen(true);
        let said = |condition| render(vec![condition], 2, &Value::Null, "t");
        let when = |before: &Value, generation| {
            let said = unseen.clone().when(false, before, generation);
            (said.truth, said.message)
        };
        let failed = said(Condition::fails(API_AUTH_VALID, "Invalid", "missing"));
        assert_eq!(when(&failed, 2), (Truth::False, "missing".to_owned()));
        let fine = said(Condition::holds(API_AUTH_VALID, VALID, "fine"));
        assert_eq!(when(&fine, 2), (Truth::True, "fine".to_owned()));
        for (before, generation) in [
            (failed, 3),
            (
                said(Condition::fails(API_AUTH_VALID, "Other", "missing")),
                2,
            ),
            (fine, 3),
            (said(Condition::holds(API_AUTH_VALID, VALID, "other")), 2),
            (Value::Null, 2),
        ] {
            assert_eq!(when(&before, generation).1, "not looked at yet");
        }
    }
}
