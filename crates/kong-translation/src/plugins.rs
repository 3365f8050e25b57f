//! Plugins: their configuration, and those that the annotation `konghq.com/plugins` asks for.
//!
//! A KongPlugin stands for nothing by itself: each use of it is an entity in the scope of whatever
//! uses it (konnect.md 6.4). [`find`] and [`Plugin::body`] serve every sort of use; [`uses`] is the
//! annotation. Values from Secrets stay sealed (konnect.md 10 1.15).

mod annotation;
mod patch;

use std::collections::BTreeMap;
use std::sync::Arc;

use kong_crds::configuration::v1::{
    KongClusterPlugin, KongPlugin, NamespacedSecretKeyRef, Ordering, Protocol, SecretKeyRef,
};
use kong_crds::names::TAGS_ANNOTATION;
use kong_model::tags::Owner;
use kong_model::{Body, Collection, Node};
use kong_resolve::{Key, Lookup, Meta, Name, Readable, Ref, View};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::bodies::{Members, origin, seal};
use crate::secrets::{self, NoText};

pub(crate) use annotation::{part_of, uses};

/// A KongPlugin or a KongClusterPlugin that was found.
pub(crate) struct Plugin<'w> {
    /// What it is called.
    pub(crate) key: Key,
    /// What matters of its metadata.
    pub(crate) meta: &'w Meta,
    fields: Fields<'w>,
}

/// The configuration out of a Secret, or a value of it.
struct Source<'w> {
    secret: Name,
    key: &'w str,
}

/// A value of a Secret, and where in the configuration it belongs.
struct Patch<'w> {
    path: &'w str,
    source: Source<'w>,
}

/// What the two kinds have in common; their Secrets are named with a namespace or without.
struct Fields<'w> {
    plugin: &'w str,
    disabled: bool,
    instance_name: Option<&'w str>,
    protocols: Option<&'w [Protocol]>,
    ordering: Option<&'w Ordering>,
    tags: &'w [String],
    config: Option<&'w Map<String, Value>>,
    config_from: Option<Source<'w>>,
    config_patches: Vec<Patch<'w>>,
}

macro_rules! fields {
    ($spec:ident, $secret:expr) => {{
        let source = |reference| {
            let (secret, key) = $secret(reference);
            Source { secret, key }
        };
        let from = $spec.config_from.as_ref();
        let patches = $spec.config_patches.iter().flatten();
        Fields {
            plugin: &$spec.plugin,
            disabled: $spec.disabled.unwrap_or(false),
            instance_name: $spec.instance_name.as_deref(),
            protocols: $spec.protocols.as_deref(),
            ordering: $spec.ordering.as_ref(),
            tags: $spec.tags.as_deref().unwrap_or_default(),
            config: $spec.config.as_ref(),
            config_from: from.map(|from| source(&from.secret_key_ref)),
            config_patches: patches
                .map(|patch| Patch {
                    path: &patch.path,
                    source: source(&patch.value_from.secret_key_ref),
                })
                .collect(),
        }
    }};
}

/// Looks for a KongPlugin; what is wrong otherwise.
pub(crate) fn find<'w>(view: &View<'w>, name: &Name) -> Result<Plugin<'w>, String> {
    let reference = Ref::<KongPlugin>::new(name.clone());
    let (meta, spec) = found(view, &reference)?;
    let beside = |reference: &'w SecretKeyRef| {
        let secret = name.sibling(None, &reference.name);
        (secret, reference.key.as_str())
    };
    Ok(Plugin {
        key: reference.key(),
        meta,
        fields: fields!(spec, beside),
    })
}

