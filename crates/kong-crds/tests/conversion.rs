//! KonnectGatewayControlPlanes between v1alpha1 and v1alpha2: there and back again, whatever they
//! hold.

use kong_crds::{ConversionError, Kind, convert, names::CONVERSION_DATA_ANNOTATION, read};
use proptest::{option, prelude::*};
use serde_json::{Map, Value, json};

const OLD: &str = "v1alpha1";
const NEW: &str = "v1alpha2";

fn document(version: &str, fields: Value) -> Value {
    let mut document = json!({
        "apiVersion": format!("konnect.konghq.com/{version}"),
        "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "production", "namespace": "kong", "uid": "5b2c"},
    });
    if let (Some(document), Value::Object(fields)) = (document.as_object_mut(), fields) {
        document.extend(fields);
    }
    document
}

fn converted(document: &Value, version: &str) -> Value {
    convert(document.clone(), version).expect("both versions are served")
}

fn annotation(document: &Value) -> Option<&Value> {
    document["metadata"]["annotations"].get(CONVERSION_DATA_ANNOTATION)
}

fn full(version: &str) -> Value {
    let request = json!({
        "name": "production", "description": "of the shop", "labels": {"team": "shop"},
        "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE", "auth_type": "pki_client_certs",
        "cloud_gateway": false,
        "proxy_urls": [{"host": "shop.example.com", "port": 443, "protocol": "https"}],
    });
    let mut spec = json!({
        "source": "Origin", "members": [{"name": "one"}],
        "konnect": {"authRef": {"name": "account", "namespace": "accounts"}},
    });
    if version == NEW {
        spec["createControlPlaneRequest"] = request;
    } else if let (Some(spec), Value::Object(request)) = (spec.as_object_mut(), request) {
        spec.extend(request);
    }
    document(
        version,
        json!({"spec": spec, "status": {"id": "1", "conditions": []}}),
    )
}

#[test]
fn the_fields_to_create_move_and_the_namespace_of_the_account_stays() {
    assert_eq!(converted(&full(OLD), NEW), full(NEW));
    assert_eq!(converted(&full(NEW), OLD), full(OLD));
}

#[test]
fn a_field_without_a_place_is_kept_in_an_annotation_until_it_returns() {
    let mut new = full(NEW);
    new["status"]["clusterType"] = "CLUSTER_TYPE_CONTROL_PLANE".into();
    let old = converted(&new, OLD);
    assert_eq!(old["status"].get("clusterType"), None);
    assert!(annotation(&old).is_some());
    assert_eq!(converted(&old, NEW), new);
}

#[test]
fn edits_of_the_other_version_stay() {
    let mut new = full(NEW);
    new["status"]["clusterType"] = "CLUSTER_TYPE_CONTROL_PLANE".into();
    let mut old = converted(&new, OLD);
    old["spec"]["name"] = "renamed".into();
    old["metadata"]["annotations"]["note"] = "mine".into();
    new["spec"]["createControlPlaneRequest"]["name"] = "renamed".into();
    new["metadata"]["annotations"] = json!({"note": "mine"});
    assert_eq!(converted(&old, NEW), new);
}

#[test]
fn what_was_removed_in_between_does_not_come_back() {
    let mut new = full(NEW);
    new["status"]["clusterType"] = "CLUSTER_TYPE_CONTROL_PLANE".into();
    let mut old = converted(&new, OLD);
    old.as_object_mut().unwrap().remove("status");
    assert_eq!(converted(&old, NEW).get("status"), None);
}

#[test]
fn a_saved_value_gives_way_to_one_that_was_set_since() {
    let new = document(NEW, json!({"spec": {"createControlPlaneRequest": {}}}));
    let mut old = converted(&new, OLD);
    assert_eq!(converted(&old, NEW), new);
    old["spec"]["name"] = "set since".into();
    let expected = json!({"createControlPlaneRequest": {"name": "set since"}});
    assert_eq!(converted(&old, NEW)["spec"], expected);
}

#[test]
fn a_document_without_a_spec_gets_one_and_loses_it_again() {
    let old = document(OLD, json!({}));
    let new = converted(&old, NEW);
    assert_eq!(new["spec"], json!({}));
    assert_eq!(converted(&new, OLD), old);
}

#[test]
fn an_annotation_that_is_not_ours_to_read_is_left_alone() {
    let mut new = full(NEW);
    new["metadata"]["annotations"] = json!({CONVERSION_DATA_ANNOTATION: "not JSON"});
    new["status"]["clusterType"] = "CLUSTER_TYPE_CONTROL_PLANE".into();
    assert_eq!(converted(&converted(&new, OLD), NEW), new);
}

