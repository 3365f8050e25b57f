//! What is right, put to the test by Kong's router: manifests in, requests through the model of the gateway, in both of
//! its flavours.

use gateway_translation::{KongVersion, Problem, Settings, Translation, translate};
use kong_router::{
    Answer, Config, Dialect, Flavor, Request, Router, StreamRequest, Transport, validate,
};
use serde_json::Value;

use super::golden::world;

/// Both flavours.
pub(crate) const FLAVORS: [Flavor; 2] = [Flavor::TraditionalCompatible, Flavor::Expressions];

/// A gateway that was given what manifests become.
pub(crate) struct Gateway {
    router: Router,
    /// The document.
    pub(crate) document: Value,
    /// What is wrong with the manifests.
    pub(crate) problems: Vec<Problem>,
}

/// Settings for what is right, where Gateways need not be among the manifests.
pub(crate) fn settings(flavor: Flavor) -> Settings {
    Settings {
        flavor,
        all_routes: true,
        ..Settings::right(KongVersion::new(3, 10))
    }
}

impl Gateway {
    /// With a flavour, from manifests.
    pub(crate) fn of(manifests: &str, flavor: Flavor) -> Self {
        Self::with(manifests, &settings(flavor))
    }

    /// With settings, from manifests. Kong has to accept what comes out.
    pub(crate) fn with(manifests: &str, settings: &Settings) -> Self {
        let Translation {
            document, problems, ..
        } = translate(&world(manifests), settings);
        let document = document.to_value();
        let config = Config::new(document.as_object().unwrap().clone());
        let dialect = Dialect {
            flavor: settings.flavor,
            ..Dialect::default()
        };
        let refused = validate(&config, dialect);
        assert!(refused.is_empty(), "{refused:#?}\n{document:#}");
        let router = Router::new(&config, settings.flavor);
        assert_eq!(router.unroutable(), [], "{document:#}");
        Self {
            router,
            document,
            problems,
        }
    }

    /// What a request comes to.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        self.router.answer(request)
    }

    /// The route that a request takes, which has to be the same each time.
    pub(crate) fn route(&self, method: &str, url: &str, headers: &[&str]) -> Option<String> {
        let headers: Vec<String> = headers.iter().map(|it| (*it).to_owned()).collect();
        let request = Request::typed(method, url, &headers).unwrap();
        let answer = self.answer(&request);
        assert!(!answer.nondeterministic, "{url}: {answer:?}");
        answer.route
    }

    /// The route that a connection takes.
    pub(crate) fn stream(&self, stream: Transport, port: u16, sni: Option<&str>) -> Option<String> {
        let request = StreamRequest {
            stream,
            port,
            sni: sni.map(str::to_owned),
            client: None,
        };
        self.answer(&Request::Stream(request)).route
    }

    /// Whether a problem of an object begins so.
    pub(crate) fn says(&self, object: &str, message: &str) -> bool {
        self.problems
            .iter()
            .any(|it| it.object.to_string() == object && it.message.starts_with(message))
    }
}

/// A GatewayClass of ours.
pub(crate) const CLASS: &str = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong, generation: 3}
spec: {controllerName: konghq.com/gateway-operator}";

/// A Gateway of that class with listeners, and the class.
pub(crate) fn gateway(listeners: &str) -> String {
    gateway_of(&format!("listeners: [{listeners}]"))
}

/// A Gateway of that class, and the class.
pub(crate) fn gateway_of(spec: &str) -> String {
    format!(
        "{CLASS}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw, namespace: default, generation: 5}}
spec: {{gatewayClassName: kong, {spec}}}"
    )
}

/// A Service with a port and one endpoint.
pub(crate) fn service(name: &str, port: u16) -> String {
    format!(
        "
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec: {{ports: [{{port: {port}, name: main}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: default, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
endpoints: [{{addresses: [10.0.0.1], conditions: {{ready: true}}}}]
ports: [{{name: main, port: {port}, protocol: TCP}}]"
    )
}
