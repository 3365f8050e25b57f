//! Builders of manifests that read like the sentence one would say: `service("shop").in_plane("cp")
//! .host("shop.test")`.
//!
//! Each kind has a function that gives the smallest valid object, and methods for what tests change. The
//! result is the JSON that a user would apply. Depends on the kinds only.

mod cloud;
mod consumers;

use std::marker::PhantomData;
use std::sync::Arc;

use kong_crds::Kind;
use kong_resolve::{Key, Name};
use serde_json::{Value, json};

pub use cloud::{data_planes, network};
pub use consumers::{consumer, consumer_group};

/// The namespace of everything that is not put elsewhere.
pub const NAMESPACE: &str = "shop";
/// The token of configurations that are given no other; no text that leaves the engine may hold it.
pub const TOKEN: &str = "kpat_canary_inline_7d1f";

/// A manifest of kind `K`: one of the marker types of this module.
#[derive(Debug)]
pub struct Document<K> {
    value: Value,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Document<K> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            kind: PhantomData,
        }
    }
}

macro_rules! markers {
    ($($marker:ident: $doc:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub enum $marker {}
    )*};
}
markers! {
    Auth: "A KonnectAPIAuthConfiguration.";
    Plane: "A KonnectGatewayControlPlane.";
    Service: "A KongService.";
    Route: "A KongRoute.";
    Upstream: "A KongUpstream.";
    Target: "A KongTarget.";
    Certificate: "A KongCertificate.";
    Plugin: "A KongPlugin.";
    Binding: "A KongPluginBinding.";
    Extension: "A KonnectExtension.";
    Consumer: "A KongConsumer.";
    ConsumerGroup: "A KongConsumerGroup.";
    Network: "A KonnectCloudGatewayNetwork.";
    DataPlanes: "A KonnectCloudGatewayDataPlaneGroupConfiguration.";
    Grant: "A KongReferenceGrant.";
    Secret: "A core Secret.";
}

impl<K> From<Document<K>> for Value {
    fn from(document: Document<K>) -> Self {
        document.value
    }
}

impl<K> Document<K> {
    fn new(kind: Kind, name: &str) -> Self {
        Self {
            value: json!({
                "apiVersion": kind.api_version(), "kind": kind.as_str(),
                "metadata": {"name": name, "namespace": NAMESPACE},
            }),
            kind: PhantomData,
        }
    }

    /// Sets any field, by its path: `spec.retries`.
    #[must_use]
    pub fn with(mut self, path: &str, value: impl Into<Value>) -> Self {
        let mut at = &mut self.value;
        for part in path.split('.') {
            at = &mut at[part];
        }
        *at = value.into();
        self
    }

    /// Lives in another namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        self.with("metadata.namespace", namespace)
    }

    /// Carries an annotation.
    #[must_use]
    pub fn annotated(mut self, name: &str, value: &str) -> Self {
        self.value["metadata"]["annotations"][name] = json!(value);
        self
    }

    /// Carries a label.
    #[must_use]
    pub fn labelled(mut self, name: &str, value: &str) -> Self {
        self.value["metadata"]["labels"][name] = json!(value);
        self
    }

    /// Uses plugins: names, separated by commas.
    #[must_use]
    pub fn using_plugins(self, names: &str) -> Self {
        self.annotated(kong_crds::names::PLUGINS_ANNOTATION, names)
    }

    /// Takes over the entity with this id: `match`, `override`, or without a mode.
    #[must_use]
    pub fn adopting(self, id: &str, mode: &str) -> Self {
        let mut adopt = json!({"from": "konnect", "konnect": {"id": id}});
        if !mode.is_empty() {
            adopt["mode"] = json!(mode);
        }
        self.with("spec.adopt", adopt)
    }

    /// Leaves its entity in Konnect when it goes.
    #[must_use]
    pub fn retained(self) -> Self {
        self.annotated(kong_crds::names::DELETION_POLICY_ANNOTATION, "retain")
    }

    /// Wants this done about drift.
    #[must_use]
    pub fn on_drift(self, policy: &str) -> Self {
        self.annotated(kong_crds::names::DRIFT_ANNOTATION, policy)
    }

    /// The name of the object.
    pub fn key(&self) -> Key {
        key_of(&self.value).expect("a builder gives a kind and a name")
    }

    /// The manifest.
    pub fn build(self) -> Value {
        self.value
    }
}

