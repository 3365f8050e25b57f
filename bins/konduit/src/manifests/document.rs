//! One YAML or JSON document, read so that every field still knows its line.
//!
//! Depends on the YAML reader and nothing of the program. Start with [`Document::read`];
//! [`Lines::of`] finds the line of a field path as the API server writes them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::Spanned;

/// A document and where its fields stand.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// What it says.
    pub(crate) value: Value,
    /// Where.
    pub(crate) lines: Lines,
}

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct SyntaxError {
    /// Line in the text, counted from 1; 0 if it is not known.
    pub(crate) line: usize,
    /// Column, counted from 1; 0 if it is not known.
    pub(crate) column: usize,
    /// What is wrong, in plain words.
    pub(crate) reason: String,
    /// What to do, where we know.
    pub(crate) remedy: Option<&'static str>,
}

impl Document {
    /// Reads one document.
    pub(crate) fn read(text: &str) -> Result<Self, SyntaxError> {
        if !is_json(text) {
            return Self::read_yaml(text).map_err(|error| SyntaxError::of_yaml(text, &error));
        }
        // JSON is YAML but for tabs, which can stand between its values only.
        match (
            Self::read_yaml(&text.replace('\t', " ")),
            serde_json::from_str(text),
        ) {
            (Ok(document), _) => Ok(document),
            (Err(error), _) if error.to_string().contains(DUPLICATE) => {
                Err(SyntaxError::of_yaml(text, &error))
            }
            (Err(_), Ok(value)) => Ok(Self {
                value,
                lines: Lines::at(1),
            }),
            // Braces may also stand for YAML, or for a template that has not been rendered.
            (Err(error), Err(_)) if !is_surely_json(text) => {
                Err(SyntaxError::of_yaml(text, &error))
            }
            (Err(_), Err(error)) => Err(SyntaxError::of_json(&error)),
        }
    }

    fn read_yaml(text: &str) -> Result<Self, serde_yaml::Error> {
        // Snippets of the text could show a secret.
        let mut options = serde_yaml::Options::default();
        options.with_snippet = false;
        // As kubectl reads it: 0777 is 511.
        options.legacy_octal_numbers = true;
        let node = serde_yaml::from_str_with_options::<Spanned<Node>>(text, options)?;
        let (value, lines) = node.value.split(line_of(&node.referenced));
        Ok(Self { value, lines })
    }
}

/// How the reader begins when a field stands twice in a mapping.
const DUPLICATE: &str = "duplicate mapping key";

/// Whether it is a flow of braces or brackets, as JSON is.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Whether what follows the first brace is what JSON has there.
fn is_surely_json(text: &str) -> bool {
    match text.trim_start().strip_prefix('{') {
        Some(rest) => rest.trim_start().starts_with(['"', '}']),
        None => true,
    }
}

fn line_of(location: &serde_yaml::Location) -> usize {
    usize::try_from(location.line()).unwrap_or_default()
}

impl SyntaxError {
    fn of_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text);
        Self {
            line: error.line(),
            column: error.column(),
            reason: format!("not valid JSON: {reason}"),
            remedy: None,
        }
    }

    fn of_yaml(text: &str, error: &serde_yaml::Error) -> Self {
        let location = error.location();
        let number = |number: Option<u64>| {
            number
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or_default()
        };
        let line = number(location.map(|location| location.line()));
        let column = number(location.map(|location| location.column()));
        if let Some((line, column)) = tab_near(text, line) {
            return Self {
                line,
                column,
                reason: "not valid YAML: the line is indented with a tab".to_owned(),
                remedy: Some("indent with spaces"),
            };
        }
        let message = error.without_snippet().render();
        let is_template = text
            .lines()
            .nth(line.saturating_sub(1))
            .is_some_and(|line| line.contains("{{"));
        Self {
            line,
            column,
            reason: format!("not valid YAML: {}", plain(&message)),
            remedy: is_template.then_some("this looks like a template; render it first"),
        }
    }
}

