//! Plugins: their configuration, and those that the annotation `konghq.com/plugins` asks for.
//!
//! A KongPlugin stands for nothing by itself: each use of it is an entity in the scope of whatever
//! uses it (konnect.md 6.4). [`find`] and [`Plugin::body`] serve every sort of use; [`uses`] is the
//! annotation. Values from Secrets stay sealed (konnect.md 10 1.15).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::conditions::{INVALID, PLUGIN_REF_VALID};
use kong_crds::configuration::v1::{
    ConfigPatch, KongPlugin, KongPluginSpec, Protocol, SecretKeyRef,
};
use kong_crds::names::{PLUGINS_ANNOTATION, TAGS_ANNOTATION};
use kong_model::{Body, Collection, Node, Site};
use kong_resolve::{Claim, Condition, Home, Intent, Key, Lookup, Meta, Name, Ref, View, part};
use serde_json::{Value, json};

use crate::bodies::{Members, origin, seal};
use crate::case::Case;
use crate::secrets::{self, NoText};

/// A KongPlugin that was found.
pub(crate) struct Plugin<'w> {
    /// What it is called.
    pub(crate) key: Key,
    meta: &'w Meta,
    spec: &'w KongPluginSpec,
}

/// Looks for a KongPlugin; what is wrong otherwise.
pub(crate) fn find<'w>(view: &View<'w>, name: &Name) -> Result<Plugin<'w>, String> {
    let reference = Ref::<KongPlugin>::new(name.clone());
    match view.object(&reference) {
        Lookup::Missing => Err(format!("KongPlugin {name} not found")),
        Lookup::Unreadable(unreadable) => {
            Err(format!("KongPlugin {name} cannot be read: {unreadable}"))
        }
        Lookup::Found(meta, spec) => Ok(Plugin {
            key: reference.key(),
            meta,
            spec,
        }),
    }
}

impl Plugin<'_> {
    /// The body of a use of this plugin: `scope` are the members that say for what, `owner` is the
    /// object that uses it. Fails if a value cannot be had from a Secret.
    pub(crate) fn body(
        &self,
        view: &View<'_>,
        scope: Members,
        owner: Option<&Meta>,
    ) -> Result<Body, String> {
        let spec = self.spec;
        let mut members = scope;
        members.insert("name".to_owned(), json!(spec.plugin));
        members.insert("enabled".to_owned(), json!(!spec.disabled.unwrap_or(false)));
        if let Some(name) = &spec.instance_name {
            members.insert("instance_name".to_owned(), json!(name));
        }
        if let Some(protocols) = &spec.protocols {
            let known = protocols.iter().filter(|it| **it != Protocol::Unknown);
            members.insert("protocols".to_owned(), known.map(|it| json!(it)).collect());
        }
        let mut origin = origin(&self.key, self.meta);
        origin.owner = owner.map(|owner| owner.uid.to_string());
        let specified = spec.tags.iter().flatten().map(String::as_str);
        let tags = origin.tags(specified, self.meta.annotation(TAGS_ANNOTATION));
        let config = self.config(view)?;
        let mut body = seal(Collection::Plugins, members, tags);
        if let Some(config) = config {
            body.set("config", config);
        }
        Ok(body)
    }

    /// The configuration with the values from Secrets in it; `None` if it is empty.
    fn config(&self, view: &View<'_>) -> Result<Option<Node>, String> {
        if let Some(source) = &self.spec.config_from {
            let value = self.value(view, "configFrom", &source.secret_key_ref)?;
            if !value.is_object() {
                let what = "is not a map of JSON or YAML";
                return Err(self.unusable("configFrom", &source.secret_key_ref, what));
            }
            return Ok(Node::read(&value, true).filter(|node| !is_empty(node)));
        }
        let open = self.spec.config.clone().map(Value::Object);
        let mut config = open
            .and_then(|value| Node::read(&value, false))
            .unwrap_or_else(|| Node::Map(BTreeMap::new()));
        for (index, patch) in self.spec.config_patches.iter().flatten().enumerate() {
            self.apply(view, &format!("configPatches[{index}]"), patch, &mut config)?;
        }
        Ok(Some(config).filter(|node| !is_empty(node)))
    }

    fn apply(
        &self,
        view: &View<'_>,
        field: &str,
        patch: &ConfigPatch,
        config: &mut Node,
    ) -> Result<(), String> {
        let source = &patch.value_from.secret_key_ref;
        let value = self.value(view, field, source)?;
        let Some(node) = Node::read(&value, true) else {
            return Err(self.unusable(field, source, "is null"));
        };
        add(config, &patch.path, node).map_err(|reason| {
            format!(
                "{} cannot be used: {field}.path \"{}\" {reason}",
                self.key, patch.path
            )
        })
    }

    /// The value of a key of a Secret beside the plugin.
    fn value(&self, view: &View<'_>, field: &str, source: &SecretKeyRef) -> Result<Value, String> {
        let name = self.key.name.sibling(None, &source.name);
        let (_, secret) = secrets::read(view, &name)
            .map_err(|problem| format!("{} cannot be used: {field}: {problem}", self.key))?;
        let text = secrets::text(secret, &source.key).map_err(|problem| match problem {
            NoText::Missing => self.unusable(field, source, "is missing"),
            NoText::Binary => self.unusable(field, source, "is not text"),
        })?;
        // JSON first: it is what YAML parsers read slowest. Their errors quote what they read.
        serde_json::from_str(text)
            .or_else(|_| serde_yaml::from_str(text).map_err(drop))
            .map_err(|()| self.unusable(field, source, "is neither JSON nor YAML"))
    }

    fn unusable(&self, field: &str, source: &SecretKeyRef, what: &str) -> String {
        format!(
            "{} cannot be used: {field}: key \"{}\" of Secret {} {what}",
            self.key,
            source.key,
            self.key.name.sibling(None, &source.name),
        )
    }
}

