//! Plays the steps of a record on the simulators and notes what came of each.
//!
//! Time is virtual. A step is over when the engine is at rest, or after the 40 seconds after which
//! recordings were taken. Depends on the driver; start with
//! [`replay`].

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Subresource, WriteOptions,
};
use kong_crds::Kind;
use kong_driver::{Driver, Schedule, Setup};
use kong_engine::{Engine, Settings};
use kong_model::{Collection, Host, Method, Normal};
use konnect_sim::{FaultId, Konnect, Millis};

use super::entity::{Entities, held, place, plugin};
use super::moment::{Moment, Rejection, Seen, name_of};
use super::names::{Names, neutral};
use super::record::{After, Answer, Edit, Outside, Record, Step, is_plain, known};
use super::script::faults;

/// Milliseconds after which a recording was taken although its operator was still writing.
const LONGEST: u64 = 40_000;
/// Milliseconds from one look at the engine to the next.
const LOOK: u64 = 500;
/// A time to begin at, in Unix seconds.
const WALL: i64 = 1_700_000_000;

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

thread_local! {
    /// The driver makes engines by a plain function, and each record has a period of its own.
    static SYNC_PERIOD: Cell<u64> = const { Cell::new(0) };
}

fn engine() -> Engine {
    Engine::new(Settings {
        sync_period: SYNC_PERIOD.get(),
        ..Settings::default()
    })
}

/// Plays a record; what there is after each step.
///
/// # Errors
///
/// If the record names something that is not there, or has something that is not understood.
pub fn replay(record: &Record) -> Result<Vec<Moment>, ReplayError> {
    SYNC_PERIOD.set(duration(&record.sync_period)?);
    let conversion = |document: Value, api_version: &str| {
        kong_crds::convert(document, version(api_version)).map_err(|error| error.to_string())
    };
    let cluster = Cluster::new(&kong_crds::crd_documents()).expect("our own definitions compile");
    let konnect = Konnect::new(1);
    let mut names = Names::default();
    if let Some(id) = konnect.organisation_id("kpat_any") {
        names.learn("organization", id);
    }
    let driver = Driver::new(Setup {
        cluster: cluster.with_conversion(conversion),
        konnect,
        schedule: Schedule::calm(),
        wall: WALL,
        machine: engine,
    });
    let mut player = Player {
        driver,
        names,
        entities: Entities::default(),
        recorded: Entities::default(),
        step: 0,
    };
    let mut moments = Vec::new();
    for (index, (step, after)) in record.steps.iter().zip(&record.after).enumerate() {
        player.step = index;
        moments.push(player.play(step)?);
        player.read_along(after);
    }
    Ok(moments)
}

/// A duration as Go writes it, in milliseconds.
fn duration(text: &str) -> Result<u64, ReplayError> {
    let unknown = || ReplayError::Unknown(text.to_owned());
    let (mut total, mut rest) = (0, text);
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(unknown)?;
        let number: u64 = rest[..digits].parse().map_err(|_| unknown())?;
        rest = &rest[digits..];
        let units = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
        let (unit, factor) = units
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))
            .ok_or_else(unknown)?;
        total += number * factor;
        rest = &rest[unit.len()..];
    }
    Ok(total)
}

struct Player {
    driver: Driver<Engine>,
    names: Names,
    /// What is known of entities from our requests.
    entities: Entities,
    /// ... and from those in the record.
    recorded: Entities,
    step: usize,
}

