//! Changes as people read them, and as programs do.
//!
//! Start with [`text`] and [`json`].

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kong_model::Collection;
use serde_json::{Value, json};

use super::changes::{Action, Change, Changes};
use super::members::Member;
use crate::findings::Finding;
use crate::table::Colour;

/// How long a value may be on a line.
const LONGEST: usize = 120;

impl Action {
    /// The mark at the beginning of a line.
    fn mark(self) -> char {
        match self {
            Self::Delete => '-',
            Self::Change => '~',
            Self::Create => '+',
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Change => "change",
            Self::Create => "create",
        }
    }

    /// Red, yellow, green.
    fn colour(self) -> &'static str {
        match self {
            Self::Delete => "\u{1b}[31m",
            Self::Change => "\u{1b}[33m",
            Self::Create => "\u{1b}[32m",
        }
    }
}

/// The end of a colour.
const PLAIN: &str = "\u{1b}[0m";

const ACTIONS: [Action; 3] = [Action::Delete, Action::Change, Action::Create];

/// The plan for people; `reads` is how many requests it took to make it.
pub(super) fn text(changes: &Changes, reads: u64, colour: Colour) -> String {
    let planes: BTreeSet<_> = changes
        .list
        .iter()
        .filter_map(|it| it.plane.as_deref())
        .collect();
    let mut text = String::new();
    for change in &changes.list {
        let mut lines = vec![title(change, planes.len() > 1)];
        lines.extend(
            change
                .members
                .iter()
                .map(|it| format!("    {}", member(change.action, it))),
        );
        let (on, off) = match colour {
            Colour::On => (change.action.colour(), PLAIN),
            Colour::Off => ("", ""),
        };
        for line in lines {
            text.push_str(on);
            text.push_str(&line);
            text.push_str(off);
            text.push('\n');
        }
    }
    text.push_str(&summary(changes, reads));
    text.push('\n');
    text
}

/// The last line.
fn summary(changes: &Changes, reads: u64) -> String {
    let read = plural(reads, "request");
    if changes.list.is_empty() && changes.requests.is_empty() {
        return format!("No changes. {read} to read Konnect.");
    }
    let counts = ACTIONS.map(|action| format!("{} to {}", changes.count(action), action.word()));
    let writes = plural(
        u64::try_from(changes.requests.len()).unwrap_or(u64::MAX),
        "request",
    );
    format!(
        "{}: {writes} to change Konnect, besides {read} to read it.",
        counts.join(", ")
    )
}

fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// One entity of a collection.
pub(crate) fn singular(at: Collection) -> String {
    at.name().trim_end_matches('s').replace(['-', '_'], " ")
}

fn title(change: &Change, several: bool) -> String {
    let mut title = format!("{} {}", change.action.mark(), singular(change.at));
    match (&change.name, &change.id) {
        (Some(name), _) => _ = write!(title, " \"{name}\""),
        (None, Some(id)) => _ = write!(title, " {id}"),
        (None, None) => {}
    }
    if let Some(plane) = change.plane.as_ref().filter(|_| several) {
        _ = write!(title, " in control plane \"{plane}\"");
    }
    if let Some(origin) = &change.object {
        _ = match &origin.namespace {
            Some(namespace) => write!(title, "  {} {namespace}/{}", origin.kind, origin.name),
            None => write!(title, "  {} {}", origin.kind, origin.name),
        };
    }
    if let Some(why) = change.why {
        _ = write!(title, ": {why}");
    }
    title
}

fn member(action: Action, member: &Member) -> String {
    let shown = |value: &Value| {
        let text = value.to_string();
        if text.chars().count() <= LONGEST {
            return text;
        }
        let short: String = text.chars().take(LONGEST).collect();
        format!("{short}...")
    };
    let path = &member.path;
    match (&member.from, &member.to) {
        (Some(from), Some(to)) if from == to => format!("{path}: {} (changed)", shown(to)),
        (Some(from), Some(to)) => format!("{path}: {} -> {}", shown(from), shown(to)),
        (Some(from), None) => format!("{path}: - {}", shown(from)),
        (None, Some(to)) if action == Action::Create => format!("{path}: {}", shown(to)),
        (None, Some(to)) => format!("{path}: + {}", shown(to)),
        (None, None) => path.clone(),
    }
}

/// The plan for programs.
pub(super) fn json(changes: &Changes, reads: u64, findings: &[Finding]) -> Value {
    let list = changes.list.iter().map(|change| {
        let object = change.object.as_ref().map(|origin| {
            json!({"kind": origin.kind, "namespace": origin.namespace, "name": origin.name})
        });
        let members = change
            .members
            .iter()
            .map(|it| json!({"path": it.path, "from": it.from, "to": it.to}));
        json!({
            "action": change.action.word(),
            "entity": change.at.name(),
            "id": change.id,
            "name": change.name,
            "controlPlane": change.plane,
            "object": object,
            "reason": change.why,
            "members": members.collect::<Vec<_>>(),
        })
    });
    let requests = changes.requests.iter();
    let requests = requests.map(|(method, path)| json!({"method": method.as_str(), "path": path}));
    json!({
        "changes": list.collect::<Vec<_>>(),
        "summary": {
            "delete": changes.count(Action::Delete),
            "change": changes.count(Action::Change),
            "create": changes.count(Action::Create),
            "writes": changes.requests.len(),
            "reads": reads,
        },
        "requests": requests.collect::<Vec<_>>(),
        "findings": findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
