//! A Konnect that is served for the binary, and what an operator leaves in one.

use std::path::Path;

use cluster_sim::Cluster;
use kong_crds::Kind;
use kong_driver::{Driver, Schedule, Setup};
use kong_engine::{Engine, Mono, Settings};
use konnect_sim::Konnect;
use konnect_sim_http::Server;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{CONTROL_PLANE, Ran, run, service};

/// A Konnect that is served.
pub(crate) struct Served {
    /// Requests are served while it is there.
    _runtime: Runtime,
    server: Server,
}

impl Served {
    pub(crate) fn start(konnect: Konnect) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let settings = konnect_sim_http::Settings {
            konnect,
            ..konnect_sim_http::Settings::default()
        };
        let server = runtime.block_on(Server::start(settings)).unwrap();
        server.simulator().with(Konnect::clear_log);
        Self {
            _runtime: runtime,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// What was asked of it, and that nothing was written.
    pub(crate) fn reads(&self) -> usize {
        self.server.simulator().with(|konnect| {
            let writes: Vec<_> = konnect.log().iter().filter(|it| it.is_write()).collect();
            assert!(writes.is_empty(), "{writes:?}");
            konnect.log().len()
        })
    }

    /// What was asked of it whose path has this in it.
    pub(crate) fn asked(&self, part: &str) -> Vec<String> {
        self.server.simulator().with(|konnect| {
            let asked = konnect.log().iter().map(|it| it.path.to_string());
            asked.filter(|path| path.contains(part)).collect()
        })
    }

    /// What `konduit plan` says of the manifests in a folder.
    pub(crate) fn plan(&self, directory: &Path, more: &[&str]) -> Ran {
        let url = self.url();
        let arguments = [&["plan", "-f", ".", "--konnect-url", &url], more].concat();
        let ran = run(directory, &arguments, "");
        self.reads();
        ran
    }

    /// The same for programs.
    pub(crate) fn json(&self, directory: &Path, more: &[&str]) -> (i32, Value) {
        let ran = self.plan(directory, &[&["-o", "json"], more].concat());
        let value = serde_json::from_str(&ran.out);
        (
            ran.code,
            value.unwrap_or_else(|error| panic!("{error}: {ran:?}")),
        )
    }
}

/// What Konnect holds after an operator in some cluster had these manifests: their objects have UIDs that no
/// manifest says, and have been edited before.
pub(crate) fn operated(text: &str) -> Konnect {
    let driver = operator(text, Konnect::new(1));
    driver.konnect
}

pub(crate) fn operator(text: &str, konnect: Konnect) -> Driver<Engine> {
    let mut cluster = Cluster::new(&kong_crds::crd_documents()).unwrap();
    for (number, document) in text.split("\n---\n").enumerate() {
        let mut document: Value = serde_yaml::from_str(document).unwrap();
        let kind: Kind = document["kind"].as_str().unwrap().parse().unwrap();
        let meta = document["metadata"].as_object_mut().unwrap();
        if kind.namespaced() {
            meta.entry("namespace").or_insert(json!("default"));
        }
        meta.insert(
            "uid".to_owned(),
            json!(format!("c0ffee00-0000-4000-8000-{number:012}")),
        );
        meta.insert("generation".to_owned(), json!(3));
        cluster.transplant(document).unwrap();
    }
    let mut driver = Driver::new(Setup {
        cluster,
        konnect,
        schedule: Schedule::calm(),
        wall: 1_700_000_000,
        machine: || Engine::new(Settings::default()),
    });
    assert!(driver.settle(Mono(120_000)));
    driver
}

pub(crate) fn documents(parts: &[&str]) -> String {
    parts.join("---\n")
}

pub(crate) fn object(kind: &str, name: &str, rest: &str) -> String {
    format!(
        "apiVersion: configuration.konghq.com/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{rest}"
    )
}

pub(crate) const HOME: &str =
    "  controlPlaneRef: {type: konnectNamespacedRef, konnectNamespacedRef: {name: cp}}\n";

/// A control plane with one of everything that is served.
pub(crate) fn shop() -> String {
    let plugin = "\
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit}
plugin: rate-limiting
config: {minute: 5, policy: local}
";
    documents(&[
        CONTROL_PLANE,
        &object("KongUpstream", "pool", &format!("  name: pool.test\n{HOME}")),
        &object(
            "KongTarget",
            "one",
            "  upstreamRef: {name: pool}\n  target: 10.0.0.1:80\n",
        ),
        &service("shop", "host: shop.test\n  name: shop\n  tags: [team-a]"),
        &object(
            "KongRoute",
            "cart",
            "  name: cart\n  paths: [/cart]\n  serviceRef: {type: namespacedRef, namespacedRef: {name: shop}}\n",
        )
        .replace("{name: cart}\nspec", "{name: cart, annotations: {konghq.com/plugins: limit}}\nspec"),
        plugin,
    ])
}
