//! One object in several versions.

use cluster_sim::{Cluster, ObjectId, Request, ResourceId, Status};
use serde_json::{Value, json};

use crate::support::{NAMESPACE, NOW, cluster, create};

fn control_planes() -> ResourceId {
    ResourceId::new("konnect.konghq.com", "konnectgatewaycontrolplanes")
}

/// A control plane in the old version, where the name stands in the spec itself.
fn old_style(name: &str) -> Value {
    json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectGatewayControlPlane",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": {"name": "shop", "konnect": {"authRef": {"name": "auth"}}},
    })
}

/// Moves the name of the control plane between the places the two versions have for it.
fn convert(mut object: Value, version: &str) -> Result<Value, String> {
    let spec = object["spec"].as_object_mut().ok_or("no spec")?;
    if version.ends_with("/v1alpha2") {
        let name = spec.remove("name").ok_or("no name")?;
        spec.insert("createControlPlaneRequest".into(), json!({"name": name}));
    } else {
        let mut request = spec
            .remove("createControlPlaneRequest")
            .ok_or("no request")?;
        spec.insert("name".into(), request["name"].take());
    }
    object["metadata"]["name"] = json!("a conversion has no say in this");
    Ok(object)
}

fn get(cluster: &mut Cluster, version: Option<&str>) -> Result<Value, Status> {
    let object = ObjectId::namespaced(control_planes(), NAMESPACE, "a");
    let request = Request::Get {
        object,
        version: version.map(str::to_owned),
    };
    cluster
        .handle(NOW, "test", request)
        .map(|object| Value::clone(&object))
}

#[test]
fn an_object_written_in_one_version_is_read_in_another() {
    let mut cluster = cluster().with_conversion(convert);
    let created = create(&mut cluster, old_style("a")).unwrap();
    assert_eq!(created["apiVersion"], "konnect.konghq.com/v1alpha1");
    assert_eq!(created["spec"]["name"], "shop");
    let stored = get(&mut cluster, None).unwrap();
    assert_eq!(stored["apiVersion"], "konnect.konghq.com/v1alpha2");
    assert_eq!(stored["spec"]["createControlPlaneRequest"]["name"], "shop");
    assert_eq!(stored["metadata"]["name"], "a");
    let again = get(&mut cluster, Some("v1alpha1")).unwrap();
    assert_eq!(again, *created);
    assert_eq!(get(&mut cluster, Some("v7")).unwrap_err().code, 404);
}

#[test]
fn a_patch_applies_to_the_version_it_is_written_in() {
    let mut cluster = cluster().with_conversion(convert);
    create(&mut cluster, old_style("a")).unwrap();
    let patched = cluster
        .handle(
            NOW,
            "test",
            Request::Patch {
                object: ObjectId::namespaced(control_planes(), NAMESPACE, "a"),
                version: Some("v1alpha1".to_owned()),
                patch: json!({"spec": {"name": "mall"}}),
                subresource: cluster_sim::Subresource::Main,
            },
        )
        .unwrap();
    assert_eq!(
        (&patched["spec"]["name"], &patched["metadata"]["generation"]),
        (&json!("mall"), &json!(2))
    );
    let stored = get(&mut cluster, None).unwrap();
    assert_eq!(stored["spec"]["createControlPlaneRequest"]["name"], "mall");
}

#[test]
fn without_a_conversion_what_the_other_version_does_not_know_is_lost() {
    let mut cluster = cluster();
    create(&mut cluster, old_style("a")).unwrap();
    let stored = get(&mut cluster, None).unwrap();
    assert_eq!(
        stored["spec"],
        json!({"konnect": {"authRef": {"name": "auth"}}, "source": "Origin"})
    );
}

#[test]
fn a_conversion_that_fails_is_the_servers_fault() {
    let mut cluster = cluster().with_conversion(|_, _| Err("out of paint".to_owned()));
    let refusal = create(&mut cluster, old_style("a")).unwrap_err();
    assert_eq!(refusal.code, 500);
    assert_eq!(
        refusal.message,
        "conversion webhook for konnect.konghq.com/v1alpha1, Kind=KonnectGatewayControlPlane \
         failed: out of paint"
    );
}

#[test]
fn a_cluster_can_be_handed_to_another_thread() {
    fn sendable<T: Send + Sync>(value: T) -> T {
        value
    }
    let mut cluster = sendable(cluster().with_conversion(convert));
    let created = std::thread::spawn(move || create(&mut cluster, old_style("a")).is_ok());
    assert!(created.join().unwrap());
}
