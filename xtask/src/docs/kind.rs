//! The sections of the page of a kind: what it is called, its fields, what the API server refuses.

use std::fs;

use kong_crds::{Kind, Object};
use serde_json::Value;

use super::{
    Page, splice,
    table::{code, codes, table},
};
use crate::workspace;

/// A kind, as far as its page is concerned.
pub(super) struct Row {
    pub(super) kind: Kind,
    /// `judged` or `input`.
    class: &'static str,
    /// Its condition types.
    pub(super) conditions: &'static [&'static str],
}

/// Every kind that is watched in a cluster, parents first.
pub(super) fn rows() -> Vec<Row> {
    macro_rules! rows {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            vec![$(Row {
                kind: Kind::$kind,
                class: stringify!($class),
                conditions: <$type as Object>::CONDITIONS,
            }),*]
        };
    }
    let mut rows = kong_crds::kinds!(rows);
    rows.retain(|row| row.kind.is_served());
    rows
}

fn file(kind: Kind) -> String {
    format!("kinds/{}.md", kind.as_str().to_lowercase())
}

/// The page of a kind.
pub(super) fn page(row: &Row, document: Option<&Value>) -> Page {
    let mut sections = vec![("facts", facts(row, document))];
    sections.extend(example(row.kind).map(|example| ("example", example)));
    if let Some(document) = document {
        let schema = schema(document, row.kind);
        sections.push(("fields", fields(schema)));
        sections.push(("rules", rules(schema)));
        if !status(schema).is_null() {
            sections.push(("status", status_fields(schema)));
        }
    }
    Page {
        file: file(row.kind),
        skeleton: Some(skeleton(row.kind, document, &sections)),
        sections,
        explained: Vec::new(),
    }
}

