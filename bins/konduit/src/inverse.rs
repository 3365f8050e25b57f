//! From an entity in Konnect back to the manifest that it could have come from: the inverse of translation.
//!
//! The names in the specs of entities are those of Konnect, so a spec is the entity without what only Konnect knows;
//! which fields there are is read from the definition of the kind. Members that refer to other entities have fields
//! called after them. So a new kind costs nothing here, unless it breaks that rule: [`RENAMED`] has those. Start
//! with [`Inverse::object`].

mod defaults;

use std::collections::BTreeMap;

use kong_crds::Kind;
use kong_crds::names::TAGS_ANNOTATION;
use kong_model::tags::is_operators;
use kong_model::{Collection, Origin};
use serde_json::{Map, Value, json};

use self::defaults::{is_default, lean, meaning};

/// Members whose field is called otherwise.
const RENAMED: [(Kind, &str, &str); 5] = [
    (Kind::KongVault, "name", "backend"),
    (Kind::KongPlugin, "name", "plugin"),
    (Kind::KongPluginBinding, "consumer", "consumerRef"),
    (
        Kind::KongPluginBinding,
        "consumer_group",
        "consumerGroupRef",
    ),
    (Kind::KongPlugin, "enabled", "disabled"),
];

/// Members that only the server writes.
const KEPT: [&str; 4] = ["id", "created_at", "updated_at", "tags"];

/// The name of a field for a reference to a key set, whose member says `set`.
const KEY_SET: (&str, &str) = ("set", "keySetRef");

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The namespace; empty for kinds of the whole cluster.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
}

/// The object that an entity with this id stands for, if there is one.
pub(crate) type Names<'n> = &'n dyn Fn(Collection, &str) -> Option<Place>;

/// What an entity is as a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// The manifest.
    pub(crate) document: Value,
    /// Members that have no field.
    pub(crate) lost: Vec<String>,
    /// Members that refer to entities without an object.
    pub(crate) dangling: Vec<String>,
}

/// Whether what Konnect fills in by itself is written, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defaults {
    /// It is left out where the definition allows.
    LeftOut,
    /// It is written: rules may ask for it.
    Written,
}

/// How the fields of kinds are declared.
pub(crate) struct Inverse {
    schemas: BTreeMap<Kind, Value>,
}

