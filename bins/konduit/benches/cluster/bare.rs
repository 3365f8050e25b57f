//! The floor: a client that knows beforehand what is to be written, and writes it. For each object a finalizer, a PUT to
//! Konnect and a status, as the operator writes them, with as many requests under way as the operator may have. It
//! watches nothing, resolves nothing, remembers nothing and can recover from nothing.

use std::collections::{BTreeMap, HashMap};

use clustertest::{World, object, resource_of, shop};
use futures::StreamExt as _;
use kong_crds::Kind;
use kong_resolve::Key;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};
use testkit::load::Good;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::goods;

/// How many objects are worked on at once.
const AT_ONCE: usize = 64;

/// What the operator writes for one object, with the words that differ from object to object.
struct Model {
    finalizers: Value,
    words: Vec<String>,
    /// The uid of the object, and those of its parents.
    uids: Vec<String>,
    /// `None` if there is no entity of it, and no status.
    entity: Option<Entity>,
}

/// Its half in Konnect, and what is said of that.
struct Entity {
    path: String,
    body: String,
    status: String,
}

/// What it has learnt.
pub(crate) struct Bare {
    models: BTreeMap<(Kind, Vec<Kind>), Model>,
    cluster: Client,
    konnect: reqwest::Client,
    url: String,
    token: String,
}

/// An object as the API server has it, and what it was before that.
pub(crate) type Applied = (Good, Value);

/// The uids of objects that have been written to Konnect.
type Written = HashMap<Key, watch::Sender<Option<String>>>;

impl Bare {
    /// Lets the operator write one object of each sort, and learns from that. The operator is gone afterwards, and the
    /// control plane is there.
    pub(crate) async fn learn(world: &World, of_each_sort: &[Good]) -> Self {
        let operator = world.operator().start().await;
        goods::open(world).await;
        let documents: Vec<Value> = of_each_sort
            .iter()
            .map(|model| model.document.clone())
            .collect();
        world.apply_all(&documents).await;
        let (mut models, mut uids) = (BTreeMap::new(), HashMap::new());
        for good in of_each_sort {
            let object = if good.at.is_some() {
                let document = &good.document;
                world
                    .until(document, "programmed", object::is_programmed)
                    .await
            } else {
                let is_used = |object: &Value| object["metadata"]["finalizers"].is_array();
                world.until(&good.document, "in use", is_used).await
            };
            let uid = uid(&object).to_owned();
            let entity = good.at.map(|_| {
                let (path, body) = world.simulator().with(|konnect| {
                    let mut log = konnect.log().iter();
                    let put = log.find(|entry| entry.path.ends_with(&uid)).unwrap();
                    (put.path.to_string(), put.body.as_ref().unwrap().to_string())
                });
                let status = object["status"].to_string();
                Entity { path, body, status }
            });
            uids.insert(good.key(), uid.clone());
            let parents = good.parents.iter().map(|parent| uids[parent].clone());
            let model = Model {
                finalizers: object["metadata"]["finalizers"].clone(),
                words: good.words.clone(),
                uids: [uid].into_iter().chain(parents).collect(),
                entity,
            };
            models.insert(good.sort(), model);
        }
        assert_eq!(operator.stop().await, 0);
        Self {
            models,
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
    pub(crate) async fn write(&self, applied: mpsc::UnboundedReceiver<Applied>, all: &[Good]) {
        // Konnect takes nothing before what it refers to.
        let parents = all.iter().flat_map(|good| &good.parents);
        let written: Written = parents
            .map(|parent| (parent.clone(), watch::channel(None).0))
            .collect();
        UnboundedReceiverStream::new(applied)
            .for_each_concurrent(AT_ONCE, |(good, applied)| {
                self.write_one(good, applied, &written)
            })
            .await;
    }

    async fn write_one(&self, good: Good, applied: Value, written: &Written) {
        let model = &self.models[&good.sort()];
        let (key, uid) = (good.key(), uid(&applied));
        let api = Api::<DynamicObject>::namespaced_with(
            self.cluster.clone(),
            shop::NAMESPACE,
            &resource_of(key.kind),
        );
        let parameters = PatchParams::default();
        let finalizers = json!({"metadata": {
            "finalizers": model.finalizers, "uid": uid,
            "resourceVersion": applied["metadata"]["resourceVersion"]}});
        let name = &key.name.name;
        let pinned = api
            .patch(name, &parameters, &Patch::Merge(&finalizers))
            .await
            .unwrap();
        let Some(entity) = &model.entity else {
            return;
        };

        let mut uids = vec![uid.to_owned()];
        for parent in &good.parents {
            let mut there = written[parent].subscribe();
            let there = there.wait_for(Option::is_some).await.unwrap();
            uids.extend(there.clone());
        }
        let own = |text: &str| {
            let uids = model.uids.iter().zip(&uids);
            let words = model.words.iter().zip(&good.words);
            uids.chain(words)
                .fold(text.to_owned(), |text, (theirs, ours)| {
                    text.replace(theirs, ours)
                })
        };
        let put = self
            .konnect
            .put(format!("{}{}", self.url, own(&entity.path)))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(own(&entity.body));
        let answer = put.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        drop(answer.bytes().await.unwrap());
        if let Some(written) = written.get(&key) {
            written.send_replace(Some(uid.to_owned()));
        }

        let status: Value = serde_json::from_str(&own(&entity.status)).unwrap();
        let status = json!({"status": status, "metadata": {
            "uid": uid, "resourceVersion": pinned.metadata.resource_version}});
        api.patch_status(name, &parameters, &Patch::Merge(&status))
            .await
            .unwrap();
    }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap()
}
