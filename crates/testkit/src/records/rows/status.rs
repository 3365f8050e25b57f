//! The rest of the status.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "Kong*",
        "status konnect.organizationID",
        "absent",
        "{organization}",
        "The account follows from the control plane, also before there is an entity.",
    ),
    Row::new(
        "Kong*",
        "status konnect.serverURL",
        "absent",
        "https://*",
        "Likewise.",
    ),
    Row::new(
        "Kong*",
        "status konnect.controlPlaneID",
        "absent",
        "{KonnectGatewayControlPlane:*",
        "The control plane is known before there is an entity.",
    )
    .expected(),
    Row::new(
        "KongConsumer",
        "status konnect.id",
        "absent",
        "{KongConsumer:*",
        "A credential that cannot be had does not keep its consumer away.",
    )
    .beside("ours CredentialSecretRefsValid False *")
    .expected(),
    Row::new(
        "KongPluginBinding",
        "status konnect.id",
        "absent",
        "{KongPluginBinding:*",
        "A KongClusterPlugin can be bound.",
    )
    .beside("ours PluginRefValid True Valid \"KongClusterPlugin *")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.id",
        "absent",
        "*",
        "What matches in normal form is adopted.",
    )
    .beside("theirs Adopted False NotMatch *")
    .expected(),
    Row::new(
        "Kon*",
        "status *",
        "absent",
        "*",
        "A name that becomes free is taken.",
    )
    .beside("theirs Programmed False FailedToCreate \"trying to find *"),
    Row::new(
        "Kong*",
        "status konnect.id",
        "absent",
        "{Kong*",
        "An id once recorded stays; Kong's operator clears it while the service or the upstream is not Programmed.",
    )
    .beside("theirs *RefValid False Invalid \"Referenced * is not programmed yet\"")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.*",
        "*",
        "absent",
        "What waits for a limit on requests has not been written to yet.",
    )
    .beside("ours Programmed Unknown Pending *")
    .expected(),
    Row::new(
        "KongRoute",
        "status konnect.serviceID",
        "absent",
        "{KongService:*",
        "What Konnect holds stands in the status until that changes.",
    )
    .beside("ours ControlPlaneRefValid False Invalid \"the route refers neither *")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.*",
        "*",
        "absent",
        "What was below something that is gone is gone with it, and the status does not say otherwise.",
    )
    .beside("ours *Ref*Valid False Invalid \"*not found*")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.*",
        "*",
        "absent",
        "What refers to a group is not in it.",
    )
    .beside("ours ControlPlaneRefValid False Invalid \"Attaching to ControlPlane *")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.id",
        "*",
        "absent",
        "Nothing is created before it can be as asked.",
    )
    .beside("ours Programmed False *")
    .expected(),
    Row::new(
        "Kong*",
        "status konnect.*",
        "*",
        "*",
        "Kong's operator moves the object to the control plane of the certificate, and back, without end.",
    )
    .beside("ours KongCertificateRefValid False Invalid \"* belongs to a different ControlPlane*")
    .expected(),
];
