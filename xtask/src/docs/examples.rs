//! Manifests on the pages of the book: each has to be readable, with no field that the schema lacks.

use kong_crds::Kind;
use serde_json::{Value, json};

use super::kind::schema;

/// What is wrong with the manifests in a text.
pub(super) fn complaints(text: &str, definitions: &[Value]) -> Vec<String> {
    blocks(text)
        .iter()
        .flat_map(|block| judge(block, definitions))
        .collect()
}

/// The blocks of YAML in a text that begin as manifests do.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.trim_end()) {
            (None, "```yaml") => block = Some(String::new()),
            (None, _) => {}
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(text), line) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    blocks.retain(|block| block.starts_with("apiVersion:"));
    blocks
}

fn judge(block: &str, definitions: &[Value]) -> Vec<String> {
    match serde_yaml::from_multiple::<Value>(block) {
        Ok(documents) => documents
            .into_iter()
            .flat_map(|document| judge_document(document, definitions))
            .collect(),
        Err(error) => vec![format!("has an example that is not YAML: {error}")],
    }
}

fn judge_document(mut document: Value, definitions: &[Value]) -> Vec<String> {
    let name = format!("{} {}", document["kind"], document["metadata"]["name"]);
    // What a server gives to every object.
    document["metadata"]["uid"] = json!("example");
    if document["metadata"]["namespace"].is_null() {
        document["metadata"]["namespace"] = json!("default");
    }
    let mut complaints = Vec::new();
    let kind = document["kind"]
        .as_str()
        .unwrap_or_default()
        .parse::<Kind>();
    if let Ok(kind) = kind
        && let Some(definition) = super::document_of(definitions, kind)
    {
        unknown_fields(&document, schema(definition, kind), "", &mut complaints);
    }
    match kong_crds::read(document) {
        Ok(observed) => complaints.extend(observed.parts.err().map(|error| error.to_string())),
        Err(error) => complaints.push(error.to_string()),
    }
    complaints
        .into_iter()
        .map(|complaint| format!("has the example {name}: {complaint}"))
        .collect()
}

fn unknown_fields(value: &Value, schema: &Value, path: &str, complaints: &mut Vec<String>) {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    for (field, value) in value.as_object().into_iter().flatten() {
        let here = format!("{path}.{field}");
        let here = here.trim_start_matches('.');
        let known = &schema["properties"][field];
        let below = if known.is_null() {
            &schema["additionalProperties"]
        } else {
            known
        };
        if here == "metadata" {
            // The schema of a definition says nothing of it.
            continue;
        }
        if below.is_object() {
            unknown_fields(value, below, here, complaints);
        } else {
            complaints.push(format!("{here} is no field of it"));
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        unknown_fields(
            item,
            &schema["items"],
            &format!("{path}[{index}]"),
            complaints,
        );
    }
}

#[cfg(test)]
mod tests {
    fn page(manifest: &str) -> String {
        format!("# A page\n\n```yaml\n{manifest}```\n\n```text\napiVersion: none\n```\n")
    }

    const TARGET: &str = "apiVersion: configuration.konghq.com/v1alpha1\nkind: KongTarget\n\
                          metadata: {name: one, labels: {a: b}}\n\
                          spec: {upstreamRef: {name: two}, target: 'x:80'}\n";

    fn complaints(text: &str) -> Vec<String> {
        super::complaints(text, &kong_crds::crd_documents())
    }

    #[test]
    fn a_good_example_is_passed_over() {
        assert_eq!(complaints(&page(TARGET)), Vec::<String>::new());
        assert_eq!(complaints(&page("some: values\n")), Vec::<String>::new());
    }

    #[test]
    fn a_bad_example_is_named_with_the_field() {
        for (from, to, complaint) in [
            ("target:", "goal:", "spec.goal is no field of it"),
            ("name: two", "called: two", "spec.upstreamRef.called"),
            ("'x:80'", "80", "spec.target"),
            ("KongTarget", "KongGoal", "\"KongGoal\""),
            ("kind:", "\tkind:", "not YAML"),
        ] {
            let found = complaints(&page(&TARGET.replace(from, to)));
            assert!(
                found.iter().any(|it| it.contains(complaint)),
                "{complaint}: {found:?}"
            );
        }
    }
}
