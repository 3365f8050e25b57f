//! Conditions.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    // Programmed follows from the others, so these say nothing that other rows do not.
    Row::new(
        "Kong*",
        "condition Programmed",
        "Unknown Pending \"Waiting for controller\"",
        "False ConditionWithStatusFalseExists \"*",
        "Kong's operator leaves the default when it stops at a reference, or when it panics because the control plane is not programmed. Programmed follows from the other conditions, always.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "True Programmed \"\"",
        "False ConditionWithStatusFalseExists \"*",
        "Programmed is never True beside a condition that is False.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False ConditionWithStatusFalseExists \"*",
        "True Programmed \"\"",
        "Programmed is True as soon as all other conditions are and Konnect holds the entity.",
    ),
    Row::new(
        "Kong*",
        "condition Programmed",
        "False FailedTo* \"*",
        "False ConditionWithStatusFalseExists \"*",
        "What a reference lacks is said in the condition about it, and nothing is tried without it.",
    )
    .expected(),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToCreate \"*Status 429*",
        "Unknown Pending \"Waiting for controller\"",
        "That Konnect limits the number of requests is no fault of the object that meets the limit. All wait, and it is said of an object that meets it again and again.",
    )
    .expected(),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToUpdate \"*Status 429*",
        "True Programmed \"\"",
        "Likewise. The condition has the generation for which it is True.",
    )
    .expected(),
    // What is no longer judged.
    Row::new(
        "Kong*",
        "condition *RefValid",
        "True Valid *",
        "absent",
        "Kong's operator lets conditions stand that it no longer judges: of a reference that was removed, or behind one that is no longer permitted.",
    ),
    Row::new(
        "Kong*",
        "condition *RefValid",
        "False Invalid *",
        "absent",
        "A condition about a reference goes with the reference.",
    )
    .beside("theirs Programmed True *")
    .expected(),
    Row::new(
        "KongRoute",
        "condition ControlPlaneRefValid",
        "False Invalid \"*",
        "True Valid \"Referenced ControlPlane * is programmed\"",
        "With Kong's operator nothing makes it True again for a route that has its control plane from its service.",
    )
    .expected(),
    Row::new(
        "Kon*",
        "condition APIAuth*",
        "True *",
        "absent",
        "Likewise: what lies behind a reference that leads nowhere is not known.",
    ),
    // All references are judged.
    Row::new(
        "KongConsumer",
        "condition *RefsValid",
        "absent",
        "True Valid \"\"",
        "Groups and credentials of a consumer are judged whether its control plane is good or not.",
    ),
    Row::new(
        "Kon*",
        "condition APIAuth*",
        "absent",
        "False *",
        "Likewise.",
    )
    .beside("ours ControlPlaneRefValid False *"),
    Row::new(
        "KonnectConfigStore",
        "condition APIAuth*",
        "absent",
        "True *",
        "Likewise.",
    )
    .beside("ours ControlPlaneRefValid False *"),
    Row::new(
        "KonnectConfigStore",
        "condition Programmed",
        "absent",
        "False ConditionWithStatusFalseExists \"*",
        "Programmed is there as soon as anything is said.",
    ),
    Row::new(
        "Kong*",
        "condition APIAuth*",
        "absent",
        "True *",
        "All references are judged, not only those up to the first that is bad.",
    ),
    Row::new(
        "Kong*",
        "condition *RefValid",
        "absent",
        "True Valid *",
        "Likewise. A route that has its control plane from its service says so too, as a target does that has it from its upstream.",
    ),
    Row::new(
        "Kong*",
        "condition *RefValid",
        "absent",
        "False Invalid \"*not found*",
        "Kong's operator says nothing of a missing parent when the child is created after it is missed, nor of a missing plugin that an annotation names; ours says so at once.",
    ),
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "absent",
        "False NotProgrammed \"Referenced ControlPlane * is not programmed yet*",
        "A route or a target that has its control plane from its parent says what it waits for.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "absent",
        "False Invalid \"Attaching to ControlPlane * is not supported*",
        "Likewise.",
    )
    .expected(),
    Row::new(
        "KongRoute",
        "condition ControlPlaneRefValid",
        "*",
        "False Invalid \"the route refers neither *",
        "A route without any reference is not looked at by Kong's operator.",
    )
    .expected(),
    // Targets of bindings, plugins, Secrets.
    Row::new(
        "KongPluginBinding",
        "condition TargetRefsValid",
        "absent",
        "False Invalid \"*",
        "What is wrong with the targets of a binding has a condition of its own; Kong's operator tries anyway and says what came of it.",
    )
    .expected(),
    Row::new(
        "KongConsumer",
        "condition CredentialSecretRefsValid",
        "True Valid \"\"",
        "False Invalid \"Secret *",
        "Kong's operator makes no credential of a Secret that is there and cannot be used, and says nothing.",
    )
    .expected(),
    Row::new(
        "KongPluginBinding",
        "condition PluginRefValid",
        "False Invalid \"KongPlugin * not found\"",
        "True Valid \"KongClusterPlugin *",
        "A KongClusterPlugin can be bound; Kong's operator looks for a KongPlugin of that name.",
    )
    .expected(),
    Row::new(
        "KongPluginBinding",
        "condition PluginRefValid",
        "*",
        "False Invalid \"KongClusterPlugin *",
        "Kong's operator uses a KongPlugin of that name instead, if there is one.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition PluginRefValid",
        "*",
        "False Invalid \"KongPlugin * cannot be used: *",
        "`configFrom` and `configPatches` are resolved; Kong's operator ignores them for Konnect.",
    )
    .expected(),
    Row::new(
        "Kong*Certificate",
        "condition SecretRefValid",
        "True Valid *",
        "False Invalid \"secret *",
        "The condition speaks of required keys, so it is False without them.",
    ),
    Row::new(
        "Kong*Certificate",
        "condition SecretRefValid",
        "False Invalid \"Secret *",
        "absent",
        "A Secret in another namespace is not looked at before a grant permits it.",
    )
    .beside("ours ResolvedRefs False RefNotPermitted *")
    .expected(),
    Row::new(
        "Kong*Certificate",
        "condition ResolvedRefs",
        "absent",
        "False RefNotPermitted \"KongReferenceGrants do not allow access to Secret *",
        "Likewise.",
    )
    .expected(),
    // How the object is that is referred to.
    Row::new(
        "Kong*",
        "condition *Ref*Valid",
        "False Invalid \"*not found\"",
        "False Invalid \"*Referenced * is being deleted*\"",
        "A certificate that is in use waits for those that use it.",
    )
    .expected(),
    Row::new(
        "KongVault",
        "condition ConfigStoreRefValid",
        "False Invalid \"Referenced KonnectConfigStore * does not exist\"",
        "False Invalid \"Referenced KonnectConfigStore * is being deleted*\"",
        "Likewise, a config store.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "False NotProgrammed \"Referenced ControlPlane * is not programmed yet\"",
        "False Invalid \"Referenced ControlPlane * is being deleted\"",
        "That it is being deleted is what there is to know.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition *RefValid",
        "True Valid \"*",
        "False Invalid \"Referenced * is not programmed yet*",
        "What is referred to is not Programmed, see above.",
    )
    .beside("elsewhere ours * Programmed False *")
    .expected(),
    Row::new(
        "Kong*",
        "condition *RefValid",
        "False Invalid \"Referenced * is not programmed yet\"",
        "True Valid \"Referenced * programmed\"",
        "What is referred to is Programmed, see above.",
    )
    .beside("elsewhere theirs * Programmed False *")
    .expected(),
    Row::new(
        "KongKey",
        "condition Programmed",
        "True Programmed \"\"",
        "False FailedTo* \"failed to *: Konnect refuses it because of a reference: set.id: *",
        "A set that is named by its ID is the set of the key; Kong's operator ignores it.",
    )
    .expected(),
    // Control planes.
    Row::new(
        "KonnectGatewayControlPlane",
        "condition Mirrored",
        "True Failed \"*",
        "False Failed \"*",
        "A mirror that failed has the status False.",
    ),
    Row::new(
        "KonnectGatewayControlPlane",
        "condition MembersReferenceResolved",
        "True Resolved *",
        "False SomeMemberNotResolved *",
        "That a member is gone is said at once, not after the sync period.",
    )
    .expected(),
    Row::new(
        "KonnectGatewayControlPlane",
        "condition Programmed",
        "True Programmed \"\"",
        "False FailedToSetControlPlaneGroupMembers \"*",
        "Likewise.",
    )
    .beside("ours MembersReferenceResolved False SomeMemberNotResolved *")
    .expected(),
    // Credentials.
    Row::new(
        "KonnectAPIAuthConfiguration",
        "condition APIAuthValid",
        "absent",
        "False Invalid \"failed to parse server URL: *",
        "A region that cannot be parsed leaves an object without any condition.",
    )
    .expected(),
    Row::new(
        "Ko*",
        "condition APIAuthValid",
        "False Invalid \"referenced KonnectAPIAuthConfiguration * is invalid\"",
        "True Valid \"referenced KonnectAPIAuthConfiguration *",
        "A token that is refused changes one condition, that of the credentials. What Konnect has confirmed stays confirmed; objects that have something to send say what holds them up.",
    ),
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "False NotProgrammed \"*",
        "True Valid \"*",
        "Likewise.",
    )
    .beside("elsewhere theirs KonnectGatewayControlPlane * APIAuthValid False *"),
];
