//! A document of the user over the object that the server holds.
//!
//! What only the server may say stays the server's; labels, annotations and finalizers that others put
//! there stay too, as they do under `kubectl apply`. Depends on nothing. Start with [`merge`].

use serde_json::{Map, Value};

/// Metadata that only the server writes. It stands in manifests that were read out of a cluster.
const SERVER_FIELDS: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// Takes out of a manifest what only the server may say.
pub(crate) fn strip(document: &mut Value) {
    if let Some(meta) = document["metadata"].as_object_mut() {
        for field in SERVER_FIELDS {
            meta.remove(field);
        }
    }
    if let Some(fields) = document.as_object_mut() {
        fields.remove("status");
    }
}

/// The object with the wishes of the user. `before` are the wishes of the last time: what they had and
/// the present ones have not is removed.
pub(crate) fn merge(mut current: Value, wanted: &Value, before: Option<&Value>) -> Value {
    let mut document = wanted.clone();
    let status = current.get_mut("status").map(Value::take);
    let mut meta = current["metadata"].take();
    let wanted_meta = &wanted["metadata"];
    let before_meta = before.map_or(&Value::Null, |before| &before["metadata"]);
    for map in ["labels", "annotations"] {
        let merged = merge_map(&meta[map], &wanted_meta[map], &before_meta[map]);
        put(&mut meta, map, merged.map(Value::Object));
    }
    let finalizers = merge_list(
        &meta["finalizers"],
        &wanted_meta["finalizers"],
        &before_meta["finalizers"],
    );
    put(&mut meta, "finalizers", finalizers);
    if wanted_meta["ownerReferences"] != before_meta["ownerReferences"] {
        let owners = Some(wanted_meta["ownerReferences"].clone());
        put(
            &mut meta,
            "ownerReferences",
            owners.filter(|owners| !owners.is_null()),
        );
    }
    document["metadata"] = meta;
    put(&mut document, "status", status);
    document
}

fn put(object: &mut Value, field: &str, value: Option<Value>) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    match value {
        Some(value) => {
            fields.insert(field.to_owned(), value);
        }
        None => {
            fields.remove(field);
        }
    }
}

fn merge_map(current: &Value, wanted: &Value, before: &Value) -> Option<Map<String, Value>> {
    // What is no map is for the server to refuse.
    let mut merged = current.as_object().cloned().unwrap_or_default();
    for name in before.as_object().into_iter().flat_map(Map::keys) {
        merged.remove(name);
    }
    merged.extend(wanted.as_object().cloned().unwrap_or_default());
    Some(merged).filter(|merged| !merged.is_empty())
}

fn merge_list(current: &Value, wanted: &Value, before: &Value) -> Option<Value> {
    let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let (wanted, before) = (items(wanted), items(before));
    let mut merged = items(current);
    merged.retain(|item| !before.contains(item) || wanted.contains(item));
    for item in wanted {
        if !merged.contains(&item) {
            merged.push(item);
        }
    }
    Some(Value::Array(merged)).filter(|merged| *merged != Value::Array(Vec::new()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_user_says_the_spec_and_the_server_the_rest() {
        let current = json!({
            "apiVersion": "v1", "kind": "K", "spec": {"a": 1, "default": true},
            "metadata": {"name": "n", "uid": "u", "resourceVersion": "7", "finalizers": ["ours"],
                "labels": {"gone": "1", "theirs": "2"}},
            "status": {"conditions": []},
        });
        let before = json!({"metadata": {"name": "n", "labels": {"gone": "1"}}});
        let wanted = json!({
            "apiVersion": "v1", "kind": "K", "spec": {"a": 2},
            "metadata": {"name": "n", "annotations": {"new": "3"}},
        });
        assert_eq!(
            merge(current, &wanted, Some(&before)),
            json!({
                "apiVersion": "v1", "kind": "K", "spec": {"a": 2},
                "metadata": {"name": "n", "uid": "u", "resourceVersion": "7", "finalizers": ["ours"],
                    "labels": {"theirs": "2"}, "annotations": {"new": "3"}},
                "status": {"conditions": []},
            })
        );
    }

    #[test]
    fn a_finalizer_of_the_user_comes_and_goes_beside_those_of_others() {
        let with = |finalizers: Value| json!({"metadata": {"name": "n", "finalizers": finalizers}});
        let given = merge(with(json!(["ours"])), &with(json!(["mine"])), None);
        assert_eq!(given["metadata"]["finalizers"], json!(["ours", "mine"]));
        let taken = merge(given, &with(json!([])), Some(&with(json!(["mine"]))));
        assert_eq!(taken["metadata"]["finalizers"], json!(["ours"]));
    }

    #[test]
    fn what_was_read_out_of_a_cluster_can_be_applied() {
        let mut document =
            json!({"metadata": {"name": "n", "uid": "u", "managedFields": []}, "status": {}});
        strip(&mut document);
        assert_eq!(document, json!({"metadata": {"name": "n"}}));
    }
}
