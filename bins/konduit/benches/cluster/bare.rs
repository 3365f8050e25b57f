//! The floor: a client that knows beforehand what is to be written, and writes it. For each object a finalizer, a PUT to
//! Konnect and a status, as the operator writes them, with as many requests under way as the operator may have. It
//! watches nothing, resolves nothing, remembers nothing and can recover from nothing.

use std::collections::HashMap;

use clustertest::{World, object, resource_of, shop};
use futures::StreamExt as _;
use kong_crds::Kind;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::goods;

/// How many objects are worked on at once.
const AT_ONCE: usize = 64;
/// The upstream from which it learns what the operator writes, and the number of the target. Their names and the
/// address are found nowhere else.
const UPSTREAM: &str = "model-of-an-upstream";
const TARGET: usize = 0x00ff_ffff;

/// What the operator writes for one object, with the words that differ from object to object.
struct Model {
    finalizers: Value,
    path: String,
    body: String,
    status: String,
}

/// What it has learnt.
pub(crate) struct Bare {
    upstream: Model,
    target: Model,
    /// The uids of the objects it was learnt from.
    uids: [String; 2],
    cluster: Client,
    konnect: reqwest::Client,
    url: String,
    token: String,
}

impl Bare {
    /// Lets the operator write an upstream and a target, and learns from that. The operator is gone afterwards, and the
    /// control plane is there.
    pub(crate) async fn learn(world: &World) -> Self {
        let operator = world.operator().start().await;
        goods::open(world).await;
        let objects = [shop::upstream(UPSTREAM), shop::target(UPSTREAM, TARGET)];
        world.apply_all(&objects).await;
        let mut learnt = Vec::new();
        let mut uids = Vec::new();
        for object in &objects {
            let object = world
                .until(object, "programmed", object::is_programmed)
                .await;
            let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
            let (path, body) = world.simulator().with(|konnect| {
                let mut log = konnect.log().iter();
                let put = log.find(|entry| entry.path.ends_with(&uid)).unwrap();
                (put.path.to_string(), put.body.as_ref().unwrap().to_string())
            });
            learnt.push(Model {
                finalizers: object["metadata"]["finalizers"].clone(),
                path,
                body,
                status: object["status"].to_string(),
            });
            uids.push(uid);
        }
        assert_eq!(operator.stop().await, 0);
        let [upstream, target] = learnt.try_into().ok().unwrap();
        Self {
            upstream,
            target,
            uids: uids.try_into().unwrap(),
            cluster: world.servers.client(world.account()),
            konnect: reqwest::Client::builder().build().unwrap(),
            url: world.konnect.url(),
            token: shop::credentials()["spec"]["token"]
                .as_str()
                .unwrap()
                .to_owned(),
        }
    }

    /// Writes everything for the objects that come, as they were applied, until no more come.
    pub(crate) async fn write(&self, applied: mpsc::UnboundedReceiver<Value>, upstreams: usize) {
        // Konnect takes no target before its upstream.
        let mut written = HashMap::new();
        for number in 0..upstreams {
            written.insert(
                format!("upstream-{number}"),
                watch::channel(None::<String>).0,
            );
        }
        UnboundedReceiverStream::new(applied)
            .for_each_concurrent(AT_ONCE, |object| self.write_one(object, &written))
            .await;
    }

    async fn write_one(
        &self,
        applied: Value,
        written: &HashMap<String, watch::Sender<Option<String>>>,
    ) {
        let (name, uid) = (
            object::name(&applied),
            applied["metadata"]["uid"].as_str().unwrap(),
        );
        let is_upstream = applied["kind"] == "KongUpstream";
        let (model, kind) = if is_upstream {
            (&self.upstream, Kind::KongUpstream)
        } else {
            (&self.target, Kind::KongTarget)
        };
        let api = Api::<DynamicObject>::namespaced_with(
            self.cluster.clone(),
            shop::NAMESPACE,
            &resource_of(kind),
        );
        let parameters = PatchParams::default();
        let finalizers = json!({"metadata": {
            "finalizers": model.finalizers, "uid": uid,
            "resourceVersion": applied["metadata"]["resourceVersion"]}});
        let pinned = api
            .patch(name, &parameters, &Patch::Merge(&finalizers))
            .await
            .unwrap();

        let upstream = if is_upstream {
            uid.to_owned()
        } else {
            let upstream = applied["spec"]["upstreamRef"]["name"].as_str().unwrap();
            let mut there = written[upstream].subscribe();
            there
                .wait_for(Option::is_some)
                .await
                .unwrap()
                .clone()
                .unwrap()
        };
        let [model_upstream, model_target] = &self.uids;
        let address = applied["spec"]["target"].as_str().unwrap_or_default();
        let learnt = shop::target(UPSTREAM, TARGET);
        let learnt_address = learnt["spec"]["target"].as_str().unwrap();
        let own = |text: &str| {
            text.replace(model_upstream, &upstream)
                .replace(model_target, uid)
                // It begins with the name of the upstream.
                .replace(object::name(&learnt), name)
                .replace(UPSTREAM, name)
                .replace(learnt_address, address)
        };
        let put = self
            .konnect
            .put(format!("{}{}", self.url, own(&model.path)))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(own(&model.body));
        let answer = put.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        drop(answer.bytes().await.unwrap());
        if is_upstream {
            written[name].send_replace(Some(upstream.clone()));
        }

        let status: Value = serde_json::from_str(&own(&model.status)).unwrap();
        let status = json!({"status": status, "metadata": {
            "uid": uid, "resourceVersion": pinned.metadata.resource_version}});
        api.patch_status(name, &parameters, &Patch::Merge(&status))
            .await
            .unwrap();
    }
}
