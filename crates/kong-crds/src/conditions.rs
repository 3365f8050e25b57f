//! Condition types and reasons, as Kong's operator writes them.
//!
//! Which types an object of a kind can carry is [`Object::CONDITIONS`](crate::Object::CONDITIONS), in
//! its type file; the CRDs allow [`LIMIT`] on one object at a time.

/// The most conditions that the CRDs allow on one object.
pub const LIMIT: usize = 8;

/// What every judged object can carry beside that: these warn while they are True, keep nothing from being
/// Programmed, and are not there otherwise.
pub const WARNINGS: [&str; 2] = [DRIFTED, POLICY_UNKNOWN];

/// Type: the entity is in Konnect as the spec says. Also the reason of its True status.
pub const PROGRAMMED: &str = "Programmed";
/// Type: the control plane that the object refers to, directly or through its parent, is usable.
pub const CONTROL_PLANE_REF_VALID: &str = "ControlPlaneRefValid";
/// Type: references into other namespaces are permitted. Also the reason of its True status.
pub const RESOLVED_REFS: &str = "ResolvedRefs";
/// Type: the KonnectAPIAuthConfiguration was found.
pub const API_AUTH_RESOLVED_REF: &str = "APIAuthResolvedRef";
/// Type: the KonnectAPIAuthConfiguration holds working credentials.
pub const API_AUTH_VALID: &str = "APIAuthValid";
/// Type: the KongService of a KongRoute is usable.
pub const SERVICE_REF_VALID: &str = "KongServiceRefValid";
/// Type: the KongUpstream of a KongTarget is usable.
pub const UPSTREAM_REF_VALID: &str = "KongUpstreamRefValid";
/// Type: the client certificate of a KongService or KongUpstream, or the certificate of a KongSNI, is usable.
pub const CERTIFICATE_REF_VALID: &str = "KongCertificateRefValid";
/// Type: the CA certificates of a KongService are usable.
pub const CA_CERTIFICATE_REFS_VALID: &str = "KongCACertificateRefsValid";
/// Type: the set of a KongKey is usable.
pub const KEY_SET_REF_VALID: &str = "KeySetRefValid";
/// Type: the config store of a KongVault is usable.
pub const CONFIG_STORE_REF_VALID: &str = "ConfigStoreRefValid";
/// Type: the KongConsumer of a credential is usable.
pub const CONSUMER_REF_VALID: &str = "KongConsumerRefValid";
/// Type: the groups of a KongConsumer are usable.
pub const CONSUMER_GROUP_REFS_VALID: &str = "KongConsumerGroupRefsValid";
/// Type: the Secrets with the credentials of a KongConsumer are usable.
pub const CREDENTIAL_SECRET_REFS_VALID: &str = "CredentialSecretRefsValid";
/// Type: the Secrets of a KongCertificate or KongCACertificate are usable.
pub const SECRET_REF_VALID: &str = "SecretRefValid";
/// Type: the KongPlugin of a KongPluginBinding, or those of an annotation, are usable.
pub const PLUGIN_REF_VALID: &str = "PluginRefValid";
/// Type: what a KongPluginBinding is for is usable. Ours alone, and there only while it is not.
pub const TARGET_REFS_VALID: &str = "TargetRefsValid";
/// Type: the KonnectCloudGatewayNetworks that the object refers to are ready.
pub const NETWORK_REFS_VALID: &str = "KonnectNetworkRefsValid";
/// Type: Konnect knows the certificate of the data planes.
pub const DATA_PLANE_CERTIFICATE_PROVISIONED: &str = "DataPlaneCertificateProvisioned";
/// Type: data planes have all that they need to connect with Konnect. Also the reason of its True status.
pub const READY: &str = "Ready";
/// Type: the entity that `spec.adopt` names was taken over. Also the reason of its True status.
pub const ADOPTED: &str = "Adopted";
/// Type: a control plane of source Mirror was read. Also the reason of its True status.
pub const MIRRORED: &str = "Mirrored";
/// Type: the members of a control plane group were found and set.
pub const MEMBERS_REFERENCE_RESOLVED: &str = "MembersReferenceResolved";
/// Type: the entity in Konnect is not as it was left, and stays so by the annotation `konduit/drift: warn`.
/// Ours alone, and there only while it is True.
pub const DRIFTED: &str = "Drifted";
/// Type: an annotation of ours has a value that is none, so its default is in force. Ours alone, and there
/// only while it is True.
pub const POLICY_UNKNOWN: &str = "PolicyUnknown";
/// Type that only the schema default of KonnectAPIAuthConfiguration has. Also the reason of True for
/// most reference conditions.
pub const VALID: &str = "Valid";

