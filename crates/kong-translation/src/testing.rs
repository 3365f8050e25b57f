//! A cluster for tests: objects from JSON, standings by hand, verdicts out.
#![expect(
    clippy::needless_pass_by_value,
    reason = "tests write their JSON where it is used"
)]

use std::sync::Arc;

use std::collections::BTreeMap;

use kong_crds::Kind;
use kong_model::{Collection, RemoteId, ServerUrl, Site};
use kong_resolve::{
    Account, Claim, Condition, CredentialState, Credentials, DriftPolicy, Entry, Home, Intent, Key,
    Meta, Output, Readiness, Sight, Spot, Standing, Truth, Uid, Verdict, View, World,
};
use serde_json::{Value, json};

/// The namespace of objects that name none.
pub(crate) const NAMESPACE: &str = "ns";

/// Objects and standings.
pub(crate) struct Cluster {
    world: World,
}

impl Cluster {
    /// Nothing.
    pub(crate) fn new() -> Self {
        Self {
            world: World::default(),
        }
    }

    /// With the control plane `cp` in the namespace `ns`, ready.
    pub(crate) fn with_control_plane() -> Self {
        let mut cluster = Self::new();
        cluster.stand(&control_plane(), ready_control_plane());
        cluster
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Puts an object there; namespace, UID and generation are filled in.
    pub(crate) fn apply(&mut self, mut document: Value) -> Key {
        let metadata = document["metadata"].as_object_mut().unwrap();
        let name = metadata["name"].as_str().unwrap().to_owned();
        metadata.entry("namespace").or_insert(json!(NAMESPACE));
        metadata.entry("generation").or_insert(json!(1));
        metadata
            .entry("uid")
            .or_insert(json!(format!("uid-{name}")));
        let observed = kong_crds::read(document).unwrap();
        let key = Key::of(&observed).unwrap();
        self.world.insert(key.clone(), Entry::of(observed));
        key
    }

    /// An object of `configuration.konghq.com/v1alpha1` by kind and spec, called by its kind in lower
    /// case.
    pub(crate) fn entity(&mut self, kind: Kind, spec: Value) -> Key {
        self.annotated(kind, json!({}), spec)
    }

    /// The same with annotations.
    pub(crate) fn annotated(&mut self, kind: Kind, annotations: Value, spec: Value) -> Key {
        let name = kind.as_str().trim_start_matches("Kong").to_lowercase();
        self.apply(json!({
            "apiVersion": kind.api_version(), "kind": kind.as_str(),
            "metadata": {"name": name, "annotations": annotations}, "spec": spec,
        }))
    }

    /// A Secret beside the objects.
    pub(crate) fn secret(&mut self, name: &str, labels: Value, data: Value) -> Key {
        self.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels},
            "stringData": data,
        }))
    }

    /// Lets objects of a kind in `ns` refer to objects of a kind in `other`.
    pub(crate) fn grant(&mut self, from: Kind, to: Kind) {
        let group = |kind: Kind| match kind.group() {
            "" => "core",
            group => group,
        };
        self.apply(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongReferenceGrant",
            "metadata": {"name": format!("{from}-{to}").to_lowercase(), "namespace": "other"},
            "spec": {
                "from": [{"group": group(from), "kind": from.as_str(), "namespace": NAMESPACE}],
                "to": [{"group": group(to), "kind": to.as_str()}],
            },
        }));
    }

    /// Begins the deletion of an object.
    pub(crate) fn delete(&mut self, key: &Key) {
        let mut entry = self.world.entry(key).unwrap().clone();
        entry.meta.deleting = true;
        self.world.insert(key.clone(), entry);
    }

    /// Sets what an object is worth to others.
    pub(crate) fn stand(&mut self, key: &Key, standing: Standing) {
        self.world.set_standing(key, standing);
    }

    /// Sets what the credentials of most tests show of an entity of their organisation.
    pub(crate) fn show(&mut self, at: Collection, id: &str, sight: Sight) {
        let spot = Spot {
            configuration: configuration(),
            at,
            id: RemoteId::from(id),
        };
        self.world.set_sight(&spot, sight);
    }

    /// Lets others see that there is no such object.
    pub(crate) fn remove_standing(&mut self, key: &Key) {
        self.world.remove(key);
    }

    /// The verdict; what it says is checked against what its kind can carry.
    pub(crate) fn judge(&self, key: &Key) -> Verdict {
        let view = View::new(&self.world);
        let entry = self.world.entry(key).unwrap();
        let verdict = crate::judge(key, entry, &view).unwrap();
        let mut possible = possible_conditions(key.kind).to_vec();
        possible.extend(kong_crds::conditions::WARNINGS);
        let mut said = BTreeMap::new();
        for condition in verdict.conditions.iter().chain(&verdict.confirmed) {
            assert!(possible.contains(&condition.kind), "{key}: {condition:?}");
            let twice = said.insert(condition.kind, condition);
            assert!(twice.is_none(), "{key}: {condition:?} and {twice:?}");
        }
        verdict
    }

    /// What the judge of an object looked at.
    pub(crate) fn reads(&self, key: &Key) -> Vec<kong_resolve::Dep> {
        let view = View::new(&self.world);
        crate::judge(key, self.world.entry(key).unwrap(), &view).unwrap();
        view.into_reads().into_iter().collect()
    }
}