#[test]
fn the_same_version_changes_nothing() {
    assert_eq!(converted(&full(NEW), NEW), full(NEW));
}

#[test]
fn there_is_no_way_to_a_version_that_does_not_exist() {
    let error = convert(full(NEW), "v1").unwrap_err();
    assert_eq!(
        error,
        ConversionError::NoWay {
            kind: Kind::KonnectGatewayControlPlane,
            from: NEW.to_owned(),
            to: "v1".to_owned(),
        }
    );
    assert_eq!(
        error.to_string(),
        "KonnectGatewayControlPlane cannot be converted from version \"v1alpha2\" to \"v1\""
    );
    assert_eq!(
        convert(json!({"kind": "Thing"}), NEW),
        Err(ConversionError::UnknownKind)
    );
    assert_eq!(convert(json!(1), NEW), Err(ConversionError::UnknownKind));
}

#[test]
fn reading_goes_through_the_conversion() {
    let (old, new) = (read(full(OLD)).unwrap(), read(full(NEW)).unwrap());
    assert_eq!(old.parts, new.parts);
    assert!(old.parts.is_ok());
}

fn cases() -> ProptestConfig {
    // The cases that matter stand above by name; a file of seeds would only hide them.
    ProptestConfig {
        failure_persistence: None,
        cases: 512,
        ..ProptestConfig::default()
    }
}

/// Values as a document may hold them, null and empty objects included.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z/~]{0,3}".prop_map(Value::from),
        Just(json!({})),
        Just(json!({"a": 1})),
        Just(json!([{"host": "h", "port": 1, "protocol": "http"}])),
    ]
}

/// An object with some of the fields.
fn some_of(fields: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(option::of(value()), fields.len()).prop_map(|values| {
        fields
            .iter()
            .zip(values)
            .filter_map(|(field, value)| Some(((*field).to_owned(), value?)))
            .collect()
    })
}

const REQUEST_FIELDS: &[&str] = &[
    "name",
    "description",
    "cluster_type",
    "auth_type",
    "cloud_gateway",
    "proxy_urls",
    "labels",
];
/// Fields of the spec in either version, and one of neither.
const OTHER_FIELDS: &[&str] = &["source", "mirror", "members", "konnect", "unknown"];
const STATUS_FIELDS: &[&str] = &["id", "clusterType", "konnectEndpoints", "unknown"];

prop_compose! {
    /// A document of either version: mostly as the schema wants it, with fields of the other version
    /// thrown in at times.
    fn arbitrary(version: &'static str)(
        mut spec in some_of(OTHER_FIELDS),
        request in option::of(some_of(REQUEST_FIELDS)),
        misplaced in option::weighted(0.2, some_of(REQUEST_FIELDS)),
        has_spec in prop::bool::weighted(0.9),
        status in option::of(some_of(STATUS_FIELDS)),
        annotations in option::of(some_of(&["note", CONVERSION_DATA_ANNOTATION])),
        forged in option::weighted(0.2, prop::sample::select(vec![OLD, NEW])),
    ) -> Value {
        let (nested, inline) = if version == NEW { (request, misplaced) } else { (misplaced, request) };
        spec.extend(inline.into_iter().flatten());
        if let Some(nested) = nested {
            spec.insert("createControlPlaneRequest".to_owned(), nested.into());
        }
        let mut result = document(version, json!({}));
        if has_spec {
            result["spec"] = spec.into();
        }
        if let Some(status) = status {
            result["status"] = status.into();
        }
        if let Some(annotations) = annotations {
            result["metadata"]["annotations"] = annotations.into();
        }
        if let Some(of) = forged.filter(|of| *of == version) {
            let text = json!({"version": of, "losses": [{"path": ["spec", "unknown"], "was": 1}]});
            result["metadata"]["annotations"][CONVERSION_DATA_ANNOTATION] = text.to_string().into();
        }
        result
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn old_to_new_and_back_is_the_same_document(old in arbitrary(OLD)) {
        let new = converted(&old, NEW);
        prop_assert_eq!(new["apiVersion"].as_str(), Some("konnect.konghq.com/v1alpha2"));
        prop_assert_eq!(converted(&new, OLD), old);
    }

    #[test]
    fn new_to_old_and_back_is_the_same_document(new in arbitrary(NEW)) {
        let old = converted(&new, OLD);
        prop_assert_eq!(old["apiVersion"].as_str(), Some("konnect.konghq.com/v1alpha1"));
        prop_assert_eq!(converted(&old, NEW), new);
    }

    #[test]
    fn many_journeys_are_as_good_as_one(new in arbitrary(NEW)) {
        let old = converted(&new, OLD);
        prop_assert_eq!(converted(&converted(&old, NEW), OLD), old);
    }
}