/// Looks for a KongClusterPlugin; what is wrong otherwise. Who may write one may read the Secrets that it
/// names, in whatever namespace.
pub(crate) fn find_cluster_wide<'w>(view: &View<'w>, name: &str) -> Result<Plugin<'w>, String> {
    let name = Name {
        namespace: None,
        name: Arc::from(name),
    };
    let reference = Ref::<KongClusterPlugin>::new(name);
    let (meta, spec) = found(view, &reference)?;
    let anywhere = |reference: &'w NamespacedSecretKeyRef| {
        let secret = Name::new(&reference.namespace, &reference.name);
        (secret, reference.key.as_str())
    };
    Ok(Plugin {
        key: reference.key(),
        meta,
        fields: fields!(spec, anywhere),
    })
}

fn found<'w, K: Readable>(
    view: &View<'w>,
    reference: &Ref<K>,
) -> Result<(&'w Meta, &'w Arc<K::Spec>), String> {
    match view.object(reference) {
        Lookup::Missing => Err(format!("{} not found", reference.key())),
        Lookup::Unreadable(unreadable) => {
            Err(format!("{} cannot be read: {unreadable}", reference.key()))
        }
        Lookup::Found(meta, spec) => Ok((meta, spec)),
    }
}

impl Plugin<'_> {
    /// The body of a use of this plugin: `scope` are the members that say for what, `tags` tell whose
    /// it is. Fails if a value cannot be had from a Secret.
    pub(crate) fn body(
        &self,
        view: &View<'_>,
        scope: Members,
        tags: Vec<String>,
    ) -> Result<Body, String> {
        let fields = &self.fields;
        let mut members = scope;
        members.insert("name".to_owned(), json!(fields.plugin));
        members.insert("enabled".to_owned(), json!(!fields.disabled));
        // What is empty is not set, as for Kong's operator; Konnect takes no empty name.
        if let Some(name) = fields.instance_name.filter(|name| !name.is_empty()) {
            members.insert("instance_name".to_owned(), json!(name));
        }
        if let Some(protocols) = fields.protocols.filter(|list| !list.is_empty()) {
            let known = protocols.iter().filter(|it| **it != Protocol::Unknown);
            members.insert("protocols".to_owned(), known.map(|it| json!(it)).collect());
        }
        if let Some(ordering) = fields.ordering.filter(|it| **it != Ordering::default()) {
            members.insert("ordering".to_owned(), json!(ordering));
        }
        let config = self.config(view)?;
        let mut body = seal(Collection::Plugins, members, tags);
        if let Some(config) = config {
            body.set("config", config);
        }
        Ok(body)
    }

    /// The tags of a use that has no object of its own: those of the plugin, and who asks for it as which
    /// of its parts.
    fn tags(&self, owner: &Meta, part: Uuid) -> Vec<String> {
        let mut origin = origin(&self.key, self.meta);
        origin.owner = Some(Owner {
            uid: owner.uid.to_string(),
            part: part.to_string(),
        });
        let specified = self.fields.tags.iter().map(String::as_str);
        origin.tags(specified, self.meta.annotation(TAGS_ANNOTATION))
    }

    /// The configuration with the values from Secrets in it; `None` if it is empty.
    fn config(&self, view: &View<'_>) -> Result<Option<Node>, String> {
        if let Some(source) = &self.fields.config_from {
            let value = self.value(view, "configFrom", source)?;
            if !value.is_object() {
                let what = "is not a map of JSON or YAML; put the members of config there";
                return Err(self.unusable("configFrom", source, what));
            }
            return Ok(Node::read(&value, true).filter(|node| !is_empty(node)));
        }
        let open = self.fields.config.cloned().map(Value::Object);
        let mut config = open
            .and_then(|value| Node::read(&value, false))
            .unwrap_or_else(|| Node::Map(BTreeMap::new()));
        for (index, patch) in self.fields.config_patches.iter().enumerate() {
            self.apply(view, &format!("configPatches[{index}]"), patch, &mut config)?;
        }
        Ok(Some(config).filter(|node| !is_empty(node)))
    }

    fn apply(
        &self,
        view: &View<'_>,
        field: &str,
        patch: &Patch<'_>,
        config: &mut Node,
    ) -> Result<(), String> {
        let Patch { path, source } = patch;
        let value = self.value(view, field, source)?;
        let Some(node) = Node::read(&value, true) else {
            return Err(self.unusable(
                field,
                source,
                "is null; put a value there, or take the patch out",
            ));
        };
        patch::add(config, path, node).map_err(|reason| {
            format!(
                "{} cannot be used: {field}.path \"{path}\" {reason}",
                self.key
            )
        })
    }

    /// The value of a key of a Secret.
    fn value(&self, view: &View<'_>, field: &str, source: &Source<'_>) -> Result<Value, String> {
        let (_, secret) = secrets::read(view, &source.secret).map_err(|problem| {
            let key = &self.key;
            format!(
                "{key} cannot be used: {field}: {problem}; create it in namespace \"{}\" with the label \
                 {}, without which it counts as not there, or correct {field}",
                source.secret.namespace(),
                secrets::label()
            )
        })?;
        let text = secrets::text(secret, source.key).map_err(|problem| match problem {
            NoText::Missing => self.unusable(field, source, "is missing; add it"),
            NoText::Binary => self.unusable(field, source, "is not text; put JSON or YAML there"),
        })?;
        // JSON first: YAML parsers read it slowest. Their errors quote what they read.
        serde_json::from_str(text)
            .or_else(|_| serde_yaml::from_str(text).map_err(drop))
            .map_err(|()| self.unusable(field, source, "is neither JSON nor YAML; correct it"))
    }

    fn unusable(&self, field: &str, source: &Source<'_>, what: &str) -> String {
        format!(
            "{} cannot be used: {field}: key \"{}\" of Secret {} {what}",
            self.key, source.key, source.secret,
        )
    }
}