impl Inverse {
    /// By these definitions.
    pub(crate) fn new(definitions: &[Value]) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut schemas = BTreeMap::new();
        for definition in definitions {
            let spec = &definition["spec"];
            let kind = Kind::from_api(&text(&spec["group"]), &text(&spec["names"]["kind"]));
            let versions = spec["versions"].as_array().into_iter().flatten();
            for version in versions {
                if let Some(kind) = kind.filter(|kind| version["name"] == kind.version()) {
                    schemas.insert(kind, version["schema"]["openAPIV3Schema"].clone());
                }
            }
        }
        Self { schemas }
    }

    /// The object of a kind that an entity would come from, in the control plane of an object.
    pub(crate) fn object(
        &self,
        kind: Kind,
        entity: &Value,
        place: &Place,
        home: &Place,
        names: Names<'_>,
        defaults: Defaults,
    ) -> Object {
        let mut made = Object {
            document: json!({
                "apiVersion": kind.api_version(), "kind": kind.as_str(),
                "metadata": {"name": place.name},
            }),
            lost: Vec::new(),
            dangling: Vec::new(),
        };
        if kind.namespaced() {
            made.document["metadata"]["namespace"] = Value::from(place.namespace.as_str());
        }
        let Some(at) = kong_translation::collection(kind) else {
            return made;
        };
        let schema = self.schemas.get(&kind).unwrap_or(&Value::Null);
        let binding = kind == Kind::KongPluginBinding;
        self.refer(&mut made, kind, at, entity, place, names);
        if !binding {
            self.copy(&mut made, kind, at, entity, defaults);
        }
        let spec = &schema["properties"]["spec"]["properties"];
        let inherits = made.document["spec"]["serviceRef"].is_object();
        if spec["controlPlaneRef"].is_object() && !inherits {
            let mut reference = json!({"name": home.name});
            if home.namespace != place.namespace {
                reference["namespace"] = Value::from(home.namespace.as_str());
            }
            made.document["spec"]["controlPlaneRef"] =
                json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": reference});
        }
        let tags = own_tags(entity);
        if !tags.is_empty() && spec["tags"].is_object() && !binding {
            made.document["spec"]["tags"] = tags.into();
        }
        made
    }

    /// Whether objects of a kind can say what they take over.
    pub(crate) fn can_adopt(&self, kind: Kind) -> bool {
        let schema = self.schemas.get(&kind).unwrap_or(&Value::Null);
        schema["properties"]["spec"]["properties"]["adopt"].is_object()
    }

    /// The KongPlugin that holds what a binding puts into use.
    pub(crate) fn plugin(&self, entity: &Value, place: &Place) -> Object {
        let kind = Kind::KongPlugin;
        let mut made = Object {
            document: json!({
                "apiVersion": kind.api_version(), "kind": kind.as_str(),
                "metadata": {"name": place.name, "namespace": place.namespace},
            }),
            lost: Vec::new(),
            dangling: Vec::new(),
        };
        self.copy(
            &mut made,
            kind,
            Collection::Plugins,
            entity,
            Defaults::LeftOut,
        );
        if let Some(disabled) = made.document.get_mut("disabled") {
            *disabled = Value::from(entity["enabled"] == json!(false));
        }
        let tags = own_tags(entity);
        if !tags.is_empty() {
            made.document["metadata"]["annotations"] = json!({ TAGS_ANNOTATION: tags.join(",") });
        }
        made
    }

    /// Copies every member that says something into its field.
    fn copy(
        &self,
        made: &mut Object,
        kind: Kind,
        at: Collection,
        entity: &Value,
        defaults: Defaults,
    ) {
        let schema = self.schemas.get(&kind).unwrap_or(&Value::Null);
        let (top, spec) = (&schema["properties"], &schema["properties"]["spec"]);
        let refers = |member: &str| {
            let references = at.references().iter().any(|it| it.field == member);
            references || at.parent().is_some_and(|parent| parent.field == member)
        };
        let members = entity.as_object().into_iter().flatten();
        for (member, value) in members {
            if KEPT.contains(&member.as_str()) || refers(member) {
                continue;
            }
            let field = renamed(kind, member).unwrap_or(member);
            let required = |schema: &Value| {
                let list = schema["required"].as_array();
                list.is_some_and(|list| list.iter().any(|name| name == field))
            };
            let Some(value) = meaning(value) else {
                continue;
            };
            let default = is_default(at, member, &value);
            let value = match defaults {
                Defaults::LeftOut => lean(
                    &at.schema()["properties"][member],
                    &spec["properties"][field],
                    &value,
                ),
                Defaults::Written => value,
            };
            let written = !default || defaults == Defaults::Written;
            if spec["properties"][field].is_object() {
                if written || required(spec) {
                    made.document["spec"][field] = value;
                }
            } else if top[field].is_object() && field != "spec" && field != "status" {
                if written || required(schema) {
                    made.document[field] = value;
                }
            } else if !default {
                made.lost.push(member.clone());
            }
        }
    }

    /// Fills in the fields that refer to other objects.
    fn refer(
        &self,
        made: &mut Object,
        kind: Kind,
        at: Collection,
        entity: &Value,
        place: &Place,
        names: Names<'_>,
    ) {
        let schema = &self.schemas.get(&kind).unwrap_or(&Value::Null)["properties"]["spec"];
        let binding = kind == Kind::KongPluginBinding;
        let schema = if binding {
            &schema["properties"]["targets"]
        } else {
            schema
        };
        let references = at.references().iter().map(|it| (it.field, it.to));
        let parent = at.parent().map(|parent| (parent.field, parent.to));
        let mut fields = Map::new();
        for (member, to) in references.chain(parent) {
            let ids = ids(&entity[member]);
            if ids.is_empty() {
                continue;
            }
            let objects: Option<Vec<Place>> = ids.iter().map(|id| names(to, id)).collect();
            let Some(objects) = objects else {
                made.dangling.push(member.to_owned());
                continue;
            };
            let candidates = reference_fields(kind, member);
            let declared = candidates
                .iter()
                .find(|field| schema["properties"][field.as_str()].is_object());
            let Some(field) = declared else {
                made.lost.push(member.to_owned());
                continue;
            };
            let declared = &schema["properties"][field.as_str()];
            let target = kong_kind(to);
            let value = if declared["items"].is_object() {
                let items = objects.iter();
                items
                    .map(|it| reference(&declared["items"], it, place, target))
                    .collect()
            } else {
                reference(declared, &objects[0], place, target)
            };
            fields.insert(field.clone(), value);
        }
        if binding {
            // Plugins may have references to what there is no collection for here.
            for member in ["consumer", "consumer_group"] {
                let known = at.references().iter().any(|it| it.field == member);
                if !known && !ids(&entity[member]).is_empty() {
                    made.dangling.push(member.to_owned());
                }
            }
            let scope = if fields.is_empty() {
                "GlobalInControlPlane"
            } else {
                made.document["spec"]["targets"] = Value::Object(fields);
                "OnlyTargets"
            };
            made.document["spec"]["scope"] = Value::from(scope);
            made.document["spec"]["pluginRef"] =
                json!({"kind": Kind::KongPlugin.as_str(), "name": place.name});
        } else if !fields.is_empty() {
            made.document["spec"] = Value::Object(fields);
        }
    }
}

