//! Kong Gateway and Konnect from Kubernetes manifests: command line and operator.
fn main() {}
