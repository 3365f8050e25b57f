//! The two servers, and what a person does there: apply, delete, look, wait.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use envtest::{Envtest, User, definitions};
use futures::{StreamExt as _, stream};
use kong_crds::Kind;
use konnect_sim::Konnect;
use konnect_sim_http::{Bodies, Server, Simulator};
use kube::{
    Api, Client,
    api::{
        ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Options;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How many requests of a person are under way at once.
const AT_ONCE: usize = 16;
/// Where the operator lives.
pub const HOME: &str = "kong-system";
/// Who the operator is.
const ACCOUNT: &str = "system:serviceaccount:kong-system:konduit";

/// What is different from the usual.
#[derive(Debug, Default)]
pub struct Settings {
    /// Of the API server.
    pub servers: envtest::Settings,
    /// Of the simulated Konnect; the usual is an empty one without TLS that knows every token.
    pub konnect: konnect_sim_http::Settings,
}

/// A real API server that knows all kinds, and a simulated Konnect.
#[expect(missing_debug_implementations, reason = "a client of kube has none")]
pub struct World {
    /// The API server.
    pub servers: Envtest,
    /// Konnect.
    pub konnect: Server,
    admin: Client,
    program: PathBuf,
    operators: AtomicUsize,
    /// Whether the operator may be refused something.
    lenient: AtomicBool,
    folder: TempDir,
}

impl World {
    /// Starts both, for the operator that is this program. `None` without a real API server, as
    /// [`Envtest::start`] says.
    pub async fn start(program: impl AsRef<Path>) -> Option<Self> {
        Self::start_with(program, Settings::default()).await
    }

    /// The same, with more than the usual.
    pub async fn start_with(program: impl AsRef<Path>, settings: Settings) -> Option<Self> {
        let account = settings.servers.user(ACCOUNT, &["system:serviceaccounts"]);
        let servers = Envtest::start_with(account).await?;
        let konnect = Server::start(settings.konnect)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let admin = servers.admin();
        definitions::install(&admin, &documents())
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let world = Self {
            servers,
            konnect,
            admin,
            program: program.as_ref().to_owned(),
            operators: AtomicUsize::new(0),
            lenient: AtomicBool::new(false),
            folder: tempfile::tempdir().expect("a folder for the test"),
        };
        world.namespace(HOME).await;
        world.permit(&world.permissions()).await;
        Some(world)
    }

    /// What `konduit rbac` prints.
    pub fn permissions(&self) -> Vec<Value> {
        let output = Command::new(&self.program)
            .args(["rbac", "-n", HOME])
            .output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        documents_of(&String::from_utf8_lossy(&output.stdout))
    }

    /// Applies these permissions, and waits until they hold.
    async fn permit(&self, permissions: &[Value]) {
        for object in permissions {
            self.apply_one(object).await;
        }
        let client = self.servers.client(self.account());
        let targets = Api::<DynamicObject>::all_with(client, &resource_of(Kind::KongTarget));
        let began = Instant::now();
        while let Err(error) = targets.list(&ListParams::default().limit(1)).await {
            assert!(
                began.elapsed() < PATIENCE,
                "the permissions never hold: {error}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Who the operator is to the API server: somebody who may do what `konduit rbac` says, and nothing else.
    pub fn account(&self) -> &User {
        let account = self.servers.user(ACCOUNT);
        account.expect("it is let in when the servers are started")
    }

    /// An operator that has not been started: it may do in the cluster what `konduit rbac` says, and sends every
    /// request for Konnect to the simulated one, whose authority it trusts if that has TLS.
    pub fn operator(&self) -> Options {
        self.operator_as(self.account())
    }

    /// The operator may be refused requests from now on, as after a restart of the API server, which refuses for a
    /// moment what it will permit.
    pub fn refusals_are_fine(&self) {
        self.lenient.store(true, Ordering::Relaxed);
    }

    /// The same as another user.
    pub fn operator_as(&self, user: &User) -> Options {
        let kubeconfig = self
            .servers
            .kubeconfig(user)
            .unwrap_or_else(|error| panic!("{error}"));
        let number = self.operators.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("operator-{number}.log"));
        let mut arguments = vec![
            "run".to_owned(),
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--konnect-url={}", self.konnect.url()),
            format!("--leader-election-namespace={HOME}"),
            "--metrics-bind-address=127.0.0.1:0".to_owned(),
            "--health-probe-bind-address=127.0.0.1:0".to_owned(),
            "--enable-conversion-webhook=false".to_owned(),
            "--logging-mode=development".to_owned(),
            "--log-format=text".to_owned(),
        ];
        if let Some(tls) = self.konnect.tls() {
            let file = self.folder.path().join("konnect-ca.crt");
            fs::write(&file, tls.authority())
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            arguments.push(format!("--konnect-ca-file={}", file.display()));
        }
        Options::new(&self.program, log, arguments)
    }

    /// The simulator behind the server.
    pub fn simulator(&self) -> &Simulator {
        self.konnect.simulator()
    }

    /// Somebody who may do everything.
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// Makes a namespace, if it is not there.
    pub async fn namespace(&self, name: &str) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.apply_one(&namespace).await;
    }

    /// Applies the documents of a text, in order.
    pub async fn apply(&self, text: &str) {
        for document in documents_of(text) {
            self.apply_one(&document).await;
        }
    }

    /// Applies an object as `kubectl apply --server-side` does, and says what became of it.
    pub async fn apply_one(&self, object: &Value) -> Value {
        self.try_apply(object)
            .await
            .unwrap_or_else(|error| panic!("{object}: {error}"))
    }

    /// The same, where a refusal is of interest.
    pub async fn try_apply(&self, object: &Value) -> Result<Value, kube::Error> {
        let parameters = PatchParams::apply("person").force();
        let name = crate::object::name(object);
        let applied = self
            .api(object)
            .patch(name, &parameters, &Patch::Apply(object))
            .await?;
        Ok(serde_json::to_value(applied).expect("an object is JSON"))
    }

    /// Applies many objects at once, in no order.
    pub async fn apply_all(&self, objects: &[Value]) {
        stream::iter(objects)
            .for_each_concurrent(AT_ONCE, async |object| {
                self.apply_one(object).await;
            })
            .await;
    }

    /// Deletes an object, as `kubectl delete --wait=false` does.
    pub async fn delete(&self, object: &Value) {
        let name = crate::object::name(object);
        let deleted = self
            .api(object)
            .delete(name, &DeleteParams::default())
            .await;
        if let Err(error) = deleted {
            panic!("{object} cannot be deleted: {error}");
        }
    }

    /// Deletes many objects at once, in no order.
    pub async fn delete_all(&self, objects: &[Value]) {
        stream::iter(objects)
            .for_each_concurrent(AT_ONCE, |object| self.delete(object))
            .await;
    }

    /// Changes an object by a merge patch.
    pub async fn edit(&self, object: &Value, patch: &Value) {
        let name = crate::object::name(object);
        let parameters = PatchParams::default();
        let edited = self
            .api(object)
            .patch(name, &parameters, &Patch::Merge(patch))
            .await;
        if let Err(error) = edited {
            panic!("{object} cannot be edited: {error}");
        }
    }

    /// An object as it is now.
    pub async fn get(&self, object: &Value) -> Option<Value> {
        let found = self.try_get(object).await;
        found.unwrap_or_else(|error| panic!("{object}: {error}"))
    }

    /// The same, where a refusal is of interest.
    pub async fn try_get(&self, object: &Value) -> Result<Option<Value>, kube::Error> {
        let name = crate::object::name(object);
        let found = self.api(object).get_opt(name).await?;
        Ok(found.map(|found| serde_json::to_value(found).expect("an object is JSON")))
    }

    /// All objects of a kind, in all namespaces.
    pub async fn list(&self, kind: Kind) -> Vec<Value> {
        let list = self.all(kind).list(&ListParams::default()).await;
        let list = list.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let objects = list.items.into_iter();
        objects
            .map(|object| serde_json::to_value(object).expect("an object is JSON"))
            .collect()
    }

    /// Waits until something holds of an object.
    pub async fn until(&self, object: &Value, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let found = self.get(object).await.unwrap_or_default();
            if holds(&found) {
                return found;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{what} never holds of {found:#}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until something holds of every object of a kind, and there are that many.
    pub async fn until_all(&self, kind: Kind, count: usize, holds: impl Fn(&Value) -> bool) {
        let began = Instant::now();
        loop {
            let objects = self.list(kind).await;
            let ready = objects.iter().filter(|object| holds(object)).count();
            if ready == count && objects.len() == count {
                return;
            }
            let other = objects.iter().find(|object| !holds(object));
            assert!(
                began.elapsed() < PATIENCE,
                "{ready} of {} instead of {count} of kind {}; not so: {other:#?}",
                objects.len(),
                kind.as_str()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the operators have written nothing for a while, to the cluster or to Konnect. Heartbeats of the
    /// lease do not count, nor do events.
    pub async fn rest(&self, quiet: Duration) {
        let began = Instant::now();
        let audit = self.servers.audit();
        loop {
            let mark = audit.mark().await.unwrap_or_else(|error| panic!("{error}"));
            let requests = self.konnect_writes();
            tokio::time::sleep(quiet).await;
            let records = audit
                .since(mark)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
            let writes = records
                .iter()
                .filter(|record| is_of_operator(record))
                .count();
            if writes == 0 && self.konnect_writes() == requests {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it never comes to rest");
        }
    }

    /// How many requests have asked Konnect for a change.
    pub fn konnect_writes(&self) -> usize {
        let log = self.simulator().log();
        log.iter().filter(|record| record.method != "GET").count()
    }

    /// What is asked about all objects of a kind.
    pub fn all(&self, kind: Kind) -> Api<DynamicObject> {
        Api::all_with(self.admin(), &resource_of(kind))
    }

    /// What is asked about objects of the kind, and in the namespace, of this one.
    pub fn api(&self, object: &Value) -> Api<DynamicObject> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, version) = match text(&object["apiVersion"]).split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), text(&object["apiVersion"])),
        };
        let kind = text(&object["kind"]);
        let known = Kind::ALL.iter().find(|known| known.as_str() == kind);
        let plural = known.map_or_else(
            || format!("{}s", kind.to_lowercase()),
            |known| known.plural().to_owned(),
        );
        let resource = resource(&group, &version, &kind, &plural);
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.admin(), namespace, &resource),
            None => Api::all_with(self.admin(), &resource),
        }
    }
}

/// A permission that is missing fails whichever test needs it.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || self.lenient.load(Ordering::Relaxed) {
            return;
        }
        let records = self.servers.audit().so_far();
        let records = records.unwrap_or_else(|error| panic!("{error}"));
        let refused = records
            .iter()
            .find(|record| record.code == 403 && record.user == ACCOUNT);
        assert!(
            refused.is_none(),
            "`konduit rbac` lacks a permission: {refused:#?}"
        );
    }
}

