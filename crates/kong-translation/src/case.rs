//! What is found out about one object while its references are followed.
//!
//! A [`Case`] gathers conditions, permissions, ids and pins; every kind fills one and turns it into a
//! verdict at the end. All conditions are gathered before anything is concluded, so that one problem
//! does not hide another. Depends on the view only.

use kong_crds::Object;
use kong_crds::adopt::{Adopt, AdoptFrom, AdoptMode};
use kong_crds::conditions::{
    ADOPTED, FAILED_TO_ADOPT, INVALID, POLICY_UNKNOWN, PROGRAMMED, REF_NOT_PERMITTED,
    RESOLVED_REFS, UNKNOWN_VALUE,
};
use kong_model::RemoteId;
use kong_resolve::{
    Adoption, AdoptionMode, Condition, DriftPolicy, Home, Key, Me, Meta, Permission, Truth, View,
    grants, policy,
};

/// An object under judgement, and what is known so far.
pub(crate) struct Case<'c, 'w> {
    /// What it is called.
    pub(crate) key: &'c Key,
    /// What matters of its metadata.
    pub(crate) meta: &'c Meta,
    /// The world.
    pub(crate) view: &'c View<'w>,
    conditions: Vec<Condition>,
    granted: Vec<String>,
    denied: Vec<String>,
    /// Whether its entity has to go before something that is being deleted.
    pub(crate) makes_way: bool,
    /// Whether it refers to what has yet to be looked at in Konnect, which is all that is in the way.
    pub(crate) unseen: bool,
    /// The entity that is to become its own.
    pub(crate) adoption: Option<Adoption>,
    /// Ids of what it refers to, for its status.
    pub(crate) ids: Vec<(&'static str, RemoteId)>,
    /// What must stay while it exists.
    pub(crate) pins: Vec<Key>,
}

impl<'c, 'w> Case<'c, 'w> {
    /// A case of which nothing is known yet.
    pub(crate) fn of<K: Object>(me: Me<'c, K>, view: &'c View<'w>) -> Self {
        Self {
            key: me.key,
            meta: me.meta,
            view,
            conditions: Vec::new(),
            granted: Vec::new(),
            denied: Vec::new(),
            makes_way: false,
            unseen: false,
            adoption: None,
            ids: Vec::new(),
            pins: Vec::new(),
        }
    }

