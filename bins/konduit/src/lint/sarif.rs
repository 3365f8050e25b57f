//! Findings as SARIF 2.1.0, which code reviews and editors open.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use gateway_translation::{Level, Rule};
use serde_json::{Value, json};

use super::Found;

/// The schema of the format.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log of one run.
pub(super) fn log(found: &[Found]) -> Value {
    let used: BTreeSet<&str> = found.iter().map(|it| it.rule).collect();
    let mut rules: Vec<Value> = Rule::ALL
        .iter()
        .filter(|rule| used.contains(rule.id()))
        .map(|rule| rule_of(rule.id(), rule.description(), rule.level()))
        .collect();
    if used.contains(super::UNREADABLE) {
        let description = "A document cannot be read.";
        rules.push(rule_of(super::UNREADABLE, description, Level::Error));
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "konduit",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "results": found.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// A level in one word, as the format has it.
fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "note",
        other => super::word(other),
    }
}

fn rule_of(id: &str, description: &str, level: Level) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": description},
        "defaultConfiguration": {"level": word(level)},
    })
}

fn result(found: &Found) -> Value {
    let mut result = json!({
        "ruleId": found.rule,
        "level": word(found.level),
        "message": {"text": found.finding.without_place()},
    });
    if let Some(place) = &found.finding.place {
        let mut location = json!({"artifactLocation": {"uri": uri(&place.file)}});
        if place.line > 0 {
            location["region"] = json!({"startLine": place.line});
            if place.column > 0 {
                location["region"]["startColumn"] = json!(place.column);
            }
        }
        result["locations"] = json!([{"physicalLocation": location}]);
    }
    result
}

/// A path as a relative reference of a URI: what is special there is escaped.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    let file = file.replace('\\', "/");
    for byte in file.trim_start_matches("./").bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
        if plain {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("strings take everything");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_reference_whatever_it_is_called() {
        assert_eq!(uri("a b/ü%.yaml"), "a%20b/%C3%BC%25.yaml");
        assert_eq!(uri("dir\\file.yaml"), "dir/file.yaml");
        assert_eq!(uri("./file.yaml"), "file.yaml");
    }
}
