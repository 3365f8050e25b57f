//! What is applied: a control plane with its credentials, and upstreams with ten targets each.

use clustertest::{World, object, shop};
use futures::{StreamExt as _, stream};
use kong_crds::Kind;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::Value;
use testkit::load::Good;
use tokio::sync::mpsc;

use crate::bare::Applied;

/// Targets of an upstream.
pub(crate) const EACH: usize = 10;
/// How many objects a person applies at once.
const AT_ONCE: usize = 16;
/// The upstream from which the bare client learns what the operator writes, and the number of its target. Their names and
/// the address are found nowhere else.
const MODEL: &str = "model-of-an-upstream";
/// See there.
const MODEL_TARGET: usize = 0x00ff_ffff;

fn upstream(name: &str) -> Good {
    Good {
        document: shop::upstream(name),
        at: Some(Collection::Upstreams),
        parents: Vec::new(),
        words: vec![name.to_owned()],
    }
}

fn target(upstream: &str, number: usize) -> Good {
    let document = shop::target(upstream, number);
    let address = document["spec"]["target"].as_str().unwrap().to_owned();
    // It begins with the name of the upstream, so that its name is the first to be replaced.
    let words = vec![
        object::name(&document).to_owned(),
        upstream.to_owned(),
        address,
    ];
    Good {
        document,
        at: Some(Collection::Targets),
        parents: vec![Key::new(Kind::KongUpstream, shop::NAMESPACE, upstream)],
        words,
    }
}

/// So many targets, and the upstreams they are of, in the order in which a person would apply them.
pub(crate) fn goods(targets: usize) -> Vec<Good> {
    let mut all = Vec::with_capacity(targets + targets / EACH);
    for number in 0..targets / EACH {
        let name = format!("upstream-{number}");
        all.push(upstream(&name));
        let first = number * EACH;
        all.extend((first..first + EACH).map(|number| target(&name, number)));
    }
    all
}

/// One of each.
pub(crate) fn models() -> Vec<Good> {
    vec![upstream(MODEL), target(MODEL, MODEL_TARGET)]
}

/// Applies everything as a person does, and tells of each object when the API server has it.
pub(crate) async fn apply(
    world: &World,
    goods: &[Good],
    applied: Option<mpsc::UnboundedSender<Applied>>,
) {
    stream::iter(goods)
        .for_each_concurrent(AT_ONCE, async |good| {
            let object: Value = world.apply_one(&good.document).await;
            if let Some(applied) = &applied {
                applied.send((good.clone(), object)).unwrap();
            }
        })
        .await;
}

/// Applies credentials and a control plane.
pub(crate) async fn open(world: &World) {
    world.namespace(shop::NAMESPACE).await;
    world
        .apply_all(&[shop::credentials(), shop::control_plane()])
        .await;
}

/// Waits until the control plane is programmed.
pub(crate) async fn opened(world: &World) {
    world
        .until_all(Kind::KonnectGatewayControlPlane, 1, object::is_programmed)
        .await;
}
