//! The custom resource definitions of the Gateway API, as data: for who checks manifests without an API server.

macro_rules! definition {
    ($kind:literal, $plural:literal) => {
        (
            $kind,
            include_str!(concat!(
                "../definitions/gateway.networking.k8s.io_",
                $plural,
                ".yaml"
            )),
        )
    };
}

/// The definitions of the experimental channel, which has all kinds and fields of the standard one, as YAML. Each stands
/// with its kind.
pub const DEFINITIONS: [(&str, &str); 10] = [
    definition!("BackendTLSPolicy", "backendtlspolicies"),
    definition!("GatewayClass", "gatewayclasses"),
    definition!("Gateway", "gateways"),
    definition!("GRPCRoute", "grpcroutes"),
    definition!("HTTPRoute", "httproutes"),
    definition!("ListenerSet", "listenersets"),
    definition!("ReferenceGrant", "referencegrants"),
    definition!("TCPRoute", "tcproutes"),
    definition!("TLSRoute", "tlsroutes"),
    definition!("UDPRoute", "udproutes"),
];