/// The first document of the example of a kind, if there is one, without the comments before it.
fn example(kind: Kind) -> Option<String> {
    let file = format!("{}.yaml", kind.as_str().to_lowercase());
    let path = workspace::root().join("examples/kinds").join(file);
    let text = fs::read_to_string(path).ok()?;
    let document = text.split("\n---").next().unwrap_or_default();
    let lines = document.lines().skip_while(|line| line.starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    Some(format!("```yaml\n{}\n```\n", lines.join("\n").trim_end()))
}

/// The list of pages, for the table of contents.
pub(super) fn summary() -> String {
    let lines: Vec<String> = rows()
        .iter()
        .map(|row| format!("- [{}]({})", row.kind, file(row.kind)))
        .collect();
    lines.join("\n")
}

/// The table of all kinds.
pub(super) fn overview(documents: &[Value]) -> String {
    let rows = rows().into_iter().map(|row| {
        let document = super::document_of(documents, row.kind);
        let what = match document {
            Some(document) => text(&schema(document, row.kind)["description"]),
            None => "A Secret of Kubernetes.".to_owned(),
        };
        let served = match row.class {
            "judged" => "judged",
            _ => "input",
        };
        vec![
            format!("[{}]({})", row.kind, file(row.kind)),
            code(row.kind.api_version()),
            served.to_owned(),
            what,
        ]
    });
    table(&["Kind", "API", "Served as", "What it is"], rows)
}

/// What a page is before anybody has written on it.
fn skeleton(kind: Kind, document: Option<&Value>, sections: &[(&str, String)]) -> String {
    let mut page = format!("# {kind}\n\n");
    if let Some(document) = document {
        let description = text(&schema(document, kind)["description"]);
        page.extend([&*description, "\n\n"]);
    }
    for (name, _) in sections {
        if let Some((_, heading)) = HEADINGS.iter().find(|(section, _)| section == name) {
            page.extend(["## ", heading, "\n\n"]);
        }
        page.push_str(&splice::empty(name));
        page.push('\n');
    }
    format!("{}\n", page.trim_end())
}

/// Headings of sections on a new page.
const HEADINGS: &[(&str, &str)] = &[
    ("example", "Example"),
    ("fields", "Fields"),
    ("rules", "What the API server refuses"),
    ("status", "Status"),
];

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The version of a definition that we work in.
fn version(document: &Value, kind: Kind) -> &Value {
    document["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|version| version["name"] == kind.version())
        .unwrap_or(&Value::Null)
}

/// The schema of the version that we work in.
pub(super) fn schema(document: &Value, kind: Kind) -> &Value {
    &version(document, kind)["schema"]["openAPIV3Schema"]
}

fn status(schema: &Value) -> &Value {
    &schema["properties"]["status"]
}

fn facts(row: &Row, document: Option<&Value>) -> String {
    let kind = row.kind;
    let mut facts: Vec<(&str, String)> = vec![("API", code(kind.api_version()))];
    if let Some(document) = document {
        let versions = document["spec"]["versions"]
            .as_array()
            .into_iter()
            .flatten();
        let older = codes(
            versions
                .filter(|version| version["served"] == true)
                .filter_map(|version| version["name"].as_str())
                .filter(|name| *name != kind.version()),
        );
        facts.push(("Also served as", older));
    }
    facts.push(("Plural", code(kind.plural())));
    if let Some(document) = document {
        let names = &document["spec"]["names"];
        facts.push(("Short names", codes(strings(&names["shortNames"]))));
        facts.push(("Categories", codes(strings(&names["categories"]))));
        let columns = version(document, kind)["additionalPrinterColumns"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|column| {
                let name = text(&column["name"]);
                match column["priority"].as_i64() {
                    Some(priority) if priority > 0 => format!("{name} (with `-o wide`)"),
                    Some(_) | None => name,
                }
            });
        facts.push(("Columns", columns.collect::<Vec<_>>().join(", ")));
    }
    let scope = if kind.namespaced() {
        "namespaced"
    } else {
        "cluster"
    };
    facts.push(("Scope", scope.to_owned()));
    facts.push(("Conditions", codes(row.conditions.iter().copied())));
    let rows = facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| vec![name.to_owned(), value]);
    table(&["", ""], rows)
}

/// The fields that users write. A kind has them in `spec`, or at the top of the document.
fn fields(schema: &Value) -> String {
    let mut rows = Vec::new();
    let spec = &schema["properties"]["spec"];
    if spec.is_null() {
        collect(schema, "", &mut rows);
    } else {
        collect(spec, "spec", &mut rows);
    }
    table(&["Field", "Type", "Meaning"], rows)
}

/// The fields of the status beside the conditions.
fn status_fields(schema: &Value) -> String {
    let mut rows = Vec::new();
    collect(status(schema), "status", &mut rows);
    table(&["Field", "Type", "Meaning"], rows)
}

/// What is not explained on the page of a kind: it is the same for all.
const COMMON: &[&str] = &["apiVersion", "kind", "metadata", "status"];

/// A row for every property below `path`, in the order of the alphabet.
fn collect(schema: &Value, path: &str, rows: &mut Vec<Vec<String>>) {
    let required: Vec<&str> = strings(&schema["required"]).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if path.is_empty() && COMMON.contains(&name.as_str()) {
            continue;
        }
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let mut meaning = text(&property["description"]);
        if required.contains(&name.as_str()) {
            meaning.push_str(" **Required.**");
        }
        if here == "status.conditions" {
            rows.push(vec![
                code(&here),
                "list".to_owned(),
                "See [Conditions](../conditions.md).".to_owned(),
            ]);
            continue;
        }
        rows.push(vec![
            code(&here),
            type_of(property),
            meaning.trim().to_owned(),
        ]);
        below(property, &here, rows);
    }
}

fn below(property: &Value, path: &str, rows: &mut Vec<Vec<String>>) {
    collect(property, path, rows);
    if property["items"].is_object() {
        below(&property["items"], &format!("{path}[]"), rows);
    }
    if property["additionalProperties"].is_object() {
        below(
            &property["additionalProperties"],
            &format!("{path}.*"),
            rows,
        );
    }
}

/// Bounds of a value, with what they count.
const BOUNDS: &[(&str, &str, &str)] = &[
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " entries"),
];

/// `1 to 20 entries`, for the bounds that there are.
fn range(property: &Value, (least, most, unit): (&str, &str, &str)) -> Option<String> {
    match (property[least].as_f64(), property[most].as_f64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    }
}

/// Type, bounds and default of a property in a few words.
fn type_of(property: &Value) -> String {
    let base = match property["type"].as_str() {
        Some("array") => format!("list of {}", plural(&property["items"])),
        Some("object") if property["additionalProperties"].is_object() => {
            format!("map of {}", plural(&property["additionalProperties"]))
        }
        _ => type_name(property),
    };
    let mut words = vec![base];
    let choices = codes(strings(&property["enum"]));
    if !choices.is_empty() {
        words.push(format!("one of {choices}"));
    }
    words.extend(BOUNDS.iter().filter_map(|bounds| range(property, *bounds)));
    if let Some(pattern) = property["pattern"].as_str() {
        words.push(format!("pattern {}", code(pattern)));
    }
    match &property["default"] {
        Value::Null => {}
        Value::String(default) => words.push(format!("default {}", code(default))),
        default => words.push(format!("default {}", code(&default.to_string()))),
    }
    words.join("; ")
}

