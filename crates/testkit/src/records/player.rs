//! Does what the steps of a record say, and notes what came of them, in whatever world there is.
//!
//! The world is a [`Stage`]: a cluster, a Konnect, and an operator between them. The simulated one is in
//! `replay`, where time is virtual; a real API server with the operator as a process is another. Depends
//! on the simulated Konnect, which is in every world; start with [`Player`].

use std::collections::BTreeMap;

use serde_json::Value;

use kong_crds::Kind;
use kong_model::{Collection, Host, Method, Normal};
use konnect_sim::{Entry, FaultId, Konnect, Millis};

use super::entity::{Entities, held, place, plugin};
use super::moment::{Moment, Rejection, Seen, name_of};
use super::names::{Names, neutral};
use super::record::{After, Answer, Edit, Outside, Step, is_plain, known};
use super::script::faults;

/// A token that the simulated Konnect knows as it knows all of which it was told nothing.
const ANY_TOKEN: &str = "kpat_any";

/// Members that tell entities apart, for people.
const TELLING: [&str; 9] = [
    "name",
    "username",
    "target",
    "custom_id",
    "prefix",
    "kid",
    "group",
    "key",
    "instance_name",
];

/// A record cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It names something that there never was.
    #[error("step {step}: nothing is known by the name \"{name}\"")]
    Name {
        /// The step.
        step: usize,
        /// The name.
        name: String,
    },
    /// It has something that this player does not understand.
    #[error("\"{0}\" is not understood")]
    Unknown(String),
}

/// Where a record is played.
pub trait Stage {
    /// Stores a new object, and says how it then is.
    ///
    /// # Errors
    ///
    /// Code and message, if the API server refuses.
    fn create(&mut self, document: &Value) -> Result<Value, String>;

    /// Changes an object by a JSON merge patch, and says how it then is.
    ///
    /// # Errors
    ///
    /// Code and message, if the API server refuses.
    fn patch(&mut self, edit: &Edit) -> Result<Value, String>;

    /// Deletes an object.
    ///
    /// # Errors
    ///
    /// Code and message, if the API server refuses.
    fn delete(&mut self, object: &Edit) -> Result<(), String>;

    /// Whether there is such an object.
    fn has(&self, object: &Edit) -> bool;

    /// All objects of a kind, as far as they are of the record.
    fn objects(&self, kind: Kind) -> Vec<Value>;

    /// Looks at Konnect, or changes it.
    fn konnect<T>(&mut self, act: impl FnOnce(&mut Konnect) -> T) -> T;

    /// What the clock of Konnect says.
    fn now(&self) -> Millis;

    /// Whether a control plane in Konnect is of the record, with all that belongs to it.
    fn is_ours(&self, control_plane: &Value) -> bool;

    /// Whether nothing is in this Konnect but what is of the record, now and later.
    fn is_alone(&self) -> bool {
        false
    }

    /// What Konnect was asked since the beginning, as far as the record is the reason; empty where nobody
    /// knows.
    fn asked(&self) -> Vec<Entry>;
}

/// Plays a record, step by step: [`Player::begin`], then time for the operator, then [`Player::look`] as often
/// as one likes, then [`Player::end`].
#[derive(Debug)]
pub struct Player<S> {
    /// Where it plays.
    pub stage: S,
    names: Names,
    /// What is known of entities from our requests.
    entities: Entities,
    /// ... and from those in the record.
    recorded: Entities,
    step: usize,
    /// Answers given in Konnect's place during the step.
    faults: Vec<FaultId>,
    /// What was refused in the step.
    rejected: Vec<Rejection>,
    /// How much had been asked before the step.
    asked: usize,
}

impl<S: Stage> Player<S> {
    /// A player before the first step.
    pub fn new(mut stage: S) -> Self {
        let mut names = Names::default();
        let organisation =
            stage.konnect(|konnect| konnect.organisation_id(ANY_TOKEN).map(str::to_owned));
        if let Some(id) = organisation {
            names.learn("organization", &id);
        }
        Self {
            stage,
            names,
            entities: Entities::default(),
            recorded: Entities::default(),
            step: 0,
            faults: Vec::new(),
            rejected: Vec::new(),
            asked: 0,
        }
    }

    /// Does what a step says, one thing after the other.
    ///
    /// # Errors
    ///
    /// If it names something that is not there, or has something that is not understood.
    pub fn begin(&mut self, step: &Step) -> Result<(), ReplayError> {
        self.asked = self.stage.asked().len();
        self.rejected.clear();
        for outside in &step.konnect {
            match outside {
                Outside::Answer { answer } => self.script(answer)?,
                Outside::Request { method, path, body } => {
                    self.third_party(method, path, body.as_ref())?;
                }
            }
        }
        for manifest in &step.apply {
            if !is_plain(manifest["kind"].as_str().unwrap_or_default()) {
                self.apply(manifest)?;
            }
        }
        for edit in step.edit.iter().filter(|edit| !is_plain(&edit.kind)) {
            let edit = Edit {
                patch: self.resolved(&edit.patch)?,
                ..edit.clone()
            };
            check(&edit)?;
            let answer = self.stage.patch(&edit);
            self.note(&edit, answer);
        }
        for delete in step.delete.iter().filter(|delete| !is_plain(&delete.kind)) {
            check(delete)?;
            let answer = self.stage.delete(delete);
            self.note(delete, answer.map(|()| Value::Null));
        }
        Ok(())
    }