fn is_empty(node: &Node) -> bool {
    matches!(node, Node::Map(members) if members.is_empty())
}

/// Adds a value as the operation `add` of JSON Patch does (RFC 6902 4.1): what the path leads to has
/// to exist, its last step need not.
fn add(root: &mut Node, path: &str, value: Node) -> Result<(), &'static str> {
    const NOT_A_POINTER: &str = "is not a JSON pointer: it has to begin with a slash";
    const NOWHERE: &str = "leads nowhere: what it passes through has to be in config";
    if path.is_empty() {
        *root = value;
        return Ok(());
    }
    let steps = path.strip_prefix('/').ok_or(NOT_A_POINTER)?;
    let mut steps = steps
        .split('/')
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .peekable();
    let mut at = root;
    while let Some(step) = steps.next() {
        let is_last = steps.peek().is_none();
        at = match at {
            Node::Map(members) if is_last => {
                members.insert(Arc::from(step), value);
                return Ok(());
            }
            Node::List(items) if is_last => {
                let index = if step == "-" {
                    items.len()
                } else {
                    step.parse().map_err(|_| NOWHERE)?
                };
                if index > items.len() {
                    return Err(NOWHERE);
                }
                items.insert(index, value);
                return Ok(());
            }
            Node::Map(members) => members.get_mut(&*step).ok_or(NOWHERE)?,
            Node::List(items) => step
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index))
                .ok_or(NOWHERE)?,
            Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Secret(_) => {
                return Err(NOWHERE);
            }
        };
    }
    Ok(())
}

/// A plugin that an annotation asks for, and what is to become of its entity.
pub(crate) struct Use {
    name: String,
    intent: Intent,
}

impl Use {
    /// The entity; `None` if it cannot be said where it is.
    pub(crate) fn claim(&self, case: &Case<'_, '_>, home: &Home) -> Option<Claim> {
        Some(Claim {
            identity: part(&case.meta.uid, &format!("plugin/{}", self.name)),
            site: Site {
                at: Collection::Plugins,
                control_plane: Some(home.id.clone()?),
                parent: None,
            },
            configuration: home.credentials.configuration.clone(),
            intent: self.intent.clone(),
            specified: None,
            generation: case.meta.generation,
            main: false,
        })
    }
}

/// The plugins that the annotation of an object asks for; `scope` is the member of their bodies that
/// names its entity. Says `PluginRefValid` where one cannot be had.
pub(crate) fn uses(case: &mut Case<'_, '_>, scope: &str) -> Vec<Use> {
    let names: BTreeSet<&str> = case
        .meta
        .annotation(PLUGINS_ANNOTATION)
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let own = case.view.standing(case.key).and_then(|own| own.id.as_ref());
    let scope = own.map(|id| Members::from_iter([(scope.to_owned(), json!({"id": id.as_str()}))]));
    let mut problems = Vec::new();
    let mut uses = Vec::new();
    for name in names {
        let intent = if case.meta.deleting {
            pin(case, name);
            Intent::Absent
        } else {
            match wanted(case, name, scope.as_ref()) {
                Ok(intent) => intent,
                Err(problem) => {
                    problems.push(problem);
                    Intent::Keep
                }
            }
        };
        let name = name.to_owned();
        uses.push(Use { name, intent });
    }
    if !problems.is_empty() {
        let message = problems.join("; ");
        case.say(Condition::fails(PLUGIN_REF_VALID, INVALID, message));
    }
    uses
}

/// A plugin that is in use stays until its entity is gone.
fn pin(case: &mut Case<'_, '_>, name: &str) {
    if let Ok(plugin) = find(case.view, &case.key.name.sibling(None, name)) {
        case.pins.push(plugin.key);
    }
}

fn wanted(case: &mut Case<'_, '_>, name: &str, scope: Option<&Members>) -> Result<Intent, String> {
    let name = case.key.name.sibling(None, name);
    if name.name.contains(':') {
        return Err(format!(
            "KongPlugin {name} not found: {PLUGINS_ANNOTATION} takes names of KongPlugins in the \
             same namespace only"
        ));
    }
    let plugin = find(case.view, &name).map_err(|problem| {
        format!("{problem}; create it or take it out of the annotation {PLUGINS_ANNOTATION}")
    })?;
    case.pins.push(plugin.key.clone());
    // The values are looked at in any case: what is wrong is said at once.
    let body = plugin.body(
        case.view,
        scope.cloned().unwrap_or_default(),
        Some(case.meta),
    )?;
    Ok(match scope {
        Some(_) => Intent::Present(Arc::new(body)),
        // Without its scope it would be a plugin of the whole control plane.
        None => Intent::Keep,
    })
}
