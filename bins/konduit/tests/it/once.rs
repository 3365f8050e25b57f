//! `konduit up --once`: everything in examples/ that is for Konnect works, and everything that is wrong is said without
//! stopping the rest.

use std::path::{Path, PathBuf};

use crate::guides::examples_with;
use crate::{CONTROL_PLANE, folder, run, service, without_age};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_quickstart_is_programmed() {
    let ran = run(&workspace(), &["up", "--once", "examples/quickstart"], "");
    assert_eq!(
        without_age(&ran.out),
        "\
KIND                          NAME                    PROGRAMMED   KONNECT ID                             WAITS FOR
KonnectAPIAuthConfiguration   konnect-api-auth        True         -                                      -
KonnectGatewayControlPlane    gateway-control-plane   True         53ace5be-bbfb-5edf-b4a0-994a4d77b10a   -
KongUpstream                  upstream                True         688a9010-f6bf-5a4f-bd1c-4cd23ab903c8   -
KongService                   service                 True         c87113bc-6bb1-5bf5-8bdd-095a31c1eea6   -
KongRoute                     route-with-service      True         7ddc4d13-a010-5e92-bdba-5ea4dd632cb9   -
KongTarget                    target-a                True         22927ef3-70eb-50cd-a1a4-a356882acdad   -
KongTarget                    target-b                True         a5b0fb78-b662-5ca9-8025-c625fcbd0907   -
"
    );
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
}

#[test]
fn every_example_is_programmed_alone_and_with_the_others() {
    let examples = examples_with(&["KonnectGatewayControlPlane"]);
    assert!(examples.len() > 2);
    let alone = examples.iter().map(|folder| vec![folder.clone()]);
    for folders in alone.chain([examples.clone()]) {
        let up = ["up", "--once"].map(PathBuf::from);
        let ran = run(&workspace(), &[&up[..], &folders].concat(), "");
        let well = (ran.err.as_str(), ran.code);
        assert_eq!(well, ("", 0), "{folders:?}: {}", ran.out);
    }
}

