//! What the API server refused, field by field, with the lines that the fields stand on.
//!
//! The server's own words are kept wherever they say what is wrong; what to do is added. `unreadable`
//! looks for what the server does not name. Start with [`findings`].

mod unreadable;

use cluster_sim::{Cause, Reason, Status};

use crate::catalogue::Catalogue;
use crate::findings::{Finding, path_in};
use crate::manifests::Manifest;
use crate::secrets::Secrets;

/// What the server says where it did not look further. It goes without saying beside what it found.
const UNCHECKED: &str = "some validation rules were not checked";

/// How the server begins when it refuses unknown fields.
const STRICT: &str = "strict decoding error: ";

/// Between why a rule could not be judged and the message of the rule.
const RULE: &str = " evaluating rule: ";

/// How the server begins when a rule looks at a field that is not there.
const NO_KEY: &str = "no such key: ";

/// How the server begins when it checks a format. It has checked the type under the name of the field.
const FORMAT: &str = "Checked value must be of type";

/// How the server calls the object itself.
const WHOLE: &str = "<nil>";

/// One finding a field at fault; one for the object if no field is.
pub(crate) fn findings(
    status: &Status,
    manifest: &Manifest,
    catalogue: &Catalogue,
) -> Vec<Finding> {
    let unknown = unknown_fields(&status.message);
    let mut findings: Vec<Finding> = if !unknown.is_empty() {
        unknown
            .into_iter()
            .map(|field| {
                let mut finding = manifest.finding(field, "unknown field");
                finding.remedy = catalogue.field_hint(&manifest.document, field);
                finding
            })
            .collect()
    } else if status.reason == Reason::Invalid && !status.causes.is_empty() {
        let is_only = status.causes.len() == 1;
        status
            .causes
            .iter()
            .filter(|cause| is_only || !is_said_otherwise(cause))
            .map(|cause| refused(cause, manifest))
            .collect()
    } else {
        unreadable::findings(manifest)
    };
    if findings.is_empty() {
        let message = Secrets::of(&manifest.document).scrub(&status.message);
        findings.push(manifest.finding("", message));
    }
    let mut told = Vec::with_capacity(findings.len());
    findings.retain(|finding| {
        let new = !told.contains(finding);
        told.push(finding.clone());
        new
    });
    findings
}

fn is_said_otherwise(cause: &Cause) -> bool {
    cause.message.contains(UNCHECKED) || cause.message.contains(FORMAT)
}

fn refused(cause: &Cause, manifest: &Manifest) -> Finding {
    let message = Secrets::of(&manifest.document).scrub(&cause.message);
    // A rule that could not be judged: what it says is worth more than why.
    if let Some((why, rule)) = message.split_once(RULE)
        && let Some((_, key)) = why.split_once(NO_KEY)
    {
        let finding = manifest.finding(&cause.field, rule);
        return finding.remedy(format!("there is no \"{key}\""));
    }
    let mut finding = manifest.finding(&cause.field, message.as_str());
    finding.remedy = remedy(cause, manifest).map(str::to_owned);
    // A rule on the whole object often names the field itself.
    let named = path_in(&message);
    if !named.is_empty() && (cause.field == WHOLE || named.starts_with(&cause.field)) {
        finding.place = Some(manifest.place(named));
    }
    finding
}

/// What to do, where the words of the server do not say it.
fn remedy(cause: &Cause, manifest: &Manifest) -> Option<&'static str> {
    let says = |words: &str| cause.message.contains(words);
    match cause.reason {
        "FieldValueRequired" => Some("add it"),
        _ if says("immutable") => Some("put it back, or give the object another name"),
        "FieldValueTypeInvalid" | "FieldValueInvalid" => {
            if says("must be of type string: \"boolean\"")
                || says("must be of type string: \"integer\"")
                || says("must be of type string: \"number\"")
            {
                return Some("put it in quotes");
            }
            if says("\"float64\"") {
                return Some("write a whole number");
            }
            let is_quoted = |words: &str, is_such: fn(&str) -> bool| {
                let value = manifest.field(&cause.field).and_then(|it| it.as_str());
                says(words) && value.is_some_and(is_such)
            };
            let is_number = is_quoted("must be of type integer", |text| {
                text.parse::<i64>().is_ok()
            });
            let is_flag = is_quoted("must be of type boolean", |text| {
                ["true", "false"].contains(&text)
            });
            (is_number || is_flag).then_some("write it without quotes")
        }
        _ => None,
    }
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
                 unknown field; did you mean \"name\"?",
                "a.yaml:5: KongService default/shop: spec.hosts: unknown field; did you mean \"host\"?",
                "a.yaml:6: KongService default/shop: spec.prot: unknown field; did you mean \"port\"?",
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
    fn what_to_do_is_said_where_the_server_does_not() {
        let text = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {name: shop, namespace: default}
spec:
  host: true
  port: \"80\"
  retries: 1.5
";
        assert_eq!(
            refused(text),
            [
                "a.yaml:5: KongService default/shop: spec.host: Invalid value: \"boolean\": spec.host \
                 in body must be of type string: \"boolean\"; put it in quotes",
                "a.yaml:6: KongService default/shop: spec.port: Invalid value: \"string\": spec.port in \
                 body must be of type integer: \"string\"; write it without quotes",
                "a.yaml:7: KongService default/shop: spec.retries: Invalid value: \"float64\": \
                 spec.retries in body must be of type int64: \"float64\"; write a whole number",
                "a.yaml:4: KongService default/shop: spec.controlPlaneRef: Required value; add it",
            ]
        );
    }

    #[test]
    fn a_rule_on_the_whole_object_is_led_back_to_the_field_that_it_names() {
        let text = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {name: shop, namespace: default}
spec:
  host: a
  controlPlaneRef:
    type: kic
  adopt: {from: konnect, konnect: {id: a}}
";
        let told = refused(text);
        assert!(
            told.iter()
                .any(|it| it.starts_with("a.yaml:8: KongService default/shop: spec: ")),
            "{told:?}"
        );
    }

    #[test]
    fn a_rule_that_could_not_be_judged_says_what_it_wants() {
        let text = "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: auth, namespace: default}
spec: {type: token, serverURL: us.api.konghq.com}
";
        let told = refused(text);
        assert!(
            told.contains(
                &"a.yaml:4: KonnectAPIAuthConfiguration default/auth: spec: spec.token is required if \
                  auth type is set to token; there is no \"token\""
                    .to_owned()
            ),
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
