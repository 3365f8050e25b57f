//! `konduit translate` and `explain -f`: what the book prints of examples/ is what they print.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of examples/ that have one of these kinds in them.
pub(crate) fn examples_with(kinds: &[&str]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for entry in workspace().join("examples").read_dir().unwrap() {
        let folder = entry.unwrap().path();
        let files = folder.read_dir().unwrap();
        let mut texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        if texts.any(|text| {
            let mut lines = text.lines().filter_map(|line| line.strip_prefix("kind: "));
            lines.any(|kind| kinds.contains(&kind))
        }) {
            folders.push(folder);
        }
    }
    folders.sort();
    folders
}

#[test]
fn every_example_of_a_gateway_is_translated_without_findings() {
    let folders = examples_with(&["Gateway", "Ingress"]);
    assert!(folders.len() > 6);
    for folder in folders {
        for flavor in ["traditional-compatible", "expressions"] {
            let arguments = ["translate", "--flavor", flavor, "-f"].map(Path::new);
            let ran = run(&workspace(), &[&arguments[..], &[&folder]].concat(), "");
            let well = (ran.err.as_str(), ran.code);
            assert_eq!(well, ("", 0), "{} {flavor}", folder.display());
            assert!(ran.out.contains("services:\n"), "{}", folder.display());
        }
    }
}

/// The commands of a page, each with what the page says that it prints.
fn told(page: &str) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let mut command: Option<String> = None;
    for part in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = part.split_once('\n').unwrap();
        match language {
            "sh" => command = Some(text.to_owned()),
            "text" | "yaml" => told.extend(command.take().map(|it| (it, text.to_owned()))),
            _ => {}
        }
    }
    told
}

/// Runs a line of a shell in the workspace, in which the binary is on the path.
fn shell(line: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_konduit"));
    let mut path = OsString::from(binary.parent().unwrap());
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{line}")])
        .current_dir(workspace())
        .env("PATH", path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A line `...`, in YAML as a comment, stands for any number of lines.
#[test]
fn the_guides_print_what_the_book_says() {
    let page = fs::read_to_string(workspace().join("docs/guides.md")).unwrap();
    let told = told(&page);
    assert!(told.len() > 14);
    for (command, text) in told {
        let printed = shell(&command);
        let mut lines = printed.lines();
        let mut gap = false;
        for line in text.lines() {
            if line.trim().trim_start_matches("# ") == "..." {
                gap = true;
                continue;
            }
            let found = if gap {
                lines.any(|printed| printed == line)
            } else {
                lines.next() == Some(line)
            };
            assert!(found, "{command}: no line {line:?} there in\n{printed}");
            gap = false;
        }
        let rest = lines.next();
        assert!(gap || rest.is_none(), "{command}: goes on with {rest:?}");
    }
}
