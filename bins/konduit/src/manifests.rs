//! The manifests of the user: files, folders and standard input, read into documents.
//!
//! Files are found by [`files`](self::files); here their texts are taken apart into [`Manifest`]s, each
//! of which knows its file and its lines. A document that cannot be read costs only itself, but marks
//! its file as broken: who acts on the manifests must not take for gone what cannot be seen. Start with
//! [`Reading`].

mod document;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::Value;

use self::document::is_json;
pub(crate) use document::{Document, Lines};
pub(crate) use files::{Paths, Snapshot, Text};

use crate::findings::{Finding, Place, words};

/// A document and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// The file as the user would call it.
    pub(crate) file: Arc<str>,
    /// What it says.
    pub(crate) document: Value,
    /// Where its fields stand.
    pub(crate) lines: Lines,
}

impl Manifest {
    /// The place of a field, or of the nearest one above it.
    pub(crate) fn place(&self, field: &str) -> Place {
        Place::line(&self.file, self.lines.of(field))
    }

    /// What stands in a field such as `spec.paths[0]`.
    pub(crate) fn field(&self, path: &str) -> Option<&Value> {
        path.split(['.', '[', ']'])
            .filter(|step| !step.is_empty())
            .try_fold(&self.document, |value, step| match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => value.get(step),
            })
    }

    /// The object as messages name it: `KongService default/shop`, or as much of it as there is.
    pub(crate) fn title(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &self.document["metadata"];
        let (namespace, name) = (text(&meta["namespace"]), text(&meta["name"]));
        let name = match namespace.as_str() {
            "" => name,
            _ => format!("{namespace}/{name}"),
        };
        [text(&self.document["kind"]), name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Something is wrong with a field of the object; an empty path is the object itself.
    pub(crate) fn finding(&self, field: &str, message: impl Into<String>) -> Finding {
        Finding::new(self.place(field), message)
            .about(self.title())
            .at(field)
    }
}

/// Everything that the paths of the user hold at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// The documents, by file and then as they stand in it; lists are taken apart.
    pub(crate) manifests: Vec<Manifest>,
    /// What could not be read.
    pub(crate) findings: Vec<Finding>,
    /// Files that may hold more than could be read.
    pub(crate) broken: BTreeSet<Arc<str>>,
}

/// Reads snapshots, and remembers how it read each file.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    files: BTreeMap<Arc<str>, (Text, Reading)>,
}

impl Reader {
    /// Reads what has changed since the last snapshot, and gives everything.
    pub(crate) fn read(&mut self, snapshot: &Snapshot) -> Reading {
        let mut before = std::mem::take(&mut self.files);
        let mut all = Reading::default();
        for (file, text) in &snapshot.files {
            let read = match before.remove(file) {
                Some((known, read)) if known == *text => read,
                Some(_) | None => Reading::of(file, text),
            };
            all.manifests.extend(read.manifests.iter().cloned());
            all.findings.extend(read.findings.iter().cloned());
            all.broken.extend(read.broken.iter().cloned());
            self.files.insert(Arc::clone(file), (text.clone(), read));
        }
        all
    }
}

impl Reading {
    /// The documents of one file.
    fn of(file: &Arc<str>, text: &Text) -> Self {
        let mut reading = Self::default();
        match text {
            Ok(text) => {
                for (start, document) in documents(text) {
                    reading.add(file, start, document);
                }
            }
            Err(reason) => {
                let message = format!("cannot be read: {reason}");
                reading.complain(Finding::new(Place::file(file), message));
            }
        }
        reading
    }

    fn add(&mut self, file: &Arc<str>, start: usize, text: &str) {
        match Document::read(text) {
            Ok(document) if document.value.is_null() => {}
            Ok(Document { value, mut lines }) => {
                lines.shift(start);
                self.expand(Manifest {
                    file: Arc::clone(file),
                    document: value,
                    lines,
                });
            }
            Err(error) => {
                let place = Place {
                    file: Arc::clone(file),
                    line: if error.line == 0 {
                        start + 1
                    } else {
                        start + error.line
                    },
                    column: error.column,
                };
                let mut finding = Finding::new(place, error.reason).about(probable_title(text));
                finding.remedy = error.remedy.map(str::to_owned);
                self.complain(finding);
            }
        }
    }

