//! KonnectGatewayControlPlane: v1alpha1 has the fields of the control plane to make directly under
//! `spec`, v1alpha2 has them in `spec.createControlPlaneRequest`. All else is the same.

use serde_json::{Map, Value};

/// The fields that move.
const REQUEST_FIELDS: [&str; 7] = [
    "auth_type",
    "cloud_gateway",
    "cluster_type",
    "description",
    "labels",
    "name",
    "proxy_urls",
];
const REQUEST: &str = "createControlPlaneRequest";

/// Gathers the fields of the control plane to make. The spec, which v1alpha1 may lack, is required.
pub(super) fn to_v1alpha2(document: &mut Value) {
    set_version(document, "v1alpha2");
    let Some(document) = document.as_object_mut() else {
        return;
    };
    let spec = document.entry("spec").or_insert_with(|| Map::new().into());
    let Some(spec) = spec.as_object_mut() else {
        return;
    };
    let request: Map<String, Value> = REQUEST_FIELDS
        .iter()
        .filter_map(|field| spec.remove_entry(*field))
        .collect();
    if !request.is_empty() {
        spec.insert(REQUEST.to_owned(), request.into());
    }
}

/// Spreads the fields of the control plane to make, and drops the field that v1alpha1 has not.
pub(super) fn to_v1alpha1(document: &mut Value) {
    set_version(document, "v1alpha1");
    if let Some(status) = document.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("clusterType");
    }
    let Some(spec) = document.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Object(request)) = spec.remove(REQUEST) {
        spec.extend(
            request
                .into_iter()
                .filter(|(field, _)| REQUEST_FIELDS.contains(&field.as_str())),
        );
    }
}

fn set_version(document: &mut Value, version: &str) {
    document["apiVersion"] = format!("konnect.konghq.com/{version}").into();
}
