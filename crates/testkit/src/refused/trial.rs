//! A row that happens: a world, what is done in it, and what comes of that.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cluster_sim::Status;
use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::{Collection, Method};
use kong_resolve::Key;
use serde_json::{Value, json};

use super::deed::{Entity, Other};
use super::{BASES, Deed, Row, Told, folder, read};
use crate::document::{self as d, NAMESPACE, key_from};
use crate::sweep::sound;
use crate::{Act, Rule, Scene};

/// What objects are called that are given no name.
const NAME: &str = "object";
/// What stands in a base for the name of the object.
const PLACEHOLDER: &str = "NAME";
/// What has to stay well: a service of this name.
const BYSTANDER: &str = "bystander";
/// Longer than the longest first retry.
const LONG: u64 = 150_000;

/// Rules that tell by tags what an entity belongs to: what is adopted as it is has none of ours, and some
/// collections have none at all.
const BY_TAGS: [Rule; 3] = [Rule::Programmed, Rule::NoOrphan, Rule::OneEntity];

static BASES_OF_KINDS: LazyLock<BTreeMap<Kind, Value>> = LazyLock::new(|| {
    let bases: BTreeMap<String, Value> = read(&folder().join(BASES));
    let of = |name: &str| {
        name.parse()
            .unwrap_or_else(|_| panic!("there is no kind {name}"))
    };
    bases
        .iter()
        .map(|(name, base)| (of(name), base.clone()))
        .collect()
});

/// What is said of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// By the API server: the causes.
    Refused(Vec<String>),
    /// In its status: all conditions that are False, or that warn.
    Told(Vec<Told>),
}

/// A row in its world.
#[derive(Debug)]
pub struct Trial {
    scene: Scene,
    object: Key,
    bystander: Key,
}

impl Trial {
    /// Lets a row happen. The second value is what was said.
    ///
    /// # Panics
    ///
    /// If something is refused before the last thing happens.
    pub fn of(row: &Row) -> (Self, Said) {
        let mut scene = Scene::new(Schedule::calm(), sound);
        scene.watchdog.reads_everything = true;
        let world = [
            Value::from(d::auth("auth")),
            d::plane("cp").into(),
            d::service(BYSTANDER).into(),
        ];
        scene
            .act(&crate::act::apply(world))
            .expect("the world around a row is valid");
        let mut trial = Self {
            scene,
            object: name(row.kind(), &Value::Null),
            bystander: Key::new(Kind::KongService, NAMESPACE, BYSTANDER),
        };
        trial.rest();
        let said = trial.happens(row);
        (trial, said)
    }

    fn happens(&mut self, row: &Row) -> Said {
        let mut object = row.object.clone();
        object["kind"] = json!(row.kind().as_str());
        let object = Deed::Apply(object);
        let (last, deeds) = row.then.split_last().map_or_else(
            || (&object, vec![]),
            |(last, then)| (last, [&object].into_iter().chain(then).collect()),
        );
        for deed in &row.beside {
            self.take(row, deed);
        }
        self.rest();
        for deed in deeds {
            self.take(row, deed);
            self.rest();
        }
        if let Err(status) = self.perform(last) {
            return Said::Refused(causes(&status));
        }
        self.rest();
        Said::Told(self.told())
    }

    /// Does what the row says mends it.
    ///
    /// # Panics
    ///
    /// If the API server refuses it.
    pub fn mend(&mut self, row: &Row) {
        for deed in &row.fix {
            self.take(row, deed);
        }
        self.rest();
        // What waits for something else in Konnect hears of it within two periods.
        self.scene.run_for(LONG);
    }

    /// All conditions of the object that say that something is wrong.
    pub fn told(&self) -> Vec<Told> {
        let status = self.scene.status(&self.object);
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let wrong = conditions.filter(|it| {
            let warns = it["type"] == "PolicyUnknown" || it["type"] == "Drifted";
            (it["status"] == "True") == warns
        });
        wrong
            .map(|condition| Told {
                kind: text(&condition["type"]),
                reason: text(&condition["reason"]),
                message: text(&condition["message"]),
            })
            .collect()
    }

    /// Whether the object is as its user wants it, in its present generation.
    pub fn is_well(&self) -> bool {
        let object = self.scene.object(&self.object);
        object.is_some_and(|object| crate::examples::is_well(&object))
    }

    /// What is wrong with the rest of the world: the service beside is not well, or a rule was broken.
    pub fn damage(&self) -> Vec<String> {
        let broken = self.scene.watchdog.violations.iter();
        let broken = broken.filter(|it| !BY_TAGS.contains(&it.rule));
        let mut damage: Vec<String> = broken.map(ToString::to_string).collect();
        if !self.scene.is_programmed(&self.bystander) {
            damage.push("the service beside it is not well".to_owned());
        }
        damage
    }