    /// Takes a list apart, as `kubectl apply` does.
    fn expand(&mut self, mut manifest: Manifest) {
        let text = |field: &str| manifest.document[field].as_str().map(str::to_owned);
        let Some(item_kind) =
            text("kind").and_then(|kind| kind.strip_suffix(LIST).map(str::to_owned))
        else {
            return self.manifests.push(manifest);
        };
        let api_version = text("apiVersion");
        // A list of one kind, such as a KongServiceList, need not say it again for each.
        let fill = |document: &mut Value| {
            if let Some(fields) = document.as_object_mut()
                && !item_kind.is_empty()
            {
                let mut put = |field: &str, value: &str| {
                    fields.entry(field).or_insert_with(|| Value::from(value));
                };
                put("kind", &item_kind);
                put("apiVersion", api_version.as_deref().unwrap_or_default());
            }
        };
        match manifest.document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => {
                let places = manifest.lines.member("items");
                for (index, mut document) in items.into_iter().enumerate() {
                    let lines = places.and_then(|places| places.member(&index.to_string()));
                    fill(&mut document);
                    self.expand(Manifest {
                        file: Arc::clone(&manifest.file),
                        document,
                        lines: lines.unwrap_or(&manifest.lines).clone(),
                    });
                }
            }
            // What a template writes that has nothing to list.
            Some(Value::Null) => {}
            None if !item_kind.is_empty() => self.manifests.push(manifest),
            None => self.complain(manifest.finding("items", "is missing").remedy("add it")),
            Some(other) => {
                let message = format!("must be a list and is {}", words(&other));
                self.complain(
                    manifest
                        .finding("items", message)
                        .remedy("begin each item with -"),
                );
            }
        }
    }

    /// There is something in the file that cannot be told.
    fn complain(&mut self, finding: Finding) {
        let file = finding.place.as_ref().map(|place| Arc::clone(&place.file));
        self.broken.extend(file);
        self.findings.push(finding);
    }
}

/// What an object that cannot be read is probably called: what stands at the beginning of lines where
/// objects say it.
fn probable_title(text: &str) -> String {
    let is_word = |word: &&str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
        !word.is_empty() && word.chars().all(is_letter)
    };
    let after = |line: &'_ str, field: &str| -> Option<String> {
        let value = line.strip_prefix(field)?.strip_prefix(':')?;
        let value = value.split(" #").next().unwrap_or_default().trim();
        Some(value).filter(is_word).map(str::to_owned)
    };
    let kind = text.lines().find_map(|line| after(line, "kind"));
    let mut metadata = text
        .lines()
        .skip_while(|line| !line.starts_with("metadata:"))
        .enumerate()
        .take_while(|(index, line)| *index == 0 || line.starts_with(char::is_whitespace))
        .flat_map(|(_, line)| line.trim_start_matches("metadata:").split(['{', ',', '}']))
        .map(str::trim);
    let name = metadata.clone().find_map(|line| after(line, "name"));
    let namespace = metadata.find_map(|line| after(line, "namespace"));
    match (kind, namespace, name) {
        (Some(kind), Some(namespace), Some(name)) => format!("{kind} {namespace}/{name}"),
        (Some(kind), None, Some(name)) => format!("{kind} {name}"),
        (Some(kind), _, None) => kind,
        (None, _, _) => String::new(),
    }
}

/// How the kinds of lists end; the whole kind of a list of anything.
const LIST: &str = "List";

/// The documents of a text with the number of lines before each. As for kubectl, `---` at the beginning
/// of a line parts documents whatever stands around it, so that one that is broken costs only itself.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let (mut begin, mut begin_line, mut offset) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if is_separator(line) {
            documents.push((begin_line, &text[begin..offset]));
            // What stands behind the separator in its line belongs to the next document.
            (begin, begin_line) = (offset + SEPARATOR_LENGTH, number);
        }
        offset += line.len();
    }
    documents.push((begin_line, &text[begin..]));
    documents.retain(|(_, document)| !is_empty(document));
    documents
        .into_iter()
        .flat_map(|(line, document)| {
            let parts = json_documents(document).into_iter();
            parts.map(move |(further, part)| (line + further, part))
        })
        .collect()
}

/// Documents of JSON need nothing between them. What is no JSON stays in one piece.
fn json_documents(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut begin, mut line) = (0, 0);
    if is_json(text) {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        while let Some(Ok(_)) = values.next() {
            let part = &text[begin..values.byte_offset()];
            parts.push((line, part));
            line += part.matches('\n').count();
            begin = values.byte_offset();
        }
    }
    if !is_empty(&text[begin..]) {
        parts.push((line, &text[begin..]));
    }
    parts
}

/// Both `---` and `...` have as many.
const SEPARATOR_LENGTH: usize = 3;