impl Player {
    fn play(&mut self, step: &Step) -> Result<Moment, ReplayError> {
        let requests_before = self.driver.konnect.log().len();
        let mut moment = Moment {
            settled: true,
            ..Moment::default()
        };
        let mut faults = Vec::new();
        for outside in &step.konnect {
            match outside {
                Outside::Answer { answer } => faults.extend(self.script(answer)?),
                Outside::Request { method, path, body } => {
                    let refused = self.third_party(method, path, body.as_ref())?;
                    moment.rejected.extend(refused);
                }
            }
        }
        for manifest in &step.apply {
            if !is_plain(manifest["kind"].as_str().unwrap_or_default()) {
                moment.rejected.extend(self.apply(manifest)?);
            }
        }
        for edit in step.edit.iter().filter(|edit| !is_plain(&edit.kind)) {
            let patch = self.resolved(&edit.patch)?;
            let object = object_id(edit)?;
            let version = Some(version(&edit.api_version).to_owned());
            let request = Request::Patch {
                object,
                version,
                patch,
                subresource: Subresource::Main,
            };
            moment.rejected.extend(self.request(edit, request));
        }
        for delete in step.delete.iter().filter(|delete| !is_plain(&delete.kind)) {
            let request = Request::Delete {
                object: object_id(delete)?,
                preconditions: Preconditions::default(),
                propagation: Propagation::Background,
            };
            moment.rejected.extend(self.request(delete, request));
        }
        self.rest(step.wait);
        for fault in faults {
            self.driver.konnect.unscript(fault);
        }
        self.learn();
        self.look(&mut moment, requests_before);
        Ok(moment)
    }

    fn resolved(&self, value: &Value) -> Result<Value, ReplayError> {
        let step = self.step;
        self.names
            .resolve_value(value)
            .map_err(|name| ReplayError::Name { step, name })
    }

    fn now(&self) -> Millis {
        Millis(self.driver.now().mono.0)
    }

    fn script(&mut self, answer: &Answer) -> Result<Vec<FaultId>, ReplayError> {
        let step = self.step;
        let name = |name| ReplayError::Name { step, name };
        let path = self.names.resolve(&answer.path).map_err(name)?;
        let body = self.resolved(&answer.body)?;
        let faults = faults(method(&answer.method)?, &path, answer, body);
        let faults = faults.ok_or_else(|| ReplayError::Unknown(answer.path.clone()))?;
        let konnect = &mut self.driver.konnect;
        let scripted = faults.into_iter().map(|fault| konnect.script(fault));
        Ok(scripted.collect())
    }