/// Reason: nobody has looked at the object yet; the schema default.
pub const PENDING: &str = "Pending";
/// Reason: a reference condition is not True.
pub const CONDITION_WITH_STATUS_FALSE_EXISTS: &str = "ConditionWithStatusFalseExists";
/// Reason: Konnect refused to create the entity.
pub const FAILED_TO_CREATE: &str = "FailedToCreate";
/// Reason: Konnect refused the change.
pub const FAILED_TO_UPDATE: &str = "FailedToUpdate";
/// Reason: the entity could not be adopted.
pub const FAILED_TO_ADOPT: &str = "FailedToAdopt";
/// Reason: the consumer is not in a group that it names.
pub const FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP: &str =
    "FailedToAttachConsumerToConsumerGroup";
/// Reason: a call to Konnect failed for another cause.
pub const KONNECT_API_OP_FAILED: &str = "KonnectAPIOpFailed";
/// Reason: the members of a control plane group could not be set.
pub const FAILED_TO_SET_CONTROL_PLANE_GROUP_MEMBERS: &str = "FailedToSetControlPlaneGroupMembers";
/// Reason: what is referred to is not usable.
pub const INVALID: &str = "Invalid";
/// Reason: what is referred to is not programmed itself.
pub const NOT_PROGRAMMED: &str = "NotProgrammed";
/// Reason: no grant permits the reference.
pub const REF_NOT_PERMITTED: &str = "RefNotPermitted";
/// Reason: what `APIAuthResolvedRef` is about was found.
pub const RESOLVED_REF: &str = "ResolvedRef";
/// Reason: what is referred to does not exist.
pub const REF_NOT_FOUND: &str = "RefNotFound";
/// Reason: the reference itself makes no sense.
pub const REF_INVALID: &str = "RefInvalid";
/// Reason of `Adopted`: the entity could not be read.
pub const FETCH_FAILED: &str = "FetchFailed";
/// Reason of `Adopted`: another object owns the entity.
pub const UID_CONFLICT: &str = "UIDConflict";
/// Reason of `Adopted` in mode `match`: the entity differs from the spec.
pub const NOT_MATCH: &str = "NotMatch";
/// Reason of `Drifted`: the entity was changed.
pub const CHANGED: &str = "Changed";
/// Reason of `Drifted`: the entity was deleted.
pub const GONE: &str = "Gone";
/// Reason of `PolicyUnknown`.
pub const UNKNOWN_VALUE: &str = "UnknownValue";
/// Reason of `Mirrored`.
pub const FAILED: &str = "Failed";
/// Reason of `MembersReferenceResolved`.
pub const RESOLVED: &str = "Resolved";
/// Reason of `MembersReferenceResolved`.
pub const SOME_MEMBER_NOT_RESOLVED: &str = "SomeMemberNotResolved";
/// Reason of `MembersReferenceResolved`.
pub const SET_GROUP_MEMBER_FAILED: &str = "SetGroupMemberFailed";
/// Reason of `DataPlaneCertificateProvisioned`.
pub const PROVISIONED: &str = "Provisioned";
/// Reason of `DataPlaneCertificateProvisioned` and `Ready`: it is on its way, or something is missing.
pub const PROVISIONING: &str = "Provisioning";
/// Reason of `DataPlaneCertificateProvisioned`: the Secret holds no certificate.
pub const INVALID_SECRET: &str = "InvalidSecret";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Object;

    /// A condition that holds gives way where there is no room, and no object fails in every respect
    /// at once: of what may not be referred to, for one, nothing else is said.
    const POSSIBLE: usize = LIMIT + 1;

    #[test]
    fn no_kind_can_fail_in_more_respects_than_its_crd_allows() {
        macro_rules! check {
            ($($kind:ident: $type:path => $class:ident;)*) => {$(
                let types = <$type as Object>::CONDITIONS;
                let distinct: BTreeSet<_> = types.iter().collect();
                assert_eq!(distinct.len(), types.len(), "{}", stringify!($kind));
                assert!(types.len() <= POSSIBLE, "{}: {types:?}", stringify!($kind));
            )*};
        }
        crate::kinds!(check);
    }
}