fn possible_conditions(kind: Kind) -> &'static [&'static str] {
    macro_rules! by_kind {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match kind { $(Kind::$kind => <$type as kong_crds::Object>::CONDITIONS,)* }
        };
    }
    kong_crds::kinds!(by_kind)
}

/// The control plane of most tests.
pub(crate) fn control_plane() -> Key {
    Key::new(Kind::KonnectGatewayControlPlane, NAMESPACE, "cp")
}

/// The credentials of most tests.
pub(crate) fn configuration() -> Key {
    Key::new(Kind::KonnectAPIAuthConfiguration, NAMESPACE, "auth")
}

/// `spec.controlPlaneRef` to it.
pub(crate) fn control_plane_ref() -> Value {
    json!({"type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "cp"}})
}

/// The account of most tests.
pub(crate) fn account() -> Account {
    Account {
        organization: "org".to_owned(),
        server: ServerUrl::parse("us.api.konghq.com").unwrap(),
    }
}

/// A standing of which nothing is known but its readiness.
pub(crate) fn standing(readiness: Readiness) -> Standing {
    Standing {
        uid: Uid::from("u"),
        deleting: false,
        retained: false,
        guessed: false,
        readiness,
        id: None,
        home: None,
        lost: None,
        account: None,
        region: None,
        endpoints: None,
        state: None,
    }
}

/// The home that the control plane of most tests is.
pub(crate) fn home() -> Home {
    Home {
        control_plane: control_plane(),
        id: Some(RemoteId::from("cp-id")),
        readiness: Readiness::Ready,
        deleting: false,
        group: false,
        mirror: false,
        drift: DriftPolicy::Enforce,
        credentials: Credentials {
            configuration: configuration(),
            state: CredentialState::Valid(account()),
            region: Some(Arc::from("us")),
        },
    }
}

/// The control plane of most tests, ready.
pub(crate) fn ready_control_plane() -> Standing {
    control_plane_with(|_| {})
}

/// The control plane of most tests with something else about its home.
pub(crate) fn control_plane_with(change: impl FnOnce(&mut Home)) -> Standing {
    let mut home = home();
    change(&mut home);
    Standing {
        deleting: home.deleting,
        id: home.id.clone(),
        home: Some(Arc::new(home.clone())),
        ..standing(home.readiness)
    }
}

/// An entity in the control plane of most tests, ready.
pub(crate) fn ready(id: &str) -> Standing {
    Standing {
        id: Some(RemoteId::from(id)),
        home: Some(Arc::new(home())),
        ..standing(Readiness::Ready)
    }
}

/// What fails, as type, reason and message, sorted by type.
pub(crate) fn failing(verdict: &Verdict) -> Vec<(&'static str, &'static str, &str)> {
    let mut failing: Vec<_> = verdict
        .conditions
        .iter()
        .filter(|condition| condition.truth != Truth::True)
        .map(|condition| (condition.kind, condition.reason, condition.message.as_str()))
        .collect();
    failing.sort_unstable();
    failing
}

/// A condition by type.
pub(crate) fn condition<'v>(verdict: &'v Verdict, kind: &str) -> &'v Condition {
    verdict
        .conditions
        .iter()
        .find(|condition| condition.kind == kind)
        .unwrap_or_else(|| panic!("no {kind} in {verdict:?}"))
}

/// The claims; panics unless there are any to speak of.
pub(crate) fn claims(verdict: &Verdict) -> &[Claim] {
    match &verdict.output {
        Output::Want(claims) => claims,
        Output::KeepLastGood => panic!("{verdict:?}"),
    }
}

/// The body that a claim wants.
pub(crate) fn body(claim: &Claim) -> Value {
    match &claim.intent {
        Intent::Present(body) => body.wire(),
        Intent::Keep | Intent::Absent | Intent::Observe(_) | Intent::Release(_) => {
            panic!("{claim:?}")
        }
    }
}

/// The body without its tags.
pub(crate) fn untagged(claim: &Claim) -> Value {
    let mut body = body(claim);
    body.as_object_mut().unwrap().remove("tags");
    body
}

/// A place in the control plane of most tests.
pub(crate) fn site(at: Collection) -> Site {
    Site {
        at,
        control_plane: Some(RemoteId::from("cp-id")),
        parent: None,
    }
}

/// The metadata of an object.
pub(crate) fn meta<'c>(cluster: &'c Cluster, key: &Key) -> &'c Meta {
    &cluster.world().entry(key).unwrap().meta
}