fn is_empty(node: &Node) -> bool {
    matches!(node, Node::Map(members) if members.is_empty())
}

#[cfg(test)]
mod combinations;

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::PLUGIN_REF_VALID;
    use kong_resolve::{Intent, Output, Readiness, part};

    use super::*;
    use crate::testing::{
        Cluster, body, claims, condition, control_plane, control_plane_ref, control_plane_with,
        failing, ready, site, untagged,
    };

    fn service(cluster: &mut Cluster, plugins: &str) -> Key {
        cluster.annotated(
            Kind::KongService,
            json!({"konghq.com/plugins": plugins}),
            json!({"host": "example.test", "controlPlaneRef": control_plane_ref()}),
        )
    }

    fn plugin(cluster: &mut Cluster, name: &str, mut fields: Value) -> Key {
        fields["apiVersion"] = json!("configuration.konghq.com/v1");
        fields["kind"] = json!("KongPlugin");
        fields["metadata"] = json!({"name": name, "annotations": {"konghq.com/tags": "t"}});
        fields["plugin"] = json!("rate-limiting");
        cluster.apply(fields)
    }

    /// A service that is there already, with the plugin `limit`.
    fn used(fields: Value) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        plugin(&mut cluster, "limit", fields);
        let key = service(&mut cluster, "limit");
        cluster.stand(&key, ready("service-id"));
        (cluster, key)
    }

    #[test]
    fn an_annotated_service_gets_the_plugin_in_its_scope() {
        let fields = json!({
            "config": {"minute": 5}, "disabled": true, "instance_name": "i",
            "protocols": ["http", "https"], "tags": ["own"],
        });
        let (cluster, key) = used(fields);
        let verdict = cluster.judge(&key);
        let [_, claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            body(claim),
            json!({
                "config": {"minute": 5}, "enabled": false, "instance_name": "i",
                "name": "rate-limiting", "protocols": ["http", "https"],
                "service": {"id": "service-id"},
                "tags": [
                    "k8s-generation:1", "k8s-group:configuration.konghq.com", "k8s-kind:KongPlugin",
                    "k8s-name:limit", "k8s-namespace:ns", "k8s-uid:uid-limit", "k8s-version:v1",
                    "konduit-owner:uid-service", format!("konduit-part:{}", claim.identity),
                    "managed-by:kong-operator", "own", "t",
                ],
            })
        );
        assert_eq!(claim.site, site(Collection::Plugins));
        assert!(!claim.main);
        let limit = Key::new(Kind::KongPlugin, "ns", "limit");
        assert_eq!(verdict.pins, [limit]);
        assert_eq!(failing(&verdict), []);
    }

    #[test]
    fn an_empty_configuration_is_left_out() {
        let (cluster, key) = used(json!({"config": {}}));
        let verdict = cluster.judge(&key);
        assert_eq!(
            untagged(&claims(&verdict)[1]),
            json!({
                "enabled": true, "name": "rate-limiting", "service": {"id": "service-id"},
            })
        );
    }

    #[test]
    fn a_route_gives_its_plugins_its_own_scope() {
        let mut cluster = Cluster::with_control_plane();
        plugin(&mut cluster, "limit", json!({}));
        let key = cluster.annotated(
            Kind::KongRoute,
            json!({"konghq.com/plugins": "limit"}),
            json!({"paths": ["/"], "controlPlaneRef": control_plane_ref()}),
        );
        cluster.stand(&key, ready("route-id"));
        let verdict = cluster.judge(&key);
        let sent = untagged(&claims(&verdict)[1]);
        assert_eq!(sent["route"], json!({"id": "route-id"}));
        assert_eq!(sent.get("service"), None);
    }

    #[test]
    fn names_are_trimmed_and_taken_once_and_each_has_an_entity_of_its_own() {
        let mut cluster = Cluster::with_control_plane();
        for name in ["a", "b"] {
            plugin(&mut cluster, name, json!({}));
        }
        let key = service(&mut cluster, " a, b ,a,,");
        cluster.stand(&key, ready("service-id"));
        let verdict = cluster.judge(&key);
        let identities: Vec<_> = claims(&verdict).iter().map(|it| it.identity).collect();
        let uid = &crate::testing::meta(&cluster, &key).uid;
        assert_eq!(
            identities[1..],
            [part(uid, "plugin/a"), part(uid, "plugin/b")]
        );
    }

    #[test]
    fn until_the_service_has_an_id_its_plugins_stay_as_they_are() {
        let mut cluster = Cluster::with_control_plane();
        plugin(&mut cluster, "limit", json!({}));
        let key = service(&mut cluster, "limit");
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[1].intent, Intent::Keep);
    }

    #[test]
    fn a_missing_plugin_does_not_hold_up_the_service() {
        let (mut cluster, _) = used(json!({}));
        let key = service(&mut cluster, "absent,limit,other:limit");
        let verdict = cluster.judge(&key);
        let intents: Vec<_> = claims(&verdict).iter().map(|it| &it.intent).collect();
        let [
            Intent::Present(_),
            Intent::Keep,
            Intent::Present(_),
            Intent::Keep,
        ] = intents[..]
        else {
            panic!("{verdict:?}")
        };
        let said = condition(&verdict, PLUGIN_REF_VALID);
        assert_eq!(
            said.message,
            "KongPlugin ns/absent not found; create it or take it out of the annotation \
             konghq.com/plugins; KongReferenceGrants do not allow access to KongPlugin other/limit; \
             create one in namespace \"other\" with from {group: configuration.konghq.com, kind: \
             KongService, namespace: ns} and to {group: configuration.konghq.com, kind: KongPlugin}"
        );
        assert!(!verdict.refs_hold());
    }

    #[test]
    fn plugins_go_with_the_service_that_is_being_deleted() {
        let (mut cluster, key) = used(json!({}));
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        let intents: Vec<_> = claims(&verdict).iter().map(|it| &it.intent).collect();
        assert_eq!(intents, [&Intent::Absent, &Intent::Absent]);
        assert_eq!(verdict.pins.len(), 1);
    }

    #[test]
    fn while_the_service_waits_its_plugins_are_still_looked_at_and_pinned() {
        let (mut cluster, key) = used(json!({}));
        let waiting = control_plane_with(|home| home.readiness = Readiness::Pending);
        cluster.stand(&control_plane(), waiting);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert_eq!(verdict.pins.len(), 1);
    }

    #[test]
    fn configuration_out_of_a_secret_may_be_json_or_yaml_and_stays_sealed() {
        let source = json!({"secretKeyRef": {"name": "config", "key": "all"}});
        let (mut cluster, key) = used(json!({"configFrom": source}));
        let expected = json!({"redis": {"password": "hunter2"}, "minute": 5});
        let yaml = "redis:\n  password: hunter2\nminute: 5\n";
        for text in [expected.to_string(), yaml.to_owned()] {
            cluster.secret("config", json!({}), json!({"all": text}));
            let verdict = cluster.judge(&key);
            assert_eq!(untagged(&claims(&verdict)[1])["config"], expected);
            assert!(!format!("{verdict:?}").contains("hunter2"));
        }
    }

    #[test]
    fn patches_put_values_of_secrets_into_the_configuration() {
        let patch = |path: &str, key: &str| {
            let source = json!({"secretKeyRef": {"name": "values", "key": key}});
            json!({"path": path, "valueFrom": source})
        };
        let (mut cluster, key) = used(json!({
            "config": {"redis": {"host": "r"}, "list": [1, 3], "a/b": {}},
            "configPatches": [
                patch("/redis/password", "password"), patch("/list/1", "number"),
                patch("/list/-", "number"), patch("/a~1b/c", "quoted"),
            ],
        }));
        let data = json!({"password": "hunter2", "number": "2", "quoted": "\"7\""});
        cluster.secret("values", json!({}), data);
        let verdict = cluster.judge(&key);
        assert_eq!(
            untagged(&claims(&verdict)[1])["config"],
            json!({
                "redis": {"host": "r", "password": "hunter2"}, "list": [1, 2, 3, 2],
                "a/b": {"c": "7"},
            })
        );
        assert!(!format!("{verdict:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_had_from_a_secret_keeps_the_plugin_and_names_the_field() {
        let source = |key: &str| json!({"secretKeyRef": {"name": "config", "key": key}});
        let patch = |path: &str| json!([{"path": path, "valueFrom": source("text")}]);
        let secret = json!({"text": "hunter2", "broken": "{hunter2: ["});
        let cases = [
            (
                json!({"configFrom": source("absent")}),
                "configFrom: key \"absent\" of Secret ns/config is missing; add it",
            ),
            (
                json!({"configFrom": source("text")}),
                "configFrom: key \"text\" of Secret ns/config is not a map of JSON or YAML; put the \
                 members of config there",
            ),
            (
                json!({"configFrom": source("broken")}),
                "configFrom: key \"broken\" of Secret ns/config is neither JSON nor YAML; correct it",
            ),
            (
                json!({"configPatches": patch("/no/where")}),
                "configPatches[0].path \"/no/where\" leads nowhere; put what it passes through \
                 into config, or correct it",
            ),
            (
                json!({"configPatches": patch("x")}),
                "configPatches[0].path \"x\" is not a JSON pointer; let it begin with a slash",
            ),
        ];
        for (fields, reason) in cases {
            let (mut cluster, key) = used(fields.clone());
            let unread = cluster.judge(&key);
            let said = &condition(&unread, PLUGIN_REF_VALID).message;
            let start = "\"config\" not found; create it in namespace \"ns\" with the label";
            assert!(said.contains(start), "{said}");
            cluster.secret("config", json!({}), secret.clone());
            let verdict = cluster.judge(&key);
            assert_eq!(claims(&verdict)[1].intent, Intent::Keep);
            let said = &condition(&verdict, PLUGIN_REF_VALID).message;
            let expected = format!("KongPlugin ns/limit cannot be used: {reason}");
            assert_eq!(*said, expected);
        }
    }
}
