//! Services and the routes that lead to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Entity, Link, Members};
use crate::collection::Collection;

/// What a gateway forwards requests to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Where it is: a host, an address, or the name of an upstream.
    pub host: String,
    /// Its name, unique in the control plane.
    pub name: Option<String>,
    /// How it is spoken to.
    pub protocol: Option<Protocol>,
    /// Its port.
    pub port: Option<u16>,
    /// What is put in front of the path of requests.
    pub path: Option<String>,
    /// `protocol`, `host`, `port` and `path` in one; answers do not have it.
    pub url: Option<String>,
    /// How often a request is tried again.
    pub retries: Option<u16>,
    /// Milliseconds for a connection.
    pub connect_timeout: Option<u32>,
    /// Milliseconds between two reads.
    pub read_timeout: Option<u32>,
    /// Milliseconds between two writes.
    pub write_timeout: Option<u32>,
    /// Whether it is used at all.
    pub enabled: Option<bool>,
    /// Whether its certificate is verified.
    pub tls_verify: Option<bool>,
    /// How many certificates may be above its own.
    pub tls_verify_depth: Option<u8>,
    /// Names that its certificate may have besides its host.
    pub tls_sans: Option<TlsNames>,
    /// The certificate that is shown to it.
    pub client_certificate: Option<Link>,
    /// Ids of the authorities that its certificate may be from.
    pub ca_certificates: Option<Vec<String>>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Service {
    const COLLECTION: Collection = Collection::Services;
}

/// Names in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsNames {
    /// Names of hosts.
    pub dnsnames: Option<Vec<String>>,
    /// URIs.
    pub uris: Option<Vec<String>>,
}

/// Which requests go to a service, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Its name, unique in the control plane.
    pub name: Option<String>,
    /// The service; a route without one answers from plugins.
    pub service: Option<Link>,
    /// Protocols of the requests.
    pub protocols: Option<Vec<Protocol>>,
    /// Methods of the requests.
    pub methods: Option<Vec<String>>,
    /// Hosts of the requests.
    pub hosts: Option<Vec<String>>,
    /// How the paths of the requests begin, or patterns after a `~`.
    pub paths: Option<Vec<String>>,
    /// Headers of the requests, with the values that each may have.
    pub headers: Option<BTreeMap<String, Vec<String>>>,
    /// Names that TLS connections ask for.
    pub snis: Option<Vec<String>>,
    /// Where connections come from.
    pub sources: Option<Vec<Address>>,
    /// Where connections go.
    pub destinations: Option<Vec<Address>>,
    /// The status of the answer to who uses http where https is wanted.
    pub https_redirect_status_code: Option<u16>,
    /// Which of several patterns is tried first.
    pub regex_priority: Option<i64>,
    /// Whether the path that matched is taken off.
    pub strip_path: Option<bool>,
    /// How the paths of service and request are put together.
    pub path_handling: Option<PathHandling>,
    /// Whether the service sees the host of the request.
    pub preserve_host: Option<bool>,
    /// Whether requests are read to the end before they are forwarded.
    pub request_buffering: Option<bool>,
    /// Whether answers are read to the end before they are forwarded.
    pub response_buffering: Option<bool>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub others: Members,
}

impl Entity for Route {
    const COLLECTION: Collection = Collection::Routes;
}

/// How a service is spoken to, or a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// gRPC in the clear.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// Bytes.
    Tcp,
    /// Bytes over TLS that ends here.
    Tls,
    /// Bytes over TLS that ends elsewhere.
    TlsPassthrough,
    /// Datagrams.
    Udp,
    /// WebSockets in the clear.
    Ws,
    /// WebSockets over TLS.
    Wss,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// How the paths of service and request are put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathHandling {
    /// With exactly one slash between them.
    V0,
    /// As they are.
    V1,
    /// A word that this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// An address or a network.
    pub ip: Option<String>,
    /// A port.
    pub port: Option<u16>,
}