/// Whether it is something that an operator wrote, or tried to, to an object of a user: heartbeats of the lease do not
/// count, nor do events.
pub fn is_of_operator(record: &envtest::audit::Record) -> bool {
    record.is_write()
        && record.user_agent.starts_with("konduit")
        && record
            .target
            .as_ref()
            .is_none_or(|target| target.resource != "leases" && target.resource != "events")
}

/// How the API server calls a kind.
pub fn resource_of(kind: Kind) -> ApiResource {
    resource(kind.group(), kind.version(), kind.as_str(), kind.plural())
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// The documents of a text in YAML.
pub fn documents_of(text: &str) -> Vec<Value> {
    let documents: Vec<Value> =
        serde_yaml::from_multiple(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// The definitions in `crds/`.
fn documents() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    let read = |file: &PathBuf| fs::read_to_string(file).expect("a definition can be read");
    files
        .iter()
        .flat_map(|file| documents_of(&read(file)))
        .collect()
}

/// An empty Konnect that is served over HTTP, with what it is sent kept.
impl Settings {
    /// A Konnect with these contents.
    #[must_use]
    pub fn konnect(konnect: Konnect) -> Self {
        Self {
            konnect: konnect_sim_http::Settings {
                konnect,
                bodies: Bodies::Kept,
                ..konnect_sim_http::Settings::default()
            },
            ..Self::default()
        }
    }
}
