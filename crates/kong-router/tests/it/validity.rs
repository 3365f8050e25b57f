//! What Kong accepts and what it refuses.

use std::collections::BTreeMap;

use kong_router::{Config, Dialect, Edition, validate};
use serde_json::Value;

use crate::records::{conclude, read};

/// Collections whose entities Kong's errors sometimes name instead of counting.
const NAMED: [&str; 4] = ["routes", "targets", "consumers", "snis"];

/// The paths at which Kong's tree of errors has a text, without numbers: those of Lua are not ours.
fn places(errors: &Value, path: &str, found: &mut Vec<String>) {
    match errors {
        Value::String(_) => found.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| places(item, path, found)),
        Value::Object(members) => {
            for (member, inner) in members {
                let own =
                    member == "@entity" || member.parse::<usize>().is_ok() || NAMED.contains(&path);
                let inside = if own {
                    path.to_owned()
                } else {
                    format!("{path}.{member}")
                        .trim_start_matches('.')
                        .to_owned()
                };
                places(inner, &inside, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_numbers(place: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in place.chars() {
        match character {
            '[' => inside = true,
            ']' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text
}

#[test]
fn configurations_are_accepted_and_refused_as_by_kong() {
    let (mut compared, mut differences) = (0, Vec::new());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for record in read("validity.jsonl") {
        compared += 1;
        *kinds
            .entry(record.value["entity_type"].to_string())
            .or_default() += 1;
        let dialect = Dialect {
            flavor: record.flavor,
            ..Dialect::default()
        };
        let findings = validate(&record.config, dialect);
        let accepted = record.value["accepted"].as_bool().unwrap();
        if findings.is_empty() != accepted {
            let message = &record.value["message"];
            let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
            differences.push(format!(
                "{}: accepted was {accepted} ({message}); {found:?}; {}",
                record.id, record.value["config"]
            ));
        }
    }
    println!("{kinds:?}");
    conclude("validity.jsonl", compared, &differences);
}

#[test]
fn findings_are_where_kong_sees_them() {
    let (mut compared, mut differences) = (0, Vec::new());
    for record in read("validity.jsonl") {
        let mut expected = Vec::new();
        places(&record.value["errors"], "", &mut expected);
        if expected.is_empty() {
            continue;
        }
        compared += 1;
        let dialect = Dialect {
            flavor: record.flavor,
            ..Dialect::default()
        };
        let findings = validate(&record.config, dialect);
        let ours: Vec<String> = findings
            .iter()
            .map(|finding| without_numbers(&finding.field))
            .collect();
        // Kong tells of an entity where we tell of a member of it, and the other way round.
        let near = |one: &String| {
            ours.iter()
                .any(|other| other.starts_with(one.as_str()) || one.starts_with(other.as_str()))
        };
        if !expected.iter().any(near) {
            differences.push(format!("{}: {expected:?} but {ours:?}", record.id));
        }
    }
    conclude("places of findings", compared, &differences);
}

#[test]
fn plugins_of_consumer_groups_are_those_of_an_enterprise_gateway() {
    let deck = r#"
_format_version: "3.0"
consumer_groups: [{name: gold}, {name: free}]
plugins:
- {name: rate-limiting, consumer_group: gold, config: {minute: 9}, ordering: {before: {access: [cors]}}}
- {name: rate-limiting, consumer_group: free, config: {minute: 1}}
"#;
    let config = Config::read(deck).unwrap();
    let enterprise = Dialect {
        edition: Edition::Enterprise,
        ..Dialect::default()
    };
    assert_eq!(validate(&config, enterprise), []);
    let refused = validate(&config, Dialect::default());
    let fields: Vec<&str> = refused.iter().map(|it| it.field.as_str()).collect();
    let expected = [
        "consumer_groups",
        "plugins[0].consumer_group",
        "plugins[0].ordering",
        "plugins[1].consumer_group",
    ];
    assert_eq!(fields, expected);
    let twice = Config::read(&deck.replace("free", "gold")).unwrap();
    assert_eq!(validate(&twice, enterprise).len(), 1);
}
