//! What an organisation has in Konnect, and the organisation itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entity, Link, Members, Unreadable};
use crate::collection::Collection;

/// An organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its name.
    pub name: Option<String>,
    /// The id of the user who owns it.
    pub owner_id: Option<String>,
    /// The last part of the address at which its users log in.
    pub login_path: Option<String>,
    /// Whether it is active.
    pub state: Option<String>,
    /// Days for which its data is kept.
    pub retention_period_days: Option<i64>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Organisation {
    const COLLECTION: Collection = Collection::Identity;
}

/// A control plane or a group of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlPlane {
    /// Its name, unique in the organisation.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// What kind of gateways it has; chosen once.
    pub cluster_type: Option<ClusterType>,
    /// How data planes prove who they are.
    pub auth_type: Option<AuthType>,
    /// Whether Kong runs its gateways; chosen once.
    pub cloud_gateway: Option<bool>,
    /// Proxies through which data planes reach it.
    pub proxy_urls: Option<Vec<ProxyUrl>>,
    /// Where data planes find it. Konnect says so; what is set here is not sent.
    #[serde(rename = "config", skip_serializing)]
    pub endpoints: Option<Endpoints>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for ControlPlane {
    const COLLECTION: Collection = Collection::ControlPlanes;
}

/// What kind of gateways a control plane has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClusterType {
    /// Gateways that run anywhere.
    #[serde(rename = "CLUSTER_TYPE_CONTROL_PLANE")]
    ControlPlane,
    /// Gateways of an ingress controller.
    #[serde(rename = "CLUSTER_TYPE_K8S_INGRESS_CONTROLLER")]
    IngressController,
    /// A group of control planes.
    #[serde(rename = "CLUSTER_TYPE_CONTROL_PLANE_GROUP")]
    Group,
    /// Gateways that Kong runs on demand.
    #[serde(rename = "CLUSTER_TYPE_SERVERLESS")]
    Serverless,
    /// Proxies for Kafka.
    #[serde(rename = "CLUSTER_TYPE_KAFKA_NATIVE_EVENT_PROXY")]
    KafkaNativeEventProxy,
    /// Gateways that Kong runs on demand, as they were first.
    #[serde(rename = "CLUSTER_TYPE_SERVERLESS_V1")]
    ServerlessV1,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// How data planes prove who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// By a certificate that the control plane knows.
    PinnedClientCerts,
    /// By a certificate of an authority that the control plane knows.
    PkiClientCerts,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// A proxy through which data planes reach a control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyUrl {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to: `http` or `https`.
    pub protocol: String,
}

/// Where data planes find a control plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Where they get their configuration.
    pub control_plane_endpoint: Option<String>,
    /// Where they report.
    pub telemetry_endpoint: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

/// The members of a control plane group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupMembers {
    /// All of them.
    pub members: Vec<Link>,
}

impl GroupMembers {
    /// Reads the members on a page of a list, as [`Call::interpret`](crate::Call::interpret) gives it. They
    /// have no id of their own.
    pub fn read(page: &Value) -> Result<Self, Unreadable> {
        serde_path_to_error::deserialize(page).map_err(|error| Unreadable {
            collection: Self::COLLECTION,
            field: error.path().to_string(),
        })
    }
}

impl Entity for GroupMembers {
    const COLLECTION: Collection = Collection::GroupMemberships;
}
