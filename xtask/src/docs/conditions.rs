//! The tables of condition types and reasons, from the constants of `kong_crds::conditions` and what
//! is written about them there.

use kong_crds::conditions::WARNINGS;

use super::{
    Page, kind,
    table::{code, codes, table},
};

/// The constants and their comments, which no compiled program has.
const SOURCE: &str = include_str!("../../../crates/kong-crds/src/conditions.rs");

/// The page about all of them.
pub(super) fn page() -> Page {
    let words = words(SOURCE);
    let of = |sort: Sort| words.iter().filter(move |word| word.sort == sort);
    let types = of(Sort::Type).map(|word| {
        let kinds = kind::rows()
            .into_iter()
            .filter(|row| row.conditions.contains(&&*word.value))
            .map(|row| row.kind.as_str());
        let kinds = if WARNINGS.contains(&&*word.value) {
            "all that are judged".to_owned()
        } else {
            codes(kinds)
        };
        vec![code(&word.value), word.meaning.clone(), kinds]
    });
    let reasons = of(Sort::Reason).map(|word| vec![code(&word.value), word.meaning.clone()]);
    Page {
        file: "conditions.md".to_owned(),
        sections: vec![
            ("types", table(&["Type", "It holds when", "Kinds"], types)),
            ("reasons", table(&["Reason", "Meaning"], reasons)),
        ],
        skeleton: None,
        explained: words.into_iter().map(|word| word.value).collect(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Type,
    Reason,
}

/// A condition type or a reason.
#[derive(Debug, PartialEq, Eq)]
struct Word {
    sort: Sort,
    value: String,
    meaning: String,
}

/// The constants of a source file whose comments begin with `Type` or `Reason`.
fn words(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut comment = String::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
        } else {
            words.extend(constant(line).and_then(|value| word(value, comment.trim())));
            comment.clear();
        }
    }
    words
}

/// The text of `pub const NAME: &str = "text";`.
fn constant(line: &str) -> Option<&str> {
    let (_, value) = line.strip_prefix("pub const ")?.split_once(": &str = \"")?;
    value.strip_suffix("\";")
}

fn word(value: &str, comment: &str) -> Option<Word> {
    let (sort, rest) = if let Some(rest) = comment.strip_prefix("Type") {
        (Sort::Type, rest)
    } else {
        (Sort::Reason, comment.strip_prefix("Reason")?)
    };
    let meaning = rest
        .strip_prefix(": ")
        .map_or_else(|| comment.to_owned(), sentence);
    Some(Word {
        sort,
        value: value.to_owned(),
        meaning,
    })
}

/// The same with a capital.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_read_with_what_is_written_about_them() {
        let source = "/// The most of them.\npub const LIMIT: usize = 8;\n\n/// Type: it is\n/// there.\n\
                      pub const THERE: &str = \"There\";\n/// Reason: nobody\n/// came.\n\
                      pub const LONELY: &str = \"Lonely\";\n/// Reason of `There`.\n\
                      pub const SEEN: &str = \"Seen\";\n";
        let word = |sort, value: &str, meaning: &str| Word {
            sort,
            value: value.to_owned(),
            meaning: meaning.to_owned(),
        };
        assert_eq!(
            words(source),
            [
                word(Sort::Type, "There", "It is there."),
                word(Sort::Reason, "Lonely", "Nobody came."),
                word(Sort::Reason, "Seen", "Reason of `There`."),
            ]
        );
    }

    #[test]
    fn every_condition_type_of_every_kind_has_a_meaning() {
        let words = words(SOURCE);
        for row in kind::rows() {
            for condition in row.conditions {
                let known = words
                    .iter()
                    .any(|word| word.sort == Sort::Type && word.value == *condition);
                assert!(known, "{}: {condition}", row.kind);
            }
        }
    }
}
