//! The examples of `examples/kinds`: one file a kind, and what tests need to know of each.
//!
//! The folder is one consistent world: what an example refers to is in it, and no two objects have one name, so that a
//! name is a reference. A file holds documents of its kind; the first of them is *the* example, which the book
//! shows, and others are there to be referred to. The first line says what an edit is that changes the entity, as a merge
//! patch in YAML, or why there is none:
//!
//! ```yaml
//! # edit: {spec: {retries: 3}}
//! # no edit: its spec cannot be changed.
//! ```
//!
//! Start with [`Examples::get`]; [`Examples::complaints`] says what a kind lacks. Depends on the list of kinds and on
//! the files only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use kong_crds::Kind;
use kong_resolve::Key;
use serde_json::{Value, json};

use crate::document::key_of;
use crate::watchdog::Secrets;

/// Secret values that are shorter than this are not told apart from other text.
pub const SHORTEST_SECRET: usize = 8;

static EXAMPLES: LazyLock<Examples> = LazyLock::new(Examples::read);

/// The example of a kind.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name.
    pub key: Key,
    /// The manifest.
    pub document: Value,
    /// A merge patch that changes what Konnect holds, if there is one.
    pub edit: Option<Value>,
}

/// Everything in the folder.
#[derive(Debug, Default)]
pub struct Examples {
    /// All documents, in the order of their kinds: parents first.
    documents: BTreeMap<Key, Value>,
    of_kinds: BTreeMap<Kind, Example>,
    complaints: Vec<String>,
}

/// Where the files are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/kinds")
}

/// The file of a kind.
fn file(kind: Kind) -> String {
    format!("{}.yaml", kind.as_str().to_lowercase())
}

impl Examples {
    /// The folder of this workspace.
    pub fn get() -> &'static Self {
        &EXAMPLES
    }

    fn read() -> Self {
        let mut examples = Self::default();
        for kind in Kind::served() {
            match std::fs::read_to_string(folder().join(file(kind))) {
                Ok(text) => examples.add(kind, &text),
                Err(error) => examples.complain(
                    kind,
                    &format!("{error}; write an example with all that matters, as users would"),
                ),
            }
        }
        examples.names_are_distinct();
        examples.inputs_are_used();
        examples
    }

    fn complain(&mut self, kind: Kind, what: &str) {
        let complaint = format!("{kind}: examples/kinds/{}: {what}", file(kind));
        self.complaints.push(complaint);
    }

    fn add(&mut self, kind: Kind, text: &str) {
        let edit = match edit(text) {
            Ok(edit) => edit,
            Err(why) => return self.complain(kind, &why),
        };
        let documents = match serde_yaml::from_multiple::<Value>(text) {
            Ok(documents) => documents,
            Err(error) => return self.complain(kind, &error.to_string()),
        };
        for document in documents {
            match key_of(&document) {
                Some(key) if key.kind == kind => {
                    self.of_kinds.entry(kind).or_insert_with(|| Example {
                        key: key.clone(),
                        document: document.clone(),
                        edit: edit.clone(),
                    });
                    let short = Secrets::of(&document)
                        .texts()
                        .any(|secret| secret.len() < SHORTEST_SECRET);
                    if short {
                        let what = format!(
                            "a secret of {key} has less than {SHORTEST_SECRET} characters, too few to be looked for"
                        );
                        self.complain(kind, &what);
                    }
                    self.documents.insert(key, document);
                }
                Some(_) | None => {
                    let what =
                        "all documents have to be of the kind of the file, with name and namespace";
                    self.complain(kind, what);
                }
            }
        }
    }

    fn names_are_distinct(&mut self) {
        let mut names: BTreeMap<String, Key> = BTreeMap::new();
        let keys: Vec<Key> = self.documents.keys().cloned().collect();
        for key in keys {
            if let Some(other) = names.insert(key.name.name.to_string(), key.clone()) {
                let what = format!("{key} has the name of {other}; give it one of its own");
                self.complain(key.kind, &what);
            }
        }
    }

    fn inputs_are_used(&mut self) {
        let inputs = self.of_kinds.values().map(|example| example.key.clone());
        let inputs: Vec<Key> = inputs.filter(|key| !is_judged(key.kind)).collect();
        for key in inputs {
            if self.users(&key).is_empty() {
                self.complain(key.kind, "no other example uses it; refer to it in one");
            }
        }
    }

    /// What kinds lack, each with the file and what to write there.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Every document, parents first.
    pub fn documents(&self) -> impl Iterator<Item = &Value> {
        self.documents.values()
    }

    /// Every object, parents first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.documents.keys()
    }

    /// The examples of all kinds that have one, parents first.
    pub fn all(&self) -> impl Iterator<Item = &Example> {
        self.of_kinds.values()
    }

    /// Every secret value in them.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for (key, document) in &self.documents {
            secrets.learn(key.kind, document);
        }
        secrets
    }

    /// The example of a kind.
    pub fn of(&self, kind: Kind) -> Option<&Example> {
        self.of_kinds.get(&kind)
    }

    /// What an object refers to, now or after its edit, and what that refers to, with the grants that this takes;
    /// parents first, without the object.
    pub fn needs(&self, key: &Key) -> Vec<Key> {
        let mut found = BTreeSet::new();
        let mut next = vec![key.clone()];
        while let Some(key) = next.pop() {
            let references = self.references(&key);
            next.extend(references.into_iter().filter(|to| found.insert(to.clone())));
        }
        found.insert(key.clone());
        let grants = self.documents.iter().filter(|(grant, document)| {
            grant.kind == Kind::KongReferenceGrant && permits_some(document, &found)
        });
        let grants: Vec<Key> = grants.map(|(grant, _)| grant.clone()).collect();
        found.extend(grants);
        found.remove(key);
        found.into_iter().collect()
    }

    /// The documents of these objects, in this order.
    pub fn documents_of<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Vec<Value> {
        let keys = keys.into_iter();
        keys.filter_map(|key| self.documents.get(key).cloned())
            .collect()
    }

    /// Objects that we answer for and that need an object without another of these in between.
    pub fn users(&self, key: &Key) -> Vec<Key> {
        let needs = |user: &Key| user.kind != key.kind && self.needs(user).contains(key);
        let all: Vec<&Key> = self
            .documents
            .keys()
            .filter(|user| is_judged(user.kind) && needs(user))
            .collect();
        let direct = all.iter().filter(|user| {
            let between = self.references(user);
            !all.iter().any(|other| between.contains(other))
        });
        direct.map(|user| Key::clone(user)).collect()
    }

    /// Objects that a document names, now or after its edit.
    fn references(&self, key: &Key) -> Vec<Key> {
        let mut names = BTreeSet::new();
        if let Some(document) = self.documents.get(key) {
            collect_names(document, &mut names);
        }
        let example = self.of_kinds.get(&key.kind).filter(|it| it.key == *key);
        if let Some(edit) = example.and_then(|example| example.edit.as_ref()) {
            collect_names(edit, &mut names);
        }
        let found = self.documents.keys().filter(|to| {
            to.kind <= key.kind && *to != key && names.contains(to.name.name.as_ref())
        });
        found.cloned().collect()
    }
}

