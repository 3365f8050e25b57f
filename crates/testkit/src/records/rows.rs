//! The differences that we want, each with its reason. Data only; start with [`ROWS`].

use super::compare::Difference;
use super::pattern::is_like;

/// A difference that is wanted. In every text `*` stands for any text.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The scenarios.
    pub scenario: &'static str,
    /// The step, from 0; none is every step.
    pub step: Option<usize>,
    /// Kind of the object, or collection of the entity.
    pub kind: &'static str,
    /// What differs: `condition TYPE`, `finalizers`, `status PATH`, `object`, `rejected`, `request`.
    pub field: &'static str,
    /// What Kong's operator does.
    pub theirs: &'static str,
    /// What we do.
    pub ours: &'static str,
    /// Why.
    pub why: &'static str,
}

impl Row {
    /// Whether a difference is this one.
    pub fn covers(&self, difference: &Difference) -> bool {
        is_like(self.scenario, &difference.scenario)
            && self.step.is_none_or(|step| step == difference.step)
            && is_like(self.kind, &difference.kind)
            && is_like(self.field, &difference.field)
            && is_like(self.theirs, &difference.theirs)
            && is_like(self.ours, &difference.ours)
    }
}

/// Every difference that is wanted.
pub const ROWS: &[Row] = &[
    // Adoption.
    Row {
        scenario: "*adopt*",
        step: None,
        kind: "Kong*",
        field: "condition Adopted",
        theirs: "*",
        ours: "False FailedToAdopt \"failed to adopt: adoption is not served here yet*",
        why: "Adoption is not served yet, and says so; nothing is touched.",
    },
    Row {
        scenario: "*adopt*",
        step: None,
        kind: "Kong*",
        field: "condition Programmed",
        theirs: "*",
        ours: "False ConditionWithStatusFalseExists \"*",
        why: "As above.",
    },
    Row {
        scenario: "*adopt*",
        step: None,
        kind: "Kong*",
        field: "status konnect.id",
        theirs: "{konnect:*",
        ours: "absent",
        why: "As above.",
    },
    Row {
        scenario: "*adopt*",
        step: None,
        kind: "*",
        field: "request",
        theirs: "*",
        ours: "not sent",
        why: "As above.",
    },
    Row {
        scenario: "*adopt*",
        step: None,
        kind: "Kong*",
        field: "status konnect.*",
        theirs: "absent",
        ours: "*",
        why: "The organisation and the server follow from the control plane, whatever became of the adoption.",
    },
    // Words.
    Row {
        scenario: "*",
        step: None,
        kind: "KonnectAPIAuthConfiguration",
        field: "condition APIAuthValid",
        theirs: "False Invalid \"{*\"status\":401*",
        ours: "False Invalid \"Konnect does not accept the token*",
        why: "A status holds no raw answer: its trace changes with every attempt, so each attempt would be one more write. Ours says what to do.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kon*",
        field: "condition Programmed",
        theirs: "False FailedToCreate \"*API error occurred: Status *",
        ours: "False FailedToCreate \"failed to create *: Konnect *",
        why: "Likewise: what Konnect objects to, by field, without its body.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kon*",
        field: "condition Programmed",
        theirs: "False FailedToUpdate \"*API error occurred: Status *",
        ours: "False FailedToUpdate \"failed to update *: Konnect *",
        why: "Likewise.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kon*",
        field: "condition Programmed",
        theirs: "False KonnectAPIOpFailed \"failed to delete * on Konnect: *",
        ours: "False KonnectAPIOpFailed \"failed to delete *: Konnect *",
        why: "Likewise, and with the name of the object.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition ControlPlaneRefValid",
        theirs: "True Valid \"Referenced ControlPlane * is programmed\"",
        ours: "True Valid \"Referenced ControlPlane * is programmed\"",
        why: "Kong's operator puts the name of the upstream (or consumer) in the place of the control plane's; ours names the control plane.",
    },
    // Conditions.
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition Programmed",
        theirs: "Unknown Pending \"Waiting for controller\"",
        ours: "False ConditionWithStatusFalseExists \"*",
        why: "Kong's operator leaves the default when it stops at a reference, or when it panics because the control plane is not programmed. Programmed follows from the other conditions, always.",
    },
    Row {
        scenario: "certificate-secret*",
        step: None,
        kind: "Kong*Certificate",
        field: "condition Programmed",
        theirs: "True Programmed \"\"",
        ours: "False ConditionWithStatusFalseExists \"*",
        why: "Programmed is never True beside a condition that is False; the Secret is gone.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition *RefValid",
        theirs: "True Valid *",
        ours: "absent",
        why: "Kong's operator lets conditions stand that it no longer judges: of a reference that was removed, or behind one that is no longer permitted.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition APIAuth*",
        theirs: "True *",
        ours: "absent",
        why: "Likewise: what lies behind a reference that leads nowhere is not known.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "KonnectGatewayControlPlane",
        field: "condition APIAuthValid",
        theirs: "True Valid *",
        ours: "absent",
        why: "Likewise, after the grant for the credentials is gone.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition APIAuth*",
        theirs: "absent",
        ours: "True *",
        why: "All references are judged, not only those up to the first that is bad.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "status konnect.organizationID",
        theirs: "absent",
        ours: "{organization}",
        why: "Likewise: the account follows from the control plane.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "status konnect.serverURL",
        theirs: "absent",
        ours: "https://*",
        why: "Likewise.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "KongRoute",
        field: "condition ControlPlaneRefValid",
        theirs: "absent",
        ours: "True Valid \"Referenced ControlPlane * is programmed\"",
        why: "A route that has its control plane from its service says so too, as a target does that has it from its upstream.",
    },
    Row {
        scenario: "*",
        step: None,
        kind: "Kong*",
        field: "condition *RefValid",
        theirs: "absent",
        ours: "False Invalid \"*not found*",
        why: "Kong's operator says nothing of a missing parent when the child is created after it is missed; ours says so at once.",
    },
    Row {
        scenario: "*mirror*",
        step: None,
        kind: "KonnectGatewayControlPlane",
        field: "condition Mirrored",
        theirs: "True Failed \"*",
        ours: "False Failed \"*",
        why: "A mirror that failed has the status False.",
    },
    // Finalizers and deletion.
    Row {
        scenario: "*certificate*",
        step: None,
        kind: "Kong*",
        field: "finalizers",
        theirs: "absent",
        ours: "gateway.konghq.com/konnect-cleanup",
        why: "A missing Secret or certificate does not take the finalizer from an object: deleting it then would leave its entity behind.",
    },
    Row {
        scenario: "*cross-namespace*",
        step: None,
        kind: "KonnectAPIAuthConfiguration",
        field: "finalizers",
        theirs: "konnect.konghq.com/konnectapiauth-in-use",
        ours: "absent",
        why: "Nothing is written to an object in another namespace without a grant.",
    },
    Row {
        scenario: "*cross-namespace*",
        step: None,
        kind: "*",
        field: "object",
        theirs: "being deleted",
        ours: "gone",
        why: "A deletion does not ask for grants again; without one Kong's operator leaves the object terminating for ever.",
    },
    Row {
        scenario: "*cross-namespace*",
        step: None,
        kind: "*",
        field: "request",
        theirs: "not sent",
        ours: "deleted",
        why: "Likewise.",
    },
    // Plugins by annotation.
    Row {
        scenario: "*plugin*",
        step: None,
        kind: "KongPluginBinding",
        field: "object",
        theirs: "made by the operator",
        ours: "gone",
        why: "A plugin in the annotation `konghq.com/plugins` goes straight to Konnect; no KongPluginBinding is written to the cluster.",
    },
    Row {
        scenario: "*plugin*",
        step: None,
        kind: "Kong*",
        field: "finalizers",
        theirs: "gateway.konghq.com/cleanup-plugin-binding",
        ours: "absent",
        why: "There is no binding to clean up; the cleanup finalizer of the object covers its plugins.",
    },
    Row {
        scenario: "*plugin*",
        step: None,
        kind: "plugins",
        field: "request",
        theirs: "tags: *k8s-kind:KongPluginBinding*",
        ours: "tags: *k8s-kind:KongPlugin\"*",
        why: "The tags name the KongPlugin, and whose entity it is bound to.",
    },
    Row {
        scenario: "*plugin*",
        step: None,
        kind: "plugins",
        field: "request",
        theirs: "not sent",
        ours: "sent *",
        why: "An edit of a KongPlugin arrives at once, not after the sync period.",
    },
    // Traffic.
    Row {
        scenario: "certificate-secret*",
        step: None,
        kind: "certificates",
        field: "request",
        theirs: "not sent",
        ours: "sent *",
        why: "A changed Secret arrives at once, not after the sync period.",
    },
    Row {
        scenario: "*-tags",
        step: None,
        kind: "*",
        field: "request",
        theirs: "not sent",
        ours: "sent *",
        why: "An edit of the annotation `konghq.com/tags` arrives at once, though the generation does not change.",
    },
    Row {
        scenario: "*-taken",
        step: None,
        kind: "*",
        field: "request",
        theirs: "sent *",
        ours: "not sent",
        why: "Names are unique in Konnect: who is not the holder is not sent at all.",
    },
    Row {
        scenario: "*-taken",
        step: None,
        kind: "Kon*",
        field: "condition Programmed",
        theirs: "False FailedToCreate \"trying to find *",
        ours: "False FailedToCreate \"failed to create *: name *is taken by *",
        why: "The condition names the object that holds the name, and what to do.",
    },
    Row {
        scenario: "*-taken",
        step: None,
        kind: "Kon*",
        field: "condition Programmed",
        theirs: "False FailedToCreate \"trying to find *",
        ours: "True Programmed \"\"",
        why: "A name that becomes free is taken; Kong's operator never tries again.",
    },
    Row {
        scenario: "*-taken",
        step: None,
        kind: "Kon*",
        field: "status *id",
        theirs: "absent",
        ours: "{Kon*",
        why: "Likewise.",
    },
    Row {
        scenario: "*-taken",
        step: None,
        kind: "*",
        field: "request",
        theirs: "not sent",
        ours: "sent *",
        why: "Likewise.",
    },
];