/// The name of the object in a document of a kind that we know.
pub fn key_of(document: &Value) -> Option<Key> {
    let kind: Kind = document["kind"].as_str()?.parse().ok()?;
    let metadata = &document["metadata"];
    key_from(
        kind,
        metadata["namespace"].as_str(),
        metadata["name"].as_str()?,
    )
}

/// The name of an object of a kind; none if the kind has namespaces and there is none.
pub(crate) fn key_from(kind: Kind, namespace: Option<&str>, name: &str) -> Option<Key> {
    let namespace = if kind.namespaced() {
        Some(Arc::from(namespace?))
    } else {
        None
    };
    let name = Arc::from(name);
    Some(Key {
        kind,
        name: Name { namespace, name },
    })
}

/// What a binding is for.
fn bound(kind: Kind, name: &str) -> Value {
    json!({"group": kind.group(), "kind": kind.as_str(), "name": name})
}

/// How objects say that they belong to a control plane.
pub(crate) fn plane_ref(name: &str) -> Value {
    json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": name}})
}

macro_rules! sentences {
    ($($marker:ident { $($(#[$doc:meta])* $method:ident($argument:ident: $type:ty) => $path:literal = $value:expr;)* })*) => {$(
        impl Document<$marker> {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(self, $argument: $type) -> Self {
                self.with($path, $value)
            }
        )*}
    )*};
}
sentences! {
    Auth {
        /// Opens with this token, written into the object.
        token(token: &str) => "spec.token" = token;
        /// Talks to this region.
        server(url: &str) => "spec.serverURL" = url;
    }
    Plane {
        /// Is called so in Konnect.
        called(name: &str) => "spec.createControlPlaneRequest.name" = name;
        /// Says what it is for.
        described(text: &str) => "spec.createControlPlaneRequest.description" = text;
        /// Uses another configuration.
        opened_by(configuration: &str) => "spec.konnect.authRef.name" = configuration;
        /// Uses a configuration of another namespace.
        opened_from(namespace: &str) => "spec.konnect.authRef.namespace" = namespace;
    }
    Service {
        /// Belongs to a control plane.
        in_plane(name: &str) => "spec.controlPlaneRef" = plane_ref(name);
        /// Is called so in Konnect.
        called(name: &str) => "spec.name" = name;
        /// Proxies to this host.
        host(host: &str) => "spec.host" = host;
        /// Asks for this id in Konnect.
        with_id(id: &str) => "spec.id" = id;
        /// Shows this certificate to its backend.
        showing(certificate: &str) => "spec.clientCertificateRef" = json!({"name": certificate});
    }
    Route {
        /// Belongs to a service.
        to_service(name: &str) => "spec.serviceRef" = json!({"type": "namespacedRef", "namespacedRef": {"name": name}});
        /// Belongs to a control plane, without a service.
        in_plane(name: &str) => "spec.controlPlaneRef" = plane_ref(name);
        /// Is called so in Konnect.
        called(name: &str) => "spec.name" = name;
        /// Matches this path.
        path(path: &str) => "spec.paths" = json!([path]);
    }
    Upstream {
        /// Belongs to a control plane.
        in_plane(name: &str) => "spec.controlPlaneRef" = plane_ref(name);
        /// Is called so in Konnect.
        called(name: &str) => "spec.name" = name;
        /// Balances so.
        algorithm(algorithm: &str) => "spec.algorithm" = algorithm;
        /// Shows this certificate to its targets.
        showing(certificate: &str) => "spec.clientCertificateRef" = json!({"name": certificate});
    }
    Target {
        /// Belongs to an upstream.
        of_upstream(name: &str) => "spec.upstreamRef" = json!({"name": name});
        /// Is at this address.
        at(address: &str) => "spec.target" = address;
        /// Takes this share of the traffic.
        weighing(weight: u32) => "spec.weight" = weight;
    }
    Certificate {
        /// Belongs to a control plane.
        in_plane(name: &str) => "spec.controlPlaneRef" = plane_ref(name);
        /// Takes certificate and key from a Secret.
        from_secret(name: &str) => "spec.secretRef.name" = name;
        /// That Secret is in another namespace.
        of_namespace(namespace: &str) => "spec.secretRef.namespace" = namespace;
    }
    Binding {
        /// Is for a service.
        to_service(name: &str) => "spec.targets.serviceRef" = bound(Kind::KongService, name);
        /// Is for a route.
        to_route(name: &str) => "spec.targets.routeRef" = bound(Kind::KongRoute, name);
        /// Is for a consumer.
        to_consumer(name: &str) => "spec.targets.consumerRef" = json!({"name": name});
    }
    Extension {
        /// Belongs to a control plane, or to a group of them.
        in_plane(name: &str) => "spec.konnect.controlPlane.ref" = plane_ref(name);
    }
    Consumer {
        /// Is in these groups.
        in_groups(names: &[&str]) => "consumerGroups" = json!(names);
    }
    DataPlanes {
        /// Belong to a control plane.
        in_plane(name: &str) => "spec.controlPlaneRef" = plane_ref(name);
    }
    Plugin {
        /// Is configured so.
        configured(config: Value) => "config" = config;
    }
}

/// Credentials with [`TOKEN`] in them, for the region `us`.
pub fn auth(name: &str) -> Document<Auth> {
    Document::<Auth>::new(Kind::KonnectAPIAuthConfiguration, name).with(
        "spec",
        json!({"type": "token", "token": TOKEN, "serverURL": "us.api.konghq.com"}),
    )
}

/// Credentials from a Secret.
pub fn auth_from_secret(name: &str, secret: &str) -> Document<Auth> {
    Document::<Auth>::new(Kind::KonnectAPIAuthConfiguration, name).with(
        "spec",
        json!({
            "type": "secretRef", "secretRef": {"name": secret}, "serverURL": "us.api.konghq.com",
        }),
    )
}

/// A control plane opened by the configuration "auth" that is called in Konnect as here.
pub fn plane(name: &str) -> Document<Plane> {
    Document::<Plane>::new(Kind::KonnectGatewayControlPlane, name).with(
        "spec",
        json!({
            "createControlPlaneRequest": {"name": name}, "konnect": {"authRef": {"name": "auth"}},
        }),
    )
}

/// A control plane group of these control planes.
pub fn group(name: &str, members: &[&str]) -> Document<Plane> {
    let members: Vec<Value> = members.iter().map(|name| json!({"name": name})).collect();
    plane(name)
        .with(
            "spec.createControlPlaneRequest.cluster_type",
            "CLUSTER_TYPE_CONTROL_PLANE_GROUP",
        )
        .with("spec.members", members)
}

/// A control plane that somebody else made and that is only read.
pub fn mirror(name: &str, id: &str) -> Document<Plane> {
    Document::<Plane>::new(Kind::KonnectGatewayControlPlane, name).with(
        "spec",
        json!({
            "source": "Mirror", "mirror": {"konnect": {"id": id}},
            "konnect": {"authRef": {"name": "auth"}},
        }),
    )
}

/// A service in the control plane "cp", called in Konnect as here.
pub fn service(name: &str) -> Document<Service> {
    let host = format!("{name}.test");
    Document::<Service>::new(Kind::KongService, name)
        .with("spec", json!({"name": name, "host": host}))
        .in_plane("cp")
}

/// A route of a service of the same name.
pub fn route(name: &str) -> Document<Route> {
    let path = format!("/{name}");
    Document::<Route>::new(Kind::KongRoute, name)
        .with("spec", json!({"name": name, "paths": [path]}))
        .to_service(name)
}

/// A route of the control plane "cp" without a service.
pub fn route_without_service(name: &str) -> Document<Route> {
    let path = format!("/{name}");
    Document::<Route>::new(Kind::KongRoute, name)
        .with("spec", json!({"name": name, "paths": [path]}))
        .in_plane("cp")
}

/// An upstream in the control plane "cp", called in Konnect as here.
pub fn upstream(name: &str) -> Document<Upstream> {
    Document::<Upstream>::new(Kind::KongUpstream, name)
        .with("spec", json!({"name": name}))
        .in_plane("cp")
}

/// A target of an upstream.
pub fn target(name: &str, upstream: &str, address: &str) -> Document<Target> {
    Document::<Target>::new(Kind::KongTarget, name).with(
        "spec",
        json!({"upstreamRef": {"name": upstream}, "target": address, "weight": 100}),
    )
}

/// A certificate in the control plane "cp" with its key in the object; `mark` tells keys apart.
pub fn certificate(name: &str, mark: &str) -> Document<Certificate> {
    let (cert, key) = pair(mark);
    Document::<Certificate>::new(Kind::KongCertificate, name)
        .with("spec", json!({"type": "inline", "cert": cert, "key": key}))
        .in_plane("cp")
}

/// A certificate in the control plane "cp" from a Secret of its namespace.
pub fn certificate_from(name: &str, secret: &str) -> Document<Certificate> {
    Document::<Certificate>::new(Kind::KongCertificate, name)
        .with(
            "spec",
            json!({"type": "secretRef", "secretRef": {"name": secret}}),
        )
        .in_plane("cp")
}

/// What data planes of the control plane "cp" need, with a certificate that is made.
pub fn extension(name: &str) -> Document<Extension> {
    Document::<Extension>::new(Kind::KonnectExtension, name).in_plane("cp")
}

/// What data planes of the control plane "cp" need, with the certificate in a Secret.
pub fn extension_from(name: &str, secret: &str) -> Document<Extension> {
    extension(name).with(
        "spec.clientAuth.certificateSecret",
        json!({"provisioning": "Manual", "secretRef": {"name": secret}}),
    )
}

/// A plugin of the sort `rate-limiting`.
pub fn plugin(name: &str) -> Document<Plugin> {
    Document::<Plugin>::new(Kind::KongPlugin, name)
        .with("plugin", "rate-limiting")
        .with("config", json!({"minute": 5}))
}

/// A plugin whose configuration is in a Secret.
pub fn plugin_from(name: &str, secret: &str) -> Document<Plugin> {
    Document::<Plugin>::new(Kind::KongPlugin, name)
        .with("plugin", "rate-limiting")
        .with(
            "configFrom",
            json!({"secretKeyRef": {"name": secret, "key": "config"}}),
        )
}

/// A plugin for whatever the binding names, in the control plane "cp".
pub fn plugin_binding(name: &str, plugin: &str) -> Document<Binding> {
    Document::<Binding>::new(Kind::KongPluginBinding, name).with(
        "spec",
        json!({"controlPlaneRef": plane_ref("cp"), "pluginRef": {"name": plugin}}),
    )
}

/// In `namespace`, a grant for objects of a kind in [`NAMESPACE`] to refer to objects of another kind.
pub fn grant(name: &str, namespace: &str, from: Kind, to: Kind) -> Document<Grant> {
    let group = |kind: Kind| match kind.group() {
        "" => "core",
        group => group,
    };
    Document::<Grant>::new(Kind::KongReferenceGrant, name)
        .in_namespace(namespace)
        .with(
            "spec",
            json!({
                "from": [{"group": group(from), "kind": from.as_str(), "namespace": NAMESPACE}],
                "to": [{"group": group(to), "kind": to.as_str()}],
            }),
        )
}

/// A Secret with a token of Konnect.
pub fn token_secret(name: &str, token: &str) -> Document<Secret> {
    for_kong(name)
        .labelled(kong_crds::names::CREDENTIAL_LABEL, "konnect")
        .with("stringData", json!({"token": token}))
}

/// A Secret with a certificate and its key; `mark` tells keys apart.
pub fn tls_secret(name: &str, mark: &str) -> Document<Secret> {
    let (cert, key) = pair(mark);
    for_kong(name).with("stringData", json!({"tls.crt": cert, "tls.key": key}))
}

/// A Secret with the configuration of a plugin.
pub fn config_secret(name: &str, config: &Value) -> Document<Secret> {
    for_kong(name).with("stringData", json!({"config": config.to_string()}))
}

/// A Secret with the label without which it counts as not there.
fn for_kong(name: &str) -> Document<Secret> {
    Document::<Secret>::new(Kind::Secret, name).labelled(kong_crds::names::SECRET_LABEL, "true")
}

/// Every private key that builders make has this in it, and every one that is made in a simulation.
pub use kong_driver::KEY_CANARY;

/// A certificate and its key; `mark` tells them apart.
pub fn pair(mark: &str) -> (String, String) {
    let pem = |what: &str, content: String| {
        format!("-----BEGIN {what}-----\n{content}\n-----END {what}-----\n")
    };
    (
        pem("CERTIFICATE", format!("certificate-{mark}")),
        pem("PRIVATE KEY", format!("{KEY_CANARY}-{mark}")),
    )
}
