//! References to objects that stand for entities: services, upstreams, certificates, consumers.
//!
//! Only the standing of the other object is read. The rules are the same for all of them (konnect.md
//! 2.6 to 2.8), so a reference is a row: which kind, which condition, which field.

use kong_crds::Kind;
use kong_crds::conditions::{
    CA_CERTIFICATE_REFS_VALID, CERTIFICATE_REF_VALID, CONSUMER_REF_VALID, INVALID,
    KEY_SET_REF_VALID, SERVICE_REF_VALID, UPSTREAM_REF_VALID, VALID,
};
use kong_crds::reference::NamespacedRef;
use kong_model::RemoteId;
use kong_resolve::{Condition, Home, Key, Readiness, Standing, Truth, grants};

use crate::case::{Case, not_found};
use crate::control_plane::{self, Place, is_shared};

/// A sort of reference.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    /// What is referred to.
    pub(crate) kind: Kind,
    /// The condition about it.
    pub(crate) condition: &'static str,
    /// The field that refers.
    pub(crate) field: &'static str,
    /// The name of its id in the status, where the status has it.
    pub(crate) id: Option<&'static str>,
}

/// `spec.serviceRef` of a route.
pub(crate) const SERVICE: Reference = Reference {
    kind: Kind::KongService,
    condition: SERVICE_REF_VALID,
    field: "spec.serviceRef",
    id: Some("serviceID"),
};

/// `spec.upstreamRef` of a target.
pub(crate) const UPSTREAM: Reference = Reference {
    kind: Kind::KongUpstream,
    condition: UPSTREAM_REF_VALID,
    field: "spec.upstreamRef",
    id: Some("upstreamID"),
};

/// `spec.clientCertificateRef` of a service or an upstream.
pub(crate) const CERTIFICATE: Reference = Reference {
    kind: Kind::KongCertificate,
    condition: CERTIFICATE_REF_VALID,
    field: "spec.clientCertificateRef",
    id: Some("certificateID"),
};

/// `spec.consumerRef` of a credential.
pub(crate) const CONSUMER: Reference = Reference {
    kind: Kind::KongConsumer,
    condition: CONSUMER_REF_VALID,
    field: "spec.consumerRef",
    id: Some("consumerID"),
};

/// `spec.keySetRef` of a key.
pub(crate) const KEY_SET: Reference = Reference {
    kind: Kind::KongKeySet,
    condition: KEY_SET_REF_VALID,
    field: "spec.keySetRef",
    id: Some("keySetID"),
};

/// `spec.caCertificateRefs` of a service.
const CA_CERTIFICATES: Reference = Reference {
    kind: Kind::KongCACertificate,
    condition: CA_CERTIFICATE_REFS_VALID,
    field: "spec.caCertificateRefs",
    id: Some("caCertificateIDs"),
};

/// What an object lives below: a target below its upstream.
pub(crate) enum Parent<'w> {
    /// It may not be looked at.
    Denied,
    /// It does not exist.
    Missing,
    /// It is there.
    Found(&'w Standing),
}

impl<'w> Parent<'w> {
    /// Follows a reference that may be followed.
    pub(crate) fn follow(case: &mut Case<'_, 'w>, reference: &Reference, key: &Key) -> Self {
        let standing = reference.follow(case, key, None);
        case.makes_way = standing.is_some_and(Standing::takes_along);
        standing.map_or(Self::Missing, Self::Found)
    }

    /// Where the entities below it live.
    pub(crate) fn place(&self, case: &mut Case<'_, '_>) -> Place {
        match self {
            Self::Denied => Place::Unclear,
            Self::Missing => Place::Gone(None),
            Self::Found(standing) => control_plane::inherited(case, standing),
        }
    }

    /// The id of its entity.
    pub(crate) fn id(&self) -> Option<RemoteId> {
        match self {
            Self::Denied | Self::Missing => None,
            Self::Found(standing) => standing.id.clone(),
        }
    }
}

impl Reference {
    /// The object that is referred to.
    pub(crate) fn key(&self, case: &Case<'_, '_>, target: &NamespacedRef) -> Key {
        let name = &case.key.name;
        Key {
            kind: self.kind,
            name: name.sibling(target.namespace.as_deref(), &target.name),
        }
    }