    fn rest(&mut self) {
        if !self.scene.settle() {
            self.scene.run_for(LONG);
        }
    }

    fn take(&mut self, row: &Row, deed: &Deed) {
        if let Err(status) = self.perform(deed) {
            panic!("{row}: {deed:?}: {status}");
        }
    }

    fn perform(&mut self, deed: &Deed) -> Result<(), Status> {
        match deed {
            Deed::Apply(document) => self.apply(document),
            Deed::Other(Other::Delete(document)) => {
                let kind = kind_of(document);
                self.scene.act(&Act::Delete(vec![name(kind, document)]))
            }
            Deed::Other(Other::Plant(document)) => self.scene.act(&Act::Plant(manifest(document))),
            Deed::Other(Other::Revoke(token)) => self.scene.act(&Act::Revoke(token.clone())),
            Deed::Other(Other::Accept(token)) => self.scene.act(&Act::Accept(token.clone())),
            Deed::Other(Other::Forbid(token, path)) => {
                self.scene.driver.konnect.forbid(token, path);
                Ok(())
            }
            Deed::Other(Other::Permit(token)) => {
                self.scene.driver.konnect.permit(token);
                Ok(())
            }
            Deed::Other(Other::Konnect(entity)) => {
                self.elsewhere(entity);
                Ok(())
            }
            Deed::Other(Other::Wait(milliseconds)) => self.scene.act(&Act::Wait(*milliseconds)),
        }
    }

    fn apply(&mut self, document: &Value) -> Result<(), Status> {
        let kind = kind_of(document);
        let key = name(kind, document);
        let act = if self.scene.object(&key).is_some() {
            Act::Edit(key, own_members(document))
        } else {
            Act::Apply(vec![manifest(document)])
        };
        self.scene.act(&act)
    }

    fn elsewhere(&mut self, entity: &Entity) {
        let Entity { at, id, body } = entity;
        let beside = Collection::all().find(|it| it.name() == at && !it.is_in_control_plane());
        if let Some(beside) = beside {
            self.scene.show(beside, id, body);
            return;
        }
        let plane = Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp");
        let plane = self.scene.id(&plane).expect("the world is at rest");
        let path = format!("/v2/control-planes/{plane}/core-entities/{at}/{id}");
        let body = Some(body.clone());
        let answer = self.scene.third_party(Method::Put, &path, body);
        assert!(answer.status < 300, "{path}: {answer:?}");
    }
}

fn causes(status: &Status) -> Vec<String> {
    if status.causes.is_empty() {
        return vec![status.message.clone()];
    }
    let causes = status.causes.iter();
    causes
        .map(|it| format!("{}: {}", it.field, it.message))
        .collect()
}

fn kind_of(document: &Value) -> Kind {
    let name = document["kind"].as_str().or(document.as_str());
    let kind = name.and_then(|name| name.parse().ok());
    kind.unwrap_or_else(|| panic!("there is no such kind: {document}"))
}

/// The name of the object in a document of the table.
fn name(kind: Kind, document: &Value) -> Key {
    let namespace = document["namespace"].as_str().unwrap_or(NAMESPACE);
    let name = document["name"].as_str().unwrap_or(NAME);
    key_from(kind, Some(namespace), name).expect("there is a namespace")
}

/// What a document of the table has beside its name.
fn own_members(document: &Value) -> Value {
    let mut members = document.clone();
    if let Some(members) = members.as_object_mut() {
        for name in ["kind", "name", "namespace"] {
            members.remove(name);
        }
    }
    members
}

/// What a user would apply for a document of the table.
fn manifest(document: &Value) -> Value {
    let kind = kind_of(document);
    let key = name(kind, document);
    let base = BASES_OF_KINDS.get(&kind).cloned();
    let mut manifest = base.unwrap_or_else(|| panic!("{kind} has no base"));
    fill_in(&mut manifest, &key.name.name);
    json_patch::merge(&mut manifest, &own_members(document));
    manifest["apiVersion"] = json!(kind.api_version());
    manifest["kind"] = json!(kind.as_str());
    manifest["metadata"]["name"] = json!(&*key.name.name);
    if let Some(namespace) = &key.name.namespace {
        manifest["metadata"]["namespace"] = json!(&**namespace);
    }
    manifest
}

fn fill_in(value: &mut Value, name: &str) {
    match value {
        Value::String(text) => *text = text.replace(PLACEHOLDER, name),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, name)),
        Value::Object(members) => members.values_mut().for_each(|it| fill_in(it, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
