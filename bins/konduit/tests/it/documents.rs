//! Documents that other programs read: lists of objects, dumps, definitions.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::examples::Examples;
use testkit::watchdog::Secrets;

use crate::{CONTROL_PLANE, folder, run, service, without_age};

/// Values that must not be found anywhere.
const SECRETS: [&str; 4] = [
    "kpat_hidden_token",
    "hidden-value",
    "aGlkZGVuLXZhbHVl",
    "HIDDEN-KEY",
];

fn with_secrets() -> String {
    format!(
        "{}---\n{}---\n\
apiVersion: v1
kind: Secret
metadata: {{name: values}}
stringData: {{a: hidden-value}}
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongCertificate
metadata: {{name: inline}}
spec:
  type: inline
  cert: |-
    -----BEGIN CERTIFICATE-----
    PUBLIC
    -----END CERTIFICATE-----
  key: |-
    -----BEGIN PRIVATE KEY-----
    HIDDEN-KEY
    -----END PRIVATE KEY-----
  controlPlaneRef: {{type: konnectNamespacedRef, konnectNamespacedRef: {{name: cp}}}}
",
        CONTROL_PLANE.replace("kpat_example", "kpat_hidden_token"),
        service("shop", "host: shop.example.com")
    )
}

#[test]
fn a_list_is_what_kubectl_would_print_but_for_secrets() {
    let folder = folder(&[("a.yaml", &with_secrets())]);
    let ran = run(folder.path(), &["up", "--once", "-o", "json", "a.yaml"], "");
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
    assert!(
        ran.out
            .starts_with("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n")
    );
    for secret in SECRETS {
        assert!(!ran.out.contains(secret), "{secret}");
    }
    let list: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(list["kind"], "List");
    let item = |kind: &str| {
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .find(|item| item["kind"] == kind)
            .unwrap()
            .clone()
    };
    assert_eq!(item("Secret")["data"]["a"], "[redacted]");
    assert_eq!(item("KongCertificate")["spec"]["key"], "[redacted]");
    assert!(
        item("KongCertificate")["spec"]["cert"]
            .as_str()
            .unwrap()
            .contains("PUBLIC")
    );
    assert_eq!(
        item("KonnectAPIAuthConfiguration")["spec"]["token"],
        "[redacted]"
    );
    let service = item("KongService");
    assert_eq!(service["apiVersion"], "configuration.konghq.com/v1alpha1");
    assert_eq!(
        service["metadata"]["uid"],
        service["status"]["konnect"]["id"]
    );

    let yaml = run(folder.path(), &["up", "--once", "-o", "yaml", "a.yaml"], "");
    let same: Value = serde_yaml::from_str(&yaml.out).unwrap();
    let kinds = |list: &Value| -> Vec<Value> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["kind"].clone())
            .collect()
    };
    assert_eq!(kinds(&same), kinds(&list));
}

#[test]
fn a_dump_is_deck_yaml_without_secrets_in_a_file_or_on_standard_output() {
    let folder = folder(&[("a.yaml", &with_secrets())]);
    let ran = run(
        folder.path(),
        &["up", "--once", "--dump", "-", "a.yaml"],
        "",
    );
    assert_eq!(ran.code, 0);
    assert!(
        ran.err.starts_with("KIND "),
        "the table goes to standard error: {}",
        ran.err
    );
    let tags = |kind: &str, name: &str, uid: &str| {
        format!(
            "  tags:
  - k8s-generation:1
  - k8s-group:configuration.konghq.com
  - k8s-kind:{kind}
  - k8s-name:{name}
  - k8s-namespace:default
  - k8s-uid:{uid}
  - k8s-version:v1alpha1
  - managed-by:kong-operator
"
        )
    };
    let dump: Value = serde_yaml::from_str(&ran.out).unwrap();
    let certificate = dump["certificates"][0]["id"].as_str().unwrap();
    let service = dump["services"][0]["id"].as_str().unwrap();
    assert_eq!(
        ran.out,
        format!(
            "\
_format_version: \"3.0\"
_konnect:
  control_plane_name: cp
certificates:
- cert: |-
    -----BEGIN CERTIFICATE-----
    PUBLIC
    -----END CERTIFICATE-----
  id: {certificate}
  key: \"[redacted]\"
{}services:
- host: shop.example.com
  id: {service}
{}",
            tags("KongCertificate", "inline", certificate),
            tags("KongService", "shop", service)
        )
    );
    let ran_again = run(
        folder.path(),
        &["up", "--once", "--dump", "dump.yaml", "a.yaml"],
        "",
    );
    assert!(ran_again.out.starts_with("KIND "));
    assert_eq!(
        fs::read_to_string(folder.path().join("dump.yaml")).unwrap(),
        ran.out
    );
}

