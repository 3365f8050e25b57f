//! Wrong use and unreadable input: exit code 2, and a sentence that helps.

use crate::{CONTROL_PLANE, Ran, folder, run};

fn wrong(err: &str) -> Ran {
    Ran {
        code: 2,
        out: String::new(),
        err: err.to_owned(),
    }
}

#[test]
fn up_without_a_path_shows_how() {
    assert_eq!(
        run(folder(&[]).path(), &["up"], ""),
        wrong(
            "error: no manifests given: name files or folders, or - for standard input; for example: \
             konduit up examples/quickstart\n"
        )
    );
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let ran = run(folder(&[]).path(), &["up", "--once", "nowhere"], "");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.starts_with("error: cannot read \"nowhere\": "),
        "{}",
        ran.err
    );
}

#[test]
fn a_folder_without_manifests_is_not_taken_for_success() {
    let folder = folder(&[("README.md", "# Nothing")]);
    assert_eq!(
        run(folder.path(), &["up", "--once", "."], ""),
        wrong(
            "error: there are no manifests: no *.yaml, *.yml or *.json file is where you pointed\n"
        )
    );
}

#[test]
fn input_that_is_no_yaml_at_all_is_unreadable() {
    assert_eq!(
        run(folder(&[]).path(), &["up", "--once", "-"], "a: [\n"),
        wrong(
            "<stdin>:1:4: not valid YAML: unclosed bracket '['\n\
             error: there is no object in what could be read\n"
        )
    );
}

#[test]
fn outputs_that_exclude_each_other_are_refused() {
    let folder = folder(&[("a.yaml", CONTROL_PLANE)]);
    assert_eq!(
        run(folder.path(), &["up", "-o", "json", "a.yaml"], ""),
        wrong("error: -o json needs --once: objects that keep changing are shown as a table\n")
    );
    assert_eq!(
        run(
            folder.path(),
            &["up", "--once", "-o", "yaml", "--dump", "-", "a.yaml"],
            ""
        ),
        wrong("error: -o yaml and --dump - both want standard output: dump to a file\n")
    );
    assert_eq!(
        run(folder.path(), &["up", "--dump", "-", "a.yaml"], ""),
        wrong("error: --dump - needs --once: the table is on standard output\n")
    );
}

#[test]
fn every_command_has_examples_in_its_help() {
    for command in [
        &["--help"][..],
        &["up", "--help"],
        &["run", "--help"],
        &["rbac", "--help"],
        &["crds", "--help"],
        &["completions", "--help"],
    ] {
        let ran = run(folder(&[]).path(), command, "");
        assert_eq!((ran.err.as_str(), ran.code), ("", 0));
        assert!(ran.out.contains("Examples:\n"), "{}", ran.out);
    }
}

#[test]
fn there_are_completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(folder(&[]).path(), &["completions", shell], "");
        assert_eq!((ran.err.as_str(), ran.code), ("", 0));
        assert!(ran.out.contains("completions"), "{shell}: {}", ran.out);
    }
}
