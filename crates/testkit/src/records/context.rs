//! What there is to know beside a difference, in lines that rows can ask for.
//!
//! A difference often follows from something else: from a condition of the same object, from what was
//! edited in the step. A row that asks for that is true of scenarios that nobody has seen yet, where one
//! that names a scenario is not. Start with [`Context::lines`].

use super::moment::{Moment, ObjectName, Seen};
use super::record::{Edit, Outside, Step};

/// A step: what was done in it, and what there was after it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What was done, as [`acts`] says it.
    pub acts: &'a [String],
    /// What there was with Kong's operator.
    pub theirs: &'a Moment,
    /// ... and with us.
    pub ours: &'a Moment,
    /// What there was with us before the step.
    pub before: Option<&'a Moment>,
}

impl Context<'_> {
    /// The lines about a difference that concerns these objects:
    ///
    /// * of the objects themselves, `theirs` or `ours`, then `TYPE STATUS REASON "MESSAGE"` of each
    ///   condition, or `being deleted, finalizers A, B`, or `gone`;
    /// * the same behind `before ours` of how they were before the step;
    /// * of every other object the same behind `elsewhere`, with its kind and name, as far as conditions
    ///   are not True;
    /// * of what was done in the step, what [`acts`] says.
    pub fn lines(&self, about: &[ObjectName]) -> Vec<String> {
        let mut lines = self.acts.to_vec();
        for name in about {
            let before = self.before.and_then(|moment| moment.objects.get(name));
            lines.extend(
                before
                    .map(|seen| said(seen, "before ours ", true))
                    .into_iter()
                    .flatten(),
            );
        }
        for (side, moment) in [("theirs", self.theirs), ("ours", self.ours)] {
            for name in about {
                match moment.objects.get(name) {
                    None => lines.push(format!("{side} gone")),
                    Some(seen) => lines.extend(said(seen, &format!("{side} "), true)),
                }
            }
            let others = moment.objects.iter();
            for ((kind, namespace, name), seen) in others.filter(|(name, _)| !about.contains(name))
            {
                let start = format!("elsewhere {side} {kind} {namespace}/{name} ");
                lines.extend(said(seen, &start, false));
            }
        }
        lines
    }
}

fn said(seen: &Seen, start: &str, all: bool) -> Vec<String> {
    let conditions = seen.conditions.iter();
    let conditions = conditions.filter(|(_, condition)| all || condition.status != "True");
    let mut lines: Vec<String> = conditions
        .map(|(name, condition)| format!("{start}{name} {condition}"))
        .collect();
    if seen.deleting {
        let finalizers = seen.finalizers.join(", ");
        lines.push(format!("{start}being deleted, finalizers {finalizers}"));
    }
    lines
}

/// What is done in a step: `step applies KIND NAMESPACE/NAME DOCUMENT`, `step edits ... PATCH`,
/// `step deletes ...`, `step asks Konnect METHOD PATH`, `step lets Konnect answer METHOD PATH STATUS`.
pub fn acts(step: &Step) -> Vec<String> {
    let named = |edit: &Edit| {
        let namespace = edit.namespace.as_deref().unwrap_or_default();
        format!("{} {namespace}/{}", edit.kind, edit.name)
    };
    let outside = step.konnect.iter().map(|outside| match outside {
        Outside::Answer { answer } => format!(
            "step lets Konnect answer {} {} {}",
            answer.method, answer.path, answer.status
        ),
        Outside::Request { method, path, .. } => format!("step asks Konnect {method} {path}"),
    });
    let applied = step.apply.iter().map(|document| {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &document["metadata"];
        format!(
            "step applies {} {}/{} {document}",
            text(&document["kind"]),
            text(&meta["namespace"]),
            text(&meta["name"]),
        )
    });
    let edited = step.edit.iter();
    let edited = edited.map(|edit| format!("step edits {} {}", named(edit), edit.patch));
    let deleted = step.delete.iter();
    let deleted = deleted.map(|delete| format!("step deletes {}", named(delete)));
    outside
        .chain(applied)
        .chain(edited)
        .chain(deleted)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::entity::Entities;
    use super::super::record::After;
    use super::*;

    fn moment(objects: &serde_json::Value) -> Moment {
        let after: After = serde_json::from_value(json!({"objects": objects})).unwrap();
        Moment::recorded(&after, &mut Entities::default())
    }

    #[test]
    fn the_object_itself_tells_all_and_the_others_what_is_wrong_with_them() {
        let condition =
            |status: &str| json!({"type": "T", "status": status, "reason": "R", "message": "m"});
        let theirs = moment(&json!([
            {"kind": "A", "namespace": "n", "name": "a", "conditions": [condition("True")]},
            {"kind": "B", "namespace": "n", "name": "b", "conditions": [condition("True")]},
            {
                "kind": "C", "namespace": "n", "name": "c", "conditions": [condition("False")],
                "deleting": true, "finalizers": ["f", "g"],
            },
        ]));
        let step: Step = serde_json::from_value(json!({
            "edit": [{"apiVersion": "v1", "kind": "A", "namespace": "n", "name": "a", "patch": {"x": 1}}],
            "delete": [{"apiVersion": "v1", "kind": "C", "namespace": "n", "name": "c"}],
        }))
        .unwrap();
        let (acts, ours) = (acts(&step), Moment::default());
        let context = Context {
            acts: &acts,
            theirs: &theirs,
            ours: &ours,
            before: Some(&theirs),
        };
        let about = ["A", "n", "a"].map(str::to_owned).into();
        assert_eq!(
            context.lines(&[about]),
            [
                "step edits A n/a {\"x\":1}",
                "step deletes C n/c",
                "before ours T True R \"m\"",
                "theirs T True R \"m\"",
                "elsewhere theirs C n/c T False R \"m\"",
                "elsewhere theirs C n/c being deleted, finalizers f, g",
                "ours gone",
            ]
        );
    }
}