    /// What there is now.
    pub fn look(&mut self) -> Moment {
        let mut moment = Moment {
            settled: true,
            rejected: self.rejected.clone(),
            ..Moment::default()
        };
        let objects: Vec<(Kind, Vec<Value>)> = Kind::served()
            .map(|kind| (kind, self.stage.objects(kind)))
            .collect();
        self.learn(&objects);
        self.see(&objects, &mut moment);
        for entry in &self.stage.asked()[self.asked..] {
            if !entry.is_write() || entry.foreign {
                continue;
            }
            let path = self.names.neutral(&entry.path);
            let body = entry
                .body
                .as_ref()
                .map(|body| self.names.neutral_value(body));
            if let Some(place) = place(&path) {
                let entity = self.entities.key(&place, body.as_ref());
                moment.note(place.collection, entity, body.as_ref());
            }
        }
        for (collection, id, value) in self.held() {
            let value = self.names.neutral_value(&value);
            let entity = held(collection, &self.names.neutral(&id), &value);
            moment
                .held
                .insert((collection, entity), Normal::from((collection, &value)));
        }
        moment
    }

    /// Ends a step. What its record says came of it tells what its operator called the plugins that it made
    /// objects for; later steps may use these names.
    pub fn end(&mut self, after: &After) {
        for fault in std::mem::take(&mut self.faults) {
            self.stage.konnect(|konnect| konnect.unscript(fault));
        }
        self.step += 1;
        Moment::recorded(after, &mut self.recorded);
        let made = after.objects.iter();
        for object in made.filter(|object| object["createdByOperator"] == true) {
            let part = |field: &str| object[field].as_str().unwrap_or_default();
            let name = format!("id:{}/{}/{}", part("kind"), part("namespace"), part("name"));
            let Some(wanted) = self.recorded.plugin(&neutral(&format!("<{name}>"))) else {
                continue;
            };
            let wanted = wanted.to_owned();
            let ours = self.held().into_iter().find(|(collection, _, value)| {
                *collection == Collection::Plugins
                    && plugin(&self.names.neutral_value(value)) == wanted
            });
            if let Some((_, id, _)) = ours {
                self.names.alias(&name, &id);
            }
        }
    }

    /// The control planes of the record in Konnect, by id.
    fn control_planes(&mut self) -> Vec<(String, Value)> {
        let mut all: Vec<(String, Value)> = self.stage.konnect(|konnect| {
            let all = konnect.entities(Collection::ControlPlanes, None);
            all.map(|(id, value)| (id.to_owned(), value.clone()))
                .collect()
        });
        all.retain(|(_, value)| self.stage.is_ours(value));
        all
    }

    /// What Konnect holds for the record.
    fn held(&mut self) -> Vec<(Collection, String, Value)> {
        let mut held = Vec::new();
        for (control_plane, value) in self.control_planes() {
            self.stage.konnect(|konnect| {
                for collection in Collection::all() {
                    let all = konnect.entities(collection, Some(&control_plane));
                    held.extend(all.map(|(id, value)| (collection, id.to_owned(), value.clone())));
                }
            });
            held.push((Collection::ControlPlanes, control_plane, value));
        }
        held
    }

    fn resolved(&self, value: &Value) -> Result<Value, ReplayError> {
        let step = self.step;
        self.names
            .resolve_value(value)
            .map_err(|name| ReplayError::Name { step, name })
    }

    fn script(&mut self, answer: &Answer) -> Result<(), ReplayError> {
        let step = self.step;
        let name = |name| ReplayError::Name { step, name };
        let path = self.names.resolve(&answer.path).map_err(name)?;
        let body = self.resolved(&answer.body)?;
        let method = method(&answer.method)?;
        let scripted = faults(method, &path, answer, body);
        let scripted = scripted.ok_or_else(|| ReplayError::Unknown(answer.path.clone()))?;
        // What belongs to the control planes of others is none of our business.
        let within: Vec<String> = if answer.is_within() && !self.stage.is_alone() {
            let ours = self.control_planes().into_iter();
            ours.map(|(id, _)| format!("^/v2/control-planes/{id}*"))
                .collect()
        } else {
            vec![String::new()]
        };
        for start in within {
            for fault in &scripted {
                let mut fault = fault.clone();
                fault.path.insert_str(0, &start);
                let scripted = self.stage.konnect(|konnect| konnect.script(fault));
                self.faults.push(scripted);
            }
        }
        Ok(())
    }