fn type_name(property: &Value) -> String {
    match property["type"].as_str() {
        Some("object") if property["x-kubernetes-preserve-unknown-fields"] == true => {
            "any object".to_owned()
        }
        Some(name) => name.to_owned(),
        None => "anything".to_owned(),
    }
}

fn plural(property: &Value) -> String {
    match property["type"].as_str() {
        Some("array") => format!("lists of {}", plural(&property["items"])),
        Some(name) => format!("{name}s"),
        None => "anything".to_owned(),
    }
}

/// Every rule of the schema by where it stands, with the words of the refusal.
fn rules(schema: &Value) -> String {
    let mut rows = Vec::new();
    collect_rules(schema, "", &mut rows);
    if rows.is_empty() {
        return "Nothing beside wrong types and bounds.\n".to_owned();
    }
    table(&["Where", "Message"], rows)
}

fn collect_rules(schema: &Value, path: &str, rows: &mut Vec<Vec<String>>) {
    for rule in schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let message = rule["message"].as_str().or_else(|| rule["rule"].as_str());
        let place = if path.is_empty() {
            "the object".to_owned()
        } else {
            code(path)
        };
        rows.push(vec![place, code(message.unwrap_or_default())]);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        collect_rules(property, &here, rows);
    }
    for (field, suffix) in [("items", "[]"), ("additionalProperties", ".*")] {
        if schema[field].is_object() {
            collect_rules(&schema[field], &format!("{path}{suffix}"), rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(kind: Kind, name: &str) -> String {
        let documents = kong_crds::crd_documents();
        let row = rows().into_iter().find(|row| row.kind == kind).unwrap();
        let page = page(&row, super::super::document_of(&documents, kind));
        let (_, text) = page
            .sections
            .into_iter()
            .find(|(section, _)| *section == name)
            .unwrap();
        text
    }

    fn assert_holds(text: &str, part: &str) {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }

    #[test]
    fn facts_name_what_kubectl_needs() {
        let facts = section(Kind::KongPlugin, "facts");
        assert_holds(&facts, "| Short names | `kp` |");
        assert_holds(&facts, "Config (with `-o wide`)");
        let facts = section(Kind::KonnectGatewayControlPlane, "facts");
        assert_holds(&facts, "| Also served as | `v1alpha1` |");
        assert_holds(&section(Kind::Secret, "facts"), "| API | `v1` |");
    }

    #[test]
    fn fields_show_type_bounds_default_and_whether_they_are_required() {
        let fields = section(Kind::KongTarget, "fields");
        assert_holds(
            &fields,
            "| `spec.upstreamRef.name` | string; 1 to 253 characters |",
        );
        assert_holds(&fields, "0 to 65535; default `100`");
        assert_holds(&fields, "Host, with or without a port. **Required.** |");
        assert!(!fields.contains("metadata"));
        let fields = section(Kind::KongPlugin, "fields");
        assert_holds(&fields, "| `plugin` | string |");
        assert_holds(&fields, "| `configPatches[].path` | string |");
    }

    #[test]
    fn rules_are_given_in_the_words_of_the_refusal() {
        let rules = section(Kind::KongTarget, "rules");
        assert_holds(&rules, "`spec.upstreamRef is immutable`");
        let rules = section(Kind::KonnectAPIAuthConfiguration, "rules");
        assert_holds(&rules, "| `spec.serverURL` | `Server URL is required` |");
    }

    #[test]
    fn the_status_tells_where_the_ids_are() {
        let status = section(Kind::KongRoute, "status");
        assert_holds(&status, "`status.konnect.serviceID`");
        assert_holds(&status, "conditions.md");
    }

    #[test]
    fn a_new_page_has_a_place_for_every_section() {
        let documents = kong_crds::crd_documents();
        for row in rows() {
            let page = page(&row, super::super::document_of(&documents, row.kind));
            let skeleton = page.skeleton.unwrap();
            splice::splice(&skeleton, &page.sections).unwrap();
        }
    }
}
