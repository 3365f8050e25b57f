//! IngressClassParameters: how the Ingresses of a class are taken.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// How the Ingresses of a class are taken: an IngressClass names it as its parameters.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "schema"), kube(schema = "disabled"))]
#[kube(
    group = "configuration.konghq.com",
    version = "v1alpha1",
    kind = "IngressClassParameters",
    plural = "ingressclassparameterses",
    namespaced,
    derive = "PartialEq",
    doc = "How the Ingresses of a class are taken: an IngressClass names it as its parameters.",
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct IngressClassParametersSpec {
    /// Whether paths with characters of regular expressions are taken for such without a marker.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub enable_legacy_regex_detection: Option<bool>,
    /// Whether requests go to Services instead of their pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub service_upstream: Option<bool>,
}
