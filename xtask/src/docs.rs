//! `cargo xtask docs`: the parts of the book that follow from the code.
//!
//! A page of the book is text by people around sections that are generated: fields, rules, conditions.
//! Markers say where a section stands, see [`splice`]; whatever is outside of them is kept. A kind
//! without a page gets one with all markers in it. The check also reads the examples of the pages of
//! kinds, and asks that every condition type and reason is explained. Start with [`pages`]; `kind` and
//! `conditions` make the sections.

mod conditions;
mod examples;
mod kind;
mod splice;
mod table;

use std::{fs, io, path::Path};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::Outcome;

/// A page of the book with generated sections.
struct Page {
    /// Its file below the folder of the book.
    file: String,
    /// The sections by name, each with its text.
    sections: Vec<(&'static str, String)>,
    /// What the file is made of if there is none; `None` if people have to write it.
    skeleton: Option<String>,
    /// Words that people have to write something about on the page.
    explained: Vec<String>,
}

/// Every page with generated sections.
fn pages(documents: &[Value]) -> Vec<Page> {
    let mut pages: Vec<Page> = kind::rows()
        .iter()
        .map(|row| kind::page(row, document_of(documents, row.kind)))
        .collect();
    pages.push(Page {
        file: "SUMMARY.md".to_owned(),
        sections: vec![("kinds", kind::summary())],
        skeleton: None,
        explained: Vec::new(),
    });
    pages.push(Page {
        file: "kinds.md".to_owned(),
        sections: vec![("kinds", kind::overview(documents))],
        skeleton: None,
        explained: Vec::new(),
    });
    pages.push(conditions::page());
    pages
}

/// The definition of a kind; none for kinds that are not custom resources.
fn document_of(documents: &[Value], kind: kong_crds::Kind) -> Option<&Value> {
    documents
        .iter()
        .find(|document| document["spec"]["names"]["kind"] == kind.as_str())
}

/// A file of the book, as it is and as it should be.
struct Draft {
    file: String,
    found: Option<String>,
    wanted: String,
    /// What only people can mend.
    complaints: Vec<String>,
}

fn drafts(book: &Path) -> Result<Vec<Draft>> {
    let documents = kong_crds::crd_documents();
    pages(&documents)
        .iter()
        .map(|page| draft(book, page, &documents))
        .collect()
}

fn draft(book: &Path, page: &Page, documents: &[Value]) -> Result<Draft> {
    let path = book.join(&page.file);
    let found = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let text = found
        .as_ref()
        .or(page.skeleton.as_ref())
        .with_context(|| format!("there is no {}", path.display()))?;
    let wanted = splice::splice(text, &page.sections)
        .with_context(|| format!("{} cannot be filled in", path.display()))?;
    let by_people = splice::without_sections(&wanted);
    let mut complaints: Vec<String> = page
        .explained
        .iter()
        .filter(|word| !by_people.contains(&format!("`{word}`")))
        .map(|word| format!("says nothing of `{word}` in its own words"))
        .collect();
    complaints.extend(examples::complaints(&wanted, documents));
    Ok(Draft {
        file: page.file.clone(),
        found,
        wanted,
        complaints,
    })
}

/// Writes every section into its page; the text around them stays.
pub(crate) fn write(book: &Path) -> Result<Outcome> {
    let drafts = drafts(book)?;
    for draft in &drafts {
        if draft.found.as_ref() == Some(&draft.wanted) {
            continue;
        }
        let path = book.join(&draft.file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, &draft.wanted)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(complain(book, &drafts))
}

/// Lists the pages that [`write()`] would change, and what only people can mend.
pub(crate) fn check(book: &Path) -> Result<Outcome> {
    let drafts = drafts(book)?;
    let mut outcome = complain(book, &drafts);
    let stale = drafts
        .iter()
        .filter(|draft| draft.found.as_ref() != Some(&draft.wanted));
    for draft in stale {
        println!("{} is stale", book.join(&draft.file).display());
        outcome = Outcome::Findings;
    }
    if outcome == Outcome::Findings {
        eprintln!("run `cargo xtask docs`");
    }
    Ok(outcome)
}

fn complain(book: &Path, drafts: &[Draft]) -> Outcome {
    let mut outcome = Outcome::Well;
    for draft in drafts {
        for complaint in &draft.complaints {
            println!("{} {complaint}", book.join(&draft.file).display());
            outcome = Outcome::Findings;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A book of which people have written what they have to.
    fn book() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for page in pages(&kong_crds::crd_documents())
            .iter()
            .filter(|page| page.skeleton.is_none())
        {
            let mut text = String::from("# By people\n\n");
            for word in &page.explained {
                text.extend(["`", word, "` is explained.\n"]);
            }
            for (name, _) in &page.sections {
                text.push_str(&splice::empty(name));
            }
            fs::write(directory.path().join(&page.file), text).unwrap();
        }
        directory
    }

    #[test]
    fn what_is_written_passes_the_check_until_somebody_edits_a_section() {
        let directory = book();
        let path = directory.path();
        assert_eq!(check(path).unwrap(), Outcome::Findings);
        assert_eq!(write(path).unwrap(), Outcome::Well);
        assert_eq!(check(path).unwrap(), Outcome::Well);

        let service = path.join("kinds/kongservice.md");
        let text = fs::read_to_string(&service).unwrap();
        fs::write(&service, text.replace("kongservices", "kongservers")).unwrap();
        assert_eq!(check(path).unwrap(), Outcome::Findings);
        write(path).unwrap();
        assert_eq!(fs::read_to_string(&service).unwrap(), text);
    }

    #[test]
    fn text_by_people_stays() {
        let directory = book();
        let path = directory.path();
        write(path).unwrap();
        let service = path.join("kinds/kongservice.md");
        let text = format!("{}\nMy own words.\n", fs::read_to_string(&service).unwrap());
        fs::write(&service, &text).unwrap();
        assert_eq!(check(path).unwrap(), Outcome::Well);
        write(path).unwrap();
        assert_eq!(fs::read_to_string(&service).unwrap(), text);
    }

    #[test]
    fn a_reason_that_nobody_explains_is_a_finding() {
        let directory = book();
        let path = directory.path();
        write(path).unwrap();
        let conditions = path.join("conditions.md");
        let text = fs::read_to_string(&conditions).unwrap();
        let word = "`RefNotPermitted` is explained.\n";
        assert!(text.contains(word), "nothing to take out");
        fs::write(&conditions, text.replace(word, "")).unwrap();
        assert_eq!(check(path).unwrap(), Outcome::Findings);
        assert_eq!(write(path).unwrap(), Outcome::Findings);
    }

    #[test]
    fn a_page_without_a_marker_is_an_error_that_names_both() {
        let directory = book();
        let path = directory.path();
        fs::write(path.join("kinds.md"), "# Kinds\n").unwrap();
        let error = format!("{:#}", write(path).unwrap_err());
        assert!(error.contains("kinds.md"), "{error}");
        assert!(error.contains("\"kinds\""), "{error}");
    }
}