    /// Looks at the object that is referred to, says how it is, and notes its id. `None` if it does
    /// not exist or is in another control plane than `ours`.
    pub(crate) fn follow<'w>(
        &self,
        case: &mut Case<'_, 'w>,
        key: &Key,
        ours: Option<&Home>,
    ) -> Option<&'w Standing> {
        let (standing, condition) = self.look(case, key, ours);
        case.say(condition);
        let told = standing.filter(|standing| !standing.guessed);
        let id = told.and_then(|standing| standing.id.clone());
        case.ids.extend(self.id.zip(id));
        standing
    }

    /// The same for who puts several references into one condition: nothing is said yet.
    pub(crate) fn look<'w>(
        &self,
        case: &Case<'_, 'w>,
        key: &Key,
        ours: Option<&Home>,
    ) -> (Option<&'w Standing>, Condition) {
        let Some(standing) = case.view.standing(key) else {
            return (None, self.missing(key));
        };
        // One condition a type: that the control planes differ goes before how the object is.
        if let (Some(theirs), Some(ours)) = (&standing.home, ours)
            && !is_shared(theirs, ours)
        {
            return (None, self.elsewhere(key, theirs, ours));
        }
        let condition = match (standing.readiness, &standing.id) {
            _ if standing.deleting => self.being_deleted(key),
            (Readiness::Ready, Some(_)) => self.programmed(key),
            (Readiness::Ready, None) | (Readiness::Pending, _) => self.waiting(key),
            (Readiness::Blocked, _) => self.blocked(key),
        };
        (Some(standing), condition)
    }

    fn missing(&self, key: &Key) -> Condition {
        let message = format!(
            "{}; create it in namespace \"{}\" or correct {}",
            not_found(key),
            key.name.namespace(),
            self.field,
        );
        Condition::fails(self.condition, INVALID, message).bereft()
    }

    fn being_deleted(&self, key: &Key) -> Condition {
        let message = format!(
            "Referenced {key} is being deleted; delete this object too or correct {}",
            self.field,
        );
        Condition::fails(self.condition, INVALID, message).bereft()
    }

    fn waiting(&self, key: &Key) -> Condition {
        let message = format!("Referenced {key} is not programmed yet");
        Condition::fails(self.condition, INVALID, message)
            .passing(true)
            .waiting(true)
    }

    fn blocked(&self, key: &Key) -> Condition {
        let message = format!("Referenced {key} is not programmed yet; its own conditions say why");
        Condition::fails(self.condition, INVALID, message).waiting(true)
    }

    fn programmed(&self, key: &Key) -> Condition {
        let message = format!("Referenced {key} programmed");
        Condition::holds(self.condition, VALID, message)
    }

    /// Entities of different control planes cannot refer to each other.
    fn elsewhere(&self, key: &Key, theirs: &Home, ours: &Home) -> Condition {
        let message = format!(
            "Referenced {key} belongs to a different ControlPlane: it is in {}, the object in {}; \
             correct {} or spec.controlPlaneRef",
            theirs.control_plane.name, ours.control_plane.name, self.field,
        );
        Condition::fails(self.condition, INVALID, message)
    }
}

/// The client certificate of a service or an upstream: its id, once it can be used.
pub(crate) fn client_certificate(
    case: &mut Case<'_, '_>,
    reference: Option<&NamespacedRef>,
    home: Option<&Home>,
) -> Option<RemoteId> {
    let key = CERTIFICATE.key(case, reference?);
    if !case.may_follow_certificate(&key) {
        return None;
    }
    CERTIFICATE.follow(case, &key, home)?.id.clone()
}

/// The CA certificates of a service: their ids, once all of them can be used.
pub(crate) fn ca_certificates(
    case: &mut Case<'_, '_>,
    references: &[NamespacedRef],
    home: Option<&Home>,
) -> Vec<RemoteId> {
    let granted = "KongReferenceGrants allow access to KongCACertificate";
    let mut ids = Vec::new();
    let mut problems = Vec::new();
    for reference in references {
        let key = CA_CERTIFICATES.key(case, reference);
        let denied = grants::denial(case.key, &key);
        if !case.may_follow(&key, granted, denied) {
            continue;
        }
        let (standing, condition) = CA_CERTIFICATES.look(case, &key, home);
        let usable = condition.truth == Truth::True;
        problems.extend((!usable).then_some(condition));
        ids.extend(standing.and_then(|standing| standing.id.clone()));
    }
    if !problems.is_empty() {
        case.say(all_of(CA_CERTIFICATES.condition, &problems));
    } else if ids.len() == references.len() && !references.is_empty() {
        let message = "All referenced KongCACertificates are programmed";
        case.say(Condition::holds(CA_CERTIFICATES.condition, VALID, message));
    }
    let noted = ids.iter().cloned();
    case.ids
        .extend(CA_CERTIFICATES.id.into_iter().cycle().zip(noted));
    ids
}

/// One condition for several references: it gives way by itself only if each of them does.
pub(crate) fn all_of(kind: &'static str, problems: &[Condition]) -> Condition {
    let words: Vec<&str> = problems.iter().map(|it| it.message.as_str()).collect();
    Condition::fails(kind, INVALID, words.join("; "))
        .passing(problems.iter().all(|it| it.passing))
        .waiting(problems.iter().all(|it| it.waits))
}
