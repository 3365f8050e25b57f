//! What has become wrong with the manifests, and what no longer is, since it was told last.
//!
//! Start with [`of`].

use std::collections::BTreeSet;

use crate::findings::Finding;

/// A finding that only moved within its file is not news.
fn content(finding: &Finding) -> Finding {
    let mut content = finding.clone();
    if let Some(place) = &mut content.place {
        place.line = 0;
        place.column = 0;
    }
    content
}

/// What a finding is about: the object in its file, or the file. Only where the text cannot be read there
/// are columns, and then what the object is called is a guess.
fn subject(finding: &Finding) -> String {
    let is_guess = finding.place.as_ref().is_some_and(|place| place.column > 0);
    let object = finding.object.clone().filter(|_| !is_guess);
    let file = finding.place.as_ref().map(|place| place.file.to_string());
    let parts = [file, object].into_iter().flatten();
    parts.collect::<Vec<_>>().join(": ")
}

/// The lines to tell: new findings, then what there is nothing to find with any more.
pub(super) fn of(before: &[Finding], after: &[Finding]) -> Vec<String> {
    let known: Vec<Finding> = before.iter().map(content).collect();
    let mut lines: Vec<String> = after
        .iter()
        .filter(|finding| !known.contains(&content(finding)))
        .map(ToString::to_string)
        .collect();
    let subjects = |findings: &[Finding]| findings.iter().map(subject).collect::<BTreeSet<_>>();
    let wrong = subjects(after);
    // While something is wrong in a file or with an object in it, the file is not praised.
    let is_wrong = |subject: &String| {
        let inside = format!("{subject}: ");
        wrong
            .iter()
            .any(|wrong| wrong == subject || wrong.starts_with(&inside))
    };
    let settled = subjects(before).into_iter().filter(|it| !is_wrong(it));
    lines.extend(settled.map(|subject| format!("{subject}: nothing wrong any more")));
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::findings::Place;

    fn finding(line: usize, message: &str) -> Finding {
        Finding::new(Place::line(&Arc::from("a.yaml"), line), message)
    }

    #[test]
    fn what_is_new_is_told_once_wherever_it_moves() {
        let one = [finding(3, "bad").about("KongService n/s")];
        let moved = [finding(4, "bad").about("KongService n/s")];
        assert_eq!(of(&[], &one), ["a.yaml:3: KongService n/s: bad"]);
        assert!(of(&one, &moved).is_empty());
    }

    #[test]
    fn what_is_mended_is_told() {
        let object = finding(3, "bad").about("KongService n/s");
        let file = finding(9, "no YAML");
        assert_eq!(
            of(
                &[object.clone(), file.clone()],
                std::slice::from_ref(&object)
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            of(&[object], &[]),
            ["a.yaml: KongService n/s: nothing wrong any more"]
        );
        assert_eq!(of(&[file], &[]), ["a.yaml: nothing wrong any more"]);
    }
}
