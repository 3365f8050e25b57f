//! What is said in other words.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    // Adoption.
    Row::new(
        "Kong*",
        "condition Adopted",
        "False FetchFailed \"failed to fetch Konnect entity (ID: *) for adoption: *",
        "False FetchFailed \"failed to fetch Konnect entity (ID: *) for adoption: *",
        "A status holds no raw answer. What is to be adopted is looked for in the list that is read anyway.",
    ),
    Row::new(
        "Kong*",
        "condition Programmed",
        "False FailedToAdopt \"failed to fetch Konnect entity (ID: *) for adoption: *",
        "False FailedToAdopt \"failed to fetch Konnect entity (ID: *) for adoption: *",
        "As above.",
    ),
    Row::new(
        "KongService",
        "condition *",
        "False FailedToAdopt \"failed to adopt: adopt mode \"override\" not supported*",
        "True *",
        "A KongService without a mode is adopted by override, as every other kind is.",
    ),
    Row::new(
        "KongService",
        "status konnect.id",
        "absent",
        "{konnect:*",
        "As above.",
    )
    .beside("theirs Adopted False FailedToAdopt \"failed to adopt: adopt mode *"),
    Row::new("services", "request", "not sent", "sent *", "As above.")
        .beside("theirs Adopted False FailedToAdopt \"failed to adopt: adopt mode *"),
    Row::new(
        "Kong*",
        "condition *",
        "False * \"Konnect entity (ID: *) does not match the spec *",
        "True *",
        "Normal forms are compared; Kong's operator compares some members as they are written, and never a certificate from a Secret.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition *",
        "True *",
        "False * \"Konnect entity (ID: *) does not match the spec *",
        "Likewise: all members are compared.",
    )
    .expected(),
    // Names that are unique.
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToCreate \"trying to find *",
        "False FailedToCreate \"failed to create *: * is taken by *",
        "The condition names the object that holds the name, and what to do.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToCreate \"trying to find *",
        "True Programmed \"\"",
        "A name that becomes free is taken; Kong's operator never tries again.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToUpdate \"*unique*",
        "True Programmed \"\"",
        "A name that becomes free is taken at once, also by an object that was given it later.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition Programmed",
        "True Programmed \"\"",
        "False FailedTo* \"failed to *: instance_name * is taken by *",
        "Konnect's API calls `instance_name` of a plugin unique; what the recordings were made against does not check it.",
    )
    .expected(),
    Row::new(
        "Kong*",
        "condition Programmed",
        "True Programmed \"\"",
        "False FailedTo* \"failed to *: the entity with ID * is not managed by this object*",
        "An id in the spec that is somebody else's is refused; Kong's operator overwrites the entity.",
    )
    .expected(),
    // Answers of Konnect.
    Row::new(
        "KonnectAPIAuthConfiguration",
        "condition APIAuthValid",
        "False Invalid \"*",
        "False Invalid \"Konnect *",
        "A status holds no raw answer: its trace changes with every attempt, so each attempt would be one more write. Ours says what to do.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToCreate \"*",
        "False FailedToCreate \"failed to create *: *",
        "Likewise: what Konnect objects to, by field, without its body.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False FailedToUpdate \"*",
        "False FailedToUpdate \"failed to update *: *",
        "Likewise.",
    ),
    Row::new(
        "Kon*",
        "condition Programmed",
        "False KonnectAPIOpFailed \"failed to delete * on Konnect: *",
        "False KonnectAPIOpFailed \"failed to delete *: *",
        "Likewise, and with the name of the object. A deletion that Konnect would refuse is not sent; what is in its way is named.",
    ),
    Row::new(
        "KonnectGatewayControlPlane",
        "condition *",
        "False * \"*failed to set members on control plane group *",
        "False * \"failed to set members on control plane group *: Konnect *",
        "Likewise.",
    )
    .expected(),
    // Names of control planes.
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "True Valid \"Referenced ControlPlane * is programmed\"",
        "True Valid \"Referenced ControlPlane * is programmed\"",
        "Kong's operator puts the name of the upstream (or consumer) in the place of the control plane's; ours names the control plane.",
    ),
    Row::new(
        "Kong*",
        "condition ControlPlaneRefValid",
        "False Invalid \"Referenced ControlPlane * is not programmed yet\"",
        "False * \"Referenced ControlPlane *",
        "Kong's operator puts the name of the parent in the place of the control plane's; ours names the control plane.",
    )
    .expected(),
    // Consumers.
    Row::new(
        "KongConsumer",
        "condition Programmed",
        "False FailedToAttachConsumerToConsumerGroup \"*\"",
        "False FailedToAttachConsumerToConsumerGroup \"some KongConsumerGroups couldn't be assigned to KongConsumer, *\"",
        "Kong's operator says the same three times, and puts the id of the consumer into it.",
    ),
    Row::new(
        "KongConsumer",
        "condition Programmed",
        "False FailedToAttachConsumerToConsumerGroup \"*\"",
        "False FailedToAttachConsumerToConsumerGroup \"failed to change the groups of KongConsumer *: *\"",
        "Likewise, where Konnect refuses it.",
    )
    .expected(),
];