/// The first tab in the indentation of the line at fault or of one of its neighbours: the reader often
/// notices only on the next line that something was wrong.
fn tab_near(text: &str, line: usize) -> Option<(usize, usize)> {
    (line.saturating_sub(1)..=line + 1).find_map(|number| {
        let content = text.lines().nth(number.checked_sub(1)?)?;
        let indentation = content.len() - content.trim_start().len();
        let tab = content[..indentation].find('\t')?;
        Some((number, tab + 1))
    })
}

/// The message without the place, which is given apart, and without advice to programmers.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let first = match first.strip_prefix("error: ") {
        Some(rest) => rest,
        None => first,
    };
    let first = match first
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
    {
        Some((_, rest)) => rest,
        None => first,
    };
    let end = [
        " at line ",
        ", set DuplicateKeyPolicy",
        " rejected by the configured policy",
    ]
    .iter()
    .filter_map(|mark| first.find(mark))
    .min()
    .unwrap_or(first.len());
    first[..end].to_owned()
}

/// A value and the places of what it holds.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Self)>),
}

impl Node {
    fn split(self, line: usize) -> (Value, Lines) {
        let mut lines = Lines::at(line);
        let value = match self {
            Self::Scalar(value) => value,
            Self::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let (value, below) = item.value.split(line_of(&item.referenced));
                    values.push(value);
                    lines.below.push((index.to_string(), below));
                }
                Value::Array(values)
            }
            Self::Map(members) => {
                let mut map = Map::new();
                for (key, member) in members {
                    let (value, below) = member.split(line_of(&key.referenced));
                    lines.below.push((key.value.clone(), below));
                    map.insert(key.value, value);
                }
                Value::Object(map)
            }
        };
        (value, lines)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON can hold")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        // kubectl sends 1.0 as 1, and a server stores that as an integer.
        if value.fract() == 0.0
            && let Ok(integer) = format!("{value:.0}").parse::<i64>()
        {
            return Ok(Node::Scalar(Value::from(integer)));
        }
        let number = Number::from_f64(value)
            .ok_or_else(|| E::custom(format!("{value} is a number that JSON cannot hold")))?;
        Ok(Node::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut nodes: Vec<(Spanned<String>, Node)> = Vec::new();
        while let Some(key) = members.next_key::<Spanned<String>>()? {
            nodes.push((key, members.next_value()?));
        }
        Ok(Node::Map(nodes))
    }
}

/// Where the fields of a document stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    line: usize,
    below: Vec<(String, Self)>,
}

impl Lines {
    /// A document whose fields have no lines of their own.
    pub(crate) fn at(line: usize) -> Self {
        Self {
            line,
            below: Vec::new(),
        }
    }

    /// Everything so many lines further down.
    pub(crate) fn shift(&mut self, by: usize) {
        self.line += by;
        for (_, below) in &mut self.below {
            below.shift(by);
        }
    }