/// Whether every condition of an object is True, in its present generation.
pub fn is_well(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|conditions| {
        conditions.iter().all(|condition| {
            condition["status"] == "True"
                && condition["observedGeneration"] == object["metadata"]["generation"]
        })
    })
}

/// Whether a kind is one that we answer for.
pub fn is_judged(kind: Kind) -> bool {
    macro_rules! judged {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match kind {
                $(Kind::$kind => stringify!($class) == "judged",)*
            }
        };
    }
    kong_crds::kinds!(judged)
}

/// What the first line says.
fn edit(text: &str) -> Result<Option<Value>, String> {
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with("# no edit: ") {
        return Ok(None);
    }
    let Some(patch) = line.strip_prefix("# edit: ") else {
        let what = "the first line has to be a merge patch that changes the entity, \
                    `# edit: {spec: {retries: 3}}`, or say why there is none, `# no edit: REASON`";
        return Err(what.to_owned());
    };
    match serde_yaml::from_str::<Value>(patch) {
        Ok(patch) if patch.is_object() => Ok(Some(patch)),
        Ok(_) => Err("the edit is no merge patch".to_owned()),
        Err(error) => Err(format!("the edit is not YAML: {error}")),
    }
}

/// Every text in a document that could be the name of another object. Its own name, in the cluster and in Konnect,
/// is none.
fn collect_names(document: &Value, names: &mut BTreeSet<String>) {
    let mut texts = Vec::new();
    for (member, value) in document.as_object().into_iter().flatten() {
        match member.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => texts.push(value["annotations"].clone()),
            "spec" => {
                let mut spec = value.clone();
                if let Some(spec) = spec.as_object_mut() {
                    spec.remove("name");
                }
                texts.push(spec);
            }
            _ => texts.push(value.clone()),
        }
    }
    while let Some(value) = texts.pop() {
        match value {
            Value::String(text) => names.extend(text.split(',').map(|it| it.trim().to_owned())),
            Value::Array(items) => texts.extend(items),
            Value::Object(members) => texts.extend(members.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether a grant is for two of these objects that are not in one namespace.
fn permits_some(grant: &Value, among: &BTreeSet<Key>) -> bool {
    let group = |kind: Kind| match kind.group() {
        "" => "core",
        group => group,
    };
    let entries = |side: &str| {
        let entries = grant["spec"][side].as_array().cloned();
        entries.unwrap_or_default()
    };
    let fits = |entry: &Value, key: &Key| {
        entry["kind"] == key.kind.as_str() && entry["group"] == group(key.kind)
    };
    let home = &grant["metadata"]["namespace"];
    let from = entries("from").into_iter().any(|entry| {
        let mut keys = among.iter();
        keys.any(|key| fits(&entry, key) && entry["namespace"] == key.name.namespace())
    });
    let to = entries("to").into_iter().any(|entry| {
        let mut keys = among.iter();
        keys.any(|key| fits(&entry, key) && *home == json!(key.name.namespace()))
    });
    from && to
}
