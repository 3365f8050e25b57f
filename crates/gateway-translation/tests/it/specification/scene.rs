//! What a test plays through: Gateways with listeners, and routes of three kinds, in plain words; and the manifests of
//! that.

use std::fmt;

use serde_json::{Value, json};

/// The namespaces that there are. The second lets routes of the first refer to its Services, not the other way round.
pub(super) const NAMESPACES: [&str; 2] = ["default", "other"];
/// The Services of each namespace: one endpoint, three endpoints, none.
pub(super) const SERVICES: [(&str, usize); 3] = [("one", 1), ("three", 3), ("empty", 0)];
/// The port of all Services.
pub(super) const SERVICE_PORT: u16 = 80;

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) gateways: Vec<Gateway>,
    pub(super) routes: Vec<Route>,
}

/// A Gateway.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    /// Whether its class is that of the controller.
    pub(super) ours: bool,
    pub(super) listeners: Vec<Listener>,
}

/// How clients speak to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Https,
    Tls,
}

/// A listener.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) name: &'static str,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) hostname: Option<&'static str>,
    /// Whether it takes routes from everywhere, or from its own namespace.
    pub(super) everywhere: bool,
    /// The only kind that it takes, if it is picky.
    pub(super) only: Option<Kind>,
}

/// A kind of route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Grpc,
    Tls,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::Tls => "TLSRoute",
        }
    }
}

/// A route.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) kind: Kind,
    pub(super) namespace: &'static str,
    pub(super) name: String,
    /// The day of its creation.
    pub(super) day: u8,
    pub(super) parents: Vec<Parent>,
    pub(super) hostnames: Vec<&'static str>,
    pub(super) rules: Vec<Rule>,
}

impl Route {
    /// As problems name it.
    pub(super) fn key(&self) -> String {
        format!("{} {}/{}", self.kind.name(), self.namespace, self.name)
    }
}

/// A parentRef.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) namespace: Option<&'static str>,
    pub(super) name: &'static str,
    pub(super) section: Option<&'static str>,
    pub(super) port: Option<u16>,
}

/// A rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    pub(super) matches: Vec<Match>,
    pub(super) filter: Option<Filter>,
    pub(super) backends: Vec<Backend>,
}

/// How a path is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathKind {
    Exact,
    Prefix,
    Regex,
}

/// A match of a rule. Only one of path and call is there, by the kind of the route.
#[derive(Clone, Debug, Default)]
pub(super) struct Match {
    pub(super) path: Option<(PathKind, &'static str)>,
    pub(super) call: Option<Call>,
    pub(super) method: Option<&'static str>,
    pub(super) headers: Vec<Named>,
    pub(super) queries: Vec<Named>,
}

/// A call of gRPC.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) regex: bool,
    pub(super) service: Option<&'static str>,
    pub(super) method: Option<&'static str>,
}

/// A header or a query parameter with its value.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) regex: bool,
    pub(super) name: String,
    pub(super) value: &'static str,
}

/// What becomes of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum NewPath {
    Full(&'static str),
    Prefix(&'static str),
}

/// A filter.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Redirect {
        scheme: Option<&'static str>,
        hostname: Option<&'static str>,
        port: Option<u16>,
        path: Option<NewPath>,
        status: Option<u16>,
    },
    Rewrite {
        hostname: Option<&'static str>,
        path: Option<NewPath>,
    },
}

/// A backend.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pub(super) namespace: Option<&'static str>,
    pub(super) name: &'static str,
    pub(super) port: u16,
    pub(super) weight: Option<u32>,
}

/// An object without the members that are not there.
fn filled(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}

impl Scene {
    /// The manifests.
    pub(super) fn manifests(&self) -> Vec<Value> {
        let gateway_api = "gateway.networking.k8s.io/v1";
        let froms = [Kind::Http, Kind::Grpc, Kind::Tls].map(|kind| {
            json!({"group": "gateway.networking.k8s.io", "kind": kind.name(), "namespace": NAMESPACES[0]})
        });
        let mut all = vec![
            json!({"apiVersion": gateway_api, "kind": "GatewayClass", "metadata": {"name": "kong"},
                "spec": {"controllerName": "konghq.com/gateway-operator"}}),
            json!({"apiVersion": gateway_api, "kind": "GatewayClass", "metadata": {"name": "foreign"},
                "spec": {"controllerName": "example.com/another"}}),
            json!({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
                "metadata": {"name": "grant", "namespace": NAMESPACES[1]},
                "spec": {"from": froms, "to": [{"group": "", "kind": "Service"}]}}),
        ];
        for namespace in NAMESPACES {
            for (name, endpoints) in SERVICES {
                all.push(json!({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {"ports": [{"name": "main", "port": SERVICE_PORT}]}}));
                let endpoints: Vec<Value> = (0..endpoints)
                    .map(|number| json!({"addresses": [address(namespace, name, number)], "conditions": {"ready": true}}))
                    .collect();
                all.push(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                    "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
                    "addressType": "IPv4", "endpoints": endpoints,
                    "ports": [{"name": "main", "port": 8080, "protocol": "TCP"}]}));
            }
        }
        all.extend(self.gateways.iter().map(Gateway::manifest));
        all.extend(self.routes.iter().map(Route::manifest));
        all
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for manifest in self
            .gateways
            .iter()
            .map(Gateway::manifest)
            .chain(self.routes.iter().map(Route::manifest))
        {
            writeln!(f, "{manifest}")?;
        }
        Ok(())
    }
}