/// The kind whose objects stand for entities of a collection.
pub(crate) fn kong_kind(at: Collection) -> Option<Kind> {
    Kind::served().find(|kind| kong_translation::collection(*kind) == Some(at))
}

/// The tags of an entity, or its labels as tags.
pub(crate) fn tags(entity: &Value) -> Vec<String> {
    let tags = entity["tags"].as_array().into_iter().flatten();
    let labels = entity["labels"].as_object().into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().map(str::to_owned))
        .chain(labels.filter_map(|(key, value)| Some(format!("{key}:{}", value.as_str()?))))
        .collect()
}

/// The object that an entity says it was made from.
pub(crate) fn origin(entity: &Value) -> Option<Origin> {
    let tags = tags(entity);
    Origin::read(&tags.iter().map(String::as_str))
}

/// The tags of the user.
fn own_tags(entity: &Value) -> Vec<String> {
    let mut tags = tags(entity);
    tags.retain(|tag| !is_operators(tag));
    tags
}

/// What an entity is called: by its name, or by what it is known by.
pub(crate) fn name(at: Collection, entity: &Value) -> Option<String> {
    const NAMES: [&str; 7] = [
        "name",
        "username",
        "custom_id",
        "target",
        "kid",
        "group",
        "prefix",
    ];
    let mut names = NAMES.iter().filter(|field| !at.secrets().contains(field));
    let name = names.find_map(|field| entity[*field].as_str())?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The ids in a member that refers to others.
pub(crate) fn ids(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => members
            .get("id")
            .and_then(Value::as_str)
            .into_iter()
            .collect(),
        Value::String(id) => vec![id],
        Value::Array(items) => items.iter().flat_map(ids).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn renamed(kind: Kind, member: &str) -> Option<&'static str> {
    let mut known = RENAMED.iter();
    known
        .find(|(of, from, _)| *of == kind && *from == member)
        .map(|(_, _, field)| *field)
}

/// The names that the field of a member may have: `client_certificate` is in `clientCertificateRef`,
/// `ca_certificates` in `caCertificateRefs`.
fn reference_fields(kind: Kind, member: &str) -> Vec<String> {
    let mut camel = String::new();
    let mut upper = false;
    for letter in member.chars() {
        match letter {
            '_' | '-' => upper = true,
            letter if upper => {
                camel.extend(letter.to_uppercase());
                upper = false;
            }
            letter => camel.push(letter),
        }
    }
    let exception = (member == KEY_SET.0).then_some(KEY_SET.1);
    let known = renamed(kind, member).or(exception).map(str::to_owned);
    let several = camel.strip_suffix('s').map(|one| format!("{one}Refs"));
    known
        .into_iter()
        .chain([format!("{camel}Ref")])
        .chain(several)
        .collect()
}

/// A reference in the form that its field declares.
fn reference(declared: &Value, to: &Place, from: &Place, kind: Option<Kind>) -> Value {
    let fields = &declared["properties"];
    if fields["namespacedRef"].is_object() {
        let inner = reference(&fields["namespacedRef"], to, from, kind);
        return json!({"type": "namespacedRef", "namespacedRef": inner});
    }
    let mut made = json!({"name": to.name});
    if let Some(kind) = kind.filter(|_| fields["kind"].is_object()) {
        made["kind"] = Value::from(kind.as_str());
        made["group"] = Value::from(kind.group());
    }
    if to.namespace != from.namespace && fields["namespace"].is_object() {
        made["namespace"] = Value::from(to.namespace.as_str());
    }
    made
}

#[cfg(test)]
mod tests {
    use kong_model::Shape;

    use super::*;

    fn inverse() -> Inverse {
        Inverse::new(&kong_crds::crd_documents())
    }

    fn place(name: &str) -> Place {
        Place {
            namespace: "ns".to_owned(),
            name: name.to_owned(),
        }
    }

    fn made(at: Collection, entity: &Value, names: Names<'_>) -> Object {
        let kind = kong_kind(at).expect("the collection has a kind");
        let (own, home) = (place("own"), place("cp"));
        inverse().object(kind, entity, &own, &home, names, Defaults::LeftOut)
    }

    #[test]
    fn every_reference_of_a_kind_has_a_field() {
        let inverse = inverse();
        let kinds = Kind::served().filter(|kind| inverse.can_adopt(*kind));
        let mut seen = 0;
        for kind in kinds {
            let Some(at) = kong_translation::collection(kind) else {
                continue;
            };
            if at.shape() != Shape::Core {
                continue;
            }
            let spec = &inverse.schemas[&kind]["properties"]["spec"]["properties"];
            let references = at.references().iter().map(|it| it.field);
            // What is a member of a member stays where it is.
            let references = references.filter(|member| !member.contains('.'));
            for member in references.chain(at.parent().map(|parent| parent.field)) {
                let declared = |field: &String| {
                    let targets = &spec["targets"]["properties"][field.as_str()];
                    spec[field.as_str()].is_object() || targets.is_object()
                };
                let fields = reference_fields(kind, member);
                assert!(
                    fields.iter().any(declared),
                    "{kind}: {member}: none of {fields:?}; add a row to RENAMED"
                );
                seen += 1;
            }
        }
        assert!(seen >= 6);
    }

    #[test]
    fn what_the_definition_has_no_field_for_is_lost_unless_it_says_nothing() {
        let service = json!({
            "id": "s", "created_at": 1, "name": "shop", "host": "h", "port": 80, "retries": 7, "path": null,
            "tls_sans": {"dns": ["a"]}, "ca_certificates": [], "tags": ["b", "k8s-uid:u"],
        });
        let made = made(Collection::Services, &service, &|_, _| None);
        assert_eq!(made.lost, ["tls_sans"]);
        let home = json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}});
        assert_eq!(
            made.document["spec"],
            json!({"name": "shop", "host": "h", "retries": 7, "tags": ["b"], "controlPlaneRef": home})
        );
    }

    #[test]
    fn references_have_the_form_of_their_field() {
        let other = |at: Collection, id: &str| Some(place(&format!("{id}-of-{at}")));
        let route = json!({"id": "r", "service": {"id": "s"}, "paths": ["/"]});
        let route = made(Collection::Routes, &route, &other).document;
        assert_eq!(
            route["spec"],
            json!({"paths": ["/"],
                "serviceRef": {"type": "namespacedRef", "namespacedRef": {"name": "s-of-services"}}})
        );
        let target = json!({"id": "t", "target": "a:1", "weight": 100, "upstream": {"id": "u"}});
        let target = made(Collection::Targets, &target, &other).document;
        assert_eq!(
            target["spec"],
            json!({"target": "a:1", "weight": 100, "upstreamRef": {"name": "u-of-upstreams"}})
        );
        let plugin = json!({"id": "p", "name": "cors", "route": {"id": "r"}, "enabled": false});
        let binding = made(Collection::Plugins, &plugin, &other).document;
        let group = "configuration.konghq.com";
        let reference = json!({"kind": "KongRoute", "group": group, "name": "r-of-routes"});
        assert_eq!(binding["spec"]["targets"], json!({"routeRef": reference}));
        let plugin = inverse().plugin(&plugin, &place("cors")).document;
        assert_eq!(
            (&plugin["plugin"], &plugin["disabled"]),
            (&json!("cors"), &json!(true))
        );
    }

    #[test]
    fn a_reference_to_what_has_no_object_dangles() {
        let route = json!({"id": "r", "service": {"id": "s"}, "paths": ["/"]});
        let made = made(Collection::Routes, &route, &|_, _| None);
        assert_eq!(made.dangling, ["service"]);
    }
}