    /// Adds a condition.
    pub(crate) fn say(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    /// Whether a reference may be followed, reported in `ResolvedRefs`. To be asked before the target
    /// is looked at in any way; the deletion of an object asks nobody.
    pub(crate) fn may_follow(&mut self, to: &Key, granted: &str, denied: String) -> bool {
        match self.permission(to) {
            Permission::Own => true,
            Permission::Granted => {
                self.granted.push(granted.to_owned());
                true
            }
            Permission::Denied => {
                self.denied.push(with_grant_hint(denied, self.key, to));
                false
            }
        }
    }

    /// The same for a reference to a KongCertificate.
    pub(crate) fn may_follow_certificate(&mut self, to: &Key) -> bool {
        let granted = "KongReferenceGrants allow access to KongCertificate";
        let denied = format!(
            "KongReferenceGrants do not allow access to KongCertificate {}",
            to.name
        );
        self.may_follow(to, granted, denied)
    }

    /// Whether a reference may be followed, for those that are not reported in `ResolvedRefs`.
    pub(crate) fn permission(&self, to: &Key) -> Permission {
        if self.meta.deleting {
            Permission::Own
        } else {
            self.view.permission(self.key, to)
        }
    }

    /// Reports what the schema should not have let through.
    pub(crate) fn say_nonsense(&mut self, message: impl Into<String>) {
        self.say(Condition::fails(PROGRAMMED, INVALID, message));
    }

    /// Follows `spec.adopt`: the entity that it names is to become that of the object.
    pub(crate) fn adopt(&mut self, adopt: Option<&Adopt>) {
        let Some(adopt) = adopt else { return };
        let refused = match (adopt.from, &adopt.konnect, adopt.mode) {
            (AdoptFrom::Unknown, _, _) => "spec.adopt.from is not konnect; correct it",
            (AdoptFrom::Konnect, None, _) => {
                "Must specify Konnect options when from='konnect'; set spec.adopt.konnect.id"
            }
            (AdoptFrom::Konnect, Some(_), Some(AdoptMode::Unknown)) => {
                "spec.adopt.mode is neither match nor override; correct it"
            }
            (AdoptFrom::Konnect, Some(konnect), mode) => {
                let mode = match mode {
                    Some(AdoptMode::Match) => AdoptionMode::Match,
                    Some(AdoptMode::Override | AdoptMode::Unknown) | None => AdoptionMode::Override,
                };
                let id = RemoteId::from(&konnect.id);
                self.adoption = Some(Adoption { id, mode });
                return;
            }
        };
        let refused = format!("failed to adopt: {refused}");
        self.say(Condition::fails(ADOPTED, FAILED_TO_ADOPT, &refused));
        if self.conditions.iter().all(|said| said.kind != PROGRAMMED) {
            self.say(Condition::fails(PROGRAMMED, FAILED_TO_ADOPT, refused));
        }
    }

    /// What is done about drift: as the object says, else as its control plane does. Says which
    /// annotations are not understood.
    pub(crate) fn drift_policy(&mut self, home: Option<&Home>) -> DriftPolicy {
        let misspelt: Vec<String> = policy::misspelt(self.meta)
            .map(|misspelt| misspelt.to_string())
            .collect();
        if !misspelt.is_empty() {
            let words = misspelt.join("; ");
            self.say(Condition::holds(POLICY_UNKNOWN, UNKNOWN_VALUE, words));
        }
        let own = DriftPolicy::of(self.meta);
        own.or_else(|| Some(home?.drift)).unwrap_or_default()
    }

    /// Whether nothing that was said so far stands in the way of writing the object's own entity.
    /// Credentials do not: they are the business of whoever writes.
    pub(crate) fn is_clear(&self) -> bool {
        self.denied.is_empty()
            && self.conditions.iter().all(|condition| {
                condition.truth == Truth::True || condition.unless_settled.is_some()
            })
    }

    /// Whether nothing is wrong but that something that exists is not in Konnect yet: sooner or later
    /// there is something to create, with the credentials that there are.
    pub(crate) fn only_waits(&self) -> bool {
        self.denied.is_empty()
            && self
                .conditions
                .iter()
                .all(|condition| condition.truth == Truth::True || condition.waits)
    }

    /// All conditions, with the one about permissions.
    pub(crate) fn into_findings(self) -> Findings {
        let Self {
            key: _,
            meta: _,
            view: _,
            mut conditions,
            granted,
            denied,
            makes_way: _,
            unseen: _,
            adoption: _,
            ids,
            pins,
        } = self;
        if let Some(first) = denied.into_iter().next() {
            conditions.push(Condition::fails(RESOLVED_REFS, REF_NOT_PERMITTED, first));
        } else if !granted.is_empty() {
            let words = granted.join("; ");
            conditions.push(Condition::holds(RESOLVED_REFS, RESOLVED_REFS, words));
        }
        Findings {
            conditions,
            ids,
            pins,
        }
    }
}

/// What a case comes to.
pub(crate) struct Findings {
    /// What is to be said.
    pub(crate) conditions: Vec<Condition>,
    /// Ids of what the object refers to, for its status.
    pub(crate) ids: Vec<(&'static str, RemoteId)>,
    /// What must stay while the object exists.
    pub(crate) pins: Vec<Key>,
}

/// A denial, and what would lift it.
pub(crate) fn with_grant_hint(denial: String, from: &Key, to: &Key) -> String {
    denial + "; " + &grants::remedy(from, to)
}

/// What Kubernetes says of an object that is not there.
pub(crate) fn not_found(key: &Key) -> String {
    let name = &key.name.name;
    match key.kind.group() {
        "" => format!("{} \"{name}\" not found", key.kind),
        group => format!("{}.{group} \"{name}\" not found", key.kind),
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_crds::conditions::{CONTROL_PLANE_REF_VALID, NOT_PROGRAMMED};
    use kong_crds::names::{DELETION_POLICY_ANNOTATION, DRIFT_ANNOTATION};
    use kong_resolve::{Output, Readiness, Verdict};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane, control_plane_ref, control_plane_with, failing,
    };

    fn service(cluster: &mut Cluster, annotations: Value, adopt: Value) -> Verdict {
        let mut spec = json!({"host": "h.test", "controlPlaneRef": control_plane_ref()});
        if !adopt.is_null() {
            spec["adopt"] = adopt;
        }
        let key = cluster.annotated(Kind::KongService, annotations, spec);
        cluster.judge(&key)
    }

    #[test]
    fn what_is_to_be_adopted_is_in_the_claim_and_no_mode_is_override() {
        let mut cluster = Cluster::with_control_plane();
        for (mode, expected) in [
            (json!("match"), AdoptionMode::Match),
            (json!("override"), AdoptionMode::Override),
            (Value::Null, AdoptionMode::Override),
        ] {
            let mut adopt = json!({"from": "konnect", "konnect": {"id": "theirs"}});
            if !mode.is_null() {
                adopt["mode"] = mode;
            }
            let verdict = service(&mut cluster, json!({}), adopt);
            let id = RemoteId::from("theirs");
            let expected = Some(Adoption { id, mode: expected });
            assert_eq!(claims(&verdict)[0].adopt, expected);
            // There is to be a finalizer before anything is taken over.
            assert!(verdict.cleanup && verdict.refs_hold());
        }
        let verdict = service(&mut cluster, json!({}), Value::Null);
        assert_eq!(claims(&verdict)[0].adopt, None);
    }

    #[test]
    fn an_adoption_that_says_nothing_touches_nothing() {
        let mut cluster = Cluster::with_control_plane();
        let konnect = json!({"id": "theirs"});
        for (adopt, says) in [
            (json!({"from": "konnect"}), "Must specify Konnect options"),
            (
                json!({"from": "moon", "konnect": konnect}),
                "spec.adopt.from is",
            ),
            (
                json!({"from": "konnect", "konnect": konnect, "mode": "half"}),
                "spec.adopt.mode is neither match nor override",
            ),
        ] {
            let verdict = service(&mut cluster, json!({}), adopt);
            assert_eq!(verdict.output, Output::KeepLastGood);
            let [
                (ADOPTED, FAILED_TO_ADOPT, one),
                (PROGRAMMED, FAILED_TO_ADOPT, two),
            ] = failing(&verdict)[..]
            else {
                panic!("{verdict:?}")
            };
            assert_eq!(one, two);
            assert!(
                one.starts_with(&format!("failed to adopt: {says}")),
                "{one}"
            );
        }
    }

    #[test]
    fn about_drift_the_object_has_its_say_before_its_control_plane() {
        let mut cluster = Cluster::new();
        let of = |cluster: &mut Cluster, plane, own: Option<&str>| {
            let state = control_plane_with(|home| home.drift = plane);
            cluster.stand(&control_plane(), state);
            let annotations = own.map_or_else(|| json!({}), |own| json!({DRIFT_ANNOTATION: own}));
            service(cluster, annotations, Value::Null).drift
        };
        for plane in [DriftPolicy::Enforce, DriftPolicy::Warn, DriftPolicy::Ignore] {
            assert_eq!(of(&mut cluster, plane, None), plane);
            assert_eq!(of(&mut cluster, plane, Some("ignore")), DriftPolicy::Ignore);
            // What is not understood is mended as always.
            assert_eq!(of(&mut cluster, plane, Some("never")), DriftPolicy::Enforce);
        }
    }

    #[test]
    fn annotations_that_are_not_understood_are_named_and_keep_nothing_from_being_programmed() {
        let mut cluster = Cluster::with_control_plane();
        let annotations = json!({DRIFT_ANNOTATION: "never", DELETION_POLICY_ANNOTATION: "keep"});
        let verdict = service(&mut cluster, annotations, Value::Null);
        let said = condition(&verdict, POLICY_UNKNOWN);
        assert_eq!((said.truth, said.reason), (Truth::True, UNKNOWN_VALUE));
        for annotation in [DRIFT_ANNOTATION, DELETION_POLICY_ANNOTATION] {
            assert!(
                said.message
                    .contains(&format!("annotation {annotation} has")),
                "{said:?}"
            );
        }
        assert!(verdict.refs_hold() && claims(&verdict).len() == 1);
    }

    #[test]
    fn a_target_goes_before_its_upstream_unless_that_stays_in_konnect() {
        let mut cluster = Cluster::with_control_plane();
        let upstream = Key::new(Kind::KongUpstream, "ns", "upstream");
        for retained in [false, true] {
            let standing = kong_resolve::Standing {
                deleting: true,
                retained,
                ..crate::testing::ready("upstream-id")
            };
            cluster.stand(&upstream, standing);
            let spec = json!({"upstreamRef": {"name": "upstream"}, "target": "10.0.0.1:80"});
            let key = cluster.entity(Kind::KongTarget, spec);
            let verdict = cluster.judge(&key);
            assert_eq!(
                verdict.output == Output::KeepLastGood,
                retained,
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn a_control_plane_hands_its_policy_down() {
        let mut cluster = Cluster::new();
        let key = cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
            "metadata": {"name": "cp", "annotations": {DRIFT_ANNOTATION: "warn"}},
            "spec": {
                "createControlPlaneRequest": {"name": "cp"}, "konnect": {"authRef": {"name": "auth"}},
            },
        }));
        let verdict = cluster.judge(&key);
        let handed = verdict.home.as_ref().map(|home| home.drift);
        assert_eq!(
            (verdict.drift, handed),
            (DriftPolicy::Warn, Some(DriftPolicy::Warn))
        );
        // Also while it cannot be used.
        let blocked = control_plane_with(|home| {
            home.readiness = Readiness::Blocked;
            home.drift = DriftPolicy::Ignore;
        });
        cluster.stand(&control_plane(), blocked);
        let verdict = service(&mut cluster, json!({}), Value::Null);
        assert_eq!(verdict.drift, DriftPolicy::Ignore);
        let waits = condition(&verdict, CONTROL_PLANE_REF_VALID);
        assert_eq!(waits.reason, NOT_PROGRAMMED);
    }
}
