//! Changes of requests and answers, collected for the plugins `request-transformer` and `response-transformer`.

use gateway_types::{HTTPHeader, HeaderModifier};
use kong_model::entity::{Members, Plugin};
use serde_json::{Map, Value, json};

/// What one of the two plugins changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transformer {
    replace: Vec<String>,
    uri: Option<String>,
    add: Vec<String>,
    append: Vec<String>,
    remove: Vec<String>,
    /// Whether anybody asked for it, even if for nothing.
    asked: bool,
}

impl Transformer {
    /// Changes headers.
    pub(super) fn modify(&mut self, modifier: &HeaderModifier) {
        let pair = |it: &HTTPHeader| pair(&it.name, &it.value);
        self.asked = true;
        self.replace.extend(modifier.set.iter().map(pair));
        self.add.extend(modifier.set.iter().map(pair));
        self.append.extend(modifier.add.iter().map(pair));
        self.remove.extend(modifier.remove.iter().cloned());
    }

    /// Sets a header whether there is one or not.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.asked = true;
        self.replace.push(pair(name, value));
        self.add.push(pair(name, value));
    }

    /// Adds a header unless there is one.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.asked = true;
        self.add.push(pair(name, value));
    }

    /// Replaces the path; of several the first counts.
    pub(super) fn replace_path(&mut self, path: String) {
        self.asked = true;
        if !path.is_empty() {
            self.uri.get_or_insert(path);
        }
    }

    /// The plugin, if there is anything for it to do.
    pub(super) fn plugin(self, name: &str, tags: &[String]) -> Option<Plugin> {
        if !self.asked {
            return None;
        }
        let mut config = Map::new();
        let mut part = |name: &str, headers: Vec<String>, uri: Option<String>| {
            let mut part = Map::new();
            if !headers.is_empty() {
                part.insert("headers".to_owned(), json!(headers));
            }
            if let Some(uri) = uri {
                part.insert("uri".to_owned(), json!(uri));
            }
            if !part.is_empty() {
                config.insert(name.to_owned(), Value::Object(part));
            }
        };
        part("replace", self.replace, self.uri);
        part("add", self.add, None);
        part("append", self.append, None);
        part("remove", self.remove, None);
        Some(plugin(name, config, tags))
    }
}

/// A plugin with its settings.
pub(super) fn plugin(name: &str, config: Map<String, Value>, tags: &[String]) -> Plugin {
    Plugin {
        name: name.to_owned(),
        config: Some(Members(config)).filter(|config| !config.0.is_empty()),
        tags: Some(tags.to_vec()),
        ..Plugin::default()
    }
}

/// A header as the plugins have it.
fn pair(name: &str, value: &str) -> String {
    match value {
        "" => name.to_owned(),
        value => format!("{name}:{value}"),
    }
}
