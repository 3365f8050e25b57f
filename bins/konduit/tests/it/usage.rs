//! Wrong use and unreadable input: exit code 2, and a sentence that helps.

use std::io::Write as _;
use std::process::Stdio;

use crate::{CONTROL_PLANE, Ran, command, folder, run};

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
fn a_dump_never_takes_the_place_of_a_manifest() {
    let folder = folder(&[
        ("a.yaml", CONTROL_PLANE),
        ("dump.yaml", "_format_version: '3.0'\n"),
    ]);
    assert_eq!(
        run(
            folder.path(),
            &["up", "--once", "--dump", "a.yaml", "."],
            ""
        ),
        wrong("error: --dump would overwrite \"./a.yaml\", which is one of the manifests\n")
    );
    // An older dump beside the manifests is neither.
    let ran = run(
        folder.path(),
        &["up", "--once", "--dump", "dump.yaml", "."],
        "",
    );
    assert_eq!((ran.err.as_str(), ran.code), ("", 0));
}

#[test]
fn who_has_read_enough_is_no_error() {
    for arguments in [
        &["up", "--once", "-o", "json", "-"][..],
        &["up", "--once", "-o", "yaml", "-"],
        &["crds"],
        &["completions", "bash"],
    ] {
        let mut child = command(folder(&[]).path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut input = child.stdin.take().unwrap();
        // The definitions and completions ask for nothing.
        let _ = input.write_all(CONTROL_PLANE.as_bytes());
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), String::from_utf8(output.stderr)),
            (Some(0), Ok(String::new())),
            "{arguments:?}"
        );
    }
}

#[test]
fn every_command_has_examples_in_its_help() {
    for command in [
        &["--help"][..],
        &["up", "--help"],
        &["sim", "--help"],
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
