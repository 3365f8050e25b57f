//! How a world looks in the end, without what may differ between two runs that did the same.
//!
//! Times, versions and the numbers that servers choose are left out; ids are replaced by the names of what
//! they are ids of. Two [`Picture`]s that are equal show the same world.

use std::collections::BTreeMap;

use kong_crds::names::SECRET_PROVISIONING_LABEL;
use kong_driver::Machine;
use kong_model::Collection;
use konnect_sim::Millis;
use serde_json::{Value, json};

use crate::Scene;
use crate::scene::held;

/// How precisely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    All,
    /// Without generations: for worlds with different histories.
    NoGenerations,
}

/// Cluster and Konnect, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    lines: Vec<String>,
}

impl Picture {
    /// Looks at a world.
    pub fn of<M: Machine>(scene: &Scene<M>, detail: Detail) -> Self {
        let (mut names, mut labels) = (BTreeMap::new(), BTreeMap::new());
        let objects = scene.objects();
        for object in &objects {
            if let (Some(uid), Some(key)) = (
                object["metadata"]["uid"].as_str(),
                crate::document::key_of(object),
            ) {
                names.insert(uid.to_owned(), format!("<{key}>"));
            }
        }
        let konnect = &scene.driver.konnect;
        let mut entities = Vec::new();
        for at in Collection::all() {
            for (id, entity) in held(konnect, at) {
                if !names.contains_key(id) {
                    labels.insert(id.to_owned(), label(at, entity));
                }
                for member in at.facts() {
                    label_parts(&entity[*member], &mut labels);
                }
                entities.push((at, entity.clone()));
            }
        }
        if let Some(organization) = konnect.organisation_id(crate::document::TOKEN) {
            names.insert(organization.to_owned(), "<organization>".to_owned());
        }
        let mut lines: Vec<String> = objects
            .into_iter()
            .map(|it| object_line(it, detail))
            .collect();
        lines.extend(
            entities
                .into_iter()
                .map(|(at, it)| entity_line(at, it, detail)),
        );
        lines.extend(members(scene));
        for line in &mut lines {
            // Labels hold UIDs, which get their names in turn.
            for (id, name) in labels.iter().chain(&names) {
                if line.contains(id.as_str()) {
                    *line = line.replace(id.as_str(), name);
                }
            }
            // Endpoints have the first ten digits of the id of their control plane.
            for (id, name) in &labels {
                let digits: String = id.chars().filter(|c| *c != '-').take(10).collect();
                if line.contains(&digits) {
                    *line = line.replace(&digits, name);
                }
            }
        }
        lines.sort();
        Self { lines }
    }

