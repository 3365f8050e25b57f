//! Who asks.

use kong_crds::Kind;
use serde_json::json;

use super::{Consumer, ConsumerGroup, Document, plane_ref};

/// A consumer of the control plane "cp" that is called so in Konnect as well.
pub fn consumer(name: &str) -> Document<Consumer> {
    Document::<Consumer>::new(Kind::KongConsumer, name)
        .with("username", json!(name))
        .with("spec", json!({"controlPlaneRef": plane_ref("cp")}))
}

/// A group of consumers of the control plane "cp" that is called so in Konnect as well.
pub fn consumer_group(name: &str) -> Document<ConsumerGroup> {
    Document::<ConsumerGroup>::new(Kind::KongConsumerGroup, name).with(
        "spec",
        json!({"name": name, "controlPlaneRef": plane_ref("cp")}),
    )
}