/// Everything that the examples of the documentation get wrong, in one folder.
#[test]
fn whatever_is_wrong_is_said_and_stops_nothing_else() {
    let references = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongRoute
metadata: {name: orphan}
spec:
  paths: [/]
  serviceRef: {type: namespacedRef, namespacedRef: {name: nowhere}}
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongTarget
metadata: {name: lost}
spec:
  target: 10.0.0.1:80
  upstreamRef: {name: nowhere}
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {name: outsider, namespace: other}
spec:
  host: a.example.com
  controlPlaneRef:
    type: konnectNamespacedRef
    konnectNamespacedRef: {name: cp, namespace: default}
";
    let names = format!(
        "{}---\n{}",
        service("one", "name: shop\n  host: a.example.com"),
        service("two", "name: shop\n  host: b.example.com"),
    );
    let unknown = format!(
        "{}---\napiVersion: configuration.konghq.com/v1alpha1\nkind: KongServce\nmetadata: {{name: x}}\n\
         ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n\
         ---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: other}}\n",
        service("typo", "hosts: a.example.com"),
    );
    let token = "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {name: wrong}
spec:
  type: token
  token: kpat_bad_token
  serverURL: us.api.konghq.com
---
apiVersion: konnect.konghq.com/v1alpha2
kind: KonnectGatewayControlPlane
metadata: {name: locked-out}
spec:
  createControlPlaneRequest: {name: locked-out}
  konnect:
    authRef: {name: wrong}
";
    let folder = folder(&[
        (
            "a-good.yaml",
            &format!(
                "{CONTROL_PLANE}---\n{}",
                service("good", "host: a.example.com")
            ),
        ),
        ("b-references.yaml", references),
        ("c-names.yaml", &names),
        ("d-unknown.yaml", &unknown),
        (
            "e-tab.yaml",
            "kind: Secret\nmetadata:\n\tname: x\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: fine}\n",
        ),
        ("f-token.yaml", token),
        (
            "g-again.yaml",
            "# once more\n\napiVersion: v1\nkind: Secret\nmetadata: {name: fine}\n",
        ),
    ]);
    let ran = run(folder.path(), &["up", "--once", "."], "");
    assert_eq!(
        without_age(&ran.out),
        "\
KIND                          NAME                 PROGRAMMED   KONNECT ID                             WAITS FOR
Secret                        default/fine         -            -                                      -
KonnectAPIAuthConfiguration   default/auth         True         -                                      -
KonnectAPIAuthConfiguration   default/wrong        False        -                                      Konnect does not accept the token; put a valid token into spec.token or the Secret
KonnectGatewayControlPlane    default/cp           True         53ace5be-bbfb-5edf-b4a0-994a4d77b10a   -
KonnectGatewayControlPlane    default/locked-out   False        -                                      referenced KonnectAPIAuthConfiguration default/wrong is invalid; its own conditions say why
KongService                   default/good         True         0c077565-dce4-55cb-a97e-7d4bcbc02690   -
KongService                   default/one          True         e8d846af-0f2a-54b8-b8a3-41338c4c60b0   -
KongService                   default/two          False        -                                      failed to create KongService default/two: name \"shop\" is taken by KongService default/one, which has it in Konnect; choose another one
KongService                   other/outsider       False        -                                      KongReferenceGrants do not allow access to KonnectGatewayControlPlane <konnectNamespacedRef:default/cp>; create one in namespace \"default\" with from {group: configuration.konghq.com, kind: KongService, namespace: other} and to {group: konnect.konghq.com, kind: KonnectGatewayControlPlane}
KongRoute                     default/orphan       False        -                                      KongService.configuration.konghq.com \"nowhere\" not found; create it in namespace \"default\" or correct spec.serviceRef
KongTarget                    default/lost         False        -                                      KongUpstream.configuration.konghq.com \"nowhere\" not found; create it in namespace \"default\" or correct spec.upstreamRef
"
    );
    assert_eq!(
        ran.err,
        "\
./b-references.yaml:6: KongRoute default/orphan: not Programmed: KongService.configuration.konghq.com \"nowhere\" not found; create it in namespace \"default\" or correct spec.serviceRef
./b-references.yaml:13: KongTarget default/lost: not Programmed: KongUpstream.configuration.konghq.com \"nowhere\" not found; create it in namespace \"default\" or correct spec.upstreamRef
./b-references.yaml:15: KongService other/outsider: not Programmed: KongReferenceGrants do not allow access to KonnectGatewayControlPlane <konnectNamespacedRef:default/cp>; create one in namespace \"default\" with from {group: configuration.konghq.com, kind: KongService, namespace: other} and to {group: konnect.konghq.com, kind: KonnectGatewayControlPlane}
./c-names.yaml:9: KongService default/two: not Programmed: failed to create KongService default/two: name \"shop\" is taken by KongService default/one, which has it in Konnect; choose another one
./d-unknown.yaml:5: KongService default/typo: spec.hosts: unknown field; did you mean \"host\"?
./d-unknown.yaml:9: KongServce x: kind: \"KongServce\" of \"configuration.konghq.com/v1alpha1\" is not served here; did you mean \"KongService\"?
./d-unknown.yaml:13: Deployment web: kind: \"Deployment\" of \"apps/v1\" is not served here; everything else is applied without it
./e-tab.yaml:3:1: Secret x: not valid YAML: the line is indented with a tab; indent with spaces
./f-token.yaml:6: KonnectAPIAuthConfiguration default/wrong: not valid: Konnect does not accept the token; put a valid token into spec.token or the Secret
./f-token.yaml:9: KonnectGatewayControlPlane default/locked-out: not Programmed: referenced KonnectAPIAuthConfiguration default/wrong is invalid; its own conditions say why
./g-again.yaml:3: Secret default/fine: the same object stands in ./e-tab.yaml:5, which is used; remove one of the two
"
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn a_refused_value_is_named_by_field_and_line_and_the_others_go_on() {
    let bad = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongTarget
metadata: {name: heavy}
spec:
  target: 10.0.0.1:80
  upstreamRef: {name: up}
  weight: 70000
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongService
metadata: {name: bare}
spec:
  host: a.example.com
  port: eighty
";
    let folder = folder(&[("a.yaml", CONTROL_PLANE), ("b.yaml", bad)]);
    let ran = run(folder.path(), &["up", "--once", "a.yaml", "b.yaml"], "");
    assert_eq!(
        ran.err,
        "\
b.yaml:7: KongTarget default/heavy: spec.weight: Invalid value: 70000: spec.weight in body should be less than or equal to 65535
b.yaml:12: KongService default/bare: spec.controlPlaneRef: Required value; add it
b.yaml:14: KongService default/bare: spec.port: Invalid value: \"string\": spec.port in body must be of type integer: \"string\"
"
    );
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("True         53ace5be"), "{}", ran.out);
}

#[test]
fn standard_input_may_hold_a_list_and_objects_get_the_namespace_that_was_asked_for() {
    let list = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata: {name: one}
- apiVersion: v1
  kind: Secret
  metadata: {name: two, namespace: elsewhere}
";
    let folder = folder(&[]);
    let ran = run(folder.path(), &["up", "--once", "-n", "mine", "-"], list);
    assert_eq!(
        without_age(&ran.out),
        "\
KIND     NAME            PROGRAMMED   KONNECT ID   WAITS FOR
Secret   elsewhere/two   -            -            -
Secret   mine/one        -            -            -
"
    );
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
}

#[test]
fn one_file_is_applied_once_however_often_it_is_named() {
    let folder = folder(&[("a.yaml", CONTROL_PLANE)]);
    let ran = run(
        folder.path(),
        &["up", "--once", "a.yaml", "./a.yaml", "."],
        "",
    );
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
}

#[test]
fn configuration_of_deck_and_templates_are_taken_for_what_they_are() {
    let folder = folder(&[
        ("a.yaml", CONTROL_PLANE),
        ("kong.yaml", "_format_version: '3.0'\nservices: []\n"),
        ("template.yaml", "kind: {{ .Values.kind }}\n"),
    ]);
    let ran = run(folder.path(), &["up", "--once", "."], "");
    assert_eq!(
        ran.err,
        "\
./kong.yaml:1: is configuration for decK and no Kubernetes object; keep it where no manifests are
./template.yaml:1:8: not valid YAML: expected string scalar; this looks like a template; render it first
"
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn an_object_that_does_not_say_what_it_is_is_told_which_field_and_why() {
    let manifests = "\
apiVersion: v1
kind: Secret
metadata: {name: yes}
---
apiVersion: v1
kind: Secret
metadata: name
---
apiVersion: v1
metadata: {name: a}
---
- one
---
apiVersion: v1
kind: Secret
metadata: {generateName: a-}
---
apiVersion: v1
kind: Secret
metadata: {name: fine}
";
    let ran = run(folder(&[]).path(), &["up", "--once", "-"], manifests);
    assert_eq!(
        ran.err,
        "\
<stdin>:3: Secret: metadata.name: must be a string and is a boolean; put it in quotes
<stdin>:7: Secret: metadata: must be a mapping and is a string; write it with a name in it
<stdin>:9: a: kind: is missing; every object says what it is
<stdin>:12: is a list and no object; part several objects by ---, or write them as the items of a List
<stdin>:16: Secret: metadata.name: is missing; give the object a name: a generated one could not be found again
"
    );
    assert!(ran.out.contains("Secret   fine"), "{}", ran.out);
}

#[test]
fn the_older_version_of_a_control_plane_is_served_too() {
    let older = CONTROL_PLANE
        .replace("v1alpha2", "v1alpha1")
        .replace("createControlPlaneRequest: {name: cp}", "name: cp");
    let ran = run(folder(&[]).path(), &["up", "--once", "-"], &older);
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
    assert!(
        ran.out
            .contains("KonnectGatewayControlPlane    cp     True"),
        "{}",
        ran.out
    );
}

/// Credentials whose token is in a Secret with these labels.
fn token_in_a_secret(labels: &str) -> String {
    format!(
        "\
apiVersion: konnect.konghq.com/v1alpha1
kind: KonnectAPIAuthConfiguration
metadata: {{name: auth}}
spec: {{type: secretRef, secretRef: {{name: token}}, serverURL: us.api.konghq.com}}
---
apiVersion: v1
kind: Secret
metadata:
  name: token
  labels: {{{labels}}}
stringData: {{token: kpat_example}}
---
apiVersion: v1
kind: Secret
metadata: {{name: of-nobody}}
"
    )
}

#[test]
fn a_secret_without_the_label_counts_as_not_there_as_in_a_cluster_and_is_pointed_at() {
    let unlabelled = token_in_a_secret("konghq.com/credential: konnect");
    let ran = run(folder(&[]).path(), &["up", "--once", "-"], &unlabelled);
    assert_eq!(
        ran.err,
        "\
<stdin>:4: KonnectAPIAuthConfiguration default/auth: not valid: failed to get Secret default/token: \
Secret \"token\" not found; create it with the labels konghq.com/credential: konnect and konghq.com/secret: \
\"true\", without which it counts as not there, and the key token, or correct spec.secretRef
<stdin>:10: Secret default/token: metadata.labels: without the label konghq.com/secret it counts as not there \
for KonnectAPIAuthConfiguration default/auth; add konghq.com/secret: \"true\"
"
    );
    assert_eq!(ran.code, 1);

    for value in ["\"true\"", "internal"] {
        let labels = format!("konghq.com/credential: konnect, konghq.com/secret: {value}");
        let labelled = token_in_a_secret(&labels);
        let ran = run(folder(&[]).path(), &["up", "--once", "-"], &labelled);
        assert_eq!((ran.err.as_str(), ran.code), ("", 0));
    }
}

#[test]
fn two_plugins_of_a_sort_for_one_service_are_both_named() {
    let plugin = |name: &str| {
        format!(
            "---\napiVersion: configuration.konghq.com/v1\nkind: KongPlugin\nmetadata: {{name: {name}}}\n\
             plugin: cors\n"
        )
    };
    let service = service("a", "host: shop.test").replace(
        "metadata: {name: a}",
        "metadata: {name: a, annotations: {konghq.com/plugins: 'first, second'}}",
    );
    let manifests = [
        CONTROL_PLANE,
        "---\n",
        &service,
        &plugin("first"),
        &plugin("second"),
    ];
    let ran = run(
        folder(&[]).path(),
        &["up", "--once", "-"],
        &manifests.concat(),
    );
    let words = "KongPlugin default/second: name \"cors\", service \
                 \"a54a042a-4f4e-5a5d-b23e-e8517ab928e8\" is taken by KongPlugin default/first, which \
                 has it for this object; take one of the two out\n";
    assert!(ran.err.ends_with(words), "{}", ran.err);
    assert_eq!(ran.code, 1);
}
