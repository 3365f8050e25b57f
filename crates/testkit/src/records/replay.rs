//! Plays the steps of a record on the simulators and notes what came of each.
//!
//! Time is virtual. A step is over when the engine is at rest, or after the 40 seconds after which
//! recordings were taken. Depends on the driver; start with [`replay`].

use std::cell::Cell;

use serde_json::Value;

use cluster_sim::{
    Cluster, ObjectId, Preconditions, Propagation, Request, ResourceId, Subresource, WriteOptions,
};
use kong_crds::Kind;
use kong_driver::{Driver, Schedule, Setup};
use kong_engine::{Engine, Settings};
use konnect_sim::{Entry, Konnect, Millis};

use super::moment::Moment;
use super::player::{Player, ReplayError, Stage};
use super::record::{Edit, Record, known};

/// Milliseconds after which a recording was taken although its operator was still writing.
const LONGEST: u64 = 40_000;
/// Milliseconds from one look at the engine to the next.
const LOOK: u64 = 500;
/// A time to begin at, in Unix seconds.
const WALL: i64 = 1_700_000_000;

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
    let period = record.sync_period();
    let period = period.ok_or_else(|| ReplayError::Unknown(record.sync_period.clone()))?;
    SYNC_PERIOD.set(u64::try_from(period.as_millis()).unwrap_or(u64::MAX));
    let mut player = Player::new(Simulated::new());
    let mut moments = Vec::new();
    for (step, after) in record.steps.iter().zip(&record.after) {
        player.begin(step)?;
        player.stage.rest(step.wait);
        moments.push(player.look());
        player.end(after);
    }
    Ok(moments)
}

/// The two simulators with an engine between them, and nothing in them but the record.
struct Simulated(Driver<Engine>);

impl Simulated {
    fn new() -> Self {
        let conversion = |document: Value, api_version: &str| {
            kong_crds::convert(document, version(api_version)).map_err(|error| error.to_string())
        };
        let cluster =
            Cluster::new(&kong_crds::crd_documents()).expect("our own definitions compile");
        Self(Driver::new(Setup {
            cluster: cluster.with_conversion(conversion),
            konnect: Konnect::new(1),
            schedule: Schedule::calm(),
            wall: WALL,
            machine: engine,
        }))
    }

    fn request(&mut self, request: Request) -> Result<Value, String> {
        let answer = self.0.request(request);
        answer.map_err(|status| format!("{}: {status}", status.code))
    }

    /// Lets time go on until the step is over.
    fn rest(&mut self, wait: Option<u64>) {
        let driver = &mut self.0;
        if let Some(seconds) = wait {
            let end = driver.now().mono.after(seconds * 1_000);
            driver.run_until(end);
        }
        let start = driver.now().mono;
        loop {
            let now = driver.now().mono;
            driver.run_until(now.after(LOOK));
            let over = driver.now().mono.since(start) >= LONGEST;
            if over || driver.is_quiet() {
                return;
            }
        }
    }
}

impl Stage for Simulated {
    fn create(&mut self, document: &Value) -> Result<Value, String> {
        self.request(Request::Create {
            document: document.clone(),
            options: WriteOptions::default(),
        })
    }

    fn patch(&mut self, edit: &Edit) -> Result<Value, String> {
        self.request(Request::Patch {
            object: object_id(edit),
            version: Some(version(&edit.api_version).to_owned()),
            patch: edit.patch.clone(),
            subresource: Subresource::Main,
        })
    }

    fn delete(&mut self, object: &Edit) -> Result<(), String> {
        let request = Request::Delete {
            object: object_id(object),
            preconditions: Preconditions::default(),
            propagation: Propagation::Background,
        };
        self.request(request).map(drop)
    }

    fn has(&self, object: &Edit) -> bool {
        self.0.cluster.get(&object_id(object)).is_some()
    }

    fn objects(&self, kind: Kind) -> Vec<Value> {
        let all = self.0.cluster.list(&resource(kind), None);
        all.map(|object| Value::clone(object)).collect()
    }

    fn konnect<T>(&mut self, act: impl FnOnce(&mut Konnect) -> T) -> T {
        act(&mut self.0.konnect)
    }

    fn now(&self) -> Millis {
        Millis(self.0.now().mono.0)
    }

    fn is_ours(&self, _: &Value) -> bool {
        true
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn asked(&self) -> Vec<Entry> {
        self.0.konnect.log().to_vec()
    }
}

fn resource(kind: Kind) -> ResourceId {
    ResourceId::new(kind.group(), kind.plural())
}

fn object_id(object: &Edit) -> ObjectId {
    let kind = known(&object.api_version, &object.kind);
    let kind = kind.expect("players ask only for kinds that are known");
    let namespace = kind
        .namespaced()
        .then(|| object.namespace.clone().unwrap_or_default());
    ObjectId {
        resource: resource(kind),
        namespace,
        name: object.name.clone(),
    }
}

/// The version in an `apiVersion`.
fn version(api_version: &str) -> &str {
    api_version
        .rsplit_once('/')
        .map_or(api_version, |(_, version)| version)
}
