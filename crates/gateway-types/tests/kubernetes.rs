//! Kinds of Kubernetes are read as API servers and people write them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use gateway_types::{
    IntOrString,
    kubernetes::{
        AddressFamily, ConfigMap, EndpointConditions, EndpointSlice, Ingress, IngressClass,
        IngressStatus, LoadBalancerIngress, LoadBalancerStatus, Namespace, PathType, Service,
        ServiceType,
    },
};
use k8s_openapi::api::{
    core::v1 as core, discovery::v1 as discovery, networking::v1 as networking,
};
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads a document, once it is certain that Kubernetes' own type reads it, too.
fn read<Theirs: DeserializeOwned, Ours: DeserializeOwned>(document: &Value) -> Ours {
    serde_json::from_value::<Theirs>(document.clone()).unwrap();
    serde_json::from_value(document.clone()).unwrap()
}

#[test]
fn a_service_has_its_ports_and_its_points_of_entry() {
    let service: Service = read::<core::Service, _>(&json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "shop", "creationTimestamp": null},
        "spec": {
            "type": "LoadBalancer", "clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"],
            "ports": [
                {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP", "nodePort": 30080},
                {"name": "grpc", "port": 81, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
            ],
            "selector": {"app": "shop"}, "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}},
    }));
    assert_eq!(service.metadata.name.as_deref(), Some("shop"));
    assert_eq!(service.spec.type_, Some(ServiceType::LoadBalancer));
    assert_eq!(service.spec.cluster_ip.as_deref(), Some("10.0.0.7"));
    assert_eq!(service.spec.cluster_ips, ["10.0.0.7"]);
    let targets: Vec<_> = service
        .spec
        .ports
        .iter()
        .map(|it| it.target_port.clone())
        .collect();
    let expected = [
        IntOrString::Int(8080),
        IntOrString::String("grpc".to_owned()),
    ];
    assert_eq!(targets, expected.map(Some));
    assert_eq!(service.spec.ports[0].node_port, Some(30080));
    assert_eq!(
        service.spec.ports[1].app_protocol.as_deref(),
        Some("kubernetes.io/h2c")
    );
    let balancer = service.status.unwrap().load_balancer.unwrap();
    assert_eq!(balancer.ingress[0].ip.as_deref(), Some("192.0.2.1"));
}

#[test]
fn a_service_may_say_next_to_nothing() {
    let headless = json!({"metadata": {"name": "a"}, "spec": {"clusterIP": "None", "ports": null}});
    let service: Service = read::<core::Service, _>(&headless);
    assert_eq!(
        (service.spec.cluster_ip.as_deref(), service.spec.ports.len()),
        (Some("None"), 0)
    );
    let elsewhere = json!({"spec": {"type": "ExternalName", "externalName": "shop.example.com"}});
    let service: Service = read::<core::Service, _>(&elsewhere);
    assert_eq!(
        service.spec.external_name.as_deref(),
        Some("shop.example.com")
    );
    assert_eq!(
        read::<core::Service, Service>(&json!({})),
        Service::default()
    );
}

