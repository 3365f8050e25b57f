//! What is found out about one object while its references are followed.
//!
//! A [`Case`] gathers conditions, permissions, ids and pins; every kind fills one and turns it into a
//! verdict at the end. All conditions are gathered before anything is concluded, so that one problem
//! does not hide another. Depends on the view only.

use kong_crds::conditions::{
    ADOPTED, FAILED_TO_ADOPT, INVALID, PROGRAMMED, REF_NOT_PERMITTED, RESOLVED_REFS,
};
use kong_crds::{Object, adopt::Adopt};
use kong_model::RemoteId;
use kong_resolve::{Condition, Key, Me, Meta, Permission, Truth, View, grants};

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

    /// Refuses adoption: what is to be taken over must not be touched by mistake.
    pub(crate) fn refuse_adoption(&mut self, adopt: Option<&Adopt>) {
        if adopt.is_some() {
            self.say(Condition::fails(
                ADOPTED,
                FAILED_TO_ADOPT,
                "failed to adopt: adoption is not served here yet; create the object without \
                 spec.adopt to get an entity of its own",
            ));
        }
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