    fn third_party(
        &mut self,
        method_name: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(), ReplayError> {
        let (step, recorded) = (self.step, path);
        let path = self
            .names
            .resolve(path)
            .map_err(|name| ReplayError::Name { step, name })?;
        let request = kong_model::Request {
            host: Host::Region,
            method: method(method_name)?,
            body: body.map(|body| self.resolved(body)).transpose()?,
            query: Vec::new(),
            path,
        };
        let now = self.stage.now();
        let answer = self
            .stage
            .konnect(|konnect| konnect.third_party(now, &request));
        if request.method == Method::Post {
            self.learn_made(&request, &answer.body);
        }
        if answer.status >= 400 {
            self.rejected.push(Rejection {
                object: neutral(recorded),
                answer: format!("{}: {}", answer.status, answer.body),
            });
        }
        Ok(())
    }

    /// Learns the names of what somebody else has made: after its collection, as we call it and as the path
    /// does, and after each member that people would tell it by.
    fn learn_made(&mut self, request: &kong_model::Request, made: &Value) {
        // Certificates of data planes are answered in an envelope.
        let id = made["id"].as_str().or_else(|| made["item"]["id"].as_str());
        let (Some(place), Some(id)) = (place(&request.path), id) else {
            return;
        };
        let segment = request.path.rsplit('/').next().unwrap_or_default();
        let telling = place.collection.name_field().into_iter().chain(TELLING);
        let named = telling.filter_map(|field| request.body.as_ref()?[field].as_str());
        for name in named {
            for collection in [place.collection.name(), segment] {
                self.names
                    .learn(&format!("id:konnect/{collection}/{name}"), id);
            }
        }
    }

    fn apply(&mut self, manifest: &Value) -> Result<(), ReplayError> {
        let document = self.resolved(manifest)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &document["metadata"];
        let edit = Edit {
            api_version: text(&document["apiVersion"]),
            kind: text(&document["kind"]),
            namespace: metadata["namespace"].as_str().map(str::to_owned),
            name: text(&metadata["name"]),
            patch: document,
        };
        check(&edit)?;
        let answer = if self.stage.has(&edit) {
            self.stage.patch(&edit)
        } else {
            self.stage.create(&edit.patch)
        };
        self.note(&edit, answer);
        Ok(())
    }

    /// Notes what a request of the user was answered.
    fn note(&mut self, object: &Edit, answer: Result<Value, String>) {
        let Edit {
            kind,
            namespace,
            name,
            ..
        } = object;
        let namespace = namespace.as_deref().unwrap_or_default();
        match answer {
            Ok(stored) => {
                if let Some(uid) = stored["metadata"]["uid"].as_str() {
                    self.names
                        .learn(&format!("uid:{kind}/{namespace}/{name}"), uid);
                }
            }
            Err(refusal) => self.rejected.push(Rejection {
                object: format!("{kind}/{namespace}/{name}"),
                answer: self.names.neutral(&refusal),
            }),
        }
    }

    /// Learns the ids of what is there now.
    fn learn(&mut self, objects: &[(Kind, Vec<Value>)]) {
        for (kind, objects) in objects {
            for object in objects {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let meta = &object["metadata"];
                let name = format!(
                    "{kind}/{}/{}",
                    text(&meta["namespace"]),
                    text(&meta["name"])
                );
                let status = &object["status"];
                for (what, id) in [
                    ("uid", &meta["uid"]),
                    ("id", &status["konnect"]["id"]),
                    ("id", &status["id"]),
                ] {
                    self.names.learn(&format!("{what}:{name}"), &text(id));
                }
            }
        }
    }

    /// Notes how the objects are.
    fn see(&self, objects: &[(Kind, Vec<Value>)], moment: &mut Moment) {
        let judged = objects.iter();
        for (kind, objects) in judged.filter(|(kind, _)| *kind != Kind::KongReferenceGrant) {
            for object in objects {
                let object = self.names.neutral_value(object);
                let seen = match kind {
                    // Records say nothing else of them.
                    Kind::Secret => Seen {
                        status: BTreeMap::new(),
                        ..Seen::stored(&object)
                    },
                    _ => Seen::stored(&object),
                };
                moment
                    .objects
                    .insert(name_of(&object, &object["metadata"]), seen);
            }
        }
    }
}

/// Whether the kind is one that a stage can be asked for.
fn check(object: &Edit) -> Result<(), ReplayError> {
    let kind = known(&object.api_version, &object.kind);
    let unknown = || ReplayError::Unknown(format!("{} {}", object.api_version, object.kind));
    kind.map(|_| ()).ok_or_else(unknown)
}

fn method(name: &str) -> Result<Method, ReplayError> {
    [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
    ]
    .into_iter()
    .find(|method| method.as_str() == name)
    .ok_or_else(|| ReplayError::Unknown(name.to_owned()))
}