    /// What is in one but not in the other.
    pub fn difference(&self, expected: &Self) -> Option<String> {
        if self == expected {
            return None;
        }
        let only = |one: &Self, other: &Self| -> Vec<String> {
            let lines = one.lines.iter().filter(|line| !other.lines.contains(line));
            lines.cloned().collect()
        };
        let (missing, mut surplus) = (only(expected, self), only(self, expected));
        let mut text = String::new();
        for line in missing {
            let title = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
            let twin = surplus
                .iter()
                .position(|other| title(other) == title(&line));
            match twin.map(|at| surplus.remove(at)) {
                Some(found) => text.push_str(&compare(&title(&line), &line, &found)),
                None => text.extend(["\n  missing ", &line]),
            }
        }
        for line in surplus {
            text.extend(["\n  surplus ", &line]);
        }
        Some(text)
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Two lines about one thing, from where they differ.
fn compare(title: &str, expected: &str, found: &str) -> String {
    /// Characters to show before and after the first difference.
    const AROUND: (usize, usize) = (80, 300);
    let mut same = 0_usize;
    for (one, other) in expected.chars().zip(found.chars()) {
        if one != other {
            break;
        }
        same += 1;
    }
    let part = |line: &str| -> String {
        let from = same.saturating_sub(AROUND.0);
        line.chars().skip(from).take(AROUND.0 + AROUND.1).collect()
    };
    format!(
        "\n  {title}\n    expected {}\n    found    {}",
        part(expected),
        part(found)
    )
}

/// What Konnect has made of parts of an entity has ids of its own.
fn label_parts(fact: &Value, labels: &mut BTreeMap<String, String>) {
    for part in fact.as_array().into_iter().flatten() {
        if let Some(id) = part["id"].as_str() {
            labels.insert(id.to_owned(), "<a part>".to_owned());
        }
    }
}

/// What Konnect counts and notes by itself, wherever it stands.
fn forget_bookkeeping(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for name in ["created_at", "updated_at", "entity_version"] {
                members.remove(name);
            }
            members.values_mut().for_each(forget_bookkeeping);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_bookkeeping),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What an entity is called where its id stood.
fn label(at: Collection, entity: &Value) -> String {
    let marks = entity["tags"].to_string() + &entity["labels"].to_string();
    let mark = |key: &str| {
        let (_, rest) = marks.split_once(key)?;
        let rest = rest.trim_start_matches(['"', ':']);
        rest.split('"').next().map(str::to_owned)
    };
    let name = mark("k8s-name").or_else(|| entity["name"].as_str().map(str::to_owned));
    let owner = mark("konduit-owner").unwrap_or_default();
    format!("<{} {} {owner}>", at.name(), name.unwrap_or_default())
}

fn object_line(mut object: Value, detail: Detail) -> String {
    let generation = object["metadata"]["generation"].clone();
    let meta = &mut object["metadata"];
    let deleting = meta["deletionTimestamp"].is_string();
    let mut finalizers: Vec<String> = meta["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    finalizers.sort();
    let mut status = object["status"].take();
    if let Some(conditions) = status["conditions"].as_array_mut() {
        for condition in conditions.iter_mut() {
            let observed = condition["observedGeneration"] == generation;
            if let Some(condition) = condition.as_object_mut() {
                condition.remove("lastTransitionTime");
                if detail == Detail::NoGenerations {
                    condition.insert("observedGeneration".to_owned(), json!(observed));
                }
            }
        }
        conditions.sort_by_key(|condition| condition["type"].to_string());
    }
    let shown = match detail {
        Detail::All => generation,
        Detail::NoGenerations => Value::Null,
    };
    let minted = &object["metadata"]["labels"][SECRET_PROVISIONING_LABEL];
    if detail == Detail::NoGenerations && minted.is_string() {
        object["data"] = json!("minted");
    }
    let data = [&object["data"], &object["spec"]].map(Value::to_string);
    format!(
        "{} {}/{}: generation {shown}, deleting {deleting}, finalizers {finalizers:?}, status {status}, content {data:?}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["namespace"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default(),
    )
}

fn entity_line(at: Collection, mut entity: Value, detail: Detail) -> String {
    forget_bookkeeping(&mut entity);
    if detail == Detail::NoGenerations {
        // Konnect hashes with an id, and a certificate that was minted again is another one.
        let minted = (at == Collection::DataPlaneCertificates).then_some("cert");
        for member in at.hashed().iter().copied().chain(minted) {
            entity[member] = json!(entity[member].is_string());
        }
        if let Some(tags) = entity["tags"].as_array_mut() {
            tags.retain(|tag| {
                !tag.as_str()
                    .is_some_and(|tag| tag.starts_with("k8s-generation:"))
            });
        }
        if let Some(labels) = entity["labels"].as_object_mut() {
            labels.remove("k8s-generation");
        }
    }
    format!("{}: {entity}", at.name())
}

/// The members of groups, which no list of entities shows.
fn members<M: Machine>(scene: &Scene<M>) -> Vec<String> {
    let mut konnect = scene.driver.konnect.clone();
    let planes: Vec<String> = konnect
        .entities(Collection::ControlPlanes, None)
        .filter(|(_, plane)| plane["config"]["cluster_type"] == "CLUSTER_TYPE_CONTROL_PLANE_GROUP")
        .map(|(id, _)| id.to_owned())
        .collect();
    planes
        .iter()
        .map(|plane| {
            let request = kong_model::Request {
                host: kong_model::Host::Region,
                method: kong_model::Method::Get,
                path: Collection::GroupMemberships
                    .list_path()
                    .replace("{cp}", plane),
                query: Vec::new(),
                body: None,
            };
            let answer = konnect.third_party(Millis(0), &request).body;
            let members = answer["data"].as_array().into_iter().flatten();
            let mut members: Vec<String> = members.map(|member| member["id"].to_string()).collect();
            members.sort();
            format!("members of {plane}: {members:?}")
        })
        .collect()
}