/// The address of an endpoint of a Service.
pub(super) fn address(namespace: &str, service: &str, number: usize) -> String {
    let place = |all: &[&str], one: &str| all.iter().position(|it| *it == one).unwrap_or_default();
    let services = SERVICES.map(|(name, _)| name);
    format!(
        "10.{}.{}.{number}",
        place(&NAMESPACES, namespace),
        place(&services, service)
    )
}

impl Gateway {
    fn manifest(&self) -> Value {
        let listeners: Vec<Value> = self.listeners.iter().map(Listener::manifest).collect();
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"gatewayClassName": if self.ours { "kong" } else { "foreign" }, "listeners": listeners}})
    }
}

impl Listener {
    fn manifest(&self) -> Value {
        let protocol = match self.protocol {
            Protocol::Http => "HTTP",
            Protocol::Https => "HTTPS",
            Protocol::Tls => "TLS",
        };
        let kinds = self.only.map(|kind| json!([{"kind": kind.name()}]));
        let from = if self.everywhere { "All" } else { "Same" };
        filled(
            json!({"name": self.name, "port": self.port, "protocol": protocol, "hostname": self.hostname,
            "tls": (self.protocol == Protocol::Tls).then(|| json!({"mode": "Passthrough"})),
            "allowedRoutes": filled(json!({"namespaces": {"from": from}, "kinds": kinds}))}),
        )
    }
}

impl Route {
    fn manifest(&self) -> Value {
        let parents: Vec<Value> = self
            .parents
            .iter()
            .map(|it| {
                filled(json!({"namespace": it.namespace, "name": it.name, "sectionName": it.section, "port": it.port}))
            })
            .collect();
        let rules: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| rule.manifest(self.kind))
            .collect();
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": self.kind.name(),
            "metadata": {"name": self.name, "namespace": self.namespace,
                "creationTimestamp": format!("2026-01-{:02}T00:00:00Z", self.day)},
            "spec": {"parentRefs": parents, "hostnames": self.hostnames, "rules": rules}})
    }
}

impl Rule {
    fn manifest(&self, kind: Kind) -> Value {
        let backends: Vec<Value> = self
            .backends
            .iter()
            .map(|it| filled(json!({"namespace": it.namespace, "name": it.name, "port": it.port, "weight": it.weight})))
            .collect();
        if kind == Kind::Tls {
            return json!({"backendRefs": backends});
        }
        let matches: Vec<Value> = self.matches.iter().map(Match::manifest).collect();
        let filters: Vec<Value> = self.filter.iter().map(Filter::manifest).collect();
        json!({"matches": matches, "filters": filters, "backendRefs": backends})
    }
}

impl Match {
    fn manifest(&self) -> Value {
        let path = self.path.map(|(kind, value)| {
            let kind = match kind {
                PathKind::Exact => "Exact",
                PathKind::Prefix => "PathPrefix",
                PathKind::Regex => "RegularExpression",
            };
            json!({"type": kind, "value": value})
        });
        let of_call = |call: &Call| {
            filled(
                json!({"type": kind_of(call.regex), "service": call.service, "method": call.method}),
            )
        };
        let method = self
            .call
            .as_ref()
            .map(of_call)
            .or_else(|| self.method.map(Value::from));
        let named = |all: &[Named]| -> Value {
            let one =
                |it: &Named| json!({"type": kind_of(it.regex), "name": it.name, "value": it.value});
            all.iter().map(one).collect()
        };
        let mut it =
            filled(json!({"path": path, "method": method, "headers": named(&self.headers)}));
        if !self.queries.is_empty() {
            it["queryParams"] = named(&self.queries);
        }
        it
    }
}

fn kind_of(regex: bool) -> &'static str {
    if regex { "RegularExpression" } else { "Exact" }
}

impl Filter {
    fn manifest(&self) -> Value {
        let new = |path: &NewPath| match path {
            NewPath::Full(path) => json!({"type": "ReplaceFullPath", "replaceFullPath": path}),
            NewPath::Prefix(path) => {
                json!({"type": "ReplacePrefixMatch", "replacePrefixMatch": path})
            }
        };
        match self {
            Self::Redirect {
                scheme,
                hostname,
                port,
                path,
                status,
            } => {
                let asked = filled(json!({"scheme": scheme, "hostname": hostname, "port": port,
                    "path": path.as_ref().map(new), "statusCode": status}));
                json!({"type": "RequestRedirect", "requestRedirect": asked})
            }
            Self::Rewrite { hostname, path } => {
                let asked = filled(json!({"hostname": hostname, "path": path.as_ref().map(new)}));
                json!({"type": "URLRewrite", "urlRewrite": asked})
            }
        }
    }
}