#[test]
fn an_endpoint_that_says_nothing_of_itself_is_not_one_that_is_not_ready() {
    let slice: EndpointSlice = read::<discovery::EndpointSlice, _>(&json!({
        "metadata": {"name": "shop-1", "labels": {"kubernetes.io/service-name": "shop"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": [
            {"addresses": ["10.1.0.1"], "conditions": {"ready": false, "serving": true, "terminating": true},
                "targetRef": {"kind": "Pod", "name": "shop-1"}},
            {"addresses": ["10.1.0.2"], "conditions": {}, "nodeName": "one", "zone": "a"},
            {"addresses": ["10.1.0.3"]},
        ],
    }));
    assert_eq!(slice.spec.address_type, Some(AddressFamily::IPv4));
    assert_eq!(slice.spec.ports[0].port, Some(8080));
    let conditions: Vec<_> = slice
        .spec
        .endpoints
        .iter()
        .map(|it| it.conditions.clone())
        .collect();
    let ending = EndpointConditions {
        ready: Some(false),
        serving: Some(true),
        terminating: Some(true),
    };
    assert_eq!(
        conditions,
        [Some(ending), Some(EndpointConditions::default()), None]
    );
}

#[test]
fn an_ingress_has_its_rules_and_its_certificates() {
    let ingress: Ingress = read::<networking::Ingress, _>(&json!({
        "metadata": {"name": "shop"},
        "spec": {
            "ingressClassName": "kong",
            "defaultBackend": {"service": {"name": "fallback", "port": {"name": "http"}}},
            "tls": [{"hosts": ["shop.example.com"], "secretName": "shop"}, {}],
            "rules": [
                {"host": "shop.example.com", "http": {"paths": [
                    {"path": "/cart", "pathType": "Prefix",
                        "backend": {"service": {"name": "cart", "port": {"number": 80}}}},
                    {"pathType": "ImplementationSpecific", "backend": {"resource": {
                        "apiGroup": "incubator.ingress-controller.konghq.com",
                        "kind": "KongServiceFacade", "name": "cart"}}},
                ]}},
                {},
            ],
        },
    }));
    let spec = &ingress.spec;
    assert_eq!(spec.ingress_class_name.as_deref(), Some("kong"));
    let fallback = spec
        .default_backend
        .as_ref()
        .unwrap()
        .service
        .as_ref()
        .unwrap();
    assert_eq!(
        fallback.port.as_ref().unwrap().name.as_deref(),
        Some("http")
    );
    assert_eq!(spec.tls[0].secret_name.as_deref(), Some("shop"));
    let paths = &spec.rules[0].http.as_ref().unwrap().paths;
    assert_eq!(paths[0].path_type, Some(PathType::Prefix));
    let service = paths[0].backend.service.as_ref().unwrap();
    assert_eq!(service.port.as_ref().unwrap().number, Some(80));
    assert_eq!(
        paths[1].backend.resource.as_ref().unwrap().kind,
        "KongServiceFacade"
    );
    assert_eq!(spec.rules[1].http, None);
}

#[test]
fn the_status_of_an_ingress_is_written_as_kubernetes_reads_it() {
    let status = IngressStatus {
        load_balancer: Some(LoadBalancerStatus {
            ingress: vec![LoadBalancerIngress {
                hostname: Some("lb.example.com".to_owned()),
                ..LoadBalancerIngress::default()
            }],
        }),
    };
    let written = serde_json::to_value(&status).unwrap();
    assert_eq!(
        written,
        json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}})
    );
    assert_eq!(
        read::<networking::IngressStatus, IngressStatus>(&written),
        status
    );
}

#[test]
fn a_class_names_its_controller_and_its_parameters() {
    let class: IngressClass = read::<networking::IngressClass, _>(&json!({
        "metadata": {"name": "kong"},
        "spec": {"controller": "ingress-controllers.konghq.com/kong", "parameters": {
            "apiGroup": "configuration.konghq.com", "kind": "IngressClassParameters",
            "name": "legacy", "namespace": "kong", "scope": "Namespace"}},
    }));
    assert_eq!(
        class.spec.controller.as_deref(),
        Some("ingress-controllers.konghq.com/kong")
    );
    let parameters = class.spec.parameters.unwrap();
    assert_eq!(parameters.scope.as_deref(), Some("Namespace"));
    assert_eq!(parameters.namespace.as_deref(), Some("kong"));
}

#[test]
fn texts_of_a_config_map_and_labels_of_a_namespace_are_read() {
    let map: ConfigMap = read::<core::ConfigMap, _>(&json!({
        "metadata": {"name": "authority"}, "data": {"ca.crt": "PEM"}, "binaryData": {"a": "AA=="},
    }));
    assert_eq!(map.spec.data["ca.crt"], "PEM");
    let empty: ConfigMap = read::<core::ConfigMap, _>(&json!({"data": null}));
    assert!(empty.spec.data.is_empty());
    let namespace: Namespace = read::<core::Namespace, _>(&json!({
        "metadata": {"name": "shop", "labels": {"team": "a"}}, "spec": {"finalizers": []},
    }));
    assert_eq!(namespace.metadata.labels.unwrap()["team"], "a");
}

#[test]
fn a_kind_is_called_as_in_kubernetes() {
    fn names<K: Resource<DynamicType = ()>>() -> (String, String) {
        (
            K::api_version(&()).into_owned(),
            K::plural(&()).into_owned(),
        )
    }
    let found = [
        names::<Service>(),
        names::<EndpointSlice>(),
        names::<ConfigMap>(),
        names::<Namespace>(),
        names::<IngressClass>(),
        names::<Ingress>(),
    ];
    let expected = [
        ("v1", "services"),
        ("discovery.k8s.io/v1", "endpointslices"),
        ("v1", "configmaps"),
        ("v1", "namespaces"),
        ("networking.k8s.io/v1", "ingressclasses"),
        ("networking.k8s.io/v1", "ingresses"),
    ];
    assert_eq!(
        found,
        expected.map(|(version, plural)| (version.to_owned(), plural.to_owned()))
    );
}