    /// The places of a member.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        self.below
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, lines)| lines)
    }

    /// The line of a field such as `spec.paths[0]` or `metadata.annotations[konghq.com/plugins]`; that
    /// of the nearest field above it if it is not there.
    pub(crate) fn of(&self, path: &str) -> usize {
        let path = path.trim_start_matches('.');
        if path.is_empty() {
            return self.line;
        }
        if let Some((name, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) {
            return match self.member(name.trim_matches('"')) {
                Some(member) => member.of(rest),
                None => self.line,
            };
        }
        // A name may hold dots of its own, so the members that are there decide where it ends.
        let named = self.below.iter().filter(|(name, _)| {
            path.strip_prefix(name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        match named.max_by_key(|(name, _)| name.len()) {
            Some((name, member)) => member.of(&path[name.len()..]),
            None => self.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "\
# A comment.
kind: KongRoute
metadata:
  annotations:
    konghq.com/plugins: limit
spec:
  paths:
    - /one
    - /two
  headers: {a: [b],
    c: [d]}
  on: 'yes'
";

    #[test]
    fn every_field_knows_its_line() {
        let document = Document::read(TEXT).unwrap();
        let line = |path: &str| document.lines.of(path);
        assert_eq!(document.lines.of(""), 2);
        assert_eq!(line("kind"), 2);
        assert_eq!(line("metadata.annotations[konghq.com/plugins]"), 5);
        assert_eq!(line("metadata.annotations.konghq.com/plugins"), 5);
        assert_eq!(line("spec"), 6);
        assert_eq!(line("spec.paths"), 7);
        assert_eq!(line("spec.paths[1]"), 9);
        assert_eq!(line("spec.headers.c[0]"), 11);
    }

    #[test]
    fn a_field_that_is_not_there_is_looked_for_in_the_nearest_one_above() {
        let document = Document::read(TEXT).unwrap();
        assert_eq!(document.lines.of("spec.paths[7]"), 7);
        assert_eq!(document.lines.of("spec.host"), 6);
        assert_eq!(document.lines.of("status.conditions"), 2);
        assert_eq!(document.lines.of("<nil>"), 2);
    }

    #[test]
    fn values_are_those_that_kubectl_would_send() {
        let text = "a: on\nb: 'on'\nc: 0x10\nd: 1.5\ne:\nf: 2026-01-01\n1: one\n\
            g: 0777\nh: 1.0\ni: 1e3\nj: 1_000\nk: 09\nl: -0.0\nm: 1e30\n";
        let document = Document::read(text).unwrap();
        assert_eq!(
            document.value,
            json!({"a": true, "b": "on", "c": 16, "d": 1.5, "e": null, "f": "2026-01-01", "1": "one",
                "g": 511, "h": 1, "i": 1000, "j": 1000, "k": 9, "l": 0, "m": 1e30})
        );
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let text = "base: &base {a: 1}\ncopy:\n  <<: *base\n  b: 2\n";
        let document = Document::read(text).unwrap();
        assert_eq!(document.value["copy"], json!({"a": 1, "b": 2}));
        assert_eq!(document.lines.of("copy.b"), 4);
    }

    #[test]
    fn a_tab_is_named_with_its_place() {
        let error = Document::read("spec:\n  host: a\n\tport: 80\n").unwrap_err();
        assert_eq!((error.line, error.column), (3, 1));
        assert_eq!(
            error.reason,
            "not valid YAML: the line is indented with a tab"
        );
        assert_eq!(error.remedy, Some("indent with spaces"));
    }

    #[test]
    fn a_field_given_twice_is_refused_by_name() {
        let error = Document::read("spec:\n  host: a\n  host: b\n").unwrap_err();
        assert_eq!(error.line, 3);
        assert_eq!(error.reason, "not valid YAML: duplicate mapping key: host");
    }

    #[test]
    fn a_template_is_taken_for_one() {
        for text in ["{{ .Values.shop }}", "kind: {{ .Values.kind }}"] {
            let error = Document::read(text).unwrap_err();
            assert_eq!(
                error.remedy,
                Some("this looks like a template; render it first"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_error_shows_nothing_of_the_text() {
        let error = Document::read("token: kpat_secret\n  : [\n").unwrap_err();
        assert!(!error.reason.contains("kpat_secret"), "{error}");
        assert!(error.line > 0);
    }

    #[test]
    fn json_with_tabs_is_read_and_broken_json_is_called_json() {
        let document = Document::read("{\n\t\"kind\": \"Secret\"\n}").unwrap();
        assert_eq!(document.value, json!({"kind": "Secret"}));
        assert_eq!(document.lines.of("kind"), 2);
        let error = Document::read("{\"a\": 1,\n\"a\": 2}").unwrap_err();
        assert_eq!(error.reason, "not valid YAML: duplicate mapping key: a");
        let error = Document::read("{\n\t\"kind\": \"Secret\"").unwrap_err();
        assert_eq!(
            (error.line, error.reason.as_str()),
            (2, "not valid JSON: EOF while parsing an object")
        );
    }
}
