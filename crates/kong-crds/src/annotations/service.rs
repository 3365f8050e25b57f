//! Annotations of Services, which are backends, and of KongServiceFacades.

use super::{Annotation, Protocol, values};

/// Protocol of the Kong service. By default that of the routes.
pub const PROTOCOL: Annotation<Protocol> = Annotation::new("konghq.com/protocol", values::protocol);
/// What is put before the paths of requests.
pub const PATH: Annotation<String> = Annotation::new("konghq.com/path", values::path);
/// Milliseconds to wait for a connection. By default 60,000.
pub const CONNECT_TIMEOUT: Annotation<i64> =
    Annotation::new("konghq.com/connect-timeout", values::milliseconds);
/// Milliseconds to wait between two reads. By default 60,000.
pub const READ_TIMEOUT: Annotation<i64> =
    Annotation::new("konghq.com/read-timeout", values::milliseconds);
/// Milliseconds to wait between two writes. By default 60,000.
pub const WRITE_TIMEOUT: Annotation<i64> =
    Annotation::new("konghq.com/write-timeout", values::milliseconds);
/// How often a request is tried again that met no backend. By default 5 times.
pub const RETRIES: Annotation<i64> = Annotation::new("konghq.com/retries", values::retries);
/// Whether the certificate of the backend is verified.
pub const TLS_VERIFY: Annotation<bool> = Annotation::new("konghq.com/tls-verify", values::flag);
/// How long the chain of that certificate may be.
pub const TLS_VERIFY_DEPTH: Annotation<i64> =
    Annotation::new("konghq.com/tls-verify-depth", values::tls_verify_depth);
/// Secrets of the same namespace with authorities that may have signed it.
pub const CA_CERTIFICATES_SECRETS: Annotation<Vec<String>> =
    Annotation::new("konghq.com/ca-certificates-secrets", values::list);
/// ConfigMaps of the same namespace with authorities that may have signed it.
pub const CA_CERTIFICATES_CONFIG_MAPS: Annotation<Vec<String>> =
    Annotation::new("konghq.com/ca-certificates-configmaps", values::list);
/// The Secret of the same namespace with the certificate that is shown to the backend.
pub const CLIENT_CERTIFICATE: Annotation<String> =
    Annotation::new("konghq.com/client-cert", values::name);
/// Host header of requests to the backend.
pub const HOST_HEADER: Annotation<String> =
    Annotation::new("konghq.com/host-header", values::host_header);
/// The KongUpstreamPolicy of the same namespace.
pub const UPSTREAM_POLICY: Annotation<String> =
    Annotation::new("konghq.com/upstream-policy", values::name);
/// Whether requests go to the Service instead of its pods.
pub const SERVICE_UPSTREAM: Annotation<bool> =
    Annotation::new("ingress.kubernetes.io/service-upstream", values::flag);
/// A KongIngress, which is no more. Has no effect; users are told.
pub const OVERRIDE: Annotation<String> = Annotation::new("konghq.com/override", values::any_text);
