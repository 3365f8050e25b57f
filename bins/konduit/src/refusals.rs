//! What the API server refused, field by field, with the lines that the fields stand on.
//!
//! Start with [`findings`].

use cluster_sim::{Reason, Status};

use crate::catalogue::Catalogue;
use crate::findings::Finding;
use crate::manifests::Manifest;
use crate::secrets::Secrets;

/// What the server says where it did not look further. It goes without saying beside what it found.
const UNCHECKED: &str = "some validation rules were not checked";

/// How the server begins when it refuses unknown fields.
const STRICT: &str = "strict decoding error: ";

/// One finding a field at fault; one for the object if no field is.
pub(crate) fn findings(
    status: &Status,
    manifest: &Manifest,
    catalogue: &Catalogue,
) -> Vec<Finding> {
    let secrets = Secrets::of(&manifest.document);
    let unknown = unknown_fields(&status.message);
    let mut findings: Vec<Finding> = if !unknown.is_empty() {
        unknown
            .into_iter()
            .map(|field| {
                let mut finding = manifest.finding(field, format!("unknown field \"{field}\""));
                finding.remedy = catalogue.field_hint(&manifest.document, field);
                finding
            })
            .collect()
    } else if status.reason == Reason::Invalid && !status.causes.is_empty() {
        status
            .causes
            .iter()
            .filter(|cause| status.causes.len() == 1 || !cause.message.contains(UNCHECKED))
            .map(|cause| manifest.finding(&cause.field, secrets.scrub(&cause.message)))
            .collect()
    } else {
        vec![manifest.finding("", secrets.scrub(&status.message))]
    };
    let mut told = Vec::with_capacity(findings.len());
    findings.retain(|finding| {
        let new = !told.contains(finding);
        told.push(finding.clone());
        new
    });
    findings
}

/// The fields that the server does not know, out of its sentence.
fn unknown_fields(message: &str) -> Vec<&str> {
    let Some((_, list)) = message.split_once(STRICT) else {
        return Vec::new();
    };
    list.split("unknown field \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cluster_sim::{Cluster, Request, WriteOptions};

    use super::*;
    use crate::manifests::Document;

    fn refused(text: &str) -> Vec<String> {
        let Document { value, lines } = Document::read(text).unwrap();
        let manifest = Manifest {
            file: Arc::from("a.yaml"),
            document: value,
            lines,
        };
        let definitions = kong_crds::crd_documents();
        let mut cluster = Cluster::new(&definitions).unwrap();
        let document = manifest.document.clone();
        let request = Request::Create {
            document,
            options: WriteOptions::STRICT,
        };
        let status = cluster.handle(0, "test", request).unwrap_err();
        findings(&status, &manifest, &Catalogue::new(definitions))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_unknown_field_is_named_with_its_line() {
        let text = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {name: shop, namespace: default}
spec:
  hosts: a
  prot: 80
  controlPlaneRef:
    type: konnectNamespacedRef
    konnectNamespacedRef: {nam: cp}
";
        assert_eq!(
            refused(text),
            [
                "a.yaml:9: KongService default/shop: spec.controlPlaneRef.konnectNamespacedRef.nam: \
                 unknown field \"spec.controlPlaneRef.konnectNamespacedRef.nam\"; did you mean \"name\"?",
                "a.yaml:5: KongService default/shop: spec.hosts: unknown field \"spec.hosts\"; \
                 did you mean \"host\"?",
                "a.yaml:6: KongService default/shop: spec.prot: unknown field \"spec.prot\"; \
                 did you mean \"port\"?",
            ]
        );
    }

    #[test]
    fn a_value_out_of_bounds_is_named_with_its_line() {
        let text = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongTarget
metadata: {name: t, namespace: default}
spec:
  upstreamRef: {name: u}
  target: a
  weight: 70000
";
        let told = refused(text);
        assert_eq!(told.len(), 1);
        assert!(
            told[0]
                .starts_with("a.yaml:7: KongTarget default/t: spec.weight: Invalid value: 70000: "),
            "{told:?}"
        );
    }

    #[test]
    fn a_secret_value_is_not_repeated() {
        let text = "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: auth, namespace: default}
spec:
  type: token
  token: not-a-konnect-token
  serverURL: us.api.konghq.com
";
        let told = refused(text).join("\n");
        assert!(told.contains("a.yaml:"), "{told}");
        assert!(!told.contains("not-a-konnect-token"), "{told}");
    }
}