    fn third_party(
        &mut self,
        method_name: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<Rejection>, ReplayError> {
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
        let now = self.now();
        let answer = self.driver.konnect.third_party(now, &request);
        if request.method == Method::Post
            && let Some(place) = place(&request.path)
            && let Some(id) = answer.body["id"].as_str()
        {
            let collection = place.collection;
            let fields = collection
                .name_field()
                .into_iter()
                .chain(["name", "username", "target"]);
            let named = fields.filter_map(|field| request.body.as_ref()?[field].as_str());
            for name in named {
                self.names
                    .learn(&format!("id:konnect/{}/{name}", collection.name()), id);
            }
        }
        Ok((answer.status >= 400).then(|| Rejection {
            object: neutral(recorded),
            answer: format!("{}: {}", answer.status, answer.body),
        }))
    }

    fn apply(&mut self, manifest: &Value) -> Result<Option<Rejection>, ReplayError> {
        let document = self.resolved(manifest)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &document["metadata"];
        let edit = Edit {
            api_version: text(&document["apiVersion"]),
            kind: text(&document["kind"]),
            namespace: metadata["namespace"].as_str().map(str::to_owned),
            name: text(&metadata["name"]),
            patch: Value::Null,
        };
        let object = object_id(&edit)?;
        let request = if self.driver.cluster.get(&object).is_some() {
            Request::Patch {
                object,
                version: Some(version(&edit.api_version).to_owned()),
                patch: document,
                subresource: Subresource::Main,
            }
        } else {
            Request::Create {
                document,
                options: WriteOptions::default(),
            }
        };
        Ok(self.request(&edit, request))
    }

    /// Sends a request of the user; the refusal, if it is refused.
    fn request(&mut self, object: &Edit, request: Request) -> Option<Rejection> {
        let Edit {
            kind,
            namespace,
            name,
            ..
        } = object;
        let namespace = namespace.as_deref().unwrap_or_default();
        match self.driver.request(request) {
            Ok(stored) => {
                if let Some(uid) = stored["metadata"]["uid"].as_str() {
                    self.names
                        .learn(&format!("uid:{kind}/{namespace}/{name}"), uid);
                }
                None
            }
            Err(status) => Some(Rejection {
                object: format!("{kind}/{namespace}/{name}"),
                answer: self.names.neutral(&format!("{}: {status}", status.code)),
            }),
        }
    }

    /// Lets time go on until the step is over.
    fn rest(&mut self, wait: Option<u64>) {
        if let Some(seconds) = wait {
            let end = self.driver.now().mono.after(seconds * 1_000);
            self.driver.run_until(end);
        }
        let start = self.driver.now().mono;
        loop {
            let now = self.driver.now().mono;
            self.driver.run_until(now.after(LOOK));
            let over = self.driver.now().mono.since(start) >= LONGEST;
            if over || self.driver.is_quiet() {
                return;
            }
        }
    }

    /// Learns the ids of what is there now.
    fn learn(&mut self) {
        let ours = Kind::ALL.iter().map(|kind| (*kind, resource(*kind)));
        let mut learnt = Vec::new();
        for (kind, resource) in ours {
            for object in self.driver.cluster.list(&resource, None) {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let meta = &object["metadata"];
                let name = format!(
                    "{kind}/{}/{}",
                    text(&meta["namespace"]),
                    text(&meta["name"])
                );
                let status = &object["status"];
                learnt.push((format!("uid:{name}"), text(&meta["uid"])));
                learnt.push((format!("id:{name}"), text(&status["konnect"]["id"])));
                learnt.push((format!("id:{name}"), text(&status["id"])));
            }
        }
        for (name, id) in learnt {
            self.names.learn(&name, &id);
        }
    }

    /// Notes what there is.
    fn look(&mut self, moment: &mut Moment, requests_before: usize) {
        for kind in Kind::ALL
            .iter()
            .filter(|kind| **kind != Kind::KongReferenceGrant)
        {
            for object in self.driver.cluster.list(&resource(*kind), None) {
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
        let log = self.driver.konnect.log();
        for entry in log[requests_before..]
            .iter()
            .filter(|entry| entry.is_write() && !entry.foreign)
        {
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
        for collection in Collection::all() {
            for (id, value) in self.driver.konnect.entities(collection, None) {
                let value = self.names.neutral_value(value);
                let entity = held(collection, &self.names.neutral(id), &value);
                moment
                    .held
                    .insert((collection, entity), Normal::from((collection, &value)));
            }
        }
    }

    /// Learns from the record what its operator called the plugins that it made objects for.
    fn read_along(&mut self, after: &After) {
        Moment::recorded(after, &mut self.recorded);
        for object in after
            .objects
            .iter()
            .filter(|object| object["createdByOperator"] == true)
        {
            let part = |field: &str| object[field].as_str().unwrap_or_default();
            let name = format!("id:{}/{}/{}", part("kind"), part("namespace"), part("name"));
            let Some(wanted) = self.recorded.plugin(&neutral(&format!("<{name}>"))) else {
                continue;
            };
            let mut plugins = self.driver.konnect.entities(Collection::Plugins, None);
            let ours =
                plugins.find(|(_, value)| plugin(&self.names.neutral_value(value)) == wanted);
            if let Some((id, _)) = ours {
                let id = id.to_owned();
                self.names.alias(&name, &id);
            }
        }
    }
}

fn resource(kind: Kind) -> ResourceId {
    ResourceId::new(kind.group(), kind.plural())
}

fn object_id(edit: &Edit) -> Result<ObjectId, ReplayError> {
    let unknown = || ReplayError::Unknown(format!("{} {}", edit.api_version, edit.kind));
    let kind = known(&edit.api_version, &edit.kind).ok_or_else(unknown)?;
    let namespace = kind
        .namespaced()
        .then(|| edit.namespace.clone().unwrap_or_default());
    Ok(ObjectId {
        resource: resource(kind),
        namespace,
        name: edit.name.clone(),
    })
}

/// The version in an `apiVersion`.
fn version(api_version: &str) -> &str {
    api_version
        .rsplit_once('/')
        .map_or(api_version, |(_, version)| version)
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