fn is_separator(line: &str) -> bool {
    (line.starts_with("---") || line.starts_with("..."))
        && line[SEPARATOR_LENGTH..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
}

/// Whether there is nothing but blank lines, comments and YAML directives.
fn is_empty(document: &str) -> bool {
    document
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line.starts_with('%'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Reading {
        let text: Text = Ok(Arc::from(text));
        Reading::of(&Arc::from("a.yaml"), &text)
    }

    fn lines(reading: &Reading) -> Vec<(String, usize)> {
        let of = |manifest: &Manifest| (manifest.title(), manifest.place("").line);
        reading.manifests.iter().map(of).collect()
    }

    #[test]
    fn documents_know_where_they_begin() {
        let text = "# head\n---\nkind: A\nmetadata: {name: a}\n---\n# no more\n--- # and\n\nkind: B\n...\n";
        let reading = read(text);
        assert_eq!(
            lines(&reading),
            [("A a".to_owned(), 3), ("B".to_owned(), 9)]
        );
        assert!(reading.findings.is_empty() && reading.broken.is_empty());
    }

    #[test]
    fn a_broken_document_costs_only_itself() {
        let reading = read("kind: A\n---\nkind: B\n\tx: 1\n---\nkind: C\n");
        assert_eq!(lines(&reading), [("A".to_owned(), 1), ("C".to_owned(), 6)]);
        let findings: Vec<_> = reading.findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            findings,
            ["a.yaml:4:1: B: not valid YAML: the line is indented with a tab; indent with spaces"]
        );
        assert_eq!(reading.broken.len(), 1);
    }

    #[test]
    fn a_broken_document_is_called_what_it_says_it_is() {
        let told = |text: &str| read(text).findings[0].to_string();
        assert_eq!(
            told("kind: B # not A\nmetadata:\n  labels: {}\n  name: n\nspec:\n\tx: 1\n"),
            "a.yaml:6:1: B n: not valid YAML: the line is indented with a tab; indent with spaces"
        );
        assert!(
            told("kind: B\nmetadata:\n  namespace: s\n  name: n\nspec: [\n")
                .contains(": B s/n: not valid YAML: ")
        );
        assert!(
            told("kind: B\nmetadata: {namespace: s, name: n}\nspec: [\n")
                .contains(": B s/n: not valid YAML: ")
        );
        assert!(told("kind: \"B\"\nspec: [\nname: n\n").starts_with("a.yaml:2:7: not valid"));
    }

    #[test]
    fn lists_are_taken_apart() {
        let reading = read(
            "apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: List\n  items:\n  - kind: B\n    spec:\n      x: 1\n",
        );
        assert_eq!(lines(&reading), [("A".to_owned(), 4), ("B".to_owned(), 7)]);
        assert_eq!(reading.manifests[1].place("spec.x").line, 9);
    }

    #[test]
    fn an_empty_list_holds_nothing() {
        for text in [
            "{\"kind\": \"List\", \"items\": []}",
            "kind: List\nitems:\n",
            "kind: KongServiceList\nitems:\n",
        ] {
            let reading = read(text);
            assert!(reading.manifests.is_empty() && reading.findings.is_empty());
        }
    }

    #[test]
    fn a_list_of_one_kind_says_it_for_all() {
        let reading = read("apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: a}\n");
        assert_eq!(
            reading.manifests[0].document,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
        );
    }

    #[test]
    fn a_list_without_items_is_said_to_be_so() {
        let told = |text: &str| read(text).findings[0].to_string();
        assert_eq!(
            told("kind: List\nitmes: []\n"),
            "a.yaml:1: List: items: is missing; add it"
        );
        assert_eq!(
            told("kind: List\nitems: {a: b}\n"),
            "a.yaml:2: List: items: must be a list and is a mapping; begin each item with -"
        );
    }

    #[test]
    fn documents_of_json_follow_each_other() {
        let reading = read("{\"kind\": \"A\"}\n{\n\t\"kind\": \"B\",\n\t\"x\": 1}\n{\"kind\": ]\n");
        assert_eq!(lines(&reading), [("A".to_owned(), 1), ("B".to_owned(), 2)]);
        assert_eq!(reading.manifests[1].place("x").line, 4);
        assert_eq!(reading.findings.len(), 1);
        assert!(
            reading.findings[0]
                .to_string()
                .starts_with("a.yaml:5:10: not valid JSON: "),
            "{}",
            reading.findings[0]
        );
    }

    #[test]
    fn a_file_is_read_again_only_when_it_changes() {
        let mut reader = Reader::default();
        let file: Arc<str> = Arc::from("a.yaml");
        let mut snapshot = Snapshot::default();
        snapshot
            .files
            .insert(Arc::clone(&file), Ok(Arc::from("kind: A\n")));
        assert_eq!(
            reader.read(&snapshot).manifests[0].document,
            json!({"kind": "A"})
        );
        snapshot.files.insert(file, Ok(Arc::from("kind: B\n")));
        assert_eq!(
            reader.read(&snapshot).manifests[0].document,
            json!({"kind": "B"})
        );
        snapshot.files.clear();
        assert!(reader.read(&snapshot).manifests.is_empty());
    }
}