#[test]
fn a_dump_does_not_show_what_a_plugin_has_from_a_secret() {
    let manifests = format!(
        "{CONTROL_PLANE}---\n{}---\n\
apiVersion: v1
kind: Secret
metadata: {{name: settings, labels: {{konghq.com/secret: 'true'}}}}
stringData:
  settings: '{{\"client_id\": \"hidden-client\", \"client_secret\": \"hidden-value\"}}'
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {{name: login}}
plugin: openid-connect
configFrom: {{secretKeyRef: {{name: settings, key: settings}}}}
",
        service("shop", "host: shop.example.com").replace(
            "name: shop",
            "name: shop, annotations: {konghq.com/plugins: login}"
        )
    );
    let ran = run(
        folder(&[]).path(),
        &["up", "--once", "--dump", "-", "-"],
        &manifests,
    );
    assert!(
        ran.out.contains("client_secret: \"[redacted]\""),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(!ran.out.contains("hidden"), "{}", ran.out);
}

/// What `up` prints and dumps of these files of `examples/kinds`, in one of its formats, and with which exit code it
/// ends. Fails if a secret is in it.
fn told_of(files: &[PathBuf], format: &str, secrets: &Secrets) -> (String, i32) {
    let folder = folder(&[]);
    let dump = folder.path().join("dump.yaml");
    let options = ["up", "--once", "-o", format, "--dump"].map(PathBuf::from);
    let ran = run(
        folder.path(),
        &[&options[..], std::slice::from_ref(&dump), files].concat(),
        "",
    );
    let dumped = fs::read_to_string(dump).unwrap();
    for text in [&ran.out, &ran.err, &dumped] {
        let before = secrets.found_in(text).map(|at| &text[..at]);
        let before = before.map(|before| before.lines().rev().take(3).collect::<Vec<_>>());
        assert_eq!(
            before, None,
            "{format} of {files:?} shows a secret after this"
        );
    }
    (ran.err, ran.code)
}

/// Whatever is printed of the example of every kind: when all is well, and of what goes wrong without one of them.
#[test]
fn no_output_holds_a_secret_of_any_kind() {
    let secrets = Examples::get().secrets();
    assert!(secrets.texts().count() > 2, "nothing to look for");
    let entries = fs::read_dir(testkit::examples::folder()).unwrap();
    let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for format in ["table", "wide", "json", "yaml"] {
        assert_eq!(told_of(&files, format, &secrets), (String::new(), 0));
    }
    let mut findings = 0;
    for left_out in &files {
        let others = files.iter().filter(|file| *file != left_out).cloned();
        let (said, _) = told_of(&others.collect::<Vec<_>>(), "json", &secrets);
        findings += said.lines().count();
    }
    assert!(
        findings > files.len(),
        "little goes wrong: {findings} lines"
    );
}

#[test]
fn secrets_are_in_no_refusal() {
    let manifests = "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: auth}
spec: {type: token, token: not-a-token-but-secret, serverURL: us.api.konghq.com}
---
apiVersion: v1
kind: Secret
metadata: {name: values}
data: {a: 'not-base64-but-secret!'}
";
    let ran = run(folder(&[]).path(), &["up", "--once", "-"], manifests);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("<stdin>:") && !ran.err.contains("but-secret"),
        "{}",
        ran.err
    );
}

#[test]
fn definitions_are_printed_and_written() {
    let folder = folder(&[]);
    let printed = run(folder.path(), &["crds"], "");
    assert_eq!((printed.err.as_str(), printed.code), ("", 0));
    let written = run(folder.path(), &["crds", "-o", "out"], "");
    let mut texts = Vec::new();
    for file in written.out.lines() {
        texts.push(fs::read_to_string(folder.path().join(file)).unwrap());
    }
    assert!(
        written
            .out
            .contains("out/configuration.konghq.com_kongservices.yaml\n")
    );
    assert_eq!(texts.join("---\n"), printed.out);
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = include_str!("../../README.md");
    let block = |language: &str| {
        let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    let folder = folder(&[("shop.yaml", block("yaml"))]);
    let (command, expected) = block("console").split_once('\n').unwrap();
    let arguments: Vec<&str> = command.split(' ').skip(2).collect();
    let ran = run(folder.path(), &arguments, "");
    let (table, findings) = expected.split_at(expected.find("shop.yaml:").unwrap());
    assert_eq!(without_age(&ran.out), without_age(table));
    assert_eq!((ran.err.as_str(), ran.code), (findings, 1));
}
